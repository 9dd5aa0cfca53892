"""The comparison with a library on a terminal: outcome, reasons, what speaks against it, limits."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tocsin.forensics.calibration_scale import SCALE_NAME
from tocsin.forensics.compare import Comparison, SourceAnswer
from tocsin.forensics.compare_case import STATEMENT, CaseComparison
from tocsin.report.inert import inert

_SHOWN_SOURCES = 8
_SHOWN_CHARACTERISTICS = 6
_TONE = {
    "consistent": "bold",
    "not consistent": "bold",
    "inconclusive": "bold yellow",
    "not in library": "bold yellow",
}


def comparison_report(answer: CaseComparison) -> RenderableType:
    """Report for a terminal: the outcome first, then reasons, what speaks against it, limits."""
    c = answer.comparison
    parts: list[RenderableType] = []
    if answer.realm != "LIVE":
        parts.append(Panel(Text(answer.realm, justify="center"), box=box.HEAVY))
    library = answer.library
    parts.append(
        Text(
            f"{inert(answer.case.name)}: {len(answer.case.samples)} sample(s) against "
            f"{inert(library.name)} ({len(library.entries)} entries of "
            f"{len(library.sources)} sources)"
        )
    )
    parts.append(Text(_headline(c), style=_TONE[c.outcome]))
    parts.append(
        Text(
            f"Material of a known source looks at least this strange in {c.p_in_library:.1%} of "
            f"trials; below {c.false_rejection:.0%} it is called not in library."
        )
    )
    parts += [Text(), _sources(c), *_fuel(answer), Text()]
    parts.append(_sensitivity(c))
    if c.self_consistency_log10_lr is not None:
        parts.append(
            Text(
                f"Samples of one source against samples of different ones: log10 LR "
                f"{c.self_consistency_log10_lr:+.1f} (not calibrated)"
            )
        )
    parts.append(Text())
    parts.append(Text("What speaks against it", style="bold"))
    parts += [Text(f"- {inert(line)}") for line in c.contrary] or [Text("- nothing found")]
    v = c.validation
    parts += [
        Text(),
        Text("How this comparison does on the library itself", style="bold"),
        Text(
            f"{len(v.known)} samples of known and {len(v.unknown)} of held-out sources, whole "
            f"sources and lots apart: Cllr {v.cllr_calibrated:.2f} (0 perfect, 1 useless), "
            f"unknown sources recognised {v.rejected(0.05):.0%} at 5 % false rejection."
        ),
    ]
    notes = [*library.notes, *c.warnings]
    if notes:
        parts.append(Text())
        parts += [Text(f"! {inert(line)}", style="yellow") for line in notes]
    parts += [Text(), Text(STATEMENT, style="dim")]
    parts.append(Text(f"Verbal scale: {SCALE_NAME}. Library {library.sha256[:16]}.", style="dim"))
    return Group(*parts)


def _headline(c: Comparison) -> str:
    if c.consistent_sources:
        return f"Consistent with {', '.join(inert(s) for s in c.consistent_sources)}"
    return {
        "not in library": "Not in library: none of its sources explains the material",
        "not consistent": "Not consistent with any source of the library",
        "inconclusive": "Inconclusive",
    }[c.outcome]


def _sources(c: Comparison) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, justify in (("source", "left"), ("log10 LR", "right"), ("±", "right")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    table.add_column("supports")
    table.add_column("outcome")
    for s in c.sources[:_SHOWN_SOURCES]:
        table.add_row(*_source_cells(s))
    if len(c.sources) > _SHOWN_SOURCES:
        table.caption = f"{len(c.sources) - _SHOWN_SOURCES} more with lower ratios (--json)"
    return table


def _source_cells(s: SourceAnswer) -> tuple[Text, ...]:
    name = f"{inert(s.source)} ({inert(s.group)})" if s.group else inert(s.source)
    return (
        Text(name),
        Text(f"{s.log10_lr:+.2f}"),
        Text(f"{s.log10_lr_uncertainty:.2f}"),
        Text(s.words.replace(" support for", ",")),
        Text(s.outcome),
    )


def _sensitivity(c: Comparison) -> Table:
    best = c.sensitivity[0].source if c.sensitivity else ""
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=Text(f"What each characteristic does to {inert(best)}"),
        title_justify="left",
    )
    table.add_column("characteristic")
    for heading in ("to log10 LR", "log10 LR without it", "standard deviations off"):
        table.add_column(heading, justify="right")
    for s in c.sensitivity[:_SHOWN_CHARACTERISTICS]:
        table.add_row(
            Text(inert(s.characteristic)),
            f"{s.contribution:+.2f}",
            f"{s.log10_lr_without:+.2f}",
            "" if s.z is None else f"{s.z:+.1f}",
        )
    return table


def _fuel(answer: CaseComparison) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for t in answer.reactor_types:
        ranked = sorted(t.probabilities.items(), key=lambda item: -item[1])[:3]
        shares = ", ".join(f"{inert(name)} {p:.0%}" for name, p in ranked)
        lines.append(Text(f"Reactor type of {inert(t.sample)}: {inert(t.indicated)} ({shares})"))
    for sample, found in answer.burnups:
        for b in found:
            lines.append(
                Text(
                    f"Burnup of {inert(sample)} from {b.method}: {b.value_GWd_t:.1f} GWd/t "
                    f"(95 %: {b.low_95_GWd_t:.1f} to {b.high_95_GWd_t:.1f}; {b.basis})"
                )
            )
    return lines

"""The report on a terminal: readable in 80 columns, without colour, and safe from the file's text.

Nothing is parsed as console markup: every text of a file goes through ``inert`` into ``Text``.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tocsin.detection.analysis import Analysis, Encounter, LineEvidence
from tocsin.report.inert import inert
from tocsin.report.wording import (
    BACKGROUND_WORDS,
    LIMITS,
    REALM_WORDS,
    activity_text,
    class_text,
    confidence_text,
    counted,
    digits,
    duration_text,
    headline,
    nuclide_names,
    ordered_reasons,
    place_text,
    records_text,
    span_text,
    statistic_text,
    verdict,
    why_unanswered,
)

# Lines of a nuclide listed below its evidence, strongest first; the HTML report has all.
MAX_LINES = 6
# What was considered and not named can be a long list: the first tell why, HTML has all.
MAX_REASONS = 6
MAX_DETAILED = 20
MAX_WARNINGS = 30


def terminal_report(analysis: Analysis) -> RenderableType:
    """Report for ``rich.console.Console.print``: verdict first, then reasons, then provenance."""
    parts: list[RenderableType] = []
    if analysis.realm != "LIVE":
        words = REALM_WORDS.get(analysis.realm, "realm not known to this version")
        banner = Text(f"{inert(analysis.realm)}: {words}", style="bold yellow", justify="center")
        parts.append(Panel(banner, box=box.HEAVY))
    parts.append(_pairs(_file_facts(analysis)))
    tone = "bold yellow" if analysis.warnings else "bold green"
    if any(e.is_alarm for e in analysis.encounters):
        tone = "bold red"
    parts.append(Text())
    parts.append(Text(verdict(analysis), style=tone))
    shown = analysis.encounters[:MAX_DETAILED]
    for number, encounter in enumerate(shown, start=1):
        parts.append(Text())
        parts.extend(_encounter(number, encounter, survey=analysis.kind == "survey"))
    if len(analysis.encounters) > len(shown):
        more = len(analysis.encounters) - len(shown)
        parts.append(Text(f"... and {counted(more, 'encounter')} more (see --json or --html)"))
    if analysis.warnings:
        parts.append(Text())
        parts.append(Rule(Text("Warnings", style="bold"), align="left", characters="-"))
        for warning in analysis.warnings[:MAX_WARNINGS]:
            line = Text(f"! {inert(warning.code)}: ", style="yellow")
            line.append(inert(warning.message), style="default")
            parts.append(line)
        if len(analysis.warnings) > MAX_WARNINGS:
            more = len(analysis.warnings) - MAX_WARNINGS
            parts.append(Text(f"... and {counted(more, 'warning')} more"))
    parts.append(Text())
    versions = ", ".join(f"{inert(k)} {inert(v)}" for k, v in analysis.versions.items())
    parts.append(Text(f"Versions: {versions}", style="dim"))
    parts.append(Text(LIMITS[0], style="dim"))
    return Group(*parts)


def summary_line(analysis: Analysis) -> Text:
    """One line for one of several files: verdict word, file, nuclides, statistic, warnings."""
    alarms = [e for e in analysis.encounters if e.is_alarm]
    natural = len(analysis.encounters) - len(alarms)
    word, style = ("ALARM", "bold red") if alarms else ("clear", "green")
    unanswered = why_unanswered(analysis)
    if unanswered:
        word, style = "?", "bold yellow"
    line = Text(f"{word:<6}", style=style)
    line.append(inert(analysis.file, limit=120), style="bold")
    details = []
    if analysis.realm != "LIVE":
        details.append(inert(analysis.realm))
    if alarms:
        named = list(dict.fromkeys(headline(e) for e in alarms))
        more = f"; and {len(named) - 3} more" if len(named) > 3 else ""
        details.append(f"{counted(len(alarms), 'alarm')}: {'; '.join(named[:3])}{more}")
    if natural:
        details.append(counted(natural, "natural (NORM) encounter"))
    if analysis.warnings:
        details.append(counted(len(analysis.warnings), "warning"))
    if unanswered:
        details.append("no answer: see its warnings")
    line.append("  " + (", ".join(details) or "nothing above background"), style="default")
    return line


def _file_facts(analysis: Analysis) -> list[tuple[str, str]]:
    instrument = analysis.instrument
    name = " ".join(filter(None, (inert(instrument.manufacturer), inert(instrument.model))))
    if instrument.instrument_class:
        name += f" ({inert(instrument.instrument_class)})"
    kind = f"{analysis.kind}, {counted(analysis.records, 'record')}"
    if analysis.live_time_s is not None:
        kind += f", live time {duration_text(analysis.live_time_s)}"
    return [
        ("File", inert(analysis.file)),
        ("SHA-256", inert(analysis.sha256)),
        ("Kind", kind),
        ("Instrument", name or "not stated"),
        ("Background", BACKGROUND_WORDS.get(analysis.background_used, "not known")),
    ]


def _pairs(pairs: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(name), Text(value))
    return table


def _encounter(number: int, encounter: Encounter, *, survey: bool) -> list[RenderableType]:
    style = "bold red" if encounter.is_alarm else "bold green"
    word = "ALARM" if encounter.is_alarm else "no alarm"
    symbol = class_text(encounter.source_class).split(" ")[0]
    title = Text(f"{number}. {symbol} {headline(encounter)} [{word}]", style=style)
    pairs: list[tuple[str, str]] = []
    if survey:
        pairs += [("Time", span_text(encounter)), ("Records", records_text(encounter))]
    name = f"; {inert(encounter.statistic_name)}" if encounter.statistic_name else ""
    pairs.append(("Statistic", statistic_text(encounter) + name))
    if encounter.location is not None:
        pairs.append(("Place", place_text(encounter.location)))
    if encounter.activity is not None:
        pairs.append(("Activity", activity_text(encounter.activity)))
    if encounter.dose_rate_uSv_h is not None:
        pairs.append(("Dose rate", f"{digits(encounter.dose_rate_uSv_h)} µSv/h"))
    if not encounter.nuclides:
        pairs.append(("Nuclides", nuclide_names(encounter)))
    for nuclide in encounter.nuclides:
        said = f"confidence {confidence_text(nuclide)}. {inert(nuclide.evidence)}"
        lines = _strongest(nuclide.lines)
        pairs.append((inert(nuclide.name, limit=20), f"{said}\n{lines}" if lines else said))
    shown = [inert(r) for r in ordered_reasons(encounter.reasons)[:MAX_REASONS]]
    more = len(encounter.reasons) - len(shown)
    if more > 0:
        shown.append(f"... and {counted(more, 'reason')} more (--html shows them)")
    pairs += [("Why" if i == 0 else "", reason) for i, reason in enumerate(shown)]
    return [
        Rule(title, align="left", characters="-", style=style),
        Padding(_pairs(pairs), (0, 0, 0, 3)),
    ]


def _strongest(lines: tuple[LineEvidence, ...]) -> str:
    found = [line for line in lines if line.found_energy_keV is not None]
    found.sort(key=lambda line: (-line.significance, line.energy_keV))
    shown = [
        f"{line.energy_keV:.1f} keV ({digits(line.net_counts)} ± "
        f"{digits(line.net_counts_uncertainty, significant=2)} counts)"
        for line in found[:MAX_LINES]
    ]
    if len(found) > MAX_LINES:
        shown.append(f"{len(found) - MAX_LINES} more")
    missing = [f"{line.energy_keV:.1f}" for line in lines if line.found_energy_keV is None]
    text = f"lines seen: {', '.join(shown)}" if shown else ""
    if missing:
        cut = missing[:MAX_LINES] + (["..."] if len(missing) > MAX_LINES else [])
        text += f"{'; ' if text else ''}not confirmed: {', '.join(cut)} keV"
    return text

"""The dating report on a terminal: answer first, then budget, half-lives and what limits it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tocsin.forensics import CaseAnswer, Check, Chronometer, Concordance, ModelAge, half_life_set
from tocsin.report.age_wording import (
    AGE_LIMITS,
    age_text,
    age_tone,
    category_text,
    concordance_text,
    date_text,
    half_life_text,
    monte_carlo_text,
    reference_date_text,
    shift_text,
    source_age_text,
    verdict_of_ages,
)
from tocsin.report.inert import inert
from tocsin.report.wording import REALM_WORDS, digits


def age_report(answer: CaseAnswer) -> RenderableType:
    """Report for ``rich.console.Console.print``."""
    parts: list[RenderableType] = []
    if answer.case.realm != "LIVE":
        words = REALM_WORDS.get(answer.case.realm, "realm not known to this version")
        parts.append(Text(f"{answer.case.realm}: {words}", style="bold yellow"))
    if answer.case.title:
        parts.append(Text(inert(answer.case.title, limit=200), style="bold"))
    style = "bold green" if age_tone(answer) == "calm" else "bold yellow"
    parts.append(Text(verdict_of_ages(answer), style=style))
    for number, age in enumerate(answer.ages, start=1):
        parts += [Text(), *_age(number, age)]
    if answer.concordance is not None:
        parts += [Text(), *_concordance(answer.concordance, answer.ages)]
    if answer.case.source is not None:
        parts += [Text(), *_source(answer)]
    parts.append(Text())
    parts += [Text(line, style="dim") for line in AGE_LIMITS]
    return Group(*parts)


def _pairs(pairs: Iterable[tuple[str, str]]) -> Padding:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(name), Text(inert(value)))
    return Padding(table, (0, 0, 0, 3))


def _rule(title: str) -> Rule:
    return Rule(Text(title, style="bold"), align="left", characters="-")


def _warnings(messages: Iterable[tuple[str, str]]) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for code, message in messages:
        line = Text(f"   ! {code}: ", style="yellow")
        line.append(inert(message), style="default")
        lines.append(line)
    return lines


def _age(number: int, age: ModelAge) -> list[RenderableType]:
    pairs = [
        ("Age", age_text(age)),
        ("Date", date_text(age)),
        ("Ratio", f"{digits(age.model.measured_ratio(), significant=6)}, referred to "
         f"{reference_date_text(age.model.measurement.measured_on)}"),
    ]  # fmt: skip
    if age.monte_carlo is not None:
        pairs.append(("Monte Carlo", monte_carlo_text(age)))
    pairs += [
        ("Half-lives" if i == 0 else "", f"{h.nuclide} {half_life_text(h)}")
        for i, h in enumerate(age.half_lives)
    ]
    pairs.append(("Set", age.half_life_set))
    others = ", ".join(f"{a.half_life_set} {shift_text(a.shift_d)}" for a in age.alternatives)
    if others:
        pairs.append(("With other sets", others))
    pairs.append(("Assumes", age.assumes))
    pairs += [("Note", note) for note in age.notes]
    parts: list[RenderableType] = [_rule(f"{number}. {age.name}"), _pairs(pairs)]
    if age.budget:
        parts.append(_budget(age))
    parts += _warnings((w.code, w.message) for w in age.warnings)
    return parts


def _budget(age: ModelAge) -> Padding:
    table = Table(box=box.SIMPLE, title="Budget", title_justify="left", pad_edge=False)
    for heading in ("input", "value", "u (k = 1)", "contribution y", "share"):
        table.add_column(heading, justify="left" if heading == "input" else "right")
    for line in age.budget:
        table.add_row(
            Text(inert(line.name, limit=60)),
            f"{line.value:.6g}",
            f"{line.standard_uncertainty:.2g}",
            f"{line.contribution:+.2g}",
            f"{100 * line.share:.2f} %",
        )
    return Padding(table, (0, 0, 0, 3))


def _concordance(found: Concordance, ages: Sequence[ModelAge]) -> list[RenderableType]:
    pairs = [("Judgement", concordance_text(found))]
    if found.referred_to is not None:
        pairs.append(("Ages at", str(found.referred_to)))
    for d in found.differences:
        names = f"{ages[d.first].name} less {ages[d.second].name}"
        text = f"{d.difference_y:+.4g} y, {d.zeta:+.2f} standard uncertainties"
        pairs.append(("Difference", f"{names}: {text}"))
    pairs += [("Possible reason", reason) for reason in found.reasons]
    return [
        _rule("Concordance"),
        _pairs(pairs),
        *_warnings((w.code, w.message) for w in found.warnings),
    ]


def _source(answer: CaseAnswer) -> list[RenderableType]:
    source = answer.case.source
    if source is None:
        return []
    pairs = [
        ("Activity", f"{source.activity_Bq.value:.4g} Bq, referred to "
         f"{reference_date_text(source.measured_on)}"),
    ]  # fmt: skip
    if answer.category is not None:
        pairs.append(("Category", category_text(answer.category)))
    for age, agreements in zip(answer.source_ages, answer.agreements, strict=True):
        text = source_age_text(age)
        new = answer.categories_when_new.get(age.label)
        if new is not None and new.category is not None:
            text += f"; category {new.category} when new"
        for one in agreements:
            name = answer.ages[one.chronometer].name
            text += f"; {one.zeta:+.1f} standard uncertainties from {name}"
        pairs.append((inert(age.label, limit=40), text))
    pairs.append(("Assumes", "Nothing was lost from the source or added to it."))
    return [_rule(f"Sealed source: {source.nuclide}"), _pairs(pairs)]


def checks_report(checks: Sequence[Check]) -> RenderableType:
    """Validation cases for a terminal: inputs and source over the comparisons of each."""
    parts: list[RenderableType] = []
    for case, group in itertools.groupby(checks, key=lambda c: (c.case, c.inputs, c.source)):
        name, inputs, source = case
        parts += [
            _rule(name),
            Text(f"   {inputs}", style="dim"),
            Text(f"   Expected: {source}", style="dim"),
        ]
        table = Table(box=None, pad_edge=False, padding=(0, 2))
        for heading in ("quantity", "result", "expected", "tolerance", "verdict"):
            right = heading in ("result", "expected", "tolerance")
            table.add_column(heading, justify="right" if right else "left", overflow="fold")
        for check in group:
            word, style = _VERDICTS[check.passed]
            table.add_row(
                Text(check.quantity),
                _number(check.result),
                _number(check.expected),
                _number(check.tolerance, figures=3),
                Text(word, style=style),
            )
        parts.append(Padding(table, (0, 0, 1, 3)))
    failed = sum(c.passed is False for c in checks)
    missing = sum(c.passed is None for c in checks)
    words = f"{len(checks) - failed - missing} of {len(checks)} within tolerance, {failed} failed"
    if missing:
        words += f", {missing} not shown for want of data"
    parts.append(Text(words, style="bold red" if failed else "bold green"))
    return Group(*parts)


_VERDICTS: dict[bool | None, tuple[str, str]] = {
    True: ("pass", "green"),
    False: ("FAIL", "bold red"),
    None: ("not shown", "yellow"),
}


def _number(value: float | str, *, figures: int = 7) -> str:
    return value if isinstance(value, str) else f"{value:.{figures}g}"


def chronometers_report(known: Sequence[Chronometer]) -> RenderableType:
    """Table of the chronometers in use with their half-lives."""
    halves = half_life_set()
    table = Table(box=box.SIMPLE, title="Chronometers", title_justify="left", pad_edge=False)
    for heading in ("daughter/parent", "material", "half-life of parent", "notes"):
        table.add_column(heading, overflow="fold")
    for one in known:
        table.add_row(
            f"{one.daughter}/{one.parent}",
            one.material,
            Text(half_life_text(halves[one.parent])),
            Text(" ".join(one.notes)),
        )
    return table

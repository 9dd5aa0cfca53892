"""What the page of a source tells of its life and its particulars."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tocsin.server.duties.names import VERIFICATIONS
from tocsin.server.duties.profiles import Duty
from tocsin.server.marking.policy import Reader
from tocsin.server.register import particulars
from tocsin.server.register.clocks import duty_named
from tocsin.server.register.corrections import cannot_be_wrong
from tocsin.server.register.facts import told_facts
from tocsin.server.register.life import DANGER, FREQUENT, Kind
from tocsin.server.register.models import Source, Transaction
from tocsin.server.register.reading import life_of
from tocsin.server.register.services import steps
from tocsin.server.register.steps import is_officer


@dataclass(frozen=True, slots=True)
class Told:
    """One step as the page tells it.

    Parameters
    ----------
    row : Transaction
    facts : list of (str, str)
        What was said of it beside the note.
    changes : list of str
        Values that a correction changed, as ``serial: A1 → A2``.
    duty : Duty or None
        The duty by which it had to be reported.
    title, verification : str
        Of that duty, in the reader's language.
    wrong : int or None
        Number of the step that corrects it.
    may_declare : bool
        Whether the reader may declare it wrong.
    """

    row: Transaction
    facts: list[tuple[str, str]]
    changes: list[str]
    duty: Duty | None
    title: str
    verification: str
    wrong: int | None
    may_declare: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """A report that the reader may make now."""

    kind: str
    label: str | Promise
    danger: bool
    often: bool


def told_life(reader: Reader, source: Source) -> list[Told]:
    """Steps of a source that a reader may see, with what belongs to each."""
    rows = life_of(reader, source)
    corrected = {row.corrects_id: row.number for row in rows if row.corrects_id is not None}
    officer = is_officer(reader, source)
    found = []
    for row in rows:
        duty = duty_named(row.law) if row.law else None
        wrong = corrected.get(row.pk)
        facts = told_facts(Kind(row.kind), row.facts)
        if day := row.facts.get("found_on"):
            facts.append((_("mistake found"), str(day)))
        if law := row.facts.get("longer_than"):
            facts.append((_("longer than the law permits"), _law_text(str(law))))
        found.append(
            Told(
                row,
                facts,
                _changes(row) if row.kind == Kind.CORRECTION else [],
                duty,
                title_of(duty) if duty else "",
                str(VERIFICATIONS[duty.verification]) if duty else "",
                wrong,
                officer and wrong is None and not cannot_be_wrong(row),
            )
        )
    return found


def offered_steps(reader: Reader, source: Source) -> list[Offered]:
    """Reports that a reader may make of a source now, losses and thefts first."""
    kinds = sorted(steps(reader, source), key=lambda kind: kind not in DANGER)
    return [
        Offered(kind.value, kind.label, kind in DANGER, kind in FREQUENT or kind == Kind.LEAK_TEST)
        for kind in kinds
    ]


def told_particulars(source: Source) -> list[tuple[str, str]]:
    """What is known of a source beside its identity, as the page shows it."""
    shown = []
    for name, (label, _most) in particulars.TEXTS.items():
        shown.append((label, getattr(source, name)))
    for name, label in particulars.DATES.items():
        shown.append((label, str(getattr(source, name) or "")))
    shown.append((particulars.OTHERS["use_kind"][0], str(source.get_use_kind_display())))
    if source.neutron is not None:
        answer = _("yes") if source.neutron else _("no")
        shown.append((particulars.OTHERS["neutron"][0], answer))
    if source.neutron_flux_per_s is not None:
        flux = f"{source.neutron_flux_per_s:.4g}"
        shown.append((particulars.OTHERS["neutron_flux_per_s"][0], flux))
    return [(str(label), value) for label, value in shown if value]


def _changes(row: Transaction) -> list[str]:
    return [
        f"{name}: {_short(row.before.get(name))} → {_short(value)}"
        for name, value in sorted(row.after.items())
        if name not in {"mistake_since", "correction_due"}
    ]


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(
            f"{item['nuclide']} {item['activity_Bq']:.4g} Bq {item['reference_date']}"
            for item in value
        )
    return "–" if value in (None, "") else str(value)[:100]


def _law_text(law: str) -> str:
    duty = duty_named(law)
    return law if duty is None else f"{duty.source} ({VERIFICATIONS[duty.verification]})"


def title_of(duty: Duty) -> str:
    """Title of a duty in the reader's language."""
    language = (get_language() or "en")[:2]
    return str(duty.title.get(language) or duty.title["en"])

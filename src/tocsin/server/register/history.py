"""Sources taken over with their earlier life: what was reported of them before there was Tocsin.

A register that moves to Tocsin brings two tables: the sources, as in every import, and their life,
one report a row. Each report becomes a step of its source with the day on which it was reported
then. It is history: nobody is called because of an old loss, no gate is asked and no clock runs,
and what the reports say is kept even where it contradicts itself, for the checks to tell. Only what
cannot be a step, or lies in the future, is left out and told with its line.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.errors import InvalidInput
from tocsin.formats.confined_table import read_table
from tocsin.formats.table_text import TextTable
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.files.services import content_of, store
from tocsin.server.marking.policy import Reader
from tocsin.server.register.checking import want_for
from tocsin.server.register.entries import Entry, day_of
from tocsin.server.register.facts import checked_facts, facts_of_kind
from tocsin.server.register.finding import keep_words
from tocsin.server.register.holders import (
    Refused,
    holder_named,
    mark_of_register,
    open_to_holders,
    require_officer,
)
from tocsin.server.register.import_turns import begin, end
from tocsin.server.register.imports import MOST_FAULTS, good_rows, unit_of
from tocsin.server.register.life import FIRST, RULES, Kind, TestResult
from tocsin.server.register.many import insert_new
from tocsin.server.register.models import Holder, Import, Source, Transaction
from tocsin.server.register.services import change, new_rows
from tocsin.server.register.steps import Former, values_of
from tocsin.server.typed import plain

BATCH = 500
NOON = dt.time(12, tzinfo=dt.UTC)
"""Old reports have a day and no hour."""
COLUMNS = {
    "register number": "reference",
    "step": "kind",
    "day": "day",
    "reported": "reported",
    "holder": "holder",
    "place": "place",
    "until": "until",
    "stated activity": "activity",
    "result": "result",
    "device": "device",
    "device serial": "device_serial",
    "note": "note",
}
"""Columns of the table of lives, without the unit that may stand behind the activity."""
NEEDED = ("reference", "kind", "day")
NOT_TAKEN = frozenset({Kind.CHECK, Kind.MISTAKE, Kind.CORRECTION, Kind.WITHDRAWAL})
"""Steps that belong to this register alone."""
ONLY_FIRST = FIRST - set(RULES)
"""Steps that begin a life and are none of a source that is there."""
DAY, REPORTED, UNTIL = gettext_lazy("day"), gettext_lazy("reported"), gettext_lazy("until")
FAR_AHEAD = dt.date(2200, 1, 1)
"""What is permitted may end on a day to come."""


@dataclass(frozen=True, slots=True)
class Told:
    """One row of the table of lives.

    Parameters
    ----------
    kind : Kind
    day, reported : date
    holder, place, note : str
    until : date or None
        Of storage.
    facts : dict
    """

    kind: Kind
    day: dt.date
    reported: dt.date
    holder: str
    place: str
    note: str
    until: dt.date | None
    facts: dict[str, str]


@transaction.atomic
def apply_with_life(reader: Reader, row: Import, content: bytes, *, name: str) -> Import:
    """Take over the good rows of a checked table together with what was reported of them.

    Parameters
    ----------
    row : Import
        A table of sources that was checked and not taken over.
    content : bytes
        The table of their lives.
    name : str
        Of its file, which is kept.

    Raises
    ------
    Refused
        Not allowed, taken over already, no good row, or the table of lives lacks a column.
    ParseError
        It is no table.
    """
    require_officer(reader, row)
    if not row.good:
        raise Refused(_("No row of the table can be taken over."))
    row = begin(reader, row, Import.State.APPLYING, since=Import.State.CHECKED, total=row.good)
    entries = good_rows(row, read_table(content_of(row.file), sheet=row.sheet))
    known = Counter(e.text["reference"] for e in entries if e.text["reference"])
    several = frozenset(reference for reference, times in known.items() if times > 1)
    lives, faults = lives_of(read_table(content), now().date(), several)
    unknown = sum(len(steps) for reference, steps in lives.items() if reference not in known)
    mark = mark_of_register(reader)
    kept = store(
        content,
        name=name,
        actor=reader.person,
        originator=reader.person.organisation,
        **mark.fields(),
    )
    holders: dict[str, Holder] = {}

    def holder_of(text: str) -> Holder:
        key = text.casefold()
        if key not in holders:
            holders[key] = holder_named(reader, text)
        return holders[key]

    steps = 0
    for start in range(0, len(entries), BATCH):
        part = entries[start : start + BATCH]
        made = list(lived(reader, part, lives, holder_of, imported=row))
        sources = [source for source, _life in made]
        rows = [step for _source, life in made for step in life]
        steps += len(rows)
        insert_new(sources)
        insert_new(rows)
        keep_words(sources, fresh=True)
        open_to_holders(sources, reader.person)
        want_for(sources)
    row.done, row.faults = row.total, (row.faults + faults)[:MOST_FAULTS]
    end(row, Import.State.APPLIED)
    record(
        actor=reader.person,
        action="register.import_with_life",
        subject=row,
        after={
            "sources": len(entries),
            "steps": steps,
            "life": kept.name,
            "sha256": kept.blob_id,
            "left_out": len(faults),
            "of_unknown_sources": unknown,
        },
    )
    return row


def lives_of(
    table: TextTable, today: dt.date, several: frozenset[str] = frozenset()
) -> tuple[dict[str, list[Told]], list[dict[str, Any]]]:
    """Steps by number in the register, in the order of their reports, and what is wrong by line.

    Parameters
    ----------
    several : frozenset of str
        Numbers that more than one source has: whose life it is cannot be told.

    Raises
    ------
    Refused
        A column is missing.
    """
    columns: dict[str, int] = {}
    unit = ""
    for at, column in enumerate(table.header):
        bare = re.sub(r"[(\[].*", "", column).strip().casefold()
        if bare in COLUMNS:
            columns[COLUMNS[bare]] = at
            unit = unit_of(column) if COLUMNS[bare] == "activity" else unit
    missing = [field for field in NEEDED if field not in columns]
    if missing:
        raise Refused(_("no column is the field: {fields}").format(fields=", ".join(missing)))
    lives: dict[str, list[tuple[int, Told]]] = defaultdict(list)
    faults: list[dict[str, Any]] = []
    for cells, line in zip(table.rows, table.lines, strict=True):
        given = {field: plain(cells[at]) for field, at in columns.items()}
        try:
            if not given["reference"]:
                raise InvalidInput(_("the number in the register is missing"))
            if given["reference"] in several:
                raise InvalidInput(_("several sources have this number"))
            lives[given["reference"]].append((line, _told(given, unit, today)))
        except InvalidInput as error:
            faults.append(_fault(line, given["reference"], str(error)))
    ordered: dict[str, list[Told]] = {}
    for reference, steps in lives.items():
        steps.sort(key=lambda step: step[1].reported)
        ordered[reference] = [steps[0][1]]
        for line, told in steps[1:]:
            if told.kind in ONLY_FIRST:
                text = _("{what}: can only be the first step").format(what=told.kind.label)
                faults.append(_fault(line, reference, text))
            else:
                ordered[reference].append(told)
    return ordered, faults


def _fault(line: int, reference: str, why: str) -> dict[str, Any]:
    text = _("life of {reference}: {fault}").format(reference=reference, fault=why)
    return {"line": line, "fault": text, "reference": reference}


def _told(given: Mapping[str, str], unit: str, today: dt.date) -> Told:
    if given["kind"] not in Kind or Kind(given["kind"]) in NOT_TAKEN:
        raise InvalidInput(_("step “{text}” is not known").format(text=given["kind"][:40]))
    kind = Kind(given["kind"])
    day = day_of(given["day"], DAY, today)
    if day is None:
        raise InvalidInput(_("the day is missing"))
    facts: dict[str, object] = {
        name: given[name] for name in facts_of_kind(kind) if given.get(name)
    }
    if "activity" in facts:
        parts = [part.strip() for part in given["activity"].split(";")]
        facts["activity"] = "; ".join(f"{p} {unit}" if p[-1:].isdigit() else p for p in parts)
    until = day_of(given.get("until", ""), UNTIL, FAR_AHEAD)
    if kind is Kind.ELSEWHERE:
        if until is None:
            raise InvalidInput(_("Say until when it is elsewhere."))
        facts["until"] = until.isoformat()
    if kind is Kind.LEAK_TEST:
        facts.setdefault("result", TestResult.TIGHT.value)
    return Told(
        kind=kind,
        day=day,
        reported=day_of(given.get("reported", ""), REPORTED, today) or day,
        holder=given.get("holder", "")[:200],
        place=given.get("place", "")[:200],
        note=given.get("note", "")[:4000],
        until=until,
        facts=checked_facts(kind, facts, day),
    )


def lived(
    reader: Reader,
    entries: Iterable[Entry],
    lives: Mapping[str, Sequence[Told]],
    holder_of: Callable[[str], Holder],
    *,
    imported: Import | None,
) -> Iterator[tuple[Source, list[Transaction]]]:
    """Sources as their lives have made them, with their steps; not yet saved."""
    for entry in entries:
        source, first = new_rows(reader, entry, holder_of(entry.holder), imported=imported)
        told = lives.get(entry.text["reference"], [])
        yield source, _steps(source, first, told, holder_of)


def _steps(
    source: Source, first: Transaction, told: Sequence[Told], holder_of: Callable[[str], Holder]
) -> list[Transaction]:
    """The steps of a source, which is what they make of it in the end."""
    later = list(told)
    if later:
        began = later.pop(0) if later[0].kind in FIRST else later[0]
        first.kind = began.kind if began.kind in FIRST else Kind.REGISTRATION
        first.happened_on, first.note = began.day, began.note
        first.at, first.by = dt.datetime.combine(began.reported, NOON), None
        source.since = began.day
    rows = [first]
    for number, step in enumerate(later, start=2):
        rows.append(_next(source, number, step, holder_of))
    return rows


def _next(
    source: Source, number: int, step: Told, holder_of: Callable[[str], Holder]
) -> Transaction:
    former = Former.of(source)
    holder = holder_of(step.holder) if step.holder else None
    change(
        source,
        step.kind,
        step.day,
        dict(step.facts),
        place=step.place,
        storage_until=step.until,
    )
    if holder is not None:
        source.holder = holder
    before, after = former.values, values_of(source)
    changed = {name for name in after if after[name] != before.get(name)}
    moved = former.place != (source.latitude, source.longitude)
    return Transaction(
        source=source,
        number=number,
        kind=step.kind,
        happened_on=step.day,
        at=dt.datetime.combine(step.reported, NOON),
        by=None,
        holder=holder,
        note=step.note,
        latitude=former.place[0] if moved else None,
        longitude=former.place[1] if moved else None,
        before={name: before.get(name) for name in changed},
        after={name: after[name] for name in changed},
        facts=step.facts,
    )

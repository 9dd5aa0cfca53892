"""Tables of incidents: columns guessed, every row checked, taken over together."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, NotFound
from tocsin.formats.confined_table import read_table
from tocsin.formats.table_text import TextTable
from tocsin.nuclear import parse_nuclide
from tocsin.server.accounts.turns import one_at_a_time
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.files.services import content_of, store
from tocsin.server.incidents.facts import (
    Channel,
    IncidentKind,
    ObjectKind,
    Share,
    Standing,
    checked,
)
from tocsin.server.incidents.groups import PRESENT
from tocsin.server.incidents.models import Incident, IncidentImport, IncidentState
from tocsin.server.incidents.opening import Draft, ObjectDraft, ReportDraft, open_many
from tocsin.server.incidents.reading import incident_figures_for
from tocsin.server.marking.highwater import Mark, mark_of
from tocsin.server.marking.policy import Reader, may, visible
from tocsin.server.register.entries import activity_of, day_of
from tocsin.server.register.imports import guessed, unit_of
from tocsin.server.typed import plain

MOST_FAULTS = 500
MOST_ROWS = 20_000
"""Rows of one table: what one request can take over; larger ones come in parts."""
ORIGIN = "table:"
"""Before the identity of an import in the origin of statements."""
COLUMNS: dict[str, tuple[str, ...]] = {
    "title": ("title", "incident", "headline", "titre"),
    "number": ("number", "id", "event number", "reference", "numéro"),
    "kind": ("kind", "type", "category of incident", "nature"),
    "group": ("group", "itdb group", "groupe"),
    "status": ("status", "standing", "statut"),
    "from": ("from", "date", "incident date", "start", "début"),
    "to": ("to", "until", "end", "fin"),
    "known": ("known", "reported", "notification date", "date reported", "connu le"),
    "place": ("place", "location", "site", "lieu"),
    "country": ("country", "state", "pays"),
    "transport": ("transport", "in transport", "during transport"),
    "recovered": ("recovered", "recovery", "récupéré"),
    "recovered_on": ("recovered on", "recovery date", "date of recovery"),
    "summary": ("summary", "description", "what happened", "résumé"),
    "object_kind": ("object kind", "object", "item"),
    "manufacturer": ("manufacturer", "maker", "make", "fabricant"),
    "model": ("model", "modèle"),
    "serial": ("serial", "serial number", "s/n", "numéro de série"),
    "nuclide": ("nuclide", "nuclides", "radionuclide", "isotope", "material"),
    "activity": ("activity", "activité"),
    "unit": ("unit", "activity unit", "unité"),
    "reference_date": ("reference date", "activity date", "date de référence"),
}
"""Fields of a row, and the names of columns by which they are known."""
NEEDED = ("title", "from")
_YES = {"yes": True, "true": True, "1": True, "oui": True}
_NO = {"no": False, "false": False, "0": False, "non": False}


def imports_for(reader: Reader) -> QuerySet[IncidentImport]:
    """Tables that people of the own organisation brought."""
    rows = visible(reader, IncidentImport.objects.select_related("created_by", "file"))
    return rows.filter(originator=reader.person.organisation_id)


def bring(reader: Reader, content: bytes, *, name: str) -> IncidentImport:
    """Keep a table and check every row of it; nothing is taken over yet.

    Raises
    ------
    InvalidInput
        Not allowed, or too many rows.
    ParseError
        It is no table.
    """
    require_writer(reader)
    table = read_table(content)
    if len(table.rows) > MOST_ROWS:
        raise InvalidInput(_("A table has at most {n} rows here.").format(n=MOST_ROWS))
    mapping = guessed(table.header, COLUMNS)
    good, faults = _rows(reader, mapping, table)
    mark = Mark(reader.realm, 1, frozenset(), "AMBER")
    body = reader.person.organisation
    with transaction.atomic():
        kept = store(content, name=name, actor=reader.person, originator=body, **mark.fields())
        row = IncidentImport.objects.create(
            **mark.fields(),
            originator=body,
            created_at=now(),
            created_by=reader.person,
            file=kept,
            title=kept.name[:200],
            header=list(table.header),
            mapping=mapping,
            rows=len(table.rows),
            good=len(good),
            faults=faults[:MOST_FAULTS],
        )
        record(
            actor=reader.person,
            action="incidents.bring",
            subject=row,
            after={"file": kept.name, "sha256": kept.blob_id, "rows": row.rows, "good": row.good},
        )
    return row


def map_columns(reader: Reader, row: IncidentImport, mapping: Mapping[str, str]) -> IncidentImport:
    """Say anew which column is which, and check every row again.

    Raises
    ------
    InvalidInput
        Not allowed, two columns for one field, or taken over already.
    """
    require_writer(reader)
    chosen = {c: f for c, f in mapping.items() if c in row.header and f in COLUMNS}
    if len(set(chosen.values())) < len(chosen):
        raise InvalidInput(_("Two columns cannot be the same field."))
    good, faults = _rows(reader, chosen, read_table(content_of(row.file)))
    with transaction.atomic():
        row = _not_taken_over(row)
        row.mapping, row.good, row.faults = chosen, len(good), faults[:MOST_FAULTS]
        row.save(update_fields=["mapping", "good", "faults"])
        record(
            actor=reader.person,
            action="incidents.map_columns",
            subject=row,
            after={"mapping": chosen},
        )
    return row


def apply(reader: Reader, row: IncidentImport) -> list[Incident]:
    """Open an incident for every row without a fault.

    Raises
    ------
    InvalidInput
        Not allowed, no good row, or taken over already.
    """
    require_writer(reader)
    good, _faults = _rows(reader, row.mapping, read_table(content_of(row.file)))
    if not good:
        raise InvalidInput(_("No row of the table can be taken over."))
    with transaction.atomic():
        mapping = row.mapping
        row = _not_taken_over(row)
        if row.mapping != mapping:
            raise InvalidInput(_("The columns were changed in the meantime: look again."))
        # two tables of one organisation wait for each other here: no number comes in twice
        one_at_a_time(row.originator_id)
        if not _numbers_of(reader).isdisjoint(draft.external_id for draft in good):
            raise InvalidInput(_("Some of its numbers came in meanwhile: look at the table again."))
        found = open_many(
            reader.person,
            good,
            mark=mark_of(row),
            originator=row.originator,
            origin=origin_of(row),
            subject=row,
        )
        row.state, row.ended_at = IncidentImport.State.APPLIED, now()
        row.save(update_fields=["state", "ended_at"])
    return found


def origin_of(row: IncidentImport) -> str:
    """Code of an import as statements name it."""
    return f"{ORIGIN}{row.pk.hex}"


def draft_of(given: Mapping[str, str], *, today: dt.date) -> Draft:
    """A checked incident of a row of a table.

    Raises
    ------
    InvalidInput
        With all that is wrong, one after the other.
    """
    faults: list[str] = []

    def tried(make: Any, *args: Any) -> Any:
        try:
            return make(*args)
        except (InvalidInput, NotFound) as error:
            faults.append(str(error))
            return None

    cells = {name: plain(text) for name, text in given.items() if plain(text)}
    values: dict[str, Any] = {
        "title": cells.get("title", "")[:200],
        "status": Standing.CLAIMED.value,
    }
    if not values["title"]:
        faults.append(_("the title is missing"))
    for name, choices in (("kind", IncidentKind), ("status", Standing)):
        if name in cells and (code := tried(_choice, choices, cells[name])):
            values[name] = code
    for name in ("place", "country", "summary"):
        if name in cells and (text := tried(checked, name, cells[name])):
            values[name] = text
    if "group" in cells:
        code = re.sub(r"(?i)^group\s+", "", cells["group"]).upper()
        values["group"] = tried(checked, "group", {"edition": PRESENT, "group": code})
    start = tried(day_of, cells.get("from", ""), _("from"), today)
    end = tried(day_of, cells.get("to", ""), _("until"), today) or start
    if start is not None:
        whole = {"from": f"{start}", "to": f"{end}T23:59:59"}
        values["interval"] = tried(checked, "interval", whole)
    elif not faults:
        faults.append(_("the date is missing"))
    if "transport" in cells:
        values["transport"] = tried(_yes_no, cells["transport"])
    if "recovered" in cells:
        on = tried(day_of, cells.get("recovered_on", ""), _("recovered"), today)
        values["recovered"] = tried(_recovery, cells["recovered"], on)
    known = tried(day_of, cells.get("known", ""), _("known"), today)
    objects = tried(_objects, cells, today) or ()
    if faults:
        raise InvalidInput("; ".join(faults))
    return Draft(
        values={name: value for name, value in values.items() if value is not None},
        objects=objects,
        report=ReportDraft(
            channel=Channel.IMPORT.value,
            title=values["title"],
            external_id=cells.get("number", ""),
        ),
        reason=_("row of a table that was brought"),
        known_at=_end_of(known) if known else None,
        external_id=cells.get("number", ""),
    )


def _end_of(day: dt.date) -> dt.datetime:
    """Last second of a day: it was known by then; of today only what is over."""
    return min(dt.datetime.combine(day, dt.time(23, 59, 59), tzinfo=dt.UTC), now())


def _objects(cells: Mapping[str, str], today: dt.date) -> tuple[ObjectDraft, ...]:
    values: dict[str, Any] = {
        name: cells[name][:200] for name in ("manufacturer", "model") if name in cells
    }
    if "serial" in cells:
        parts = [part.strip() for part in cells["serial"].split(";") if part.strip()]
        values["serials"] = [{"value": part[:100]} for part in parts]
    if "nuclide" in cells:
        values["contents"] = _contents(cells, today)
    if "object_kind" in cells:
        values["kind"] = _choice(ObjectKind, cells["object_kind"])
    # a row that cannot be written is found here, and does not hold up the whole table later
    kept = {name: checked(name, value, of_object=True) for name, value in values.items()}
    return (ObjectDraft(kept),) if kept else ()


def _contents(cells: Mapping[str, str], today: dt.date) -> list[dict[str, Any]]:
    names = [part.strip() for part in cells["nuclide"].split(";") if part.strip()]
    activities = [part.strip() for part in cells.get("activity", "").split(";") if part.strip()]
    if activities and len(activities) != len(names):
        raise InvalidInput(
            _("{n} nuclides and {m} activities: one each").format(n=len(names), m=len(activities))
        )
    day = day_of(cells.get("reference_date", ""), _("reference date"), today)
    found = []
    for at, name in enumerate(names):
        item: dict[str, Any] = {"nuclide": parse_nuclide(name)}
        if activities:
            item["activity_Bq"] = activity_of(activities[at], cells.get("unit", ""))
            item["reference_date"] = day.isoformat() if day else None
        found.append(item)
    return found


def _choice(choices: type[models.TextChoices], text: str) -> str:
    wanted = text.casefold()
    for value, label in choices.choices:
        if wanted in {str(value).casefold(), str(label).casefold()}:
            return str(value)
    raise InvalidInput(_("“{text}” is not one of those to choose").format(text=text[:40]))


def _yes_no(text: str) -> bool:
    found = (_YES | _NO).get(text.casefold())
    if found is None:
        raise InvalidInput(_("transport: write yes or no"))
    return found


def _recovery(text: str, on: dt.date | None) -> dict[str, Any]:
    wanted = text.casefold()
    if wanted in _YES:
        share = Share.ALL.value
    elif wanted in _NO:
        share = Share.NONE.value
    else:
        share = _choice(Share, text)
    return {"share": share, "on": on.isoformat() if on else None}


def _rows(
    reader: Reader, mapping: Mapping[str, str], table: TextTable
) -> tuple[list[Draft], list[dict[str, Any]]]:
    columns = {field: table.header.index(column) for column, field in mapping.items()}
    lacking = [field for field in NEEDED if field not in columns]
    if lacking:
        text = _("no column is the field: {fields}").format(fields=", ".join(lacking))
        return [], [{"line": 1, "fault": text}]
    unit = unit_of(table.header[columns["activity"]]) if "activity" in columns else ""
    today = now().date()
    seen = _numbers_here(reader, table, columns.get("number"))
    good: list[Draft] = []
    faults: list[dict[str, Any]] = []
    for cells, line in zip(table.rows, table.lines, strict=True):
        given = {field: cells[at] for field, at in columns.items()}
        if not given.get("unit"):
            given["unit"] = unit
        number = plain(given.get("number", ""))
        try:
            if number and number in seen:
                raise InvalidInput(_("an incident with this number is there already"))
            good.append(draft_of(given, today=today))
        except InvalidInput as error:
            faults.append({"line": line, "fault": str(error)})
        seen.add(number)
    return good, faults


def _numbers_here(reader: Reader, table: TextTable, column: int | None) -> set[str]:
    """Numbers of the table that incidents of the own organisation have already."""
    if column is None:
        return set()
    return {plain(cells[column]) for cells in table.rows} & _numbers_of(reader)


def _numbers_of(reader: Reader) -> set[str]:
    """Numbers of incidents of the own organisation; those nobody may see here are not told."""
    own = incident_figures_for(reader).filter(originator=reader.person.organisation_id)
    # a table that was undone may come again
    numbers = own.exclude(external_id="").exclude(state=IncidentState.WITHDRAWN).order_by()
    return set(numbers.values_list("external_id", flat=True))


def _not_taken_over(row: IncidentImport) -> IncidentImport:
    row = IncidentImport.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if row.state != IncidentImport.State.CHECKED:
        raise InvalidInput(_("This table was taken over already."))
    return row


def require_writer(reader: Reader) -> None:
    """Refuse who may not write incidents."""
    if not may(reader, "incidents.write"):
        raise InvalidInput(_("None of your roles allows this."))

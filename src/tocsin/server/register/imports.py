"""Tables brought into the register: columns guessed, every row checked, taken over or undone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.formats.confined_table import read_table
from tocsin.formats.table_text import TextTable
from tocsin.server.accounts.models import Organisation
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.files.services import content_of, store
from tocsin.server.marking.policy import Reader
from tocsin.server.register.entries import Entry, UNITS_Bq, entry_of
from tocsin.server.register.holders import (
    Refused,
    close_to,
    holder_named,
    mark_of_register,
    open_to_holders,
    require_officer,
)
from tocsin.server.register.life import Kind, Status
from tocsin.server.register.models import Holder, Import, Source, Transaction
from tocsin.server.register.services import new_rows
from tocsin.server.typed import plain

MOST_FAULTS = 500
"""Rows with faults that are kept with an import; of more, only the number is told."""
BATCH = 500
COLUMNS: dict[str, tuple[str, ...]] = {
    "holder": ("holder", "licensee", "licence holder", "owner", "facility", "titulaire"),
    "nuclide": ("nuclide", "nuclides", "radionuclide", "isotope", "material", "radionucléide"),
    "activity": ("activity", "initial activity", "nominal activity", "activité", "activity bq"),
    "unit": ("unit", "activity unit", "unité"),
    "reference_date": (
        *("reference date", "activity date", "assay date", "ref date"),
        "date de référence",
    ),
    "reference": ("reference", "number in the register", "id", "source id", "register number"),
    "manufacturer": ("manufacturer", "maker", "make", "fabricant"),
    "model": ("model", "source model", "modèle"),
    "serial": ("serial", "serial number", "source serial", "s/n", "numéro de série"),
    "device": ("device", "device model", "equipment", "appareil"),
    "device_serial": ("device serial", "device serial number", "serial number of the device"),
    "practice": ("practice", "use", "application", "pratique"),
    "place": ("place", "location", "room", "site", "lieu"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "long"),
    "status": ("status", "state", "statut"),
    "made_on": ("made", "date of manufacture", "manufactured", "made on"),
    "leak_test_on": ("last leak test", "leak test", "leak test date"),
}
"""Fields of a source, and the names of columns by which they are known."""
NEEDED = ("holder", "nuclide", "activity", "reference_date")
_UNIT_BEHIND = re.compile(r"[\s_]*[(\[]?\s*([A-Za-zµμ]{2,4})\s*[)\]]?\s*$")


def guessed(header: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Field by column, as far as the names of the columns tell."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for column in header:
        bare = column if not unit_of(column) else _UNIT_BEHIND.sub("", column)
        name = " ".join(re.sub(r"[(\[].*", "", bare).casefold().replace("_", " ").split())
        for field, names in COLUMNS.items():
            if field not in taken and name in names:
                found[column] = field
                taken.add(field)
                break
    return found


def unit_of(column: str) -> str:
    """Unit at the end of the name of a column, as in ``Activity (GBq)`` or ``activity_Bq``."""
    found = _UNIT_BEHIND.search(column)
    return found[1] if found and found[1].lower() in UNITS_Bq else ""


def bring(reader: Reader, content: bytes, *, name: str) -> Import:
    """Keep a table and check every row of it; nothing is taken over yet.

    Raises
    ------
    Refused
        Not allowed.
    ParseError
        It is no table.
    """
    require_officer(reader)
    mark = mark_of_register(reader)
    # reading and checking take long and change nothing: nobody else waits for them
    table = read_table(content)
    mapping = guessed(table.header)
    good, faults = _rows(mapping, table)
    body = reader.person.organisation
    with transaction.atomic():
        kept = store(content, name=name, actor=reader.person, originator=body, **mark.fields())
        row = Import.objects.create(
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
            action="register.bring",
            subject=row,
            after={"file": kept.name, "sha256": kept.blob_id, "rows": row.rows, "good": row.good},
        )
    return row


def map_columns(reader: Reader, row: Import, mapping: Mapping[str, str]) -> Import:
    """Say anew which column is which, and check every row again."""
    require_officer(reader, row)
    chosen = {c: f for c, f in mapping.items() if c in row.header and f in COLUMNS}
    if len(set(chosen.values())) < len(chosen):
        raise Refused(_("Two columns cannot be the same field."))
    good, faults = _rows(chosen, read_table(content_of(row.file)))
    with transaction.atomic():
        row = _not_taken_over(row)
        row.mapping, row.good, row.faults = chosen, len(good), faults[:MOST_FAULTS]
        row.save(update_fields=["mapping", "good", "faults"])
        record(
            actor=reader.person,
            action="register.map_columns",
            subject=row,
            after={"mapping": chosen},
        )
    return row


def apply(reader: Reader, row: Import) -> Import:
    """Take over every row without a fault; rows with faults stay in the table that was brought."""
    require_officer(reader, row)
    if row.state != Import.State.CHECKED:
        raise Refused(_("This table was taken over already."))
    if not row.good:
        raise Refused(_("No row of the table can be taken over."))
    mapping = row.mapping
    good, _faults = _rows(mapping, read_table(content_of(row.file)))
    holders = {e.holder.casefold(): e.holder for e in good}
    known = {key: holder_named(reader, name) for key, name in holders.items()}
    made = [new_rows(reader, e, known[e.holder.casefold()], imported=row) for e in good]
    with transaction.atomic():
        row = _not_taken_over(row)
        if row.mapping != mapping:
            raise Refused(_("The columns were changed in the meantime: look again."))
        # who works for a holder may have changed since the rows were made
        fresh = {h.pk: h for h in Holder.objects.filter(pk__in=[h.pk for h in known.values()])}
        for source, _first in made:
            source.holder = fresh[source.holder_id]
        Source.objects.bulk_create([source for source, _first in made], batch_size=BATCH)
        Transaction.objects.bulk_create([first for _source, first in made], batch_size=BATCH)
        open_to_holders([source for source, _first in made], reader.person)
        row.state, row.ended_at = Import.State.APPLIED, now()
        row.save(update_fields=["state", "ended_at"])
        after = {"sources": len(made)}
        record(actor=reader.person, action="register.import", subject=row, after=after)
    return row


@transaction.atomic
def undo(reader: Reader, row: Import, *, reason: str) -> Import:
    """Withdraw every source of an import to which nothing has happened since.

    Raises
    ------
    Refused
        Without a reason, or where something has been reported of one of the sources.
    """
    row = Import.objects.select_for_update().get(pk=row.pk)
    require_officer(reader, row)
    reason = plain(reason)[:400]
    if row.state != Import.State.APPLIED:
        raise Refused(_("This table was not taken over."))
    if not reason:
        raise Refused(_("Say why it is undone."))
    # who reports of one of them comes before this, and is seen, or waits until it is over
    held = list(row.sources.select_for_update(of=("self",)).select_related("holder"))
    touched = row.sources.filter(transactions__number__gt=1).distinct().count()
    if touched:
        raise Refused(
            _(
                "Of {n} sources something has been reported since: withdraw those one by one."
            ).format(n=touched)
        )
    at = now()
    Transaction.objects.bulk_create(
        Transaction(
            source=source,
            number=2,
            kind=Kind.WITHDRAWAL,
            happened_on=at.date(),
            at=at,
            by=reader.person,
            note=reason,
            before={"status": source.status},
            after={"status": Status.WITHDRAWN.value},
        )
        for source in held
    )
    for body in Organisation.objects.filter(pk__in={s.holder.organisation_id for s in held}):
        close_to(body, held)
    row.sources.update(status=Status.WITHDRAWN, since=at.date(), category_until=None)
    row.state, row.ended_at = Import.State.UNDONE, at
    row.save(update_fields=["state", "ended_at"])
    record(
        actor=reader.person,
        action="register.undo_import",
        subject=row,
        after={"sources": len(held)},
        reason=reason,
    )
    return row


def _not_taken_over(row: Import) -> Import:
    row = Import.objects.select_for_update().get(pk=row.pk)
    if row.state != Import.State.CHECKED:
        raise Refused(_("This table was taken over already."))
    return row


def _rows(mapping: Mapping[str, str], table: TextTable) -> tuple[list[Entry], list[dict[str, Any]]]:
    """Entries of the rows without a fault, and what is wrong with the others, by line."""
    columns = {field: table.header.index(column) for column, field in mapping.items()}
    missing = [field for field in NEEDED if field not in columns]
    if missing:
        text = _("no column is the field: {fields}").format(fields=", ".join(missing))
        return [], [{"line": 1, "fault": text}]
    unit = unit_of(table.header[columns["activity"]])
    today: dt.date = now().date()
    good: list[Entry] = []
    faults: list[dict[str, Any]] = []
    for cells, line in zip(table.rows, table.lines, strict=True):
        given = {field: cells[at] for field, at in columns.items()}
        if not given.get("unit"):
            given["unit"] = unit
        try:
            good.append(entry_of(given, today=today))
        except InvalidInput as error:
            faults.append({"line": line, "fault": str(error)})
    return good, faults

"""Tables brought into the register: columns guessed, every row checked, taken over or undone.

Small tables are worked through at once, large ones in the background; the steps are the same.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.formats.confined_table import read_table
from tocsin.formats.limits import MiB
from tocsin.formats.table_text import TextTable
from tocsin.server.accounts.models import Organisation
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.files.services import content_of, store
from tocsin.server.marking.policy import Reader
from tocsin.server.register.checking import want_for
from tocsin.server.register.entries import Entry, UNITS_Bq, entry_of
from tocsin.server.register.finding import count_tables, keep_words
from tocsin.server.register.holders import (
    Refused,
    close_to,
    holders_by_name,
    know_holders,
    mark_of_register,
    open_to_holders,
    require_officer,
)
from tocsin.server.register.import_turns import (
    STEPPER,
    advance,
    begin,
    end,
    enqueue,
    locked,
    officer_of,
    told,
)
from tocsin.server.register.life import Kind, Status
from tocsin.server.register.many import insert_new
from tocsin.server.register.models import Holder, Import, Source, Transaction
from tocsin.server.register.services import new_rows
from tocsin.server.typed import plain

MOST_FAULTS = 500
"""Rows with faults that are kept with an import; of more, only the number is told."""
BATCH = 500
"""Rows that are written at once: others wait for the database no longer than these take."""
SMALL_BYTES = 200_000
"""A table up to this size is checked while its bringer waits: a second or two."""
SMALL_ROWS = 1000
"""As many rows are taken over, or undone, while the officer waits."""
TELL_EVERY_S = 1.0
MOST_NAME = 120
"""Characters of the name of a sheet; spreadsheet programs allow 31."""
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
    "other_id": ("other identification", "other id", "other information that identifies"),
    "source_type": ("type of source", "source type"),
    "capsule_type": ("type of capsule", "capsule type", "capsule"),
    "material_form": ("chemical and physical form", "material form", "form", "physical form"),
    "iso_class": ("iso class", "iso classification"),
    "ansi_class": ("ansi class", "ansi classification"),
    "special_form": ("special form certificate", "special form"),
    "special_form_on": ("certificate issued", "special form on"),
    "special_form_until": ("certificate valid until", "special form until"),
    "neutron": ("neutron source", "neutron"),
    "neutron_target": ("neutron target", "target"),
    "neutron_flux_per_s": ("neutrons per second", "neutron flux per s", "neutron flux"),
    "supplier": ("supplier", "vendor", "fournisseur"),
    "importer": ("importer", "importateur"),
    "received_on": ("received", "received on", "date of receipt", "receipt date"),
    "received_from": ("received from", "from whom"),
    "use_kind": ("kind of use", "use kind", "fixed storage mobile"),
    "remarks": ("remarks", "remark", "comment", "comments", "remarques"),
}
"""Fields of a source, and the names of columns by which they are known."""
NEEDED = ("holder", "nuclide", "activity", "reference_date")
_UNIT_BEHIND = re.compile(r"[\s_]*[(\[]?\s*([A-Za-zµμ]{2,4})\s*[)\]]?\s*$")


def guessed(
    header: Sequence[str], columns: Mapping[str, tuple[str, ...]] = MappingProxyType(COLUMNS)
) -> dict[str, str]:
    """Field by column, as far as the names of the columns tell."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for column in header:
        bare = column if not unit_of(column) else _UNIT_BEHIND.sub("", column)
        name = " ".join(re.sub(r"[(\[].*", "", bare).casefold().replace("_", " ").split())
        for field, names in columns.items():
            if field not in taken and name in names:
                found[column] = field
                taken.add(field)
                break
    return found


def unit_of(column: str) -> str:
    """Unit at the end of the name of a column, as in ``Activity (GBq)`` or ``activity_Bq``."""
    found = _UNIT_BEHIND.search(column)
    return found[1] if found and found[1].lower() in UNITS_Bq else ""


def keep(reader: Reader, content: bytes, *, name: str) -> Import:
    """Keep a table, to be checked.

    Raises
    ------
    Refused
        Not allowed, or larger than files are taken: what is longer comes cut.
    """
    require_officer(reader)
    most = settings.TOCSIN.upload_most_MiB
    if len(content) > most * MiB:
        raise Refused(_("The file is larger than {most} MiB.").format(most=most))
    mark = mark_of_register(reader)
    body, at = reader.person.organisation, now()
    with transaction.atomic():
        kept = store(content, name=name, actor=reader.person, originator=body, **mark.fields())
        row = Import.objects.create(
            **mark.fields(),
            originator=body,
            created_at=at,
            created_by=reader.person,
            file=kept,
            title=kept.name[:200],
            state=Import.State.CHECKING,
            asked_by=reader.person,
            begun_at=at,
            touched_at=at,
        )
        record(
            actor=reader.person,
            action="register.bring",
            subject=row,
            after={"file": kept.name, "sha256": kept.blob_id},
        )
    return row


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
    # what is no table is not kept
    table = read_table(content)
    return _checked(keep(reader, content, name=name), table)


@transaction.atomic
def bring_later(reader: Reader, content: bytes, *, name: str) -> Import:
    """Keep a table; it is checked in the background."""
    return enqueue(keep(reader, content, name=name))


def map_columns(
    reader: Reader, row: Import, mapping: Mapping[str, str], *, later: bool = False
) -> Import:
    """Say anew which column is which, and check every row again.

    Raises
    ------
    Refused
        Not allowed, taken over already, or two columns are to be the same field.
    """
    require_officer(reader, row)
    chosen = {c: f for c, f in mapping.items() if c in row.header and f in COLUMNS}
    if len(set(chosen.values())) < len(chosen):
        raise Refused(_("Two columns cannot be the same field."))
    with transaction.atomic():
        row = begin(
            reader,
            row,
            Import.State.CHECKING,
            since=Import.State.CHECKED,
            total=row.rows,
            mapping=chosen,
        )
        record(
            actor=reader.person,
            action="register.map_columns",
            subject=row,
            after={"mapping": chosen},
        )
        if later:
            return enqueue(row)
    work(row)
    return row


def choose_sheet(reader: Reader, row: Import, sheet: str, *, later: bool = False) -> Import:
    """Take another sheet of the spreadsheet; its columns are guessed and every row is checked.

    Raises
    ------
    Refused
        Not allowed, no such sheet, or taken over already.
    ParseError
        The sheet is no table.
    """
    require_officer(reader, row)
    if sheet not in row.sheets:
        raise Refused(_("The spreadsheet has no such sheet."))
    # a sheet that is no table leaves everything as it is
    table = read_table(content_of(row.file), sheet=sheet)
    with transaction.atomic():
        row = begin(
            reader,
            row,
            Import.State.CHECKING,
            since=Import.State.CHECKED,
            total=len(table.rows),
            mapping={},
            sheet=sheet,
        )
        record(actor=reader.person, action="register.sheet", subject=row, after={"sheet": sheet})
        if later:
            return enqueue(row)
    return _checked(row, table)


def apply(reader: Reader, row: Import, *, later: bool = False) -> Import:
    """Take over every row without a fault; rows with faults stay in the table that was brought.

    Raises
    ------
    Refused
        Not allowed, taken over already, or no row is without a fault.
    """
    require_officer(reader, row)
    if not row.good:
        raise Refused(_("No row of the table can be taken over."))
    with transaction.atomic():
        row = begin(reader, row, Import.State.APPLYING, since=Import.State.CHECKED, total=row.good)
        record(
            actor=reader.person, action="register.take_over", subject=row, after={"rows": row.good}
        )
        if later:
            return enqueue(row)
    work(row)
    return row


def undo(reader: Reader, row: Import, *, reason: str, later: bool = False) -> Import:
    """Withdraw every source of an import to which nothing has happened since.

    Also of a taking over that has stopped before its end.

    Raises
    ------
    Refused
        Without a reason, or where something has been reported of one of the sources.
    """
    require_officer(reader, row)
    reason = plain(reason)[:400]
    half = row.state == Import.State.APPLYING and row.stopped
    if row.state != Import.State.APPLIED and not half:
        raise Refused(_("This table was not taken over."))
    if not reason:
        raise Refused(_("Say why it is undone."))
    touched = row.sources.filter(transactions__number__gt=1).distinct().count()
    if touched:
        raise Refused(
            _(
                "Of {n} sources something has been reported since: withdraw those one by one."
            ).format(n=touched)
        )
    with transaction.atomic():
        row = begin(
            reader,
            row,
            Import.State.UNDOING,
            since=Import.State(row.state),
            total=row.sources.count(),
            reason=reason,
        )
        record(actor=reader.person, action="register.undo", subject=row, reason=reason)
        if later:
            return enqueue(row)
    work(row)
    return row


def work(row: Import) -> None:
    """Carry on the step that an import is in, to its end."""
    if row.state == Import.State.CHECKING:
        _checked(row, read_table(content_of(row.file), sheet=row.sheet))
    elif row.state == Import.State.APPLYING:
        _take_over(row)
    elif row.state == Import.State.UNDOING:
        _withdraw(row)


def good_rows(row: Import, table: TextTable) -> list[Entry]:
    """Entries of the rows of a checked table without a fault, as on the day of the check.

    Raises
    ------
    Refused
        They are no longer those that were checked.
    """
    # the same rows are good as the officer was shown
    good, _faults = rows_of(row.mapping, table, row.checked_on or now().date())
    if len(good) != row.total:
        raise Refused(_("The rows are no longer those that were checked: bring the table again."))
    return good


def _checked(row: Import, table: TextTable) -> Import:
    mapping = row.mapping or guessed(table.header)
    today = now().date()
    good, faults = rows_of(mapping, table, today, lambda done: told(row, done, len(table.rows)))
    with transaction.atomic():
        fresh = Import.objects.select_for_update().get(pk=row.pk)
        if (fresh.state, fresh.begun_at) != (row.state, row.begun_at):
            raise Refused(_("Something was done with this table in the meantime: look again."))
        row.header, row.mapping, row.checked_on = list(table.header), mapping, today
        row.sheet, row.sheets = table.sheet[:MOST_NAME], [n[:MOST_NAME] for n in table.sheets]
        row.rows, row.good, row.faults = len(table.rows), len(good), faults[:MOST_FAULTS]
        row.done = row.total = row.rows
        end(row, Import.State.CHECKED)
        record(
            actor=STEPPER,
            action="register.check_table",
            subject=row,
            after={"rows": row.rows, "good": row.good},
        )
    return row


def _take_over(row: Import) -> None:
    """Enter the rows without a fault, batch by batch, from where it stands."""
    reader = officer_of(row)
    good = good_rows(row, read_table(content_of(row.file), sheet=row.sheet))
    known = holders_by_name(reader)
    while row.done < len(good):
        part = good[row.done : row.done + BATCH]
        know_holders(reader, known, (entry.holder for entry in part))
        made = [new_rows(reader, e, known[e.holder.casefold()], imported=row) for e in part]
        with transaction.atomic():
            held = locked(row)
            # who works for a holder may have changed since the rows were made
            fresh = _fresh_holders({source.holder_id for source, _first in made})
            for source, _first in made:
                source.holder = fresh[source.holder_id]
            sources = [source for source, _first in made]
            insert_new(sources)
            keep_words(sources, fresh=True)
            insert_new([first for _source, first in made])
            open_to_holders(sources, reader.person)
            advance(held, row.done + len(part))
            want_for(sources)
            if held.done == len(good):
                end(held, Import.State.APPLIED)
            record(
                actor=reader.person,
                action="register.import",
                subject=held,
                after={"sources": len(part), "done": held.done, "of": len(good)},
            )
        _follow(row, held)
    if row.total > SMALL_ROWS:
        count_tables()


def _fresh_holders(pks: set[Any]) -> dict[Any, Holder]:
    rows = Holder.objects.select_for_update(of=("self",)).select_related("organisation")
    return {h.pk: h for h in rows.filter(pk__in=pks).order_by("pk")}


def _withdraw(row: Import) -> None:
    """Withdraw the sources of an import, batch by batch; what was touched meanwhile stays."""
    reader = officer_of(row)
    pks = list(
        row.sources.exclude(status=Status.WITHDRAWN).order_by("pk").values_list("pk", flat=True)
    )
    # what a stopped undoing has seen already is behind it; what it left stands among these again
    row.done = max(row.total - len(pks), 0)
    Import.objects.filter(pk=row.pk, begun_at=row.begun_at).update(done=row.done)
    left = 0
    for start in range(0, max(len(pks), 1), BATCH):
        part = pks[start : start + BATCH]
        with transaction.atomic():
            held = locked(row)
            # who reports of one of them comes before this, and is seen, or waits until it is over
            rows = Source.objects.filter(pk__in=part).select_for_update(of=("self",))
            sources = list(rows.select_related("holder"))
            touched = set(
                Transaction.objects.filter(source__in=part, number__gt=1).values_list(
                    "source_id", flat=True
                )
            )
            left += len(touched)
            _withdraw_now(reader, row, [s for s in sources if s.pk not in touched])
            advance(held, row.done + len(part))
            last = start + BATCH >= len(pks)
            if last:
                end(held, Import.State.UNDONE, stopped=_left(left))
            record(
                actor=reader.person,
                action="register.undo_import",
                subject=held,
                after={"sources": len(part) - len(touched), "left": len(touched)},
                reason=row.reason,
            )
        _follow(row, held)


def _left(count: int) -> str:
    if not count:
        return ""
    return _(
        "Of {n} sources something was reported while it was undone: they stay in the register."
    ).format(n=count)


def _withdraw_now(reader: Reader, row: Import, held: Sequence[Source]) -> None:
    at = now()
    Transaction.objects.bulk_create(
        Transaction(
            source=source,
            number=2,
            kind=Kind.WITHDRAWAL,
            happened_on=at.date(),
            at=at,
            by=reader.person,
            note=row.reason,
            before={"status": source.status},
            after={"status": Status.WITHDRAWN.value},
        )
        for source in held
    )
    for body in Organisation.objects.filter(pk__in={s.holder.organisation_id for s in held}):
        close_to(body, [s for s in held if s.holder.organisation_id == body.pk])
    want_for(held)
    Source.objects.filter(pk__in=[s.pk for s in held]).update(
        status=Status.WITHDRAWN, since=at.date(), category_until=None
    )


def _follow(row: Import, held: Import) -> None:
    """Take over what a batch has written, so that the next one begins there."""
    row.done, row.state, row.ended_at, row.stopped = (
        held.done,
        held.state,
        held.ended_at,
        held.stopped,
    )


def rows_of(
    mapping: Mapping[str, str],
    table: TextTable,
    today: dt.date,
    tell: Callable[[int], None] = lambda _done: None,
) -> tuple[list[Entry], list[dict[str, Any]]]:
    """Entries of the rows without a fault, and what is wrong with the others, by line."""
    columns = {field: table.header.index(column) for column, field in mapping.items()}
    missing = [field for field in NEEDED if field not in columns]
    if missing:
        text = _("no column is the field: {fields}").format(fields=", ".join(missing))
        return [], [{"line": 1, "fault": text}]
    unit = unit_of(table.header[columns["activity"]])
    good: list[Entry] = []
    faults: list[dict[str, Any]] = []
    said = time.monotonic()
    for number, (cells, line) in enumerate(zip(table.rows, table.lines, strict=True)):
        if time.monotonic() - said > TELL_EVERY_S:
            said = time.monotonic()
            tell(number)
        given = {field: cells[at] for field, at in columns.items()}
        if not given.get("unit"):
            given["unit"] = unit
        try:
            good.append(entry_of(given, today=today))
        except InvalidInput as error:
            faults.append({"line": line, "fault": str(error)})
    return good, faults

"""Batches of material: received, split, merged, used, transferred, disposed of, corrected."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import source_nuclide
from tocsin.server.clock import now
from tocsin.server.holdings.amounts import Amount, difference
from tocsin.server.holdings.counted import FORM, contents_of
from tocsin.server.holdings.models import (
    MISSING,
    Batch,
    BatchState,
    Element,
    Kind,
    Lineage,
    Step,
)
from tocsin.server.holdings.services.writing import (
    check_day,
    fresh_fields,
    is_officer,
    locked,
    may_report,
    number_of,
    require_keeper,
    values_of,
    words,
    write,
)
from tocsin.server.marking.highwater import highwater, mark_of
from tocsin.server.marking.policy import Reader
from tocsin.server.register.beyond import Arriving
from tocsin.server.register.holders import (
    Refused,
    close_to_holder,
    hand_over,
    held_still,
    holder_named,
    open_to,
    receiver_named,
)
from tocsin.server.register.models import Source
from tocsin.server.register.services import pass_gates_for
from tocsin.server.typed import plain

KEPT = (
    *("state", "holder", "place", "reference", "element", "nuclide", "form", "items"),
    *("mass_g", "mass_u_g", "activity_Bq", "activity_u_Bq", "activity_on"),
    *("u235_percent", "pu238_percent", "irradiated"),
)
MOST_PARTS = 50
MOST_ITEMS = 1_000_000
BY_OFFICERS = frozenset({Kind.DISPOSAL, Kind.CORRECTION, Kind.WITHDRAWAL})


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """What is written of a batch.

    Parameters
    ----------
    reference : str
        Its number.
    element : Element
    items : int
    mass_g, mass_u_g : float or None
        Mass of the element and its standard uncertainty.
    activity_Bq, activity_u_Bq : float or None
    activity_on : date or None
        Reference date of the activity.
    nuclide : str
        Of other material than nuclear.
    form, place : str
    u235_percent : float or None
        Weight per cent of U-235 in uranium.
    pu238_percent : float or None
        Per cent of Pu-238 in plutonium.
    irradiated : bool
    """

    reference: str
    element: Element
    items: int
    mass_g: float | None = None
    mass_u_g: float | None = None
    activity_Bq: float | None = None
    activity_u_Bq: float | None = None
    activity_on: dt.date | None = None
    nuclide: str = ""
    form: str = ""
    place: str = ""
    u235_percent: float | None = None
    pu238_percent: float | None = None
    irradiated: bool = False

    def checked(self) -> BatchEntry:
        """The same with names as they are kept.

        Raises
        ------
        Refused
            It contradicts itself, or something is missing.
        """
        _amounts_make_sense(self)
        nuclide = plain(self.nuclide)
        if self.element is Element.OTHER:
            if not nuclide:
                raise Refused(_("Give the nuclide."))
            try:
                nuclide = source_nuclide(nuclide)
            except (InvalidInput, NotFound) as error:
                raise Refused(str(error)) from error
        elif nuclide:
            raise Refused(_("A nuclide is given only for other radioactive material."))
        if self.element is Element.URANIUM and self.u235_percent is None:
            raise Refused(_("Give the per cent of U-235 in the uranium."))
        if self.element is not Element.URANIUM and self.u235_percent is not None:
            raise Refused(_("An enrichment is given only for uranium."))
        if self.element is not Element.PLUTONIUM and self.pu238_percent is not None:
            raise Refused(_("A share of Pu-238 is given only for plutonium."))
        reference = plain(self.reference)[:80]
        if not reference:
            raise Refused(_("Give the batch number."))
        return replace(
            self,
            reference=reference,
            nuclide=nuclide,
            form=plain(self.form)[:120],
            place=plain(self.place)[:200],
        )


def _amounts_make_sense(entry: BatchEntry) -> None:
    if not 1 <= entry.items <= MOST_ITEMS:
        raise Refused(_("A batch has 1 to {n} items.").format(n=MOST_ITEMS))
    if entry.mass_g is None and entry.activity_Bq is None:
        raise Refused(_("Give a mass or an activity."))
    if entry.element is not Element.OTHER and entry.mass_g is None:
        raise Refused(_("Nuclear material has a mass."))
    values = (entry.mass_g, entry.mass_u_g, entry.activity_Bq, entry.activity_u_Bq)
    if any(v is not None and not (math.isfinite(v) and v >= 0.0) for v in values):
        raise Refused(_("Masses, activities and uncertainties are zero or more."))
    if entry.mass_g is None and entry.mass_u_g is not None:
        raise Refused(_("An uncertainty needs its value."))
    if entry.activity_Bq is None and entry.activity_u_Bq is not None:
        raise Refused(_("An uncertainty needs its value."))
    if (entry.activity_Bq is None) != (entry.activity_on is None):
        raise Refused(_("An activity needs its reference date, and the date an activity."))
    for share in (entry.u235_percent, entry.pu238_percent):
        if share is not None and not 0.0 <= share <= 100.0:
            raise Refused(_("A share lies between 0 and 100 per cent."))


@transaction.atomic
def receive(
    reader: Reader,
    holder_name: str,
    entry: BatchEntry,
    *,
    happened_on: dt.date,
    shipper: Amount | None = None,
    shipper_name: str = "",
    note: str = "",
) -> Batch:
    """Enter a batch that a holder has received; its mass is the receiver's value.

    What comes from somebody passes the gates as a transfer does. What is there already, and came
    from nobody who is named, is written down whatever a licence says.

    Parameters
    ----------
    shipper : Amount, optional
        Mass as the shipper states it.
    shipper_name : str
        From whom it came.

    Raises
    ------
    Refused
        Not allowed, what is written contradicts itself, or the licence does not permit it.
    """
    require_keeper(reader)
    check_day(happened_on)
    entry = entry.checked()
    (holder,) = held_still(holder_named(reader, holder_name))
    sender = plain(shipper_name)[:200]
    kind = Kind.RECEIPT if shipper is not None or sender else Kind.REGISTRATION
    batch = Batch(**fresh_fields(reader), holder=holder, since=happened_on, **asdict(entry))
    if kind is Kind.RECEIPT:
        pass_gates_for(reader, batch, _arriving(batch, happened_on, sender), holder)
    batch.save(force_insert=True)
    if holder.organisation is not None:
        open_to(holder.organisation, [batch], reader.person)
    write(
        reader,
        batch,
        kind,
        happened_on,
        note=words(note),
        holder=holder,
        after=values_of(batch, KEPT)
        | _shipped(batch, shipper)
        | ({"from": sender} if sender else {}),
    )
    return batch


@transaction.atomic
def confirm_receipt(
    reader: Reader,
    batch: Batch,
    *,
    happened_on: dt.date,
    received: Amount,
    place: str = "",
    note: str = "",
) -> Step:
    """Report that a batch has arrived, with the mass that the receiver has found.

    Raises
    ------
    Refused
        Not allowed, or no transfer awaits its receipt.
    """
    batch = locked(batch)
    require(reader, batch, Kind.RECEIPT)
    sent = _steps(batch).filter(kind=Kind.TRANSFER).last()
    check_day(happened_on, sent.happened_on if sent else None)
    if batch.mass_g is None:
        raise Refused(_("The batch has no mass: correct it if it needs one."))
    if received.value < 0.0:
        raise Refused(_("Masses, activities and uncertainties are zero or more."))
    before, stated = values_of(batch, KEPT), Amount(batch.mass_g, batch.mass_u_g)
    batch.mass_g, batch.mass_u_g = received.value, received.u
    batch.place = plain(place)[:200] or batch.place
    batch.save()
    return write(
        reader,
        batch,
        Kind.RECEIPT,
        happened_on,
        note=words(note),
        before=before,
        after=values_of(batch, KEPT) | _shipped(batch, stated),
    )


@transaction.atomic
def split(
    reader: Reader,
    batch: Batch,
    parts: Sequence[tuple[str, int, Amount]],
    *,
    happened_on: dt.date,
    note: str = "",
) -> list[Batch]:
    """Split a batch; its own mass must be the sum of the parts within k = 2.

    Parameters
    ----------
    parts : sequence of (reference, items, mass)
        Two or more.

    Raises
    ------
    Refused
        Not allowed, fewer than two parts, or masses that do not add up.
    """
    batch = locked(batch)
    require(reader, batch, Kind.SPLIT)
    check_day(happened_on, batch.since)
    if not 2 <= len(parts) <= MOST_PARTS:
        raise Refused(_("A split has 2 to {n} parts.").format(n=MOST_PARTS))
    if batch.mass_g is None:
        raise Refused(_("Only a batch with a mass is split."))
    whole, together = Amount(batch.mass_g, batch.mass_u_g), Amount.sum(m for _r, _n, m in parts)
    found = difference(whole, together)
    rounding = 1e-9 * whole.value
    if found.significant or (found.significant is None and abs(found.value) > rounding):
        raise Refused(
            _("The parts together are {sum} g, the batch {whole} g: {difference}.").format(
                sum=f"{together.value:g}", whole=f"{whole.value:g}", difference=found.words
            )
        )
    children = []
    for reference, items, mass in parts:
        share = mass.value / together.value if together.value else 0.0
        entry = _entry_of(batch, reference=reference, items=items, mass=mass, share=share).checked()
        children.append(_made_of([batch], reader, batch, entry, Kind.SPLIT, happened_on))
    _end(reader, batch, BatchState.SPLIT, Kind.SPLIT, happened_on, note, children)
    return children


@transaction.atomic
def merge(
    reader: Reader,
    batches: Sequence[Batch],
    *,
    reference: str,
    happened_on: dt.date,
    note: str = "",
) -> Batch:
    """Merge batches of one material, holder and place; their uncertainties count as independent.

    Raises
    ------
    Refused
        Not allowed, fewer than two, or they differ in more than their amounts.
    """
    rows = [locked(batch) for batch in sorted(set(batches), key=lambda b: b.pk)]
    if len(rows) < 2:
        raise Refused(_("Choose two batches or more."))
    for row in rows:
        require(reader, row, Kind.MERGE)
        check_day(happened_on, row.since)
    first = rows[0]
    same = ("holder_id", "place", "element", "nuclide", "irradiated", "realm", "originator_id")
    if any(getattr(row, name) != getattr(first, name) for row in rows for name in same):
        raise Refused(_("Only batches of one material, holder and place are merged."))
    if any((row.mass_g is None) != (first.mass_g is None) for row in rows):
        raise Refused(_("Some of them have a mass and some have none."))
    if any(row.activity_on != first.activity_on for row in rows):
        raise Refused(_("Their activities have different reference dates: correct them first."))
    mass = Amount.sum(Amount(row.mass_g, row.mass_u_g) for row in rows if row.mass_g is not None)
    activity = Amount.sum(
        Amount(row.activity_Bq, row.activity_u_Bq) for row in rows if row.activity_Bq is not None
    )
    entry = BatchEntry(
        reference=reference,
        element=Element(first.element),
        items=sum(row.items for row in rows),
        mass_g=None if first.mass_g is None else mass.value,
        mass_u_g=None if first.mass_g is None else mass.u,
        activity_Bq=None if first.activity_on is None else activity.value,
        activity_u_Bq=None if first.activity_on is None else activity.u,
        activity_on=first.activity_on,
        nuclide=first.nuclide,
        form=first.form,
        place=first.place,
        u235_percent=_mixed(rows, "u235_percent"),
        pu238_percent=_mixed(rows, "pu238_percent"),
        irradiated=first.irradiated,
    ).checked()
    made = _made_of(rows, reader, first, entry, Kind.MERGE, happened_on)
    for row in rows:
        _end(reader, row, BatchState.MERGED, Kind.MERGE, happened_on, note, [made])
    return made


@transaction.atomic
def consume(
    reader: Reader, batch: Batch, used: Amount, *, happened_on: dt.date, note: str = ""
) -> Step:
    """Report that part of a batch was used; nothing is left where all of it was.

    Raises
    ------
    Refused
        Not allowed, or more was used than is there.
    """
    batch = locked(batch)
    require(reader, batch, Kind.CONSUMPTION)
    check_day(happened_on, batch.since)
    if batch.mass_g is None:
        raise Refused(_("Only of a batch with a mass something is used."))
    if not (math.isfinite(used.value) and 0.0 < used.value <= batch.mass_g * (1.0 + 1e-9)):
        raise Refused(_("There are {n} g.").format(n=f"{batch.mass_g:g}"))
    before = values_of(batch, KEPT)
    left = Amount(batch.mass_g, batch.mass_u_g).less(used)
    part = max(left.value, 0.0) / batch.mass_g
    batch.mass_g, batch.mass_u_g = max(left.value, 0.0), left.u
    if batch.activity_Bq is not None:
        batch.activity_Bq *= part
        batch.activity_u_Bq = None if batch.activity_u_Bq is None else batch.activity_u_Bq * part
    if batch.mass_g <= 1e-9 * (before["mass_g"] or 0.0):
        batch.mass_g, batch.state, batch.since = 0.0, BatchState.USED_UP, happened_on
    batch.save()
    return write(
        reader,
        batch,
        Kind.CONSUMPTION,
        happened_on,
        note=words(note),
        before=before,
        after=values_of(batch, KEPT) | {"used_g": used.value, "used_u_g": used.u},
    )


@transaction.atomic
def transfer(
    reader: Reader, batch: Batch, receiver: str, *, happened_on: dt.date, note: str = ""
) -> Step:
    """Send a batch to another holder, whose receipt is then awaited.

    Raises
    ------
    Refused
        Not allowed, no such holder, or its licence does not permit it.
    """
    batch = locked(batch)
    require(reader, batch, Kind.TRANSFER)
    check_day(happened_on, batch.since)
    carrier = Source(holder=batch.holder, originator=batch.originator, realm=batch.realm)
    batch.holder, holder = held_still(batch.holder, receiver_named(carrier, receiver))
    arriving = _arriving(batch, happened_on, batch.holder.name)
    pass_gates_for(reader, batch, arriving, holder)
    before = values_of(batch, KEPT)
    hand_over(batch, holder, reader.person)
    batch.place = ""
    batch.save()
    return write(
        reader,
        batch,
        Kind.TRANSFER,
        happened_on,
        note=words(note),
        holder=holder,
        before=before,
        after=values_of(batch, KEPT),
    )


@transaction.atomic
def end_batch(reader: Reader, batch: Batch, kind: Kind, *, happened_on: dt.date, note: str) -> Step:
    """Report that a batch was disposed of, or withdraw its entry.

    Raises
    ------
    Refused
        Not allowed, or without words.
    """
    batch = locked(batch)
    require(reader, batch, kind)
    check_day(happened_on, batch.since)
    note = words(note, needed=_("Say how and where."))
    state = BatchState.DISPOSED if kind is Kind.DISPOSAL else BatchState.WITHDRAWN
    step = _end(reader, batch, state, kind, happened_on, note, [])
    if kind is Kind.WITHDRAWAL:
        close_to_holder(batch)
    return step


@transaction.atomic
def correct_batch(
    reader: Reader, batch: Batch, entry: BatchEntry, *, reason: str, seen: int
) -> Step:
    """Correct what is written of a batch; what it said before stays in the step.

    Raises
    ------
    Refused
        Not allowed, without a reason, or something was reported in the meantime.
    """
    batch = locked(batch)
    require(reader, batch, Kind.CORRECTION)
    note = words(reason, needed=_("Say why it is corrected."))
    if number_of(batch) != seen:
        raise Refused(_("Something was reported in the meantime: look again."))
    before = values_of(batch, KEPT)
    for name, value in asdict(entry.checked()).items():
        setattr(batch, name, value)
    batch.save()
    return write(
        reader,
        batch,
        Kind.CORRECTION,
        now().date(),
        note=note,
        before=before,
        after=values_of(batch, KEPT),
    )


def possible(reader: Reader, batch: Batch) -> list[Kind]:
    """What this reader may report of a batch now."""
    if batch.state not in MISSING | {BatchState.HELD} or not may_report(reader, batch):
        return []
    if batch.state in MISSING:
        return [Kind.RECOVERY] + ([Kind.THEFT] if batch.state == BatchState.LOST else [])
    officer = is_officer(reader, batch)
    last = _steps(batch).filter(kind__in=(Kind.TRANSFER, Kind.RECEIPT)).last()
    if last is not None and last.kind == Kind.TRANSFER:
        found = [Kind.RECEIPT, Kind.LOSS, Kind.THEFT, Kind.CORRECTION]
    else:
        found = [Kind.LOSS, Kind.THEFT, Kind.TRANSFER, Kind.MERGE]
        found += [Kind.CORRECTION, Kind.DISPOSAL, Kind.WITHDRAWAL]
        if batch.mass_g is not None:
            found[:0] = [Kind.SPLIT, Kind.CONSUMPTION]
    return [kind for kind in found if officer or kind not in BY_OFFICERS]


def require(reader: Reader, batch: Batch, kind: Kind) -> None:
    """Refuse what cannot be reported of a batch now, or not by this reader."""
    if kind not in possible(reader, batch):
        raise Refused(_("This cannot be reported of the batch now, or not by you."))


def _steps(batch: Batch) -> QuerySet[Step]:
    return Step.objects.filter(row_kind="holdings.batch", row_id=batch.pk)


def _arriving(batch: Batch, day: dt.date, sender: str) -> Arriving:
    return Arriving(contents_of(batch), day, sender, form=FORM, number=batch.items)


def _shipped(batch: Batch, shipper: Amount | None) -> dict[str, object]:
    """Shipper's and receiver's value with their difference, as the step keeps them."""
    if shipper is None or batch.mass_g is None:
        return {}
    found = difference(shipper, Amount(batch.mass_g, batch.mass_u_g))
    return {
        "shipper_g": shipper.value,
        "shipper_u_g": shipper.u,
        "receiver_g": batch.mass_g,
        "receiver_u_g": batch.mass_u_g,
        "difference_g": found.value,
        "difference_u_g": found.u,
        "significant": found.significant,
    }


def _entry_of(
    batch: Batch, *, reference: str, items: int, mass: Amount, share: float
) -> BatchEntry:
    """A part of a batch: everything else as the whole, the activity by its share of the mass."""
    names = ("form", "place", "nuclide", "u235_percent", "pu238_percent", "irradiated")
    activity = batch.activity_Bq
    return BatchEntry(
        reference=reference,
        element=Element(batch.element),
        items=items,
        mass_g=mass.value,
        mass_u_g=mass.u,
        activity_Bq=None if activity is None else activity * share,
        activity_u_Bq=None if batch.activity_u_Bq is None else batch.activity_u_Bq * share,
        activity_on=batch.activity_on,
        **{name: getattr(batch, name) for name in names},
    )


def _mixed(rows: Sequence[Batch], name: str) -> float | None:
    """Share in the mixture, by mass; None where none of them has one."""
    given = [(row.mass_g or 0.0, getattr(row, name)) for row in rows]
    if any(share is None for _mass, share in given):
        return None
    whole = math.fsum(mass for mass, _share in given)
    if not whole:
        return float(given[0][1])
    return math.fsum(mass * share for mass, share in given) / whole


def _made_of(
    parents: Sequence[Batch],
    reader: Reader,
    like: Batch,
    entry: BatchEntry,
    kind: Kind,
    day: dt.date,
) -> Batch:
    mark = highwater(mark_of(parent) for parent in parents)
    (holder,) = held_still(like.holder)
    made = Batch(
        **mark.fields(),
        originator=like.originator,
        created_at=now(),
        created_by=reader.person,
        holder=holder,
        since=day,
        **asdict(entry),
    )
    made.save(force_insert=True)
    mark.stamp(made)
    for parent in parents:
        Lineage.objects.create(parent=parent, child=made)
    if holder.organisation is not None:
        open_to(holder.organisation, [made], reader.person)
    write(
        reader,
        made,
        kind,
        day,
        after=values_of(made, KEPT) | {"out_of": [parent.name for parent in parents]},
    )
    return made


def _end(
    reader: Reader,
    batch: Batch,
    state: BatchState,
    kind: Kind,
    day: dt.date,
    note: str,
    into: Sequence[Batch],
) -> Step:
    before = values_of(batch, KEPT)
    batch.state, batch.since = state, day
    batch.save()
    return write(
        reader,
        batch,
        kind,
        day,
        note=words(note),
        before=before,
        after=values_of(batch, KEPT) | ({"into": [b.name for b in into]} if into else {}),
    )

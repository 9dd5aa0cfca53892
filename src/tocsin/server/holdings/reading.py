"""What a reader sees of the holdings, and what of it belongs together."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast

from tocsin.nuclear import MaterialCategory, material_category
from tocsin.server.exports import Places
from tocsin.server.holdings.models import (
    Batch,
    BatchState,
    CatalogueModel,
    Device,
    Element,
    Shipment,
    Step,
)
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, for_figures, visible
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.reading import source_figures_for, sources_for

MOST_PICKED = 400
"""Sources that are put together at once: below the limit on reading in bulk."""
MOST_SUGGESTED = 200
"""Names that a form offers; they are no reading, as a list to choose from tells of no row."""
SHORTEST_NAME = 10
PLACES = Places(("place",), ~Q(place=""))
"""Of devices and batches: where many are told, the list is of a higher level."""
_ROWS = {
    Element.PLUTONIUM: "Pu",
    Element.URANIUM_233: "U-233",
    Element.URANIUM: "U-235",
}
"""Row of the table of INFCIRC/225 by element; of uranium the mass of U-235 counts."""


def devices_for(reader: Reader) -> QuerySet[Device]:
    """Devices that a reader may see."""
    return visible(reader, Device.objects.select_related("holder"))


def batches_for(reader: Reader) -> QuerySet[Batch]:
    """Batches that a reader may see."""
    return visible(reader, Batch.objects.select_related("holder"))


def batch_figures_for(reader: Reader) -> QuerySet[Batch]:
    """The same for sums, which count all and show none."""
    return for_figures(reader, Batch.objects.select_related("holder"))


def shipments_for(reader: Reader) -> QuerySet[Shipment]:
    """Shipments that a reader may see."""
    return visible(reader, Shipment.objects.select_related("sender", "receiver"))


def models_for(reader: Reader) -> QuerySet[CatalogueModel]:
    """Models of the catalogue that a reader may see."""
    return visible(reader, CatalogueModel.objects.select_related("maker"))


def with_names(rows: QuerySet[CatalogueModel]) -> QuerySet[CatalogueModel]:
    """Models with their lists as text, so that words can be looked for in them."""
    return rows.annotate(
        maker_names=Cast("maker__aliases", TextField()),
        other_names=Cast("aliases", TextField()),
        contents=Cast("nuclides", TextField()),
    )


def names_of(reader: Reader, kind: str = "") -> dict[str, list[str]]:
    """Names of makers and models of the catalogue, for the fields of a form.

    Parameters
    ----------
    kind : str
        Of the models: ``source`` or ``device``; empty for both. Makers are those of both.
    """
    rows = for_figures(reader, CatalogueModel.objects.order_by("name"))
    makers = rows.order_by("maker__name").values_list("maker__name", flat=True).distinct()
    if kind:
        rows = rows.filter(kind=kind)
    return {
        "makers": list(makers[:MOST_SUGGESTED]),
        "models": list(rows.values_list("name", flat=True).distinct()[:MOST_SUGGESTED]),
    }


def life_of(reader: Reader, row: Marked) -> list[Step]:
    """Steps of a row, but for those that name a source which the reader may not see.

    People of a holder see those since it came to them.
    """
    rows = Step.objects.filter(row_kind=row._meta.label_lower, row_id=row.pk)
    rows = rows.filter(Q(source=None) | Q(source__in=source_figures_for(reader).values("pk")))
    rows = rows.select_related("by", "source", "holder")
    if row.originator_id != reader.person.organisation_id:
        last = rows.filter(kind="transfer").last()
        rows = rows.filter(number__gt=last.number if last else 0)
    return list(rows)


def seen_sources(reader: Reader, path: str) -> Count:
    """How many sources there are on a path from a row, of those that a reader may see."""
    seen = source_figures_for(reader).order_by().values("pk")
    return Count(path, filter=Q(**{f"{path}__in": seen}))


def inside(reader: Reader, device: Device) -> list[Source]:
    """Sources in a device that a reader may see, as the steps have made it."""
    return list(sources_for(reader).filter(inside__device=device).order_by("pk"))


def counted(sources: Iterable[Source]) -> list[Source]:
    """Those of which the register says that somebody has them."""
    return [source for source in sources if source.status in HELD]


def at_place(reader: Reader, holder: Holder, place: str) -> list[Source]:
    """Sources that a holder has at a place, by its exact name; all of the holder without one."""
    rows = sources_for(reader).filter(holder=holder, status__in=HELD)
    if place:
        rows = rows.filter(place__iexact=place)
    return list(rows.order_by("pk")[:MOST_PICKED])


def named(reader: Reader, lines: Iterable[str]) -> tuple[list[Source], list[str]]:
    """Held sources by short name, number in the register or serial number, and what names none.

    A line that means several sources names none: the reader is to be told.
    """
    found: dict[uuid.UUID, Source] = {}
    strange: list[str] = []
    wanted = list(lines)
    for line in wanted[:MOST_PICKED]:
        hits = list(sources_for(reader).filter(_meant(line), status__in=HELD)[:2])
        if len(hits) == 1:
            found[hits[0].pk] = hits[0]
        else:
            strange.append(line)
    return list(found.values()), strange + wanted[MOST_PICKED:]


def _meant(text: str) -> Q:
    wanted = Q(reference__iexact=text) | Q(serial__iexact=text)
    bare = text.strip().upper().removeprefix("S-")
    if len(text) == SHORTEST_NAME and all(c in "0123456789ABCDEF" for c in bare):
        first = uuid.UUID(bare.ljust(32, "0"))
        last = uuid.UUID(bare.ljust(32, "F"))
        wanted |= Q(pk__gte=first, pk__lte=last)
    return wanted


@dataclass(frozen=True, slots=True)
class MaterialSum:
    """Nuclear material of one row of the table, put together.

    Parameters
    ----------
    holder : Holder
    place : str
        Empty where all places of the holder are put together.
    material : str
        Row: ``Pu``, ``U-233``, ``U-235`` with its grade.
    mass_g : float
        Of plutonium, U-233 or U-235.
    batches : int
    found : MaterialCategory
    irradiated : bool
        Whether any of it is; the State may then lower the category, which is not done here.
    """

    holder: Holder
    place: str
    material: str
    mass_g: float
    batches: int
    found: MaterialCategory
    irradiated: bool


def material_sums(batches: Iterable[Batch], *, by_place: bool) -> list[MaterialSum]:
    """Categories of nuclear material put together per holder, or per holder and place.

    Uranium is put together by grade as the table parts it: natural and depleted, below 10 per
    cent, below 20 per cent, and above. Each row of the table is judged by itself: how rows add is
    not in it.
    """
    groups: dict[tuple[uuid.UUID, str, str], list[Batch]] = {}
    for batch in batches:
        if batch.state != BatchState.HELD or batch.element not in _ROWS or batch.mass_g is None:
            continue
        place = batch.place.strip().casefold() if by_place else ""
        groups.setdefault((batch.holder_id, place, _row_of(batch)), []).append(batch)
    sums = [_sum_of(rows, by_place=by_place) for rows in groups.values()]
    return sorted(sums, key=lambda s: (s.holder.name, s.place, s.material))


def _row_of(batch: Batch) -> str:
    if batch.element != Element.URANIUM:
        # plutonium that the table leaves out is put together apart
        left_out = _category(batch, batch.mass_g or 0.0).row is None
        return f"{batch.element} {'(not in the table)' if left_out else ''}".strip()
    row = _category(batch, 0.0).row
    return "U-235 (natural or depleted)" if row is None else f"U-235 ({row.grade})"


def _sum_of(rows: list[Batch], *, by_place: bool) -> MaterialSum:
    first = rows[0]
    mass_g = sum(_counted_g(row) for row in rows)
    return MaterialSum(
        first.holder,
        first.place if by_place else "",
        _row_of(first),
        mass_g,
        len(rows),
        _category(first, mass_g),
        any(row.irradiated for row in rows),
    )


def _counted_g(batch: Batch) -> float:
    mass = batch.mass_g or 0.0
    if batch.element == Element.URANIUM:
        return mass * (batch.u235_percent or 0.0) / 100.0
    return mass


def _category(batch: Batch, mass_g: float) -> MaterialCategory:
    return material_category(
        _ROWS[Element(batch.element)],
        mass_g,
        u235_percent=batch.u235_percent if batch.element == Element.URANIUM else None,
        pu238_percent=batch.pu238_percent or 0.0,
    )

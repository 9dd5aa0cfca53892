"""What the holdings add to pages of the register: tabs, panels, a check of the data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from tocsin.server.documents.hanging import open_for
from tocsin.server.holdings.catalogue import misfits, model_of
from tocsin.server.holdings.models import Batch, BatchState, CatalogueModel, Device, Inside
from tocsin.server.holdings.reading import (
    batch_figures_for,
    batches_for,
    devices_for,
    material_sums,
    models_for,
    names_of,
)
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader
from tocsin.server.register.beyond import (
    BELONGINGS,
    CHECKS,
    HOLDER_PANELS,
    SOURCE_PANELS,
    SUGGESTIONS,
    TABS,
    Check,
    Panel,
    Severity,
    Tab,
)
from tocsin.server.register.life import HELD, Status
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.reading import source_figures_for

MOST_SHOWN = 20


def open_holdings() -> None:
    """Let the register show what belongs to the holdings; called when Django starts."""
    TABS.extend(
        (
            Tab("holdings:devices", _("Devices"), "register.read"),
            Tab("holdings:batches", _("Material"), "register.read"),
            Tab("holdings:shipments", _("Shipments"), "register.read"),
            Tab("holdings:together", _("Category together"), "register.read"),
            Tab("holdings:catalogue", _("Catalogue"), "register.read"),
        )
    )
    SOURCE_PANELS.append(source_panel)
    HOLDER_PANELS.append(holder_panel)
    BELONGINGS.append(belongings)
    SUGGESTIONS.append(suggested)
    CHECKS.append(
        Check(
            "unlike_catalogue",
            _("maker and model are in the catalogue, and the entry does not fit them"),
            _("Compare the certificate with the entry, and correct the entry or the catalogue."),
            Severity.WRONG,
            unlike_catalogue,
            of_own_rows=True,
        )
    )
    for noun in ("holdings.device", "holdings.batch"):
        open_for(noun, read="register.read", add="register.report", answers_for=_works_for)
    open_for("holdings.cataloguemodel", read="register.read", add="register.write")
    open_for("holdings.shipment", read="register.read", add="register.write")


def suggested(reader: Reader) -> dict[str, list[str]]:
    """Makers, models and devices of the catalogue, for the fields of an entry."""
    sources, devices = names_of(reader, "source"), names_of(reader, "device")
    return {
        "manufacturer": sources["makers"],
        "model": sources["models"],
        "device": devices["models"],
    }


def _works_for(reader: Reader, row: Device | Batch) -> bool:
    return row.holder.organisation_id == reader.person.organisation_id


def belongings(holder: Holder) -> Iterable[Marked]:
    """Devices and batches of a holder, as far as their entries stand."""
    yield from Device.objects.filter(holder=holder).exclude(status=Status.WITHDRAWN)
    yield from Batch.objects.filter(holder=holder).exclude(state=BatchState.WITHDRAWN)


def source_panel(reader: Reader, source: Source) -> Panel | None:
    """In which device a source is, and what the catalogue says of its model."""
    where = Inside.objects.filter(source=source).first()
    device = devices_for(reader).filter(pk=where.device_id).first() if where else None
    model = model_of(source, list(_models_named(reader, source)))
    if device is None and model is None:
        return None
    return Panel(
        "holdings/source_panel.html",
        {
            "device": device,
            "since": where.since if where else None,
            "model": model,
            "misfits": misfits(source, model) if model is not None else [],
        },
    )


def _models_named(reader: Reader, source: Source) -> Iterator[CatalogueModel]:
    """Models that may bear the name of the source's: a first look that reads few rows."""
    if not (source.manufacturer and source.model):
        return
    rows = CatalogueModel.objects.filter(originator=source.originator_id, realm=source.realm)
    rows = rows.filter(Q(name__istartswith=source.model[:1]) | ~Q(aliases=[]))
    near = [m.pk for m in rows.select_related("maker") if model_of(source, [m]) is not None]
    yield from models_for(reader).filter(pk__in=near)


def holder_panel(reader: Reader, holder: Holder) -> Panel | None:
    """Devices, material and places of a holder."""
    devices = devices_for(reader).filter(holder=holder, status=Status.IN_USE)
    of_holder = Q(holder=holder, state=BatchState.HELD)
    held = source_figures_for(reader).filter(holder=holder, status__in=HELD).order_by()
    places = held.exclude(place="").values_list("place").annotate(n=Count("id")).order_by("place")
    shown = {
        "devices": list(devices[:MOST_SHOWN]),
        "batches": list(batches_for(reader).filter(of_holder)[:MOST_SHOWN]),
        "places": [place for place, n in places if n > 1][:MOST_SHOWN],
        "held": held.exists(),
    }
    if not any(shown.values()):
        return None
    # of all that it has, whatever of it is listed
    sums = material_sums(batch_figures_for(reader).filter(of_holder), by_place=True)
    return Panel("holdings/holder_panel.html", shown | {"holder": holder, "sums": sums})


def unlike_catalogue(sources: Sequence[Source], _day: dt.date) -> Iterable[tuple[Source, str]]:
    """Entries that name a model of the catalogue and do not fit it."""
    held = [source for source in sources if source.status in HELD]
    if not held:
        return
    rows = CatalogueModel.objects.filter(originator=held[0].originator_id, realm=held[0].realm)
    models = list(rows.select_related("maker"))
    known: dict[tuple[str, str], CatalogueModel | None] = {}
    for source in held:
        key = (source.manufacturer.casefold(), source.model.casefold())
        if key not in known:
            known[key] = model_of(source, models)
        model = known[key]
        if model is not None and (said := misfits(source, model)):
            yield source, "; ".join(said)

"""Devices, material, shipments, a catalogue and photographs of the fictional State.

All of it is invented. The catalogue tells what the synthetic register was made from; the rest is
entered as officers would, so that every page has something to show.
"""

from __future__ import annotations

import datetime as dt
import io
from itertools import pairwise

from PIL import Image, ImageDraw

from tocsin.scenario.register.catalogue import SourceModel, source_models
from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.documents.models import Kind as Paper
from tocsin.server.documents.services import attach
from tocsin.server.fiction.licences import VENDOR
from tocsin.server.fiction.register import OFFICER
from tocsin.server.holdings.amounts import Amount
from tocsin.server.holdings.models import CatalogueModel, Device, Element, Kind
from tocsin.server.holdings.services.catalogue import ModelEntry, enter_model
from tocsin.server.holdings.services.devices import DeviceEntry, put_in, register_device
from tocsin.server.holdings.services.material import BatchEntry, consume, receive, split
from tocsin.server.holdings.services.shipments import follow, load, plan
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.life import Status
from tocsin.server.register.models import Source

SAYS = "invented: the models of the fictional State"
DEVICES = 24
IN_DEVICES = ("radiography", "brachytherapy_high", "teletherapy", "portable_gauge", "irradiator")


def fill_holdings() -> None:
    """Enter what the register of the State holds beside sources, unless it is there."""
    officer = reader_of(Person.objects.get(email=OFFICER))
    if CatalogueModel.objects.filter(originator=officer.person.organisation_id).exists():
        return
    for model in source_models():
        enter_model(officer, _entry_of(model))
    sources = _sources(officer)
    if not sources:
        return  # a register so small that nothing in it belongs into a device
    devices = [_device(officer, source, n) for n, source in enumerate(sources[:DEVICES], 1)]
    # its licence is for material in any form
    _material(officer, VENDOR)
    _shipments(officer, sources)
    _papers(officer, sources[0], devices[-1])


def _entry_of(model: SourceModel) -> ModelEntry:
    sizes = [max(size) for size in model.sizes_Bq] or list(model.range_Bq or ())
    forms = [form for form in (model.serial, model.older_serial) if form]
    return ModelEntry(
        kind="source",
        maker=model.maker,
        name=model.model,
        said_by=SAYS,
        nuclides=tuple(
            dict.fromkeys(n.partition("/")[0] for choice in model.choices for n in choice)
        ),
        least_Bq=min(sizes),
        most_Bq=max(sizes),
        serial_form=" | ".join(form.replace("yy", "##") for form in forms),
        looks=f"used in: {model.device}" if model.device else "small capsule or disc",
    )


def _sources(officer: Reader) -> list[Source]:
    """Sources that belong into devices; first those of holders whose people have accounts."""
    rows = Source.objects.filter(
        originator=officer.person.organisation_id,
        status=Status.IN_USE,
        practice__in=IN_DEVICES,
        sent_on=None,
        elsewhere_place="",
    ).select_related("holder__organisation")
    return sorted(rows, key=lambda s: (s.holder.organisation is None, s.holder.name, s.pk.hex))


def _device(officer: Reader, source: Source, number: int) -> Device:
    entry = DeviceEntry(
        maker=source.manufacturer,
        model=source.device or "Holder",
        serial=f"{source.manufacturer[:1]}{7000 + number}",
        practice=source.practice,
        place=source.place,
    )
    device = register_device(officer, source.holder.name, entry)
    put_in(officer, device, source, happened_on=now().date())
    return device


def _material(officer: Reader, holder: str) -> None:
    day = now().date()
    oxide = BatchEntry(
        *("UO2-114", Element.URANIUM, 4),
        mass_g=4120.0,
        mass_u_g=2.1,
        u235_percent=4.4,
        form="oxide pellets",
        place="Store 2",
    )
    fuel = receive(
        officer,
        holder,
        oxide,
        happened_on=day - dt.timedelta(days=40),
        shipper=Amount(4128.5, 2.4),
        shipper_name="A maker abroad",
    )
    parts = [("UO2-114-A", 3, Amount(3090.2, 1.5)), ("UO2-114-B", 1, Amount(1029.9, 1.0))]
    first, _second = split(officer, fuel, parts, happened_on=day - dt.timedelta(days=30))
    used = Amount(12.5, 0.1)
    consume(officer, first, used, happened_on=day - dt.timedelta(days=9), note="Samples")
    shield = BatchEntry(
        *("DU-3", Element.URANIUM, 2), mass_g=46_000.0, u235_percent=0.25, form="metal, shielding"
    )
    receive(officer, holder, shield, happened_on=day - dt.timedelta(days=400))
    iodine = BatchEntry(
        *("I-2201", Element.OTHER, 1),
        nuclide="I-131",
        activity_Bq=3.7e9,
        activity_u_Bq=1.1e8,
        activity_on=day - dt.timedelta(days=3),
        form="solution in a vial",
        place="Hot laboratory",
    )
    receive(officer, holder, iodine, happened_on=day - dt.timedelta(days=2), shipper_name="Medion")


def _shipments(officer: Reader, sources: list[Source]) -> None:
    day = now().date()
    alike = [a for a, b in pairwise(sources) if a.holder_id == b.holder_id]
    sender = (alike or sources)[0].holder
    going = [source for source in sources if source.holder_id == sender.pk][:3]
    for number, (ahead, ends) in enumerate(((12, False), (-20, True)), 1):
        shipment = plan(
            officer,
            reference=f"{day.year}-{number:03}",
            sender=sender,
            receiver=None,
            receiver_text=f"{going[0].manufacturer}, for exchange",
            leaves_on=day + dt.timedelta(days=ahead),
            arrives_on=day + dt.timedelta(days=ahead + 2),
        )
        for source in going:
            load(officer, shipment, source)
        if ends:
            left = day + dt.timedelta(days=ahead)
            follow(officer, shipment, Kind.LEFT, happened_on=left)
            follow(officer, shipment, Kind.ARRIVED, happened_on=left + dt.timedelta(days=2))


def _papers(officer: Reader, source: Source, device: Device) -> None:
    picture = _picture(device.title)
    photo, paper = io.BytesIO(), io.BytesIO()
    picture.save(photo, "JPEG", quality=90)
    picture.save(paper, "PDF")
    said = f"Drawn, not photographed: a yellow device with the words {device.title}"
    for row in (source, device):
        attach(
            officer,
            row,
            photo.getvalue(),
            name="device.jpg",
            kind=Paper.PHOTOGRAPH,
            title="Front of the device",
            words=said,
        )
    attach(
        officer,
        source,
        paper.getvalue(),
        name="certificate.pdf",
        kind=Paper.CERTIFICATE,
        title="Certificate of the source (invented)",
    )


def _picture(text: str) -> Image.Image:
    picture = Image.new("RGB", (1200, 800), "#d8dde2")
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((260, 220, 940, 640), 60, fill="#f2c230", outline="#333333", width=8)
    draw.ellipse((360, 340, 520, 500), fill="#333333")
    draw.arc((420, 80, 780, 380), 180, 360, fill="#333333", width=26)
    draw.text((560, 390), text, fill="#222222", font_size=30)
    draw.text((560, 460), "INVENTED", fill="#222222", font_size=36)
    return picture

"""A row of each kind of the holdings, every text of which holds a canary."""

from __future__ import annotations

from typing import Any

from tocsin.server.clock import now
from tocsin.server.holdings.models import Element
from tocsin.server.holdings.services.catalogue import enter_model, entry_of
from tocsin.server.holdings.services.devices import DeviceEntry, put_in, register_device
from tocsin.server.holdings.services.material import BatchEntry, receive
from tocsin.server.holdings.services.shipments import load, plan
from tocsin.server.marking.policy import Reader
from tocsin.server.register.models import Source


def holdings_rows(registrar: Reader, held: Source, canary: str) -> dict[str, dict[str, Any]]:
    """What each route of the holdings is to be asked for."""
    holder, day = held.holder, now().date()
    told = DeviceEntry(*(f"{name} {canary}" for name in ("maker", "model", "serial")))
    device = register_device(registrar, holder.name, told)
    put_in(registrar, device, held, happened_on=day, note=canary)
    entry = BatchEntry(
        *(f"batch {canary}", Element.PLUTONIUM, 1), mass_g=10.0, form=canary, place=canary
    )
    batch = receive(
        registrar, holder.name, entry, happened_on=day, shipper_name=canary, note=canary
    )
    shipment = plan(
        registrar,
        reference=canary,
        sender=holder,
        receiver=None,
        receiver_text=f"to {canary}",
        leaves_on=day,
        arrives_on=None,
    )
    load(registrar, shipment, held)
    model = enter_model(
        registrar,
        entry_of(
            {"kind": "source", "maker": f"maker {canary}", "model": f"model {canary}"}
            | {"looks": canary, "note": canary, "said_by": canary}
        ),
    )
    rows: dict[str, dict[str, Any]] = {
        "holdings:device_report": {"pk": device.pk, "kind": "move"},
        "holdings:batch_report": {"pk": batch.pk, "kind": "transfer"},
        "holdings:shipment_report": {"pk": shipment.pk, "kind": "cancelled"},
        "holdings:shipment_load": {"pk": shipment.pk},
        "holdings:model_change": {"pk": model.pk},
        "api:holdings_device_report": {"pk": device.pk},
    }
    by_noun = {"device": device, "batch": batch, "shipment": shipment, "model": model}
    for noun, row in by_noun.items():
        rows[f"holdings:{noun}"] = {"pk": row.pk}
    for noun in ("device", "batch"):
        rows[f"holdings:{noun}_correct"] = {"pk": by_noun[noun].pk}
        rows[f"api:holdings_{noun}"] = {"pk": by_noun[noun].pk}
    return rows

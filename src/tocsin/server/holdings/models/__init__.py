"""What the register holds beside sources: catalogue, devices, material, shipments, their steps."""

from tocsin.server.holdings.models.catalogue import MODEL_KINDS, CatalogueModel, Maker
from tocsin.server.holdings.models.devices import Device, Inside
from tocsin.server.holdings.models.material import MISSING, Batch, BatchState, Element, Lineage
from tocsin.server.holdings.models.shipments import Loaded, Shipment, ShipmentState
from tocsin.server.holdings.models.steps import Kind, Outgoing, Step

__all__ = [
    "MISSING",
    "MODEL_KINDS",
    "Batch",
    "BatchState",
    "CatalogueModel",
    "Device",
    "Element",
    "Inside",
    "Kind",
    "Lineage",
    "Loaded",
    "Maker",
    "Outgoing",
    "Shipment",
    "ShipmentState",
    "Step",
]

"""Shipments: which sources go together, from whom to whom and when. No routes."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.marking.models import Marked
from tocsin.server.register.models import Holder, Source


class ShipmentState(models.TextChoices):
    """How far a shipment is."""

    PLANNED = "planned", _("planned")
    UNDER_WAY = "under_way", _("under way")
    ARRIVED = "arrived", _("arrived")
    CANCELLED = "cancelled", _("cancelled")


class Shipment(Marked):
    """A list of sources that go together in one vehicle."""

    reference = models.CharField(_("reference"), max_length=80)
    sender = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey(Holder, null=True, on_delete=models.PROTECT, related_name="+")
    receiver_text = models.CharField(_("receiver"), max_length=200, blank=True)
    leaves_on = models.DateField(_("leaves"))
    arrives_on = models.DateField(_("arrives"), null=True)
    state = models.CharField(
        _("state"), max_length=9, choices=ShipmentState.choices, default=ShipmentState.PLANNED
    )

    class Meta:
        """The latest first."""

        verbose_name = _("shipment")
        ordering = ("-leaves_on", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; it tells nothing of how many others exist."""
        return f"T-{self.pk.hex[:8].upper()}"

    @property
    def title(self) -> str:
        """What people tell it by."""
        return self.reference

    @property
    def to_whom(self) -> str:
        """The receiver in words."""
        return self.receiver.name if self.receiver is not None else self.receiver_text

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("holdings:shipment", args=[self.pk])


class Loaded(models.Model):
    """Which sources are on the list now, as the steps have made it."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="loads")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of adding."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("shipment", "source"), name="holdings_loaded_once"),
        )

    def __str__(self) -> str:
        return f"{self.source_id} on {self.shipment_id}"

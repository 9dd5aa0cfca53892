"""Devices with sources in them."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.marking.models import Marked
from tocsin.server.register.life import Status
from tocsin.server.register.models import Holder, Source

DEVICE_STATUSES = (
    Status.IN_USE,
    Status.LOST,
    Status.STOLEN,
    Status.DISPOSED,
    Status.WITHDRAWN,
)


class Device(Marked):
    """A device, as its steps have made it."""

    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="devices")
    place = models.CharField(_("place"), max_length=200, blank=True)
    maker = models.CharField(_("maker"), max_length=120, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    serial = models.CharField(_("serial number"), max_length=100, blank=True)
    practice = models.CharField(_("practice"), max_length=32, blank=True)
    status = models.CharField(
        _("status"),
        max_length=9,
        choices=[(s.value, s.label) for s in DEVICE_STATUSES],
        default=Status.IN_USE,
    )
    since = models.DateField(_("since"))
    sent_on = models.DateField(null=True)

    class Meta:
        """The newest entry first."""

        verbose_name = _("device")
        ordering = ("-created_at", "id")
        indexes = (
            models.Index(fields=("realm", "holder", "status")),
            models.Index(fields=("serial",)),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; it tells nothing of how many others exist."""
        return f"D-{self.pk.hex[:8].upper()}"

    @property
    def title(self) -> str:
        """What people tell it by."""
        return " ".join(w for w in (self.maker, self.model, self.serial) if w) or self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("holdings:device", args=[self.pk])


class Inside(models.Model):
    """Which source is in which device now, as the steps have made it: in one at most."""

    source = models.OneToOneField(Source, on_delete=models.PROTECT, related_name="inside")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="insides")
    since = models.DateField()

    def __str__(self) -> str:
        return f"{self.source_id} in {self.device_id}"

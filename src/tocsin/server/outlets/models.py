"""An operation in which something leaves: what, where, to whom, by whose word, until when."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.ingest.models import Device
from tocsin.server.marking.models import Marked


class Way(models.TextChoices):
    """How it leaves."""

    COT = "cot", _("Cursor on Target")
    WEBHOOK = "webhook", _("webhook (signed JSON)")
    FETCHED = "fetched", _("KML and GeoJSON, fetched by the receiver")


class Standing(models.TextChoices):
    """How an operation stands, as a page says it."""

    ASKED = "asked", _("waits for a second person")
    RUNNING = "running", _("RUNNING")
    ENDED = "ended", _("ended")
    STOPPED = "stopped", _("switched off")


class Operation(Marked):
    """Something leaves for a receiver, for a while.

    ``level`` and ``tlp`` are the receiver's: nothing above them leaves. ``digest``, ``sent_at``,
    ``tried_at``, ``failures`` and ``trouble`` are no facts of their own; the log has the sendings.
    """

    name = models.CharField(_("name"), max_length=80)
    receiver = models.CharField(_("receiver"), max_length=200)
    way = models.CharField(_("way"), max_length=8, choices=Way.choices)
    address = models.CharField(_("address"), max_length=300, blank=True)
    positions = models.BooleanField(_("places of devices"), default=True)
    alarms = models.BooleanField(_("alarms"), default=True)
    devices = models.ManyToManyField(Device, related_name="+", blank=True)
    south = models.FloatField()
    west = models.FloatField()
    north = models.FloatField()
    east = models.FloatField()
    reason = models.CharField(_("reason"), max_length=400)
    ends_at = models.DateTimeField(_("ends"))
    agreed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    stopped_at = models.DateTimeField(null=True, blank=True)
    token_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    digest = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=200, blank=True)

    class Meta:
        """The latest first; nobody opens a way out alone, whatever the code above does."""

        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(agreed_by=None)
                | (
                    models.Q(created_by__isnull=False) & ~models.Q(agreed_by=models.F("created_by"))
                ),
                name="outlets_two_persons",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("outlets:operation", args=[self.pk])

    def standing(self, at: datetime) -> Standing:
        """How it stands at a moment."""
        if self.stopped_at is not None:
            return Standing.STOPPED
        if at >= self.ends_at:
            return Standing.ENDED
        return Standing.ASKED if self.agreed_at is None else Standing.RUNNING

    def holds(self, latitude: float, longitude: float) -> bool:
        """Whether a place lies in the area."""
        inside = self.south <= latitude <= self.north
        if self.west <= self.east:
            return inside and self.west <= longitude <= self.east
        return inside and (longitude >= self.west or longitude <= self.east)

"""What was reported of a device, a batch or a shipment: one table that only grows."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.register.models import Holder, Source


class Kind(models.TextChoices):
    """What is reported."""

    REGISTRATION = "registration", _("registration")
    PUT_IN = "put_in", _("source put in")
    TAKEN_OUT = "taken_out", _("source taken out")
    MOVE = "move", _("moved to another place")
    TRANSFER = "transfer", _("transfer to another holder")
    RECEIPT = "receipt", _("receipt")
    LOSS = "loss", _("loss")
    THEFT = "theft", _("theft")
    RECOVERY = "recovery", _("recovery")
    DISPOSAL = "disposal", _("disposal")
    SPLIT = "split", _("split")
    MERGE = "merge", _("merged")
    CONSUMPTION = "consumption", _("consumption")
    CORRECTION = "correction", _("correction")
    LOADED = "loaded", _("source added")
    UNLOADED = "unloaded", _("source taken off")
    LEFT = "left", _("left")
    ARRIVED = "arrived", _("arrived")
    CANCELLED = "cancelled", _("cancelled")
    WITHDRAWAL = "withdrawal", _("entry withdrawn")


class Step(AppendOnly):
    """One report; never changed, corrected by a later one.

    ``row_kind`` and ``row_id`` name the device, batch or shipment. ``source`` is what was put in,
    taken out or loaded.
    """

    row_kind = models.CharField(max_length=64)
    row_id = models.UUIDField()
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    happened_on = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(max_length=4000, blank=True)
    source = models.ForeignKey(Source, null=True, on_delete=models.PROTECT, related_name="+")
    holder = models.ForeignKey(Holder, null=True, on_delete=models.PROTECT, related_name="+")
    before: models.JSONField[Any, Any] = models.JSONField(default=dict)
    after: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        """In the order of reporting."""

        ordering = ("row_id", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("row_kind", "row_id", "number"), name="holdings_one_number"
            ),
        )
        indexes = (models.Index(fields=("source",)),)

    def __str__(self) -> str:
        return f"{self.row_kind} {self.row_id} {self.number} {self.kind}"


class Outgoing(models.Model):
    """What apps above must hear of: written with the step, read after it."""

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True, db_index=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        """In the order of writing."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.step_id} {self.written_at:%Y-%m-%d %H:%M}"

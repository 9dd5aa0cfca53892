"""Devices, what they send, and what was refused."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.marking.immutable import AppendOnly, MarkedOnceQuerySet
from tocsin.server.marking.models import Marked
from tocsin.server.measurements.models import Upload

SILENT_AFTER = timedelta(seconds=60)
"""A device whose survey is not over and that was not heard of for so long is silent."""


TURNED_AWAY_FOR = timedelta(seconds=30)
"""So long after the last message that was left with it a page says so of a device."""


MOST_TRIES = 3
"""So often it is begun to bring the records of a survey together."""


class DeviceState(models.TextChoices):
    """How a device stands, as a page says it."""

    NEVER = "never", _("never heard of")
    LIVE = "live", _("sending")
    SILENT = "silent", _("SILENT")
    RESTING = "resting", _("survey ended")
    REVOKED = "revoked", _("revoked")


def standing(
    *, revoked: bool, last_seen_at: datetime | None, ended: bool, at: datetime
) -> DeviceState:
    """How a device stands at a moment, whose latest survey has ended or not."""
    if revoked:
        return DeviceState.REVOKED
    if last_seen_at is None:
        return DeviceState.NEVER
    if ended:
        return DeviceState.RESTING
    return DeviceState.SILENT if at - last_seen_at > SILENT_AFTER else DeviceState.LIVE


class Device(Marked):
    """A device in the field with its key. What it sends takes its marking.

    ``last_seen_at`` and ``turned_away_at`` are no facts of their own and leave no trace in the log.
    """

    name = models.CharField(_("name"), max_length=80)
    instrument = models.CharField(_("instrument"), max_length=200, blank=True)
    public_key = models.CharField(_("public key"), max_length=200)
    fingerprint = models.CharField(_("fingerprint"), max_length=32, unique=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)
    turned_away_at = models.DateTimeField(_("turned away"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    revoke_reason = models.CharField(_("reason"), max_length=400, blank=True)

    class Meta:
        """By name."""

        ordering = ("name", "created_at")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("ingest:device", args=[self.pk])

    @property
    def is_turned_away(self) -> bool:
        """Whether its records were lately left waiting on it."""
        return self.turned_away_at is not None and now() - self.turned_away_at < TURNED_AWAY_FOR

    @property
    def latest(self) -> LiveSurvey | None:
        """The survey that was heard of last."""
        found: LiveSurvey | None = self.surveys.order_by("-last_at").first()
        return found

    @property
    def state(self) -> DeviceState:
        """How it stands now."""
        survey = self.latest
        return standing(
            revoked=self.revoked_at is not None,
            last_seen_at=self.last_seen_at,
            ended=survey is not None and survey.ended,
            at=now(),
        )


class LiveSurvey(Marked):
    """One run of a device's agent, as far as it is here.

    The columns repeat what follows from the batches, so that lists need not read them; ``tries``
    and ``tried_at`` say how often it was begun to bring them together.
    """

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="surveys")
    boot = models.CharField(max_length=32)
    last_at = models.DateTimeField(_("last message"))
    records_through = models.BigIntegerField(default=-1)
    alarms_through = models.BigIntegerField(default=-1)
    ends_before = models.BigIntegerField(null=True, blank=True)
    faults = models.PositiveIntegerField(_("faults of clock and place"), default=0)
    rate_cps = models.FloatField(_("count rate"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    upload = models.OneToOneField(
        Upload, null=True, blank=True, on_delete=models.PROTECT, related_name="live_survey"
    )

    class Meta:
        """The latest first."""

        ordering = ("-last_at",)
        constraints = (
            models.UniqueConstraint(fields=("device", "boot"), name="one_survey_per_boot"),
        )
        indexes = (models.Index(fields=("last_at",)),)

    def __str__(self) -> str:
        return f"{self.device.name} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def records(self) -> int:
        """Records without a gap from the first."""
        return self.records_through + 1

    @cached_property
    def records_here(self) -> int:
        """All its records, also those behind a gap, which count once it was ended by hand."""
        # an end without a record counts none: its last number is the one before its first
        added = self.batches.aggregate(n=models.Sum(models.F("last") - models.F("first") + 1))
        return int(added["n"] or 0)

    @cached_property
    def is_gone(self) -> bool:
        """Whether its records were let go; its measurement stays."""
        return LiveSurvey.objects.filter(pk=self.pk, gone__isnull=False).exists()

    @property
    def ended(self) -> bool:
        """Whether the device has said that no further record will come."""
        return self.ends_before is not None

    @property
    def complete(self) -> bool:
        """Whether it has ended and every record is here."""
        return self.ends_before is not None and self.records == self.ends_before

    @property
    def given_up(self) -> bool:
        """Whether its measurement could not be made in all tries."""
        return self.complete and self.upload_id is None and self.tries >= MOST_TRIES


class Batch(AppendOnly):
    """Some seconds of records: the envelope as it came, and columns for pages."""

    survey = models.ForeignKey(LiveSurvey, on_delete=models.PROTECT, related_name="batches")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    ends = models.BooleanField(default=False)
    received_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    envelope = models.BinaryField()
    summary = models.BinaryField(blank=True, default=b"")
    faults: models.JSONField[Any, Any] = models.JSONField(default=list)

    class Meta:
        """In the order of numbers."""

        ordering = ("survey", "first")
        constraints = (
            models.UniqueConstraint(fields=("survey", "first"), name="one_batch_per_first"),
        )

    def __str__(self) -> str:
        return f"{self.survey_id} {self.first} to {self.last}"


class EdgeMessage(AppendOnly, Marked):
    """What the detector on a device said of an encounter, as it came and as it was understood."""

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    survey = models.ForeignKey(LiveSurvey, on_delete=models.PROTECT, related_name="messages")
    number = models.BigIntegerField()
    stage = models.CharField(max_length=8)
    encounter = models.PositiveIntegerField()
    said: models.JSONField[Any, Any] = models.JSONField()
    sha256 = models.CharField(max_length=64)
    envelope = models.BinaryField()

    class Meta:
        """In the order of numbers."""

        ordering = ("survey", "number")
        constraints = (
            models.UniqueConstraint(fields=("survey", "number"), name="one_message_per_number"),
        )

    def __str__(self) -> str:
        words = {"number": self.encounter, "device": self.survey.device.name}
        return _("encounter {number}, told by {device}").format(**words)

    def get_absolute_url(self) -> str:
        """The page of its device."""
        return self.survey.device.get_absolute_url()


class ServerMessage(AppendOnly, Marked):
    """What the server's own detector said of an encounter, from the records of the device.

    Encounters of the device and of the server are counted apart; what they say of the same records
    calls people once (:mod:`tocsin.server.ingest.presented`).
    """

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    survey = models.ForeignKey(LiveSurvey, on_delete=models.PROTECT, related_name="server_messages")
    stage = models.CharField(max_length=8)
    encounter = models.PositiveIntegerField()
    record = models.BigIntegerField()
    said: models.JSONField[Any, Any] = models.JSONField()

    class Meta:
        """In the order of saying."""

        ordering = ("survey", "created_at")
        constraints = (
            models.UniqueConstraint(
                fields=("survey", "encounter", "stage"), name="one_server_message_per_stage"
            ),
        )

    def __str__(self) -> str:
        words = {"number": self.encounter, "device": self.survey.device.name}
        return _("encounter {number}, found by the server in the records of {device}").format(
            **words
        )

    def get_absolute_url(self) -> str:
        """The page of its device."""
        return self.survey.device.get_absolute_url()


class HeardState(models.Model):
    """Where the server's detector stands in a survey: a note from which it goes on after an end.

    No fact: it follows from the batches, is written over, and goes when the survey is over.
    """

    survey = models.OneToOneField(
        LiveSurvey, primary_key=True, on_delete=models.CASCADE, related_name="heard"
    )
    through = models.BigIntegerField()
    values: models.JSONField[Any, Any] = models.JSONField()
    state = models.BinaryField()
    saved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.survey_id} through {self.through}"


class Shed(models.TextChoices):
    """What is left undone under load, in this order; alarms within the share of a device never."""

    MAP = "map", _("the map is drawn less often")
    BACKGROUND = "background", _("records wait on their devices; alarms are taken")
    ONE = (
        "one",
        _("alarms beyond the share of one device wait on it; those of all others are taken"),
    )


class Shedding(models.Model):
    """A time in which something was left undone; two leaves of the log, at its ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    what = models.CharField(max_length=10, choices=Shed.choices)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    turned_away = models.PositiveBigIntegerField(default=0)

    class Meta:
        """The latest first."""

        ordering = ("-began_at",)

    def __str__(self) -> str:
        return f"{self.what} {self.began_at}"


class Refusal(AppendOnly):
    """A message that was not taken."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="refusals")
    at = models.DateTimeField(db_index=True)
    code = models.CharField(max_length=24)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()

    class Meta:
        """The latest first."""

        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.code} {self.at}"

    @property
    def realm(self) -> str:
        """That of the device, for the log."""
        return self.device.realm if self.device is not None else ""

    @property
    def originator_id(self) -> uuid.UUID | None:
        """Organisation of the device, for the log."""
        return self.device.originator_id if self.device is not None else None

"""Alarms and their events, response sheets, and the outbox for the apps above."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import Role
from tocsin.server.alarms.names import CLASSES, ROLES, STATES, TRIGGERS
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked


class Alarm(Marked):
    """An encounter, or a piece of information, presented to people.

    The truth is the list of its events. The columns from ``state`` on repeat what the fold of the
    events gives, so that lists can be filtered; a test compares the two.
    """

    title = models.CharField(_("title"), max_length=200)
    instrument = models.CharField(_("instrument"), max_length=200, blank=True)
    encounter_kind = models.CharField(max_length=64, blank=True)
    encounter_id = models.UUIDField(null=True, blank=True, db_index=True)
    measured_at = models.DateTimeField(_("measured"), null=True, blank=True)
    statistic = models.FloatField(null=True, blank=True)
    threshold = models.FloatField(null=True, blank=True)
    false_alarm_rate_per_h = models.FloatField(null=True, blank=True)
    nuclides: models.JSONField[Any, Any] = models.JSONField(default=list)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    radius_m_95 = models.FloatField(null=True, blank=True)
    versions: models.JSONField[Any, Any] = models.JSONField(default=dict)

    state = models.CharField(
        _("state"), max_length=16, choices=[(s.value, n) for s, n in STATES.items()]
    )
    since = models.DateTimeField(_("since"))
    raised_at = models.DateTimeField(_("raised"), db_index=True)
    trigger = models.CharField(
        _("trigger"), max_length=12, choices=[(t.value, n) for t, n in TRIGGERS.items()]
    )
    source_class = models.CharField(
        _("class"), max_length=12, blank=True, choices=list(CLASSES.items())
    )
    gravity: models.JSONField[Any, Any] = models.JSONField(default=list)
    grave = models.BooleanField(default=False)
    neutron = models.BooleanField(default=False)
    dose_rate_uSv_h = models.FloatField(null=True, blank=True)
    safety = models.BooleanField(default=False)
    two_persons = models.BooleanField(default=False)
    called = models.CharField(max_length=12)
    timer_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=24, blank=True)
    reason = models.CharField(max_length=40, blank=True)

    class Meta:
        """The latest first."""

        ordering = ("-raised_at",)
        indexes = (
            models.Index(fields=("state", "raised_at")),
            models.Index(fields=("source_class", "raised_at")),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("encounter_id",),
                condition=models.Q(encounter_id__isnull=False),
                name="one_alarm_per_encounter",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; made of the identity, so that it tells nothing of how many others exist."""
        return f"A-{self.pk.hex[:8].upper()}"

    @property
    def called_name(self) -> str:
        """The highest role that was called, in words."""
        return str(ROLES[Role(self.called)])

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("alarms:alarm", args=[self.pk])


class AlarmEvent(AppendOnly):
    """One fact in the life of an alarm; never changed, only followed by another."""

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=24)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)
    evidence: models.JSONField[Any, Any] = models.JSONField(default=list)
    facts: models.JSONField[Any, Any] = models.JSONField(null=True)
    confidence = models.FloatField(null=True)
    cannot_exclude: models.JSONField[Any, Any] = models.JSONField(null=True)
    timer = models.CharField(max_length=12, blank=True)
    levels: models.JSONField[Any, Any] = models.JSONField(default=list)
    recipients: models.JSONField[Any, Any] = models.JSONField(default=list)
    trigger = models.CharField(max_length=12, blank=True)

    class Meta:
        """In the order of happening."""

        ordering = ("alarm", "number")
        constraints = (
            models.UniqueConstraint(fields=("alarm", "number"), name="one_event_per_number"),
        )

    def __str__(self) -> str:
        return f"{self.alarm_id} {self.number} {self.kind}"


class EntryKind(models.TextChoices):
    """Lines of a response sheet."""

    ENTERED = "entered", _("entered the area")
    LEFT = "left", _("left the area")
    DOSE = "dose", _("dose read from a dosimeter")
    AREA = "area", _("area and cordon")
    READING = "reading", _("dose rate measured")


class ResponseEntry(AppendOnly):
    """One line of the response sheet; a wrong line is followed by one that corrects it."""

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="response")
    kind = models.CharField(_("what"), max_length=8, choices=EntryKind.choices)
    at = models.DateTimeField(_("when"))
    who = models.CharField(_("who"), max_length=120, blank=True)
    place = models.CharField(_("area"), max_length=200, blank=True)
    value = models.FloatField(_("value"), null=True, blank=True)
    unit = models.CharField(_("unit"), max_length=8, blank=True)
    source = models.CharField(_("instrument or dosimeter"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=400, blank=True)
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """By time."""

        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.alarm_id} {self.kind}"


class Outgoing(models.Model):
    """What the apps above must hear of: written in the transaction of the change, read after it."""

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(AlarmEvent, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True, db_index=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        """In the order of writing."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.alarm_id} {self.event_id}"

"""An incident: what happened. Reports of it and objects in it stand beside it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.incidents.facts import Audience, IncidentKind, Share, Standing
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked


class IncidentState(models.TextChoices):
    """How far an incident is."""

    OPEN = "open", _("open")
    WITHDRAWN = "withdrawn", _("withdrawn: what it rests on was taken back")
    CLOSED = "closed", _("closed")


class Incident(Marked):
    """What happened.

    The truth is the list of its statements. The columns from ``kind`` on repeat what the statements
    of the incident and of its objects say now, so that lists can be filtered; a test compares the
    two.
    """

    title = models.CharField(_("title"), max_length=200)
    opened_at = models.DateTimeField(_("opened"), db_index=True)
    happened_at = models.DateTimeField(_("happened"), null=True, blank=True)
    alarm_id = models.UUIDField(unique=True, null=True, blank=True)
    source_id = models.UUIDField(db_index=True, null=True, blank=True)
    batch_id = models.UUIDField(db_index=True, null=True, blank=True)
    source_class = models.CharField(_("class"), max_length=12, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=IncidentState.choices)
    external_id = models.CharField(_("number elsewhere"), max_length=100, blank=True)

    kind = models.CharField(_("kind"), max_length=12, choices=IncidentKind.choices, blank=True)
    group = models.CharField(_("group"), max_length=16, blank=True)
    group_edition = models.CharField(max_length=8, blank=True)
    status = models.CharField(_("standing"), max_length=10, choices=Standing.choices, blank=True)
    started_at = models.DateTimeField(_("from"), null=True, blank=True)
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    place = models.CharField(_("place"), max_length=200, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    transport = models.BooleanField(_("in transport"), null=True, blank=True)
    recovered = models.CharField(_("recovered"), max_length=4, choices=Share.choices, blank=True)
    recovered_on = models.DateField(null=True, blank=True)
    nuclides = models.CharField(_("nuclides"), max_length=300, blank=True)
    category = models.PositiveSmallIntegerField(_("category"), null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """The latest first."""

        ordering = ("-opened_at", "id")
        indexes = (
            models.Index(fields=("realm", "-opened_at", "id")),
            models.Index(fields=("realm", "kind", "-opened_at")),
            models.Index(fields=("realm", "year")),
            models.Index(fields=("realm", "country")),
            models.Index(fields=("external_id",)),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; made of the identity, so that it tells nothing of how many others exist."""
        return f"I-{self.pk.hex[:8].upper()}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:incident", args=[self.pk])


class IncidentEvent(AppendOnly):
    """What was done with an incident and why; never changed."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=IncidentState.choices)
    note = models.TextField(max_length=4000)
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of happening."""

        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.incident_id} {self.at:%Y-%m-%d %H:%M}"


class IncidentStatement(AppendOnly):
    """One fact about an incident as somebody stated it; never changed, followed by another.

    Three times are kept apart. ``valid_from`` is the day from which it holds in the world, where
    that is another than the time of the incident (a recovery, a change of group that was decided on
    a day). ``known_at`` is when it was known: for what is typed in, the moment of typing; for what
    was published before, the moment of publication. ``recorded_at`` is when this system wrote it,
    which nobody can set. The present is the last statement of a field by ``known_at``; the state on
    a past day is the last one known until then.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="statements")
    field = models.CharField(max_length=16)
    value: models.JSONField[Any, Any] = models.JSONField(null=True)
    valid_from = models.DateField(null=True, blank=True)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    report = models.ForeignKey(
        "incidents.Report", null=True, on_delete=models.PROTECT, related_name="+"
    )
    audience = models.CharField(
        max_length=8, choices=Audience.choices, default=Audience.PRIVATE.value
    )

    class Meta:
        """In the order of knowing."""

        ordering = ("known_at", "id")
        indexes = (models.Index(fields=("incident", "known_at")),)

    def __str__(self) -> str:
        return f"{self.incident_id} {self.field} {self.known_at:%Y-%m-%d}"


class IncidentWord(models.Model):
    """A word of an incident, for the search: made anew with each statement."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="words")
    word = models.CharField(max_length=40)

    class Meta:
        """One row for each word of an incident; found by its beginning in every collation."""

        indexes = (
            models.Index(
                fields=("word", "incident"),
                name="incidents_word",
                opclasses=("varchar_pattern_ops", "uuid_ops"),
            ),
        )

    def __str__(self) -> str:
        return self.word

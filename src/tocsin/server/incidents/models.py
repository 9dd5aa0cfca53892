"""An incident: what happened. Reports of it and objects in it come to stand beside it."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked


class IncidentState(models.TextChoices):
    """How far an incident is."""

    OPEN = "open", _("open")
    WITHDRAWN = "withdrawn", _("withdrawn: the alarm behind it was judged anew")
    CLOSED = "closed", _("closed")


class Incident(Marked):
    """A first record of what happened, opened by a confirmed alarm or by the loss of a source."""

    title = models.CharField(_("title"), max_length=200)
    opened_at = models.DateTimeField(_("opened"), db_index=True)
    happened_at = models.DateTimeField(_("happened"), null=True, blank=True)
    alarm_id = models.UUIDField(unique=True, null=True, blank=True)
    source_id = models.UUIDField(db_index=True, null=True, blank=True)
    source_class = models.CharField(_("class"), max_length=12, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=IncidentState.choices)

    class Meta:
        """The latest first."""

        ordering = ("-opened_at",)

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

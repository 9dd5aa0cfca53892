"""What leaves: release by field, and notifications."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.incidents.facts import Audience
from tocsin.server.incidents.models.incident import Incident
from tocsin.server.marking.models import Marked


class FieldRelease(models.Model):
    """Fields of an incident opened to an audience, or closed again.

    To open takes a second person; to close does not. It covers what was stated until it was asked
    for: what is stated later is private until it is asked for anew.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="releases")
    fields: models.JSONField[Any, Any] = models.JSONField()
    audience = models.CharField(_("audience"), max_length=8, choices=Audience.choices)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    reason = models.CharField(_("reason"), max_length=400)
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    approved = models.BooleanField(null=True)
    answer = models.CharField(max_length=400, blank=True)

    class Meta:
        """In the order of asking; nobody opens alone, whatever the code above does."""

        ordering = ("asked_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(decided_by=None)
                | models.Q(audience=Audience.PRIVATE.value)
                | ~models.Q(decided_by=models.F("asked_by")),
                name="incidents_release_two_persons",
            ),
        )

    def __str__(self) -> str:
        return f"{self.incident_id} {self.audience}"


class NotificationKind(models.TextChoices):
    """Which of several about one incident."""

    INITIAL = "initial", _("first notification")
    UPDATE = "update", _("update")
    WITHDRAWAL = "withdrawal", _("withdrawal")


class Notification(Marked):
    """A notification form of an incident; once it is marked as sent it stays as it is."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="notifications")
    number = models.PositiveIntegerField()
    kind = models.CharField(_("which"), max_length=10, choices=NotificationKind.choices)
    entries: models.JSONField[Any, Any] = models.JSONField(default=dict)
    contact = models.CharField(_("contact"), max_length=200, blank=True)
    remarks = models.TextField(_("remarks"), max_length=4000, blank=True)
    restriction = models.CharField(_("restriction of dissemination"), max_length=200, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    sent_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    sent_to = models.CharField(_("sent to"), max_length=200, blank=True)

    class Meta:
        """In the order of making."""

        ordering = ("incident", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "number"), name="incidents_notification_number"
            ),
        )

    def __str__(self) -> str:
        return f"N-{self.pk.hex[:8].upper()}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:notification", args=[self.pk])

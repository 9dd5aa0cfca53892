"""A report: somebody said so, by some way, at some time. What was said is kept as it came."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.files.models import StoredFile
from tocsin.server.incidents.facts import Channel, Reliability
from tocsin.server.incidents.models.incident import Incident
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked


class Report(Marked):
    """What somebody said; the original is never changed.

    ``said_by`` names an organisation or an office, no person: who a person is stands in a note of
    its own compartment.
    """

    channel = models.CharField(_("way"), max_length=12, choices=Channel.choices)
    said_by = models.CharField(_("who said it"), max_length=200, blank=True)
    said_at = models.DateTimeField(_("said"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), db_index=True)
    title = models.CharField(_("title"), max_length=200)
    original = models.TextField(_("as it was said"), max_length=20000, blank=True)
    file = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    address = models.CharField(_("where it is published"), max_length=400, blank=True)
    external_id = models.CharField(_("number elsewhere"), max_length=100, blank=True)
    reliability = models.CharField(
        _("reliability"),
        max_length=12,
        choices=Reliability.choices,
        default=Reliability.UNJUDGED.value,
    )

    class Meta:
        """The latest first."""

        ordering = ("-received_at", "id")
        indexes = (models.Index(fields=("external_id",)),)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; made of the identity, so that it tells nothing of how many others exist."""
        return f"R-{self.pk.hex[:8].upper()}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:report", args=[self.pk])


class Says(models.TextChoices):
    """What a report does for an incident or an object."""

    TELLS = "tells", _("tells of it")
    SUPPORTS = "supports", _("supports it")
    CONTRADICTS = "contradicts", _("speaks against it")
    UNRELATED = "unrelated", _("is about something else after all")


class ReportIncident(AppendOnly):
    """That a report is about an incident, with what it is evidence of; the last row counts."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="of_incidents")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="of_reports")
    says = models.CharField(max_length=12, choices=Says.choices)
    evidence = models.CharField(_("what shows it"), max_length=400, blank=True)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of knowing."""

        ordering = ("known_at", "id")

    def __str__(self) -> str:
        return f"{self.report_id} {self.says} {self.incident_id}"

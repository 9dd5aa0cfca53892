"""An object: to what it happened. One object may be in several incidents, years apart."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.incidents.facts import Audience, ObjectKind, Share
from tocsin.server.incidents.models.incident import Incident
from tocsin.server.incidents.models.reports import Report, Says
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked


class Object(Marked):
    """A source, a device, material or an item, as far as it is known.

    The truth is the list of its statements; the columns repeat the present. ``source_id`` is the
    source of the register that it is, once a person has said so; ``batch_id`` the batch of material
    that was reported missing.
    """

    kind = models.CharField(_("kind"), max_length=12, choices=ObjectKind.choices, blank=True)
    manufacturer = models.CharField(_("maker"), max_length=200, blank=True)
    model = models.CharField(_("model"), max_length=200, blank=True)
    serials: models.JSONField[Any, Any] = models.JSONField(default=list)
    device_type = models.CharField(_("type of device"), max_length=200, blank=True)
    contents: models.JSONField[Any, Any] = models.JSONField(default=list)
    nuclides = models.CharField(_("nuclides"), max_length=300, blank=True)
    mass_g = models.FloatField(_("mass in g"), null=True, blank=True)
    enrichment_percent = models.FloatField(_("enrichment in percent"), null=True, blank=True)
    form = models.CharField(_("form, packing, shielding"), max_length=200, blank=True)
    marks = models.CharField(_("marks"), max_length=200, blank=True)
    category = models.PositiveSmallIntegerField(_("category"), null=True, blank=True)
    recovered = models.CharField(_("recovered"), max_length=4, choices=Share.choices, blank=True)
    recovered_on = models.DateField(null=True, blank=True)
    recovered_where = models.CharField(max_length=200, blank=True)
    source_id = models.UUIDField(null=True, blank=True, db_index=True)
    batch_id = models.UUIDField(null=True, blank=True, db_index=True)

    class Meta:
        """The newest first."""

        ordering = ("-created_at", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; made of the identity, so that it tells nothing of how many others exist."""
        return f"O-{self.pk.hex[:8].upper()}"

    @property
    def title(self) -> str:
        """What people tell it by."""
        numbers = " ".join(row["value"] for row in self.serials)
        parts = (self.nuclides, self.manufacturer, self.model, numbers)
        words = " ".join(part for part in parts if part)
        return words or str(self.get_kind_display())

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:object", args=[self.pk])


class ObjectStatement(AppendOnly):
    """One fact about an object as somebody stated it; its times as those of an incident."""

    object = models.ForeignKey(Object, on_delete=models.PROTECT, related_name="statements")
    field = models.CharField(max_length=20)
    value: models.JSONField[Any, Any] = models.JSONField(null=True)
    valid_from = models.DateField(null=True, blank=True)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    report = models.ForeignKey(Report, null=True, on_delete=models.PROTECT, related_name="+")
    audience = models.CharField(
        max_length=8, choices=Audience.choices, default=Audience.PRIVATE.value
    )

    class Meta:
        """In the order of knowing."""

        ordering = ("known_at", "id")
        indexes = (models.Index(fields=("object", "known_at")),)

    def __str__(self) -> str:
        return f"{self.object_id} {self.field} {self.known_at:%Y-%m-%d}"


class ObjectIncident(AppendOnly):
    """That an object is in an incident, or is not after all; the last row counts."""

    object = models.ForeignKey(Object, on_delete=models.PROTECT, related_name="in_incidents")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="with_objects")
    holds = models.BooleanField(default=True)
    evidence = models.CharField(_("what shows it"), max_length=400, blank=True)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of knowing."""

        ordering = ("known_at", "id")

    def __str__(self) -> str:
        return f"{self.object_id} in {self.incident_id}"


class ReportObject(AppendOnly):
    """That a report is about an object, with what it is evidence of; the last row counts."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="of_objects")
    object = models.ForeignKey(Object, on_delete=models.PROTECT, related_name="of_reports")
    says = models.CharField(max_length=12, choices=Says.choices)
    evidence = models.CharField(_("what shows it"), max_length=400, blank=True)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of knowing."""

        ordering = ("known_at", "id")

    def __str__(self) -> str:
        return f"{self.report_id} {self.says} {self.object_id}"


class Sameness(AppendOnly):
    """A person's word that two rows are one thing, or are not; the last row of a pair counts.

    Objects and incidents are resolved apart: the same object may be in two incidents, and one
    incident may be told of as if it were two.
    """

    class Of(models.TextChoices):
        """What is the same."""

        OBJECT = "object", _("object")
        INCIDENT = "incident", _("incident")
        SOURCE = "source", _("object and source of the register")

    of = models.CharField(max_length=8, choices=Of.choices)
    a_id = models.UUIDField(db_index=True)
    b_id = models.UUIDField(db_index=True)
    same = models.BooleanField()
    evidence: models.JSONField[Any, Any] = models.JSONField(default=dict)
    reason = models.CharField(max_length=400)
    known_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of knowing."""

        ordering = ("known_at", "id")

    def __str__(self) -> str:
        return f"{self.a_id} {'is' if self.same else 'is not'} {self.b_id}"

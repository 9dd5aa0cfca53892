"""Work on incidents: tasks, watches, notes on persons, tables that are brought."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.files.models import StoredFile
from tocsin.server.incidents.models.incident import Incident
from tocsin.server.marking.models import Marked


class Task(Marked):
    """Something that somebody is to do about an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="tasks")
    what = models.CharField(_("what"), max_length=400)
    who = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    until = models.DateField(_("until"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    result = models.CharField(_("result"), max_length=400, blank=True)

    class Meta:
        """What is due first stands first."""

        ordering = ("until", "id")
        indexes = (models.Index(fields=("who", "until")),)

    def __str__(self) -> str:
        return self.what


class Watch(models.Model):
    """A person wants to hear when something changes; each has the own list."""

    class Of(models.TextChoices):
        """What is watched."""

        INCIDENT = "incident", _("incident")
        SERIAL = "serial", _("serial number")
        NUCLIDE = "nuclide", _("nuclide")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    realm = models.CharField(max_length=9)
    of = models.CharField(_("what"), max_length=8, choices=Of.choices)
    value = models.CharField(_("which"), max_length=100)
    created_at = models.DateTimeField()

    class Meta:
        """One watch for each thing."""

        ordering = ("of", "value")
        constraints = (
            models.UniqueConstraint(
                fields=("person", "realm", "of", "value"), name="incidents_watch_once"
            ),
        )
        indexes = (models.Index(fields=("realm", "of", "value")),)

    def __str__(self) -> str:
        return f"{self.of} {self.value}"


class PersonNote(Marked):
    """What is known of a person in an incident, in a compartment of its own.

    It is in no search, no export, no statistics and no notification.
    """

    class Part(models.TextChoices):
        """What the person has to do with it."""

        SUSPECT = "suspect", _("suspect")
        WITNESS = "witness", _("witness")
        REPORTER = "reporter", _("reporter")
        EXPOSED = "exposed", _("may have been exposed")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(_("part"), max_length=10, choices=Part.choices)
    note = models.TextField(_("note"), max_length=4000)
    purpose = models.CharField(_("what it is kept for"), max_length=200)
    keep_until = models.DateField(_("kept until"))

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"P-{self.pk.hex[:8].upper()}"


class IncidentImport(Marked):
    """A table of incidents that was brought, or is about to be."""

    class State(models.TextChoices):
        """How far an import is."""

        CHECKED = "checked", _("checked, not taken over")
        APPLIED = "applied", _("taken over")
        UNDONE = "undone", _("undone")

    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=200)
    header: models.JSONField[Any, Any] = models.JSONField(default=list)
    mapping: models.JSONField[Any, Any] = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    good = models.PositiveIntegerField(default=0)
    faults: models.JSONField[Any, Any] = models.JSONField(default=list)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.CHECKED)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("incidents:import", args=[self.pk])

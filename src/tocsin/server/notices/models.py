"""Files of public notices, and what the rules read from each notice."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.files.models import StoredFile
from tocsin.server.incidents.models import Incident
from tocsin.server.marking.models import Marked

KINDS = (
    ("lost", _("lost")),
    ("stolen", _("stolen")),
    ("found", _("found")),
    ("abandoned", _("left behind on purpose")),
    ("other", _("other")),
)


class NoticeImport(Marked):
    """A file of notices that was brought; the free text stays in it and nowhere else."""

    class State(models.TextChoices):
        """How far it is."""

        READING = "reading", _("being read")
        LINKING = "linking", _("being compared")
        DONE = "done", _("taken over")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=200)
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    lines = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    counts: models.JSONField[Any, Any] = models.JSONField(default=dict)
    faults: models.JSONField[Any, Any] = models.JSONField(default=list)
    touched_at = models.DateTimeField()
    stopped = models.CharField(max_length=400, blank=True)
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        """The latest first."""

        verbose_name = _("import of notices")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.title

    @property
    def is_working(self) -> bool:
        """Whether something goes on in the background."""
        at_work = {self.State.READING, self.State.LINKING, self.State.UNDOING}
        return self.state in at_work and not self.stopped

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("notices:import", args=[self.pk])


class Notice(Marked):
    """What the rules read from one notice: fields and passages, without persons' names.

    A notice that comes again changed is a further row; ``replaced`` marks the earlier one.
    """

    imported = models.ForeignKey(NoticeImport, on_delete=models.PROTECT, related_name="notices")
    line = models.PositiveIntegerField()
    event_number = models.CharField(_("number"), max_length=100)
    kind = models.CharField(_("kind"), max_length=9, choices=KINDS)
    nuclides = models.CharField(_("nuclides"), max_length=300, blank=True)
    place = models.CharField(_("place"), max_length=200, blank=True)
    happened_on = models.DateField(_("happened"), null=True)
    reported_on = models.DateField(_("reported"), null=True)
    retracted = models.BooleanField(_("taken back"), default=False)
    recovered = models.BooleanField(_("words of recovery"), default=False)
    updates = models.PositiveSmallIntegerField(_("updates"), default=0)
    fields: models.JSONField[Any, Any] = models.JSONField()
    passages: models.JSONField[Any, Any] = models.JSONField(default=list)
    address = models.CharField(_("where it is published"), max_length=400, blank=True)
    sign = models.CharField(max_length=64)
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT, related_name="+")
    replaced = models.BooleanField(default=False)
    withdrawn = models.BooleanField(default=False)

    class Meta:
        """The latest first."""

        verbose_name = _("public notice")
        ordering = ("-reported_on", "-event_number", "id")
        constraints = (
            models.UniqueConstraint(fields=("imported", "line"), name="notices_one_line"),
        )
        indexes = (
            models.Index(fields=("realm", "event_number")),
            models.Index(fields=("realm", "kind", "-reported_on")),
        )

    def __str__(self) -> str:
        return self.event_number

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("notices:notice", args=[self.pk])

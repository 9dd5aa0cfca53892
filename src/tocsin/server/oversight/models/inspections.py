"""Inspections, what was seen at them, findings and what was done about them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked
from tocsin.server.register.models import Holder, Source


class InspectionStep(models.TextChoices):
    """What happens to an inspection; the last one is how it stands."""

    PLANNED = "planned", _("planned")
    MOVED = "moved", _("moved to another day")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")


class Inspection(Marked):
    """A visit to a holder, planned or done."""

    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    planned_on = models.DateField()
    announced = models.BooleanField(default=False)
    reason = models.CharField(max_length=1000)
    state = models.CharField(
        max_length=9,
        choices=[s for s in InspectionStep.choices if s[0] != InspectionStep.MOVED],
        default=InspectionStep.PLANNED,
    )
    done_on = models.DateField(null=True, blank=True)
    inspector = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    present = models.CharField(max_length=400, blank=True)

    class Meta:
        """The latest first."""

        ordering = ("-planned_on", "id")
        indexes = (models.Index(fields=("realm", "state", "planned_on")),)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; made of the identity, so that it tells nothing of how many others exist."""
        return f"V-{self.pk.hex[:8].upper()}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("oversight:inspection", args=[self.pk])


class InspectionEvent(AppendOnly):
    """A step of an inspection."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="events")
    step = models.CharField(max_length=9, choices=InspectionStep.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(max_length=2000, blank=True)

    class Meta:
        """In the order of happening."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.inspection_id} {self.step}"


class Looked(models.TextChoices):
    """Answer to a question of the checklist."""

    YES = "yes", _("yes")
    NO = "no", _("no")
    NOT_LOOKED = "not_looked", _("not looked at")


class Check(AppendOnly):
    """An answer to a question of the checklist."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="checks")
    question = models.CharField(max_length=40)
    answer = models.CharField(max_length=10, choices=Looked.choices)
    at = models.DateTimeField()

    class Meta:
        """In the order of the list."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.inspection_id} {self.question} {self.answer}"


class Sight(models.TextChoices):
    """What an inspector found of a source."""

    SEEN = "seen", _("seen, as in the register")
    DIFFERS = "differs", _("seen, differs from the register")
    NOT_SEEN = "not_seen", _("not seen")


class Seen(AppendOnly):
    """What an inspector found of one source."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="seen")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    sight = models.CharField(max_length=8, choices=Sight.choices)
    differs = models.CharField(max_length=400, blank=True)
    on = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of writing."""

        ordering = ("id",)
        indexes = (models.Index(fields=("source", "on")),)

    def __str__(self) -> str:
        return f"{self.source_id} {self.sight}"


class Grade(models.TextChoices):
    """How grave a finding is."""

    GRAVE = "grave", _("grave")
    MINOR = "minor", _("minor")
    REMARK = "remark", _("remark")


class FindingStep(models.TextChoices):
    """What happens to a finding."""

    OPEN = "open", _("open")
    DUE = "due", _("other due day")
    DONE = "done", _("done, not verified")
    REFUSED = "refused", _("not accepted")
    CLOSED = "closed", _("verified")
    REOPENED = "reopened", _("opened again")


class Finding(Marked):
    """A requirement that was not met, and the corrective action that is due."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="findings")
    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    grade = models.CharField(max_length=6, choices=Grade.choices)
    requirement = models.CharField(max_length=300)
    due_on = models.DateField()
    state = models.CharField(
        max_length=6,
        choices=[
            s
            for s in FindingStep.choices
            if s[0] in {FindingStep.OPEN, FindingStep.DONE, FindingStep.CLOSED}
        ],
        default=FindingStep.OPEN,
    )
    done_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    verified_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """What is due first stands first; nobody verifies the own work, whatever the code does."""

        ordering = ("due_on", "id")
        indexes = (models.Index(fields=("realm", "state", "due_on")),)
        constraints = (
            models.CheckConstraint(
                condition=Q(verified_by=None) | ~Q(verified_by=F("done_by")),
                name="oversight_other_verifies",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; made of the identity."""
        return f"F-{self.pk.hex[:8].upper()}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("oversight:finding", args=[self.pk])


class FindingEvent(AppendOnly):
    """A step of a finding."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="events")
    step = models.CharField(max_length=8, choices=FindingStep.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(max_length=2000, blank=True)

    class Meta:
        """In the order of happening."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.finding_id} {self.step}"

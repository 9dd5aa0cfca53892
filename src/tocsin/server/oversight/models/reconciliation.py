"""The yearly reconciliation: what each holder is asked, what it answers, what does not agree."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked
from tocsin.server.oversight.models.inspections import Inspection
from tocsin.server.register.models import Holder, Source


class Reconciliation(Marked):
    """A year for which all holders confirm what the register says of them."""

    year = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    law = models.CharField(max_length=80, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    close_reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        """The latest first; one for each register and year."""

        ordering = ("-year",)
        constraints = (
            models.UniqueConstraint(
                fields=("originator", "realm", "year"), name="oversight_one_a_year"
            ),
        )

    def __str__(self) -> str:
        return str(_("Reconciliation {year}")).format(year=self.year)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("oversight:reconciliation", args=[self.pk])


class Part(Marked):
    """What one holder is asked in a reconciliation."""

    reconciliation = models.ForeignKey(
        Reconciliation, on_delete=models.PROTECT, related_name="parts"
    )
    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    asked = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """By holder."""

        ordering = ("holder__name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("reconciliation", "holder"), name="oversight_one_part_a_holder"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reconciliation} · {self.holder}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("oversight:part", args=[self.pk])


class Item(models.Model):
    """A source that a holder is asked about, with the latest answer."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="items")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    here = models.BooleanField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        """In the order of making."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("part", "source"), name="oversight_one_item_a_source"),
        )

    def __str__(self) -> str:
        return f"{self.part_id} {self.source_id}"


class How(models.TextChoices):
    """How a source was confirmed."""

    SCAN = "scan", _("label scanned")
    CODE = "code", _("name typed")
    PHOTO = "photo", _("label on a photograph")
    TICK = "tick", _("ticked in the list")
    PROGRAM = "program", _("by a program")


class Confirmation(AppendOnly):
    """A person has said that a source is here, or that it is not."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="confirmations")
    here = models.BooleanField()
    how = models.CharField(max_length=8, choices=How.choices)
    note = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of saying."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.item_id} {'here' if self.here else 'not here'}"


class Trouble(models.TextChoices):
    """In which way register and reality do not agree."""

    NOT_HERE = "not_here", _("the holder does not have it")
    EXTRA = "extra", _("at the holder, not in the register")
    DIFFERS = "differs", _("differs from the register")
    NOT_SEEN = "not_seen", _("not seen at an inspection")
    SILENT = "silent", _("the holder did not answer")


class Discrepancy(Marked):
    """Register and reality do not agree."""

    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    trouble = models.CharField(max_length=8, choices=Trouble.choices)
    what = models.CharField(max_length=1000)
    source = models.ForeignKey(Source, null=True, on_delete=models.PROTECT, related_name="+")
    part = models.ForeignKey(
        Part, null=True, on_delete=models.PROTECT, related_name="discrepancies"
    )
    inspection = models.ForeignKey(
        Inspection, null=True, on_delete=models.PROTECT, related_name="discrepancies"
    )

    class Meta:
        """The latest first."""

        ordering = ("-created_at", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; made of the identity."""
        return f"D-{self.pk.hex[:8].upper()}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("oversight:discrepancy", args=[self.pk])


class Ending(models.TextChoices):
    """How a discrepancy was settled."""

    MISSING = "missing", _("reported as lost or stolen")
    MOVED = "moved", _("a transfer or disposal was reported")
    CORRECTED = "corrected", _("the register was corrected")
    ENTERED = "entered", _("entered in the register")
    HERE = "here", _("it is there after all")
    ANSWERED = "answered", _("the holder has answered since")
    MISTAKE = "mistake", _("a mistake of the report")


class Settlement(AppendOnly):
    """The end of a discrepancy."""

    discrepancy = models.OneToOneField(
        Discrepancy, on_delete=models.PROTECT, related_name="settlement"
    )
    ending = models.CharField(max_length=9, choices=Ending.choices)
    note = models.CharField(max_length=1000)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.discrepancy_id} {self.ending}"

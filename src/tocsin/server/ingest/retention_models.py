"""How long live records are kept: what was agreed, what is held back, and what has gone."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.ingest.models import LiveSurvey
from tocsin.server.marking.immutable import AppendOnly


class RecordClass(models.TextChoices):
    """What a survey is to its records; of those that are needed nothing ever goes."""

    QUIET = "quiet", _("walks without an alarm")
    ALARM = "alarm", _("walks with an alarm that was found innocent or false")
    NEEDED = "needed", _("needed: kept")


class Retention(models.Model):
    """How many days an organisation keeps live records, by class; None keeps them for ever.

    What lets records go is asked by one person and agreed by another. To keep everything needs one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    quiet_days = models.PositiveIntegerField(null=True)
    alarm_days = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=400)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    agreed = models.BooleanField(null=True)
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        """The latest first; nobody agrees to what they asked for, whatever the code above does."""

        ordering = ("-asked_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(agreed=None)
                | Q(agreed=False)
                | Q(quiet_days=None, alarm_days=None)
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="retention_two_persons",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.quiet_days} {self.alarm_days}"

    @property
    def realm(self) -> str:
        """Of none: it holds for all realms of the organisation."""
        return ""

    @property
    def originator_id(self) -> uuid.UUID:
        """Organisation, for the log."""
        found: uuid.UUID = self.organisation_id
        return found


class Hold(models.Model):
    """A person says that the records of a survey stay, whatever was agreed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(LiveSurvey, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=400)
    placed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        """One at a time."""

        ordering = ("-placed_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("survey",), condition=Q(lifted_at=None), name="one_hold_per_survey"
            ),
        )

    def __str__(self) -> str:
        return f"{self.survey_id} {self.placed_at}"


class Gone(AppendOnly):
    """What stands in the place of the records of a survey that were let go.

    The database deletes records of a survey only where such a row is.
    """

    survey = models.OneToOneField(LiveSurvey, on_delete=models.PROTECT, related_name="gone")
    rule = models.ForeignKey(Retention, on_delete=models.PROTECT, related_name="+")
    record_class = models.CharField(max_length=8, choices=RecordClass.choices)
    records = models.PositiveBigIntegerField()
    batches = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.survey_id} {self.record_class} {self.at}"

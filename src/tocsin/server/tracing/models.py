"""Alert sheets; candidates with what was compared and how a person judged them; what waits."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.marking.immutable import AppendOnly, MarkedOnceQuerySet
from tocsin.server.marking.models import Marked


class AlertSheet(AppendOnly, Marked):
    """What goes out about something that is missing, as it was issued; a later one follows it.

    ``content`` holds every word of it in English and French, so that page and PDF of an old sheet
    say what they said on its day.
    """

    row_kind = models.CharField(max_length=64)
    row_id = models.UUIDField()
    row_name = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    day = models.DateField()
    category = models.PositiveSmallIntegerField(null=True)
    content: models.JSONField[Any, Any] = models.JSONField()
    call = models.CharField(_("whom to call"), max_length=400)
    picture_id = models.UUIDField(null=True)

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        """The latest first."""

        verbose_name = _("alert sheet")
        ordering = ("-created_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("row_kind", "row_id", "number"), name="tracing_sheet_number"
            ),
        )

    def __str__(self) -> str:
        return f"{self.row_name} / {self.number}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("tracing:sheet", args=[self.pk])


class EndKind(models.TextChoices):
    """Why an alert sheet is no longer valid."""

    RECOVERED = "recovered", _("recovered")
    REPLACED = "replaced", _("replaced by a later version")
    MISTAKEN = "mistaken", _("issued by mistake")


class SheetEnd(AppendOnly):
    """An alert sheet is no longer valid; who has it must hear of that."""

    sheet = models.OneToOneField(AlertSheet, on_delete=models.PROTECT, related_name="end")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=EndKind.choices)
    reason = models.CharField(_("reason"), max_length=400, blank=True)

    def __str__(self) -> str:
        return f"{self.sheet_id} {self.kind}"


class Relation(models.TextChoices):
    """What two rows may be to each other."""

    FOUND_LOST = "found_lost", _("what was found is what was lost")
    FOUND_HELD = "found_held", _("what was found is what the register has elsewhere")
    REPORTS = "reports", _("two reports of one thing")


class CandidateState(models.TextChoices):
    """How far a candidate is."""

    OPEN = "open", _("to be looked at")
    ACCEPTED = "accepted", _("accepted")
    REFUSED = "refused", _("refused")
    GONE = "gone", _("no longer proposed")


ZONES = (("link", _("link")), ("review", _("review")), ("none", _("none")))


class Candidate(Marked):
    """Two rows that may be of one thing. The columns repeat the last comparison and judgement.

    ``found`` is what was found, or the later report; ``lost`` what is missing, or the earlier one.
    It belongs to the originator of ``lost`` and is shown to nobody who may not see ``found``.
    """

    relation = models.CharField(max_length=10, choices=Relation.choices)
    found_kind = models.CharField(max_length=64)
    found_id = models.UUIDField()
    lost_kind = models.CharField(max_length=64)
    lost_id = models.UUIDField()
    state = models.CharField(_("state"), max_length=8, choices=CandidateState.choices)
    zone = models.CharField(_("zone"), max_length=6, choices=ZONES)
    probability = models.FloatField(_("probability"))
    found_title = models.CharField(max_length=300)
    lost_title = models.CharField(max_length=300)
    compared_at = models.DateTimeField()

    class Meta:
        """The most probable first."""

        verbose_name = _("candidate")
        ordering = ("-probability", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("found_kind", "found_id", "lost_kind", "lost_id"), name="tracing_one_pair"
            ),
        )
        indexes = (
            models.Index(fields=("realm", "state", "-probability")),
            models.Index(fields=("lost_kind", "lost_id")),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; made of the identity, so that it tells nothing of how many others exist."""
        return f"C-{self.pk.hex[:8].upper()}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("tracing:candidate", args=[self.pk])


class Comparison(AppendOnly):
    """What was compared and what came of it; another comparison follows, none is changed."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="comparisons")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    found: models.JSONField[Any, Any] = models.JSONField()
    lost: models.JSONField[Any, Any] = models.JSONField()
    probability = models.FloatField()
    zone = models.CharField(max_length=6, choices=ZONES)
    refused = models.CharField(max_length=400, blank=True)
    weights: models.JSONField[Any, Any] = models.JSONField()
    prior_bits = models.FloatField()
    versions: models.JSONField[Any, Any] = models.JSONField()
    sign = models.CharField(max_length=64)

    class Meta:
        """In the order of comparing."""

        ordering = ("candidate", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("candidate", "number"), name="tracing_comparison_number"
            ),
        )

    def __str__(self) -> str:
        return f"{self.candidate_id} {self.number}"


class Verdict(models.TextChoices):
    """What a person says of a candidate."""

    ACCEPTED = "accepted", _("accepted")
    REFUSED = "refused", _("refused")


class Judgement(AppendOnly):
    """What a person said of a candidate, and of which comparison."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="judgements")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=1000)

    class Meta:
        """In the order of judging."""

        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.candidate_id} {self.verdict}"


class Look(models.Model):
    """A row that is to be compared with the other side, or was: what the timers work off."""

    row_kind = models.CharField(max_length=64)
    row_id = models.UUIDField()
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True, db_index=True)
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True, blank=True)
    compared = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)

    class Meta:
        """One for each row."""

        ordering = ("asked_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("row_kind", "row_id"), name="tracing_one_look"),
        )

    def __str__(self) -> str:
        return f"{self.row_kind} {self.row_id}"


class Tail(models.Model):
    """How far a table that only grows was read."""

    name = models.CharField(max_length=20, unique=True)
    upto = models.BigIntegerField(default=0)

    class Meta:
        """By name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} {self.upto}"

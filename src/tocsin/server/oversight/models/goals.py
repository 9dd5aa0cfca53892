"""Whether security goals are met at a place; never how."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.server.marking.immutable import AppendOnly, MarkedOnceQuerySet
from tocsin.server.marking.models import Marked
from tocsin.server.register.models import Holder

LONGEST_REFERENCE = 40
"""Room for the number of a file and for nothing else: what protects a source is not kept here."""


class GoalState(models.TextChoices):
    """What was found of a goal."""

    MET = "met", _("met")
    NOT_MET = "not_met", _("not met")
    NOT_LOOKED = "not_looked", _("not looked at")


class Assessment(AppendOnly, Marked):
    """A person has looked whether a goal is met; the latest one counts."""

    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    place = models.CharField(max_length=200, blank=True)
    goal = models.CharField(max_length=24)
    state = models.CharField(max_length=10, choices=GoalState.choices)
    reference = models.CharField(max_length=LONGEST_REFERENCE, blank=True)
    looked_on = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        """The latest first."""

        ordering = ("-created_at", "id")
        indexes = (models.Index(fields=("holder", "goal")),)

    def __str__(self) -> str:
        return f"{self.holder_id} {self.goal} {self.state}"

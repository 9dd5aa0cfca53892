"""Yearly fact sheets: the numbers as they were counted, and who approved their publication."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.marking.immutable import AppendOnly, MarkedOnceQuerySet
from tocsin.server.marking.models import Marked


class FactSheet(AppendOnly, Marked):
    """Numbers of a year as known on a day; never changed. A later count is a further sheet."""

    year = models.PositiveSmallIntegerField(_("year"))
    known_on = models.DateField(_("as known on"))
    recorded_until = models.DateTimeField()
    numbers: models.JSONField[Any, Any] = models.JSONField()
    sha256 = models.CharField(max_length=64)

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        """The newest first."""

        ordering = ("-created_at", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.year} / {self.known_on}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("statistics:sheet", args=[self.pk])


class Approval(AppendOnly):
    """That a second person approved the published form of a sheet, or took that back."""

    sheet = models.ForeignKey(FactSheet, on_delete=models.PROTECT, related_name="approvals")
    approved = models.BooleanField()
    reason = models.CharField(max_length=400)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of saying."""

        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.sheet_id} {self.approved}"

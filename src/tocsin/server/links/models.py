"""One row points to another: what came from what, and what belongs together."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.server.marking.immutable import AppendOnly, MarkedOnceQuerySet
from tocsin.server.marking.models import Marked


class LinkKind(models.TextChoices):
    """How two rows hang together."""

    DERIVED = "derived", _("was derived from")
    RAISED = "raised", _("was raised by")
    CONCERNS = "concerns", _("concerns")
    EVIDENCE = "evidence", _("is evidence for")


class Link(AppendOnly, Marked):
    """A link with actor, time and reason; never changed and never taken away."""

    kind = models.CharField(max_length=16, choices=LinkKind.choices)
    from_kind = models.CharField(max_length=64)
    from_id = models.UUIDField()
    to_kind = models.CharField(max_length=64)
    to_id = models.UUIDField()
    reason = models.CharField(max_length=400, blank=True)

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        """In the order of making."""

        ordering = ("created_at",)
        indexes = (
            models.Index(fields=("from_kind", "from_id")),
            models.Index(fields=("to_kind", "to_id")),
        )

    def __str__(self) -> str:
        return f"{self.from_kind} {self.from_id} {self.kind} {self.to_kind} {self.to_id}"

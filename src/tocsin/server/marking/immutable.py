"""Rows that are written once: the ORM refuses to change them, and so does the database itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models.base import ModelBase

from tocsin.errors import TocsinError
from tocsin.server.marking.models import MarkedQuerySet


class WrittenOnce(TocsinError):
    """Somebody tried to change or delete a row that only ever is followed by another."""


class WrittenOnceQuerySet(models.QuerySet[Any]):
    """Reads and inserts; nothing else."""

    def update(self, **_values: object) -> int:
        """Refused."""
        raise WrittenOnce(f"{self.model._meta.label} is append-only: write a new row with a reason")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refused."""
        raise WrittenOnce(f"{self.model._meta.label} is append-only: nothing is deleted")

    def bulk_update(
        self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None
    ) -> int:
        """Refused."""
        raise WrittenOnce(f"{self.model._meta.label} is append-only: write a new row with a reason")


class MarkedOnceQuerySet(WrittenOnceQuerySet, MarkedQuerySet[Any]):  # type: ignore[override]
    """Rows that are never changed and that tell who reads them."""


class AppendOnly(models.Model):
    """Base of tables that only grow."""

    objects = WrittenOnceQuerySet.as_manager()

    class Meta:
        """Never a table of its own."""

        abstract = True

    def save(
        self,
        force_insert: bool | tuple[ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Insert; a second time is refused."""
        if not self._state.adding or force_update or update_fields is not None:
            raise WrittenOnce(f"{self._meta.label} is append-only: write a new row with a reason")
        super().save(force_insert=True, using=using)

    def delete(
        self, using: str | None = None, keep_parents: bool = False
    ) -> tuple[int, dict[str, int]]:
        """Refused."""
        raise WrittenOnce(f"{self._meta.label} is append-only: nothing is deleted")

"""Files: their content by hash, their names as people gave them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.server.marking.models import Marked


class Blob(models.Model):
    """Content of a file on disk, encrypted under its own key."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size_bytes = models.PositiveBigIntegerField()
    key = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256


class StoredFile(Marked):
    """A file as someone brought it."""

    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="names")
    name = models.CharField(_("name"), max_length=255)

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

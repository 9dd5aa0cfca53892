"""Documents and photographs that hang on a row, and their withdrawal."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.files.models import StoredFile
from tocsin.server.marking.immutable import AppendOnly, MarkedOnceQuerySet
from tocsin.server.marking.models import Marked


class Kind(models.TextChoices):
    """What a document is."""

    PHOTOGRAPH = "photograph", _("photograph")
    CERTIFICATE = "certificate", _("certificate")
    DRAWING = "drawing", _("drawing of the source or device")
    LEAK_TEST = "leak_test", _("leak test")
    LETTER = "letter", _("letter")
    OTHER = "other", _("other")


class Document(AppendOnly, Marked):
    """A document as it was brought; never changed, only withdrawn.

    ``original`` are the bytes as they came. Of a picture they may hold a position: they are shown
    to nobody, and handed to the originator's officers for a reason. ``shown`` and ``thumbnail`` are
    drawn anew. A PDF is its own original.
    """

    row_kind = models.CharField(max_length=64)
    row_id = models.UUIDField()
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    title = models.CharField(_("title"), max_length=200)
    words = models.CharField(_("what is to be seen"), max_length=400, blank=True)
    brought_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    original = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    shown = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    thumbnail = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    media_type = models.CharField(max_length=32)
    width_px = models.PositiveIntegerField(null=True)
    height_px = models.PositiveIntegerField(null=True)

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        """The latest first."""

        verbose_name = _("document")
        ordering = ("-created_at", "id")
        indexes = (models.Index(fields=("row_kind", "row_id")),)

    def __str__(self) -> str:
        return self.title

    @property
    def is_picture(self) -> bool:
        """Whether it was drawn anew and may be shown in a page."""
        return self.shown_id is not None

    @property
    def alternative(self) -> str:
        """Words in the place of the picture."""
        return self.words or self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("documents:document", args=[self.pk])


class Withdrawal(AppendOnly):
    """A document is no longer valid: it stays kept and is handed out no more."""

    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="withdrawal")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=400)

    def __str__(self) -> str:
        return f"{self.document_id} {self.reason}"

"""Batches of nuclear material and of unsealed radioactive material: amounts, not facilities."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked
from tocsin.server.register.models import Holder


class Element(models.TextChoices):
    """What a batch is made of; the first four are nuclear material."""

    PLUTONIUM = "Pu", _("plutonium")
    URANIUM = "U", _("uranium")
    URANIUM_233 = "U-233", _("uranium-233")
    THORIUM = "Th", _("thorium")
    OTHER = "other", _("other radioactive material")


class BatchState(models.TextChoices):
    """Where a batch stands."""

    HELD = "held", _("held")
    LOST = "lost", _("lost")
    STOLEN = "stolen", _("stolen")
    USED_UP = "used_up", _("used up")
    SPLIT = "split", _("split into others")
    MERGED = "merged", _("merged with others")
    DISPOSED = "disposed", _("disposed of")
    WITHDRAWN = "withdrawn", _("entry withdrawn")


MISSING = frozenset({BatchState.LOST, BatchState.STOLEN})
"""States in which nobody has a batch who should."""


class Batch(Marked):
    """A batch, as its steps have made it.

    Masses are those of the element, uncertainties standard ones (k = 1).
    """

    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="batches")
    place = models.CharField(_("place"), max_length=200, blank=True)
    reference = models.CharField(_("batch number"), max_length=80)
    element = models.CharField(_("material"), max_length=6, choices=Element.choices)
    nuclide = models.CharField(_("nuclide"), max_length=20, blank=True)
    form = models.CharField(_("chemical and physical form"), max_length=120, blank=True)
    items = models.PositiveIntegerField(_("items"))
    mass_g = models.FloatField(null=True)
    mass_u_g = models.FloatField(null=True)
    activity_Bq = models.FloatField(null=True)
    activity_u_Bq = models.FloatField(null=True)
    activity_on = models.DateField(null=True)
    u235_percent = models.FloatField(null=True)
    pu238_percent = models.FloatField(null=True)
    irradiated = models.BooleanField(_("irradiated"), default=False)
    state = models.CharField(
        _("state"), max_length=9, choices=BatchState.choices, default=BatchState.HELD
    )
    since = models.DateField(_("since"))

    class Meta:
        """The newest first."""

        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ("-created_at", "id")
        indexes = (models.Index(fields=("realm", "holder", "state")),)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; it tells nothing of how many others exist."""
        return f"B-{self.pk.hex[:8].upper()}"

    @property
    def title(self) -> str:
        """What people tell it by."""
        return f"{self.substance} {self.reference}"

    @property
    def is_missing(self) -> bool:
        """Whether it is lost or stolen."""
        return self.state in MISSING

    @property
    def substance(self) -> str:
        """Element or nuclide, with the enrichment of uranium."""
        if self.element == Element.OTHER:
            return self.nuclide
        if self.u235_percent is not None:
            return f"{self.element} ({self.u235_percent:g} % U-235)"
        return str(self.element)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("holdings:batch", args=[self.pk])


class Lineage(AppendOnly):
    """Which batch came out of which."""

    parent = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="children")
    child = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="parents")

    class Meta:
        """In the order of making."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("parent", "child"), name="holdings_one_lineage"),
        )

    def __str__(self) -> str:
        return f"{self.child_id} of {self.parent_id}"

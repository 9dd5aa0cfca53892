"""Makers and models: what is known of kinds of sources and devices, and who says so."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.marking.models import Marked

MODEL_KINDS = (("source", _("source")), ("device", _("device")))


class Maker(Marked):
    """Who makes sources or devices, by all the names under which people know it."""

    name = models.CharField(_("name"), max_length=120)
    aliases: models.JSONField[Any, Any] = models.JSONField(default=list)
    country = models.CharField(_("country"), max_length=80, blank=True)

    class Meta:
        """By name."""

        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("originator", "realm", "name"), name="holdings_one_maker"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def names(self) -> list[str]:
        """Every name."""
        return [self.name, *self.aliases]


class CatalogueModel(Marked):
    """A model of source or device as a catalogue describes it."""

    kind = models.CharField(_("kind"), max_length=6, choices=MODEL_KINDS)
    maker = models.ForeignKey(Maker, on_delete=models.PROTECT, related_name="catalogue_models")
    name = models.CharField(_("model"), max_length=120)
    aliases: models.JSONField[Any, Any] = models.JSONField(default=list)
    nuclides: models.JSONField[Any, Any] = models.JSONField(default=list)
    least_Bq = models.FloatField(null=True)
    most_Bq = models.FloatField(null=True)
    serial_form = models.CharField(_("form of serial numbers"), max_length=80, blank=True)
    looks = models.CharField(_("what it looks like"), max_length=400, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    said_by = models.CharField(_("who says so"), max_length=200)

    class Meta:
        """By maker and model."""

        verbose_name = _("model")
        ordering = ("maker__name", "name")
        constraints = (
            models.UniqueConstraint(fields=("maker", "kind", "name"), name="holdings_one_model"),
        )

    def __str__(self) -> str:
        return f"{self.maker.name} {self.name}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("holdings:model", args=[self.pk])

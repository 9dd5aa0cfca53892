"""Search campaigns for orphan sources."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked
from tocsin.server.register.models import Source


class Reason(models.TextChoices):
    """Why a search is made."""

    LAST_HOLDER = "last_holder", _("last known holder is gone")
    OLD_LICENCE = "old_licence", _("old licence without an end")
    PRACTICE = "practice", _("practice that once used sources")
    REPORT = "report", _("somebody has told of it")
    OTHER = "other", _("other")


class Campaign(Marked):
    """A search for sources that nobody controls."""

    title = models.CharField(max_length=200)
    area = models.CharField(max_length=400)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    history = models.TextField(max_length=4000)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    result = models.TextField(max_length=4000, blank=True)
    lessons = models.TextField(max_length=4000, blank=True)

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("oversight:campaign", args=[self.pk])


class Lead(AppendOnly):
    """What somebody said of where a source may be."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="leads")
    said_by = models.CharField(max_length=200)
    what = models.CharField(max_length=1000)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of coming."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.what[:40]}"


class LeadEnd(AppendOnly):
    """What became of a lead."""

    lead = models.OneToOneField(Lead, on_delete=models.PROTECT, related_name="end")
    result = models.CharField(max_length=1000)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.lead_id} {self.result[:40]}"


class Outcome(models.TextChoices):
    """What a search of a place came to."""

    NOTHING = "nothing", _("nothing found")
    UNCLEAR = "unclear", _("not clear, to be searched again")
    FOUND = "found", _("found")


class Search(AppendOnly):
    """A place that was searched."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="searches")
    place = models.CharField(max_length=300)
    on = models.DateField()
    searched_by = models.CharField(max_length=200)
    means = models.CharField(max_length=200)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    note = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of searching."""

        ordering = ("on", "id")

    def __str__(self) -> str:
        return f"{self.place} {self.outcome}"


class Discovery(AppendOnly):
    """A source that a campaign has found."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="discoveries")
    what = models.CharField(max_length=400)
    on = models.DateField()
    source = models.ForeignKey(Source, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of finding."""

        ordering = ("on", "id")

    def __str__(self) -> str:
        return self.what

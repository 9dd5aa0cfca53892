"""The marking that every content row carries, and what opens a row to others."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any, Self, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Level, Organisation, Person, Realm

_Row = TypeVar("_Row", bound=models.Model)


class Tlp(models.TextChoices):
    """Traffic Light Protocol 2.0 label of the originator, for exchange in addition to the level."""

    CLEAR = "CLEAR", "TLP:CLEAR"
    GREEN = "GREEN", "TLP:GREEN"
    AMBER = "AMBER", "TLP:AMBER"
    AMBER_STRICT = "AMBER+STRICT", "TLP:AMBER+STRICT"
    RED = "RED", "TLP:RED"


class Compartment(models.Model):
    """A circle of people who need to know; membership is given person by person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    owner = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        """By code."""

        ordering = ("code",)

    def __str__(self) -> str:
        return self.code


class Membership(models.Model):
    """A person in a compartment."""

    compartment = models.ForeignKey(Compartment, on_delete=models.PROTECT, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """The latest first."""

        ordering = ("-valid_from",)

    def __str__(self) -> str:
        return f"{self.person_id} in {self.compartment_id}"


class Agreement(models.Model):
    """A standing release: rows of one noun from one organisation to another.

    This is how an originator controls who else sees its rows: customs lets the laboratory see its
    measurements and alarms, and may end that.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    giver = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="given")
    receiver = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="received")
    realm = models.CharField(_("realm"), max_length=9, choices=Realm.choices)
    noun = models.CharField(
        _("what"), max_length=64, help_text=_("app.model, for example alarms.alarm")
    )
    most_level = models.PositiveSmallIntegerField(_("up to level"), choices=Level.choices)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=400)

    class Meta:
        """By giver and noun."""

        ordering = ("giver", "noun")
        indexes = (models.Index(fields=("receiver", "noun")),)

    def __str__(self) -> str:
        return f"{self.noun}: {self.giver_id} to {self.receiver_id}"


class Release(models.Model):
    """One row opened to one organisation by its originator."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    noun = models.CharField(max_length=64)
    row_id = models.UUIDField()
    receiver = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    released_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=400)

    class Meta:
        """The latest first."""

        ordering = ("-at",)
        indexes = (models.Index(fields=("noun", "receiver", "row_id")),)

    def __str__(self) -> str:
        return f"{self.noun} {self.row_id} to {self.receiver_id}"


class Reading(models.Model):
    """Which rows a person was shown: for the limit on reading in bulk, and for who saw what."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    noun = models.CharField(max_length=64)
    row_id = models.UUIDField(null=True)
    rows = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()

    class Meta:
        """In the order of reading."""

        ordering = ("id",)
        indexes = (
            models.Index(fields=("person", "at")),
            models.Index(fields=("noun", "row_id")),
        )

    def __str__(self) -> str:
        return f"{self.person_id} read {self.noun} {self.row_id}"


class MarkedQuerySet(models.QuerySet[_Row]):
    """Rows that tell who they are read for, so that reading in bulk is noticed wherever it happens.

    ``marking.policy.visible`` sets ``on_read``; it is called once with what a query has brought.
    """

    on_read: Callable[[type[models.Model], list[Any]], None] | None = None

    def _clone(self) -> Self:
        copy = super()._clone()  # type: ignore[misc]
        copy.on_read = self.on_read
        return copy  # type: ignore[no-any-return]

    def _fetch_all(self) -> None:
        fresh = self._result_cache is None
        super()._fetch_all()
        if fresh and self.on_read is not None and self._result_cache:
            self.on_read(self.model, self._result_cache)

    def iterator(self, chunk_size: int | None = None) -> Iterator[_Row]:
        """Rows one after the other, each told as it is read."""
        for row in super().iterator(chunk_size=chunk_size or 200):
            if self.on_read is not None:
                self.on_read(self.model, [row])
            yield row


class Marked(models.Model):
    """What every content row carries from its creation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    realm = models.CharField(_("realm"), max_length=9, choices=Realm.choices)
    level = models.PositiveSmallIntegerField(
        _("level"), choices=Level.choices, default=Level.RESTRICTED
    )
    compartments = models.ManyToManyField(Compartment, blank=True, related_name="+")
    originator = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("originator")
    )
    tlp = models.CharField("TLP", max_length=12, choices=Tlp.choices, default=Tlp.RED)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    objects = MarkedQuerySet.as_manager()

    class Meta:
        """Never a table of its own."""

        abstract = True


class TwoPersonStep(models.TextChoices):
    """What one person alone may not do."""

    RELEASE_ABROAD = "release_abroad", _("release to another State")
    LOWER_LEVEL = "lower_level", _("lower a level")


class Proposal(models.Model):
    """A step that a second person must approve; the same person cannot, in whatever session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    step = models.CharField(max_length=24, choices=TwoPersonStep.choices)
    noun = models.CharField(max_length=64)
    row_id = models.UUIDField()
    values: models.JSONField[Any, Any] = models.JSONField(default=dict)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    reason = models.CharField(_("reason"), max_length=400)
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    approved = models.BooleanField(null=True)
    answer = models.CharField(max_length=400, blank=True)

    class Meta:
        """The latest first; nobody decides on what they asked for, whatever the code above does."""

        ordering = ("-asked_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("asked_by")),
                name="proposal_two_persons",
            ),
        )

    def __str__(self) -> str:
        return f"{self.step} {self.noun} {self.row_id}"

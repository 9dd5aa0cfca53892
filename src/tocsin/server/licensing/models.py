"""Licences with their versions, the sheets that were signed, and the orders that were checked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.sealing import LicenceSheet, read_sheet
from tocsin.server.accounts.models import Person
from tocsin.server.licensing.limits import Limit
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked
from tocsin.server.register.models import Holder


class State(models.TextChoices):
    """Where a licence stands."""

    DRAFT = "draft", _("proposed, not issued")
    IN_FORCE = "in_force", _("in force")
    SUSPENDED = "suspended", _("suspended")
    REVOKED = "revoked", _("revoked")
    REPLACED = "replaced", _("replaced by another licence")


class Act(models.TextChoices):
    """What a licence permits to do with sources."""

    HOLD = "hold", _("hold")
    USE = "use", _("use")
    DISTRIBUTE = "distribute", _("distribute to other holders")


class Licence(Marked):
    """A licence of a holder, as its events have made it.

    ``current`` is the version in force; the days of it stand here too, for lists.
    """

    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="licences")
    number = models.CharField(_("licence number"), max_length=60)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT)
    current = models.ForeignKey("Version", null=True, on_delete=models.PROTECT, related_name="+")
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"))

    class Meta:
        """By number; one number once in a register."""

        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(
                fields=("originator", "realm", "number"), name="licensing_one_number"
            ),
        )
        indexes = (models.Index(fields=("realm", "state", "valid_until")),)

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("licensing:licence", args=[self.pk])

    def is_valid_on(self, day: dt.date) -> bool:
        """Whether it is in force and the day lies in its time."""
        return self.state == State.IN_FORCE and self.valid_from <= day <= self.valid_until


class Version(AppendOnly):
    """What a licence says from one decision to the next; never changed."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateField()
    valid_until = models.DateField()
    acts: models.JSONField[Any, Any] = models.JSONField(default=list)
    practices: models.JSONField[Any, Any] = models.JSONField(default=list)
    places: models.JSONField[Any, Any] = models.JSONField(default=list)
    limits: models.JSONField[Any, Any] = models.JSONField(default=list)
    reason = models.CharField(max_length=400)
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()

    class Meta:
        """The newest first."""

        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=("licence", "number"), name="licensing_one_version"),
        )

    def __str__(self) -> str:
        return f"{self.licence_id} {self.number}"

    def rows(self) -> list[Limit]:
        """Its limits."""
        return [Limit.of(row) for row in self.limits]


class Decision(AppendOnly):
    """What a second officer decided on a version; never who proposed it, whatever the code does."""

    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="decision")
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    approved = models.BooleanField()
    answer = models.CharField(max_length=400, blank=True)

    class Meta:
        """Two persons."""

        constraints = (
            models.CheckConstraint(
                condition=~models.Q(by=models.F("asked_by")), name="licensing_two_persons"
            ),
        )

    def __str__(self) -> str:
        return f"{self.version_id} {self.approved}"


class EventKind(models.TextChoices):
    """What happened to a licence."""

    PROPOSED = "proposed", _("proposed")
    CONFIRMED = "confirmed", _("confirmed by a second officer")
    REFUSED = "refused", _("refused by a second officer")
    SUSPENDED = "suspended", _("suspended")
    LIFTED = "lifted", _("suspension lifted")
    REVOKED = "revoked", _("revoked")
    REPLACED = "replaced", _("replaced by another licence")
    SHEET = "sheet", _("sheet signed")


class Event(AppendOnly):
    """One step in the life of a licence."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=9, choices=EventKind.choices)
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        """In their order."""

        ordering = ("licence", "number")
        constraints = (
            models.UniqueConstraint(fields=("licence", "number"), name="licensing_one_event"),
        )

    def __str__(self) -> str:
        return f"{self.licence_id} {self.number} {self.kind}"


class Sheet(AppendOnly):
    """A sheet that was signed for one version: ``code`` is the text of its QR code."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="sheets")
    nonce = models.CharField(max_length=40, unique=True)
    code = models.TextField()
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """The newest first."""

        ordering = ("-issued_at",)

    def __str__(self) -> str:
        return self.nonce

    def signed(self) -> LicenceSheet:
        """The sheet as it was signed."""
        return read_sheet(self.code)


class OrderState(models.TextChoices):
    """Where an order stands."""

    ACCEPTED = "accepted", _("accepted, reserved")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")
    LAPSED = "lapsed", _("lapsed")
    REFUSED = "refused", _("refused")


OPEN = (OrderState.ACCEPTED, OrderState.DELIVERED)
"""States in which an order counts until its sources stand in the register."""


class Reason(models.TextChoices):
    """Why an order was refused."""

    FORGED = "forged", _("forged: not signed by the authority")
    ALTERED = "altered", _("altered after it was signed")
    OTHER_REALM = "other_realm", _("signed for another realm")
    EXPIRED = "expired", _("expired")
    NOT_YET_VALID = "not_yet_valid", _("not yet valid")
    SUSPENDED = "suspended", _("suspended")
    REVOKED = "revoked", _("revoked")
    REPLACED = "replaced", _("replaced by a newer version or licence")
    REPLAYED = "replayed", _("replayed: sheet or order number was used before")
    NOT_PERMITTED = "not_permitted", _("the licence does not permit it")
    OVER_LIMIT = "over_limit", _("beyond a limit of the licence")
    SPLIT = "split", _("split: beyond a limit together with other open orders")


class Order(Marked):
    """An order that a vendor had checked.

    The licence is that of the buyer; ``vendor`` is the holder who sells. ``told`` is for officers
    of the register alone: it says what the buyer holds.
    """

    vendor = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Holder, null=True, on_delete=models.PROTECT, related_name="+")
    licence = models.ForeignKey(Licence, null=True, on_delete=models.PROTECT, related_name="orders")
    sheet = models.ForeignKey(Sheet, null=True, on_delete=models.PROTECT, related_name="orders")
    number = models.CharField(_("order number"), max_length=80)
    claimed = models.CharField(_("licence number on the sheet"), max_length=400)
    code = models.TextField()
    items: models.JSONField[Any, Any] = models.JSONField(default=list)
    state = models.CharField(_("state"), max_length=9, choices=OrderState.choices)
    reason = models.CharField(_("reason"), max_length=13, choices=Reason.choices, blank=True)
    told = models.TextField(blank=True)
    lapses_on = models.DateField(null=True)

    class Meta:
        """The latest first."""

        ordering = ("-created_at", "id")
        indexes = (
            models.Index(fields=("realm", "state", "created_at")),
            models.Index(fields=("buyer", "state")),
            models.Index(fields=("vendor", "created_at")),
        )

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("licensing:order", args=[self.pk])

    @property
    def is_refused(self) -> bool:
        """Whether nothing may be delivered on it."""
        return self.state == OrderState.REFUSED


class OrderEvent(AppendOnly):
    """One step in the life of an order."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=9, choices=OrderState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        """In their order."""

        ordering = ("order", "number")
        constraints = (
            models.UniqueConstraint(fields=("order", "number"), name="licensing_one_order_event"),
        )

    def __str__(self) -> str:
        return f"{self.order_id} {self.number} {self.kind}"

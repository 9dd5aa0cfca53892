"""Legal clocks, shifts, hand-overs, notices and who acknowledged them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.models import Person
from tocsin.server.accounts.roles import ROLE_NAMES
from tocsin.server.marking.immutable import AppendOnly, MarkedOnceQuerySet
from tocsin.server.marking.models import Marked

ROLES = list(ROLE_NAMES.items())


class Clock(Marked):
    """A legal period that runs for a row: what is due, when, and by which text."""

    subject_kind = models.CharField(max_length=64)
    subject_id = models.UUIDField()
    profile = models.CharField(_("country profile"), max_length=16)
    duty = models.CharField(_("duty"), max_length=64)
    started_at = models.DateTimeField(_("started"))
    due_at = models.DateTimeField(_("due"), db_index=True)
    reason = models.CharField(_("reason"), max_length=400)
    overdue_noticed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """What is due first stands first."""

        ordering = ("due_at",)
        indexes = (models.Index(fields=("subject_kind", "subject_id")),)

    def __str__(self) -> str:
        return f"{self.profile}/{self.duty} {self.due_at:%Y-%m-%d %H:%M}"


class ClockEnd(AppendOnly):
    """The end of a clock: the duty was met, or the clock stopped for a reason."""

    clock = models.OneToOneField(Clock, on_delete=models.PROTECT, related_name="end")
    met = models.BooleanField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=400)

    def __str__(self) -> str:
        return f"{self.clock_id} {'met' if self.met else 'stopped'}"


class Shift(Marked):
    """A planned time of duty; cancelled by a time and a reason, never taken away."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="shifts")
    role = models.CharField(_("role"), max_length=24, choices=ROLES)
    start = models.DateTimeField(_("from"), db_index=True)
    end = models.DateTimeField(_("until"), db_index=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    cancel_reason = models.CharField(max_length=400, blank=True)

    class Meta:
        """By time."""

        ordering = ("start", "role")

    def __str__(self) -> str:
        return f"{self.role} {self.start:%Y-%m-%d %H:%M}"


class Takeover(AppendOnly, Marked):
    """A person took over a role, having read what was handed over."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=24, choices=ROLES)
    at = models.DateTimeField(db_index=True)
    note = models.TextField(_("handed over"), max_length=4000, blank=True)

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        """The latest first."""

        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.role} {self.at:%Y-%m-%d %H:%M}"


class Notice(Marked):
    """Something that people must know and one of them must acknowledge.

    ``text`` is a message of the catalogue and ``values`` what is put into it, so that each reader
    gets it in the own language.
    """

    subject_kind = models.CharField(max_length=64)
    subject_id = models.UUIDField()
    text = models.CharField(max_length=200)
    values: models.JSONField[Any, Any] = models.JSONField(default=dict)
    address = models.CharField(max_length=200)
    chain: models.JSONField[Any, Any] = models.JSONField()
    step = models.PositiveIntegerField(default=0)
    next_due_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)
        indexes = (models.Index(fields=("subject_kind", "subject_id")),)

    def __str__(self) -> str:
        return f"{self.text} {self.subject_id}"


class Acknowledgement(AppendOnly):
    """A person answered for a notice, or what it told of was dealt with."""

    notice = models.OneToOneField(Notice, on_delete=models.PROTECT, related_name="acknowledgement")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=400, blank=True)

    def __str__(self) -> str:
        return f"{self.notice_id} {self.at:%Y-%m-%d %H:%M}"


class Channel(models.TextChoices):
    """How a notice reaches a person."""

    PAGE = "page", _("page")
    EMAIL = "email", _("e-mail")
    COMMAND = "command", _("command")


class Delivery(models.Model):
    """One call of one person by one channel; its outcome is filled in once."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="deliveries")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="deliveries")
    role = models.CharField(max_length=24)
    step = models.PositiveIntegerField()
    channel = models.CharField(max_length=8, choices=Channel.choices)
    due_at = models.DateTimeField()
    made_at = models.DateTimeField()
    outcome = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """In the order of calling."""

        ordering = ("due_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("notice", "person", "step", "channel"), name="one_call_per_step_and_channel"
            ),
        )
        indexes = (models.Index(fields=("person", "notice")),)

    def __str__(self) -> str:
        return f"{self.notice_id} {self.channel}"

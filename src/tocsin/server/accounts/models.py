"""Organisations, people, the roles they hold and for how long."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.server.accounts.roles import ROLE_NAMES


class Realm(models.TextChoices):
    """Where rows belong; realms never mix in a count, a link or a notification."""

    LIVE = "LIVE", _("Live")
    EXERCISE = "EXERCISE", _("Exercise")
    SYNTHETIC = "SYNTHETIC", _("Synthetic")
    PUBLIC = "PUBLIC", _("Public")


class Level(models.IntegerChoices):
    """How sensitive a row is; the names are the State's own and replaced by its mapping."""

    OPEN = 0, _("Open")
    RESTRICTED = 1, _("Restricted")
    CONFIDENTIAL = 2, _("Confidential")
    SECRET = 3, _("Secret")


class OrganisationKind(models.TextChoices):
    """What an organisation is to the State's regime."""

    REGULATOR = "regulator", _("Regulatory body")
    CUSTOMS = "customs", _("Customs or border guard")
    POLICE = "police", _("Police")
    LABORATORY = "laboratory", _("Laboratory or technical support")
    MINISTRY = "ministry", _("Ministry")
    HOLDER = "holder", _("Licence holder")
    PARTNER = "partner", _("Partner abroad")


class Organisation(models.Model):
    """A body that people work for; rows belong to the one that made them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    short_name = models.CharField(_("short name"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=OrganisationKind.choices)
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1 code"))
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        """By name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class PersonManager(BaseUserManager["Person"]):
    """Finds people by their address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> Person:
        """The person that signs in by an address."""
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """Someone who signs in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        related_name="people",
        verbose_name=_("organisation"),
    )
    clearance = models.PositiveSmallIntegerField(
        _("clearance"), choices=Level.choices, default=Level.RESTRICTED
    )
    realms: models.JSONField[Any, Any] = models.JSONField(_("realms"), default=list)
    language = models.CharField(_("language"), max_length=8, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        """By name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def may_come_in(self) -> bool:
        """Whether neither the person nor the organisation is shut out."""
        return self.is_active and self.organisation.is_active

    @property
    def is_exercise_only(self) -> bool:
        """Whether the person works in the exercise realm and in no other."""
        return set(self.realms) == {Realm.EXERCISE.value}


class Assignment(models.Model):
    """A role that a person holds in the own organisation, from when to when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField(_("role"), max_length=24, choices=list(ROLE_NAMES.items()))
    valid_from = models.DateTimeField(_("from"))
    valid_until = models.DateTimeField(_("until"), null=True, blank=True)
    granted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=400, blank=True)

    class Meta:
        """The latest first."""

        ordering = ("-valid_from",)
        indexes = (models.Index(fields=("person", "valid_until")),)

    def __str__(self) -> str:
        return f"{self.person_id} {self.role}"


class ApiToken(models.Model):
    """A token by which a program acts for a person, in one realm and with some actions alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(_("name"), max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    realm = models.CharField(max_length=9, choices=Realm.choices)
    scopes: models.JSONField[Any, Any] = models.JSONField(default=list)
    created_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """A one-time link by which a person sets the first password."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invitation of {self.person_id}"


class Elevation(models.Model):
    """Administrator's powers, taken up for a stated reason and a limited time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="elevations")
    reason = models.CharField(_("reason"), max_length=400)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        """The latest first."""

        ordering = ("-valid_from",)
        indexes = (models.Index(fields=("person", "valid_until")),)

    def __str__(self) -> str:
        return f"powers of {self.person_id}"

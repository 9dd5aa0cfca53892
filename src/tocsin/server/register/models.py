"""Holders, places, sources, what is reported of them, imports, and the outbox."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.nuclear import SourceActivity
from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.files.models import StoredFile
from tocsin.server.marking.immutable import AppendOnly
from tocsin.server.marking.models import Marked
from tocsin.server.register.life import EndOfLife, Kind, Status
from tocsin.server.register.words import TOLD_BY

MOST_NUCLIDES = 12
CATEGORIES = (1, 2, 3, 4, 5)


class Holder(Marked):
    """Who holds sources under a licence."""

    name = models.CharField(_("name"), max_length=200)
    address = models.CharField(_("address"), max_length=400, blank=True)
    licence = models.CharField(_("licence"), max_length=100, blank=True)
    licence_until = models.DateField(_("licence valid until"), null=True, blank=True)
    organisation = models.ForeignKey(
        Organisation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("organisation whose people work here"),
    )

    class Meta:
        """By name."""

        ordering = ("name",)
        indexes = (models.Index(fields=("realm", "originator", "name")),)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("register:holder", args=[self.pk])


class Import(Marked):
    """A table that was brought into the register, or is about to be."""

    class State(models.TextChoices):
        """How far an import is."""

        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked, not taken over")
        APPLYING = "applying", _("being taken over")
        APPLIED = "applied", _("taken over")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=200)
    sheets: models.JSONField[Any, Any] = models.JSONField(default=list)
    sheet = models.CharField(_("sheet"), max_length=120, blank=True)
    header: models.JSONField[Any, Any] = models.JSONField(default=list)
    mapping: models.JSONField[Any, Any] = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    good = models.PositiveIntegerField(default=0)
    faults: models.JSONField[Any, Any] = models.JSONField(default=list)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.CHECKED)
    ended_at = models.DateTimeField(null=True, blank=True)
    checked_on = models.DateField(null=True, blank=True)
    asked_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=400, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    begun_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    task_id = models.CharField(max_length=64, blank=True)
    stopped = models.CharField(max_length=1000, blank=True)

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.title

    @property
    def is_working(self) -> bool:
        """Whether a step goes on in the background."""
        return self.state in WORKING and not self.stopped

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("register:import", args=[self.pk])


class UseKind(models.TextChoices):
    """How a source is used."""

    FIXED = "fixed", _("fixed")
    STORAGE = "storage", _("storage")
    MOBILE = "mobile", _("mobile")


WORKING = (Import.State.CHECKING, Import.State.APPLYING, Import.State.UNDOING)
"""States in which a step has begun and not ended; ``stopped`` says why it does not go on."""


DEADLINES = (
    *("sent_on", "receipt_due", "storage_until", "elsewhere_until"),
    *("correction_due", "check_due"),
)
"""Days on which something of a source is due."""


class Source(Marked):
    """A radioactive source, as its transactions have made it."""

    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="sources")
    place = models.CharField(_("place"), max_length=200, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    reference = models.CharField(_("number in the register"), max_length=60, blank=True)
    manufacturer = models.CharField(_("maker"), max_length=120, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    serial = models.CharField(_("serial number"), max_length=100, blank=True)
    device = models.CharField(_("device"), max_length=200, blank=True)
    device_serial = models.CharField(_("serial number of the device"), max_length=100, blank=True)
    practice = models.CharField(_("practice"), max_length=32, blank=True)
    made_on = models.DateField(_("made"), null=True, blank=True)
    other_id = models.CharField(_("other identification"), max_length=200, blank=True)
    source_type = models.CharField(_("type of source"), max_length=120, blank=True)
    capsule_type = models.CharField(_("type of capsule"), max_length=120, blank=True)
    material_form = models.CharField(_("chemical and physical form"), max_length=120, blank=True)
    iso_class = models.CharField(_("ISO class"), max_length=60, blank=True)
    ansi_class = models.CharField(_("ANSI class"), max_length=60, blank=True)
    special_form = models.CharField(_("special form certificate"), max_length=80, blank=True)
    special_form_on = models.DateField(_("certificate issued"), null=True, blank=True)
    special_form_until = models.DateField(_("certificate valid until"), null=True, blank=True)
    neutron = models.BooleanField(_("neutron source"), null=True, blank=True)
    neutron_target = models.CharField(_("neutron target"), max_length=40, blank=True)
    neutron_flux_per_s = models.FloatField(_("neutrons per second"), null=True, blank=True)
    supplier = models.CharField(_("supplier"), max_length=200, blank=True)
    importer = models.CharField(_("importer"), max_length=200, blank=True)
    received_on = models.DateField(_("received"), null=True, blank=True)
    received_from = models.CharField(_("received from"), max_length=200, blank=True)
    use_kind = models.CharField(_("kind of use"), max_length=7, choices=UseKind.choices, blank=True)
    remarks = models.CharField(_("remarks"), max_length=1000, blank=True)
    contents: models.JSONField[Any, Any] = models.JSONField(default=list)
    nuclides = models.CharField(_("nuclides"), max_length=200)
    status = models.CharField(_("status"), max_length=9, choices=Status.choices)
    since = models.DateField(_("since"))
    category = models.PositiveSmallIntegerField(_("category"), null=True)
    ratio_A_over_D = models.FloatField("A/D", null=True)
    category_until = models.DateField(null=True)
    leak_test_on = models.DateField(_("last leak test"), null=True, blank=True)
    storage_until = models.DateField(_("storage permitted until"), null=True, blank=True)
    sent_on = models.DateField(null=True, blank=True)
    arrival_on = models.DateField(_("expected arrival"), null=True, blank=True)
    receipt_due = models.DateField(_("receipt to be confirmed by"), null=True, blank=True)
    elsewhere_place = models.CharField(_("used elsewhere"), max_length=200, blank=True)
    elsewhere_until = models.DateField(_("elsewhere until"), null=True, blank=True)
    end_of_life = models.CharField(
        _("end of life"), max_length=9, choices=EndOfLife.choices, blank=True
    )
    leaking = models.BooleanField(_("failed its leak test"), default=False)
    checked_at = models.DateTimeField(_("checked and correct"), null=True, blank=True)
    checked_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    unchecked_since = models.DateField(null=True, blank=True)
    check_due = models.DateField(_("to be checked by"), null=True, blank=True)
    mistake_since = models.DateField(null=True, blank=True)
    correction_due = models.DateField(_("to be corrected by"), null=True, blank=True)
    imported = models.ForeignKey(
        Import, null=True, on_delete=models.PROTECT, related_name="sources"
    )

    class Meta:
        """The newest entry first."""

        ordering = ("-created_at", "id")
        indexes = (
            # the list of a register, of one status, of one category, of one holder: in its order
            *(
                models.Index(fields=(*of, "-created_at", "id"), name=f"register_by_{of[-1]}")
                for of in (
                    ("originator", "realm"),
                    ("originator", "realm", "status"),
                    ("originator", "realm", "category"),
                    ("holder",),
                )
            ),
            # figures, told without looking at the rows
            models.Index(
                fields=("originator", "realm", "status", "category", "level"),
                name="register_figures",
            ),
            models.Index(fields=("realm", "holder", "status")),
            models.Index(fields=("serial",)),
            models.Index(fields=("category_until",)),
            # what is overdue is little among much
            *(
                models.Index(
                    fields=(name,), condition=Q(**{f"{name}__isnull": False}), name=f"late_{name}"
                )
                for name in DEADLINES
            ),
            models.Index(fields=("leaking",), condition=Q(leaking=True), name="late_leaking"),
        )

    def save(self, *args: Any, **more: Any) -> None:
        """Save it and the words by which it is found, and have it checked anew."""
        # both read these tables
        from tocsin.server.register.checking import check_soon
        from tocsin.server.register.finding import keep_words

        super().save(*args, **more)
        fields = more.get("update_fields")
        if fields is None or {"holder", "nuclides", *TOLD_BY} & set(fields):
            keep_words([self], fresh=bool(more.get("force_insert")))
            check_soon(self)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Short name; made of the identity, so that it tells nothing of how many others exist."""
        return f"S-{self.pk.hex[:8].upper()}"

    @property
    def title(self) -> str:
        """What people tell it by."""
        words = " ".join(w for w in (self.manufacturer, self.model, self.serial) if w)
        return f"{self.nuclides} {words}".strip()

    @property
    def awaits_receipt(self) -> bool:
        """Whether the receiver has not confirmed the last transfer."""
        return self.sent_on is not None

    @property
    def coarse_place(self) -> tuple[float, float] | None:
        """Latitude and longitude to a tenth of a degree, as lists and pages show them."""
        if self.latitude is None or self.longitude is None:
            return None
        return round(self.latitude, 1), round(self.longitude, 1)

    def activities(self) -> list[SourceActivity]:
        """What is in it."""
        return activities_of(self.contents)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("register:source", args=[self.pk])


class Word(models.Model):
    """A word by which a source is found; see ``words``."""

    word = models.CharField(max_length=40)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        """Looked up by how it begins, and asked of a source whether it has one."""

        indexes = (
            # without the source: so the words of one import stand together, and few pages change
            models.Index(
                fields=("word",), name="register_word_begins", opclasses=("varchar_pattern_ops",)
            ),
            models.Index(
                fields=("source", "word"),
                name="register_word_of_source",
                opclasses=("uuid_ops", "varchar_pattern_ops"),
            ),
        )

    def __str__(self) -> str:
        return self.word


class SavedView(models.Model):
    """A filter of the list of sources under a name, for oneself or for the whole organisation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    realm = models.CharField(max_length=9)
    name = models.CharField(_("name"), max_length=80)
    shared = models.BooleanField(default=False)
    filter: models.JSONField[Any, Any] = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        """By name; a person has each name once."""

        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("person", "realm", "name"), name="register_view_one_name"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Checked(models.Model):
    """When the checks of the data were last computed for what an organisation sees.

    Each organisation has its own: what a check says of a source may name others, and those must be
    sources that its readers see. Only sources without a compartment, and of the level that the
    register gives, are among them.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    realm = models.CharField(max_length=9)
    at = models.DateTimeField(null=True, blank=True)
    wanted_at = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    sources = models.PositiveIntegerField(default=0)

    class Meta:
        """One for each organisation and realm."""

        constraints = (
            models.UniqueConstraint(fields=("organisation", "realm"), name="register_one_checked"),
        )

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.realm}"


class Found(models.Model):
    """What a check has found in a source, in each language."""

    checked = models.ForeignKey(Checked, on_delete=models.CASCADE, related_name="found")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    why: models.JSONField[Any, Any] = models.JSONField(default=dict)
    accepted = models.ForeignKey(
        "register.LookedAt", null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        """In the order of finding."""

        ordering = ("id",)
        indexes = (models.Index(fields=("checked", "kind")),)

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind}"


class LookedAt(AppendOnly):
    """That a finding is right as it is, or is not after all; the last row of a finding counts.

    ``rests_on`` is a digest of the values from which the finding came.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="looked_at")
    kind = models.CharField(max_length=40)
    rests_on = models.CharField(max_length=64)
    why: models.JSONField[Any, Any] = models.JSONField(default=dict)
    holds = models.BooleanField()
    reason = models.CharField(max_length=1000)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """In the order of saying."""

        ordering = ("id",)
        indexes = (models.Index(fields=("source", "kind")),)

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.holds}"


class Transaction(AppendOnly):
    """What was reported of a source; never changed, corrected by a later one.

    ``latitude`` and ``longitude`` are those before it, where it changes them: no page, table or
    program shows them. ``before`` and ``after`` never hold an exact place. ``facts`` are what was
    said of this step alone, as the manifest of a transfer. ``due_at`` is until when it had to be
    reported by the duty ``law`` of a country profile, as that stood on the day of the report.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="transactions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    happened_on = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    holder = models.ForeignKey(Holder, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(max_length=4000, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    before: models.JSONField[Any, Any] = models.JSONField(default=dict)
    after: models.JSONField[Any, Any] = models.JSONField(default=dict)
    facts: models.JSONField[Any, Any] = models.JSONField(default=dict)
    corrects = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="corrected_by"
    )
    due_at = models.DateTimeField(null=True)
    law = models.CharField(max_length=80, blank=True)
    late = models.BooleanField(default=False)

    class Meta:
        """In the order of reporting."""

        ordering = ("source", "number")
        constraints = (
            models.UniqueConstraint(fields=("source", "number"), name="register_one_number"),
        )
        indexes = (
            models.Index(fields=("at",), condition=models.Q(late=True), name="register_late"),
        )

    def __str__(self) -> str:
        return f"{self.source_id} {self.number} {self.kind}"


class Outgoing(models.Model):
    """What apps above must hear of: written with the transaction, read after it."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True, db_index=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        """In the order of writing."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.transaction_id} {self.written_at:%Y-%m-%d %H:%M}"


def activities_of(contents: list[dict[str, Any]]) -> list[SourceActivity]:
    """Activities as the science wants them, of the rows that a source keeps."""
    return [
        SourceActivity(
            item["nuclide"],
            float(item["activity_Bq"]),
            dt.date.fromisoformat(item["reference_date"]),
        )
        for item in contents
    ]

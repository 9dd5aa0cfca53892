"""Instruments, uploads, measurements with their arrays, analyses, encounters, and the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tocsin.nuclear.classes import GRAVITY, is_alarm
from tocsin.server.files.models import StoredFile
from tocsin.server.marking.immutable import AppendOnly, MarkedOnceQuerySet
from tocsin.server.marking.models import Marked

CLASSES = {
    "snm": _("special nuclear material"),
    "unknown": _("unknown"),
    "industrial": _("industrial"),
    "medical": _("medical"),
    "norm": _("natural"),
}
"""Classes of an encounter, the gravest first."""
BACKGROUNDS = {
    "file": _("another recording"),
    "record": _("background record of the file"),
    "tracked": _("tracked along the survey"),
    "none": _("none"),
}
"""Where the background of an analysis came from."""


class Kind(models.TextChoices):
    """What a recording is."""

    SURVEY = "survey", _("survey")
    STATIC = "static", _("spectrum")
    TRACK = "track", _("track of rates")


class State(models.TextChoices):
    """Where the work on an upload or a re-analysis stands."""

    QUEUED = "queued", _("waiting")
    ANALYSING = "analysing", _("being analysed")
    DONE = "done", _("done")
    FAILED = "failed", _("not readable")


UNFINISHED = (State.QUEUED, State.ANALYSING)


class Work(models.Model):
    """What waits for, or has had, its turn in the background.

    ``progress`` and ``touched_at`` say how far it is; they are no facts of their own and leave no
    trace in the audit log. ``attempts`` counts beginnings: what ends a process three times is
    given up.
    """

    state = models.CharField(
        _("state"), max_length=12, choices=State.choices, default=State.QUEUED, db_index=True
    )
    progress = models.FloatField(_("progress"), default=0.0)
    attempts = models.PositiveSmallIntegerField(default=0)
    task_id = models.UUIDField(null=True, blank=True)
    touched_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.CharField(max_length=1000, blank=True)

    class Meta:
        """Never a table of its own."""

        abstract = True

    @property
    def unfinished(self) -> bool:
        """Whether its turn is still to come or not over."""
        return self.state in UNFINISHED

    @property
    def percent(self) -> int:
        """Progress for people."""
        return round(100 * self.progress)


class Instrument(Marked):
    """An instrument of an organisation, as its recordings name it."""

    manufacturer = models.CharField(_("manufacturer"), max_length=200, blank=True)
    model = models.CharField(_("model"), max_length=200, blank=True)
    serial = models.CharField(_("serial number"), max_length=100, blank=True)
    instrument_class = models.CharField(_("kind"), max_length=100, blank=True)
    detectors: models.JSONField[Any, Any] = models.JSONField(default=list)

    class Meta:
        """By name."""

        ordering = ("manufacturer", "model", "serial")
        indexes = (models.Index(fields=("realm", "originator", "model", "serial")),)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """One line for people."""
        words = " ".join(w for w in (self.manufacturer, self.model) if w)
        return f"{words} {self.serial}".strip()


class Upload(Marked, Work):
    """A file that somebody brought; its bytes stay even where nothing can be read in them."""

    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, db_index=True)
    size_bytes = models.PositiveBigIntegerField()
    title = models.CharField(_("title"), max_length=200, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)
        indexes = (models.Index(fields=("created_by", "created_at")),)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Title, or the name of the file."""
        return self.title or self.file.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("measurements:upload_state", args=[self.pk])


class Measurement(AppendOnly, Marked):
    """What was read from an upload. Its marking is that of the upload."""

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    upload = models.OneToOneField(Upload, on_delete=models.PROTECT, related_name="measurement")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, db_index=True)
    title = models.CharField(_("title"), max_length=200)
    note = models.TextField(_("note"), blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    file_format = models.CharField(_("format"), max_length=40)
    instrument = models.ForeignKey(
        Instrument, null=True, on_delete=models.PROTECT, related_name="measurements"
    )
    instrument_name = models.CharField(_("instrument"), max_length=400, blank=True)
    measured_at = models.DateTimeField(_("measured"), null=True, blank=True, db_index=True)
    start_text = models.CharField(max_length=40, blank=True)
    duration_s = models.FloatField(_("duration"), null=True, blank=True)
    live_time_s = models.FloatField(_("live time"), null=True, blank=True)
    records = models.PositiveIntegerField(_("records"))
    has_positions = models.BooleanField(default=False)
    channels = models.PositiveIntegerField(default=0)
    edges_keV = models.BinaryField(blank=True, default=b"")
    warnings: models.JSONField[Any, Any] = models.JSONField(default=list)
    own_results: models.JSONField[Any, Any] = models.JSONField(default=list)
    source_class = models.CharField(
        _("class"), max_length=12, blank=True, choices=list(CLASSES.items())
    )
    nuclides = models.CharField(_("nuclides"), max_length=400, blank=True)
    encounter_count = models.PositiveIntegerField(_("encounters"), default=0)

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("realm", "originator", "created_at")),
            models.Index(fields=("source_class", "created_at")),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("measurements:measurement", args=[self.pk])


class Chunk(AppendOnly):
    """Some records of a measurement in a row: summary columns and spectra, compressed."""

    measurement = models.ForeignKey(Measurement, on_delete=models.PROTECT, related_name="chunks")
    first_record = models.PositiveIntegerField()
    records = models.PositiveIntegerField()
    summary = models.BinaryField()
    spectra = models.BinaryField(blank=True, default=b"")

    class Meta:
        """In the order of time."""

        ordering = ("measurement", "first_record")
        constraints = (
            models.UniqueConstraint(
                fields=("measurement", "first_record"), name="one_chunk_per_first_record"
            ),
        )

    def __str__(self) -> str:
        return f"{self.measurement_id} from {self.first_record}"


class Analysis(AppendOnly, Marked):
    """One answer to a measurement. A later one stands beside it and changes nothing of it."""

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    measurement = models.ForeignKey(Measurement, on_delete=models.PROTECT, related_name="analyses")
    number = models.PositiveIntegerField(_("number"))
    said: models.JSONField[Any, Any] = models.JSONField()
    background = models.ForeignKey(
        Measurement, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    statistic_name = models.CharField(max_length=80, blank=True)
    threshold = models.FloatField(null=True)
    arrays = models.BinaryField()
    geojson = models.TextField()

    class Meta:
        """In the order of making."""

        ordering = ("measurement", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("measurement", "number"), name="one_analysis_per_number"
            ),
        )

    def __str__(self) -> str:
        return f"{self.measurement_id} {self.number}"

    @property
    def background_words(self) -> str:
        """Where the background came from, for people."""
        return str(BACKGROUNDS[self.said["background_used"]])


class Encounter(AppendOnly, Marked):
    """A stretch that an analysis found above its threshold, or what a spectrum shows."""

    objects: ClassVar[Any] = MarkedOnceQuerySet.as_manager()  # type: ignore[assignment]

    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="encounters")
    number = models.PositiveIntegerField()
    first_record = models.PositiveIntegerField()
    last_record = models.PositiveIntegerField()
    peak_record = models.PositiveIntegerField()
    source_class = models.CharField(_("class"), max_length=12, choices=list(CLASSES.items()))
    neutron = models.BooleanField(default=False)
    said: models.JSONField[Any, Any] = models.JSONField()
    reasons: models.JSONField[Any, Any] = models.JSONField(default=list)
    statistic_name = models.CharField(max_length=80, blank=True)

    class Meta:
        """In the order of time."""

        ordering = ("analysis", "number")
        constraints = (
            models.UniqueConstraint(fields=("analysis", "number"), name="one_encounter_per_number"),
        )

    def __str__(self) -> str:
        words = {"number": self.number, "title": self.analysis.measurement.title}
        return _("encounter {number} of {title}").format(**words)

    @property
    def is_alarm(self) -> bool:
        """Natural material without neutrons is reported and is no alarm."""
        return is_alarm(self.source_class, neutron=self.neutron)

    def overlaps(self, other: Encounter) -> bool:
        """Whether both have records in common (of one measurement)."""
        return self.first_record <= other.last_record and other.first_record <= self.last_record

    def is_as_grave_as(self, other: Encounter) -> bool:
        """Whether nothing about the other one would make a person look again."""
        return (
            GRAVITY.index(self.source_class) <= GRAVITY.index(other.source_class)
            and self.neutron >= other.neutron
            and bool(self.said.get("nuclear_material")) >= bool(other.said.get("nuclear_material"))
        )

    @property
    def time_text(self) -> str:
        """From when to when, to the second; ``UTC`` where the file names a zone."""
        start, end = (datetime.fromisoformat(self.said[name]) for name in ("start", "end"))
        zone = " UTC" if start.tzinfo is not None else ""
        same_day = "%H:%M:%S" if start.date() == end.date() else "%Y-%m-%d %H:%M:%S"
        return f"{start:%Y-%m-%d %H:%M:%S} – {end.strftime(same_day)}{zone}"

    @property
    def nuclide_names(self) -> str:
        """Names in the order of the answer."""
        return ", ".join(n["name"] for n in self.said["nuclides"])

    def get_absolute_url(self) -> str:
        """Its place on the page of the measurement."""
        page = reverse("measurements:measurement", args=[self.analysis.measurement_id])
        return f"{page}?analysis={self.analysis.number}#encounter-{self.number}"


class Reanalysis(Marked, Work):
    """A wish for another analysis, with another background or other settings, and why."""

    measurement = models.ForeignKey(
        Measurement, on_delete=models.PROTECT, related_name="reanalyses"
    )
    background = models.ForeignKey(
        Measurement, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=400)
    analysis = models.OneToOneField(
        Analysis, null=True, blank=True, on_delete=models.PROTECT, related_name="request"
    )

    class Meta:
        """The latest first."""

        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.measurement_id}: {self.reason}"


class Outgoing(models.Model):
    """An encounter that apps above must hear of: written with it, read after it."""

    encounter = models.OneToOneField(Encounter, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True, db_index=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        """In the order of writing."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.encounter_id}"

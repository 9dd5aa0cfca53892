"""What the interface of measurements takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Schema

from tocsin.nuclear.classes import SourceClass
from tocsin.server.answers import Page


class Problem(Schema):
    """What is wrong."""

    code: str
    message: str


class ErrorOut(Schema):
    """Why a request was not carried out."""

    error: Problem


class UploadOut(Schema):
    """An upload and how far it is."""

    id: UUID
    name: str
    sha256: str
    size_bytes: int
    state: Literal["queued", "analysing", "done", "failed"]
    progress: float
    error: Problem | None
    measurement: UUID | None
    created_at: datetime
    realm: str
    level: int
    tlp: str


class MeasurementRow(Schema):
    """A measurement in a list."""

    id: UUID
    title: str
    file: str
    sha256: str
    kind: Literal["survey", "static", "track"]
    instrument: str
    start: str | None
    records: int
    live_time_s: float | None
    source_class: SourceClass | Literal[""]
    nuclides: str
    encounters: int
    created_at: datetime
    realm: str
    level: int
    tlp: str


class AnalysisOut(Schema):
    """An analysis: who asked for it, with what, and the contract ``tocsin.analysis/1``."""

    number: int
    created_at: datetime
    asked_by: str
    reason: str
    background: UUID | None
    settings: dict[str, Any]
    answer: dict[str, Any]


class RequestOut(Schema):
    """A wish for another analysis that is not fulfilled yet, or failed."""

    id: UUID
    state: Literal["queued", "analysing", "done", "failed"]
    progress: float
    reason: str
    error: Problem | None


class MeasurementOut(MeasurementRow):
    """A measurement with its analyses."""

    note: str
    warnings: list[Problem]
    analyses: list[AnalysisOut]
    requests: list[RequestOut]


class MeasurementList(Page):
    """A part of the measurements."""

    measurements: list[MeasurementRow]


class ReanalysisIn(Schema):
    """Another analysis: background, rate of false alarms, and why."""

    reason: str = Field(min_length=1, max_length=400)
    background: UUID | None = None
    false_alarm_rate_per_h: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None


class UploadIn(Schema):
    """Marking and words of an upload."""

    title: str = Field("", max_length=200)
    note: str = Field("", max_length=2000)
    level: int = Field(1, ge=0, le=3)


class EncounterOut(Schema):
    """An encounter as the survey page reads it."""

    number: int
    first_record: int
    last_record: int
    peak_record: int
    source_class: SourceClass = Field(alias="class")
    neutron: bool
    nuclear_material: bool
    statistic: float | None
    threshold: float | None
    dose_rate_uSv_h: float | None
    nuclides: list[dict[str, Any]]
    position: dict[str, float | None] | None
    alarm: str | None


Column = list[float | None] | None


class Columns(Schema):
    """One value for each record; null where nothing was written."""

    t_s: list[float | None]
    live_s: Column
    gross: Column
    count_rate_cps: Column
    background_cps: Column
    statistic: Column
    neutron: Column
    dose_rate_uSv_h: Column
    latitude: Column
    longitude: Column


class SurveyOut(Schema):
    """Everything but the spectra."""

    schema_name: Literal["tocsin.survey/1"] = Field(alias="schema")
    measurement: UUID
    title: str
    file: str
    sha256: str
    realm: str
    marking: str
    kind: Literal["survey", "static", "track"]
    instrument: str
    start: str | None
    records: int
    columns: Columns
    statistic_name: str | None
    threshold: float | None
    encounters: list[EncounterOut]


class WaterfallOut(Schema):
    """Counts over time and energy."""

    schema_name: Literal["tocsin.waterfall/1"] = Field(alias="schema")
    rows: int
    bins: int
    records_per_row: int
    axis: Literal["energy_keV", "channel"]
    edges: list[float]
    live_s: list[float | None]
    encoding: Literal["uint16-le-base64"]
    counts: str


class BackgroundOut(Schema):
    """Background behind a spectrum, on the same channels."""

    origin: Literal["file", "record", "tracked"]
    live_time_s: float
    counts: list[float]
    first_record: int | None
    last_record: int | None


class SpectrumOut(Schema):
    """Counts of some records together."""

    schema_name: Literal["tocsin.spectrum/1"] = Field(alias="schema")
    first_record: int
    last_record: int
    live_time_s: float
    real_time_s: float | None
    counts: list[float]
    edges_keV: list[float] | None
    background: BackgroundOut | None


class LineOut(Schema):
    """A line with its origin."""

    energy_keV: float
    intensity: float
    emitter: str
    kind: Literal["gamma", "x-ray", "annihilation"]
    origin: str


class NuclideOut(Schema):
    """Lines of a nuclide, strongest first."""

    name: str
    source_class: SourceClass = Field(alias="class")
    lines: list[LineOut]


class LinesOut(Schema):
    """Lines to look for."""

    schema_name: Literal["tocsin.reference-lines/1"] = Field(alias="schema")
    library: str
    nuclides: list[NuclideOut]

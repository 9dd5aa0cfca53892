"""The live picture for programs."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from tocsin.server.access import reader_of_request
from tocsin.server.answers import Detail
from tocsin.server.picture.composing import Seen, picture, recent

router = Router(tags=["picture"])

Point = tuple[float, float, float | None]


class DeviceOut(Schema):
    """A device with its state and what it measured last."""

    id: uuid.UUID
    survey: uuid.UUID
    name: str
    instrument: str
    state: str
    age_s: float | None
    stale_after_s: float
    behind_s: float | None
    records: int
    faults: int
    rate_cps: float | None
    expected_cps: float | None
    significance: float | None
    dose_rate_uSv_h: float | None
    latitude: float | None
    longitude: float | None
    level: str
    address: str


class TrackOut(Schema):
    """Points of a track from one on: latitude, longitude, significance."""

    survey: uuid.UUID
    first: int
    points: list[Point]


class CandidateOut(Schema):
    """What is missing and may be what alarmed."""

    name: str
    title: str
    probability: float
    address: str


class AlarmOut(Schema):
    """An open alarm."""

    id: uuid.UUID
    name: str
    title: str
    source_class: str = Field(alias="class")
    class_name: str
    nuclides: list[str]
    neutron: bool
    grave: bool
    state: str
    state_name: str
    raised_at: str
    latitude: float | None
    longitude: float | None
    radius_m_95: float | None
    instrument: str
    survey: uuid.UUID | None
    address: str
    candidates: list[CandidateOut]


class PictureOut(Schema):
    """The picture now, with whole tracks."""

    schema_name: Literal["tocsin.picture/1"] = Field(alias="schema")
    at: str
    devices: list[DeviceOut]
    more_devices: int = Field(description="Devices beyond those that the picture holds")
    tracks: list[TrackOut]
    alarms: list[AlarmOut]
    more_alarms: int
    shed: bool = Field(description="Under load the picture is drawn less often")


class RowOut(Schema):
    """One second of a survey."""

    n: int
    t_s: float
    real_s: float
    live_s: float
    counts: float
    expected: float | None
    statistic: float | None
    neutrons: float | None
    gap: str
    bins: list[float] | None


class RecentOut(Schema):
    """The last minutes of one survey."""

    schema_name: Literal["tocsin.picture-recent/1"] = Field(alias="schema")
    survey: uuid.UUID
    reading: int = Field(description="When it differs, rows are numbered anew: ask without after")
    state: str
    age_s: float | None
    measured_s: float
    bin_edges_keV: list[float] | None
    rows: list[RowOut]


@router.get("", response=PictureOut, url_name="picture", by_alias=True)
def now(request: HttpRequest) -> Any:
    """Devices, tracks and open alarms as they are now."""
    return picture(reader_of_request(request), Seen())


@router.get(
    "/surveys/{uuid:pk}/recent",
    response={200: RecentOut, 404: Detail},
    url_name="picture_recent",
    by_alias=True,
)
def of_survey(
    request: HttpRequest, pk: uuid.UUID, after: Annotated[int, Query(ge=-1, lt=2**31)] = -1
) -> Any:
    """Rows of a live survey after a number, those of the last three minutes over energy."""
    return recent(reader_of_request(request), pk, after)

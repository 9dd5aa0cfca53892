"""Measurements made of real recordings; each is analysed once in a run of the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.server.accounts.models import Person
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.measurements import services, tasks
from tocsin.server.measurements.analysing import Answer, Stored, answer, read_recording, stored
from tocsin.server.measurements.models import Upload
from tocsin.spectra import Recording

SURVEY = "mobile_nsdd/Q67_Mobile.N42"
NATURAL = "mobile_nsdd/Q345_Racetrack.n42"
STATIC = "static_nsdd/Q2 Ra-224 Shipment.CHN"
STATIC_BACKGROUND = "static_nsdd/Q2 Ra-224 Shipment Background.CHN"
TRACK = "tracks/radiacode-101-english-json-2.rctrk"

_READ: dict[tuple[bytes, str], Recording] = {}
_ANSWERS: dict[object, Answer] = {}
_STORED: dict[str, Stored] = {}


@pytest.fixture(autouse=True)
def each_file_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real reading and analysis, kept for the next test that wants the same of the same bytes."""

    def read(content: bytes, name: str) -> Recording:
        if (content, name) not in _READ:
            _READ[content, name] = read_recording(content, name)
        return _READ[content, name]

    def arrays(recording: Recording, found: Any) -> Stored:
        if recording.sha256 not in _STORED:
            _STORED[recording.sha256] = stored(recording, found)
        return _STORED[recording.sha256]

    def kept(recording: Any, *, background: Any = None, **more: Any) -> Answer:
        progress = more.pop("progress", None)
        key = (recording.sha256, background and background.sha256, *sorted(more.items()))
        if key not in _ANSWERS:
            _ANSWERS[key] = answer(recording, background=background, progress=progress, **more)
        return _ANSWERS[key]

    monkeypatch.setattr(tasks, "read_recording", read)
    monkeypatch.setattr(tasks, "stored", arrays)
    monkeypatch.setattr(tasks, "answer", kept)


@pytest.fixture
def reader(person: Callable[..., Person]) -> Reader:
    """An officer who may upload."""
    return reader_of(person("officer", name="Officer Ana"))


@pytest.fixture
def bring(
    request: pytest.FixtureRequest, django_capture_on_commit_callbacks: Callable[..., Any]
) -> Callable[..., Upload]:
    """Uploads a recording and lets it be analysed, as the two processes would."""

    def run(reader: Reader, name: str, *, content: bytes | None = None, **more: Any) -> Upload:
        data = content
        if data is None:
            recordings: Path = request.getfixturevalue("recordings")
            data = (recordings / name).read_bytes()
        row, _fresh = services.upload(reader, data, name=Path(name).name, **more)
        with django_capture_on_commit_callbacks(execute=True):
            tasks.analyse_upload.func(str(row.pk))
        row.refresh_from_db()
        return row

    return run

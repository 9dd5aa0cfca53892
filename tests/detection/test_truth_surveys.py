"""Every real survey and track that can be read, held against the truth table: one setting."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from survey_truth import faults, rows

from tocsin.detection import Analysis, analyze
from tocsin.detection.analysis import Encounter, Location, NuclideFinding
from tocsin.errors import ParseError
from tocsin.formats import read
from tocsin.spectra import Instrument

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "recordings"
ROWS = rows(RECORDINGS)


@pytest.mark.recordings
@pytest.mark.parametrize("row", ROWS, ids=[Path(r["file"]).name for r in ROWS])
def test_the_answer_goes_with_the_truth(row: dict[str, str], recordings: Path) -> None:
    try:
        recording = read(recordings / row["file"])
    except ParseError as error:
        pytest.skip(f"no reader for this file yet: {error}")
    analysis = analyze(recording)
    found = faults(analysis, row)
    if "uncalibrated" in {w.code for w in analysis.warnings}:
        # nothing can be named without energies; all else still counts
        found = [f for f in found if "not named" not in f]
    assert found == []


@pytest.mark.recordings
@pytest.mark.skipif(not ROWS, reason="the folder ../shared/data is absent")
def test_natural_surveys_raise_no_alarm_outside_what_is_not_scored(recordings: Path) -> None:
    """Stricter than the table: not even an unknown one, where energies are known."""
    for name in ("mobile_nsdd/Q345_Racetrack.n42", "radiacode_tools/K40.rcspg"):
        analysis = analyze(read(recordings / name))
        alarms = [e for e in analysis.encounters if e.is_alarm]
        assert all(115 <= e.peak_record <= 126 for e in alarms), name


@pytest.mark.recordings
def test_the_overpasses_name_the_natural_nuclides_that_rise(recordings: Path) -> None:
    analysis = analyze(read(recordings / "mobile_nsdd/Q345_Racetrack.n42"))
    (natural,) = (e for e in analysis.encounters if e.first_record <= 70 <= e.last_record)
    assert natural.source_class == "norm"
    names = {n.name: n for n in natural.nuclides}
    # the K-40 window rises to 1.6-2.9 times, far beyond counting; U and Th rise less
    assert "K-40" in names
    assert set(names) <= {"K-40", "Ra-226", "Th-232"}
    assert all(n.nuclide_class == "norm" and n.confidence > 0.8 for n in names.values())


@pytest.mark.recordings
def test_the_x_ray_machine_is_an_overload_and_no_nuclide(recordings: Path) -> None:
    try:
        recording = read(recordings / "radiacode_tools/xray.ndjson")
    except ParseError as error:
        pytest.skip(f"no reader for this file yet: {error}")
    analysis = analyze(recording)
    (found,) = (e for e in analysis.encounters if e.first_record <= 56 <= e.last_record)
    assert found.source_class == "unknown"
    assert found.nuclides == ()
    assert found.first_record <= 30
    assert any(w.code == "overload" and "46-54" in w.message for w in analysis.warnings)


def made_up(encounter: Encounter) -> Analysis:
    return Analysis(
        file="",
        sha256="",
        kind="survey",
        instrument=Instrument(),
        background_used="tracked",
        records=200,
        live_time_s=200.0,
        encounters=(encounter,),
        versions={},
    )


def test_the_scoring_sees_every_kind_of_fault() -> None:
    row = {
        "kind": "survey",
        "encounters_must": "100-110:Cs-137",
        "encounters_unscored": "20-30",
        "must": "Cs-137",
        "may": "K-40;Ra-226",
        "must_not_classes": "snm;industrial;medical",
        "latitude": "48.0",
        "longitude": "16.0",
        "tolerance_m": "50",
    }
    caesium = NuclideFinding("Cs-137", "industrial", 0.9, "")
    right = Encounter(
        95,
        112,
        105,
        None,
        None,
        9.0,
        5.0,
        1.0,
        "industrial",
        nuclides=(caesium,),
        location=Location(48.0003, 16.0, 30.0),
    )
    assert faults(made_up(right), row) == []
    far = dataclasses.replace(right, location=Location(48.01, 16.0, 30.0))
    assert "m off" in faults(made_up(far), row)[0]
    assert "m off" in faults(made_up(dataclasses.replace(right, location=None)), row)[0]
    nameless = dataclasses.replace(right, nuclides=())
    assert faults(made_up(nameless), row) == ["Cs-137 not named in records 100-110"]
    elsewhere = dataclasses.replace(right, first_record=150, last_record=160, peak_record=155)
    assert faults(made_up(elsewhere), row) == [
        "nothing found in records 100-110",
        "records 150-160: class industrial must not be",
    ]
    cobalt = dataclasses.replace(
        right, nuclides=(caesium, dataclasses.replace(caesium, name="Co-60"))
    )
    assert faults(made_up(cobalt), row) == ["records 95-112: ['Co-60'] must not be named"]
    quiet = {**row, "encounters_must": "", "must": ""}
    hidden = dataclasses.replace(right, first_record=22, last_record=28, peak_record=25)
    assert faults(made_up(hidden), quiet) == []
    track = {**quiet, "kind": "track", "encounters_unscored": "0-199"}
    assert faults(made_up(right), track) == [
        "records 95-112: ['Cs-137'] named without any spectrum"
    ]

"""The public contract ``tocsin.analysis/1``, key by key, and the exit status of the command."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.detection.analysis import (
    ActivityEstimate,
    Analysis,
    Encounter,
    Location,
    NuclideFinding,
)
from tocsin.spectra import DetectorInfo, Instrument, RecordingWarning

VIENNA_SUMMER = dt.timezone(dt.timedelta(hours=2))
START = dt.datetime(2024, 8, 15, 21, 58, 54, tzinfo=VIENNA_SUMMER)
ENCOUNTER = Encounter(
    first_record=125,
    last_record=130,
    peak_record=128,
    start=START,
    end=START + dt.timedelta(seconds=6),
    statistic=41.23456,
    threshold=6.1,
    false_alarm_rate_per_h=1.0,
    source_class="medical",
    nuclides=(NuclideFinding("Tc-99m", "medical", 0.97456, "140.5 keV seen"),),
    location=Location(46.28123456, -119.27, 14.04321),
    activity=ActivityEstimate(3.1e8, 1.0e8, 9.0e8, "bare"),
)
ANALYSIS = Analysis(
    file="walk.n42",
    sha256="ab" * 32,
    kind="survey",
    instrument=Instrument("Maker", "Model", "1", "Backpack", (DetectorInfo("d1"),)),
    background_used="tracked",
    records=490,
    live_time_s=489.2,
    encounters=(ENCOUNTER,),
    versions={"tocsin": "0"},
    warnings=(RecordingWarning("drop-out", "records 3-5"),),
)


def test_every_key_of_the_contract_and_no_other() -> None:
    assert ANALYSIS.to_json() == {
        "schema": "tocsin.analysis/1",
        "realm": "LIVE",
        "file": "walk.n42",
        "sha256": "ab" * 32,
        "kind": "survey",
        "instrument": {
            "manufacturer": "Maker",
            "model": "Model",
            "class": "Backpack",
            "detectors": ["d1"],
        },
        "background_used": "tracked",
        "records": 490,
        "live_time_s": 489.2,
        "warnings": [{"code": "drop-out", "message": "records 3-5"}],
        "encounters": [
            {
                "first_record": 125,
                "last_record": 130,
                "peak_record": 128,
                "start": "2024-08-15T19:58:54Z",
                "end": "2024-08-15T19:59:00Z",
                "statistic": 41.23,
                "threshold": 6.1,
                "false_alarm_rate_per_h": 1.0,
                "neutron": False,
                "dose_rate_uSv_h": None,
                "class": "medical",
                "nuclear_material": False,
                "nuclides": [
                    {
                        "name": "Tc-99m",
                        "class": "medical",
                        "confidence": 0.975,
                        "evidence": "140.5 keV seen",
                    }
                ],
                "position": {"latitude": 46.281235, "longitude": -119.27, "radius_m_95": 14.04},
                "activity_Bq": {
                    "value": 3.1e8,
                    "low_95": 1.0e8,
                    "high_95": 9.0e8,
                    "assumes": "bare",
                },
            }
        ],
        "versions": {"tocsin": "0"},
    }


def test_what_cannot_be_known_is_null_and_a_time_without_zone_gets_none() -> None:
    naive = START.replace(tzinfo=None)
    bare = Encounter(0, 0, 0, naive, None, 1.0, float("inf"), None, "unknown")
    answer = Analysis(
        "a", "", "static", Instrument(), "none", 1, None, (bare,), {}, realm="SYNTHETIC"
    ).to_json()
    (encounter,) = answer["encounters"]
    assert answer["live_time_s"] is None
    assert answer["realm"] == "SYNTHETIC"
    assert encounter["start"] == "2024-08-15T21:58:54"
    assert encounter["end"] is None
    assert encounter["threshold"] is None  # JSON has no infinity
    assert encounter["position"] is None
    assert encounter["activity_Bq"] is None
    json.dumps(answer, allow_nan=False)


@pytest.fixture
def unreadable(tmp_path: Path) -> Path:
    path = tmp_path / "broken.n42"
    path.write_text("<RadInstrumentData")
    return path


def test_a_file_that_cannot_be_read_ends_with_status_3_and_one_line(unreadable: Path) -> None:
    done = CliRunner().invoke(app, ["analyze", str(unreadable)])
    assert done.exit_code == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "broken.n42" in done.stderr


def test_an_error_stands_in_the_place_of_the_answer(unreadable: Path) -> None:
    done = CliRunner().invoke(app, ["analyze", str(unreadable), "--json"])
    assert done.exit_code == 3
    answer = json.loads(done.stdout)
    assert list(answer) == ["error"]
    assert answer["error"]["file"] == "broken.n42"
    assert answer["error"]["code"]
    assert answer["error"]["message"]


@pytest.mark.parametrize("arguments", [["analyze"], ["analyze", "--nonsense"], ["nonsense"]])
def test_a_wrong_call_ends_with_status_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2

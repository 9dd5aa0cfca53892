"""``tocsin detectors background``: the answer in words and JSON, the picture, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.detectors import named_model
from tocsin.detectors.background import BackgroundComponents
from tocsin.formats import write_n42
from tocsin.nuclear import load_library
from tocsin.spectra import EnergyCalibration, Instrument, Record, Recording, Spectrum

TIME_S = 600.0


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["detectors", "background", *words])


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room of concrete before a 2x2 in NaI."""
    calibration = EnergyCalibration.polynomial((0.0, 6.0))
    background = BackgroundComponents(
        named_model("nai-2x2in"), calibration.edges_keV(500), library=load_library()
    )
    values = {
        "K-40, thick walls": 300.0,
        "U-238 series, thick walls": 20.0,
        "Th-232 series, thick walls": 20.0,
        "cosmic photons": 1.0,
    }
    amounts = np.array([values.get(c.name, 0.0) for c in background.components])
    drawn = np.random.default_rng(3).poisson(amounts @ background.counts() * TIME_S)
    spectrum = Spectrum(drawn, live_time_s=TIME_S, calibration=calibration)
    record = Record(spectra=(spectrum,), real_time_s=TIME_S)
    path = tmp_path_factory.mktemp("background") / "room.n42"
    path.write_bytes(write_n42(Recording(records=(record,), instrument=Instrument(model="NaI"))))
    return path


def test_a_room_is_taken_apart(room: Path, tmp_path: Path) -> None:
    picture = tmp_path / "room.svg"
    done = run(str(room), "--detector", "nai-2x2in", "--json", "--plot", str(picture))
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["schema"] == "tocsin.background/1"
    assert told["detector"] == "nai-2x2in"
    assert told["holds"] is True
    assert 0.7 < told["reduced_chi_square"] < 1.3
    rates = {o["name"]: o for o in told["origins"]}
    whole = sum(o["counts_per_s"] for o in rates.values())
    assert whole == pytest.approx(told["counts"] / TIME_S, rel=0.01)
    assert rates["K-40"]["counts_per_s"] > 4 * rates["K-40"]["uncertainty"]
    assert set(told["worst_band"]) == {"low_keV", "high_keV", "misfit", "noise"}
    assert picture.read_bytes().lstrip().startswith(b"<svg")
    words = run(str(room), "--detector", "nai-2x2in").stdout
    assert "K-40" in words
    assert "worst band" in words


def test_wrong_calls_say_what_to_do(room: Path, tmp_path: Path) -> None:
    for words, status, said in (
        ((str(tmp_path / "none.n42"),), 3, "none.n42"),
        ((str(room), "--detector", "nai-9x9in"), 2, "no detector model 'nai-9x9in'"),
        ((str(room), "--with", "Qq-9"), 2, "Qq-9"),
        ((str(room), "--record", "7"), 2, "numbered 0 to 0"),
        ((str(room), "--altitude-m", "90000"), 2, "outside -500 to 4000 m"),
        ((str(room), "--from-kev", "2000", "--to-kev", "2010"), 2, "too few"),
        ((str(room), "--plot", "x.pdf"), 2, "ending must be .svg"),
    ):
        done = run(*words)
        assert done.exit_code == status, (words, done.output)
        assert said in " ".join(done.stderr.split())

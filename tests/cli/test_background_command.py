"""``tocsin detectors background``: the answer in words and JSON, the picture, refusals."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.detectors import background, named_model
from tocsin.detectors.array_cache import CACHE_VARIABLE
from tocsin.detectors.background import BackgroundComponents, SimulatedField
from tocsin.detectors.photon_matrix_build import MatrixSettings
from tocsin.formats import write_n42
from tocsin.nuclear import load_library
from tocsin.spectra import (
    EnergyCalibration,
    Instrument,
    Record,
    Recording,
    SourceType,
    Spectrum,
)

TIME_S = 600.0
CALIBRATION = EnergyCalibration.polynomial((0.0, 6.0))


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["detectors", "background", *words])


@pytest.fixture(scope="module")
def seen() -> np.ndarray:
    """Counts per second that a room of concrete leaves in a 2x2 in NaI of 500 channels."""
    drawn = BackgroundComponents(
        named_model("nai-2x2in"), CALIBRATION.edges_keV(500), library=load_library()
    )
    values = {
        "K-40, thick walls": 300.0,
        "U-238 series, thick walls": 20.0,
        "Th-232 series, thick walls": 20.0,
        "cosmic photons": 1.0,
    }
    amounts = np.array([values.get(c.name, 0.0) for c in drawn.components])
    return amounts @ drawn.counts()


def written(folder: Path, name: str, *records: Record, realm: str = "LIVE") -> Path:
    path = folder / name
    recording = Recording(records=records, instrument=Instrument(model="NaI"), realm=realm)
    path.write_bytes(write_n42(recording))
    return path


def spectrum_of(seen: np.ndarray, seed: int, **more: Any) -> Spectrum:
    drawn = np.random.default_rng(seed).poisson(seen * TIME_S)
    return Spectrum(drawn, live_time_s=TIME_S, calibration=CALIBRATION, **more)


@pytest.fixture(scope="module")
def room(seen: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room of concrete before a 2x2 in NaI."""
    folder = tmp_path_factory.mktemp("background")
    return written(folder, "room.n42", Record(spectra=(spectrum_of(seen, 3),), real_time_s=TIME_S))


def test_a_room_is_taken_apart(room: Path, tmp_path: Path) -> None:
    picture = tmp_path / "room.svg"
    done = run(str(room), "--quick", "--detector", "nai-2x2in", "--json", "--plot", str(picture))
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["schema"] == "tocsin.background/1"
    assert told["detector"] == "nai-2x2in"
    assert told["holds"] is True
    assert (told["records"], told["records_taken"]) == ([0], "measured")
    assert 50 <= told["low_keV"] < 60
    assert 2780 < told["high_keV"] <= 2800
    assert told["warnings"] == []
    assert 0.7 < told["reduced_chi_square"] < 1.3
    rates = {o["name"]: o for o in told["origins"]}
    whole = sum(o["counts_per_s"] for o in rates.values())
    assert whole == pytest.approx(told["counts"] / TIME_S, rel=0.01)
    assert rates["K-40"]["counts_per_s"] > 4 * rates["K-40"]["uncertainty"]
    assert set(told["worst_band"]) == {"low_keV", "high_keV", "misfit", "noise"}
    assert picture.read_bytes().lstrip().startswith(b"<svg")
    assert told["response"] == "deterministic"
    words = run(str(room), "--quick", "--detector", "nai-2x2in").stdout
    assert "response deterministic: the bare crystal" in words
    assert "K-40" in words
    assert "worst band" in words
    assert "record 0, all that was measured" in words


def test_the_detector_is_simulated_where_it_is_known_how_it_is_built(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    small = partial(SimulatedField, settings=MatrixSettings(energies=24, histories=4000))
    monkeypatch.setattr(background, "SimulatedField", small)
    first = run(str(room), "--detector", "nai-2x2in", "--json")
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["response"] == "simulated"
    assert "is simulated, once" in first.stderr
    again = run(str(room), "--detector", "nai-2x2in")
    assert "response simulated: photons followed" in again.stdout
    assert "is simulated, once" not in again.stderr
    # a crystal alone, of which nobody wrote down what lies around it
    other = json.loads(run(str(room), "--detector", "identifinder", "--json").stdout)
    assert other["response"] == "deterministic"


def test_what_is_not_in_the_range_is_null(room: Path) -> None:
    words = ("--quick", "--detector", "nai-2x2in", "--from-kev", "150", "--with", "Am-241")
    done = run(str(room), *words, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    rates = {o["name"]: o for o in told["origins"]}
    lead = rates["surroundings"]
    assert lead["counts_per_s"] is lead["uncertainty"] is lead["below_counts_per_s"] is None
    amounts = {c["name"]: c for c in told["components"]}
    assert amounts["X-rays of lead"]["amount"] is None
    assert told["low_keV"] >= 150
    assert "not in the range" in run(str(room), *words).stdout


def test_a_declared_background_is_taken_and_not_the_source(
    seen: np.ndarray, tmp_path: Path
) -> None:
    source = Record(spectra=(spectrum_of(30 * seen, 4),), real_time_s=TIME_S,
                    source_type=SourceType.FOREGROUND)  # fmt: skip
    plain = Record(spectra=(spectrum_of(seen, 3),), real_time_s=TIME_S,
                   source_type=SourceType.BACKGROUND)  # fmt: skip
    path = written(tmp_path, "both.n42", source, plain)
    told = json.loads(run(str(path), "--quick", "--detector", "nai-2x2in", "--json").stdout)
    assert (told["records"], told["records_taken"]) == ([1], "declared_background")
    assert told["counts"] < 1.1 * seen.sum() * TIME_S
    words = run(str(path), "--quick", "--detector", "nai-2x2in", "--record", "0").stdout
    assert "record 0, as named by --record" in words


def test_one_of_several_detectors_is_fitted_by_its_name(seen: np.ndarray, tmp_path: Path) -> None:
    both = tuple(spectrum_of(seen, k, detector=name) for k, name in enumerate(("A1", "A2")))
    path = written(tmp_path, "two.n42", Record(spectra=both, real_time_s=TIME_S))
    done = run(str(path), "--quick", "--detector", "nai-2x2in")
    assert done.exit_code == 2
    said = " ".join(done.stderr.split())
    assert "--crystal" in said
    assert "A1, A2" in said
    told = json.loads(
        run(str(path), "--quick", "--detector", "nai-2x2in", "--crystal", "A2", "--json").stdout
    )
    assert told["crystal"] == "A2"
    assert told["counts"] < 1.1 * seen.sum() * TIME_S
    assert told["live_time_s"] == pytest.approx(TIME_S)
    assert run(str(path), "--quick", "--detector", "nai-2x2in", "--crystal", "B").exit_code == 2


def test_wrong_calls_say_what_to_do_before_anything_is_simulated(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("simulated before it was looked at")

    monkeypatch.setattr(SimulatedField, "seen", never)
    for words, status, said in (
        ((str(tmp_path / "none.n42"),), 3, "none.n42"),
        ((str(room), "--detector", "nai-9x9in"), 2, "no detector model 'nai-9x9in'"),
        ((str(room), "--with", "Qq-9"), 2, "Qq-9"),
        ((str(room), "--record", "7"), 2, "numbered 0 to 0"),
        ((str(room), "--altitude-m", "90000"), 2, "outside -500 to 4000 m"),
        ((str(room), "--from-kev", "2000", "--to-kev", "2010"), 2, "too few"),
        ((str(room), "--from-kev", "10"), 2, "within 30 to 3000 keV"),
        ((str(room), "--with", "H-3"), 2, "emit no photons"),
        ((str(room), "--plot", "x.pdf"), 2, "ending must be .svg"),
    ):
        done = run(*words)
        assert done.exit_code == status, (words, done.output)
        assert said in " ".join(done.stderr.split())


def test_the_realm_stands_in_words_numbers_and_picture(seen: np.ndarray, tmp_path: Path) -> None:
    record = Record(spectra=(spectrum_of(seen, 3),), real_time_s=TIME_S)
    for realm in ("LIVE", "SYNTHETIC"):
        made, picture = written(tmp_path, f"{realm}.n42", record, realm=realm), tmp_path / realm
        words = (str(made), "--quick", "--detector", "nai-2x2in")
        done = run(*words, "--json", "--plot", str(picture.with_suffix(".svg")))
        assert json.loads(done.stdout)["realm"] == realm
        is_told = realm != "LIVE"
        # nothing but the banner: titles of these files hold the word in another place
        drawn = picture.with_suffix(".svg").read_text()
        assert (f"<!-- {realm} -->" in drawn) == is_told
        assert (f"{realm}\n" in run(*words).stdout) == is_told

"""``tocsin peaks``: choice of spectra, documents, files, and errors in one clear line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from analytic_spectra import TruePeak, gaussian_counts
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.errors import InvalidInput, Uncalibrated
from tocsin.formats import write_n42
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    Instrument,
    Record,
    Recording,
    SourceType,
    Spectrum,
)
from tocsin.spectrometry import Choice, list_peaks
from tocsin.spectrometry.document import COLUMNS, SCHEMA, to_csv, to_json

GERMANIUM = Instrument("Maker", "HPGe", detectors=(DetectorInfo("A", "HPGe", material="HPGe"),))
LINES = {238.632: 4e3, 583.187: 3e3, 661.657: 5e3, 911.204: 2e3, 1460.82: 4e3, 2614.511: 2e3}


def counts(*, seed: int, without: tuple[float, ...] = (), gain: float = 1.0) -> np.ndarray:
    edges = np.linspace(0.0, 3000.0, 4097)
    expected = 25.0 * np.exp(-np.arange(4096) / 1200.0) + 2.0
    for e, area in LINES.items():
        if e not in without:
            expected = expected + gaussian_counts(
                edges, TruePeak(e * gain, area, float(np.sqrt(0.8 + 0.002 * e)))
            )
    return np.random.default_rng(seed).poisson(expected)


def spectrum(values, *, detector: str = "A", calibrated: bool = True) -> Spectrum:
    calibration = EnergyCalibration.polynomial([0.0, 3000.0 / 4096]) if calibrated else None
    return Spectrum(values, 600.0, 605.0, calibration, detector)


def recording(*spectra: Spectrum, realm: str = "LIVE", background=()) -> Recording:
    records = [Record((s,), source_type=SourceType.FOREGROUND) for s in spectra]
    records += [Record((s,), source_type=SourceType.BACKGROUND) for s in background]
    return Recording(tuple(records), GERMANIUM, file_name="made.n42", sha256="0" * 64, realm=realm)


def energies(peaks) -> list[float]:
    return [round(p.energy_keV, 1) for p in peaks.analysis.peaks]


def test_all_measured_records_are_added_unless_some_are_chosen() -> None:
    both = recording(spectrum(counts(seed=1)), spectrum(counts(seed=2), detector="B"))
    whole = list_peaks(both)
    one = list_peaks(both, choice=Choice(records=(1,)))
    assert whole.records == (0, 1)
    assert one.records == (1,)
    assert one.detectors == ("B",)
    areas = [
        next(p.area for p in x.analysis.peaks if abs(p.energy_keV - 661.7) < 1)
        for x in (whole, one)
    ]
    assert areas[0] == pytest.approx(2 * areas[1], rel=0.08)
    by_name = list_peaks(both, choice=Choice(detectors=("B",)))
    assert by_name.analysis.peaks == one.analysis.peaks


def test_background_records_stay_out_of_the_sum() -> None:
    got = list_peaks(recording(spectrum(counts(seed=1)), background=(spectrum(counts(seed=2)),)))
    assert got.records == (0,)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(records=(7,)), "there is no record 7"),
        (Choice(detectors=("C",)), "there is no detector 'C'; there are 'A'"),
        (Choice(limits_at_keV=(9999.0,)), "outside of the channels"),
    ],
)
def test_choices_that_cannot_be_met_are_refused(choice: Choice, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        list_peaks(recording(spectrum(counts(seed=1))), choice=choice)


def test_an_empty_recording_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no gamma spectrum with counts"):
        list_peaks(recording(spectrum(np.zeros(4096, dtype=int))))


def test_realms_never_mix() -> None:
    one, other = (
        recording(spectrum(counts(seed=1))),
        recording(spectrum(counts(seed=2)), realm="SYNTHETIC"),
    )
    with pytest.raises(InvalidInput, match="realms never mix"):
        list_peaks(one, background=other)


def test_a_new_scale_moves_the_peaks_to_their_lines() -> None:
    shifted = recording(spectrum(counts(seed=3, gain=0.99)))
    before = list_peaks(shifted)
    after = list_peaks(shifted, choice=Choice(lines_keV=(238.632, 583.187, 1460.82, 2614.511)))
    assert after.recalibration is not None
    assert min(abs(e - 661.657) for e in energies(before)) > 5.0
    assert min(abs(e - 661.657) for e in energies(after)) < 0.3


def test_without_a_calibration_the_lines_make_one_or_the_reason_is_given() -> None:
    bare = recording(spectrum(counts(seed=4), calibrated=False))
    with pytest.raises(Uncalibrated, match="--line"):
        list_peaks(bare)
    got = list_peaks(bare, choice=Choice(lines_keV=tuple(LINES)))
    assert min(abs(e - 911.204) for e in energies(got)) < 0.5


def test_the_document_says_everything_and_holds_only_plain_numbers() -> None:
    background = recording(spectrum(counts(seed=6, without=(661.657,))))
    peaks = list_peaks(
        recording(spectrum(counts(seed=5))),
        background=background,
        choice=Choice(limits_at_keV=(800.0, 661.657)),
    )
    document = to_json(peaks)
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    assert document["schema"] == SCHEMA == "tocsin.peaks/1"
    assert document["background_file"] == "made.n42"
    assert document["time_ratio"] == 1.0
    assert [p["energy_keV"] for p in document["peaks"]] == [
        p.energy_keV for p in peaks.analysis.peaks
    ]
    caesium = next(p for p in document["peaks"] if abs(p["energy_keV"] - 661.657) < 1.0)
    assert caesium["net_area"] == pytest.approx(caesium["area"], abs=4 * caesium["net_uncertainty"])
    potassium = next(p for p in document["peaks"] if abs(p["energy_keV"] - 1460.82) < 1.0)
    assert abs(potassium["net_area"]) < 4.0 * potassium["net_uncertainty"]
    assert [x["energy_keV"] for x in document["limits"]] == [800.0, 661.657]
    assert [x["recognised"] for x in document["limits"]] == [False, True]
    for region in document["regions"]:
        k = region["peaks"]
        assert np.array(region["area_covariance"]).shape == (k, k)
    assert "identification" in document["note"]
    table = list(csv.DictReader(io.StringIO(to_csv(peaks).decode())))
    assert tuple(table[0]) == COLUMNS
    assert [float(r["energy_keV"]) for r in table] == pytest.approx(
        [p.energy_keV for p in peaks.analysis.peaks], rel=1e-5
    )
    assert float(table[0]["net_area"]) == pytest.approx(peaks.net[0].area, rel=1e-5)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "made.n42").write_bytes(write_n42(recording(spectrum(counts(seed=5)))))
    back = recording(spectrum(counts(seed=6, without=(661.657,))))
    (tmp_path / "back.n42").write_bytes(write_n42(back))
    return tmp_path


def run(*arguments: object):
    return CliRunner().invoke(app, ["peaks", *map(str, arguments)], env={"COLUMNS": "110"})


def test_the_command_prints_writes_and_says_where(files: Path) -> None:
    done = run(
        files / "made.n42", "--background", files / "back.n42", "--limit", "800",
        "--csv", files / "out.csv", "--html", files / "out.html", "--pdf", files / "out.pdf",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "661.6" in done.output
    assert "Ba-137m (Cs-137)" in done.output
    assert "not an identification" in done.output
    assert "Detection limit" in done.output
    assert (files / "out.csv").read_bytes().startswith(b"energy_keV,")
    page = (files / "out.html").read_text()
    assert "Peaks of made.n42" in page
    assert "<script" not in page
    assert (files / "out.pdf").read_bytes().startswith(b"%PDF")
    again = run(files / "made.n42", "--csv", files / "out.csv")
    assert again.exit_code == 2
    assert "--force" in again.output


def test_json_goes_to_standard_output_alone(files: Path) -> None:
    done = run(files / "made.n42", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["schema"] == "tocsin.peaks/1"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("absent.n42",), 3, "no such file"),
        (("made.n42", "--record", "5"), 2, "there is no record 5"),
        (("made.n42", "--detector", "Z"), 2, "there is no detector 'Z'"),
        (("made.n42", "--line", "100", "--line", "200"), 2, "line"),
        (("made.n42", "--false-peaks", "0"), 2, "false-peaks"),
        (("made.n42", "--scale", "cubic", "--line", "661.657"), 2, "cubic"),
        (("made.n42", "--background", "absent.n42"), 3, "no such file"),
    ],
)
def test_wrong_calls_end_with_one_clear_line(
    files: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    named = [files / a if a.endswith(".n42") else a for a in arguments]
    done = run(*named)
    assert done.exit_code == status, done.output
    assert words in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_an_error_with_json_is_json(files: Path) -> None:
    done = run(files / "made.n42", "--record", "5", "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["file"] == "made.n42"

"""``tocsin difference`` on real and wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.formats import write_n42
from tocsin.spectra import EnergyCalibration, Instrument, Record, Recording, Spectrum

RUN = CliRunner()


def recording(path: Path, *, seed: int, realm: str = "LIVE", calibrated: bool = True) -> Path:
    mean = 200.0 * np.exp(-np.arange(512) / 90.0)
    counts = np.random.default_rng(seed).poisson(mean)
    calibration = EnergyCalibration.polynomial([0.0, 6.0]) if calibrated else None
    spectrum = Spectrum(counts, 100.0, 101.0, calibration, "Aa1")
    made = Recording((Record(spectra=(spectrum,)),), Instrument("T", "test"), realm=realm)
    path.write_bytes(write_n42(made))
    return path


def test_two_equal_recordings(tmp_path: Path) -> None:
    one, other = (recording(tmp_path / f"{n}.n42", seed=n) for n in (1, 2))
    html, pdf = tmp_path / "out.html", tmp_path / "out.pdf"
    done = RUN.invoke(
        app, ["difference", str(one), str(other), "--html", str(html), "--pdf", str(pdf), "--json"]
    )
    assert done.exit_code == 0, done.output
    value = json.loads(done.stdout)
    assert value["compared"] == "rate"
    assert value["p_value"] > 1e-4
    assert html.read_text().startswith("<!doctype html>")
    assert pdf.read_bytes().startswith(b"%PDF-")
    again = RUN.invoke(app, ["difference", str(one), str(other), "--html", str(html)])
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_realms_never_mix(tmp_path: Path) -> None:
    one = recording(tmp_path / "one.n42", seed=1)
    other = recording(tmp_path / "other.n42", seed=2, realm="SYNTHETIC")
    done = RUN.invoke(app, ["difference", str(one), str(other)])
    assert done.exit_code == 2
    assert "realms never mix" in done.stderr


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_file_is_named(tmp_path: Path, missing: int) -> None:
    paths = [recording(tmp_path / f"{n}.n42", seed=n) for n in (1, 2)]
    paths[missing] = tmp_path / "nowhere.n42"
    done = RUN.invoke(app, ["difference", *map(str, paths)])
    assert done.exit_code != 0
    assert "nowhere.n42" in str(done.exception)

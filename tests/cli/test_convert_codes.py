"""``tocsin convert`` to URIs and QR codes, and back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from tocsin.formats import Reader, write_n42
from tocsin.spectra import EnergyCalibration, Record, Recording, Spectrum


def tocsin(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def spectrum_file(folder: Path, channels: int) -> Path:
    counts = np.random.default_rng(5).poisson(40.0, channels)
    calibration = EnergyCalibration.polynomial((0.0, 3.0))
    spectrum = Spectrum(counts, 9.5, 10.0, calibration, "")
    path = folder / "spectrum.n42"
    path.write_bytes(write_n42(Recording((Record((spectrum,), real_time_s=10.0),))))
    return path


def test_a_uri_and_a_code_hold_the_spectrum(tmp_path: Path) -> None:
    source = spectrum_file(tmp_path, 256)
    for name in ("spectrum.uri", "spectrum.png"):
        assert tocsin("convert", source, tmp_path / name).returncode == 0
    with Reader() as reader:
        counts = [
            reader.read(tmp_path / name).records[0].spectra[0].counts.tolist()
            for name in ("spectrum.n42", "spectrum.uri", "spectrum.png")
        ]
    assert counts[0] == counts[1] == counts[2]


def test_a_long_spectrum_takes_several_pictures(tmp_path: Path) -> None:
    source = spectrum_file(tmp_path, 4096)
    done = tocsin("convert", source, tmp_path / "long.svg")
    assert done.returncode == 0
    names = sorted(p.name for p in tmp_path.glob("long*.svg"))
    assert names[:2] == ["long-1.svg", "long-2.svg"]
    assert all(name in done.stderr for name in names)
    assert tocsin("convert", source, tmp_path / "long.svg").returncode == 2

"""The cache of computed arrays: the same answers with it, without it, and when it is damaged."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tocsin.detectors import array_cache, named_model
from tocsin.detectors.array_cache import cache_folder, cached_arrays
from tocsin.detectors.response import CrystalResponse

KEY = "0123456789abcdef" * 4


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(array_cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


class Builder:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.calls += 1
        return {"a": np.arange(6.0) / 7.0, "names": np.array(["x", "yy"])}


def asked(build: Builder, key: str = KEY) -> dict[str, np.ndarray]:
    return cached_arrays("thing", key, build)


def test_what_is_read_is_what_was_built_to_the_last_bit(folder: Path) -> None:
    build = Builder()
    first, second = asked(build), asked(build)
    assert build.calls == 1
    assert first.keys() == second.keys()
    assert first["a"].tobytes() == second["a"].tobytes()
    assert second["names"].tolist() == ["x", "yy"]


def test_another_key_is_built_anew_and_the_old_file_goes(folder: Path) -> None:
    build = Builder()
    asked(build)
    asked(build, KEY[::-1])
    assert build.calls == 2
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("damage", ["cut", "junk", "empty", "other key", "writable by all"])
def test_a_file_that_is_not_exactly_right_is_not_believed(folder: Path, damage: str) -> None:
    build = Builder()
    asked(build)
    (path,) = folder.iterdir()
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "junk":
        path.write_bytes(b"\x80\x04pickle or anything else")
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "other key":
        # same beginning, so the same file name
        asked(build, KEY[:32] + "f" * 32)
    else:
        path.chmod(0o666)
    before = build.calls
    assert asked(build)["a"].tolist() == Builder()()["a"].tolist()
    assert build.calls == before + 1


def test_no_folder_and_no_right_to_write_are_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = Builder()
    monkeypatch.setenv(array_cache.CACHE_VARIABLE, "off")
    assert cache_folder() is None
    asked(build)
    # a file where the folder should be: nothing can be written, whoever asks
    blocked = tmp_path / "file"
    blocked.write_text("x")
    monkeypatch.setenv(array_cache.CACHE_VARIABLE, str(blocked))
    asked(build)
    assert build.calls == 2
    monkeypatch.delenv(array_cache.CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tocsin"


def test_a_crystal_from_the_cache_answers_like_one_drawn_afresh(folder: Path) -> None:
    model = named_model("kromek-gr1")
    energies = np.array([59.5, 661.7, 1332.5, 2614.5])
    fresh = CrystalResponse(model.response.material, model.crystal)
    drawn = fresh.deposit(energies)
    assert any(folder.iterdir())
    kept = CrystalResponse(model.response.material, model.crystal)
    again = kept.deposit(energies)
    assert drawn.peaks.tobytes() == again.peaks.tobytes()
    assert drawn.continuum.tobytes() == again.continuum.tobytes()
    grid = kept.grid_deposit(incidence="isotropic")
    assert grid.interacting.size == grid.peaks.shape[0] == grid.continuum.shape[0]
    assert np.allclose(grid.peaks.sum(axis=1) + grid.continuum.sum(axis=1), grid.interacting)


def test_a_changed_response_leaves_nothing_behind_for_the_true_one(folder: Path) -> None:
    """A subclass without the loss of electrons, asked first, with the same crystal."""

    class ElectronsStay(CrystalResponse):
        def _electron_loss(self, energies_keV: np.ndarray) -> np.ndarray:
            return np.zeros_like(energies_keV)

    model = named_model("radiacode")
    energy = np.array([2614.5])
    stay = ElectronsStay(model.response.material, model.crystal).deposit(energy)
    leave = CrystalResponse(model.response.material, model.crystal).deposit(energy)
    assert len(list(folder.iterdir())) == 2
    assert leave.peaks[0, 0] < 0.95 * stay.peaks[0, 0]


def test_files_are_for_the_user_alone(folder: Path) -> None:
    asked(Builder())
    (path,) = folder.iterdir()
    if hasattr(os, "geteuid"):
        assert path.stat().st_mode & 0o077 == 0

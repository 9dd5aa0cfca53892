"""Pure background, drawn again and again: next to never is a man-made nuclide named in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tocsin.detection.identification import IdentificationSettings
from tocsin.detection.static import analyze_static
from tocsin.formats import read
from tocsin.nuclear import load_library
from tocsin.spectra import Recording

SPECTRA = Path(__file__).resolve().parents[3] / "shared" / "data" / "reference_spectra"
DETECTORS = ("RadiaCode-102", "Detective-EX")


def drawn(recording: Recording, rng: np.random.Generator) -> Recording:
    records = tuple(
        replace(
            r,
            spectra=tuple(replace(s, counts=rng.poisson(s.counts)) for s in r.spectra),
        )
        for r in recording.records
    )
    return replace(recording, records=records)


def named(expected: Recording, rng: np.random.Generator, *, beside: bool) -> list[str]:
    """What is not natural in a drawn background, seen beside another one or alone."""
    encounters, _, _, _ = analyze_static(
        drawn(expected, rng),
        background=drawn(expected, rng) if beside else None,
        settings=IdentificationSettings(),
        library=load_library(),
    )
    return [n.name for e in encounters for n in e.nuclides if n.nuclide_class != "norm"] + [
        e.source_class for e in encounters if e.source_class != "norm"
    ]


def false_in(detector: str, draws: int) -> list[str]:
    expected = read(SPECTRA / detector / "background.txt")
    rng = np.random.default_rng([19, DETECTORS.index(detector)])
    return [x for k in range(draws) for x in named(expected, rng, beside=k % 2 == 0)]


@pytest.mark.recordings
@pytest.mark.skipif(not SPECTRA.is_dir(), reason="the folder ../shared/data is absent")
@pytest.mark.parametrize("detector", DETECTORS)
def test_drawn_background_is_natural(detector: str) -> None:
    """Where one in a hundred were named falsely, twelve draws would all be natural in 89 %."""
    assert false_in(detector, 12) == []


@pytest.mark.verify
@pytest.mark.recordings
@pytest.mark.skipif(not SPECTRA.is_dir(), reason="the folder ../shared/data is absent")
@pytest.mark.parametrize("detector", DETECTORS)
def test_of_five_hundred_drawn_backgrounds_five_at_most_are_named(detector: str) -> None:
    found = false_in(detector, 500)
    assert len(found) <= 5, found

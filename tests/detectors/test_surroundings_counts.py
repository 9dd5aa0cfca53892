"""What the scene of a distance class scatters into a detector."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detectors.construction import named_construction
from tocsin.detectors.folding import scatter_continuum
from tocsin.detectors.irradiation import named_shielding
from tocsin.detectors.response import PHOTON_CENTRES_KEV
from tocsin.detectors.shield_matrix import shield_matrix
from tocsin.detectors.surroundings import STANDARD_SCENE
from tocsin.detectors.surroundings_counts import Surroundings, class_scene, outside
from tocsin.errors import NotFound

MODEL = named_construction("nai-3x3in").model
EDGES_keV = np.linspace(0.0, 3072.0, 257)
ONE = np.array([661.66])


def test_the_standard_scene_is_that_of_the_shape_with_a_free_amplitude() -> None:
    """``scatter_continuum`` is on the scale of photons that meet the front face."""
    around = Surroundings(MODEL, STANDARD_SCENE, EDGES_keV)
    counts = around.counts(around.of_lines(ONE)[0])
    face = MODEL.crystal.face_area_cm2 / (4 * np.pi * 500.0**2)
    assert counts == pytest.approx(
        face * scatter_continuum(ONE, np.ones(1), MODEL, EDGES_keV), rel=1e-9, abs=1e-15
    )


def test_scatter_falls_more_slowly_with_the_distance_than_the_direct_photons() -> None:
    shares = []
    for distance, cm in (("near", 10.0), ("room", 100.0), ("far", 1000.0)):
        around = Surroundings(MODEL, class_scene(distance), EDGES_keV)
        counts = around.counts(around.of_lines(ONE)[0])
        shares.append(counts.sum() * 4 * np.pi * cm**2)
        # scattered once by a right angle or more
        assert counts[EDGES_keV[:-1] > 600].sum() < 0.05 * counts.sum()
    assert shares[0] < 0.5 * shares[1]
    assert shares[1] < shares[2]
    with pytest.raises(NotFound, match="distance class"):
        class_scene("moon")


def test_a_wide_scene_holds_the_ground_that_matters() -> None:
    """Twice the ground with the same mesh adds little at ten metres."""
    far = class_scene("far")
    wider = type(far)(distance_m=far.distance_m, extent_m=2 * far.extent_m, n_side=2 * far.n_side)
    one, two = (Surroundings(MODEL, scene, EDGES_keV).of_lines(ONE).sum() for scene in (far, wider))
    assert two == pytest.approx(one, rel=0.03)


def test_what_leaves_a_layer_is_all_that_leaves_it(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_CACHE", str(tmp_path))
    layer = named_shielding("Pb 1 mm")
    assert layer is not None
    shell = shield_matrix(layer, energies=40, histories=4000)
    lines = np.array([150.0, 2614.5])
    nothing = np.zeros(PHOTON_CENTRES_KEV.size)
    passed, spread = outside(lines, np.ones(2), nothing, shell)
    found = shell.leaving(lines)
    assert passed == pytest.approx(found.passed)
    assert spread.sum() == pytest.approx(found.scattered.sum() + found.lines.sum())
    x_rays = (PHOTON_CENTRES_KEV > 72) & (PHOTON_CENTRES_KEV < 88)
    assert spread[x_rays].sum() > 0.015
    # photons of a bin pass and scatter as a line of its energy
    bins = nothing.copy()
    bins[200] = 1.0
    none, of_bins = outside(np.zeros(0), np.zeros(0), bins, shell)
    as_line, of_line = outside(PHOTON_CENTRES_KEV[200:201], np.ones(1), nothing, shell)
    assert none.size == 0
    assert of_bins.sum() == pytest.approx(of_line.sum() + as_line.sum())
    bare = outside(lines, np.ones(2), bins, None)
    assert bare[0] is not None
    assert bare[1] is bins

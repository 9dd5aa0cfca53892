"""Template libraries: round trip, damage, what a template holds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from tocsin.detectors import template_library_build
from tocsin.detectors.array_archive import archive_bytes
from tocsin.detectors.array_cache import CACHE_VARIABLE
from tocsin.detectors.construction import named_construction
from tocsin.detectors.counting import Counting
from tocsin.detectors.electronics import Electronics
from tocsin.detectors.photon_matrix_build import MatrixSettings
from tocsin.detectors.template_library import SCHEMA, TemplateLibrary
from tocsin.detectors.template_library_build import build_library, usual_nuclides
from tocsin.errors import InvalidInput, NotFound, ParseError
from tocsin.nuclear import load_library

DETECTOR = named_construction("nai-3x3in")
LIBRARY = load_library()
EDGES_keV = np.linspace(0, 3072, 257)
NUCLIDES = ("Cs-137", "Co-60", "Am-241", "Ra-226", "Sr-90")
SHIELDINGS = ("bare", "Fe 1 cm", "Pb 1 mm")
SETTINGS = MatrixSettings(energies=60, histories=4000)


def build(nuclides: tuple[str, ...] = NUCLIDES, **more: object) -> TemplateLibrary:
    words = {"shieldings": SHIELDINGS, "distance": "near", "settings": SETTINGS} | more
    return build_library(DETECTOR, EDGES_keV, library=LIBRARY, nuclides=nuclides, **words)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _cached(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))


@pytest.fixture(scope="module")
def built(cache: Path) -> TemplateLibrary:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(cache))
        return build()


def near(counts: np.ndarray, low_keV: float, high_keV: float) -> float:
    return float(counts[(EDGES_keV[:-1] >= low_keV) & (EDGES_keV[1:] <= high_keV)].sum())


def test_a_library_goes_to_a_file_and_back(built: TemplateLibrary, tmp_path: Path) -> None:
    path = tmp_path / "library.npz"
    path.write_bytes(built.to_bytes())
    back = TemplateLibrary.load(path)
    assert back.to_bytes() == built.to_bytes()
    assert back.nuclides == NUCLIDES
    assert back.shieldings == SHIELDINGS
    assert np.array_equal(back.counts, built.counts)
    told = back.manifest
    assert told["detector"] == "nai-3x3in"
    assert told["matrix"]["seed"] == SETTINGS.seed
    assert len(told["matrix"]["content"]) == 64
    assert told["nuclide_library"] == LIBRARY.version
    entry = told["nuclides"][0]
    assert entry["chain"]["Ba-137m"] == pytest.approx(0.947, abs=0.003)
    assert told["shieldings"][1]["areal_density_g_cm2"] == pytest.approx(7.874)


def test_the_manifest_names_the_tables_of_betas_and_weak_lines(built: TemplateLibrary) -> None:
    held = {
        "beta_branches.csv": "tocsin.nuclear",
        "weak_lines.csv": "tocsin.nuclear",
        "radiation_yields.csv": "tocsin.detectors",
    }
    found = {
        name: hashlib.sha256((resources.files(package) / "data" / name).read_bytes()).hexdigest()
        for name, package in held.items()
    }
    assert built.manifest["tables"] == found


def test_the_same_question_gives_the_same_bytes(built: TemplateLibrary) -> None:
    told: list[tuple[str, int, int]] = []
    again = build(progress=lambda *x: told.append(x), threads=1)
    assert again.to_bytes() == built.to_bytes()
    assert told[-1] == ("nuclides folded", 5, 5)
    # a nuclide does not follow from what else is in the library
    alone = build(("Ra-226",), shieldings=("Pb 1 mm",))
    assert np.array_equal(alone.counts[0, 0], built.counts[3, 2])


def test_templates_hold_what_the_physics_says(built: TemplateLibrary) -> None:
    bare = built.template("Cs-137").counts
    iron = built.template("Cs-137", "Fe 1 cm").counts
    peak = near(bare, 600, 720)
    assert peak == pytest.approx(0.851 * 0.0109, rel=0.06)  # intensity x efficiency at 10 cm
    # the peak is weakened by the exponential, the scattered photons below it make up for a part
    assert near(iron, 640, 720) / near(bare, 640, 720) == pytest.approx(np.exp(-0.575), rel=0.06)
    assert near(iron, 250, 450) / near(bare, 250, 450) > 0.8
    lead = built.template("Am-241", "Pb 1 mm").counts
    assert near(lead, 40, 72) < 0.02 * near(built.template("Am-241").counts, 40, 72)
    beta = built.template("Sr-90").counts
    assert near(beta, 100, 300) > near(beta, 600, 800) > near(beta, 1500, 1700) > 0
    assert near(beta, 2400, 3072) < 1e-3 * near(beta, 100, 300)
    sigma = built.template("Co-60").sigma
    assert np.all(sigma >= 0)
    assert sigma.sum() < 0.1 * built.template("Co-60").counts.sum()


def test_betas_without_lines_make_a_template() -> None:
    found = build(("P-32", "Cs-137"), shieldings=("bare", "Fe 1 cm"))
    beta = found.template("P-32").counts
    assert near(beta, 100, 300) > near(beta, 600, 800) > near(beta, 1300, 1500) > 0
    assert near(beta, 1800, 3072) < 1e-3 * near(beta, 100, 300)
    assert found.manifest["warnings"] == []
    assert found.manifest["nuclides"][0]["lines"] == [0, 0]
    # betas of caesium too: above its line, up to the end of its weak branch
    caesium = found.template("Cs-137").counts
    assert 0 < near(caesium, 780, 1000) < 1e-4 * caesium.sum()
    assert near(caesium, 780, 1000) > 5 * near(caesium, 1250, 3072)


def test_weak_lines_are_what_is_left_behind_lead() -> None:
    found = build(("Am-241",), shieldings=("bare", "Pb 1 cm"))
    bare, behind = (found.template("Am-241", name).counts for name in ("bare", "Pb 1 cm"))
    assert near(bare, 40, 72) > 1e3 * near(bare, 600, 780)
    assert near(behind, 600, 780) > 10 * near(behind, 40, 72)
    # lines of 600 to 780 keV, 7.4e-6 per decay, three in ten through the lead
    assert near(behind, 600, 780) == pytest.approx(7.4e-6 * 0.3 * 0.0105, rel=0.3)
    kept = found.manifest["nuclides"][0]["lines"]
    assert kept[1] > 30
    # a layer does not follow from what else is asked
    alone = build(("Am-241",), shieldings=("Pb 1 cm",))
    assert np.array_equal(alone.counts[0, 0], found.counts[0, 1])


def test_surroundings_stand_beside_the_templates(built: TemplateLibrary, tmp_path: Path) -> None:
    around = build(("Cs-137", "Sr-90"), surroundings=True)
    assert np.array_equal(around.counts[0], built.counts[0])
    path = tmp_path / "around.npz"
    path.write_bytes(around.to_bytes())
    back = TemplateLibrary.load(path)
    assert back.to_bytes() == around.to_bytes()
    assert back.manifest["surroundings"]["scene"]["distance_m"] == 0.1
    bare, lead = (back.scattered("Cs-137", name) for name in ("bare", "Pb 1 mm"))
    assert 0 < bare.sum() < 0.2 * built.template("Cs-137").counts.sum()
    assert near(bare, 100, 300) > 10 * near(bare, 500, 700)
    assert 0.5 * bare.sum() < lead.sum() < bare.sum()
    assert back.scattered("Sr-90").any()
    with pytest.raises(NotFound, match="built without surroundings"):
        built.scattered("Cs-137")
    with pytest.raises(NotFound, match="holds no nuclide 'I-131'"):
        back.scattered("I-131")
    arrays = {"edges_keV": back.edges_keV, "counts": back.counts, "sigma": back.sigma}
    path.write_bytes(archive_bytes(arrays, back.manifest | {"schema": SCHEMA}))
    with pytest.raises(ParseError, match="do not fit together"):
        TemplateLibrary.load(path)
    counting = Counting(Electronics(pile_up_us=5), 2e4)
    with pytest.raises(InvalidInput, match="pulses of both pile up together"):
        build(("Cs-137",), surroundings=True, counting=counting)


def test_the_stated_sigma_covers_another_seed(built: TemplateLibrary) -> None:
    other = build(("Cs-137",), settings=MatrixSettings(energies=60, histories=4000, seed=99))
    one, two = built.template("Cs-137"), other.template("Cs-137")
    lit = one.counts > 1e-3 * one.counts.max()
    pulls = (one.counts - two.counts)[lit] / np.hypot(one.sigma, two.sigma)[lit]
    assert 0.5 < np.sqrt(np.mean(pulls**2)) < 1.6


def test_an_aged_nuclide_has_its_progeny(built: TemplateLibrary) -> None:
    young = build(("Ra-226",), shieldings=("bare",), age_s=3600.0)
    assert near(young.counts[0, 0], 560, 660) < 0.01 * near(built.counts[3, 0], 560, 660)
    assert young.manifest["nuclides"][0]["age_s"] == 3600.0


def test_wrong_questions_say_what_is_wrong(built: TemplateLibrary) -> None:
    with pytest.raises(InvalidInput, match="Cs-137 is asked twice"):
        build(("Cs-137", "137Cs"))
    with pytest.raises(InvalidInput, match="at least one nuclide"):
        build(())
    with pytest.raises(NotFound, match="no shielding 'gold'"):
        build(shieldings=("gold",))
    with pytest.raises(NotFound, match="distance class"):
        build(distance="moon")
    with pytest.raises(NotFound, match="holds no nuclide 'I-131'"):
        built.template("I-131")
    with pytest.raises(NotFound, match="it has bare, Fe 1 cm"):
        built.template("Cs-137", "gold")


def test_a_broken_file_says_so(built: TemplateLibrary, tmp_path: Path) -> None:
    path = tmp_path / "library.npz"
    raw = built.to_bytes()
    path.write_bytes(raw[:-200])
    with pytest.raises(ParseError, match="damaged"):
        TemplateLibrary.load(path)
    middle = len(raw) // 2
    path.write_bytes(raw[:middle] + bytes(64) + raw[middle + 64 :])
    with pytest.raises(ParseError, match=r"damaged|not the one"):
        TemplateLibrary.load(path)
    with pytest.raises(ParseError, match="no such file"):
        TemplateLibrary.load(tmp_path / "none.npz")
    with pytest.raises(ParseError, match="is a folder"):
        TemplateLibrary.load(tmp_path)
    arrays = {"edges_keV": built.edges_keV, "counts": built.counts, "sigma": built.sigma}
    path.write_bytes(archive_bytes(arrays, built.manifest | {"schema": "other/1"}))
    with pytest.raises(ParseError, match="schema 'other/1'"):
        TemplateLibrary.load(path)
    short = json.loads(json.dumps(built.manifest))
    del short["nuclides"][0]
    path.write_bytes(archive_bytes(arrays, short | {"schema": SCHEMA}))
    with pytest.raises(ParseError, match="do not fit together"):
        TemplateLibrary.load(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ParseError, match="no NPZ"):
        TemplateLibrary.load(path)


def test_a_changed_array_is_found(built: TemplateLibrary, tmp_path: Path) -> None:
    path = tmp_path / "library.npz"
    path.write_bytes(built.to_bytes())
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["sigma"][0, 0, 9] *= 2
    np.savez(path, **arrays)
    with pytest.raises(ParseError, match="'sigma' is not the one"):
        TemplateLibrary.load(path)
    del arrays["sigma"]
    np.savez(path, **arrays)
    with pytest.raises(ParseError, match="lacks the array 'sigma'"):
        TemplateLibrary.load(path)
    del arrays["manifest"]
    np.savez(path, **arrays)
    with pytest.raises(ParseError, match="no manifest"):
        TemplateLibrary.load(path)


def no_simulation(*_: object, **__: object) -> None:
    pytest.fail("simulated before the question was looked at")


@pytest.mark.parametrize(
    ("nuclides", "age_s", "said"),
    [
        (("Cs-137",), -86400.0, "age_s must be finite and zero or more"),
        (("Cs-137",), float("nan"), "age_s must be finite and zero or more"),
        (("Cs-137", "Tc-99m"), 1e9, "nothing of Tc-99m is left"),
        (("H-3",), None, "H-3: no photons of 20 to 3000 keV"),
    ],
)
def test_what_cannot_be_is_said_before_the_simulation(
    monkeypatch: pytest.MonkeyPatch, nuclides: tuple[str, ...], age_s: float | None, said: str
) -> None:
    for name in ("photon_matrix", "shield_matrix"):
        monkeypatch.setattr(template_library_build, name, no_simulation)
    with pytest.raises(InvalidInput, match=said):
        build(nuclides, age_s=age_s)


def test_a_nuclide_without_photons_is_told(built: TemplateLibrary) -> None:
    assert built.manifest["warnings"] == []
    found = build(("Cs-137", "H-3"), shieldings=("bare", "Fe 1 cm"))
    assert not found.counts[1].any()
    (warning,) = found.manifest["warnings"]
    assert warning.startswith("H-3: no photons of 20 to 3000 keV")


def test_a_library_at_a_rate_is_recorded_template_by_template(
    built: TemplateLibrary, tmp_path: Path
) -> None:
    counting = Counting(Electronics(threshold_keV=30, dead_time_us=20, pile_up_us=5), 2e4)
    fast = build(("Cs-137", "H-3"), shieldings=("bare", "Fe 1 cm"), counting=counting)
    slow = built.template("Cs-137", "Fe 1 cm")
    found = fast.template("Cs-137", "Fe 1 cm")
    alone = counting.record(slow.counts, EDGES_keV, sigma=slow.sigma)
    assert found.counts == pytest.approx(alone.counts, rel=1e-4, abs=1e-12)
    assert found.sigma == pytest.approx(alone.sigma, rel=1e-4, abs=1e-12)
    assert found.live_share == pytest.approx(alone.live_share)
    assert 0.7 < found.live_share < 0.8
    # of the peak exp(-0.1) stays, and sums of the continuum fall into its channels
    assert np.exp(-0.1) < near(found.counts, 600, 720) / near(slow.counts, 600, 720) < 0.95
    assert near(found.counts, 800, 1300) > 10 * near(slow.counts, 800, 1300)
    assert fast.template("H-3").live_share == 1.0
    assert built.template("Cs-137").live_share == 1.0
    path = tmp_path / "fast.npz"
    path.write_bytes(fast.to_bytes())
    assert TemplateLibrary.load(path).template("Cs-137").live_share == pytest.approx(
        fast.template("Cs-137").live_share
    )
    arrays = {"edges_keV": fast.edges_keV, "counts": fast.counts, "sigma": fast.sigma}
    for wrong in ([[1.0]], [[2.0, 1.0], [1.0, 1.0]], "none"):
        told = fast.manifest["counting"] | {"live_share": wrong}
        path.write_bytes(
            archive_bytes(arrays, fast.manifest | {"schema": SCHEMA, "counting": told})
        )
        with pytest.raises(ParseError, match="do not fit together"):
            TemplateLibrary.load(path)


def test_a_rate_asks_for_channels_up_to_the_highest_photon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("photon_matrix", "shield_matrix"):
        monkeypatch.setattr(template_library_build, name, no_simulation)
    counting = Counting(Electronics(pile_up_us=5), 2e4)
    with pytest.raises(InvalidInput, match=r"Co-60, Sr-90: photons .* which ends at 700 keV"):
        build_library(
            DETECTOR,
            np.linspace(0, 700, 65),
            library=LIBRARY,
            nuclides=("Cs-137", "Co-60", "Sr-90"),
            shieldings=("bare",),
            counting=counting,
        )


def test_a_nuclide_below_the_threshold_is_told_as_such() -> None:
    counting = Counting(Electronics(threshold_keV=100, dead_time_us=20), 2e4)
    found = build(("I-125",), shieldings=("bare",), counting=counting, left_out=("pile_up_us",))
    assert not found.counts.any()
    (warning,) = found.manifest["warnings"]
    assert warning.startswith("I-125: no pulse passes the threshold")
    assert found.manifest["counting"]["left_out"] == ["pile_up_us"]


def test_the_manifest_holds_widths_and_light(built: TemplateLibrary) -> None:
    told = built.manifest
    assert told["resolution"]["b_keV"] == DETECTOR.resolution.b_keV
    assert told["light"] is None
    bent = replace(DETECTOR, light_keV=(10.0, 662.0), light=(1.1, 1.0))
    other = build_library(
        bent,
        EDGES_keV,
        library=LIBRARY,
        nuclides=("Cs-137",),
        shieldings=("bare",),
        distance="near",
        settings=SETTINGS,
    )
    assert other.manifest["light"] == {"energies_keV": [10.0, 662.0], "relative": [1.1, 1.0]}
    assert other.manifest["matrix"]["content"] == told["matrix"]["content"]
    assert not np.array_equal(other.counts[0, 0], built.counts[0, 0])


def test_the_usual_nuclides_are_those_that_are_met() -> None:
    usual = usual_nuclides(LIBRARY)
    assert {"Cs-137", "Co-60", "Am-241", "Ra-226", "Th-232", "K-40", "Sr-90", "U-235"} <= set(usual)
    assert "H-3" not in usual
    assert len(usual) == len(set(usual))

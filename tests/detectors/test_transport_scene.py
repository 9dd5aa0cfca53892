"""What a scene, a source and a run refuse, and how flights find their boundaries."""

import subprocess
import sys

import numpy as np
import pytest

from tocsin.detectors import material
from tocsin.detectors.transport import (
    Body,
    DiscSource,
    Physics,
    PointSource,
    Scene,
    VolumeSource,
    simulate,
)
from tocsin.detectors.transport.compiled import _own
from tocsin.errors import InvalidInput, NotFound, OutOfDomain


def ball(name="ball", radius=1.0, centre=(0.0, 0.0, 0.0), stuff="NaI", children=()):
    return Body(name, "sphere", (radius,), stuff, centre, children)


def world(*children):
    return Body("world", "box", (20, 20, 20), "air", children=children)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ball(radius=0.0), "positive"),
        (lambda: ball(radius=float("nan")), "positive"),
        (lambda: Body("b", "box", (1, 2), "NaI"), "3 sizes"),
        (lambda: Body("b", "cone", (1, 2), "NaI"), "no shape"),
        (lambda: Body("b", "cylinder", (1, 2), "NaI", axis="w"), "no axis"),
        (lambda: Body("b", "sphere", (1,), "NaI", density_g_cm3=-1), "density"),
        (lambda: Scene(world(ball(centre=(9.5, 0, 0))), "ball"), "sticks 0.5 cm out of 'world'"),
        (lambda: Scene(world(ball(centre=(9 + 1e-8, 0, 0))), "ball"), "sticks 1e-08 cm out"),
        (lambda: Scene(world(ball(), ball("b", 1, (1.5, 0, 0))), "ball"), "overlap"),
        (lambda: Scene(world(ball(), ball("b", 3, (0.5, 0, 0))), "ball"), "overlap"),
        (lambda: Scene(world(ball(), ball()), "ball"), "two bodies are named 'ball'"),
        (lambda: Scene(world(ball(stuff="vacuum")), "ball"), "empty"),
    ],
)
def test_a_wrong_body_or_scene_is_refused_by_name(make, says):
    with pytest.raises(InvalidInput, match=says):
        make()


def test_names_that_are_not_there_are_told_with_those_that_are():
    with pytest.raises(NotFound, match=r"no material 'unobtainium'; known are vacuum, .*NaI"):
        ball(stuff="unobtainium")
    with pytest.raises(NotFound, match="no body 'crystal'; the scene has world, ball"):
        Scene(world(ball()), "crystal")
    with pytest.raises(NotFound, match="no body 'lump'"):
        simulate(Scene(world(ball()), "ball"), VolumeSource("lump"), [100], 1)


def test_bodies_may_touch():
    Scene(world(ball(), ball("b", 1, (2.0, 0, 0)), ball("c", 1, (9.0, 0, 9.0))), "ball")


@pytest.mark.parametrize(
    ("source", "keywords", "error"),
    [
        (PointSource((11, 0, 0)), {}, InvalidInput),
        (DiscSource((9.5, 0, 0), (0, 0, 1), 1.0), {}, InvalidInput),
        (DiscSource((0, 0, 0), (0, 0, 0), 1.0), {}, InvalidInput),
        (DiscSource((0, 0, 0), (0, 0, 1), 0.0), {}, InvalidInput),
        (DiscSource((0, 0, 0), (0, 0, 1), 1.0, parallel=True, aim="ball"), {}, InvalidInput),
        (PointSource((5, 0, 0)), {"energies_keV": [10.0]}, OutOfDomain),
        (PointSource((5, 0, 0)), {"energies_keV": [100.0, float("nan")]}, OutOfDomain),
        (PointSource((5, 0, 0)), {"energies_keV": []}, InvalidInput),
        (PointSource((5, 0, 0)), {"histories": 0}, InvalidInput),
        (PointSource((5, 0, 0)), {"seed": -1}, InvalidInput),
        (PointSource((5, 0, 0)), {"threads": 0}, InvalidInput),
        (PointSource((5, 0, 0)), {"bin_keV": 0.0}, InvalidInput),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(source, keywords, error):
    arguments = {"energies_keV": [100.0], "histories": 10, **keywords}
    energies, histories = arguments.pop("energies_keV"), arguments.pop("histories")
    with pytest.raises(error):
        simulate(Scene(world(ball()), "ball"), source, energies, histories, **arguments)


def test_a_cone_gives_what_all_directions_give():
    scene = Scene(Body("world", "box", (20, 20, 20), "vacuum", children=(ball(),)), "ball")
    cone, all_round = (
        simulate(scene, PointSource((3, 0, 1), aim=aim), [300.0], n, seed=8, threads=1)
        for aim, n in (("ball", 40_000), (None, 400_000))
    )
    for name in ("full_energy", "total", "first_collision"):
        a, b = getattr(cone, name), getattr(all_round, name)
        assert abs(a.value[0] - b.value[0]) < 4.5 * np.hypot(a.sigma[0], b.sigma[0])
    # every photon of the cone is aimed at a sphere, so nearly all that enter are in both
    assert cone.total.sigma[0] < all_round.total.sigma[0]


def test_a_turned_scene_gives_the_same_answer():
    results = []
    for axis, way in (("x", (1, 0, 0)), ("y", (0, 1, 0)), ("z", (0, 0, 1))):
        body = Body("rod", "cylinder", (1.0, 6.0), "Ge", tuple(2.0 * w for w in way), axis=axis)
        scene = Scene(Body("world", "sphere", (30,), "vacuum", children=(body,)), "rod")
        source = DiscSource(tuple(-10.0 * w for w in way), way, 1.5, parallel=True)
        results.append(simulate(scene, source, [500.0], 40_000, seed=3, threads=1))
    for other in results[1:]:
        for name in ("full_energy", "total"):
            a, b = getattr(results[0], name), getattr(other, name)
            assert abs(a.value[0] - b.value[0]) < 4.5 * np.hypot(a.sigma[0], b.sigma[0])


def test_a_source_within_matter_absorbs_itself_as_reciprocity_says():
    """Photons born evenly in a ball meet it with the chance 1 - escape of a sphere, closed form."""
    scene = Scene(Body("world", "sphere", (5,), "vacuum", children=(ball(),)), "ball")
    tally = simulate(scene, VolumeSource("ball"), [100.0], 60_000, seed=4, threads=1)
    plain = simulate(
        scene, VolumeSource("ball"), [100.0], 60_000, seed=4, threads=1,
        physics=Physics(rayleigh=False),
    )  # fmt: skip
    x = float(material("NaI").coefficients([100.0]).interaction[0])
    # Case, de Hoffmann and Placzek (1953): escape of a uniform source in a sphere of radius x
    escape = 3 / (8 * x**3) * (2 * x**2 - 1 + (1 + 2 * x) * np.exp(-2 * x))
    got = plain.first_collision
    assert abs(got.value[0] - (1 - escape)) < 4.5 * got.sigma[0]
    assert tally.total.value[0] == pytest.approx(got.value[0], abs=0.02)


def test_photons_of_a_body_without_a_place_of_its_own_are_lost_and_not_elsewhere():
    core = Body("core", "box", (2, 2, 2), "NaI")
    can = Body("can", "box", (2, 2, 2), "Al", children=(core,))
    tally = simulate(Scene(world(can), "core"), VolumeSource("can"), [100.0], 3, threads=1)
    assert tally.lost == 3
    assert tally.total.value[0] == 0


def test_compiled_code_is_kept_only_where_nobody_else_writes(tmp_path):
    assert _own(tmp_path / "new" / "folder")
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert not _own(shared)
    (tmp_path / "file").write_text("")
    assert not _own(tmp_path / "file" / "folder")


def test_the_compiler_is_loaded_only_when_photons_fly():
    code = (
        "import sys; import tocsin.detectors, tocsin.cli.main\n"
        "from tocsin.detectors.transport import Body, Scene, PointSource, Tally\n"
        "assert 'numba' not in sys.modules and 'llvmlite' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

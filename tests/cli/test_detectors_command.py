"""``tocsin detectors``: efficiencies, the check of a file, refusals, the picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.detectors.template_library import TemplateLibrary

MODELS = Path(__file__).resolve().parents[2] / "src" / "tocsin" / "detectors" / "data" / "models"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["detectors", *words])


def test_the_contract_of_efficiencies() -> None:
    words = ("--detector", "nai-3x3in", "--distance-cm", "10", "--energies", "59.5,661.66,1332.5")
    done = run("efficiency", *words, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told) == {"detector", "distance_cm", "efficiencies"}
    assert told["detector"] == "nai-3x3in"
    assert told["distance_cm"] == 10
    assert [e["energy_keV"] for e in told["efficiencies"]] == [59.5, 661.66, 1332.5]
    for one in told["efficiencies"]:
        assert set(one) == {"energy_keV", "full_energy_peak", "total", "relative_uncertainty"}
        assert 0 < one["full_energy_peak"] < one["total"] < 0.5
        assert 0 < one["relative_uncertainty"] < 0.2
    table = run("efficiency", *words)
    assert table.exit_code == 0
    assert "full-energy peak" in table.stdout


def test_wrong_calls_say_what_to_do() -> None:
    for words, said in (
        (("--detector", "nai-9x9in"), "known are czt-1cm3"),
        (("--detector", "nai-3x3in", "--energies", "12"), "20 to 3000 keV"),
        (("--detector", "nai-3x3in", "--energies", "59.5;662"), "no number"),
        (("--detector", "nai-3x3in", "--energies", ""), "no number"),
        (("--detector", "nai-3x3in", "--distance-cm", "0"), "front face"),
        (("--detector", "nai-3x3in", "--models", "nowhere"), "no folder"),
    ):
        done = run("efficiency", *words)
        assert done.exit_code == 2, words
        assert said in " ".join(done.stderr.split())
        told = json.loads(run("efficiency", *words, "--json").stdout)
        assert told["error"]["message"]


def test_a_model_without_data_says_so() -> None:
    assert "no data to check it against" in run("efficiency", "--detector", "czt-1cm3").stderr
    assert "no data" not in run("efficiency", "--detector", "radiacode-101").stderr
    listed = json.loads(run("list", "--json").stdout)["detectors"]
    assert {d["name"] for d in listed if not d["checked_by"]} >= {"czt-1cm3", "nai-4l"}
    assert "no data to check" in run("list").stdout


def test_a_file_is_checked_with_every_problem(tmp_path: Path) -> None:
    good = run("check", str(MODELS / "hpge-planar.json"))
    assert good.exit_code == 0
    assert "is in order" in good.stdout
    wrong = json.loads((MODELS / "hpge-planar.json").read_text())
    wrong["crystal"]["depth_cm"] = -3
    wrong["layers"][0]["material"] = "kryptonite"
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(wrong))
    bad = run("check", str(path))
    assert bad.exit_code == 3
    assert "crystal.depth_cm: is -3; write a number above 0" in " ".join(bad.stderr.split())
    assert "layers[0].material: is 'kryptonite'; use one of vacuum" in " ".join(bad.stderr.split())


def test_a_detector_of_ones_own_is_used(tmp_path: Path) -> None:
    own = json.loads((MODELS / "czt-1cm3.json").read_text()) | {"name": "mine"}
    (tmp_path / "mine.json").write_text(json.dumps(own))
    by_folder = run("efficiency", "--detector", "mine", "--models", str(tmp_path), "--json")
    by_path = run("efficiency", "--detector", str(tmp_path / "mine.json"), "--json")
    assert by_folder.exit_code == by_path.exit_code == 0
    assert json.loads(by_folder.stdout) == json.loads(by_path.stdout)
    assert "mine" in run("list", "--models", str(tmp_path)).stdout


def test_the_picture_is_written_once(tmp_path: Path) -> None:
    out = tmp_path / "seen.svg"
    words = ("--detector", "radiacode-101", "--out", str(out))
    assert run("plot", *words).exit_code == 0
    assert out.read_bytes().startswith(b"<svg")
    assert run("plot", *words).exit_code == 2
    assert run("plot", *words, "--force").exit_code == 0
    assert run("plot", "--detector", "radiacode-101", "--out", "seen.gif").exit_code == 2


def test_a_library_is_built_into_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "library.npz"
    words = (
        *("--detector", "czt-1cm3", "--nuclides", "cs137, H-3", "--shieldings", "bare,Fe 3 mm"),
        *("--distance", "near", "--channels", "128", "--histories", "1000", "--out", str(out)),
    )
    done = run("build", *words)
    assert done.exit_code == 0, done.output
    assert "library of 2 nuclides, 2 shieldings, 128 channels" in " ".join(done.stderr.split())
    assert "no data to check it against" in done.stderr
    assert "H-3: no photons" in done.stderr
    built = TemplateLibrary.load(out)
    assert built.nuclides == ("Cs-137", "H-3")
    assert built.counts.shape == (2, 2, 128)
    assert "add --force" in " ".join(run("build", *words).stderr.split())


def test_a_library_is_built_at_a_count_rate(tmp_path: Path) -> None:
    out = tmp_path / "fast.npz"
    words = ("--detector", "radiacode-102", "--nuclides", "Cs-137", "--shieldings", "bare")
    words = (*words, "--distance", "near", "--channels", "256", "--histories", "1000")
    words = (*words, "--out", str(out), "--rate", "20000", "--pile-up-us", "5")
    done = run("build", *words)
    assert done.exit_code == 0, done.output
    said = " ".join(done.stderr.split())
    assert "the threshold of radiacode-102 is not known and is left out" in said
    assert "dead time of" not in said
    built = TemplateLibrary.load(out)
    told = built.manifest["counting"]
    assert told["pulses_per_s"] == 20000
    assert told["electronics"]["dead_time_us"] == 19
    assert told["electronics"]["pile_up_us"] == 5
    assert told["left_out"] == ["threshold_keV"]
    template = built.template("Cs-137")
    assert template.live_share == pytest.approx(1 / (1 + 20000 * 19e-6))
    above = template.counts[built.edges_keV[:-1] > 800].sum() / template.counts.sum()
    assert 0.001 < above < 0.1  # two pulses in one count


def test_a_wrong_library_is_refused_before_the_work(tmp_path: Path) -> None:
    base = ("--detector", "nai-3x3in", "--out", str(tmp_path / "a.npz"))
    for words, said in (
        ((*base, "--nuclides", "Xx-1"), "Xx-1"),
        ((*base, "--shieldings", "gold"), "known are bare"),
        ((*base, "--distance", "moon"), "known are near"),
        ((*base, "--channels", "1"), "16 to 16384"),
        ((*base, "--highest-keV", "1"), "100 to 10000"),
        ((*base, "--histories", "1"), "1000 to"),
        ((*base, "--age-d", "-1"), "--age-d must be a number of days"),
        ((*base, "--dead-time-us", "5"), "--dead-time-us: give the true rate too"),
        ((*base, "--gain", "0.9", "--paralysable"), "--paralysable, --gain: give the true rate"),
        ((*base, "--rate", "-5"), "pulses_per_s must be a number, zero or more"),
        ((*base, "--rate", "5", "--pile-up-us", "-1"), "pile_up_us must be a number of us"),
        ((*base, "--rate", "1e6", "--pile-up-us", "50"), "ask a lower rate"),
        ((*base, "--age-d", "nan"), "--age-d must be a number of days"),
        ((*base, "--nuclides", "Tc-99m", "--age-d", "1000"), "nothing of Tc-99m is left"),
        ((*base, "--nuclides", "Co-60", "--highest-keV", "700", "--rate", "5"), "ends at 700 keV"),
        ((*base, "--nuclides", "H-3"), "no photons of 20 to 3000 keV"),
        (("--detector", "nai-3x3in", "--out", str(tmp_path / "a.csv")), "must be .npz"),
        (("--detector", "nai-9x9in", "--out", str(tmp_path / "a.npz")), "known are czt-1cm3"),
    ):
        done = run("build", *words)
        assert done.exit_code == 2, (words, done.output)
        assert said in " ".join(done.stderr.split()), words

"""Detector files: all in order, refused with place and remedy, one truth with the catalogue."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tocsin.detectors import named_model
from tocsin.detectors.construction import (
    construction_from,
    construction_names,
    named_construction,
    read_construction,
)
from tocsin.detectors.construction_check import problems_of
from tocsin.errors import InvalidInput, NotFound, ParseError

FOLDER = Path(__file__).resolve().parents[2] / "src" / "tocsin" / "detectors" / "data" / "models"
ASKED = (
    *("nai-2x4x16in", "nai-3x3in", "nai-2x2in", "nai-1.5x1.5in", "radiacode-101"),
    *("radiacode-102", "radiacode-103", "labr3-1.5x1.5in", "czt-1cm3", "hpge-40pct"),
    *("hpge-planar", "nai-4l", "nai-16l"),
)
SCHEMA = jsonschema_rs.validator_for(
    json.loads((FOLDER / "detector-model.schema.json").read_text())
)
DELETE = object()


def document(name: str = "hpge-40pct") -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def changed(path: tuple[Any, ...], value: Any) -> Any:
    made = copy.deepcopy(document())
    at = made
    for step in path[:-1]:
        at = at[step]
    if value is DELETE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return made


def test_every_detector_that_was_asked_for_ships() -> None:
    assert set(ASKED) <= set(construction_names())


@pytest.mark.parametrize("name", ASKED)
def test_a_shipped_file_is_in_order_and_every_number_has_a_source(name: str) -> None:
    made = document(name)
    assert problems_of(made) == ()
    assert SCHEMA.is_valid(made)
    assert named_construction(name).name == name

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            assert ("source" in value) == ("verification" in value)
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(made)


def test_the_manifest_names_every_file_with_its_hash() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_text())
    assert set(manifest) == {p.name for p in FOLDER.iterdir()} - {"manifest.json"}
    for name, entry in manifest.items():
        assert entry["sha256"] == hashlib.sha256((FOLDER / name).read_bytes()).hexdigest(), name


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("schema",), "tocsin.detector-model/9", "schema"),
        (("name",), "My Detector", "name"),
        (("title",), " ", "title"),
        (("crystal", "material"), "cheese", "crystal.material"),
        (("crystal", "shape"), "sphere", "crystal.shape"),
        (("crystal", "diameter_cm"), -1, "crystal.diameter_cm"),
        (("crystal", "depth_cm"), "6 cm", "crystal.depth_cm"),
        (("crystal", "depth_cm"), True, "crystal.depth_cm"),
        (("crystal", "source"), DELETE, "crystal.source"),
        (("crystal", "colour"), "red", "crystal.colour"),
        (("layers",), {}, "layers"),
        (("layers", 1, "part"), "paint", "layers[1].part"),
        (("layers", 2, "front_cm"), None, "layers[2].front_cm"),
        (("layers", 0, "relative_uncertainty"), 1.5, "layers[0].relative_uncertainty"),
        (("resolution", "b_keV"), -0.1, "resolution.b_keV"),
        (("non_proportionality", "verification"), "read", "non_proportionality.verification"),
        (("electronics", "dead_time_us"), DELETE, "electronics.dead_time_us"),
        (("electronics", "gain_drift", "value"), 0.1, "electronics.gain_drift.verification"),
        (("checked_by",), "nothing", "checked_by"),
        (("checked_by",), [3], "checked_by[0]"),
        (("intrinsic",), "K-40", "intrinsic"),
    ],
)
def test_a_wrong_file_is_refused_at_its_place_by_check_and_schema(
    path: tuple[Any, ...], value: Any, where: str
) -> None:
    made = changed(path, value)
    found = problems_of(made)
    assert [p.where for p in found] == [where]
    assert found[0].what
    assert found[0].remedy
    assert not SCHEMA.is_valid(made)
    with pytest.raises(ParseError, match=r"x\.json"):
        construction_from(made, file="x.json")


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("layers", 0, "material"), "kryptonite", "layers[0].material"),
        (("crystal", "bore", "depth_cm"), 9.0, "crystal.bore.depth_cm"),
        (("crystal", "diameter_cm"), float("nan"), "crystal.diameter_cm"),
        (("layers", 1, "density_g_cm3"), 1.0, "layers[1].density_g_cm3"),
    ],
)
def test_what_a_schema_cannot_say_is_checked_too(
    path: tuple[Any, ...], value: Any, where: str
) -> None:
    assert [p.where for p in problems_of(changed(path, value))] == [where]


def test_widths_of_zero_and_tables_of_light_are_looked_at() -> None:
    made = document()
    made["resolution"] |= {"a_keV2": 0, "b_keV": 0, "c": 0}
    made["non_proportionality"] = {
        "energies_keV": [10, 5],
        "relative_light": [1, 1, 1],
        "source": "x",
        "verification": "read",
    }
    wanted = [
        "resolution",
        "non_proportionality.relative_light",
        "non_proportionality.energies_keV",
    ]
    assert [p.where for p in problems_of(made)] == wanted
    made = document()
    made["non_proportionality"] = {
        "energies_keV": [10, 662],
        "relative_light": [1.1, 1],
        "source": "x",
        "verification": "read",
    }
    assert construction_from(made).light == (1.1, 1)
    made["non_proportionality"] |= {"energies_keV": [10, 11], "relative_light": [1, 0.9]}
    assert [p.where for p in problems_of(made)] == ["non_proportionality.relative_light"]


@pytest.mark.parametrize("value", [None, 3, [], "text"])
def test_what_is_no_object_is_said_once(value: Any) -> None:
    assert [p.where for p in problems_of(value)] == ["the file"]


def test_files_of_ones_own_are_found_and_refused(tmp_path: Path) -> None:
    own = document("czt-1cm3") | {"name": "mine"}
    own["crystal"]["depth_cm"] = 0.5
    (tmp_path / "mine.json").write_text(json.dumps(own))
    assert named_construction("mine", folder=tmp_path).crystal.depth_cm == 0.5
    assert named_construction(str(tmp_path / "mine.json")).name == "mine"
    with pytest.raises(NotFound, match="mine"):
        named_construction("yours", folder=tmp_path)
    with pytest.raises(InvalidInput, match="no folder"):
        named_construction("yours", folder=tmp_path / "nowhere")
    for content, words in (
        (b"{", "line 1"),
        (b"\xff\xfe", "UTF-8"),
        (b" " * 1_000_001, "bytes"),
        (b'{"name": ' + b"9" * 5000 + b"}", "digits"),
    ):
        (tmp_path / "bad.json").write_bytes(content)
        with pytest.raises(ParseError, match=words):
            read_construction(tmp_path / "bad.json")
    with pytest.raises(ParseError, match="cannot be opened"):
        read_construction(tmp_path / "nowhere.json")


def test_instruments_take_their_crystal_from_the_detector_file() -> None:
    for key, name in (
        ("rsi-2x4x16", "nai-2x4x16in"),
        ("radiacode", "radiacode-103"),
        ("iris-16l", "nai-16l"),
        ("inspector-1000", "labr3-1.5x1.5in"),
    ):
        instrument, detector = named_model(key), named_construction(name)
        assert instrument.key == key
        assert (instrument.material, instrument.crystal) == (detector.material, detector.crystal)
    # what was measured on the instrument itself goes before
    assert named_model("inspector-1000").resolution != named_model("generic-labr3").resolution

"""How a detector is built: crystal, layers, widths and electronics, from one data file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.attenuation import material
from tocsin.detectors.construction_check import VACUUM, problems_of
from tocsin.detectors.geometry import Crystal
from tocsin.detectors.model import DetectorModel, Resolution
from tocsin.errors import InvalidInput, NotFound, ParseError

FloatArray = NDArray[np.float64]

MAX_FILE_BYTES = 1_000_000
NOT_MODELS = ("manifest.json", "detector-model.schema.json")


@dataclass(frozen=True, slots=True)
class Stated:
    """A number with where it comes from; ``value`` is None where nothing is known.

    ``verification`` is ``measured``, ``read``, ``recalled``, ``assumed`` or ``unknown``.
    """

    value: float | None
    source: str
    verification: str


@dataclass(frozen=True, slots=True)
class Layer:
    """Matter around the crystal, from the inside out.

    ``front_cm`` lies between source and crystal, ``side_cm`` around it, ``back_cm`` behind it.
    ``density_g_cm3`` of zero means that there is nothing (a gap).
    """

    part: str
    material: str
    density_g_cm3: float
    front_cm: float
    side_cm: float
    back_cm: float
    relative_uncertainty: float
    source: str
    verification: str

    def attenuation_per_cm(self, energies_keV: ArrayLike) -> FloatArray:
        """Interaction coefficient in 1/cm, coherent scattering left out, shape of the energies."""
        e = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
        if not self.density_g_cm3:
            return np.zeros_like(e)
        stuff = material(self.material)
        return stuff.coefficients(e).interaction * (self.density_g_cm3 / stuff.density_g_cm3)


@dataclass(frozen=True, slots=True)
class Bore:
    """Hole of a coaxial crystal, from the back along the axis."""

    diameter_cm: float
    depth_cm: float


@dataclass(frozen=True)
class Construction:
    """A detector as its file describes it.

    Attributes
    ----------
    name, title : str
        Key and words for a reader.
    material : str
        Of the crystal.
    crystal : Crystal
        Active volume.
    bore : Bore or None
        Hole of a coaxial crystal.
    crystal_relative_uncertainty : float
        Standard uncertainty of every length of the crystal, relative.
    crystal_source, crystal_verification : str
        Where the size comes from.
    layers : tuple of Layer
        From the crystal outwards.
    resolution : Resolution
        Peak widths.
    resolution_source, resolution_verification : str
        Where they come from.
    light_keV, light : tuple of float or None
        Light per keV of an electron relative to that at 662 keV, or None where no table is known.
    light_source, light_verification : str
        Where it comes from, or why there is none.
    electronics : mapping of str to Stated
        ``threshold_keV``, ``dead_time_us``, ``pile_up_us`` and ``gain_drift`` (largest relative
        deviation of the energy scale that was seen).
    intrinsic : str
        Component of the crystal's own activity, empty where there is none.
    checked_by : tuple of str
        Data that the model can be compared with; empty where there are none.
    """

    name: str
    title: str
    material: str
    crystal: Crystal
    bore: Bore | None
    crystal_relative_uncertainty: float
    crystal_source: str
    crystal_verification: str
    layers: tuple[Layer, ...]
    resolution: Resolution
    resolution_source: str
    resolution_verification: str
    light_keV: tuple[float, ...] | None
    light: tuple[float, ...] | None
    light_source: str
    light_verification: str
    electronics: Mapping[str, Stated]
    intrinsic: str
    checked_by: tuple[str, ...]

    @property
    def front_cm(self) -> float:
        """Distance of the crystal's face behind the front face of the detector."""
        return sum(layer.front_cm for layer in self.layers)

    @property
    def model(self) -> DetectorModel:
        """The detector for the deterministic response: bare crystal behind its front layers."""
        window: dict[str, float] = {}
        for layer in self.layers:
            if layer.density_g_cm3 and layer.front_cm:
                areal_density_g_cm2 = layer.density_g_cm3 * layer.front_cm
                window[layer.material] = window.get(layer.material, 0.0) + areal_density_g_cm2
        states = f"[crystal {self.crystal_verification}, widths {self.resolution_verification}]"
        return DetectorModel(
            key=self.name,
            name=self.title,
            material=self.material,
            crystal=self.crystal,
            resolution=self.resolution,
            window=tuple(window.items()),
            intrinsic=self.intrinsic,
            source=f"crystal: {self.crystal_source}; widths: {self.resolution_source} {states}",
        )


def construction_from(document: Any, *, file: str = "") -> Construction:
    """Detector from a decoded file.

    Raises
    ------
    ParseError
        When the document is wrong: what, where, what to do; the first of all problems and how many
        more there are.
    """
    found = problems_of(document)
    if found:
        more = f" ({len(found) - 1} more: tocsin detectors check)" if len(found) > 1 else ""
        raise ParseError(f"{found[0]}{more}", code="detector_model", file=file)
    crystal = document["crystal"]
    bore = crystal.get("bore")
    light = document["non_proportionality"]
    width = document["resolution"]
    if crystal["shape"] == "cylinder":
        across = float(crystal["diameter_cm"])
        body = Crystal("cylinder", float(crystal["depth_cm"]), (across, across))
    else:
        sides = (float(crystal["width_cm"]), float(crystal["height_cm"]))
        body = Crystal("box", float(crystal["depth_cm"]), sides)
    return Construction(
        name=document["name"],
        title=document["title"],
        material=crystal["material"],
        crystal=body,
        bore=Bore(float(bore["diameter_cm"]), float(bore["depth_cm"])) if bore else None,
        crystal_relative_uncertainty=float(crystal["relative_uncertainty"]),
        crystal_source=crystal["source"],
        crystal_verification=crystal["verification"],
        layers=tuple(_layer(entry) for entry in document["layers"]),
        resolution=Resolution(float(width["a_keV2"]), float(width["b_keV"]), float(width["c"])),
        resolution_source=width["source"],
        resolution_verification=width["verification"],
        light_keV=tuple(light["energies_keV"]) if "energies_keV" in light else None,
        light=tuple(light["relative_light"]) if "relative_light" in light else None,
        light_source=light["source"],
        light_verification=light["verification"],
        electronics={
            name: Stated(entry["value"], entry["source"], entry["verification"])
            for name, entry in document["electronics"].items()
        },
        intrinsic=document.get("intrinsic", ""),
        checked_by=tuple(document["checked_by"]),
    )


def _layer(entry: Mapping[str, Any]) -> Layer:
    name = entry["material"]
    density = 0.0 if name == VACUUM else material(name).density_g_cm3
    return Layer(
        part=entry["part"],
        material=name,
        density_g_cm3=float(entry.get("density_g_cm3", density)),
        front_cm=float(entry["front_cm"]),
        side_cm=float(entry["side_cm"]),
        back_cm=float(entry["back_cm"]),
        relative_uncertainty=float(entry["relative_uncertainty"]),
        source=entry["source"],
        verification=entry["verification"],
    )


def read_document(path: Path) -> Any:
    """Decoded JSON of a model file.

    Raises
    ------
    ParseError
        When it cannot be opened, is too large or is no JSON; with the line where reading stopped.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except IsADirectoryError:
        raise ParseError("is a folder: name the file", code="not_a_file", file=str(path)) from None
    except OSError as error:
        reason = f"cannot be opened ({error.strerror or error}): check the name and the folder"
        raise ParseError(reason, code="not_found", file=str(path)) from None
    if len(raw) > MAX_FILE_BYTES:
        reason = f"holds more than {MAX_FILE_BYTES} bytes: not a detector model"
        raise ParseError(reason, code="too_large", file=str(path))
    try:
        return json.loads(raw.decode("utf-8"))
    except json.JSONDecodeError as error:
        reason = f"is no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        raise ParseError(reason, code="not_json", file=str(path)) from None
    except (UnicodeDecodeError, RecursionError):
        reason = "is no JSON text in UTF-8: save it as UTF-8"
        raise ParseError(reason, code="not_json", file=str(path)) from None
    except ValueError:  # an integer of more digits than Python reads
        reason = "holds a number of thousands of digits: not a detector model"
        raise ParseError(reason, code="not_json", file=str(path)) from None


def read_construction(path: Path) -> Construction:
    """Detector from a file of one's own.

    Raises
    ------
    ParseError
        When it cannot be read or is wrong.
    """
    return construction_from(read_document(path), file=str(path))


@cache
def construction_names() -> tuple[str, ...]:
    """Names of the detectors that ship with Tocsin."""
    folder = resources.files("tocsin.detectors") / "data" / "models"
    names = (item.name for item in folder.iterdir())
    return tuple(
        sorted(
            n.removesuffix(".json") for n in names if n.endswith(".json") and n not in NOT_MODELS
        )
    )


@cache
def _shipped(name: str) -> Construction:
    path = resources.files("tocsin.detectors") / "data" / "models" / f"{name}.json"
    return construction_from(json.loads(path.read_text(encoding="utf-8")), file=f"{name}.json")


def named_construction(name: str, *, folder: Path | None = None) -> Construction:
    """Detector by its name, or by the path of its file.

    Parameters
    ----------
    name : str
        A name, or a path that ends in ``.json``.
    folder : Path, optional
        Folder of one's own model files; a name there goes before a shipped one.

    Raises
    ------
    NotFound
        When there is none; the message lists the names.
    InvalidInput
        When the folder is none.
    ParseError
        When the file is wrong.
    """
    if name.endswith(".json"):
        return read_construction(Path(name))
    own = own_files(folder)
    if name in own:
        return read_construction(own[name])
    if name not in construction_names():
        known = ", ".join(sorted({*construction_names(), *own}))
        raise NotFound(
            f"no detector {name!r}; known are {known}; a detector of your own is named by the path "
            "of its file (ending in .json)"
        )
    return _shipped(name)


def own_files(folder: Path | None) -> dict[str, Path]:
    """Model files of a folder by name (the name of the file).

    Raises
    ------
    InvalidInput
        When it is no folder.
    """
    if folder is None:
        return {}
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is no folder: name the folder that holds your model files")
    return {p.stem: p for p in sorted(folder.glob("*.json")) if p.name not in NOT_MODELS}

"""Which model stands for an instrument: by its texts, its declared crystal, or its channels."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike

from tocsin.detectors.construction import Construction, construction_names, named_construction
from tocsin.detectors.geometry import Crystal
from tocsin.detectors.model import DetectorModel, Resolution
from tocsin.errors import InvalidInput, NotFound
from tocsin.spectra import Instrument

GERMANIUM_CHANNELS = 4096
"""Channels from which an unnamed instrument is taken for germanium: scintillators of the field
write 1024 or fewer (some 2048), germanium and CZT at least 4096."""
GERMANIUM_CHANNEL_KEV = 1.0
"""Width of a channel above which an instrument of many channels is still no germanium."""

GENERIC = {
    "NaI": "generic-nai",
    "CsI": "generic-csi",
    "LaBr3": "generic-labr3",
    "CeBr3": "generic-cebr3",
    "Ge": "generic-hpge",
    "CZT": "generic-czt",
}
_MATERIAL_WORDS = (
    # in the order of asking: a longer word before one it may contain
    ("CeBr3", r"cebr"),
    ("LaBr3", r"labr|brillance"),
    ("CZT", r"\bczt\b|cdznte|cadmium zinc"),
    ("CsI", r"\bcsi\b|cesium iodide|caesium iodide"),
    ("NaI", r"\bnai\b|sodium iodide"),
    ("Ge", r"\bhpge\b|germanium|\bbege\b|detector type: ge\b"),
)
_LENGTH = r"(\d+(?:[.R]\d+)?)\s*(?:\"|in\b|inch)?"  # some makers write 1R5 for 1.5
_INCHES = re.compile(
    rf"(?<![A-Za-z0-9.]){_LENGTH}\s*x\s*{_LENGTH}(?:\s*x\s*{_LENGTH})?(?![0-9])", re.IGNORECASE
)
LARGEST_INCHES = 20.0


@cache
def _entries() -> Mapping[str, Mapping[str, object]]:
    path = resources.files("tocsin.detectors") / "data" / "models.json"
    document: dict[str, dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    return document


def model_names() -> tuple[str, ...]:
    """Keys of all models: instruments of ``data/models.json``, then detectors by construction."""
    return tuple(dict.fromkeys((*_entries(), *construction_names())))


def named_model(key: str, *, assumed: bool = False) -> DetectorModel:
    """Model by its key in the data file.

    Raises
    ------
    NotFound
        When there is none; the message lists the keys.
    """
    if key not in _entries() and key not in construction_names():
        raise NotFound(f"no detector model {key!r}; known are {', '.join(model_names())}")
    return _built(key, assumed)


@cache
def _built(key: str, assumed: bool) -> DetectorModel:
    entry = _entries().get(key)
    if entry is None:
        return replace(named_construction(key).model, assumed=assumed)
    return model_from_entry(key, entry, assumed=assumed)


def model_from_entry(key: str, entry: Mapping[str, object], *, assumed: bool) -> DetectorModel:
    """Model from one entry of ``data/models.json``.

    An entry that names a ``model`` takes crystal, layers and widths from that detector's own file
    and states only what was measured on the instrument itself; any other states everything.

    Raises
    ------
    InvalidInput
        When the entry lacks a value or holds one of the wrong kind.
    """
    try:
        if "model" in entry:
            base = named_construction(str(entry["model"])).model
        else:
            base = _stated(entry)
        texts = [base.source] if "model" in entry else []
        if "source" in entry:
            texts.insert(0, f"{entry['source']} [{entry['verification']}]")
        return replace(
            base,
            key=key,
            name=str(entry["name"]),
            window=_window(entry) if "window" in entry else base.window,
            resolution=_width(entry) if "fwhm_abc" in entry else base.resolution,
            source="; otherwise ".join(texts),
            assumed=assumed,
        )
    except (KeyError, IndexError, TypeError, ValueError, NotFound) as error:
        raise InvalidInput(f"detector model {key!r}: bad entry ({error})") from error


def construction_of(model: DetectorModel) -> Construction | None:
    """How the detector of a model is built, with the crystal of the model; None where unknown.

    An instrument whose entry names a detector is built like that one, with that one's layers. A
    bored crystal is taken at the size of its file only. Nobody knows how an instrument is built
    that was not recognised, whatever model stands in for it.
    """
    if model.assumed:
        return None
    entry = _entries().get(model.key, {})
    name = str(entry.get("model", model.key))
    if name not in construction_names():
        return None
    found = named_construction(name)
    if found.crystal == model.crystal:
        return found
    if found.bore is not None:
        return None
    crystal = model.crystal
    cm = " x ".join(f"{x:g}" for x in (*crystal.face_cm, crystal.depth_cm))
    # a name of its own: under that of the file its matrices would push those of the file away
    return replace(found, crystal=crystal, name=f"{name}, {crystal.shape} of {cm} cm")


def _stated(entry: Mapping[str, object]) -> DetectorModel:
    size = [float(v) for v in entry["size_cm"]]  # type: ignore[attr-defined]  # JSON list
    if entry["shape"] == "cylinder":
        crystal = Crystal("cylinder", size[1], (size[0], size[0]))
    else:
        crystal = Crystal("box", size[2], (size[0], size[1]))
    return DetectorModel(
        key="",
        name="",
        material=str(entry["material"]),
        crystal=crystal,
        resolution=_width(entry),
        window=_window(entry),
        intrinsic=str(entry.get("intrinsic", "")),
    )


def _width(entry: Mapping[str, object]) -> Resolution:
    return Resolution(*(float(v) for v in entry["fwhm_abc"]))  # type: ignore[attr-defined]


def _window(entry: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    return tuple((str(m), float(x)) for m, x in entry["window"])  # type: ignore[attr-defined]


def model_for(
    instrument: Instrument, *, n_channel: int, edges_keV: ArrayLike | None = None
) -> DetectorModel:
    """Model that stands for an instrument.

    Asked in this order: manufacturer, model, class and detector texts against the patterns of the
    data file; a crystal material (and size in inches) in the detector texts; the number of channels
    and their width.

    Parameters
    ----------
    instrument : Instrument
        As the file declares it.
    n_channel : int
        Channels of the spectrum.
    edges_keV : (n_channel + 1,) float, optional
        Channel edges, where there is a calibration.

    Returns
    -------
    DetectorModel
        ``assumed`` is True where neither the instrument nor its crystal was recognised.

    Raises
    ------
    InvalidInput
        When ``n_channel`` is not positive.
    """
    if n_channel < 1:
        raise InvalidInput(f"n_channel must be positive, not {n_channel}")
    width_keV = None
    if edges_keV is not None:
        edges = np.asarray(edges_keV, dtype=np.float64)
        width_keV = float(edges[-1] - edges[0]) / n_channel
    crystal_text = " ".join(
        " ".join((d.name, d.kind, d.description, d.material, d.dimensions))
        for d in instrument.detectors
    )
    device_text = " ".join((instrument.manufacturer, instrument.model, instrument.instrument_class))
    return _chosen(device_text, crystal_text, n_channel, width_keV)


@lru_cache(maxsize=256)
def _chosen(
    device_text: str, crystal_text: str, n_channel: int, width_keV: float | None
) -> DetectorModel:
    text = f"{device_text} {crystal_text}"
    for key, entry in _entries().items():
        patterns = entry.get("patterns", [])
        if isinstance(patterns, list) and any(re.search(p, text, re.IGNORECASE) for p in patterns):
            return named_model(key)
    for name, words in _MATERIAL_WORDS:
        if re.search(words, text, re.IGNORECASE):
            return _sized(named_model(GENERIC[name]), text)
    fine = width_keV is None or width_keV <= GERMANIUM_CHANNEL_KEV
    if n_channel >= GERMANIUM_CHANNELS and fine:
        return named_model(GENERIC["Ge"], assumed=True)
    return named_model(GENERIC["NaI"], assumed=True)


def _sized(generic: DetectorModel, text: str) -> DetectorModel:
    """The generic model with the crystal size that the text states in inches, if any."""
    found = _INCHES.search(text)
    if found is None:
        return generic
    inches = [float(v.upper().replace("R", ".")) for v in found.groups() if v is not None]
    if not all(0 < v <= LARGEST_INCHES for v in inches):
        return generic
    cm = [2.54 * v for v in inches]
    if len(cm) == 2:
        crystal = Crystal("cylinder", cm[1], (cm[0], cm[0]))
    else:
        short, middle, long = sorted(cm)
        crystal = Crystal("box", short, (middle, long))
    return replace(generic, crystal=crystal, name=f"{generic.name}, size as declared")

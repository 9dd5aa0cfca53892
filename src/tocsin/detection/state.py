"""The state of a detector as bytes: NPZ without pickles, numbers exact to the last bit."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from tocsin.detection.analysis import FloatArray
from tocsin.detection.encounters import BackgroundSnapshot, OpenEncounter
from tocsin.detection.settings import DetectorSettings
from tocsin.detection.slices import Grid, Slice, slice_from_state, slice_state
from tocsin.errors import ParseError
from tocsin.spectra import DetectorInfo, Instrument

STATE_SCHEMA = "tocsin.detector-state/1"

Arrays = dict[str, FloatArray]
Values = dict[str, Any]


def pack(values: Values, arrays: Arrays) -> bytes:
    """JSON values and arrays in one NPZ."""
    text = json.dumps({"schema": STATE_SCHEMA, **values}, sort_keys=True)
    stream = io.BytesIO()
    named: dict[str, Any] = dict(arrays)
    named["json"] = np.frombuffer(text.encode(), dtype=np.uint8)
    np.savez_compressed(stream, **named)
    return stream.getvalue()


def unpack(state: bytes) -> tuple[Values, Arrays]:
    """Inverse of :func:`pack`.

    Raises
    ------
    ParseError
        When the bytes are no detector state of a known schema.
    """
    try:
        with np.load(io.BytesIO(state), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        values = json.loads(arrays.pop("json").tobytes().decode())
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ParseError(f"not a detector state: {error}", code="detector-state") from error
    if values.get("schema") != STATE_SCHEMA:
        raise ParseError(
            f"detector state of schema {values.get('schema')!r}, this version reads {STATE_SCHEMA}",
            code="detector-state",
        )
    return values, arrays


def put_slices(name: str, items: Sequence[Slice], values: Values, arrays: Arrays) -> None:
    """Store a list of slices under one name."""
    states = [slice_state(i) for i in items]
    values[name] = [s[0] for s in states]
    if states:
        arrays[name] = np.vstack([s[1] for s in states])


def get_slices(name: str, values: Values, arrays: Arrays, grid: Grid) -> list[Slice]:
    """Read a list of slices."""
    stored = values[name]
    return [slice_from_state(v, arrays[name][k].copy(), grid) for k, v in enumerate(stored)]


def put_encounter(state: OpenEncounter, values: Values, arrays: Arrays) -> None:
    """Store an open encounter."""
    skip = {"weights", "background", "slices"}
    values["open"] = {f.name: getattr(state, f.name) for f in fields(state) if f.name not in skip}
    background = state.background
    values["open_background"] = {
        "effective_time_s": background.effective_time_s,
        "dispersion": background.dispersion,
        "neutron_cps": background.neutron_cps,
    }
    arrays["open_weights"] = state.weights
    arrays["open_rate"] = background.rate_cps
    arrays["open_fine_rate"] = background.fine_rate_cps
    put_slices("open_slices", state.slices, values, arrays)


def get_encounter(values: Values, arrays: Arrays, grid: Grid) -> OpenEncounter | None:
    """Read an open encounter, if there is one."""
    if "open" not in values:
        return None
    return OpenEncounter(
        **values["open"],
        weights=arrays["open_weights"],
        background=BackgroundSnapshot(
            rate_cps=arrays["open_rate"],
            fine_rate_cps=arrays["open_fine_rate"],
            **values["open_background"],
        ),
        slices=get_slices("open_slices", values, arrays, grid),
    )


def settings_values(settings: DetectorSettings) -> Values:
    """Settings as JSON values."""
    return asdict(settings)


def settings_from(values: Values) -> DetectorSettings:
    """Settings from JSON values."""
    plain: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return DetectorSettings(**plain)


def instrument_values(instrument: Instrument) -> Values:
    """Instrument as JSON values."""
    return asdict(instrument)


def instrument_from(values: Values) -> Instrument:
    """Instrument from JSON values."""
    plain = dict(values)
    plain["detectors"] = tuple(DetectorInfo(**d) for d in plain["detectors"])
    plain["versions"] = tuple((str(a), str(b)) for a, b in plain["versions"])
    return Instrument(**plain)

"""What the survey page asks of the server: docs/guide/measurement-api.md, filled from the rows.

Nothing is parsed again here: all comes from the arrays that were kept with the measurement.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import NuclideLibrary, load_library, parse_nuclide
from tocsin.server.accounts.models import Level, Realm
from tocsin.server.measurements.analysing import background_behind
from tocsin.server.measurements.models import Analysis, Chunk, Encounter, Kind, Measurement
from tocsin.server.measurements.records import unpacked
from tocsin.spectra import rebin

FloatArray = NDArray[np.float64]

MOST_BINS = 256
MOST_ROWS = 2000
MOST_LINES = 40
# Below, bins even in the square root of energy would be narrower than channels; above, cosmic rays
LOW_keV, HIGH_keV = 20.0, 3000.0
DIGITS = {
    "t_s": 3,
    "live_s": 4,
    "gross": 2,
    "count_rate_cps": 4,
    "background_cps": 3,
    "statistic": 3,
    "neutron": 2,
    "dose_rate_uSv_h": 5,
    "latitude": 7,
    "longitude": 7,
}
_TOP = 65535


class OutOfRange(ValueError):
    """Records were asked for that the measurement does not have."""


def marking_text(row: Measurement) -> str:
    """Realm and level in words, as the banner shows them."""
    return f"{Realm(row.realm).label} · {Level(row.level).label} · TLP:{row.tlp}"


def column(values: FloatArray | None, name: str) -> list[float | int | None] | None:
    """A column for JSON: ``None`` for what is missing, and as a whole where all of it is."""
    if values is None:
        return None
    known = np.isfinite(values)
    if not known.any():
        return None
    rounded = np.round(values.astype(np.float64), DIGITS[name])
    return [
        (int(v) if v.is_integer() and abs(v) < 1 << 53 else v) if ok else None
        for v, ok in zip(rounded.tolist(), known.tolist(), strict=True)
    ]


def columns_of(measurement: Measurement) -> dict[str, FloatArray]:
    """All summary columns of a measurement, one value for each record."""
    parts = [unpacked(c) for c in measurement.chunks.values_list("summary", flat=True)]
    return {name: np.concatenate([p[name] for p in parts]).astype(np.float64) for name in parts[0]}


def survey(
    measurement: Measurement, analysis: Analysis, *, alarms: Mapping[Any, str]
) -> dict[str, Any]:
    """Everything but the spectra.

    Parameters
    ----------
    measurement : Measurement
        What was measured.
    analysis : Analysis
        Whose encounters and statistic are shown.
    alarms : mapping
        Address of the alarm's page for each encounter's key that has one the reader may see.
    """
    known = columns_of(measurement)
    arrays = unpacked(analysis.arrays)
    series: dict[str, FloatArray | None] = {
        name: arrays[name].astype(np.float64) if name in arrays else None
        for name in ("background_cps", "statistic")
    }
    # real times serve the spectrum alone
    columns: dict[str, Any] = {
        name: column(values, name) for name, values in known.items() if name in DIGITS
    }
    columns |= {name: column(values, name) for name, values in series.items()}
    return {
        "schema": "tocsin.survey/1",
        "measurement": str(measurement.pk),
        "title": measurement.title,
        "file": measurement.file.name,
        "sha256": measurement.sha256,
        "realm": measurement.realm,
        "marking": marking_text(measurement),
        "kind": measurement.kind,
        "instrument": measurement.instrument_name,
        "start": measurement.start_text or None,
        "records": measurement.records,
        "columns": columns,
        "statistic_name": _("largest of spectrum, rate and neutrons")
        if analysis.statistic_name
        else None,
        "threshold": analysis.threshold,
        "encounters": [
            encounter_json(e, alarms.get(e.pk)) for e in analysis.encounters.order_by("number")
        ],
    }


def encounter_json(encounter: Encounter, alarm: str | None) -> dict[str, Any]:
    """One encounter as the survey page reads it."""
    said = encounter.said
    return {
        "number": encounter.number,
        "first_record": encounter.first_record,
        "last_record": encounter.last_record,
        "peak_record": encounter.peak_record,
        "class": encounter.source_class,
        "neutron": encounter.neutron,
        "nuclear_material": said["nuclear_material"],
        "statistic": said["statistic"],
        "threshold": said["threshold"],
        "dose_rate_uSv_h": said["dose_rate_uSv_h"],
        "nuclides": [
            {"name": n["name"], "class": n["class"], "confidence": n["confidence"]}
            for n in said["nuclides"]
        ],
        "position": said["position"],
        "alarm": alarm,
    }


# Waterfall


def waterfall(
    measurement: Measurement, *, bins: int = MOST_BINS, rows: int = MOST_ROWS
) -> dict[str, Any]:
    """Counts over time and energy in groups of whole records and whole channels."""
    answer: dict[str, Any] = {
        "schema": "tocsin.waterfall/1",
        "rows": 0,
        "bins": 0,
        "records_per_row": 1,
        "axis": "channel",
        "edges": [],
        "live_s": [],
        "encoding": "uint16-le-base64",
        "counts": "",
    }
    if not measurement.channels:
        return answer
    size = math.ceil(measurement.records / min(rows, MOST_ROWS))
    n_rows = math.ceil(measurement.records / size)
    places, edges, calibrated = _bins(measurement, min(bins, MOST_BINS))
    table = np.zeros((n_rows, places.size - 1))
    live_s = np.zeros(n_rows)
    # the same measurement gives the same picture
    rng = np.random.default_rng(0)
    for chunk in measurement.chunks.all():
        group = (chunk.first_record + np.arange(chunk.records)) // size
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        counts = unpacked(chunk.spectra)["counts"]
        grouped = np.add.reduceat(counts, starts, axis=0, dtype=np.float64)
        table[group[starts]] += _binned(grouped, places, rng)
        np.add.at(live_s, group, np.nan_to_num(unpacked(chunk.summary)["live_s"]))
    packed = np.clip(np.rint(table), 0, _TOP).astype("<u2")
    return answer | {
        "rows": n_rows,
        "bins": int(places.size - 1),
        "records_per_row": size,
        "axis": "energy_keV" if calibrated else "channel",
        "edges": [round(float(e), 3) for e in edges],
        "live_s": [round(t, 4) if t > 0 else None for t in live_s.tolist()],
        "counts": base64.b64encode(packed.tobytes()).decode("ascii"),
    }


def _bins(measurement: Measurement, most: int) -> tuple[FloatArray, FloatArray, bool]:
    """Edges of the bins as places between channels, as values, and whether these are energies.

    Even in the square root of energy, where peaks of a scintillator are about equally wide, but no
    bin narrower than a channel.
    """
    n = measurement.channels
    channel = np.arange(n + 1, dtype=np.float64)
    edges_keV = edges_of(measurement)
    if edges_keV is None or edges_keV[-1] <= LOW_keV:
        places = np.unique(np.linspace(0, n, min(most, n) + 1).round())
        return places, places, False
    low, high = max(LOW_keV, float(edges_keV[0])), min(HIGH_keV, float(edges_keV[-1]))
    wanted_keV = np.linspace(math.sqrt(low), math.sqrt(high), most + 1) ** 2
    wanted = np.interp(wanted_keV, edges_keV, channel)
    step = np.maximum(np.diff(wanted), 1.0)
    places = _walk(wanted, step)
    while places.size - 1 > most:
        # a curved energy scale can ask for a bin or two more than there is room for
        step *= 1.02
        places = _walk(wanted, step)
    places = np.clip(places, 0, n)
    return places, np.interp(places, channel, edges_keV), True


def _walk(wanted: FloatArray, step: FloatArray) -> FloatArray:
    """Places from the first to the last one wanted, each as far on as is wanted there."""
    places = [float(math.floor(wanted[0]))]
    while places[-1] < wanted[-1]:
        places.append(places[-1] + float(np.interp(places[-1], wanted[:-1], step)))
    places[-1] = float(wanted[-1])
    if len(places) > 2 and places[-1] - places[-2] < 1.0:
        del places[-2]
    return np.array(places)


def _binned(counts: FloatArray, places: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Counts between places on the channel axis, whole numbers where the counts are.

    A channel that an edge cuts gives each of its counts to one side or the other by chance, in the
    proportion of the two parts: so the bins stay Poisson distributed (thinning) and show no
    stripes, as bins of one and of two channels in turn would.
    """
    n = counts.shape[1]
    below = np.concatenate((np.zeros((counts.shape[0], 1)), np.cumsum(counts, axis=1)), axis=1)
    channel = np.minimum(places.astype(np.int64), n - 1)
    part = places - channel
    cut = counts[:, channel]
    if np.array_equal(cut, np.rint(cut)) and cut.min(initial=0.0) >= 0:
        left: FloatArray = rng.binomial(cut.astype(np.int64), part).astype(np.float64)
    else:
        left = cut * part
    return np.diff(below[:, channel] + left, axis=1)


def edges_of(measurement: Measurement) -> FloatArray | None:
    """Channel edges in keV, None without a calibration."""
    raw = bytes(measurement.edges_keV)
    return np.frombuffer(raw, dtype="<f8").astype(np.float64) if raw else None


# Spectrum


def spectrum(
    measurement: Measurement,
    analysis: Analysis,
    first: int | None = None,
    last: int | None = None,
) -> dict[str, Any]:
    """Counts of some records together, with the background behind them where one is known.

    Raises
    ------
    OutOfRange
        If the range is not inside the measurement.
    """
    first = 0 if first is None else first
    last = measurement.records - 1 if last is None else last
    if not 0 <= first <= last < measurement.records:
        raise OutOfRange(
            f"records {first} to {last}: this measurement has 0 to {measurement.records - 1}"
        )
    counts = np.zeros(measurement.channels)
    live_s, real_s, real_known = 0.0, 0.0, True
    for chunk in _chunks(measurement, first, last):
        rows = slice(
            max(first - chunk.first_record, 0),
            min(last - chunk.first_record + 1, chunk.records),
        )
        if chunk.spectra:
            counts += unpacked(chunk.spectra)["counts"][rows].sum(axis=0, dtype=np.float64)
        summary = unpacked(chunk.summary)
        live_s += float(np.nansum(summary["live_s"][rows]))
        real = summary["real_s"][rows]
        real_known &= bool(np.isfinite(real).all())
        real_s += float(np.nansum(real))
    edges = edges_of(measurement)
    return {
        "schema": "tocsin.spectrum/1",
        "first_record": first,
        "last_record": last,
        "live_time_s": round(live_s, 4),
        "real_time_s": round(real_s, 4) if real_known else None,
        "counts": _numbers(counts),
        "edges_keV": None if edges is None else [round(e, 4) for e in edges.tolist()],
        "background": _background(measurement, analysis, edges, first, last),
    }


def _chunks(measurement: Measurement, first: int, last: int) -> Iterable[Chunk]:
    starts = list(measurement.chunks.values_list("first_record", "records"))
    wanted = [start for start, n in starts if start <= last and first < start + n]
    return measurement.chunks.filter(first_record__in=wanted)


def _numbers(counts: FloatArray) -> list[float | int]:
    return [int(c) if c.is_integer() else round(c, 3) for c in counts.tolist()]


def _background(
    measurement: Measurement,
    analysis: Analysis,
    edges: FloatArray | None,
    first: int,
    last: int,
) -> dict[str, Any] | None:
    """Background that the analysis set against these records; None where it set none.

    Of a survey it is known behind an encounter: the one that covers at least half of the records.
    """
    if edges is None:
        return None
    number, origin = 0, analysis.said["background_used"]
    if measurement.kind != Kind.STATIC:
        chosen = _mostly_in(analysis, first, last)
        if chosen is None:
            return None
        number, origin = chosen.number - 1, "tracked"
    behind = background_behind(unpacked(analysis.arrays), number)
    if behind is None or behind.live_time_s <= 0:
        return None
    counts = behind.counts
    if not np.array_equal(behind.edges_keV, edges):
        counts = rebin(counts, behind.edges_keV, edges)
    return {
        "origin": origin,
        "live_time_s": round(behind.live_time_s, 4),
        "counts": [round(c, 3) for c in counts.tolist()],
        "first_record": None,
        "last_record": None,
    }


def _mostly_in(analysis: Analysis, first: int, last: int) -> Encounter | None:
    encounter: Encounter
    for encounter in analysis.encounters.all():
        shared = min(last, encounter.last_record) - max(first, encounter.first_record) + 1
        if 2 * shared >= last - first + 1:
            return encounter
    return None


# Reference lines


def reference_lines(names: Sequence[str]) -> dict[str, Any]:
    """Lines of some nuclides, strongest first, with the origin of each.

    Raises
    ------
    NotFound
        Names the first that the library does not hold.
    """
    library = load_library()
    nuclides = []
    for name in dict.fromkeys(canonical(n, library) for n in names):
        nuclide = library[name]
        lines = sorted(library.lines(name), key=lambda line: (-line.intensity, line.energy_keV))
        nuclides.append(
            {
                "name": name,
                "class": nuclide.classes[0] if nuclide.classes else "unknown",
                "lines": [
                    {
                        "energy_keV": round(line.energy_keV, 4),
                        "intensity": float(f"{line.intensity:.5g}"),
                        "emitter": line.emitter,
                        "kind": line.kind,
                        "origin": _origin(library, line.source),
                    }
                    for line in lines[:MOST_LINES]
                ],
            }
        )
    return {
        "schema": "tocsin.reference-lines/1",
        "library": f"Tocsin nuclide library {library.version}",
        "nuclides": nuclides,
    }


def canonical(name: str, library: NuclideLibrary) -> str:
    """Name as the library writes it.

    Raises
    ------
    NotFound
        If the text names nothing that the library holds.
    """
    try:
        return library[parse_nuclide(name)].name
    except InvalidInput as error:
        raise NotFound(f"{name[:40]!r} names no nuclide") from error


def _origin(library: NuclideLibrary, key: str) -> str:
    source = library.sources.get(key)
    return key if source is None else f"{source['title']}, {source['edition']}"


def named_by(analysis: Analysis) -> list[str]:
    """Nuclides that the encounters of an analysis name and the library holds, in their order."""
    library = load_library()
    names = [n["name"] for e in analysis.said["encounters"] for n in e["nuclides"]]
    return [name for name in dict.fromkeys(names) if name in library]

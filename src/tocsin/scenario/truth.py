"""The truth of a synthetic recording, and its public JSON form ``tocsin.scenario-truth/1``."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from tocsin.errors import InvalidInput
from tocsin.nuclear.classes import SourceClass

SCHEMA = "tocsin.scenario-truth/1"
REALM = "SYNTHETIC"


@dataclass(frozen=True, slots=True)
class TrueSource:
    """What is true of one source of a scene.

    Attributes
    ----------
    name, kind : str
        Name in the scene; ``"point"`` or ``"heap"``.
    nuclides : tuple of str
        The nuclide of a point source; the heads of the natural series of a heap.
    accepted_names : tuple of str
        Names that are right as an answer: the nuclides and, for natural series, their members.
    source_class : str
        Class that an analysis ought to give.
    latitude_deg, longitude_deg : float
        Place, of a moving source that at its closest approach.
    moves : bool
        True for a source that is carried.
    closest_record : int
        Zero-based record of the closest approach.
    closest_time : str
        Its middle in ISO 8601, UTC.
    closest_distance_m : float
        Slant distance from the detector to the source (of a heap, to its nearest patch).
    activity_Bq : dict of str to float
        By nuclide; empty for a heap.
    massic_activity_Bq_kg : dict of str to float
        By head of the natural series; empty for a point source.
    layers : tuple of (str, float)
        Material and thickness in cm.
    peak_record : int
        Record with the highest expected net rate.
    peak_net_cps : float
        That rate.
    first_record, last_record : int
        Stretch around the peak where the expected net rate is at least half of the highest.
    net_counts_expected : float
        Expected net counts in that stretch.
    net_counts_total : float
        Expected net counts in the whole recording.
    """

    name: str
    kind: str
    nuclides: tuple[str, ...]
    accepted_names: tuple[str, ...]
    source_class: SourceClass
    latitude_deg: float
    longitude_deg: float
    moves: bool
    closest_record: int
    closest_time: str
    closest_distance_m: float
    activity_Bq: dict[str, float]
    massic_activity_Bq_kg: dict[str, float]
    layers: tuple[tuple[str, float], ...]
    peak_record: int
    peak_net_cps: float
    first_record: int
    last_record: int
    net_counts_expected: float
    net_counts_total: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that was put into a synthetic recording.

    Attributes
    ----------
    scene : str
        Name of the scene.
    seed : int, optional
        Seed of the generator, where the caller stated it.
    start : str
        Start of the first record in ISO 8601, UTC.
    records : int
        Number of records.
    anchor : (float, float)
        Latitude and longitude of the scene's anchor in degrees.
    place_note : str
        Where the anchor lies and that nothing real is there.
    sources : tuple of TrueSource
        In the order of the scene.
    background_rate_cps : (float, float, float)
        Least, mean and highest expected natural rate of the walk.
    perturbation : dict of str to float
        How the shapes of this recording differ from the nominal detector.
    track_deg : tuple of (float, float)
        True latitude and longitude of every record, also of those without a position in the file.
    versions : dict of str to str
        Tocsin, nuclide library and detector response.
    """

    scene: str
    seed: int | None
    start: str
    records: int
    anchor: tuple[float, float]
    place_note: str
    sources: tuple[TrueSource, ...]
    background_rate_cps: tuple[float, float, float]
    perturbation: dict[str, float]
    track_deg: tuple[tuple[float, float], ...]
    versions: dict[str, str]
    realm: str = REALM

    def to_json(self) -> dict[str, Any]:
        """The public form as plain JSON values."""
        return {
            "schema": SCHEMA,
            "realm": self.realm,
            "scene": self.scene,
            "seed": self.seed,
            "start": self.start,
            "records": self.records,
            "anchor": {
                "latitude": self.anchor[0],
                "longitude": self.anchor[1],
                "note": self.place_note,
            },
            "background_rate_cps": dict(
                zip(
                    ("least", "mean", "highest"),
                    (_rounded(v) for v in self.background_rate_cps),
                    strict=True,
                )
            ),
            "perturbation": {k: _rounded(v, 6) for k, v in self.perturbation.items()},
            "sources": [_source_json(s) for s in self.sources],
            "track": [[round(a, 7), round(b, 7)] for a, b in self.track_deg],
            "versions": dict(self.versions),
        }

    def to_text(self) -> str:
        """The JSON form as the text of a truth file: one line per entry of the track's array."""
        value = self.to_json()
        track = value.pop("track")
        text = json.dumps(value, indent=1, ensure_ascii=False)
        lines = ",\n  ".join(json.dumps(pair) for pair in track)
        return f'{text[:-2]},\n "track": [\n  {lines}\n ]\n}}\n'

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Truth:
        """Truth from its JSON form.

        Raises
        ------
        InvalidInput
            When the value is not of the schema ``tocsin.scenario-truth/1``.
        """
        if not isinstance(value, dict) or value.get("schema") != SCHEMA:
            raise InvalidInput(f"not a truth file: its schema is not {SCHEMA!r}")
        try:
            return cls(
                scene=value["scene"],
                seed=value["seed"],
                start=value["start"],
                records=value["records"],
                anchor=(value["anchor"]["latitude"], value["anchor"]["longitude"]),
                place_note=value["anchor"]["note"],
                sources=tuple(_source(s) for s in value["sources"]),
                background_rate_cps=tuple(
                    value["background_rate_cps"][k] for k in ("least", "mean", "highest")
                ),
                perturbation=dict(value["perturbation"]),
                track_deg=tuple((a, b) for a, b in value["track"]),
                versions=dict(value["versions"]),
                realm=value["realm"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"truth file: {type(error).__name__}: {error}") from error


def _source_json(source: TrueSource) -> dict[str, Any]:
    return {
        "name": source.name,
        "kind": source.kind,
        "nuclides": list(source.nuclides),
        "accepted_names": list(source.accepted_names),
        "class": source.source_class,
        "latitude": round(source.latitude_deg, 7),
        "longitude": round(source.longitude_deg, 7),
        "moves": source.moves,
        "closest_record": source.closest_record,
        "closest_time": source.closest_time,
        "closest_distance_m": _rounded(source.closest_distance_m),
        "activity_Bq": {k: _rounded(v, 6) for k, v in source.activity_Bq.items()},
        "massic_activity_Bq_kg": {
            k: _rounded(v, 6) for k, v in source.massic_activity_Bq_kg.items()
        },
        "shield": [{"material": m, "thickness_cm": t} for m, t in source.layers],
        "peak_record": source.peak_record,
        "peak_net_cps": _rounded(source.peak_net_cps),
        "first_record": source.first_record,
        "last_record": source.last_record,
        "net_counts_expected": _rounded(source.net_counts_expected),
        "net_counts_total": _rounded(source.net_counts_total),
    }


def _source(value: dict[str, Any]) -> TrueSource:
    return TrueSource(
        name=value["name"],
        kind=value["kind"],
        nuclides=tuple(value["nuclides"]),
        accepted_names=tuple(value["accepted_names"]),
        source_class=value["class"],
        latitude_deg=value["latitude"],
        longitude_deg=value["longitude"],
        moves=value["moves"],
        closest_record=value["closest_record"],
        closest_time=value["closest_time"],
        closest_distance_m=value["closest_distance_m"],
        activity_Bq=dict(value["activity_Bq"]),
        massic_activity_Bq_kg=dict(value["massic_activity_Bq_kg"]),
        layers=tuple((s["material"], s["thickness_cm"]) for s in value["shield"]),
        peak_record=value["peak_record"],
        peak_net_cps=value["peak_net_cps"],
        first_record=value["first_record"],
        last_record=value["last_record"],
        net_counts_expected=value["net_counts_expected"],
        net_counts_total=value["net_counts_total"],
    )


def _rounded(value: float, digits: int = 5) -> float:
    """Rounded to significant digits: what differs between platforms must not show in the bytes."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else 0.0

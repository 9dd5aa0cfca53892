"""Holders of the fictional State: who they are, where, and how their people write."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOWNS = (
    ("North Gate", 14.72, -17.30),
    ("Harbour", 14.68, -17.43),
    ("Old Town", 14.67, -17.44),
    ("Quarry Hill", 14.79, -17.14),
    ("Riverside", 14.40, -16.97),
    ("Salt Lakes", 14.06, -16.05),
    ("East Junction", 13.77, -13.67),
)
"""Towns of the fictional State, with places to aim a map at."""

NAMES = (
    # names that look alike and are not the same body stand here on purpose
    ("hospital", "North Gate Hospital", "North Gate"),
    ("hospital", "North Gate Children's Hospital", "North Gate"),
    ("hospital", "University Hospital Old Town", "Old Town"),
    ("hospital", "Riverside General Hospital", "Riverside"),
    ("hospital", "Quarry Hill Hospital", "Quarry Hill"),
    ("hospital", "Salt Lakes Regional Hospital", "Salt Lakes"),
    ("hospital", "Cancer Centre of the Capital", "Old Town"),
    ("works", "Harbour Works 7", "Harbour"),
    ("works", "Harbour Works 8", "Harbour"),
    ("works", "Riverside Steel", "Riverside"),
    ("works", "Riverside Steel Castings", "Riverside"),
    ("works", "National Aluminium Works", "Salt Lakes"),
    ("works", "East Junction Refinery", "East Junction"),
    ("works", "Old Town Brewery", "Old Town"),
    ("cement", "Quarry Hill Cement", "Quarry Hill"),
    ("cement", "Salt Lakes Cement and Lime", "Salt Lakes"),
    ("mill", "Riverside Paper Mill", "Riverside"),
    ("mill", "Northern Board and Paper", "North Gate"),
    ("mill", "Delta Films and Foils", "Riverside"),
    ("mill", "East Junction Textiles", "East Junction"),
    ("mine", "Eastern Phosphates", "East Junction"),
    ("mine", "Quarry Hill Minerals", "Quarry Hill"),
    ("mine", "Salt Lakes Gold", "Salt Lakes"),
    ("port", "Port Authority of the Harbour", "Harbour"),
    ("port", "Harbour Bulk Terminal", "Harbour"),
    ("ndt", "Weldcheck Inspection", "Harbour"),
    ("ndt", "Coastal Nondestructive Testing", "Harbour"),
    ("ndt", "Pipeline Inspection Company", "East Junction"),
    ("ndt", "North Gate Weld Testing", "North Gate"),
    ("ndt", "Inspection and Testing Bureau", "Old Town"),
    ("roads", "Directorate of Roads, North", "North Gate"),
    ("roads", "Directorate of Roads, East", "East Junction"),
    ("roads", "Riverside Road Builders", "Riverside"),
    ("roads", "Asphalt Control", "Old Town"),
    ("roads", "Civil Soil Laboratory", "Old Town"),
    ("roads", "Quarry Hill Earthworks", "Quarry Hill"),
    ("roads", "Motorway Construction 1", "Harbour"),
    ("roads", "Motorway Construction 2", "Harbour"),
    ("geology", "Offshore Logging Services", "Harbour"),
    ("geology", "Basin Wireline", "East Junction"),
    ("geology", "Geological Survey", "Old Town"),
    ("geology", "Deep Wells Company", "Salt Lakes"),
    ("institute", "National Institute of Metrology", "Old Town"),
    ("institute", "National Institute of Agronomy", "Riverside"),
    ("institute", "Institute of Nuclear Sciences", "Old Town"),
    ("institute", "Blood Service", "Old Town"),
    ("university", "University of the Capital", "Old Town"),
    ("university", "University of the East", "East Junction"),
    ("university", "Polytechnic School", "North Gate"),
    ("laboratory", "Customs Laboratory", "Harbour"),
    ("laboratory", "Water Quality Laboratory", "Riverside"),
    ("laboratory", "Food Control Laboratory", "Old Town"),
    ("laboratory", "Forensic Laboratory", "Old Town"),
    ("laboratory", "Mineral Assay Services", "Quarry Hill"),
    ("laboratory", "Pesticide Residue Laboratory", "Riverside"),
    ("sterile", "Sterile Goods", "North Gate"),
    ("sterile", "Spice and Medical Irradiation", "Harbour"),
    ("laboratory", "Environmental Monitoring Service", "Old Town"),
    ("mill", "Salt Lakes Packaging", "Salt Lakes"),
    ("works", "Shipyard of the Harbour", "Harbour"),
)
"""Kind, name and town of each holder, all invented."""

ROOMS = {
    "hospital": ("radiotherapy", "nuclear medicine", "store B1", "bunker 2", "physics"),
    "institute": ("hall 1", "hall 2", "source store", "calibration room", "laboratory 114"),
    "university": ("physics, room 12", "chemistry, room 31", "source store", "practical course"),
    "laboratory": ("chromatography", "instrument room", "store", "bench 4"),
    "sterile": ("irradiation cell", "pool"),
}
WORK_ROOMS = ("line 1", "line 2", "silo 3", "furnace hall", "store", "workshop", "yard store")
SITE_SPREAD_deg = 0.004
"""Holders' own ground: some hundred metres."""


@dataclass(frozen=True, slots=True)
class SyntheticHolder:
    """A holder.

    Parameters
    ----------
    kind, name, town : str
    latitude, longitude : float
        Of its site, in degrees.
    licence : str
    shouts : bool
        Its people write makers in capitals.
    spaces : bool
        Its people write models with a space in the place of the hyphen.
    """

    kind: str
    name: str
    town: str
    latitude: float
    longitude: float
    licence: str
    shouts: bool
    spaces: bool

    def room(self, random: np.random.Generator) -> str:
        """One of its places in words."""
        rooms = ROOMS.get(self.kind, WORK_ROOMS)
        return f"{self.town}, {rooms[int(random.integers(len(rooms)))]}"


def synthetic_holders(random: np.random.Generator, holders: int) -> list[SyntheticHolder]:
    """Holders with sites, at most as many as there are names."""
    towns = {name: (lat, lon) for name, lat, lon in TOWNS}
    # the kinds come one after the other, so that a small State has each of them too
    by_kind: dict[str, list[tuple[str, str, str]]] = {}
    for given in NAMES:
        by_kind.setdefault(given[0], []).append(given)
    rounds = [
        names[i]
        for i in range(max(map(len, by_kind.values())))
        for names in by_kind.values()
        if i < len(names)
    ]
    chosen = sorted(rounds[:holders], key=NAMES.index)
    return [
        SyntheticHolder(
            kind,
            name,
            town,
            towns[town][0] + float(random.normal(0.0, 0.02)),
            towns[town][1] + float(random.normal(0.0, 0.02)),
            f"L-{1000 + number}",
            shouts=bool(random.random() < 0.05),
            spaces=bool(random.random() < 0.05),
        )
        for number, (kind, name, town) in enumerate(chosen)
    ]

"""Extract the lines of plutonium and americium that isotopics needs (development time).

    python scripts/build_plutonium_lines.py

The nuclide library leaves out what is below 1e-5 photons per decay, yet the lines of plutonium that
stand apart are weaker than that. This file holds all gammas from 120 to 800 keV from 1e-9 photons
per decay on, with their uncertainty. It runs in the environment of ``build_nuclide_library.py``
and reads the same sources.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import build_nuclide_library as library
from nuclide_sources import Sources

OUT = Path(__file__).resolve().parents[1] / "src" / "tocsin" / "forensics" / "data" / "plutonium"
NUCLIDES = ("Pu-238", "Pu-239", "Pu-240", "Pu-241", "Am-241", "U-237")
RANGE_keV = (120.0, 800.0)
WEAKEST = 1e-9


def main() -> None:
    """Write the file."""
    sources = Sources(
        library.package_file("paceENSDF", "ENSDF_JSON"),
        library.package_file("actigamma", "data", "lines_decay_2012.min.json"),
    )
    selection = json.loads(library.SELECTION.read_text(encoding="utf-8"))
    library.ABSOLUTE_CUT = WEAKEST
    built = library.Builder(sources, selection["nuclides"]).build()
    rows = []
    for name in NUCLIDES:
        for line in sorted(built[name].lines, key=lambda x: x.energy):
            if line.kind == "gamma" and RANGE_keV[0] < line.energy < RANGE_keV[1]:
                spread = "" if line.intensity_unc is None else f"{line.intensity_unc:.2g}"
                rows.append(
                    (name, f"{line.energy:.7g}", f"{line.intensity:.4g}", spread, line.source)
                )
    OUT.mkdir(parents=True, exist_ok=True)
    with (OUT / "lines.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("nuclide", "energy_keV", "intensity", "standard_uncertainty", "source"))
        writer.writerows(rows)
    print(f"{len(rows)} lines of {len({r[0] for r in rows})} nuclides")


if __name__ == "__main__":
    main()

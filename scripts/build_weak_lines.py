"""Extract lines too weak for the nuclide library that thick shields leave over (development time).

    python scripts/build_weak_lines.py

Grams of some nuclides, or terabecquerels, are met behind shields that take all lines but weak ones
of high energy. The nuclide library leaves out what is below 1e-5 photons per decay; this file adds,
for those nuclides, gammas above 150 keV from 1e-8 on. It runs in the environment of
``build_nuclide_library.py`` and reads the same sources; its hash goes into ``companions.json``.
"""

from __future__ import annotations

import csv
import hashlib
import json

import build_nuclide_library as library
from nuclide_sources import Sources

OUT = library.DATA / "weak_lines.csv"
MANIFEST = library.DATA / "companions.json"
NUCLIDES = """U-233 U-235 Np-237 Pu-238 Pu-239 Pu-240 Pu-241 Am-241 Ir-192 Se-75 Yb-169 Tm-170
Co-57 Tc-99m Mo-99 I-131""".split()
LOWEST_keV = 150.0
WEAKEST = 1e-8


def main() -> None:
    """Write the file."""
    sources = Sources(
        library.package_file("paceENSDF", "ENSDF_JSON"),
        library.package_file("actigamma", "data", "lines_decay_2012.min.json"),
    )
    selection = json.loads(library.SELECTION.read_text(encoding="utf-8"))
    shipped = json.loads((library.DATA / "nuclides.json").read_text(encoding="utf-8"))["nuclides"]
    library.ABSOLUTE_CUT = WEAKEST
    built = library.Builder(sources, selection["nuclides"]).build()
    rows = []
    for name in NUCLIDES:
        known = {round(float(line[0]), 3) for line in shipped[name]["lines"]}
        for line in built[name].lines:
            new = round(line.energy, 3) not in known
            if line.kind == "gamma" and line.energy > LOWEST_keV and new:
                rows.append((name, f"{line.energy:.6g}", f"{line.intensity:.4g}", line.source))
    with OUT.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("nuclide", "energy_keV", "intensity", "source"))
        writer.writerows(rows)
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    manifest["files"][OUT.name] = hashlib.sha256(OUT.read_bytes()).hexdigest()
    MANIFEST.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    print(f"{len(rows)} lines of {len({r[0] for r in rows})} nuclides")


if __name__ == "__main__":
    main()

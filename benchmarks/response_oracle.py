"""The crystal response beside its Monte-Carlo oracle: the table of docs/science/detectors.md.

    python benchmarks/response_oracle.py              # 400,000 photons a cell, some minutes

The oracle (tests/detectors/photon_oracle.py) follows single photons in three dimensions. It has no
K X-rays and no electrons that leave, so both are taken out of what it is compared with.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors import Crystal, material
from tocsin.detectors.response import CrystalResponse

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "detectors"))
from photon_oracle import deposits  # stands beside the tests that use it

BODIES = {
    "NaI, 3x3 in": ("NaI", Crystal("cylinder", 7.62, (7.62, 7.62))),
    "NaI, 2x2 in": ("NaI", Crystal("cylinder", 5.08, (5.08, 5.08))),
    "NaI, 2x4x16 in": ("NaI", Crystal("box", 5.08, (10.16, 40.64))),
    "CsI, 1 cm cube": ("CsI", Crystal("box", 1.0, (1.0, 1.0))),
    "LaBr3, 1.5x1.5 in": ("LaBr3", Crystal("cylinder", 3.81, (3.81, 3.81))),
    "Ge, 6x6 cm": ("Ge", Crystal("cylinder", 6.0, (6.0, 6.0))),
    "CZT, 1 cm cube": ("CZT", Crystal("box", 1.0, (1.0, 1.0))),
}
ENERGIES_keV = (122.0, 661.657, 1332.5, 2614.5)


class ElectronsStay(CrystalResponse):
    """The response without the loss of electrons, which the oracle has not."""

    def _electron_loss(self, energies_keV: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.zeros_like(energies_keV)

    @property
    def _kept(self) -> dict[str, NDArray[np.float64]]:  # type: ignore[override]  # no cache here
        if not hasattr(self, "_here"):
            object.__setattr__(self, "_here", self._drawn())
        kept: dict[str, NDArray[np.float64]] = self._here
        return kept


def cell(name: str, crystal: Crystal, energy_keV: float, n: int, seed: int) -> str:
    """Peak and total of the response over those of the oracle, with one standard deviation."""
    left = deposits(material(name), crystal, energy_keV, n, np.random.default_rng(seed))
    fast = ElectronsStay(material(name), crystal).deposit(np.array([energy_keV]))
    words = []
    for ours, hits in (
        (float(fast.peaks[0, :-2].sum()), int(np.sum(left > energy_keV - 1e-6))),
        (float(fast.interacting[0]), int(np.sum(left > 0))),
    ):
        share = hits / n
        error = 100 * ours / share * np.sqrt((1 - share) / hits)
        words.append(f"{100 * (ours / share - 1):+.1f} ± {error:.1f}")
    return " / ".join(words)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photons", type=int, default=400_000)
    chosen = parser.parse_args()
    print("| crystal | " + " | ".join(f"{e:.0f} keV" for e in ENERGIES_keV) + " |")
    print("|---|" + "---|" * len(ENERGIES_keV))
    for row, (label, (name, crystal)) in enumerate(BODIES.items()):
        cells = [
            cell(name, crystal, e, chosen.photons, 1000 * row + i)
            for i, e in enumerate(ENERGIES_keV)
        ]
        print(f"| {label} | " + " | ".join(cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

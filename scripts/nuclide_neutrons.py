"""Gamma lines that neutrons excite in what stands around (EGAF, ENSDF); part of the build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuclide_sources import SYMBOLS, Sources, number, split_name

SAME_LINE_keV = 1.0  # between the selection's rounded energy and the evaluated one
STRONG_PART = 0.1  # lines of an activation product: this part of its strongest gamma
MOST_OF_PRODUCT = 3
READ = "read"
ASSIGNED = "energy read, reaction unverified"


@dataclass(frozen=True)
class NeutronRow:
    """One line as it is written."""

    energy_keV: float
    energy_uncertainty_keV: float | None
    target: str
    reaction: str
    kind: str
    strength: float | None
    strength_unit: str
    place: str
    source: str
    origin: str
    verification: str


def capture_rows(folder: Path, selection: dict[str, Any]) -> tuple[list[NeutronRow], list[Path]]:
    """Prompt lines of thermal capture in natural elements, strongest first in each element."""
    rows: list[NeutronRow] = []
    read: list[Path] = []
    for element, place in selection["elements"].items():
        found: list[tuple[float, float, float | None, str]] = []
        for path in sorted(folder.glob(f"j_EGAF_{element}[0-9]*_NG_*.json")):
            read.append(path)
            raw = json.loads(path.read_text(encoding="utf-8"))
            target = f"{element}-{raw['nucleusTargetA']}"
            for level in raw["levelScheme"]:
                for gamma in level["gammaDecay"]:
                    part = gamma["gammaAbsoluteIntensities"][0]["partialElementalCrossSection"]
                    energy = number(gamma["gammaEnergy"])
                    strength = number(part)
                    if energy and strength:
                        found.append((strength, energy, number(gamma["dGammaEnergy"]), target))
        found.sort(key=lambda one: (-one[0], one[1]))
        for strength, energy, unc, target in found[: selection["most_lines"]]:
            if strength >= selection["least_part_of_strongest"] * found[0][0]:
                reaction = f"{target}(n,g)"
                rows.append(
                    NeutronRow(
                        *(energy, unc or None, target, reaction, "capture", strength),
                        *("barn per atom of the natural element", place),
                        *("egaf", "thermal capture", READ),
                    )
                )
    return rows, read


def scatter_rows(
    sources: Sources, selection: list[list[Any]]
) -> tuple[list[NeutronRow], set[Path]]:
    """De-excitation after inelastic scattering and other reactions: energies from ENSDF decays.

    The same level is reached by a beta decay: its gamma has the energy, and the data set is named.
    """
    rows: list[NeutronRow] = []
    used: set[Path] = set()
    for target, about_keV, reaction, place in selection:
        best: tuple[float, float, Path] | None = None
        for path in sources.feeders.get(target, []):
            for level in json.loads(path.read_text(encoding="utf-8"))["levelScheme"]:
                for gamma in level["gammaDecay"]:
                    energy = number(gamma["gammaEnergy"])
                    if energy is None or abs(energy - about_keV) > SAME_LINE_keV:
                        continue
                    unc = number(gamma["dGammaEnergy"]) or about_keV
                    if best is None or unc < best[1]:
                        best = (energy, unc, path)
        if best is None:
            raise SystemExit(f"{target}: no gamma near {about_keV} keV in any decay data set")
        energy, unc, path = best
        used.add(path)
        parent = path.name.split("_")[2]
        origin = f"same level in the decay of {_dashed(parent)}"
        rows.append(
            NeutronRow(
                *(energy, unc if unc < about_keV else None, target, reaction, "scatter", None),
                *("", place, "ensdf", origin, ASSIGNED),
            )
        )
    return rows, used


def activation_rows(nuclides: dict[str, Any], selection: list[list[Any]]) -> list[NeutronRow]:
    """Strongest gammas of activation products, as the nuclide library has them."""
    rows: list[NeutronRow] = []
    for product, reaction, place in selection:
        gammas = sorted(
            (row for row in nuclides[product]["lines"] if row[4] != "x-ray"), key=lambda r: -r[2]
        )
        for row in gammas[:MOST_OF_PRODUCT]:
            if row[2] >= STRONG_PART * gammas[0][2]:
                rows.append(
                    NeutronRow(
                        *(row[0], row[1], product, reaction, "activation", row[2]),
                        *(f"photons per decay of {product}", place),
                        *(row[5], "nuclide library", ASSIGNED),
                    )
                )
    return rows


def _dashed(token: str) -> str:
    """``B12`` as ``B-12``."""
    symbol = token.rstrip("0123456789")
    name = f"{symbol}-{token[len(symbol) :]}"
    if SYMBOLS[split_name(name)[0]] != symbol:
        raise SystemExit(f"not a nuclide in a file name: {token}")
    return name

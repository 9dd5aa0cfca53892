"""Extract what the photon transport needs beyond coefficients (development time only).

Run after scripts/build_attenuation_table.py, in an environment of its own::

    python -m venv build-env && build-env/bin/pip install xraylib==4.3.0
    build-env/bin/python scripts/build_transport_data.py

Written, for every element of ``elements.csv``: incoherent scattering functions and form factors,
shells with their Compton profiles, shares of the shells in the photo effect, and X-ray lines.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import xraylib

MADE_BY = "scripts/build_transport_data.py"
X_PER_ANGSTROM = np.geomspace(0.005, 1000.0, 107)  # twenty points per decade
# momenta of the tables of Biggs, Mendelsohn and Mann, atomic units
PZ_AU = (
    0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.4, 3, 4, 5,
    6, 7, 8, 10, 15, 20, 30, 40, 60, 100,
)  # fmt: skip
SHELLS = ("K L1 L2 L3 M1 M2 M3 M4 M5 N1 N2 N3 N4 N5 N6 N7 O1 O2 O3 O4 O5 O6 O7 P1 P2 P3 Q1").split()
INNER = ("K", "L1", "L2", "L3")
HIGHEST_SHARE_KEV = 200.0  # xraylib's splines of single shells end near 300 keV
SHARE_POINTS = 24
SMALLEST_RATE = 1e-3
SMALLEST_LINE_KEV = 1.0


def asked(function: object, *args: object) -> float:
    """Value of an xraylib function, zero where the element has no such shell or line."""
    try:
        return float(function(*args))  # type: ignore[operator]
    except ValueError:
        return 0.0


def shell_index(name: str) -> int:
    """Number of a shell in xraylib."""
    return int(getattr(xraylib, f"{name}_SHELL"))


def scattering_rows(symbol: str, z: int) -> list[tuple]:
    """Rows of x = sin(theta/2)/lambda, S(x), F(x)."""
    rows, ended = [], False
    for x in (float(f"{v:.6g}") for v in X_PER_ANGSTROM):
        form = xraylib.FF_Rayl(z, x)
        # far out xraylib's spline swings about zero, at some 1e-4 of Z: from there on nothing
        ended = ended or form <= 0
        rows.append((symbol, x, xraylib.SF_Compt(z, x), 0.0 if ended else form))
    return rows


def profile_rows(symbol: str, z: int) -> list[tuple]:
    """Every occupied shell: edge, electrons, profile per electron at the momenta."""
    rows: list[tuple] = []
    for name in SHELLS:
        electrons = asked(xraylib.ElectronConfig, z, shell_index(name))
        if electrons <= 0:
            continue
        values = [
            asked(xraylib.ComptonProfile_Partial, z, shell_index(name), float(p)) for p in PZ_AU
        ]
        if values[0] <= 0:  # outer p3/2 of light elements: tabulated once, under p1/2
            if rows[-1][1] != f"{name[0]}{int(name[1:]) - 1}":
                raise SystemExit(f"{symbol} {name}: occupied and without a Compton profile")
            values = list(rows[-1][4:])
        edge = asked(xraylib.EdgeEnergy, z, shell_index(name))
        rows.append((symbol, name, edge, electrons, *values))
    return rows


def share_rows(symbol: str, z: int) -> list[tuple]:
    """Shares of K, L1, L2 and L3 in the photo effect, above and between their edges."""
    edges = [asked(xraylib.EdgeEnergy, z, shell_index(s)) for s in INNER]
    energies = set(np.geomspace(10.0, HIGHEST_SHARE_KEV, SHARE_POINTS).tolist())
    for edge in edges:
        if edge > 10.0:
            energies |= {edge * 0.998, edge * 1.002}  # the tables' own edges differ by 1.2e-3
    rows = []
    for e in (float(f"{v:.7g}") for v in sorted(energies)):
        total = asked(xraylib.CS_Photo_Total, z, e)  # sum over the shells of the same calculation
        if total == 0:
            continue
        parts = [
            asked(xraylib.CS_Photo_Partial, z, shell_index(s), e) if e > edge > 0 else 0.0
            for s, edge in zip(INNER, edges, strict=True)
        ]
        if sum(parts) > total * 1.001:
            raise SystemExit(f"{symbol}: shells exceed the whole at {e} keV")
        rows.append((symbol, e, *(min(p / total, 1.0) for p in parts)))
    return rows


def yield_rows(symbol: str, z: int) -> list[tuple]:
    """Fluorescence yield of K and L, and the Coster-Kronig moves that start there."""
    moves = {
        "L1": (xraylib.FL12_TRANS, xraylib.FL13_TRANS),
        "L2": (None, xraylib.FL23_TRANS),
    }
    rows = []
    for shell in INNER:
        omega = asked(xraylib.FluorYield, z, shell_index(shell))
        to_l2, to_l3 = (
            asked(xraylib.CosKronTransProb, z, t) if t is not None else 0.0
            for t in moves.get(shell, (None, None))
        )
        rows.append((symbol, shell, omega, to_l2, to_l3))
    return rows


def line_rows(symbol: str, z: int) -> list[tuple]:
    """Lines of K and L: energy, rate within the shell, shell of the vacancy left."""
    rows = []
    for shell in INNER:
        for other in SHELLS:
            code = getattr(xraylib, f"{shell}{other}_LINE", None)
            if code is None:
                continue
            rate, energy = asked(xraylib.RadRate, z, code), asked(xraylib.LineEnergy, z, code)
            if rate >= SMALLEST_RATE and energy >= SMALLEST_LINE_KEV:
                rows.append((symbol, shell, other, energy, rate))
    return rows


def write_csv(path: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    """Write rows with six significant figures, energies with seven."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow([f"{v:.7g}" if isinstance(v, float) else v for v in row])


FILES = {
    "scattering.csv": (
        ("element", "x_per_angstrom", "incoherent_S", "form_factor_F"),
        scattering_rows,
        "xraylib 4.3.0 SF_Compt and FF_Rayl: Hubbell et al. (1975), doi:10.1063/1.555523",
    ),
    "compton_profiles.csv": (
        ("element", "shell", "edge_keV", "electrons", *(f"J_{p:g}" for p in PZ_AU)),
        profile_rows,
        "xraylib 4.3.0 ComptonProfile_Partial, EdgeEnergy, ElectronConfig: Biggs, Mendelsohn and "
        "Mann (1975), doi:10.1016/0092-640X(75)90030-3; per electron, momenta in atomic units",
    ),
    "photo_shells.csv": (
        ("element", "energy_keV", *(f"{s}_share" for s in INNER)),
        share_rows,
        "xraylib 4.3.0 CS_Photo_Partial over CS_Photo_Total (Kissel)",
    ),
    "xray_yields.csv": (
        ("element", "shell", "fluorescence_yield", "to_L2", "to_L3"),
        yield_rows,
        "xraylib 4.3.0 FluorYield, CosKronTransProb",
    ),
    "xray_lines.csv": (
        ("element", "shell", "from_shell", "energy_keV", "rate"),
        line_rows,
        "xraylib 4.3.0 LineEnergy, RadRate",
    ),
}


def main() -> None:
    """Write the five files and their entries in the manifest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parents[1] / "src" / "tocsin" / "detectors" / "data"
    parser.add_argument("--out", type=Path, default=default)
    folder = parser.parse_args().out
    with (folder / "elements.csv").open() as stream:
        elements = [(row["element"], int(row["z"])) for row in csv.DictReader(stream)]
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, (header, rows, source) in FILES.items():
        write_csv(folder / name, header, [r for symbol, z in elements for r in rows(symbol, z)])
        manifest[name] = {
            "licence": "BSD-3-Clause",
            "made_by": MADE_BY,
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
            "source": source,
            "verification": "read, not compared with a second source",
        }
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

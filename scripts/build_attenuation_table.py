"""Extract photon attenuation data, materials and K fluorescence (development time only).

Run in an environment of its own, never in the one that Tocsin runs in::

    python -m venv build-env && build-env/bin/pip install xraylib==4.3.0
    build-env/bin/pip download --no-deps goupil==1.3.3 ompmc==0.4.0   # then unpack both wheels
    build-env/bin/python scripts/build_attenuation_table.py --xcom UNPACKED_OMPMC/ompmc/data \
        --xcom-check UNPACKED_GOUPIL/goupil/data/elements/absorption

Up to 790 keV the partial cross-sections are xraylib's; xraylib ends at 800 keV (it raises an error,
and the sister package xraydb silently repeats its last value), so above it they are those of NIST
XCOM. The NIST server is not asked: the numbers are read from one package that carries them, and
compared with a second, independent copy; the script stops where the two disagree.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import xraylib

ELEMENTS = (
    "H C N O F Na Mg Al Si P S Cl K Ca Cr Mn Fe Ni Cu Zn Ge Br Cd Te I Cs La Ce W Pb Bi U"
).split()
JOIN_KEV = 790.0
LOW_KEV, HIGH_KEV = 10.0, 10_000.0
POINTS_PER_DECADE = 24
XCOM_ENERGIES_KEV = (
    800, 850, 900, 950, 1000, 1022, 1030, 1050, 1075, 1100, 1150, 1200, 1250, 1300, 1400, 1500,
    1650, 1800, 2000, 2044, 2250, 2500, 2750, 3000, 3500, 4000, 5000, 6000, 7000, 8000, 9000, 10000,
)  # fmt: skip
COPIES_AGREE = 4e-3  # four figures in one copy, five digits of a logarithm in the other
JOIN_AGREES = 0.01  # xraylib and XCOM at the join, per partial cross-section
EDGE_HALF_WIDTH = 2e-4  # xraylib's cross-sections jump up to 1.2e-4 beside its own edge energies
JUMP_AGREES = 0.05  # xraylib's cross-sections and its own jump factors
BARN_PER_CM2 = 1e24
AVOGADRO = 6.02214076e23

NIST_COMPOUNDS = {
    "NaI": "Sodium Iodide",
    "CsI": "Cesium Iodide",
    "water": "Water, Liquid",
    "PMMA": "Polymethyl Methacralate (Lucite, Perspex)",
    "concrete": "Concrete, Portland",
    "air": "Air, Dry (near sea level)",
    "polyethylene": "Polyethylene",
    "tissue": "Tissue, Soft (ICRU four-component)",
    "MgO": "Magnesium Oxide",
    "Al2O3": "Aluminum Oxide",
    "PTFE": "Polytetrafluoroethylene (Teflon)",
    "SiO2": "Silicon Dioxide",
    "glass": "Glass, Plate",
}
NIST_SOURCE = (
    "NIST compound catalogue (Hubbell & Seltzer, NISTIR 5632) as tabulated in xraylib 4.3.0"
)
ELEMENT_MATERIALS = ("Al", "Fe", "Cu", "Ge", "W", "Pb", "Bi", "U")
FORMULA_MATERIALS = {
    # name: (formula, density g/cm3, source, verification)
    "LaBr3": ("LaBr3", 5.08, "crystal maker's data sheet (BrilLanCe 380): 5.08 g/cm3", "recalled"),
    "CeBr3": ("CeBr3", 5.1, "crystal makers' data sheets: 5.1 to 5.2 g/cm3", "recalled"),
    "CZT": (
        "Cd9Zn1Te10",
        5.78,
        "Cd0.9Zn0.1Te, crystal makers' data sheets: 5.78 g/cm3",
        "recalled",
    ),
    "epoxy": (
        "C21H24O4",
        1.2,
        "bisphenol A diglycidyl ether without hardener; makers' data sheets: 1.1 to 1.25 g/cm3",
        "recalled",
    ),
}
SOIL = {
    # share by mass of Beck, DeCampo and Gogolak (1972), HASL-258; density their 1.6 g/cm3
    "SiO2": 0.675,
    "Al2O3": 0.135,
    "Fe2O3": 0.045,
    "CO2": 0.045,
    "H2O": 0.10,
}


def read_xcom(path: Path) -> list[np.ndarray]:
    """Per element the pairs (ln E/MeV, ln barn) of one partial cross-section."""
    tokens = path.read_text().split()
    out, i = [], 0
    while i < len(tokens):
        n = int(tokens[i])
        out.append(np.array(tokens[i + 1 : i + 1 + 2 * n], dtype=float).reshape(n, 2))
        i += 1 + 2 * n
    return out


def barn(table: np.ndarray, energy_keV: float) -> float:
    """Cross-section in barn, straight in the logarithms; zero below the first tabulated energy."""
    x = np.log(energy_keV / 1000)
    if x < table[0, 0] - 1e-9:
        return 0.0
    return float(np.exp(np.interp(x, table[:, 0], table[:, 1])))


def cm2_per_g(z: int) -> float:
    """Factor from barn per atom to cm2/g."""
    return float(AVOGADRO / BARN_PER_CM2 / xraylib.AtomicWeight(z))


def below_join(z: int) -> list[tuple[float, float, float, float, float, str]]:
    """Rows of one element up to the join, both sides of every absorption edge included."""
    n = int(np.ceil(np.log10(JOIN_KEV / LOW_KEV) * POINTS_PER_DECADE)) + 1
    grid = set(np.round(np.geomspace(LOW_KEV, JOIN_KEV, n), 4).tolist())
    for shell in (xraylib.K_SHELL, xraylib.L1_SHELL, xraylib.L2_SHELL, xraylib.L3_SHELL):
        try:
            edge = xraylib.EdgeEnergy(z, shell)
        except ValueError:
            continue
        if edge > LOW_KEV:
            sides = (edge * (1 - EDGE_HALF_WIDTH), edge * (1 + EDGE_HALF_WIDTH))
            check_jump(z, shell, sides)
            grid -= {e for e in grid if sides[0] <= e <= sides[1]}
            grid |= {round(e, 5) for e in sides}
    return [
        (
            e,
            xraylib.CS_Photo(z, e),
            xraylib.CS_Rayl(z, e),
            xraylib.CS_Compt(z, e),
            0.0,
            "xraylib",
        )
        for e in sorted(grid)
    ]


def check_jump(z: int, shell: int, sides: tuple[float, float]) -> None:
    """Stop where the photo effect does not jump between the two sides of an edge."""
    below, above = (xraylib.CS_Photo(z, e) for e in sides)
    expected = xraylib.JumpFactor(z, shell)
    if abs(above / below / expected - 1) > JUMP_AGREES:
        raise SystemExit(f"element {z}, shell {shell}: jump {above / below}, not {expected}")


def above_join(z: int, xcom: dict[str, list[np.ndarray]]) -> list[tuple]:
    """Rows of one element above the join, from XCOM; pair in the nuclear and electron field."""
    f = cm2_per_g(z)
    rows = []
    for e in XCOM_ENERGIES_KEV:
        pair = barn(xcom["pair"][z - 1], e) + barn(xcom["triplet"][z - 1], e)
        rows.append(
            (
                float(e),
                barn(xcom["photo"][z - 1], e) * f,
                barn(xcom["rayleigh"][z - 1], e) * f,
                barn(xcom["compton"][z - 1], e) * f,
                pair * f,
                "xcom",
            )
        )
    return rows


def check_join(z: int, symbol: str, xcom: dict[str, list[np.ndarray]]) -> float:
    """Largest relative difference of xraylib and XCOM at the join."""
    f = cm2_per_g(z)
    pairs = (
        (xraylib.CS_Compt(z, JOIN_KEV), barn(xcom["compton"][z - 1], JOIN_KEV) * f),
        (xraylib.CS_Photo(z, JOIN_KEV), barn(xcom["photo"][z - 1], JOIN_KEV) * f),
    )
    total = pairs[0][0] + pairs[1][0]
    worst = max(abs(a - b) / total for a, b in pairs)
    if worst > JOIN_AGREES:
        raise SystemExit(f"{symbol}: xraylib and XCOM differ by {worst:.2%} at {JOIN_KEV} keV")
    return worst


def check_copies(z: int, symbol: str, xcom: dict[str, list[np.ndarray]], folder: Path) -> float:
    """Largest relative difference of the two copies of XCOM (photo + pair) from 800 keV on."""
    worst = 0.0
    for line in (folder / f"{symbol}.txt").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        e_MeV, value = (float(v) for v in line.split()[:2])
        e = e_MeV * 1000
        if not 800 <= e <= HIGH_KEV or e not in XCOM_ENERGIES_KEV:
            continue
        ours = sum(barn(xcom[k][z - 1], e) for k in ("photo", "pair", "triplet"))
        worst = max(worst, abs(ours / value - 1))
    if worst > COPIES_AGREE:
        raise SystemExit(f"{symbol}: the two copies of XCOM differ by {worst:.2%}")
    return worst


K_BETA = ("KM2_LINE", "KM3_LINE", "KM4_LINE", "KM5_LINE", "KN2_LINE", "KN3_LINE", "KO2_LINE",
          "KO3_LINE")  # fmt: skip


def fluorescence(symbol: str, z: int) -> tuple | None:
    """K edge, share of the K shell in the photo effect, yield, and the two line groups."""
    edge = xraylib.EdgeEnergy(z, xraylib.K_SHELL)
    if edge < LOW_KEV:
        return None
    alpha = xraylib.LineEnergy(z, xraylib.KA_LINE)
    # xraylib's own mean of the K beta lines counts the forbidden K-L1 among them, which is 3 per
    # cent too low for lead
    lines = [(_line(z, name), _rate(z, name)) for name in K_BETA]
    share = sum(rate for _, rate in lines)
    beta = sum(energy * rate for energy, rate in lines) / share
    return (
        symbol,
        round(edge, 4),
        round(1 - 1 / xraylib.JumpFactor(z, xraylib.K_SHELL), 5),
        round(xraylib.FluorYield(z, xraylib.K_SHELL), 5),
        round(alpha, 4),
        round(beta, 4),
        round(share, 5),
    )


def _line(z: int, name: str) -> float:
    try:
        return float(xraylib.LineEnergy(z, getattr(xraylib, name)))
    except ValueError:  # the element has no such shell
        return 0.0


def _rate(z: int, name: str) -> float:
    try:
        return float(xraylib.RadRate(z, getattr(xraylib, name)))
    except ValueError:
        return 0.0


def materials() -> dict[str, dict]:
    """Density and mass fractions of every material, each with its source."""
    out: dict[str, dict] = {}

    def symbols(parts: dict) -> dict[str, float]:
        return {
            xraylib.AtomicNumberToSymbol(z): round(float(w), 6)
            for z, w in zip(parts["Elements"], parts["massFractions"], strict=True)
        }

    for name, nist in NIST_COMPOUNDS.items():
        data = xraylib.GetCompoundDataNISTByName(nist)
        out[name] = {
            "density_g_cm3": data["density"],
            "mass_fractions": {k: v for k, v in symbols(data).items() if k in ELEMENTS},
            "source": NIST_SOURCE,
            "verification": "read",
        }
    for name in ELEMENT_MATERIALS:
        z = xraylib.SymbolToAtomicNumber(name)
        out[name] = {
            "density_g_cm3": round(xraylib.ElementDensity(z), 4),
            "mass_fractions": {name: 1.0},
            "source": "xraylib 4.3.0, element density",
            "verification": "read",
        }
    for name, (formula, density, source, state) in FORMULA_MATERIALS.items():
        out[name] = {
            "density_g_cm3": density,
            "mass_fractions": symbols(xraylib.CompoundParser(formula)),
            "source": f"composition {formula}; density: {source}",
            "verification": state,
        }
    soil: dict[str, float] = {}
    for formula, share in SOIL.items():
        for symbol, part in symbols(xraylib.CompoundParser(formula)).items():
            soil[symbol] = soil.get(symbol, 0.0) + share * part
    out["soil"] = {
        "density_g_cm3": 1.6,
        "mass_fractions": soil,
        "source": "Beck, DeCampo and Gogolak (1972), HASL-258: SiO2 67.5, Al2O3 13.5, Fe2O3 4.5, "
        "CO2 4.5, H2O 10 per cent by mass, 1.6 g/cm3",
        "verification": "recalled",
    }
    for name, entry in out.items():  # an element left out (argon in air) is made up by the others
        total = sum(entry["mass_fractions"].values())
        if total < 0.98:
            raise SystemExit(f"{name}: the mass fractions sum to {total}")
        entry["mass_fractions"] = {
            k: round(v / total, 6) for k, v in entry["mass_fractions"].items()
        }
    return out


def write_csv(path: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    """Write rows with six significant figures."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow([f"{v:.6g}" if isinstance(v, float) else v for v in row])


def main() -> None:
    """Write attenuation, elements, fluorescence, materials and their manifest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xcom", type=Path, required=True)
    parser.add_argument("--xcom-check", type=Path, required=True)
    default = Path(__file__).resolve().parents[1] / "src" / "tocsin" / "detectors" / "data"
    parser.add_argument("--out", type=Path, default=default)
    args = parser.parse_args()
    xcom = {
        k: read_xcom(args.xcom / f"xcom_{k}.data")
        for k in ("photo", "compton", "pair", "triplet", "rayleigh")
    }
    rows, lines, joins, copies = [], [], [], []
    for symbol in ELEMENTS:
        z = xraylib.SymbolToAtomicNumber(symbol)
        joins.append(check_join(z, symbol, xcom))
        copies.append(check_copies(z, symbol, xcom, args.xcom_check))
        rows += [(symbol, z, *row) for row in below_join(z) + above_join(z, xcom)]
        k_lines = fluorescence(symbol, z)
        if k_lines:
            lines.append(k_lines)
    print(f"xraylib against XCOM at {JOIN_KEV} keV: worst {max(joins):.2%} of photo + Compton")
    print(f"two copies of XCOM (photo + pair): worst {max(copies):.3%}")
    write_csv(
        args.out / "attenuation.csv",
        (
            "element",
            "z",
            "energy_keV",
            "photo_cm2_g",
            "coherent_cm2_g",
            "incoherent_cm2_g",
            "pair_cm2_g",
            "origin",
        ),
        rows,
    )
    write_csv(
        args.out / "fluorescence.csv",
        (
            "element",
            "k_edge_keV",
            "k_share",
            "k_yield",
            "k_alpha_keV",
            "k_beta_keV",
            "k_beta_share",
        ),
        lines,
    )
    write_csv(
        args.out / "elements.csv",
        ("element", "z", "atomic_weight"),
        [
            (s, z, float(xraylib.AtomicWeight(z)))
            for s, z in ((s, xraylib.SymbolToAtomicNumber(s)) for s in ELEMENTS)
        ],
    )
    text = json.dumps(materials(), indent=1, sort_keys=True)
    (args.out / "materials.json").write_text(text + "\n")
    write_manifest(args.out, max(joins), max(copies))


def write_manifest(folder: Path, join: float, copies: float) -> None:
    """Source, edition, licence, check sum and verification state of each file."""
    xcom = (
        "NIST XCOM: M. J. Berger, J. H. Hubbell, S. M. Seltzer et al., XCOM: Photon Cross Sections "
        "Database, NIST Standard Reference Database 8 (XGAM), doi:10.18434/T48G6X. Work of the "
        "United States government. Numbers read at development time from the copy in the package "
        "ompmc 0.4.0 and compared with the copy in goupil 1.3.3"
    )
    sources = {
        "attenuation.csv": {
            "source": "up to 790 keV xraylib 4.3.0 (T. Schoonjans et al. 2011, "
            f"doi:10.1016/j.sab.2011.09.011); from 800 keV {xcom}",
            "licence": "xraylib: BSD-3-Clause; XCOM: public domain (17 U.S.C. 105)",
            "verification": "two copies of XCOM agree within "
            f"{copies:.2%} (photo + pair); xraylib and XCOM agree within {join:.2%} at 790 keV; "
            "not compared with the NIST server",
        },
        "elements.csv": {
            "source": "xraylib 4.3.0: atomic number and weight",
            "licence": "BSD-3-Clause",
            "verification": "read, not compared with a second source",
        },
        "fluorescence.csv": {
            "source": "xraylib 4.3.0: K edge, jump factor, yield, line energies, rates",
            "licence": "BSD-3-Clause",
            "verification": "read, not compared with a second source",
        },
        "materials.json": {
            "source": "see each entry",
            "licence": "facts; xraylib's table BSD-3-Clause",
            "verification": "see each entry",
        },
    }
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text()) if path.exists() else {}
    for name, entry in sources.items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        manifest[name] = {
            **entry,
            "sha256": digest,
            "made_by": "scripts/build_attenuation_table.py",
        }
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

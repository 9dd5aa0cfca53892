"""How often a man-made nuclide is named in pure background: Poisson draws of measured backgrounds.

    python benchmarks/score_false_names.py --draws 100          # of each detector, both ways
    python benchmarks/score_false_names.py --only RadiaCode --draws 20

Foreground and background are drawn from one expectation, the counts of a background in a file; as
many foregrounds again are drawn and analysed without a background. Counted is any nuclide that is
not of class ``norm``, and any class other than ``norm``. The interval is that of Clopper
and Pearson (95 %). The files must hold natural radiation only, by the truth table.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import beta

from tocsin.detection.identification import IdentificationSettings
from tocsin.detection.static import analyze_static
from tocsin.formats import read
from tocsin.nuclear import load_library
from tocsin.spectra import Recording, Spectrum

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
_SURO = "recordings/suro_rc101/01_spectra_natural_background/01_spectra_natural_background/"
BACKGROUNDS = {
    "RadiaCode-102 (CsI), simulated": "reference_spectra/RadiaCode-102/background.txt",
    "RadiaCode-101 (CsI), office": _SURO + "02_spectrum_background_office_1_hour.xml",
    "Detective-EX (Ge), simulated": "reference_spectra/Detective-EX/background.txt",
    "coaxial Ge, island": "recordings/becquerel/Alcatraz14.CHN",
    "coaxial Ge, beach": "recordings/becquerel/01122014152731-GT01122014182338-GA37.CHN",
    "NaI portal": "recordings/interspec/background_20100317.n42",
}
NATURAL_CLASS = "norm"


def drawn(recording: Recording, rng: np.random.Generator) -> Recording:
    """The recording with every channel drawn again."""

    def again(spectrum: Spectrum) -> Spectrum:
        return replace(spectrum, counts=rng.poisson(np.maximum(spectrum.counts, 0.0)))

    return replace(
        recording,
        records=tuple(
            replace(r, spectra=tuple(again(s) for s in r.spectra)) for r in recording.records
        ),
    )


def false_names(foreground: Recording, background: Recording | None) -> tuple[str, ...]:
    """Man-made nuclides named, and any graver class; empty where all is natural."""
    encounters, _, _, _ = analyze_static(
        foreground,
        background=background,
        settings=IdentificationSettings(),
        library=load_library(),
    )
    names = tuple(
        n.name for e in encounters for n in e.nuclides if n.nuclide_class != NATURAL_CLASS
    )
    classes = tuple(e.source_class for e in encounters if e.source_class != NATURAL_CLASS)
    return names or classes


def interval(k: int, n: int) -> tuple[float, float]:
    """Clopper-Pearson interval (95 %) of a probability, k of n seen."""
    low = 0.0 if k == 0 else float(beta.ppf(0.025, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(0.975, k + 1, n - k))
    return low, high


def line(what: str, k: int, n: int, names: Counter[str]) -> str:
    """One row of the table."""
    low, high = interval(k, n)
    which = ", ".join(f"{name} {m} x" for name, m in names.most_common()) or "-"
    return f"| {what} | {k} of {n} | {100 * low:.2f} to {100 * high:.2f} % | {which} |"


def main() -> int:
    """Draw, analyse, print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=100, help="of each detector")
    parser.add_argument("--only", default="", help="detectors whose name holds this text")
    parser.add_argument("--seed", type=int, default=20260101)
    options = parser.parse_args()
    if not DATA.is_dir():
        print("the shared data are absent: nothing to score", file=sys.stderr)
        return 1
    print("| background | not natural | interval | what |\n|---|---|---|---|")
    total: Counter[str] = Counter()
    n_all = k_all = 0
    start = time.perf_counter()
    for number, (name, file) in enumerate(BACKGROUNDS.items()):
        if options.only not in name:
            continue
        expected = read(DATA / file)
        rng = np.random.default_rng([options.seed, number])
        beside: Counter[str] = Counter()
        alone: Counter[str] = Counter()
        k_beside = k_alone = 0
        for _ in range(options.draws):
            with_it = false_names(drawn(expected, rng), drawn(expected, rng))
            without = false_names(drawn(expected, rng), None)
            k_beside += bool(with_it)
            k_alone += bool(without)
            beside.update(with_it)
            alone.update(without)
        print(line(f"{name}, with a background", k_beside, options.draws, beside))
        print(line(f"{name}, without", k_alone, options.draws, alone))
        sys.stdout.flush()
        n_all += 2 * options.draws
        k_all += k_beside + k_alone
        total += beside + alone
    print(line("all", k_all, n_all, total))
    print(f"{(time.perf_counter() - start) / max(n_all, 1):.2f} s each", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

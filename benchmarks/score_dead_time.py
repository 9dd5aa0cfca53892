"""Dead time and pile-up against recordings of single and combined sources (two-source method).

python benchmarks/score_dead_time.py            # printed
python benchmarks/score_dead_time.py --write    # the page in docs/validation

Two sources, one by one and together, beside one instrument that states no live time. What the pair
lacks of the sum is dead time; how its spectrum differs from the sum, beyond a factor, is pile-up.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares

from tocsin.detectors.construction import named_construction
from tocsin.detectors.counting import Counting
from tocsin.detectors.electronics import Electronics
from tocsin.formats import Reader

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT.parent / "shared" / "data" / "recordings" / "radiacode_deadtime"
PAGE = ROOT / "docs" / "validation" / "dead-time.md"
PAIRS = {
    "Ba-133, Eu-152": ("Ba133_Eu152/Ba133_a", "Ba133_Eu152/Eu152_b", "Ba133_Eu152/Ba133_a+Eu152_b"),
    "Co-60, Cs-137": ("Co60_Cs137/Co60_a", "Co60_Cs137/Cs137_b", "Co60_Cs137/Co60_a+Cs137_b"),
}
DETECTOR = "radiacode-102"
GROUP = 16  # channels taken together where spectra are compared
REPEATS = 500
SEED = 20261127
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Counts of a recording in the real time."""

    counts: FloatArray
    edges_keV: FloatArray
    seconds: float

    @property
    def rate(self) -> float:
        """Recorded counts per second."""
        return float(self.counts.sum()) / self.seconds


def read(reader: Reader, name: str) -> Measured:
    """One file; its real time, for the instrument states no live time."""
    (record,) = reader.read(FOLDER / f"{name}.xml").measured
    (spectrum,) = record.spectra
    seconds = spectrum.real_time_s or record.real_time_s or 0.0
    return Measured(spectrum.counts.astype(np.float64), spectrum.edges_keV, float(seconds))


def true_rate(recorded: float, dead_s: float, *, paralysable: bool) -> float:
    """Pulses per second behind a recorded rate, by the model's own live share."""
    electronics = Electronics(dead_time_us=1e6 * dead_s, paralysable=paralysable)

    def lacks(rate: float) -> float:
        return rate * Counting(electronics, rate).live_share(rate) - recorded

    return float(brentq(lacks, recorded, 1.5 * recorded + 1.0, xtol=1e-12))


def recorded_rate(true: float, dead_s: float, *, paralysable: bool) -> float:
    """Counts per second of a true rate."""
    electronics = Electronics(dead_time_us=1e6 * dead_s, paralysable=paralysable)
    return true * Counting(electronics, true).live_share(true)


def dead_time(rates: tuple[float, float, float, float], *, paralysable: bool) -> float:
    """Dead time in s for which single and combined rates, background last, fit; may be negative."""
    one, two, both, background = rates
    # 1st order; the sign stays where noise asks for less than no dead time
    start = (one + two - both - background) / (both**2 - one**2 - two**2 + background**2)
    if start <= 0:
        return start

    def lacks(dead_s: float) -> float:
        found = [true_rate(rate, dead_s, paralysable=paralysable) for rate in rates]
        return found[0] + found[1] - found[2] - found[3]

    return float(brentq(lacks, 0.0, 3 * start + 1e-9, xtol=1e-12))


def scattered(
    files: list[Measured], found: Callable[[tuple[float, float, float, float]], float]
) -> float:
    """Standard deviation of what follows from the rates, by drawing them anew."""
    rng = np.random.default_rng(SEED)
    draws = []
    for _ in range(REPEATS):
        drawn = [rng.poisson(f.counts.sum()) / f.seconds for f in files]
        draws.append(found((drawn[0], drawn[1], drawn[2], drawn[3])))
    return float(np.std(draws))


def combined(rates: tuple[float, float, float, float], dead_s: float, paralysable: bool) -> float:
    """Recorded rate of both sources that the single ones let expect."""
    one, two, _, background = (true_rate(r, dead_s, paralysable=paralysable) for r in rates)
    return recorded_rate(one + two - background, dead_s, paralysable=paralysable)


def piled_per_us(files: list[Measured]) -> FloatArray:
    """Change of the pair's spectrum beyond that of the single ones, for 1 us of resolving time."""
    one, two, _, background = (f.counts / f.seconds for f in files)
    edges = files[0].edges_keV
    out = np.zeros_like(one)
    signs = ((one + two - background, 1.0), (one, -1.0), (two, -1.0), (background, 1.0))
    for spectrum, sign in signs:
        spectrum = np.maximum(spectrum, 0.0)
        counting = Counting(Electronics(pile_up_us=1.0), float(spectrum.sum()))
        out += sign * (counting.record(spectrum, edges).counts - spectrum)
    return out


def shape_fit(files: list[Measured]) -> tuple[FloatArray, FloatArray, float, int]:
    """Dead time and resolving time in us from the spectra, their sigma, chi-square, bands."""
    change = grouped(piled_per_us(files))
    spectra = [grouped(f.counts) / f.seconds for f in files]
    variance = np.sum([grouped(f.counts) / f.seconds**2 for f in files], axis=0)
    lit = grouped(np.sum([f.counts for f in files], axis=0)) >= 25
    signs = (1.0, 1.0, -1.0, -1.0)

    def pulls(dead_and_open_us: FloatArray) -> FloatArray:
        dead_us, open_us = dead_and_open_us
        total = open_us * change
        for spectrum, file, sign in zip(spectra, files, signs, strict=True):
            total = total + sign * spectrum / (1.0 - 1e-6 * dead_us * file.rate)
        return np.asarray(total[lit] / np.sqrt(variance[lit]))

    best = least_squares(pulls, np.array([10.0, 1.0]))
    sigma = np.sqrt(np.diag(np.linalg.inv(best.jac.T @ best.jac)))
    return best.x, sigma, float(2 * best.cost), int(lit.sum())


def grouped(counts: FloatArray) -> FloatArray:
    """Channels added up in groups."""
    return np.add.reduceat(counts, np.arange(0, counts.size, GROUP))


def tables() -> str:
    """All figures as text."""
    dead_us = named_construction(DETECTOR).electronics["dead_time_us"].value or 0.0
    rates_lines = [
        "| pair | first | second | both | background | lost of the sum | dead time, not prolonged |"
        " prolonged |",
        "|---|---|---|---|---|---|---|---|",
    ]
    model_lines = [
        f"| pair | both, recorded | {dead_us:g} us | {dead_us:g} us, prolonged | no dead time |"
        " model - recorded |",
        "|---|---|---|---|---|---|",
    ]
    shape_lines = [
        "| pair | dead time | resolving time | chi-square / bands |",
        "|---|---|---|---|",
    ]
    with Reader() as reader:
        background = read(reader, "bg")
        for title, names in PAIRS.items():
            files = [*(read(reader, name) for name in names), background]
            rates = (files[0].rate, files[1].rate, files[2].rate, files[3].rate)
            whole = rates[0] + rates[1] - rates[3]
            cells = [f"{r:.2f}" for r in rates]
            cells.append(f"{100 * (1 - rates[2] / whole):.2f} %")
            for paralysable in (False, True):

                def fitted(
                    r: tuple[float, float, float, float], paralysable: bool = paralysable
                ) -> float:
                    return 1e6 * dead_time(r, paralysable=paralysable)

                cells.append(f"{fitted(rates):.1f} ± {scattered(files, fitted):.1f} us")
            rates_lines.append(f"| {title} | " + " | ".join(cells) + " |")

            def missed(r: tuple[float, float, float, float]) -> float:
                return combined(r, 1e-6 * dead_us, False) - r[2]

            cells = [f"{rates[2]:.2f}"]
            cells += [f"{combined(rates, 1e-6 * dead_us, p):.2f}" for p in (False, True)]
            cells += [f"{whole:.2f}", f"{missed(rates):+.2f} ± {scattered(files, missed):.2f}"]
            model_lines.append(f"| {title} | " + " | ".join(cells) + " |")
            found, sigma, chi2, bands = shape_fit(files)
            shape_lines.append(
                f"| {title} | {found[0]:.1f} ± {sigma[0]:.1f} us | {found[1]:.1f} ± {sigma[1]:.1f} "
                f"us | {chi2:.1f} / {bands} |"
            )
    return PARTS.format(
        rates="\n".join(rates_lines),
        model="\n".join(model_lines),
        shape="\n".join(shape_lines),
        dead=f"{dead_us:g}",
        group=GROUP,
    )


PARTS = """# Dead time and pile-up against recordings

Tables by `python benchmarks/score_dead_time.py --write`, the text by hand. How it works stands in
[detector response](../science/detectors.md#electronics). Two sources were recorded one by one
and together for 300 s each with one RadiaCode-102, and the background for 1800 s (radiacode-tools,
`radiacode_deadtime`); the instrument states no live time. Rates in counts per second; one standard
deviation is that of the counting alone. The files state whole seconds, and one second of the pair's
time is 6 us of dead time for the first pair and 15 us for the second.

## Dead time from the rates

{rates}

**The {dead} us of the detector's file come from the first pair**, so that it is no test of the
model. The second pair is independent and too weak to tell dead time from none.

## Rate of both, from the single ones

{model}

The last column takes the dead time as not prolonged. At these rates the recordings cannot tell the
two kinds apart.

## Resolving time from the spectra

Dead time takes the same share of every channel; pile-up moves counts. Both are fitted to what the
pair's spectrum lacks of the sum, in groups of {group} channels.

{shape}

No pile-up is seen: both resolving times agree with zero within two standard deviations, a negative
one being noise. So no resolving time is put into a detector's file. The shapes of the second pair
differ beyond counting (its chi-square has a chance of 2 % for 35 degrees of freedom), so that its
figures are worth less than they state.

What is not shown: any rate at which pile-up matters, another instrument, the shape of a piled-up
spectrum against a recording. That a second source shades or scatters into the first is not
corrected.
"""


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the page in docs/validation")
    args = parser.parse_args()
    text = tables()
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

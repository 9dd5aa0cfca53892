"""Score the enrichment on uranium spectra of known enrichment that another laboratory simulated.

    python benchmarks/score_uranium.py
    python benchmarks/score_uranium.py --crystal 5 3.3   # diameter and depth in cm, where known
    python benchmarks/score_uranium.py --bare --areal 8 30   # g/cm2 of uranium, where known

``U235_*_NNNN.txt`` of the folder holds the truth in its name, in hundredths of a per cent; every
file is measured against the ``background.txt`` beside it, with one setting. Exit status 1 when
fewer intervals hold the truth than 95 % intervals do with a chance of 1 in 1000.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from scipy.stats import binom

from tocsin.detectors import Crystal
from tocsin.formats import read
from tocsin.spectrometry.relative_efficiency import OBJECT_G_CM2
from tocsin.spectrometry.uranium import measure_uranium
from tocsin.spectrometry.uranium_fit import Known

ROOT = Path(__file__).resolve().parents[1]
SPECTRA = ROOT.parent / "shared" / "data" / "reference_spectra" / "Detective-EX"
NAME = re.compile(r"U235_.*_(\d{4})\.txt$")


def main() -> int:
    """Print the table; 1 when the intervals hold the truth too seldom."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=SPECTRA)
    parser.add_argument("--crystal", type=float, nargs=2, metavar=("DIAMETER", "DEPTH"))
    parser.add_argument("--areal", type=float, nargs=2, metavar=("LEAST", "MOST"))
    parser.add_argument("--bare", action="store_true")
    parsed = parser.parse_args()
    files = sorted(p for p in parsed.folder.glob("U235_*.txt") if NAME.search(p.name))
    if not files:
        print(f"no spectra of known enrichment in {parsed.folder}")
        return 0
    crystal = None
    if parsed.crystal:
        diameter, depth = parsed.crystal
        crystal = Crystal("cylinder", depth, (diameter, diameter))
    known = Known(crystal, tuple(parsed.areal or OBJECT_G_CM2), parsed.bare)
    background = read(parsed.folder / "background.txt")
    print(
        "| true wt% | found wt% | expanded U | 95 % interval | holds | category | chi2/f | limit |"
    )
    print("|---:|---:|---:|---|---|---|---:|---|")
    held, widths = 0, []
    for path in files:
        match = NAME.search(path.name)
        true = int(match[1]) / 100.0 if match else 0.0
        r = measure_uranium(read(path), background=background, known=known)
        low, high = r.weight_interval
        inside = low <= true <= high
        held += inside
        widths.append((r.expanded_uncertainty, r.expanded_uncertainty / true))
        limit = f"{r.limit.replace('_', ' ')} {r.limit_percent:.1f}" if r.limit else ""
        print(
            f"| {true:.2f} | {r.weight_percent:.2f} | {r.expanded_uncertainty:.2f} "
            f"| {low:.2f} to {high:.2f} | {'yes' if inside else 'NO'} | {r.category} "
            f"| {r.chi_squared:.1f}/{r.freedom} | {limit} |"
        )
    print(f"\n{held} of {len(files)} intervals hold the true value")
    mean, relative = (sum(x) / len(widths) for x in zip(*widths, strict=True))
    print(f"mean expanded uncertainty {mean:.2f} %, relative to the truth {relative:.2f}")
    return 0 if float(binom.cdf(held, len(files), 0.95)) > 1e-3 else 1


if __name__ == "__main__":
    sys.exit(main())

"""Comparison with a library on the reactor file and on SYNTHETIC ores, peers side by side.

Whole reactors are held out everywhere; nothing is chosen on a held-out reactor (nested), and the
intervals are bootstraps over reactors. Peers: linear discriminant analysis, nearest neighbours and
random forest of scikit-learn, mean and neighbour imputation, Ledoit-Wolf distances.
Data: ../shared/data/forensics (skipped by name where absent).
"""

from __future__ import annotations

import sys
from pathlib import Path

from forensics_ores import synthetic_figures
from forensics_reactors import burnup_figures, missing_figures, type_figures
from forensics_sources import library_figures, open_set_figures
from threadpoolctl import threadpool_limits

from tocsin.forensics.library_tables import read_library

EXPORT = Path(__file__).resolve().parents[2] / "shared/data/forensics/sfcompo_dev.csv"


def main() -> int:
    """Print all figures; the data part is left out aloud where the file is absent."""
    synthetic_figures()
    if not EXPORT.is_file():
        print("SKIPPED: ../shared/data/forensics/sfcompo_dev.csv is absent")
        return 0
    library = read_library(EXPORT)
    print(f"\n{library.name}: {len(library.entries)} samples, {len(library.sources)} reactors")
    type_figures(library)
    missing_figures(library)
    burnup_figures(library)
    open_set_figures(library)
    library_figures(library)
    return 0


if __name__ == "__main__":
    # Small matrices: more threads only get into each other's way.
    with threadpool_limits(1):
        sys.exit(main())

"""Validation cases of spent fuel (G7, G8) in the form of those of dating."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.forensics.burnup import CONSTANTS, burnup_nd148
from tocsin.forensics.chronometry_validation import Check
from tocsin.forensics.composition import usual_uncertainties
from tocsin.forensics.library_entries import Entry, Library
from tocsin.forensics.likelihood_fit import fit
from tocsin.forensics.reactor import type_log_densities, type_probabilities, type_table

NEEDED = ("U235", "U236", "Pu239", "Pu240", "Pu241", "Pu242")
LDA_ACCURACY, LDA_BALANCED = 0.695, 0.482
SAMPLES, TYPES = 397, 7


def burnup_checks() -> Iterator[Check]:
    """G7: burnup from Nd-148 of one published sample."""
    inputs = "SFCOMPO Leningrad-1 R1-20-7788/12/34, Nd-148 0.219 mg/gUi"
    value = burnup_nd148(0.219).value_GWd_t
    passed = abs(value - 20.005) <= 0.01
    yield Check("G7 P", inputs, "burnup, GWd/t", value, 20.005, 0.01, CONSTANTS, passed)
    source = "declared in SFCOMPO-2.0 (OECD/NEA)"
    near = abs(value - 20.72) <= 0.05 * 20.72
    yield Check("G7 P", inputs, "against declared, GWd/t", value, 20.72, 0.05 * 20.72, source, near)


def reactor_type_checks(library: Library | None) -> Iterator[Check]:
    """G8: reactor type with whole reactors left out, against linear discriminant analysis.

    Parameters
    ----------
    library : Library or None
        Development part of the SFCOMPO export; without it the check stands as not shown.

    Raises
    ------
    InvalidInput
        If the library is not that part: the baselines hold for it alone.
    """
    inputs = "SFCOMPO development part, 7 types, leave one reactor out"
    source = "linear discriminant analysis of 7 features on the same samples"
    if library is None:
        words = "not run"
        yield Check("G8 P", inputs, "accuracy", words, LDA_ACCURACY, "more", source, None)
        return
    right, truth = _left_out(library)
    if len(truth) != SAMPLES or len(np.unique(truth)) != TYPES:
        raise InvalidInput(
            f"{len(truth)} samples of {len(np.unique(truth))} types instead of {SAMPLES} of "
            f"{TYPES}: this is not the development part of SFCOMPO"
        )
    accuracy = float(right.mean())
    balanced = float(np.mean([right[truth == t].mean() for t in np.unique(truth)]))
    for quantity, value, baseline in (
        ("accuracy", accuracy, LDA_ACCURACY),
        ("balanced accuracy", balanced, LDA_BALANCED),
    ):
        passed = value > baseline
        yield Check("G8 P", inputs, quantity, value, baseline, "more", source, passed)


def _left_out(library: Library) -> tuple[np.ndarray, np.ndarray]:
    """Whether each sample's type was found without its reactor, and the true types."""
    several = {
        group
        for group in {e.group for e in library.entries}
        if len({e.source for e in library.entries if e.group == group}) > 1
    }
    entries = [e for e in library.entries if e.group in several and _complete(e)]
    table = type_table(entries, usual_uncertainties(library.entries))
    sources, truth = np.array(table.sources), np.array(table.groups)
    predicted = np.empty(len(table), dtype=object)
    for reactor in np.unique(sources):
        out = sources == reactor
        model = fit(table.rows(~out))
        logs = type_log_densities(model, table.rows(out))
        chosen = type_probabilities(model, logs, equal=False).argmax(axis=1)
        predicted[out] = np.array(model.groups)[chosen]
    return predicted == truth, truth


def _complete(entry: Entry) -> bool:
    return all(n in entry.values and not entry.values[n].less_than for n in NEEDED)

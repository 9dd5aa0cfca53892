"""Which type of reactor fuel was burnt in: probabilities from a library, or "cannot tell".

Types differ in the neutron spectrum and in the uranium they start from; both show in how much
plutonium, and how heavy, there is at a given depletion. Types with nearly the same spectrum (the
pressurised light-water reactors PWR and VVER) cannot be told apart this way, and the answer says
so rather than choosing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from tocsin.errors import InvalidInput
from tocsin.forensics.composition import (
    CORE,
    URANIUM,
    Ratio,
    Table,
    has_depletion,
    spent_fuel_table,
    usual_uncertainties,
)
from tocsin.forensics.library_entries import Entry, Library
from tocsin.forensics.likelihood import TwoLevelModel, design_matrices
from tocsin.forensics.likelihood_density import distances
from tocsin.forensics.likelihood_fit import fit

Array = NDArray[np.float64]
CANNOT_TELL = "cannot tell"
# A type is named from this probability on; measured rates of error at it are in the science note.
ENOUGH = 0.8
# Fuel that fewer than this share of reactors of the best type would resemble is no type we know.
TOO_STRANGE = 0.01
FEATURES: tuple[Ratio, ...] = CORE + URANIUM
PRESSURISED = ("PWR", "VVER-1000", "VVER-440")


@dataclass(frozen=True, slots=True)
class TypeIndication:
    """Indication of the reactor type of one sample.

    Attributes
    ----------
    sample : str
        Name.
    indicated : str
        The type; ``pressurised light water`` where only the family is clear; ``cannot tell``.
    probabilities : mapping of str to float
        By type, with the share of each type among the reactors of the library as prior.
    probabilities_equal : mapping of str to float
        The same with all types equally probable beforehand.
    p_typical : float
        Share of reactors of the best type that look at least this strange.
    single_reactor_types : tuple of str
        Types that one reactor of the library stands for: their spread is borrowed.
    """

    sample: str
    indicated: str
    probabilities: Mapping[str, float]
    probabilities_equal: Mapping[str, float]
    p_typical: float
    single_reactor_types: tuple[str, ...]


def fit_types(library: Library, features: Sequence[Ratio] = FEATURES) -> TwoLevelModel:
    """Two-level model with the reactor type as class, over entries with U-235 and U-236."""
    entries = [e for e in library.entries if has_depletion(e) and e.group]
    return fit(type_table(entries, usual_uncertainties(library.entries), features))


def type_table(
    entries: Sequence[Entry], usual: Mapping[str, float], features: Sequence[Ratio] = FEATURES
) -> Table:
    """Features of spent fuel with one common slope in depletion."""
    return spent_fuel_table(entries, usual, features, slopes=False)


def type_log_densities(model: TwoLevelModel, table: Table) -> Array:
    """Log density of each sample under a reactor of each type that is not in the library."""
    return np.column_stack([model.group_log_density(table, t) for t in range(len(model.groups))])


def type_probabilities(model: TwoLevelModel, log_densities: Array, *, equal: bool) -> Array:
    """Probabilities by type, shape (n, T)."""
    counts = np.bincount(model.group_of_source, minlength=len(model.groups))
    logs = log_densities + (0.0 if equal else np.log(counts))
    p = np.exp(logs - logs.max(axis=1, keepdims=True))
    normed: Array = p / p.sum(axis=1, keepdims=True)
    return normed


def indicate(samples: Sequence[Entry], library: Library) -> tuple[TypeIndication, ...]:
    """Indicate the reactor type of each sample.

    Parameters
    ----------
    samples : sequence of Entry
        Spent fuel with at least U-235 and U-236, in mg/gUi.
    library : Library
        Spent fuel with the reactor type as class.

    Raises
    ------
    InvalidInput
        When a sample lacks U-235 or U-236, or the library is too small.
    """
    lacking = [s.sample for s in samples if not has_depletion(s)]
    if lacking:
        raise InvalidInput(f"no U-235 or no U-236 in sample {', '.join(lacking)}")
    model = fit_types(library)
    table = type_table(samples, usual_uncertainties(library.entries))
    logs = type_log_densities(model, table)
    with_prior = type_probabilities(model, logs, equal=False)
    equal = type_probabilities(model, logs, equal=True)
    typical = _typicality(model, table)
    counts = np.bincount(model.group_of_source, minlength=len(model.groups))
    single = tuple(g for g, n in zip(model.groups, counts, strict=True) if n == 1)
    answers = []
    for i, sample in enumerate(samples):
        by_type = dict(zip(model.groups, with_prior[i].tolist(), strict=True))
        p = float(typical[i].max())
        answers.append(
            TypeIndication(
                sample.sample,
                decide(by_type, p),
                by_type,
                dict(zip(model.groups, equal[i].tolist(), strict=True)),
                p,
                single,
            )
        )
    return tuple(answers)


def decide(probabilities: Mapping[str, float], p_typical: float) -> str:
    """Word for a set of probabilities: a type, the pressurised family, or ``cannot tell``."""
    if p_typical < TOO_STRANGE:
        return CANNOT_TELL
    best = max(probabilities, key=lambda t: probabilities[t])
    if probabilities[best] >= ENOUGH and best not in PRESSURISED:
        return best
    if sum(probabilities.get(t, 0.0) for t in PRESSURISED) >= ENOUGH:
        return "pressurised light water"
    return CANNOT_TELL


def _typicality(model: TwoLevelModel, table: Table) -> Array:
    """Tail probability of each sample's distance under each type (F distribution), (n, T)."""
    h = design_matrices(table.random_design, len(model.names))
    counts = np.bincount(model.group_of_source, minlength=len(model.groups))
    parts = np.maximum(table.observed.sum(axis=1), 1)
    tails = []
    for t in range(len(model.groups)):
        expected = h @ model.population_mean[t] + table.fixed_design @ model.fixed
        spread = h @ (model.between * (1.0 + 1.0 / counts[t])) @ np.swapaxes(h, 1, 2)
        scale = model.within[None] + table.covariance + spread
        d = distances(table.values - expected, scale, table.observed)
        tails.append(fdtrc(parts, model.population_dof, d / parts))
    return np.column_stack(tails)

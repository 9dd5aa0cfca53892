"""Validation inside a library, and "not in the library" as a calibrated answer.

In each of a few folds whole sources are taken out of the library and come back as unknowns, while
whole lots of the others come back as known samples. Every sample is thus compared as it would be
in a case: by a model that has not seen it. The figures of the folds calibrate the likelihood
ratio, set the threshold of "not in the library" and say how often it recognises an unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput
from tocsin.forensics.calibration import Calibration, Trials, calibrate, cllr, cllr_min
from tocsin.forensics.calibration_folds import lot_folds, source_folds
from tocsin.forensics.composition import Table
from tocsin.forensics.likelihood import TwoLevelModel
from tocsin.forensics.likelihood_fit import MAX_ITERATIONS, fit

Array = NDArray[np.float64]
Index = NDArray[np.intp]
FOLDS = 5
# A warm start is nearly there: the folds differ from the whole by a fifth of the sources.
_WARM_ITERATIONS = 15


@dataclass(frozen=True, slots=True)
class Validation:
    """What the folds of a library showed.

    Attributes
    ----------
    known, unknown : array
        Strangeness of samples whose source was in the library, and of those whose was not.
    known_weight, unknown_weight : array
        Weights of sum 1: every source counts the same.
    known_source : tuple of str
        Source of each known sample.
    trials : Trials
        Raw log likelihood ratios against every source in turn.
    calibration : Calibration
        Fitted on all trials.
    cllr_raw, cllr_calibrated, cllr_min : float
        ``cllr_calibrated`` with each fold calibrated by the others.
    log_ratios_calibrated : Trials
        Trials behind ``cllr_calibrated``.
    models : tuple of TwoLevelModel
        Those of the folds: how much an answer moves with the library.
    """

    known: Array
    unknown: Array
    known_weight: Array
    unknown_weight: Array
    known_source: tuple[str, ...]
    trials: Trials
    calibration: Calibration
    cllr_raw: float
    cllr_calibrated: float
    cllr_min: float
    log_ratios_calibrated: Trials
    models: tuple[TwoLevelModel, ...]

    def p_in_library(self, strangeness: float) -> float:
        """Probability that a sample of a known source looks at least this strange.

        A weighted conformal p-value: with the sample itself counted as one more trial, it is below
        ``a`` for at most a share ``a`` of samples of known sources, whatever the model is worth.
        """
        n = len(self.known)
        as_strange = float(np.sum(self.known_weight[self.known >= strangeness]))
        return (n * as_strange + 1.0) / (n + 1.0)

    def rejected(self, false_rejection: float) -> float:
        """Share of unknown sources' samples called "not in library" at this false rejection."""
        p = np.array([self.p_in_library(s) for s in self.unknown])
        return float(np.sum(self.unknown_weight[p <= false_rejection]))

    def auroc(self) -> float:
        """Probability that an unknown looks stranger than a known sample (ties count half)."""
        above = self.unknown[:, None] > self.known[None]
        equal = self.unknown[:, None] == self.known[None]
        return float(self.unknown_weight @ (above + 0.5 * equal) @ self.known_weight)


def strangeness(model: TwoLevelModel, table: Table) -> tuple[Array, Array]:
    """How little the best source of the library explains of each sample.

    Returns
    -------
    strangeness : array, shape (n,)
        Log density under a new source less that under the best source of the library.
    log_ratios : array, shape (n, K)
        Raw log likelihood ratio for each source against another one.
    """
    own = np.column_stack([model.source_log_density(table, k) for k in range(len(model.sources))])
    anywhere, elsewhere = alternatives(
        model.kernel_log_densities(table), model.group_log_density(table, 0)
    )
    # Whether it is in the library at all is asked against a new source like any of them; whether
    # it is source k, against another one.
    return anywhere - own.max(axis=1), own - elsewhere


def alternatives(kernels: Array, cloud: Array) -> tuple[Array, Array]:
    """Log density under a new source, and under a source other than each one of the library.

    Half of the weight is on kernels about the known sources and half on one normal cloud of
    sources: the first is better where sources form clusters, the second where they do not (both
    measured in the science note), and a library does not say beforehand which it is.

    Parameters
    ----------
    kernels : array, shape (..., K)
        Log density under a new source like each known one.
    cloud : array, shape (...)
        Log density under a new source of the normal cloud.

    Returns
    -------
    anywhere : array, shape (...)
        Under a new source.
    elsewhere : array, shape (..., K)
        Under a source other than source k.
    """
    count = kernels.shape[-1]
    every = np.logaddexp.reduce(kernels, axis=-1) - np.log(count)
    anywhere: Array = np.logaddexp(every, cloud) - np.log(2.0)
    # Summed anew without source k, not by a difference: one source may hold all the weight.
    rest = [np.logaddexp.reduce(np.delete(kernels, k, axis=-1), axis=-1) for k in range(count)]
    others = np.stack(rest, axis=-1) - np.log(count - 1)
    elsewhere: Array = np.logaddexp(others, cloud[..., None]) - np.log(2.0)
    return anywhere, elsewhere


def validate(
    table: Table,
    *,
    folds: int = FOLDS,
    start: TwoLevelModel | None = None,
    fold_done: Callable[[int, int], None] | None = None,
) -> Validation:
    """Cross-validate a library by whole sources and whole lots.

    Parameters
    ----------
    table : Table
        All samples of the library.
    folds : int
        Number of folds.
    start : TwoLevelModel, optional
        Fit of the whole library, to begin each fold from. It shortens the way only: each fold is
        iterated on its own samples.
    fold_done : callable, optional
        Called with (folds done, folds) for a progress display.

    Raises
    ------
    InvalidInput
        When samples do not say their source and lot, or no source has two lots.
    """
    sources = np.array(table.sources)
    by_source = source_folds(table.sources, table.groups, min(folds, len(set(table.sources))))
    by_lot = lot_folds(table.sources, table.lots, folds)
    known: list[tuple[str, float]] = []
    unknown: list[tuple[str, float]] = []
    same: list[tuple[str, float, int]] = []
    different: list[tuple[str, str, float, int]] = []
    models: list[TwoLevelModel] = []
    for fold in range(folds):
        is_unknown = by_source == fold
        is_known = (by_lot == fold) & ~is_unknown
        model = fit(
            table.rows(~is_unknown & ~is_known),
            start=start,
            max_iterations=MAX_ITERATIONS if start is None else _WARM_ITERATIONS,
        )
        models.append(model)
        index = {name: k for k, name in enumerate(model.sources)}
        for mask in (is_known, is_unknown):
            rows = np.flatnonzero(mask)
            if not rows.size:
                continue
            odd, ratios = strangeness(model, table.rows(rows))
            for i, row in enumerate(rows):
                name = str(sources[row])
                own = index.get(name)
                (unknown if own is None else known).append((name, float(odd[i])))
                for k, other in enumerate(model.sources):
                    if k == own:
                        same.append((name, float(ratios[i, k]), fold))
                    else:
                        different.append((name, other, float(ratios[i, k]), fold))
        if fold_done is not None:
            fold_done(fold + 1, folds)
    if not same or not unknown:
        raise InvalidInput(
            "no source has two lots: nothing shows how samples of one source differ, so nothing "
            "can be compared"
        )
    lots = len(set(zip(table.sources, table.lots, strict=True)))
    return _summed(known, unknown, same, different, lots, models)


def _weights(keys: list[str]) -> Array:
    """Equal weight to each key, spread over its items; sum 1."""
    _, inverse, counts = np.unique(np.array(keys), return_inverse=True, return_counts=True)
    weight: Array = 1.0 / counts[inverse] / len(counts)
    return weight


def _summed(
    known: list[tuple[str, float]],
    unknown: list[tuple[str, float]],
    same: list[tuple[str, float, int]],
    different: list[tuple[str, str, float, int]],
    lots: int,
    models: list[TwoLevelModel],
) -> Validation:
    same_weight = _weights([s[0] for s in same])
    pairs = [f"{d[0]}\n{d[1]}" for d in different]
    different_weight = _weights(pairs)
    same_log, different_log = np.array([s[1] for s in same]), np.array([d[2] for d in different])
    same_fold, different_fold = np.array([s[2] for s in same]), np.array([d[3] for d in different])
    trials = Trials.of(same_log, different_log, same_weight, different_weight)
    units = {"same_units": min(len(same), lots), "different_units": len(set(pairs))}
    same_out, different_out = same_log.copy(), different_log.copy()
    for fold in np.unique(np.r_[same_fold, different_fold]):
        keep_s, keep_d = same_fold != fold, different_fold != fold
        if not keep_s.any() or not keep_d.any():
            continue
        others = calibrate(
            Trials.of(
                same_log[keep_s],
                different_log[keep_d],
                same_weight[keep_s],
                different_weight[keep_d],
            ),
            **units,
        )
        same_out[~keep_s] = others.apply(same_log[~keep_s])
        different_out[~keep_d] = others.apply(different_log[~keep_d])
    calibrated = Trials.of(same_out, different_out, same_weight, different_weight)
    return Validation(
        np.array([k[1] for k in known]),
        np.array([u[1] for u in unknown]),
        _weights([k[0] for k in known]),
        _weights([u[0] for u in unknown]),
        tuple(k[0] for k in known),
        trials,
        calibrate(trials, **units),
        cllr(trials),
        cllr(calibrated),
        cllr_min(trials),
        calibrated,
        tuple(models),
    )

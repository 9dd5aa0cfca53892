"""Naming a reactor or calling it unknown: figures of ``bench_forensics``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from forensics_reactors import BOOTSTRAPS, SIX, seven_features
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.metrics import roc_auc_score

from tocsin.forensics.calibration import Trials, cllr
from tocsin.forensics.calibration_folds import lot_folds, source_folds
from tocsin.forensics.composition import (
    CORE,
    NEODYMIUM,
    URANIUM,
    Ratio,
    Table,
    has_depletion,
    spent_fuel_table,
    usual_uncertainties,
)
from tocsin.forensics.library_entries import Entry, Library
from tocsin.forensics.likelihood_fit import fit
from tocsin.forensics.open_set import Validation, strangeness, validate

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Scorer = Callable[[Mask, Mask], Array]
FEWEST = 10
FOLDS = 5
SEEDS = 3


def source_table(entries: Sequence[Entry], library: Library, ratios: Sequence[Ratio]) -> Table:
    """The table that ``tocsin compare`` makes of spent fuel."""
    table = spent_fuel_table(entries, usual_uncertainties(library.entries), ratios)
    return replace(table, groups=("",) * len(table))


def open_set_figures(library: Library) -> None:
    """One reactor of 14 removed in turn: how many of its samples are called unknown."""
    entries = [
        e for e in library.entries if all(n in e.values and not e.values[n].less_than for n in SIX)
    ]
    counts = {s: sum(e.source == s for e in entries) for s in library.sources}
    entries = [e for e in entries if counts[e.source] >= FEWEST]
    source = np.array([e.source for e in entries])
    lots = {
        "samples": np.array([e.sample for e in entries]),
        "rods": np.array([f"{e.source} {e.lot}" for e in entries]),
        "assemblies": np.array([f"{e.source} {'|'.join(e.lot.split('|')[:2])}" for e in entries]),
    }
    x = seven_features(entries)

    def ledoit_wolf(train: Mask, test: Mask) -> Array:
        z = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
        near = np.full(int(test.sum()), np.inf)
        for s in np.unique(source[train]):
            of = train & (source == s)
            if of.sum() > 2:
                near = np.minimum(near, LedoitWolf().fit(z[of]).mahalanobis(z[test]))
        return near

    def ours(table: Table) -> Scorer:
        return lambda train, test: strangeness(fit(table.rows(train)), table.rows(test))[0]

    methods: dict[str, Scorer] = {"Ledoit-Wolf distance": ledoit_wolf}
    for name, ratios in (
        ("Tocsin, core features", CORE),
        ("Tocsin, as shipped", CORE + URANIUM + NEODYMIUM),
    ):
        methods[name] = ours(source_table(entries, library, ratios))
    print(
        f"\nOpen set: {len(np.unique(source))} reactors, {len(entries)} samples, one reactor "
        "removed in turn, 5 % false rejection of samples held out in five folds by"
    )
    for kind, lot in lots.items():
        for name, scorer in methods.items():
            print(f"   {kind:11}{name:24}{_open_set(scorer, source, lot)}")


def _open_set(scorer: Scorer, source: Array, lot: Array) -> str:
    rejected: dict[str, list[float]] = {s: [] for s in np.unique(source)}
    area: dict[str, list[float]] = {s: [] for s in np.unique(source)}
    unknown = {s: scorer(source != s, source == s) for s in rejected}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        fold = np.zeros(len(source), dtype=int)
        for s in rejected:
            names = rng.permutation(np.unique(lot[source == s]))
            place = {n: i % FOLDS for i, n in enumerate(names)}
            for i in np.flatnonzero(source == s):
                fold[i] = place[lot[i]]
        known = np.zeros(len(source))
        for f in range(FOLDS):
            known[fold == f] = scorer(fold != f, fold == f)
        for s, odd in unknown.items():
            rest = known[source != s]
            rejected[s].append(float(np.mean(odd > np.quantile(rest, 0.95))))
            truth = np.r_[np.zeros(len(rest)), np.ones(len(odd))]
            finite = np.nan_to_num(np.r_[rest, odd], posinf=1e12)
            area[s].append(float(roc_auc_score(truth, finite)))
    rates = np.array([np.mean(v) for v in rejected.values()])
    sizes = np.array([np.sum(source == s) for s in rejected])
    rng = np.random.default_rng(9)
    draws = [rng.choice(rates, len(rates)).mean() for _ in range(BOOTSTRAPS)]
    low, high = np.quantile(draws, [0.025, 0.975])
    auroc = np.mean([np.mean(v) for v in area.values()])
    return (
        f"rejected {rates.mean():.3f} ({low:.3f}-{high:.3f}) by reactor, "
        f"{np.average(rates, weights=sizes):.3f} by sample; AUROC {auroc:.3f}"
    )


def library_figures(library: Library) -> None:
    """Likelihood ratios within the library, and what imputation does to them."""
    entries = [e for e in library.entries if has_depletion(e)]
    counts = {s: sum(e.source == s for e in entries) for s in library.sources}
    print("\nLikelihood ratio for the reactor, whole reactors and rods held out (tocsin compare)")
    for title, kept in (
        ("all reactors", entries),
        (
            f"reactors with {FEWEST} samples or more",
            [e for e in entries if counts[e.source] >= FEWEST],
        ),
    ):
        core = source_table(kept, library, CORE)
        print(f"   {title} ({len(set(core.sources))}):")
        print(f"      {'core features':28}{_line(validate(core))}")
        wide = source_table(kept, library, CORE + URANIUM + NEODYMIUM)
        _imputed("as shipped, missing as in the export", wide)
        rng = np.random.default_rng(3)
        gone = rng.random(wide.values.shape) < 0.5
        gone[:, 0] = False
        _imputed(
            "the same with half of the values deleted at random",
            replace(wide, observed=wide.observed & ~gone),
        )


def _imputed(title: str, table: Table) -> None:
    """Marginalised against imputed, over the same values."""
    print(f"      {title}, {1 - table.observed.mean():.0%} missing:")
    ours = validate(table)
    print(f"      {'marginalised (Tocsin)':28}{_line(ours)}")
    x = np.where(table.observed, table.values, np.nan)
    for name, imputer in (("mean-imputed", SimpleImputer()), ("kNN-imputed", KNNImputer())):
        filled = imputer.fit_transform(x)
        whole = replace(table, values=filled, observed=np.ones_like(table.observed))
        theirs = validate(whole)
        low, high = cllr_difference(table, theirs, ours)
        print(f"      {name:28}{_line(theirs)}; Cllr less ours {low:+.3f} to {high:+.3f} (paired)")


def trial_sources(table: Table) -> tuple[list[str], list[tuple[str, str]]]:
    """Sources behind the same-source and the different-source trials, in their order."""
    by_source = source_folds(table.sources, table.groups, min(FOLDS, len(set(table.sources))))
    by_lot = lot_folds(table.sources, table.lots, FOLDS)
    sources = np.array(table.sources)
    same: list[str] = []
    different: list[tuple[str, str]] = []
    for fold in range(FOLDS):
        is_unknown = by_source == fold
        is_known = (by_lot == fold) & ~is_unknown
        library = sorted(set(sources[~is_unknown & ~is_known]))
        for row in [*np.flatnonzero(is_known), *np.flatnonzero(is_unknown)]:
            for other in library:
                if other == sources[row]:
                    same.append(other)
                else:
                    different.append((str(sources[row]), str(other)))
    return same, different


def cllr_difference(table: Table, first: Validation, second: Validation) -> tuple[float, float]:
    """95 % bootstrap interval over reactors of calibrated Cllr, first less second, paired."""
    same, different = trial_sources(table)
    names = sorted(set(table.sources))
    number = {n: i for i, n in enumerate(names)}
    one = np.array([number[n] for n in same])
    left = np.array([number[n] for n, _ in different])
    right = np.array([number[n] for _, n in different])
    trials = [v.log_ratios_calibrated for v in (first, second)]
    if any(len(t.same) != len(one) or len(t.different) != len(left) for t in trials):
        raise RuntimeError("the trials of the two are not the same ones")
    rng = np.random.default_rng(11)
    draws = []
    for _ in range(BOOTSTRAPS):
        times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        scores = [
            cllr(
                Trials.of(
                    t.same,
                    t.different,
                    t.same_weight * times[one],
                    t.different_weight * times[left] * times[right],
                )
            )
            for t in trials
        ]
        draws.append(scores[0] - scores[1])
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _line(v: Validation) -> str:
    same = float(np.sum(v.trials.same_weight[v.log_ratios_calibrated.same < 0]))
    return (
        f"Cllr {v.cllr_calibrated:.3f} (raw {v.cllr_raw:.3f}, discrimination {v.cllr_min:.3f}), "
        f"misleading {same:.1%}; unknown rejected {v.rejected(0.05):.3f}, AUROC {v.auroc():.3f}"
    )

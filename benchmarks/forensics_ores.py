"""SYNTHETIC ores with known truth: how far the answers are from the best possible ones."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from tocsin.forensics.calibration import Trials, cllr
from tocsin.forensics.compare import compare
from tocsin.forensics.composition import Table, plain_table, usual_uncertainties
from tocsin.forensics.library_synthetic import ELEMENTS, OreWorld, synthetic_ores
from tocsin.forensics.likelihood_fit import fit
from tocsin.forensics.open_set import strangeness, validate

SEEDS = (1, 2, 3)
# Galaxy-Serpent-like size; the spread within mines is as wide as that between them, so that the
# forty elements do not make every question easy.
WORLD = OreWorld(between=0.5, within=0.5, limit_quantile=0.1)


def half_limit(table: Table) -> Table:
    """Non-detects replaced by half their limit, as is often done."""
    filled = np.where(table.censored, table.upper - np.log(2.0), table.values)
    return replace(
        table,
        values=filled,
        observed=table.observed | table.censored,
        upper=np.full(table.upper.shape, np.inf),
    )


def mean_imputed(table: Table) -> Table:
    """Everything not measured replaced by the mean of the element."""
    mean = np.nanmean(np.where(table.observed, table.values, np.nan), axis=0)
    return replace(
        table,
        values=np.where(table.observed, table.values, mean),
        observed=np.ones_like(table.observed),
        upper=np.full(table.upper.shape, np.inf),
    )


def synthetic_figures() -> None:
    """False rejection, unknowns recognised and Cllr on mines and lots that were never seen."""
    print("SYNTHETIC ores: 20 mines x 10 lots x 40 elements, 25 % missing, 10 % below limits")
    print("   fresh lots of known mines and of 10 unknown mines; three worlds")
    rows: dict[str, list[tuple[float, ...]]] = {}
    for seed in SEEDS:
        world = replace(WORLD, lots=14)
        library, unknown = synthetic_ores(np.random.default_rng(seed), world, unknown_mines=10)
        usual = usual_uncertainties(library.entries)
        whole, outside = (plain_table(e, ELEMENTS, usual) for e in (library.entries, unknown))
        fresh = np.array([int(lot) > 10 for lot in whole.lots])
        treatments = {
            "marginalised, integrated": lambda t: t,
            "half the limit": half_limit,
            "mean-imputed": mean_imputed,
        }
        for name, treat in treatments.items():
            rows.setdefault(name, []).append(
                _figures(treat(whole.rows(~fresh)), treat(whole.rows(fresh)), treat(outside))
            )
    heads = ("known rejected", "unknown rejected", "AUROC", "Cllr raw", "Cllr calibrated", "s")
    print(f"   {'':26}" + "".join(h.rjust(18) for h in heads))
    for name, found in rows.items():
        print(f"   {name:26}" + "".join(f"{m:.3f}".rjust(18) for m in np.mean(found, axis=0)))
    library, unknown = synthetic_ores(np.random.default_rng(1), WORLD)
    begin = time.perf_counter()
    compare(unknown[:1], library)
    print(f"   one comparison with 200 entries of 40 elements: {time.perf_counter() - begin:.1f} s")


def _figures(library: Table, known: Table, unknown: Table) -> tuple[float, ...]:
    begin = time.perf_counter()
    model = fit(library)
    validation = validate(library, start=model)
    odd_known, ratios = strangeness(model, known)
    odd_unknown, others = strangeness(model, unknown)
    p = [np.array([validation.p_in_library(s) for s in odd]) for odd in (odd_known, odd_unknown)]
    own = np.array([model.sources.index(s) for s in known.sources])
    same = ratios[np.arange(len(known)), own]
    calibration = validation.calibration
    return (
        float(np.mean(p[0] <= 0.05)),
        float(np.mean(p[1] <= 0.05)),
        float(np.mean(odd_unknown[:, None] > odd_known[None])),
        cllr(Trials.of(same, others.ravel())),
        cllr(Trials.of(calibration.apply(same), calibration.apply(others.ravel()))),
        time.perf_counter() - begin,
    )

"""Reactor type and burnup with whole reactors held out: figures of ``bench_forensics``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tocsin.errors import InvalidInput, OutOfDomain
from tocsin.forensics.burnup import PREDICTORS, BurnupModel, Predictor, burnup_nd148
from tocsin.forensics.calibration_folds import source_folds
from tocsin.forensics.composition import CORE, NEODYMIUM, URANIUM, Table, usual_uncertainties
from tocsin.forensics.library_entries import Entry, Library
from tocsin.forensics.likelihood_fit import fit
from tocsin.forensics.reactor import (
    CANNOT_TELL,
    decide,
    type_log_densities,
    type_probabilities,
    type_table,
)

Array = NDArray[np.float64]
SIX = ("U235", "U236", "Pu239", "Pu240", "Pu241", "Pu242")
BOOTSTRAPS = 2000
INNER_FOLDS = 5


def complete(library: Library, groups: Sequence[str] | None = None) -> list[Entry]:
    """Entries with the six nuclides of the baselines, of types with two reactors or more."""
    found = [
        e
        for e in library.entries
        if all(n in e.values and not e.values[n].less_than for n in SIX)
        and (groups is None or e.group in groups)
    ]
    reactors = {g: {e.source for e in found if e.group == g} for g in {e.group for e in found}}
    return [e for e in found if len(reactors[e.group]) > 1]


def seven_features(entries: Sequence[Entry]) -> Array:
    """The features of the baselines of the reference."""
    u5, u6, p9, p0, p1, p2 = np.log([[e.values[n].value for n in SIX] for e in entries]).T
    return np.column_stack([p0 - p9, p1 - p9, p2 - p9, u6 - u5, u5, u6, p9])


def scored(truth: Array, right: Array, sources: Array) -> tuple[float, float, float]:
    """Accuracy, mean recall of the types, and accuracy with each reactor the same weight."""
    recall = [right[truth == t].mean() for t in np.unique(truth)]
    by_reactor = [right[sources == s].mean() for s in np.unique(sources)]
    return float(right.mean()), float(np.mean(recall)), float(np.mean(by_reactor))


def bootstrap(truth: Array, sources: Array, *rights: Array) -> Array:
    """Scores of each method on reactors drawn with replacement within their type, (B, m, 3)."""
    rng = np.random.default_rng(20260101)
    names = np.unique(sources)
    type_of = {s: truth[sources == s][0] for s in names}
    rows = {s: np.flatnonzero(sources == s) for s in names}
    draws = []
    for _ in range(BOOTSTRAPS):
        chosen: list[str] = []
        for t in np.unique(truth):
            of_type = [s for s in names if type_of[s] == t]
            chosen += list(rng.choice(of_type, len(of_type)))
        index = np.concatenate([rows[s] for s in chosen])
        # A reactor drawn twice is two reactors.
        tag = np.concatenate([np.full(len(rows[s]), i) for i, s in enumerate(chosen)])
        draws.append([scored(truth[index], r[index], tag) for r in rights])
    return np.array(draws)


def held_out(x: Array, truth: Array, sources: Array, make: Callable[[], object]) -> Array:
    """Predictions of a scikit-learn classifier with one reactor held out in turn."""
    predicted = np.empty(len(truth), dtype=object)
    for s in np.unique(sources):
        out = sources == s
        model = make()
        model.fit(x[~out], truth[~out])  # type: ignore[attr-defined]
        predicted[out] = model.predict(x[out])  # type: ignore[attr-defined]
    return predicted


def peers() -> dict[str, Callable[[], object]]:
    """The three classifiers of the baselines."""
    return {
        "LDA": lambda: make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()),
        "kNN5": lambda: make_pipeline(StandardScaler(), KNeighborsClassifier(5)),
        "random forest": lambda: RandomForestClassifier(
            400, class_weight="balanced", random_state=0
        ),
    }


def candidates(entries: Sequence[Entry], library: Library) -> dict[str, tuple[Table, bool]]:
    """What nested tuning chooses from: features, curvature in depletion, weights of reactors."""
    usual = usual_uncertainties(library.entries)
    found = {}
    sets = {"core": CORE, "+U-234": CORE + URANIUM, "+Nd": CORE + NEODYMIUM}
    for name, ratios in sets.items():
        table = type_table(entries, usual, ratios)
        depth = table.fixed_design
        curved = replace(table, fixed_design=np.hstack([depth, depth**2]))
        for curve, t in (("", table), (" curved", curved)):
            for equal in (False, True):
                found[f"{name}{curve}{' by reactor' if equal else ''}"] = (t, equal)
    return found


def log_densities(table: Table, equal: bool, out: NDArray[np.bool_]) -> tuple[Array, list[str]]:
    """Log of share times density of the held-out rows by type, and the names of the types."""
    model = fit(table.rows(~out), equal_sources=equal)
    logs = type_log_densities(model, table.rows(out))
    counts = np.bincount(model.group_of_source, minlength=len(model.groups))
    return logs + np.log(counts), list(model.groups)


def loss(logs: Array, groups: list[str], truth: Sequence[str], sources: Sequence[str]) -> float:
    """Mean over reactors of the log loss of the true type."""
    p = logs - np.logaddexp.reduce(logs, axis=1)[:, None]
    # A type that training lacks has no probability; the floor keeps it from deciding alone.
    each = np.array(
        [max(p[i, groups.index(t)] if t in groups else -20.0, -20.0) for i, t in enumerate(truth)]
    )
    names = np.array(sources)
    return float(-np.mean([each[names == s].mean() for s in np.unique(names)]))


def nested(entries: Sequence[Entry], library: Library) -> tuple[Array, Array, list[str], list[str]]:
    """Nested prediction: for each reactor held out, the candidate that is best on the others."""
    options = candidates(entries, library)
    source = np.array([e.source for e in entries])
    truth = np.array([e.group for e in entries])
    types = sorted(set(truth))
    probability = np.zeros((len(entries), len(types)))
    chosen_names = []
    for s in np.unique(source):
        out = source == s
        inner = np.flatnonzero(~out)
        folds = source_folds(list(source[inner]), list(truth[inner]), INNER_FOLDS)
        losses = {}
        for name, (table, equal) in options.items():
            rest, total = table.rows(inner), 0.0
            for f in range(INNER_FOLDS):
                test = folds == f
                logs, groups = log_densities(rest, equal, test)
                total += loss(logs, groups, truth[inner][test], source[inner][test])
            losses[name] = total
        best = min(losses, key=lambda name: losses[name])
        chosen_names.append(best)
        table, equal = options[best]
        logs, groups = log_densities(table, equal, out)
        p = np.exp(logs - np.logaddexp.reduce(logs, axis=1)[:, None])
        for k, g in enumerate(groups):
            probability[out, types.index(g)] = p[:, k]
    return np.array(types)[probability.argmax(axis=1)], probability, types, chosen_names


def type_figures(library: Library) -> None:
    """Reactor type against the baselines, 7 types and the three of the reference."""
    for title, groups in (("7 types", None), ("PWR, BWR, PHWR", ("PWR", "BWR", "CANDU"))):
        entries = complete(library, groups)
        truth = np.array([e.group for e in entries])
        source = np.array([e.source for e in entries])
        print(f"\nReactor type, {title}, one reactor held out: {len(entries)} samples")
        x = seven_features(entries)
        rights = {n: held_out(x, truth, source, make) == truth for n, make in peers().items()}
        predicted, probability, types, names = nested(entries, library)
        rights["Tocsin, nested"] = predicted == truth
        default = type_table(entries, usual_uncertainties(library.entries))
        fixed, equal_prior = np.empty((2, len(entries)), dtype=object)
        for s in np.unique(source):
            out = source == s
            model = fit(default.rows(~out))
            logs = type_log_densities(model, default.rows(out))
            for kept, equal in ((fixed, False), (equal_prior, True)):
                p = type_probabilities(model, logs, equal=equal)
                kept[out] = np.array(model.groups)[p.argmax(axis=1)]
        rights["Tocsin, as shipped"] = fixed == truth
        rights["Tocsin, equal priors"] = equal_prior == truth
        draws = bootstrap(truth, source, *rights.values())
        print(f"{'':22} {'accuracy':>22} {'balanced':>22} {'by reactor':>22}")
        for m, (name, right) in enumerate(rights.items()):
            point = scored(truth, right, source)
            low, high = np.quantile(draws[:, m], [0.025, 0.975], axis=0)
            cells = [
                f"{p:.3f} ({a:.3f}-{b:.3f})".rjust(22)
                for p, a, b in zip(point, low, high, strict=True)
            ]
            print(f"{name:22} {' '.join(cells)}")
        gain = draws[:, list(rights).index("Tocsin, nested")] - draws[:, 0]
        low, high = np.quantile(gain, [0.025, 0.975], axis=0)
        print(
            f"nested less LDA, paired: accuracy {low[0]:+.3f} to {high[0]:+.3f}, "
            f"balanced {low[1]:+.3f} to {high[1]:+.3f}"
        )
        for t in np.unique(truth):
            of = truth == t
            found, count = np.unique(predicted[of], return_counts=True)
            said = ", ".join(f"{f} {c}" for f, c in zip(found, count, strict=True))
            print(f"   {t:10} {of.sum():4} samples: {said}")
        chosen, count = np.unique(names, return_counts=True)
        listed = ", ".join(f"{n} {c}" for n, c in zip(chosen, count, strict=True))
        print(f"chosen by nesting (reactors): {listed}")
        _told(truth, source, probability, types)


def _told(truth: Array, source: Array, probability: Array, types: list[str]) -> None:
    """How often something is named, and how often that is right; reliability of probabilities."""
    words = np.array([decide(dict(zip(types, p.tolist(), strict=True)), 1.0) for p in probability])
    family = np.isin(truth, ("PWR", "VVER-440", "VVER-1000"))
    right = np.where(words == "pressurised light water", family, words == truth)
    named = words != CANNOT_TELL
    print(
        f"named {named.mean():.0%} of samples, {right[named].mean():.1%} of them rightly "
        f"(by reactor {scored(truth[named], right[named], source[named])[2]:.1%}); "
        f"cannot tell {1 - named.mean():.0%}"
    )
    best = probability.max(axis=1)
    hit = np.array(types)[probability.argmax(axis=1)] == truth
    for low, high in ((0.0, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01)):
        band = (best >= low) & (best < high)
        if band.any():
            print(
                f"   probability {low:.2f}-{min(high, 1.0):.2f}: {band.sum():4} samples, "
                f"stated {best[band].mean():.2f}, right {hit[band].mean():.2f}"
            )


def missing_figures(library: Library) -> None:
    """Ablation: what is done with missing values, same features, one reactor held out."""
    usual = usual_uncertainties(library.entries)
    entries = complete(library)
    truth = np.array([e.group for e in entries])
    source = np.array([e.source for e in entries])
    table = type_table(entries, usual, CORE + URANIUM + NEODYMIUM)
    rng = np.random.default_rng(7)
    print("\nMissing values (7 types, one reactor held out): accuracy / balanced")
    for deleted in (0.0, 0.3, 0.5):
        gone = rng.random(table.values.shape) < deleted
        # The initial uranium carries the coordinate of all others and stays.
        gone[:, 0] = False
        cut = replace(table, observed=table.observed & ~gone)
        x = np.where(cut.observed, cut.values, np.nan)
        # The depletion is a feature for the peers; the model has it as a covariate.
        x = np.hstack([x, table.fixed_design])
        results = {"marginalised (Tocsin)": _types(cut, truth, source)}
        for name, imputer in (
            ("mean-imputed, same model", lambda: SimpleImputer()),
            ("kNN-imputed, same model", lambda: KNNImputer(n_neighbors=5)),
        ):
            predicted = np.empty(len(truth), dtype=object)
            for s in np.unique(source):
                out = source == s
                filled = imputer().fit(x[~out]).transform(x)[:, :-1]
                whole = replace(cut, values=filled, observed=np.ones_like(cut.observed))
                predicted[out] = _predict(whole, out)
            results[name] = predicted
        results["mean-imputed, LDA"] = held_out(
            x,
            truth,
            source,
            lambda: make_pipeline(SimpleImputer(), StandardScaler(), LinearDiscriminantAnalysis()),
        )
        results["mean-imputed, kNN5"] = held_out(
            x,
            truth,
            source,
            lambda: make_pipeline(SimpleImputer(), StandardScaler(), KNeighborsClassifier(5)),
        )
        results["random forest (NaN)"] = held_out(
            x,
            truth,
            source,
            lambda: RandomForestClassifier(200, class_weight="balanced", random_state=0),
        )
        share = 1 - cut.observed.mean()
        print(f" {share:.0%} missing ({deleted:.0%} deleted at random):")
        for name, predicted in results.items():
            a, b, _ = scored(truth, predicted == truth, source)
            print(f"   {name:26} {a:.3f} / {b:.3f}")


def _predict(table: Table, out: NDArray[np.bool_]) -> Array:
    logs, groups = log_densities(table, False, out)
    return np.array(groups)[logs.argmax(axis=1)]


def _types(table: Table, truth: Array, source: Array) -> Array:
    predicted = np.empty(len(truth), dtype=object)
    for s in np.unique(source):
        out = source == s
        predicted[out] = _predict(table, out)
    return predicted


NESTED_BURNUP = (
    PREDICTORS[-1],
    replace(PREDICTORS[-1], quadratic=False),
    Predictor("initial, Pu-240, Pu-239", (("initial", ""), ("Pu240", ""), ("Pu239", "")), True),
    Predictor("Pu-242/Pu-239", (("initial", ""), ("Pu242", "Pu239")), True),
    Predictor("Pu-240/Pu-239", (("initial", ""), ("Pu240", "Pu239")), True),
)


def burnup_figures(library: Library) -> None:
    """Bias and spread of burnup of held-out reactors, and coverage of its 95 % interval."""
    print("\nBurnup, one reactor held out: relative to declared")
    nd = [
        (e.source, burnup_nd148(e.values["Nd148"].value).value_GWd_t, e.facts["burnup_GWd_t"], True)
        for e in library.entries
        if "Nd148" in e.values
    ]
    _burnup_line("Nd-148 (consistency: declared often rests on it)", nd)
    for predictor in PREDICTORS[1:]:
        found = [row for s in library.sources for row in _of_reactors(library, [s], predictor)]
        _burnup_line(predictor.name, found)
    found = []
    chosen: dict[str, int] = {}
    for s in library.sources:
        rest = library.without_sources([s])
        names = [e.source for e in rest.entries]
        fold_of = dict(
            zip(names, source_folds(names, [""] * len(names), INNER_FOLDS).tolist(), strict=True)
        )
        errors = {}
        for predictor in NESTED_BURNUP:
            rows = []
            for f in range(INNER_FOLDS):
                out = [n for n, fold in fold_of.items() if fold == f]
                rows += _of_reactors(rest, out, predictor)
            by = {r[0] for r in rows}
            errors[predictor] = np.mean(
                [np.mean([abs(np.log(b / t)) for n, b, t, _ in rows if n == o]) for o in by]
            )
        best = min(errors, key=lambda p: errors[p])
        key = f"{best.name}{' quadratic' if best.quadratic else ''}"
        chosen[key] = chosen.get(key, 0) + 1
        found += _of_reactors(library, [s], best)
    _burnup_line("uranium and plutonium, nested", found)
    print(f"   chosen by nesting (reactors): {chosen}")
    print("   Cs-134/Cs-137: NOT SHOWN, the export has no cooling time (half-life 2 years)")


def _of_reactors(
    library: Library, out: Sequence[str], predictor: Predictor
) -> list[tuple[str, float, float, bool]]:
    """Reactor, burnup, declared burnup and coverage of the samples of reactors left out."""
    try:
        model = BurnupModel.fitted([e for e in library.entries if e.source not in out], predictor)
    except InvalidInput:
        return []
    rows = []
    for e in library.entries:
        if e.source not in out:
            continue
        try:
            b = model.predict(e)
        except OutOfDomain:
            continue
        truth = e.facts["burnup_GWd_t"]
        rows.append((e.source, b.value_GWd_t, truth, b.low_95_GWd_t <= truth <= b.high_95_GWd_t))
    return rows


def _burnup_line(name: str, rows: list[tuple[str, float, float, bool]]) -> None:
    reactors = sorted({r[0] for r in rows})
    off = {s: np.array([b / t - 1 for n, b, t, _ in rows if n == s]) for s in reactors}
    every = np.concatenate(list(off.values()))
    bias = float(np.median(every))
    spread = 1.4826 * float(np.median(np.abs(every - bias)))
    error = np.array([abs(b - t) for _, b, t, _ in rows])
    rng = np.random.default_rng(5)
    draws = [
        np.median(np.concatenate([off[s] for s in rng.choice(reactors, len(reactors))]))
        for _ in range(BOOTSTRAPS)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    covered = np.mean([r[3] for r in rows])
    print(
        f"   {name}: {len(rows)} samples, {len(reactors)} reactors: bias {bias:+.1%} "
        f"({low:+.1%} to {high:+.1%}), spread {spread:.1%}, error mean {error.mean():.2f} "
        f"median {np.median(error):.2f} GWd/t"
        + ("" if name.startswith("Nd-148") else f", 95 % interval holds {covered:.1%}")
    )

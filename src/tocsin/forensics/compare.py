"""Comparison of found material with a library: ratio by source, or "not in the library".

The answer for each source is a likelihood ratio: how much more probable the measured values are if
the material comes from this source than if it comes from another source of the same population. It
is no probability that it does. Whether the material belongs to the library at all is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput
from tocsin.forensics.calibration_scale import verbal
from tocsin.forensics.composition import (
    CORE,
    NEODYMIUM,
    URANIUM,
    Table,
    has_depletion,
    plain_table,
    spent_fuel_table,
    usual_uncertainties,
)
from tocsin.forensics.library_entries import Entry, Library
from tocsin.forensics.likelihood import TwoLevelModel
from tocsin.forensics.likelihood_fit import fit
from tocsin.forensics.open_set import Validation, alternatives, strangeness, validate

Array = NDArray[np.float64]
CONSISTENT, NOT_CONSISTENT = "consistent", "not consistent"
INCONCLUSIVE, NOT_IN_LIBRARY = "inconclusive", "not in library"
# A ratio of 10 ends the lowest class of the verbal scale; less than that decides nothing.
DECISIVE_LOG10_LR = 1.0
FALSE_REJECTION = 0.05
# A characteristic that fewer sources have measured cannot show how sources differ.
_FEWEST_SOURCES = 3
# Two standard deviations off, or removal moves the ratio by a factor of 2, is worth a line.
_NOTABLE_Z = 2.0
_NOTABLE_LOG10 = 0.3


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What the comparison says of one source of the library.

    Attributes
    ----------
    source, group : str
        Source and its class.
    outcome : str
        ``consistent``, ``not consistent`` or ``inconclusive``.
    log10_lr : float
        Calibrated, within the bounds that the validation supports.
    log10_lr_uncertainty : float
        Standard uncertainty from the make-up of the library (jackknife over the folds).
    log10_lr_raw : float
        Before calibration.
    words : str
        On the verbal scale.
    p_typical : float
        Share of samples of a source that get so low a ratio against their own source.
    """

    source: str
    group: str
    outcome: str
    log10_lr: float
    log10_lr_uncertainty: float
    log10_lr_raw: float
    words: str
    p_typical: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one characteristic does to the ratio of one source.

    Attributes
    ----------
    source, characteristic : str
        Which.
    log10_lr_without : float
        Calibrated ratio with this characteristic left out (marginalised).
    contribution : float
        Ratio with it less ratio without it; negative speaks against the source.
    z : float or None
        Measured less expected, in predicted standard deviations, of the sample farthest off.
    """

    source: str
    characteristic: str
    log10_lr_without: float
    contribution: float
    z: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Answer to a case.

    Attributes
    ----------
    outcome : str
        One of the four words.
    consistent_sources : tuple of str
        Sources with which the material is consistent, best first; empty if not in the library.
    p_in_library : float
        Probability that material of a known source looks at least this strange.
    false_rejection : float
        The share of known material that is called "not in library" by mistake.
    p_of_sample : tuple of (str, float)
        The same for each sample alone.
    sources : tuple of SourceAnswer
        Best first.
    sensitivity : tuple of Contribution
        For the best source, strongest first.
    contrary : tuple of str
        What speaks against the outcome, one sentence each.
    self_consistency_log10_lr : float or None
        Samples of the case from one source against from different ones; None for one sample.
    characteristics : tuple of str
        Used in the comparison.
    validation : Validation
        How the same comparison did on the library itself, with the same characteristics.
    warnings : tuple of str
        What was left out or assumed.
    """

    outcome: str
    consistent_sources: tuple[str, ...]
    p_in_library: float
    false_rejection: float
    p_of_sample: tuple[tuple[str, float], ...]
    sources: tuple[SourceAnswer, ...]
    sensitivity: tuple[Contribution, ...]
    contrary: tuple[str, ...]
    self_consistency_log10_lr: float | None
    characteristics: tuple[str, ...]
    validation: Validation
    warnings: tuple[str, ...]


def compare(
    samples: Sequence[Entry],
    library: Library,
    *,
    false_rejection: float = FALSE_REJECTION,
    fold_done: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare samples of one found material with a library.

    Parameters
    ----------
    samples : sequence of Entry
        Samples of the case, in the units of the library; source, lot and class are ignored.
    library : Library
        Known material.
    false_rejection : float
        Share of known material that may be called "not in library" by mistake.
    fold_done : callable, optional
        Progress of the validation, called with (folds done, folds).

    Raises
    ------
    InvalidInput
        When nothing can be compared: no characteristic in common, or a library too small.
    """
    if not samples:
        raise InvalidInput("the case has no sample")
    if not 0 < false_rejection < 1:
        raise InvalidInput(f"false_rejection must lie between 0 and 1, not {false_rejection}")
    case, table, warnings = comparable(samples, library)
    model = fit(table)
    validation = validate(table, start=model, fold_done=fold_done)
    odd, _ = strangeness(model, case)
    p_of_sample = [validation.p_in_library(float(s)) for s in odd]
    # The smallest of several p-values, with the allowance of Bonferroni for having looked at all.
    p = min(1.0, len(case) * min(p_of_sample))
    answers = _source_answers(model, case, validation, library)
    best = answers[0]
    sensitivity = _sensitivity(model, case, validation, best)
    if p <= false_rejection:
        outcome = NOT_IN_LIBRARY
    elif best.outcome == CONSISTENT:
        outcome = CONSISTENT
    elif all(a.outcome == NOT_CONSISTENT for a in answers):
        outcome = NOT_CONSISTENT
    else:
        outcome = INCONCLUSIVE
    consistent = tuple(a.source for a in answers if a.outcome == CONSISTENT)
    together = _self_consistency(model, case)
    return Comparison(
        outcome,
        consistent if outcome == CONSISTENT else (),
        p,
        false_rejection,
        tuple(zip(case.samples, p_of_sample, strict=True)),
        answers,
        sensitivity,
        _contrary(outcome, answers, sensitivity, together, p, validation),
        together,
        case.names,
        validation,
        tuple(warnings),
    )


def comparable(samples: Sequence[Entry], library: Library) -> tuple[Table, Table, list[str]]:
    """Tables of case and library over the characteristics that both have, with warnings."""
    warnings: list[str] = []
    usual = usual_uncertainties(library.entries)
    entries: Sequence[Entry] = library.entries
    cases = [replace(s, source="case", lot="case", group="") for s in samples]
    if library.stage == "spent_fuel" and all(has_depletion(s) for s in samples):
        entries = [e for e in entries if has_depletion(e)]
        if len(entries) < len(library.entries):
            left = len(library.entries) - len(entries)
            warnings.append(f"{left} entries without U-235 or U-236 left out of the library")
        ratios = CORE + URANIUM + NEODYMIUM
        case = spent_fuel_table(cases, usual, ratios)
        table = spent_fuel_table(entries, usual, ratios)
    else:
        if library.stage == "spent_fuel":
            warnings.append("no U-235 or no U-236: compared without regard to burnup, less sharply")
        names = sorted({n for s in samples for n in s.values})
        unknown = [n for n in names if n not in library.units]
        if unknown:
            warnings.append(f"not in the library, left out: {', '.join(unknown)}")
        names = [n for n in names if n in library.units]
        case, table = (plain_table(e, names, usual) for e in (cases, entries))
    # One population: the alternative is another source, whatever its class.
    table = replace(table, groups=("",) * len(table))
    usable = _usable(case, table, warnings)
    if not usable.any():
        raise InvalidInput("case and library have no characteristic in common that can be compared")
    kept = _columns(case, usable)
    bare = sorted(set(case.samples) - set(kept.samples))
    if bare:
        warnings.append(f"nothing comparable in sample {', '.join(bare)}, left out")
    return kept, _columns(table, usable), warnings


def _usable(case: Table, table: Table, warnings: list[str]) -> NDArray[np.bool_]:
    seen = (case.observed | case.censored).any(axis=0)
    sources = np.array(table.sources)
    measured = np.array(
        [len(set(sources[table.observed[:, j]])) for j in range(len(table.names))], dtype=np.intp
    )
    rare = seen & (measured < _FEWEST_SOURCES)
    if rare.any():
        names = ", ".join(np.array(case.names)[rare])
        warnings.append(f"measured in fewer than {_FEWEST_SOURCES} sources, left out: {names}")
    usable: NDArray[np.bool_] = seen & ~rare
    return usable


def _columns(table: Table, kept: NDArray[np.bool_]) -> Table:
    """Some of the features; rows that have none of them are dropped."""
    index = np.flatnonzero(kept)
    narrowed = replace(
        table,
        names=tuple(table.names[j] for j in index),
        values=table.values[:, index],
        observed=table.observed[:, index],
        upper=table.upper[:, index],
        covariance=table.covariance[:, index][:, :, index],
    )
    some: NDArray[np.bool_] = np.asarray((narrowed.observed | narrowed.censored).any(axis=1))
    return narrowed.rows(some)


def _raw_log_ratios(model: TwoLevelModel, case: Table) -> Array:
    """Raw log ratio of all samples together for each source against another one, shape (K,)."""
    sources, kernels, cloud = model.joint_log_densities(case)
    ratios: Array = sources - alternatives(kernels, cloud)[1]
    return ratios


def _source_answers(
    model: TwoLevelModel, case: Table, validation: Validation, library: Library
) -> tuple[SourceAnswer, ...]:
    group_of = {e.source: e.group for e in library.entries}
    calibration, ten = validation.calibration, float(np.log(10.0))
    same, weight = validation.trials.same, validation.trials.same_weight
    ratios = _raw_log_ratios(model, case)
    moved = _fold_ratios(validation, case)
    answers = []
    for k, source in enumerate(model.sources):
        raw = float(ratios[k])
        value = float(calibration.apply(np.array([raw]))[0]) / ten
        others = np.array(moved.get(source, ()))
        spread = 0.0
        if len(others) > 1:
            # Delete-a-group jackknife: the folds leave out a fifth each.
            n = len(others)
            spread = float(np.sqrt((n - 1) / n * np.sum((others - others.mean()) ** 2)))
        if value >= DECISIVE_LOG10_LR:
            outcome = CONSISTENT
        elif value <= -DECISIVE_LOG10_LR:
            outcome = NOT_CONSISTENT
        else:
            outcome = INCONCLUSIVE
        # A joint ratio of m samples is set beside single ones by its mean.
        typical = float(np.sum(weight[same <= raw / len(case)]))
        answers.append(
            SourceAnswer(
                source,
                group_of[source],
                outcome,
                value,
                calibration.slope * spread / ten,
                raw / ten,
                verbal(value),
                typical,
            )
        )
    return tuple(sorted(answers, key=lambda a: (-a.log10_lr, -a.log10_lr_raw, a.source)))


def _fold_ratios(validation: Validation, case: Table) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for model in validation.models:
        for source, ratio in zip(model.sources, _raw_log_ratios(model, case), strict=True):
            found.setdefault(source, []).append(float(ratio))
    return found


def _sensitivity(
    model: TwoLevelModel, case: Table, validation: Validation, best: SourceAnswer
) -> tuple[Contribution, ...]:
    k, ten = model.sources.index(best.source), float(np.log(10.0))
    slope = validation.calibration.slope
    z = model.standard_residuals(case, k)
    found = []
    for j, name in enumerate(case.names):
        raw = float(_raw_log_ratios(model, case.without_feature(name))[k])
        known = z[:, j][np.isfinite(z[:, j])]
        found.append(
            Contribution(
                best.source,
                name,
                float(validation.calibration.apply(np.array([raw]))[0]) / ten,
                # Before the bounds: beyond them every contribution would read 0.
                best.log10_lr_raw * slope - raw * slope / ten,
                float(known[np.argmax(np.abs(known))]) if known.size else None,
            )
        )
    return tuple(sorted(found, key=lambda c: (-abs(c.contribution), c.characteristic)))


def _self_consistency(model: TwoLevelModel, case: Table) -> float | None:
    if len(case) < 2:
        return None
    _, kernels, cloud = model.joint_log_densities(case)
    together = alternatives(kernels, cloud)[0]
    apart, _ = alternatives(model.kernel_log_densities(case), model.group_log_density(case, 0))
    return float((together - apart.sum()) / np.log(10.0))


def _contrary(
    outcome: str,
    answers: Sequence[SourceAnswer],
    sensitivity: Sequence[Contribution],
    together: float | None,
    p: float,
    validation: Validation,
) -> tuple[str, ...]:
    best, lines = answers[0], []
    if outcome == CONSISTENT:
        rivals = [a.source for a in answers[1:] if a.log10_lr >= DECISIVE_LOG10_LR]
        if rivals:
            lines.append(f"also consistent with {', '.join(rivals)}")
        for c in sensitivity:
            if c.contribution <= -_NOTABLE_LOG10:
                lines.append(
                    f"{c.characteristic} speaks against {c.source}: without it log10 LR would be "
                    f"{-c.contribution:.1f} higher"
                )
            elif c.z is not None and abs(c.z) >= _NOTABLE_Z:
                lines.append(f"{c.characteristic} is {abs(c.z):.1f} standard deviations off")
            if c.log10_lr_without < DECISIVE_LOG10_LR:
                lines.append(f"the outcome rests on {c.characteristic}: inconclusive without it")
        missed = 1.0 - validation.rejected(0.05)
        lines.append(
            f"material of sources outside the library passes as known in {missed:.0%} of trials "
            "at 5 % false rejection"
        )
    if outcome == NOT_IN_LIBRARY:
        if best.outcome == CONSISTENT:
            lines.append(f"closest to {best.source}, ratio in its favour ({best.words})")
        lines.append(f"material of a known source looks this strange in {p:.1%} of trials")
    if together is not None and together <= -DECISIVE_LOG10_LR:
        lines.append("the samples of the case rather come from different sources")
    return tuple(lines)

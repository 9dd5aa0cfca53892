"""Validation inside a library: the promised rate of false rejection, and unknowns recognised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tocsin.errors import InvalidInput
from tocsin.forensics.composition import Table, plain_table, usual_uncertainties
from tocsin.forensics.library_synthetic import ELEMENTS, OreWorld, synthetic_ores
from tocsin.forensics.likelihood_fit import fit
from tocsin.forensics.open_set import Validation, alternatives, strangeness, validate

NAMES = ELEMENTS[:8]
WORLD = OreWorld(mines=16, lots=8, between=0.7, within=0.35)


def tables(seed: int, world: OreWorld = WORLD) -> tuple[Table, Table]:
    """Library and samples of mines outside it, eight characteristics."""
    library, unknown = synthetic_ores(np.random.default_rng(seed), world, unknown_mines=8)
    usual = usual_uncertainties(library.entries)
    return plain_table(library.entries, NAMES, usual), plain_table(unknown, NAMES, usual)


@pytest.fixture(scope="module")
def validation() -> Validation:
    return validate(tables(1)[0])


def test_every_sample_comes_back_once_in_each_role(validation: Validation) -> None:
    library, _ = tables(1)
    assert len(validation.unknown) == len(library)
    # A lot is a known sample unless its fold takes its whole source out: in one of five.
    assert 0.7 * len(library) < len(validation.known) < 0.9 * len(library)
    assert validation.known_weight.sum() == pytest.approx(1.0)
    assert validation.unknown_weight.sum() == pytest.approx(1.0)


def test_false_rejection_holds_on_fresh_samples_of_known_sources() -> None:
    """Lots the library has never seen are called unknown about as often as promised."""
    rejected, trials = 0, 0
    for seed in range(4):
        table, _ = tables(20 + seed)
        fresh = np.array([lot in ("07", "08") for lot in table.lots])
        library = table.rows(~fresh)
        found = validate(library)
        odd, _ = strangeness(fit(library), table.rows(fresh))
        rejected += sum(found.p_in_library(s) <= 0.10 for s in odd)
        trials += len(odd)
    # Conformal: at most 10 % on average. The threshold itself rests on some 80 known samples per
    # world, so the spread over worlds adds to the binomial one: sqrt(p q (1/128 + 1/320)) = 0.031.
    assert rejected / trials <= 0.10 + 3 * 0.031
    assert rejected > 0


def test_mines_outside_the_library_are_recognised() -> None:
    table, unknown = tables(1)
    found = validate(table)
    odd, _ = strangeness(fit(table), unknown)
    rate = np.mean([found.p_in_library(s) <= 0.05 for s in odd])
    # What the library promised of its own power comes true on mines it never held: 64 samples
    # of 8 mines, whose shares differ by more than binomial chance.
    assert rate == pytest.approx(found.rejected(0.05), abs=0.3)
    assert found.auroc() > 0.85
    assert found.rejected(0.05) > 0.3


def test_area_under_the_curve_is_the_rank_statistic(validation: Validation) -> None:
    equal = replace(
        validation,
        known_weight=np.full(len(validation.known), 1 / len(validation.known)),
        unknown_weight=np.full(len(validation.unknown), 1 / len(validation.unknown)),
    )
    u = stats.mannwhitneyu(validation.unknown, validation.known).statistic
    pairs = len(validation.unknown) * len(validation.known)
    assert equal.auroc() == pytest.approx(float(u) / pairs)


def test_p_value_counts_the_sample_itself() -> None:
    table, _ = tables(1)
    found = validate(table)
    n = len(found.known)
    assert found.p_in_library(np.inf) == pytest.approx(1 / (n + 1))
    assert found.p_in_library(-np.inf) == pytest.approx(1.0)


def test_calibration_lowers_the_cost_and_cannot_beat_discrimination(
    validation: Validation,
) -> None:
    assert validation.cllr_min <= validation.cllr_calibrated + 1e-9
    assert validation.cllr_calibrated < 0.6
    assert validation.cllr_calibrated <= validation.cllr_raw + 0.05


def test_nothing_can_be_learned_from_sources_with_one_lot() -> None:
    table, _ = tables(1)
    with pytest.raises(InvalidInput, match="two lots"):
        validate(replace(table, lots=("1",) * len(table)))
    with pytest.raises(InvalidInput, match="random split"):
        validate(replace(table, sources=table.samples))


def test_the_same_library_gives_the_same_figures(validation: Validation) -> None:
    again = validate(tables(1)[0])
    assert np.array_equal(again.known, validation.known)
    assert again.calibration == validation.calibration


def test_alternatives_leave_out_the_source_in_question() -> None:
    kernels, cloud = np.log([[0.1, 0.2, 0.6]]), np.log([0.5])
    anywhere, elsewhere = alternatives(kernels, cloud)
    np.testing.assert_allclose(np.exp(anywhere), [0.5 * (0.3 + 0.5)])
    np.testing.assert_allclose(
        np.exp(elsewhere), [[0.5 * (0.4 + 0.5), 0.5 * (0.35 + 0.5), 0.5 * (0.15 + 0.5)]]
    )
    # One source that explains everything does not swallow the others.
    far = alternatives(np.array([0.0, -400.0, -401.0]), np.array(-600.0))[1]
    assert far[0] == pytest.approx(-400.0 + np.log((1 + np.exp(-1)) / 4))

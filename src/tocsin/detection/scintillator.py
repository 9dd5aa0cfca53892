"""Identification with a scintillator: whole spectra of candidates, fitted together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.binning import Resolution
from tocsin.detection.candidates import TIER_PENALTY, Tier
from tocsin.detection.deposits import DepositBank
from tocsin.detection.drawn import Drawing, Drawn, natural, refined
from tocsin.detection.evidence import PeakRules, Proof, peak_errors, prove
from tocsin.detection.mixture import Fit
from tocsin.detection.prepared import ModelErrors, Prepared
from tocsin.detection.scale_prior import ScalePrior
from tocsin.detection.templates import EnergyScale
from tocsin.detection.verdict import VerdictSettings, judge
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SCAN_ROWS = (0, 2, 7, 10, 14)  # bare, behind water, behind lead: enough to choose a start
_ROUNDS = 3  # of search and refinement at most
_PARTS_PER_WIDTH = 3  # trial gains per peak width at 1 MeV
NOT_SEARCHED = frozenset({"Th-232", "U-232", "U-237"})
"""Thorium is named from its parts (Ra-228 and Ra-224); uranium-232 shows nothing but the chain that
thorium and radium-224 show too; U-237 is a faint sign of Pu-241 that only germanium resolves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """Choices of the search with scintillators; the same for all files.

    Attributes
    ----------
    errors : ModelErrors
        Of the modelled response.
    free_local : float
        In place of ``errors.local`` where peaks are tried one by one.
    penalty : tuple of (str, float)
        By tier, chi-squared that a candidate must bring beyond the others (twice the logarithm of
        prior odds: rare nuclides are not named where a common one does as well).
    rare : float
        The same on top for rare candidates.
    company : float
        The same for every man-made nuclide beside the first: most sources are one.
    entry : float
        Fall of the score that lets a candidate in: 5 standard deviations.
    most, shortlist : int
        Candidates in one spectrum at most, and those fitted in full at each step.
    starts, finals : int
        Trial scales that are refined, and those searched in full.
    bends : tuple of float
        Excess of light tried at first, in standard deviations from the expectation.
    background_error : float
        Relative uncertainty of the background's scale.
    """

    errors: ModelErrors = field(default_factory=ModelErrors)
    free_local: float = 0.3
    penalty: tuple[tuple[Tier, float], ...] = TIER_PENALTY
    rare: float = 15.0
    company: float = 20.0
    entry: float = 25.0
    most: int = 6
    shortlist: int = 10
    starts: int = 6
    finals: int = 2
    bends: tuple[float, ...] = (0.0, 1.5)


@dataclass(frozen=True)
class Found:
    """A search that came to an end.

    Attributes
    ----------
    drawn, fit : Drawn, Fit
        Templates and amounts.
    always, inside : list of int
        Natural candidates that every spectrum is offered; candidates beside them.
    score : float
        Chi-squared with all costs.
    """

    drawn: Drawn
    fit: Fit
    always: list[int]
    inside: list[int]
    score: float


@dataclass(frozen=True)
class Outcome:
    """What of a search stands.

    Attributes
    ----------
    drawn, fit : Drawn, Fit
        Templates and amounts, nuisances included.
    proved : tuple of Proof
        The strongest first.
    notes : tuple of str
        What was tried and why it is not named.
    search_score, score : float
        Chi-squared with costs of the search, and with only what is proved.
    """

    drawn: Drawn
    fit: Fit
    proved: tuple[Proof, ...]
    notes: tuple[str, ...]
    search_score: float
    score: float


def make_drawing(
    bank: DepositBank,
    prepared: Prepared,
    resolution: Resolution,
    settings: SearchSettings,
    *,
    background_error: float,
) -> Drawing:
    """All that does not change with the scale."""
    binned = prepared.binned
    own: list[FloatArray] = []
    weight: list[float] = []
    value: list[float] = []
    if binned.has_background:
        own.append(binned.background)
        weight.append(1.0 / background_error**2)
        value.append(1.0)
    if prepared.pile_up.any():
        own.append(prepared.pile_up * binned.counts.sum())
        weight.append(0.0)
        value.append(0.0)
    # what is in every background is no part of the source, once there is a background
    others = [
        i
        for i, name in enumerate(bank.other_names)
        if not (binned.has_background and (name == "cosmic" or name.endswith("crystal")))
    ]
    tiers = dict(settings.penalty)
    return Drawing(
        bank,
        prepared,
        resolution,
        prepared.whitening(settings.errors),
        np.arange(bank.owner.size),
        np.array(others, dtype=np.int64),
        np.array(own).reshape(len(own), binned.n_bin),
        np.array(weight),
        np.array(value),
        np.array([tiers[c.tier] + settings.rare * c.rare for c in bank.candidates]),
        settings.company,
    )


def search_scintillator(
    drawing: Drawing, prior: ScalePrior, settings: SearchSettings
) -> list[Found]:
    """Searches at the most promising energy scales, the best first."""
    bank = drawing.bank
    always = natural(bank)
    starts = _scan(drawing, prior, settings, always)
    refined_starts = []
    for scale, inside in starts:
        better = refined(drawing, scale, [*always, *inside], prior)
        score = better.score + float(sum(drawing.penalty[c] for c in inside))
        refined_starts.append((score, better.scale, inside))
    refined_starts.sort(key=lambda s: s[0])
    found = [
        _settle(drawing, scale, inside, prior, settings, always)
        for _, scale, inside in refined_starts[: settings.finals]
    ]
    found.sort(key=lambda f: f.score)
    return found


def _drawn_in_scan(bank: DepositBank) -> list[int]:
    return [i for i, c in enumerate(bank.candidates) if c.tier != "nuisance"]


def _banned(bank: DepositBank) -> frozenset[int]:
    return frozenset(i for i, c in enumerate(bank.candidates) if c.name in NOT_SEARCHED)


def _scan(
    drawing: Drawing, prior: ScalePrior, settings: SearchSettings, always: list[int]
) -> list[tuple[EnergyScale, list[int]]]:
    """Scale and first candidate from a grid of trial scales: the best one of each candidate."""
    bank = drawing.bank
    of_each = np.concatenate([bank.rows_of(c)[list(_SCAN_ROWS)] for c in _drawn_in_scan(bank)])
    small = replace(
        drawing,
        rows=np.sort(of_each),
        whitening=drawing.prepared.whitening(settings.errors, shift=settings.errors.shift_scan),
    )
    at = np.array([1000.0])
    step = float(drawing.resolution(at)[0]) * prior.width / 1000.0 / _PARTS_PER_WIDTH
    n = int(prior.reach / step)
    gains = prior.gain + step * np.arange(-n, n + 1)
    bends = settings.bends if prior.excess_sigma_keV > 0 else (0.0,)
    best: dict[tuple[int, ...], tuple[float, EnergyScale]] = {}
    for gain in gains[np.abs(gains - 1.0) <= prior.reach + 1e-9]:
        for bend in bends:
            scale = EnergyScale(
                gain=float(gain),
                offset_keV=prior.offset_keV,
                width=prior.width,
                excess_keV=prior.excess_keV + bend * prior.excess_sigma_keV,
                tilt=prior.tilt,
            )
            mixture = small.at(scale).mixture
            fit = mixture.fit(always)
            cost = prior.penalty(scale)
            for c in (None, *mixture.promising(fit, always, most=4, banned=_banned(bank))):
                inside = [] if c is None else [c]
                score = mixture.fit([*always, *inside]).chi2 + cost
                score += float(sum(drawing.penalty[i] for i in inside))
                key = tuple(inside)
                if key not in best or score < best[key][0]:
                    best[key] = (score, scale)
    order = sorted(best, key=lambda k: best[k][0])[: settings.starts]
    return [(best[k][1], list(k)) for k in order]


def _settle(
    drawing: Drawing,
    scale: EnergyScale,
    inside: list[int],
    prior: ScalePrior,
    settings: SearchSettings,
    always: list[int],
) -> Found:
    """Search and refinement of the scale in turns until the candidates stay the same."""
    best: Found | None = None
    for _ in range(_ROUNDS):
        drawn = drawing.at(scale)
        inside_now, fit = drawn.mixture.search(
            always,
            entry=settings.entry,
            most=settings.most,
            shortlist=settings.shortlist,
            banned=_banned(drawing.bank),
        )
        score = drawn.mixture.score(fit, inside_now) + prior.penalty(scale)
        if best is None or score < best.score:
            best = Found(drawn, fit, always, inside_now, score)
        if set(inside_now) == set(inside):
            break
        inside = inside_now
        scale = refined(drawing, scale, [*always, *inside], prior).scale
    if best is None:
        raise InvalidInput("no round of the search was made")
    return best


def doubted(found: Found, errors: ModelErrors) -> Drawn:
    """The same templates where strong peaks of what was found may be wrong by something.

    Flanks of strong peaks, wrong branching ratios and the like are then no longer taken for
    further nuclides.
    """
    drawing = found.drawn.drawing
    extra = peak_errors(
        found.drawn,
        found.fit,
        [*found.always, *found.inside],
        amount=errors.peak_amount,
        shift=errors.peak_shift,
        width=errors.peak_width,
    )
    doubtful = replace(drawing, whitening=drawing.prepared.whitening(errors, extra=extra))
    return doubtful.at(found.drawn.scale)


def proved(
    found: Found, settings: SearchSettings, rules: PeakRules, verdict: VerdictSettings
) -> Outcome:
    """What of a search stands: searched again with doubt, and tried nuclide by nuclide.

    What falls is banned, the weakest first, and the search repeated, so that what it took from the
    others comes back to those.
    """
    errors = settings.errors
    drawing = found.drawn.drawing
    bank = drawing.bank
    free = drawing.prepared.whitening(errors, local=settings.free_local)
    drawn = doubted(found, errors)
    always = found.always
    banned = _banned(bank)
    notes: list[str] = []
    while True:
        inside, fit = drawn.mixture.search(
            always,
            entry=settings.entry,
            most=settings.most,
            shortlist=settings.shortlist,
            banned=banned,
        )
        every = [*always, *inside]
        proofs = [
            prove(drawn, fit, every, c, free=free, rules=rules)
            for c in every
            if bank.candidates[c].tier != "nuisance"
        ]
        judgement = judge(proofs, verdict, has_background=drawing.prepared.binned.has_background)
        fallen = [r for r in judgement.rejected if bank.index(r.name) in inside and not r.stays]
        if not fallen:
            notes += [r.reason for r in judgement.rejected if r.stays]
            break
        banned |= {bank.index(fallen[0].name)}
        notes.append(fallen[0].reason)
    base = found.drawn.mixture
    stands = [bank.index(p.name) for p in judgement.proved if bank.index(p.name) in inside]
    score = base.score(base.fit([*always, *stands]), stands)
    return Outcome(drawn, fit, tuple(judgement.proved), tuple(notes), found.score, score)

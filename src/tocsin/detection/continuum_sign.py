"""A source that shows no line: what a smooth excess over the background is a sign of."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.detection.continuum_photons import BETAS, FISSION
from tocsin.detection.deposits import CONTINUUM
from tocsin.detection.drawn import Drawn
from tocsin.detection.mixture import Fit

_LEAST_GAIN = 25.0
_LEAST_PART = 0.3
"""Excess over the background below which surroundings and shadows may make it."""
_UNLIKE_PART = 1.0
_UNLIKE_COUNTS = 1000.0
"""Excess that no change of the surroundings makes without lines, and that is no chance either."""

_WORDS = {
    FISSION: "photons without lines up to the highest energies: fission, as of Cf-252 and other "
    "neutron sources",
    BETAS: "photons without lines, as betas make in matter: Sr-90 with Y-90, P-32 and others are "
    "not told apart",
}


@dataclass(frozen=True, slots=True)
class ContinuumSign:
    """Name under which a source without lines is told, fall of chi-squared by it, and words.

    Without a name where the excess is large and like nothing that is known.
    """

    name: str | None
    gain: float
    words: str


def continuum_sign(drawn: Drawn, fit: Fit) -> ContinuumSign | None:
    """What a finished fit says of a source without lines; None where it holds none.

    Parameters
    ----------
    drawn, fit
        Templates and the fit. Only an excess over a measured background is a sign: without one,
        cosmic rays and the surroundings make a continuum as well.
    """
    binned, bank = drawn.drawing.prepared.binned, drawn.drawing.bank
    without = [c for c in fit.amounts if not bank.candidates[c].name.startswith(CONTINUUM)]
    inside = [c for c in fit.amounts if c not in without and fit.amounts[c].sum() > 0]
    if not binned.has_background:
        return None
    if not inside:
        return _unlike(drawn, fit)
    counts = {c: float(drawn.part(fit, c).sum()) for c in inside}
    excess, nature = sum(counts.values()), sum(float(drawn.part(fit, c).sum()) for c in without)
    gain = drawn.mixture.fit(without).chi2 - fit.chi2
    if gain < _LEAST_GAIN or excess < max(_LEAST_PART * float(binned.background.sum()), nature):
        return None
    strongest = max(counts, key=lambda c: counts[c])
    name = FISSION if bank.candidates[strongest].name == CONTINUUM + FISSION else BETAS
    return ContinuumSign(name, gain, _WORDS[name])


def _unlike(drawn: Drawn, fit: Fit) -> ContinuumSign | None:
    """More than twice the background, that natural nuclides do not explain either."""
    binned = drawn.drawing.prepared.binned
    background = float(binned.background.sum())
    explained = sum(float(drawn.part(fit, c).sum()) for c in fit.amounts)
    rest = float(binned.counts.sum()) - background - explained
    if rest < _UNLIKE_PART * (background + explained) or rest < _UNLIKE_COUNTS:
        return None
    words = (
        f"{1.0 + rest / background:.1f} times the counts of the background, smooth and without a "
        "line: scattered, fission or bremsstrahlung photons"
    )
    return ContinuumSign(None, 0.0, words)

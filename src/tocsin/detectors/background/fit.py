"""A measured background in its components: weights, instrument, and how well it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.background.components import (
    PARAMETERS,
    BackgroundComponents,
    Instrument,
)
from tocsin.detectors.background.likelihood import Likelihood
from tocsin.detectors.background.misfit import Misfit, misfit_of
from tocsin.detectors.background.origins import Component
from tocsin.detectors.background.uncertainty import OriginRate, uncertainties_of
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

LOW_KEV, HIGH_KEV = 50.0, 2800.0
LOWEST_KEV, HIGHEST_KEV = 30.0, 3000.0  # where the components are valid
LEAST_COUNTS = 500.0


@dataclass(frozen=True)
class BackgroundFit:
    """What a measured background is made of.

    Parameters
    ----------
    components : tuple of Component
        What was offered.
    amounts, amount_sigma : (k,) float
        Amount of each in its unit, and one standard deviation with the instrument free; the
        deviation of an amount of zero is that to one side. A component of which the range of the
        fit holds less than a thousandth is left out: amount zero, deviation infinite.
    counts_of : (k,) float
        Counts of each within the range of the fit.
    instrument : Instrument
        Energy scale, widths and layers.
    instrument_sigma : (7,) float
        One standard deviation each.
    origin_rates : mapping of str to OriginRate
        Counts per second of each origin within the range of the fit, and one standard deviation.
    expected : (n_channel,) float
        Counts of the fit in every channel, also outside the range.
    used : (n_channel,) bool
        Channels of the fit.
    range_keV : (float, float)
        Where the first of them begins and the last ends, by the energies of the file.
    misfit : Misfit
        How well it holds.
    converged : bool
        False when the turns ran out, or no part of a step that promised more made the likelihood
        rise.
    response : str
        Whence the answer of the detector to the fields: ``"simulated"`` or ``"deterministic"``.
    parameters : tuple of str
        Names of the numbers of the instrument, in the order of ``instrument_sigma``.
    """

    components: tuple[Component, ...]
    amounts: FloatArray
    amount_sigma: FloatArray
    counts_of: FloatArray
    instrument: Instrument
    instrument_sigma: FloatArray
    origin_rates: Mapping[str, OriginRate]
    expected: FloatArray
    used: NDArray[np.bool_]
    range_keV: tuple[float, float]
    misfit: Misfit
    converged: bool
    response: str
    parameters: tuple[str, ...] = PARAMETERS


def fit_background(
    background: BackgroundComponents,
    counts: ArrayLike,
    live_time_s: float,
    *,
    low_keV: float = LOW_KEV,
    high_keV: float = HIGH_KEV,
) -> BackgroundFit:
    """Most likely mixture of components, none negative, with the instrument free within its priors.

    Maximises the Poisson likelihood times Gaussian priors of the seven numbers of
    :class:`Instrument` by Fisher scoring: each turn solves the weighted least squares of counts by
    components and derivatives, components held at or above zero, layers and size within what is
    drawn, and goes as far along as the likelihood rises. Gains within 6 per cent (fewer where peaks
    are narrow) are tried first.

    Parameters
    ----------
    background : BackgroundComponents
        Components of the detector on the channels of the spectrum.
    counts : (n_channel,) float
        Counts as the instrument wrote them.
    live_time_s : float
        Their time.
    low_keV, high_keV : float
        Range of the fit by the energies of the file, within 30 to 3000 keV; the last channel is
        left out in any case.

    Returns
    -------
    BackgroundFit

    Raises
    ------
    InvalidInput
        When counts are negative, fractional or of the wrong number, the time is not positive, the
        range is not within 30 to 3000 keV, fewer than 500 counts lie in it, or it has not more
        groups of 20 counts than numbers that are free.

    Notes
    -----
    Priors, one standard deviation: offset half a peak width at 60 keV, gain as far as was tried,
    bend half a relative width at 662 keV, width 0.2, its slope 0.2, layers 0.7, size 0.1.
    Uncertainties are those of the counts and these priors; what the components themselves are
    wrong by is not in them, and shows in the misfit.
    """
    observed, used = counts_to_fit(
        background.edges_keV, counts, live_time_s, low_keV=low_keV, high_keV=high_keV
    )
    likelihood = Likelihood(background, observed, float(live_time_s), used)
    amounts, instrument, converged = likelihood.solved(*likelihood.first())
    return _result(likelihood, observed, amounts, instrument, converged)


def counts_to_fit(
    edges_keV: FloatArray,
    counts: ArrayLike,
    live_time_s: float,
    *,
    low_keV: float = LOW_KEV,
    high_keV: float = HIGH_KEV,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Counts and channels of a fit, or at once what is wrong with them.

    Parameters
    ----------
    edges_keV : (n_channel + 1,) float
        Channel edges.
    counts, live_time_s, low_keV, high_keV :
        As for :func:`fit_background`.

    Returns
    -------
    counts : (n_channel,) float
    used : (n_channel,) bool

    Raises
    ------
    InvalidInput
        As there, but for the number of groups.
    """
    if not LOWEST_KEV <= low_keV < high_keV <= HIGHEST_KEV:
        raise InvalidInput(
            f"the range of the fit must lie within {LOWEST_KEV:g} to {HIGHEST_KEV:g} keV and rise, "
            f"not go from {low_keV:g} to {high_keV:g} keV"
        )
    observed = _checked(edges_keV.size - 1, counts, live_time_s)
    used = (edges_keV[:-1] >= low_keV) & (edges_keV[1:] <= high_keV)
    used[-1] = False
    total = float(observed[used].sum())
    if total < LEAST_COUNTS:
        raise InvalidInput(
            f"{total:.0f} counts between {low_keV:g} and {high_keV:g} keV are too few to be taken "
            f"apart: at least {LEAST_COUNTS:.0f} are needed"
        )
    return observed, used


def _checked(n: int, counts: ArrayLike, live_time_s: float) -> FloatArray:
    observed = np.asarray(counts, dtype=np.float64)
    if observed.shape != (n,):
        raise InvalidInput(f"{observed.shape} counts do not match {n} channels")
    if not (np.all(np.isfinite(observed)) and np.all(observed >= 0)):
        raise InvalidInput("counts must be numbers, none negative: give the spectrum as measured")
    if np.any(observed != np.round(observed)):
        raise InvalidInput(
            "counts are not whole: a spectrum that was subtracted or scaled has no Poisson "
            "likelihood; give the spectrum as measured"
        )
    if not (np.isfinite(live_time_s) and live_time_s > 0):
        raise InvalidInput(f"live_time_s must be positive, not {live_time_s!r}")
    return observed


def _result(
    likelihood: Likelihood,
    observed: FloatArray,
    amounts: FloatArray,
    instrument: Instrument,
    converged: bool,
) -> BackgroundFit:
    background, used = likelihood.background, likelihood.used
    rows = background.counts(instrument) * likelihood.time
    whole = likelihood.whole(amounts)
    expected = whole @ rows
    uncertainties = uncertainties_of(likelihood, amounts, instrument)
    misfit = misfit_of(background.edges_keV, observed, expected, used, uncertainties.free)
    at = np.flatnonzero(used)
    low, high = float(background.edges_keV[at[0]]), float(background.edges_keV[at[-1] + 1])
    if misfit.groups <= misfit.parameters:
        raise InvalidInput(
            f"{misfit.groups} groups of 20 counts between {low:.0f} and {high:.0f} keV cannot tell "
            f"{misfit.parameters} numbers apart: take a wider range or measure longer"
        )
    sigma = np.full(whole.size, np.inf)
    sigma[likelihood.seen] = uncertainties.amount_sigma
    return BackgroundFit(
        components=background.components,
        amounts=whole,
        amount_sigma=sigma,
        counts_of=whole * rows[:, used].sum(axis=1),
        instrument=instrument,
        instrument_sigma=uncertainties.instrument_sigma,
        origin_rates=uncertainties.origins,
        expected=expected,
        used=used,
        range_keV=(low, high),
        misfit=misfit,
        converged=converged,
        response=background.response,
    )

"""A measured background in its components: weights, instrument, and how well it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import lsq_linear, nnls

from tocsin.detectors.background.components import (
    PARAMETERS,
    REACHES,
    BackgroundComponents,
    Instrument,
)
from tocsin.detectors.background.misfit import Misfit, misfit_of
from tocsin.detectors.background.origins import Component
from tocsin.errors import InvalidInput

FloatArray = NDArray[np.float64]

LOW_KEV, HIGH_KEV = 50.0, 2800.0
LEAST_COUNTS = 500.0
MOST_TURNS = 60
TOLERANCE = 1e-4  # of twice the log-likelihood
LEAST_EXPECTED = 1e-9  # counts per channel below which the model is not let fall
_GAIN_REACH = 0.06
_FEW_KEV = 0.5


@dataclass(frozen=True)
class BackgroundFit:
    """What a measured background is made of.

    Parameters
    ----------
    components : tuple of Component
        What was offered.
    amounts, amount_sigma : (k,) float
        Amount of each in its unit, and one standard deviation with the instrument free; the
        deviation of an amount of zero is that to one side.
    counts_of : (k,) float
        Counts of each within the range of the fit.
    instrument : Instrument
        Energy scale, widths and layers.
    instrument_sigma : (7,) float
        One standard deviation each.
    origin_rates : mapping of str to (float, float)
        Counts per second of each origin and one standard deviation, correlations included.
    expected : (n_channel,) float
        Counts of the fit in every channel, also outside the range.
    used : (n_channel,) bool
        Channels of the fit.
    misfit : Misfit
        How well it holds.
    deviance : float
        Twice the log-likelihood ratio against the counts themselves, without the priors.
    converged : bool
        False when the turns ran out.
    parameters : tuple of str
        Names of the numbers of the instrument, in the order of ``instrument_sigma``.
    """

    components: tuple[Component, ...]
    amounts: FloatArray
    amount_sigma: FloatArray
    counts_of: FloatArray
    instrument: Instrument
    instrument_sigma: FloatArray
    origin_rates: Mapping[str, tuple[float, float]]
    expected: FloatArray
    used: NDArray[np.bool_]
    misfit: Misfit
    deviance: float
    converged: bool
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
    components and derivatives, components held at or above zero, and goes as far along as the
    likelihood rises. Gains within 6 per cent (fewer where peaks are narrow) are tried first.

    Parameters
    ----------
    background : BackgroundComponents
        Components of the detector on the channels of the spectrum.
    counts : (n_channel,) float
        Counts as the instrument wrote them.
    live_time_s : float
        Their time.
    low_keV, high_keV : float
        Range of the fit by the energies of the file; the last channel is left out in any case.

    Returns
    -------
    BackgroundFit

    Raises
    ------
    InvalidInput
        When counts are negative, fractional or of the wrong number, the time is not positive, or
        fewer than 500 counts lie in the range.

    Notes
    -----
    Priors, one standard deviation: offset half a peak width at 60 keV, gain as far as was tried,
    bend half a relative width at 662 keV, width 0.2, its slope 0.2, layers 0.7, size 0.1.
    Uncertainties are those of the counts and these priors; what the components themselves are
    wrong by is not in them, and shows in the misfit.
    """
    observed = _checked(background, counts, live_time_s)
    edges = background.edges_keV
    used = (edges[:-1] >= low_keV) & (edges[1:] <= high_keV)
    used[-1] = False
    total = float(observed[used].sum())
    if total < LEAST_COUNTS:
        raise InvalidInput(
            f"{total:.0f} counts between {low_keV:g} and {high_keV:g} keV are too few to be taken "
            f"apart: at least {LEAST_COUNTS:.0f} are needed"
        )
    prior = _priors(background)
    problem = _Problem(background, observed, float(live_time_s), used, prior)
    start = problem.first(prior)
    amounts, instrument, converged = problem.solved(*start)
    return problem.result(amounts, instrument, converged)


def _checked(background: BackgroundComponents, counts: ArrayLike, live_time_s: float) -> FloatArray:
    observed = np.asarray(counts, dtype=np.float64)
    n = background.edges_keV.size - 1
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


def _priors(background: BackgroundComponents) -> FloatArray:
    """Standard deviations of the seven numbers of the instrument."""
    fwhm = background.model.fwhm_keV(np.array([60.0, 661.66]))
    relative = float(fwhm[1]) / 661.66
    gain = min(_GAIN_REACH, 3 * relative)
    return np.array([float(fwhm[0]) / 2, gain, relative / 2, 0.2, 0.2, 0.7, 0.1])


class _Problem:
    """Likelihood of one spectrum."""

    def __init__(
        self,
        background: BackgroundComponents,
        observed: FloatArray,
        live_time_s: float,
        used: NDArray[np.bool_],
        prior: FloatArray,
    ) -> None:
        self.background, self.observed, self.time = background, observed, live_time_s
        self.used, self.prior = used, prior
        self.n = observed[used]
        self.most = np.array([c.most for c in background.components])

    def rows(self, instrument: Instrument) -> FloatArray:
        """Counts in the channels of the fit for amounts of one."""
        return self.background.counts(instrument)[:, self.used] * self.time

    def deviance(self, expected: FloatArray) -> float:
        mu = np.maximum(expected, LEAST_EXPECTED)
        some = self.n > 0
        return float(
            2 * (mu - self.n).sum() + 2 * (self.n[some] * np.log(self.n[some] / mu[some])).sum()
        )

    def penalised(self, expected: FloatArray, instrument: Instrument) -> float:
        return self.deviance(expected) + float(((instrument.values() / self.prior) ** 2).sum())

    def first(self, prior: FloatArray) -> tuple[FloatArray, Instrument]:
        """Best of the gains tried, each with its own amounts."""
        fwhm = float(self.background.model.fwhm_keV(661.66)) / 661.66
        steps = max(2, int(np.ceil(prior[1] / (fwhm / 3))))
        tried = []
        for gain in np.linspace(-prior[1], prior[1], 2 * steps + 1):
            instrument = Instrument(gain=float(gain))
            rows = self.rows(instrument)
            amounts = self._amounts(rows)
            tried.append((self.penalised(amounts @ rows, instrument), amounts, instrument))
        _, amounts, instrument = min(tried, key=lambda one: one[0])
        return amounts, instrument

    def _amounts(self, rows: FloatArray, turns: int = 3) -> FloatArray:
        """Amounts for a fixed instrument."""
        weight = 1 / np.sqrt(np.maximum(self.n, 1.0))
        scale = np.maximum(rows.sum(axis=1), 1e-300)
        amounts = np.zeros(rows.shape[0])
        for _ in range(turns):
            amounts, _ = nnls((rows / scale[:, None] * weight).T, self.n * weight)
            amounts = np.minimum(amounts / scale, self.most)
            # a floor, so that channels that the first turn left empty do not rule the next
            weight = 1 / np.sqrt(np.maximum(amounts @ rows, 0.5))
        return amounts

    def solved(
        self, amounts: FloatArray, instrument: Instrument
    ) -> tuple[FloatArray, Instrument, bool]:
        rows = self.rows(instrument)
        value = self.penalised(amounts @ rows, instrument)
        for _ in range(MOST_TURNS):
            step_amounts, step_values = self._step(rows, amounts, instrument)
            moved = False
            for part in (1.0, 0.5, 0.25, 0.1, 0.03, 0.01):
                values = instrument.values() + part * step_values
                for name, nodes in REACHES.items():
                    at = PARAMETERS.index(name)
                    values[at] = np.clip(values[at], nodes[0], nodes[-1])
                new = Instrument.of(values)
                new_rows = self.rows(new)
                new_amounts = amounts + part * (step_amounts - amounts)
                new_value = self.penalised(new_amounts @ new_rows, new)
                if new_value < value:
                    moved = True
                    break
            if not moved:
                return amounts, instrument, True
            gained = value - new_value
            rows, amounts, instrument, value = new_rows, new_amounts, new, new_value
            if gained < TOLERANCE:
                return amounts, instrument, True
        return amounts, instrument, False

    def _step(
        self, rows: FloatArray, amounts: FloatArray, instrument: Instrument
    ) -> tuple[FloatArray, FloatArray]:
        """New amounts and change of the instrument, from the weighted least squares."""
        slopes = self.background.derivatives(amounts, instrument)[:, self.used] * self.time
        mu = np.maximum(amounts @ rows, 1e-3)
        weight = 1 / np.sqrt(mu)
        scale = np.concatenate((1 / np.maximum(rows.sum(axis=1), 1e-300), self.prior))
        design = np.concatenate((rows, slopes)) * scale[:, None] * weight
        k, p = rows.shape[0], slopes.shape[0]
        held = np.zeros((k + p, p))
        held[k:] = np.eye(p)
        target = np.concatenate((self.n * weight, -instrument.values() / self.prior))
        low = np.concatenate((np.zeros(k), np.full(p, -np.inf)))
        high = np.concatenate((self.most / scale[:k], np.full(p, np.inf)))
        design = np.concatenate((design, held), axis=1)
        found = lsq_linear(design.T, target, (low, high), method="bvls")
        solution = found.x * scale
        return np.clip(solution[:k], 0.0, self.most), solution[k:]

    def result(self, amounts: FloatArray, instrument: Instrument, converged: bool) -> BackgroundFit:
        rows = self.rows(instrument)
        expected = amounts @ self.background.counts(instrument) * self.time
        slopes = self.background.derivatives(amounts, instrument)[:, self.used] * self.time
        totals = rows.sum(axis=1)
        counts_of = amounts * totals
        free = np.concatenate((counts_of > _FEW_KEV, np.ones(len(PARAMETERS), dtype=bool)))
        scale = np.concatenate((1 / np.maximum(totals, 1e-300), self.prior))
        design = np.concatenate((rows, slopes)) * scale[:, None]
        inverse = 1 / np.maximum(expected[self.used], 1e-3)
        information = (design * inverse) @ design.T
        k = amounts.size
        information[k:, k:] += np.eye(len(PARAMETERS))
        covariance = np.zeros_like(information)
        inside = np.ix_(free, free)
        covariance[inside] = np.linalg.pinv(information[inside], hermitian=True)
        sigma = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        for j in np.flatnonzero(~free[:k]):
            # one more component let in: what it could be by itself
            left = (
                information[j, j] - information[j, free] @ covariance[inside] @ information[free, j]
            )
            sigma[j] = 1 / np.sqrt(max(float(left), 1e-300))
        origins = {}
        listed = self.background.components
        for origin in dict.fromkeys(c.origin for c in listed):
            at = np.array([c.origin == origin for c in listed])
            part = covariance[:k, :k][np.ix_(at, at)]
            value = float(counts_of[at].sum()) / self.time
            origins[origin] = (value, float(np.sqrt(max(part.sum(), 0.0))) / self.time)
        return BackgroundFit(
            components=listed,
            amounts=amounts,
            amount_sigma=sigma[:k] * scale[:k],
            counts_of=counts_of,
            instrument=instrument,
            instrument_sigma=sigma[k:] * self.prior,
            origin_rates=origins,
            expected=expected,
            used=self.used,
            misfit=misfit_of(
                self.background.edges_keV, self.observed, expected, self.used, int(free.sum())
            ),
            deviance=self.deviance(expected[self.used]),
            converged=converged,
        )

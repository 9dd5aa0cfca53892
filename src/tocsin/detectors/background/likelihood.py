"""Likelihood of a measured background, and the way to its top."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.background.bounded import bounded_least_squares
from tocsin.detectors.background.components import (
    PARAMETERS,
    REACHES,
    BackgroundComponents,
    Instrument,
)

FloatArray = NDArray[np.float64]

MOST_TURNS = 60
TOLERANCE = 1e-3  # of twice the log-likelihood: three hundredths of one standard deviation
LEAST_EXPECTED = 1e-3  # counts per channel below which the logarithm goes on as a straight line
LEAST_SHARE = 1e-3  # of a component that must lie in the range of the fit
PARTS = (1.0, 0.5, 0.25, 0.1, 0.03, 0.01, 0.003, 0.001)  # of a step that are tried in turn
GAIN_REACH = 0.06


def instrument_priors(background: BackgroundComponents) -> FloatArray:
    """Standard deviations ``(7,)`` of the numbers of the instrument, in their own units."""
    fwhm = background.model.fwhm_keV(np.array([60.0, 661.66]))
    relative = float(fwhm[1]) / 661.66
    gain = min(GAIN_REACH, 3 * relative)
    return np.array([float(fwhm[0]) / 2, gain, relative / 2, 0.2, 0.2, 0.7, 0.1])


class Likelihood:
    """Poisson likelihood of one spectrum times the priors of the instrument.

    Parameters
    ----------
    background : BackgroundComponents
        Components on the channels of the spectrum.
    observed : (n_channel,) float
        Counts.
    live_time_s : float
        Their time.
    used : (n_channel,) bool
        Channels of the fit.

    Attributes
    ----------
    seen : (component,) bool
        Components of which at least a thousandth lies in the channels of the fit. Only these are
        fitted: amounts below are ``(seen,)``.
    prior : (7,) float
        One standard deviation of each number of the instrument.
    """

    def __init__(
        self,
        background: BackgroundComponents,
        observed: FloatArray,
        live_time_s: float,
        used: NDArray[np.bool_],
    ) -> None:
        self.background, self.time, self.used = background, live_time_s, used
        self.prior = instrument_priors(background)
        self.n = observed[used]
        rows = background.counts()
        self.seen = rows[:, used].sum(axis=1) > LEAST_SHARE * rows.sum(axis=1)
        self.most = np.array([c.most for c in background.components])[self.seen]

    def rows(self, instrument: Instrument) -> FloatArray:
        """Counts ``(seen, channel of the fit)`` for amounts of one."""
        rows = self.background.counts(instrument)
        return np.asarray(rows[np.ix_(self.seen, self.used)] * self.time)

    def slopes(self, amounts: FloatArray, instrument: Instrument) -> FloatArray:
        """Derivatives ``(7, channel of the fit)`` of the counts by the instrument's numbers."""
        found = self.background.derivatives(self.whole(amounts), instrument)
        return found[:, self.used] * self.time

    def whole(self, amounts: FloatArray) -> FloatArray:
        """Amounts ``(component,)`` of all, zero for those that are not seen."""
        out = np.zeros(self.seen.size)
        out[self.seen] = amounts
        return out

    def deviance(self, expected: FloatArray) -> float:
        """Twice the log-likelihood ratio of the counts themselves against what is expected."""
        mu = np.maximum(expected, LEAST_EXPECTED)
        some = self.n > 0
        seen = self.n[some]
        logs = np.log(seen / mu[some]) - (expected[some] / mu[some] - 1)
        return float(2 * (expected - self.n).sum() + 2 * (seen * logs).sum())

    def penalised(self, expected: FloatArray, instrument: Instrument) -> float:
        """The deviance with the squares of the priors."""
        return self.deviance(expected) + float(((instrument.values() / self.prior) ** 2).sum())

    def first(self) -> tuple[FloatArray, Instrument]:
        """Best of the gains tried, each with its own amounts."""
        fwhm = float(self.background.model.fwhm_keV(661.66)) / 661.66
        reach = self.prior[PARAMETERS.index("gain")]
        steps = max(2, int(np.ceil(reach / (fwhm / 3))))
        tried = []
        for gain in np.linspace(-reach, reach, 2 * steps + 1):
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
        none, most = np.zeros(scale.size), self.most * scale
        amounts = none
        for _ in range(turns):
            design = rows / scale[:, None] * weight
            found, _ = bounded_least_squares(design, self.n * weight, none, most)
            amounts = found / scale
            # a floor, so that channels that the first turn left empty do not rule the next
            weight = 1 / np.sqrt(np.maximum(amounts @ rows, 0.5))
        return amounts

    def solved(
        self, amounts: FloatArray, instrument: Instrument
    ) -> tuple[FloatArray, Instrument, bool]:
        """The top from a start, and whether it was reached.

        It is reached when a whole step promises less than ``TOLERANCE``. A step of which no part
        makes the likelihood rise although it promises more is no top.
        """
        rows = self.rows(instrument)
        value = self.penalised(amounts @ rows, instrument)
        for _ in range(MOST_TURNS):
            step_amounts, change, promised = self._step(rows, amounts, instrument)
            if promised < TOLERANCE:
                return amounts, instrument, True
            for part in PARTS:
                new = Instrument.of(instrument.values() + part * change)
                new_rows = self.rows(new)
                new_amounts = amounts + part * (step_amounts - amounts)
                new_value = self.penalised(new_amounts @ new_rows, new)
                if new_value < value:
                    break
            else:
                return amounts, instrument, False
            rows, amounts, instrument, value = new_rows, new_amounts, new, new_value
        return amounts, instrument, False

    def _step(
        self, rows: FloatArray, amounts: FloatArray, instrument: Instrument
    ) -> tuple[FloatArray, FloatArray, float]:
        """New amounts, change of the instrument, and by how much the deviance should fall.

        Weighted least squares whose slope at the start is that of the likelihood, with bounds for
        amounts and for the numbers of the instrument that are drawn between ends.
        """
        expected, values = amounts @ rows, instrument.values()
        mu = np.maximum(expected, LEAST_EXPECTED)
        weight = 1 / np.sqrt(mu)
        scale = np.concatenate((1 / np.maximum(rows.sum(axis=1), 1e-300), self.prior))
        design = np.concatenate((rows, self.slopes(amounts, instrument)))
        k, p = rows.shape[0], values.size
        low = np.concatenate((np.zeros(k), np.full(p, -np.inf)))
        high = np.concatenate((self.most, np.full(p, np.inf)))
        for name, nodes in REACHES.items():
            at = PARAMETERS.index(name)
            low[k + at], high[k + at] = nodes[0] - values[at], nodes[-1] - values[at]
        held = np.concatenate((np.zeros((k, p)), np.eye(p)))
        found, square = bounded_least_squares(
            np.concatenate((design * scale[:, None] * weight, held), axis=1),
            np.concatenate(((self.n + expected - mu) * weight, -values / self.prior)),
            low / scale,
            high / scale,
        )
        now = (((self.n - mu) * weight) ** 2).sum() + ((values / self.prior) ** 2).sum()
        solution = found * scale
        return np.minimum(solution[:k], self.most), solution[k:], float(now) - square

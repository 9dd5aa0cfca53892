"""Peaks over a continuum in one stretch of a spectrum, fitted together by maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from tocsin.spectrometry.shape import FWHM_PER_SIGMA, NO_TAIL, Profiles, Tail, bends, profiles

FloatArray = NDArray[np.float64]

MOST_STEPS = 30
LARGEST_STEP = 0.1
"""Upper bound of the step height, in areas per full width at half maximum."""
MOVE_FWHM = 0.8
"""How far a centre may move from where it was proposed, in full widths at half maximum."""
END_FWHM = 0.8
"""Distance from the ends of the region that a centre keeps, in full widths at half maximum."""
TAIL_LENGTHS = (0.7, 12.0)
"""Range of tail lengths in standard deviations: a shorter one is only a skewed Gaussian."""
_FLOOR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class RegionProblem:
    """What is fitted: counts, and where to start.

    Attributes
    ----------
    counts : (n,) float
        Poisson counts per channel.
    edges_keV : (n + 1,) float
        Channel edges.
    centres_keV, areas, sigma_keV : (k,) float
        Start values of the peaks; ``sigma_keV`` is also the centre of the width's prior.
    width_sigma : (k,) float
        Prior standard deviation of the logarithm of each peak's width factor; 0 fixes it.
    tail : Tail
        Start value, and centre of the prior.
    tail_sigma : (float, float) or None
        Prior standard deviations of fraction and log length; None keeps the tail as it is.
    coordinate : (n,) float or None
        Place of each channel in the region, rising from 0 to 1: the axis of the continuum. None
        takes the energy.
    n_smooth : int
        Coefficients of the continuum: 2 is a straight line, 3 a parabola, more a spline.
    step : bool
        Whether a step may stand under each peak, in proportion to its area.
    fixed : (n,) float or None
        Counts expected from peaks of neighbouring regions.
    fixed_centres : bool
        Whether the centres stay where they are.
    signed_areas : bool
        Whether areas may be negative: for asking how much there is at a given energy.
    natural_keV : (k,) float or None
        Natural widths of X-rays, 0 for gammas; None for gammas only.
    homes_keV : (k,) float or None
        Where each peak was first proposed: it may not wander further than ``MOVE_FWHM`` from there.
        None takes ``centres_keV``.
    start_continuum : (n,) float or None
        Continuum of an earlier fit to start from, in counts per keV.
    start_width_factor : (k,) float or None
        Width factors of an earlier fit to start from.
    start_step : float
        Step of an earlier fit to start from.
    """

    counts: FloatArray
    edges_keV: FloatArray
    centres_keV: FloatArray
    areas: FloatArray
    sigma_keV: FloatArray
    width_sigma: FloatArray
    tail: Tail = NO_TAIL
    tail_sigma: tuple[float, float] | None = None
    coordinate: FloatArray | None = None
    n_smooth: int = 2
    step: bool = False
    fixed: FloatArray | None = None
    fixed_centres: bool = False
    signed_areas: bool = False
    natural_keV: FloatArray | None = None
    homes_keV: FloatArray | None = None
    start_continuum: FloatArray | None = None
    start_width_factor: FloatArray | None = None
    start_step: float = 0.0

    @property
    def places(self) -> FloatArray:
        """Place of each channel on the axis of the continuum, 0 to 1."""
        if self.coordinate is not None:
            return self.coordinate
        edges = self.edges_keV
        return np.asarray((0.5 * (edges[1:] + edges[:-1]) - edges[0]) / (edges[-1] - edges[0]))


@dataclass(frozen=True, slots=True, eq=False)
class RegionFit:
    """Result of the fit of one region; arrays as in :class:`RegionProblem`.

    Attributes
    ----------
    problem : RegionProblem
        What was fitted.
    centres_keV, areas, sigma_keV : (k,) float
        Estimates. ``areas`` are the maximum-likelihood values; :attr:`unbiased_areas` are to be
        reported.
    width_factor : (k,) float
        Width over the prior's.
    tail : Tail
        Tail of the region.
    step : float
        Height of the step in areas per full width at half maximum.
    continuum : (n,) float
        Expected counts of the smooth continuum and the steps, without peaks.
    expected : (n,) float
        Expected counts in all.
    covariance : (p, p) float
        Of the parameters, in the order areas, centres, continuum, step, log width factors, tail
        fraction, log tail length; zero rows for what was held.
    jacobian : (p, n) float
        Derivatives of ``expected``.
    prior_weight : (p,) float
        Inverse variances of the priors.
    deviance : float
        Twice the logarithm of the likelihood ratio to the saturated model.
    chi_squared : float
        Pearson's.
    freedom : int
        Channels less fitted parameters.
    objective : float
        Deviance with the priors' penalties: what was minimised.
    """

    problem: RegionProblem
    centres_keV: FloatArray
    areas: FloatArray
    sigma_keV: FloatArray
    width_factor: FloatArray
    tail: Tail
    step: float
    continuum: FloatArray
    expected: FloatArray
    covariance: FloatArray
    jacobian: FloatArray
    prior_weight: FloatArray
    deviance: float
    chi_squared: float
    freedom: int
    objective: float

    @property
    def n_peak(self) -> int:
        """Number of peaks."""
        return int(self.areas.size)

    @property
    def area_covariance(self) -> FloatArray:
        """Covariance of the areas ``(k, k)``."""
        return self.covariance[: self.n_peak, : self.n_peak]

    @property
    def centre_uncertainty_keV(self) -> FloatArray:
        """Standard uncertainties of the centres ``(k,)``; with the room of one at its end."""
        k = self.n_peak
        fitted = np.sqrt(np.maximum(np.diag(self.covariance)[k : 2 * k], 0.0))
        room = MOVE_FWHM * FWHM_PER_SIGMA * self.sigma_keV
        return np.where(self.at_end, np.hypot(fitted, room), fitted)

    @property
    def at_end(self) -> NDArray[np.bool_]:
        """Which peaks stand at the end of where they may ``(k,)``: what drew them lies beyond."""
        low, high = centre_limits(self.problem)
        room = 1e-6 * FWHM_PER_SIGMA * self.sigma_keV
        free = high > low
        return free & ((self.centres_keV <= low + room) | (self.centres_keV >= high - room))

    @property
    def log_width_uncertainty(self) -> FloatArray:
        """Standard uncertainty of the logarithm of each width ``(k,)``."""
        start = 2 * self.n_peak + self.problem.n_smooth + 1
        return np.sqrt(np.maximum(np.diag(self.covariance)[start : start + self.n_peak], 0.0))

    def covariance_at(self, expected: FloatArray) -> FloatArray:
        """Covariance of the parameters if these were the expected counts ``(p, p)``."""
        use = np.flatnonzero(np.diag(self.covariance) > 0.0)
        return _inverse(self.jacobian, use, 1.0 / expected, self.prior_weight)

    @property
    def shapes(self) -> Profiles:
        """Peaks of unit area."""
        p = self.problem
        return profiles(p.edges_keV, self.centres_keV, self.sigma_keV, self.tail, p.natural_keV)

    def peak_counts(self) -> FloatArray:
        """Expected counts of each peak ``(k, n)``."""
        return self.areas[:, None] * self.shapes.value

    @property
    def unbiased_areas(self) -> FloatArray:
        """Areas less their first-order bias ``(k,)``.

        A centre (or width) that is free follows the fluctuations that make the peak larger, so a
        maximum-likelihood area is too large on average, by half the variance over the area for a
        weak peak on a high continuum. The bias of a Poisson model is the weighted regression of
        ``-tr(C H_i) / 2`` on the derivatives, with the covariance ``C`` and the second derivatives
        ``H_i`` of channel ``i``.

        References
        ----------
        D. R. Cox, E. J. Snell, J. R. Stat. Soc. B 30 (1968) 248,
        doi 10.1111/j.2517-6161.1968.tb00724.x.
        """
        k, c = self.n_peak, self.covariance
        if k == 0 or not np.any(np.diag(c)[k:]):
            return self.areas
        p = self.problem
        shape, second = self.shapes, bends(p.edges_keV, self.centres_keV, self.sigma_keV)
        bend = np.zeros(self.expected.size)
        start = 2 * k + p.n_smooth + 1
        for i in range(k):
            w = start + i
            bend += 2.0 * c[i, k + i] * shape.by_centre[i]
            bend += 2.0 * c[i, w] * shape.by_log_sigma[i]
            own = c[k + i, k + i] * second.centre[i] + c[w, w] * second.log_sigma[i]
            bend += self.areas[i] * (own + 2.0 * c[k + i, w] * second.both[i])
        weight = 1.0 / np.maximum(self.expected, _FLOOR)
        bias = c @ (self.jacobian @ (-0.5 * bend * weight))
        corrected = self.areas - bias[:k]
        # First-order theory ends where the correction is as large as the uncertainty.
        room = np.sqrt(np.maximum(np.diag(c)[:k], 0.0))
        return np.clip(corrected, self.areas - room, self.areas + room)


def fit_region(problem: RegionProblem) -> RegionFit:
    """Maximum likelihood for Poisson counts, by damped Fisher scoring.

    The expected counts of channel ``i`` are ``sum_k A_k (P_ik + s S_ik) + C_i``: peaks of unit area
    (Gaussian with an exponential low-energy tail), a step under each, and a continuum of B-splines
    with coefficients >= 0, which is therefore never negative. Width factors and tail
    have Gaussian priors, so that weak peaks keep the shape of the instrument and strong ones show
    their own.

    Raises
    ------
    numpy.linalg.LinAlgError
        Never for a region with at least one channel.
    """
    work = _Work(problem)
    theta = work.start()
    state = work.evaluate(theta)
    damping = 1e-3
    for _ in range(MOST_STEPS):
        step, predicted = work.step(theta, state, damping)
        trial = work.evaluate(work.limited(theta, theta + step))
        gain = state.objective - trial.objective
        # A hundredth of a standard deviation; more where the model is further off than chance.
        enough = 1e-4 * max(1.0, state.objective / problem.counts.size)
        if gain >= 0.0:
            theta, state = trial.theta, trial
            damping = max(damping * 0.1, 1e-9)
            if predicted < enough or gain < 0.01 * enough:
                break
        else:
            if predicted < 0.1 * enough:
                break
            damping = min(damping * 10.0, 1e9)
            if damping >= 1e9:
                break
    return work.result(state)


def centre_limits(problem: RegionProblem) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest centre of each peak ``(k,)``.

    A peak stays near where it was proposed and does not crawl to an end of the region, where half
    a peak would pass for a bend of the continuum.
    """
    homes = problem.homes_keV if problem.homes_keV is not None else problem.centres_keV
    fwhm = FWHM_PER_SIGMA * problem.sigma_keV
    left, right = problem.edges_keV[0], problem.edges_keV[-1]
    low = np.maximum(homes - MOVE_FWHM * fwhm, np.minimum(homes, left + END_FWHM * fwhm))
    high = np.minimum(homes + MOVE_FWHM * fwhm, np.maximum(homes, right - END_FWHM * fwhm))
    return low, high


def smooth_basis(places: FloatArray, m: int) -> FloatArray:
    """B-splines on 0 to 1 with evenly spaced knots: ``(m, n)``, each >= 0, together 1.

    One is a constant, two are a straight line; from three on the splines are parabolas.
    """
    if m == 1:
        return np.ones((1, places.size))
    order = min(2, m - 1)
    knots = np.concatenate([np.zeros(order), np.linspace(0.0, 1.0, m - order + 1), np.ones(order)])
    x = np.clip(places, 0.0, 1.0 - 1e-12)
    now = ((x >= knots[:-1, None]) & (x < knots[1:, None])).astype(np.float64)
    for k in range(1, order + 1):
        rise, fall = knots[k:-1] - knots[: -k - 1], knots[k + 1 :] - knots[1:-k]
        with np.errstate(divide="ignore", invalid="ignore"):
            up = np.where(rise[:, None] > 0, (x - knots[: -k - 1, None]) / rise[:, None], 0.0)
            down = np.where(fall[:, None] > 0, (knots[k + 1 :, None] - x) / fall[:, None], 0.0)
        now = up * now[:-1] + down * now[1:]
    return now


def greville(m: int) -> FloatArray:
    """Where each coefficient of :func:`smooth_basis` stands for the value of the spline."""
    if m == 1:
        return np.array([0.5])
    order = min(2, m - 1)
    knots = np.concatenate([np.zeros(order), np.linspace(0.0, 1.0, m - order + 1), np.ones(order)])
    return np.array([float(np.mean(knots[i + 1 : i + 1 + order])) for i in range(m)])


@dataclass(slots=True)
class _State:
    theta: FloatArray
    shape: Profiles
    smooth: FloatArray
    expected: FloatArray
    objective: float


class _Work:
    """Parameter layout, model, derivatives."""

    def __init__(self, problem: RegionProblem) -> None:
        self.p = problem
        k, m = problem.centres_keV.size, problem.n_smooth
        self.k = k
        self.areas = slice(0, k)
        self.centres = slice(k, 2 * k)
        self.smooth = slice(2 * k, 2 * k + m)
        self.step_at = 2 * k + m
        self.widths = slice(2 * k + m + 1, 3 * k + m + 1)
        self.fraction = 3 * k + m + 1
        self.length = self.fraction + 1
        self.size = self.length + 1
        self.basis = smooth_basis(problem.places, m) * np.diff(problem.edges_keV)
        self.fixed = problem.fixed if problem.fixed is not None else np.zeros(problem.counts.size)
        self.free = np.ones(self.size, dtype=bool)
        self.free[self.centres] = not problem.fixed_centres
        self.free[self.step_at] = problem.step and k > 0
        self.free[self.widths] = problem.width_sigma > 0
        self.free[self.fraction] = self.free[self.length] = problem.tail_sigma is not None
        self.low = np.full(self.size, -np.inf)
        self.high = np.full(self.size, np.inf)
        if not problem.signed_areas:
            self.low[self.areas] = 0.0
        self.low[self.centres], self.high[self.centres] = centre_limits(problem)
        self.low[self.smooth] = 0.0
        self.low[self.step_at], self.high[self.step_at] = 0.0, LARGEST_STEP
        self.low[self.widths], self.high[self.widths] = -1.5, 1.5
        self.low[self.fraction], self.high[self.fraction] = 0.0, 0.95
        self.low[self.length], self.high[self.length] = np.log(TAIL_LENGTHS)
        self.prior_mean = np.zeros(self.size)
        self.prior_weight = np.zeros(self.size)
        positive = problem.width_sigma > 0
        self.prior_weight[self.widths][positive] = problem.width_sigma[positive] ** -2.0
        if problem.tail_sigma is not None:
            self.prior_mean[self.fraction] = problem.tail.fraction
            self.prior_mean[self.length] = np.log(problem.tail.length)
            self.prior_weight[self.fraction] = problem.tail_sigma[0] ** -2.0
            self.prior_weight[self.length] = problem.tail_sigma[1] ** -2.0

    def start(self) -> FloatArray:
        """Start values; the continuum from the ends of the region."""
        p = self.p
        theta = np.zeros(self.size)
        theta[self.areas] = p.areas
        theta[self.centres] = p.centres_keV
        theta[self.smooth] = self._start_continuum()
        theta[self.step_at] = p.start_step if self.free[self.step_at] else 0.0
        if p.start_width_factor is not None:
            theta[self.widths] = np.log(p.start_width_factor)
        theta[self.fraction] = p.tail.fraction
        if p.tail_sigma is not None and p.tail.fraction == 0.0:
            theta[self.fraction] = 0.02
        theta[self.length] = np.log(p.tail.length)
        return theta

    def _start_continuum(self) -> FloatArray:
        """Coefficients whose spline follows the earlier continuum, or the low counts."""
        p, m = self.p, self.p.n_smooth
        at = greville(m)
        if p.start_continuum is not None:
            start = np.interp(at, p.places, p.start_continuum)
        else:
            density = np.maximum(p.counts - self.fixed, 0.0) / np.diff(p.edges_keV)
            reach = 0.5 / max(m - 1, 4)
            start = np.empty(m)
            for i in range(m):
                near = density[np.abs(p.places - at[i]) <= reach]
                # Peaks stand upwards only: in the middle of a long region its low channels count.
                start[i] = np.quantile(near, 0.5 if m <= 3 else 0.25) if near.size else 0.0
            if m == 3:
                start[1] = 0.5 * (start[0] + start[2])
        width = (p.edges_keV[-1] - p.edges_keV[0]) / p.counts.size
        return np.asarray(np.maximum(start, 0.1 / (width * p.counts.size)))

    def sigma(self, theta: FloatArray) -> FloatArray:
        return np.asarray(self.p.sigma_keV * np.exp(theta[self.widths]))

    def evaluate(self, theta: FloatArray) -> _State:
        p = self.p
        tail = Tail(float(theta[self.fraction]), float(np.exp(theta[self.length])))
        shape = profiles(p.edges_keV, theta[self.centres], self.sigma(theta), tail, p.natural_keV)
        smooth = theta[self.smooth] @ self.basis
        unit = shape.value + theta[self.step_at] * shape.below
        expected = theta[self.areas] @ unit + smooth + self.fixed
        if float(expected.min()) < _FLOOR:
            if p.signed_areas and float(expected.min()) < -1e-6:
                return _State(theta, shape, smooth, np.maximum(expected, _FLOOR), np.inf)
            expected = np.maximum(expected, _FLOOR)
        n = p.counts
        deviance = 2.0 * float(np.sum(expected - n + xlogy(n, n / expected)))
        off = theta - self.prior_mean
        return _State(
            theta, shape, smooth, expected, deviance + float(self.prior_weight @ (off * off))
        )

    def jacobian(self, state: _State) -> FloatArray:
        """Derivatives of the expected counts ``(p, n)``."""
        theta, shape = state.theta, state.shape
        a = theta[self.areas][:, None]
        s = theta[self.step_at]
        out = np.zeros((self.size, state.expected.size))
        out[self.areas] = shape.value + s * shape.below
        out[self.centres] = a * shape.by_centre
        out[self.smooth] = self.basis
        out[self.step_at] = (a * shape.below).sum(axis=0)
        out[self.widths] = a * shape.by_log_sigma
        out[self.fraction] = (a * shape.by_fraction).sum(axis=0)
        out[self.length] = (a * shape.by_log_length).sum(axis=0)
        return out

    def step(self, theta: FloatArray, state: _State, damping: float) -> tuple[FloatArray, float]:
        """Step of all parameters and the fall of the objective that it promises."""
        j = self.jacobian(state)
        weight = 1.0 / state.expected
        gradient = j @ (self.p.counts * weight - 1.0)
        gradient -= self.prior_weight * (theta - self.prior_mean)
        held = ((theta <= self.low) & (gradient < 0)) | ((theta >= self.high) & (gradient > 0))
        use = np.flatnonzero(self.free & ~held)
        step = np.zeros(self.size)
        if use.size == 0:
            return step, 0.0
        part = j[use]
        h = (part * weight) @ part.T
        diagonal = np.diag(h) + self.prior_weight[use]
        h[np.diag_indices_from(h)] = diagonal * (1.0 + damping) + 1e-12
        step[use] = np.linalg.solve(h, gradient[use])
        return step, float(step[use] @ gradient[use])

    def limited(self, theta: FloatArray, trial: FloatArray) -> FloatArray:
        """Trial values inside their bounds, no width or centre moved too far at once."""
        out = np.clip(trial, self.low, self.high)
        change = out - theta
        change[self.widths] = np.clip(change[self.widths], -0.4, 0.4)
        reach = 1.2 * self.sigma(theta)
        change[self.centres] = np.clip(change[self.centres], -reach, reach)
        change[self.fraction] = np.clip(change[self.fraction], -0.2, 0.2)
        change[self.length] = np.clip(change[self.length], -0.7, 0.7)
        return np.asarray(theta + change)

    def result(self, state: _State) -> RegionFit:
        p, theta = self.p, state.theta
        j = self.jacobian(state)
        weight = 1.0 / state.expected
        gradient = j @ (p.counts * weight - 1.0)
        held = ((theta <= self.low) & (gradient < 0)) | ((theta >= self.high) & (gradient > 0))
        # A peak or continuum at zero is still uncertain; step and tail at zero are absent.
        held[: 2 * self.k + p.n_smooth] = False
        held[self.centres] |= theta[self.areas] <= 0.0
        use = np.flatnonzero(self.free & ~held)
        covariance = _inverse(j, use, weight, self.prior_weight)
        n = p.counts
        steps = theta[self.step_at] * (theta[self.areas] @ state.shape.below)
        fitted = int(np.sum(self.free & ~held & (self.prior_weight == 0.0)))
        return RegionFit(
            problem=p,
            centres_keV=theta[self.centres].copy(),
            areas=theta[self.areas].copy(),
            sigma_keV=self.sigma(theta),
            width_factor=np.exp(theta[self.widths]),
            tail=Tail(float(theta[self.fraction]), float(np.exp(theta[self.length]))),
            step=float(theta[self.step_at]),
            continuum=state.smooth + steps,
            expected=state.expected,
            covariance=covariance,
            jacobian=j,
            prior_weight=self.prior_weight,
            deviance=2.0 * float(np.sum(state.expected - n + xlogy(n, n / state.expected))),
            chi_squared=float(np.sum((n - state.expected) ** 2 * weight)),
            freedom=max(1, n.size - fitted),
            objective=state.objective,
        )


def _inverse(
    jacobian: FloatArray, use: NDArray[np.intp], weight: FloatArray, prior_weight: FloatArray
) -> FloatArray:
    """Inverse of the Fisher information with priors, of the parameters in use ``(p, p)``."""
    covariance = np.zeros((jacobian.shape[0], jacobian.shape[0]))
    if use.size:
        part = jacobian[use]
        h = (part * weight) @ part.T
        h[np.diag_indices_from(h)] += prior_weight[use]
        scale = np.sqrt(np.maximum(np.diag(h), 1e-30))
        inverse = np.linalg.pinv(h / np.outer(scale, scale), rcond=1e-12, hermitian=True)
        covariance[np.ix_(use, use)] = inverse / np.outer(scale, scale)
    return covariance


def restarted(fit: RegionFit, **changes: object) -> RegionProblem:
    """The problem of a fit with its estimates as start values, and changes."""
    p = fit.problem
    started = replace(
        p,
        centres_keV=fit.centres_keV,
        areas=fit.areas,
        homes_keV=p.homes_keV if p.homes_keV is not None else p.centres_keV,
        start_continuum=np.maximum(_smooth_part(fit), 0.0) / np.diff(p.edges_keV),
        start_width_factor=fit.width_factor,
        start_step=fit.step,
    )
    return replace(started, **changes)  # type: ignore[arg-type]  # fields of the problem


def _smooth_part(fit: RegionFit) -> FloatArray:
    """Continuum without the steps."""
    return np.asarray(fit.continuum - fit.step * (fit.areas @ fit.shapes.below))


def without_peak(fit: RegionFit, drop: int) -> RegionProblem:
    """The problem less one peak, started from the fit."""
    p = fit.problem
    keep = np.arange(fit.n_peak) != drop
    homes = p.homes_keV if p.homes_keV is not None else p.centres_keV
    return restarted(
        fit,
        homes_keV=homes[keep],
        centres_keV=fit.centres_keV[keep],
        areas=fit.areas[keep],
        sigma_keV=p.sigma_keV[keep],
        width_sigma=p.width_sigma[keep],
        natural_keV=None if p.natural_keV is None else p.natural_keV[keep],
        start_width_factor=fit.width_factor[keep],
    )


def shortened(fit: RegionFit, keep: slice) -> RegionProblem:
    """The problem on fewer channels, started from the fit."""
    p = restarted(fit)
    places = p.places[keep]
    first, last, _ = keep.indices(p.counts.size)
    return replace(
        p,
        counts=p.counts[keep],
        edges_keV=p.edges_keV[first : last + 1],
        coordinate=(places - places[0]) / (places[-1] - places[0] + 1e-12),
        fixed=None if p.fixed is None else p.fixed[keep],
        start_continuum=None if p.start_continuum is None else p.start_continuum[keep],
    )

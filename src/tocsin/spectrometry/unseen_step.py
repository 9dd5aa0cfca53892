"""What a step that the counts do not show yet does to the energies of peaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tocsin.spectrometry.region import RegionFit

FloatArray = NDArray[np.float64]

USUAL_STEP = 0.02
"""Standard deviation of the heights of steps that are expected before the counts are looked at, in
areas per full width at half maximum: a choice, twice the step of one per cent that is usual."""


def unseen_step(fit: RegionFit) -> tuple[FloatArray, FloatArray]:
    """Shifts of the centres and their variances, for steps that were not fitted.

    A step is fitted where the counts ask for one by three standard deviations. Below that, a sloped
    continuum takes its place, and the peak moves down by a part of its width that is small, but at
    some 100,000 counts as large as the stated uncertainty. Here the step, of either sign, has a
    Gaussian expectation around zero and is carried through to first order: its estimate is the
    score over the information and the prior's weight, and the centres follow by their covariance
    with it. Few counts say nothing of the step, and its prior widens their energies by next to
    nothing; many say all of it.

    Parameters
    ----------
    fit : RegionFit
        A fit, with or without a step.

    Returns
    -------
    shift_keV, variance_keV2 : (k,) float
        To be added to the centres and to their variances; zeros where a step was fitted or centres
        are held.
    """
    k = fit.n_peak
    none = np.zeros(k), np.zeros(k)
    if k == 0 or fit.step > 0.0 or fit.problem.fixed_centres:
        return none
    weight = 1.0 / fit.expected
    step = fit.areas @ fit.shapes.below
    moved = fit.covariance @ (fit.jacobian @ (step * weight))
    information = float(step @ (step * weight) - (fit.jacobian @ (step * weight)) @ moved)
    posterior = 1.0 / (max(information, 0.0) + USUAL_STEP**-2.0)
    score = float(step @ ((fit.problem.counts - fit.expected) * weight))
    slope = -moved[k : 2 * k]
    return slope * score * posterior, slope**2 * posterior

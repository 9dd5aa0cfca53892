"""Activities of plutonium isotopes from areas of groups of lines, under every efficiency curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from tocsin.detectors import DetectorModel
from tocsin.errors import OutOfDomain
from tocsin.forensics.plutonium_lines import PARTS, Group
from tocsin.spectrometry.amounts import Amounts, amounts_under
from tocsin.spectrometry.importance import adapted_points
from tocsin.spectrometry.relative_efficiency import DIMENSIONS, SHELLS, CurveSpace
from tocsin.spectrometry.uranium_fit import EFFICIENCY_ERROR, LEAST_P, Known

FloatArray = NDArray[np.float64]

URANIUM_237_ERROR = 0.02
"""Relative standard uncertainty of the U-237 per Pu-241: the evaluations of the alpha branch differ
by two per cent (2.40e-5 ENSDF, 2.45e-5 older ones)."""
LEAST_MERIT = 0.05
"""Counts over uncertainty, as part of the best group's, below which a group is left out."""
DRAWS = 12
SEEN = 3.0
"""Standard uncertainties from which an isotope counts as seen."""


@dataclass(frozen=True, slots=True)
class GroupArea:
    """Net counts of a group above continuum and background, with their standard uncertainty."""

    group: Group
    area: float
    uncertainty: float

    @property
    def seen(self) -> bool:
        """Whether it exceeds three standard uncertainties."""
        return self.area > SEEN * self.uncertainty


@dataclass(frozen=True, slots=True, eq=False)
class Activities:
    """Weighted draws of activities of :data:`PARTS`, up to a common factor.

    Attributes
    ----------
    weight : (n,) float
        Sums to one.
    activity : (n, parts) float
        None is negative.
    seen : tuple of bool
        By part, whether the best curve has it above three standard uncertainties.
    chi_squared, freedom : float, int
        Of the best curve.
    curves : float
        Effective number of curves that agree.
    widened : bool
        Whether variances were multiplied because no curve fits.
    """

    weight: FloatArray
    activity: FloatArray
    seen: tuple[bool, ...]
    chi_squared: float
    freedom: int
    curves: float
    widened: bool


class PlutoniumFit:
    """Areas as sums of the isotopes' lines, under every efficiency curve.

    The object's own absorption is that of uranium: from the K edge of plutonium on, the
    coefficients of the two run side by side, so only the areal density stands for another one.
    """

    def __init__(
        self,
        areas: Sequence[GroupArea],
        *,
        model: DetectorModel,
        shape_error: float,
        known: Known,
        seed: int,
    ) -> None:
        self.seed, self.model, self.known = seed, model, known
        self.area_error = float(np.hypot(shape_error, EFFICIENCY_ERROR))
        self._prepare(areas)
        self._prepare(self._telling())

    def _prepare(self, areas: Sequence[GroupArea]) -> None:
        self.areas = tuple(areas)
        self.lines = [(i, x) for i, a in enumerate(self.areas) for x in a.group.lines]
        self.space = CurveSpace(
            np.array([x.energy_keV for _, x in self.lines]),
            self.model,
            crystal=self.known.crystal,
            object_g_cm2=self.known.uranium_g_cm2,
            shells=("",) if self.known.bare else SHELLS,
        )
        self.y = np.array([a.area for a in self.areas])
        self.variance = self._variance()
        self.present = [p for p in range(len(PARTS)) if any(x.part == p for _, x in self.lines)]
        self.scale = self._scales()

    def _design(self, points: FloatArray) -> FloatArray:
        """Counts per decay, ``(n, groups, parts)``."""
        efficiency = self.space.curves(points[:, :DIMENSIONS]).efficiency
        late = np.exp(URANIUM_237_ERROR * points[:, DIMENSIONS])
        out = np.zeros((len(points), len(self.areas), len(PARTS)))
        for i, (group, x) in enumerate(self.lines):
            each = x.strength * efficiency[:, i]
            out[:, group, x.part] += each * late if x.by_uranium_237 else each
        return out

    def _variance(self) -> FloatArray:
        """Of the areas: counting, intensities, peak shape, points of the curve."""
        relative = np.zeros(len(self.areas))
        for i in range(len(self.areas)):
            mine = [x for group, x in self.lines if group == i]
            for part in range(len(PARTS)):
                own = [x for x in mine if x.part == part]
                whole = sum(x.strength for x in own)
                if whole > 0.0:
                    spread = float(np.sqrt(sum(x.spread**2 for x in own))) / whole
                    # A part that gives little to a group does little harm there.
                    share = whole / max(sum(x.strength for x in mine), 1e-300)
                    relative[i] = max(relative[i], spread * min(1.0, share + 0.1))
        counting = np.array([a.uncertainty for a in self.areas])
        of_area = np.hypot(relative, self.area_error) * np.maximum(self.y, 0.0)
        return np.asarray(counting**2 + of_area**2)

    def _merit(self) -> FloatArray:
        """Counts per decay over their uncertainty under a middle curve, ``(groups, parts)``."""
        middle = self._design(np.zeros((1, DIMENSIONS + 1)))[0]
        return np.asarray(middle / np.sqrt(self.variance)[:, None])

    def _telling(self) -> list[GroupArea]:
        """Groups that say something of some part; chosen by what they could say, not by counts."""
        merit = self._merit()
        telling = (merit >= LEAST_MERIT * merit.max(axis=0)) & (merit > 0.0)
        return [a for a, useful in zip(self.areas, telling.any(axis=1), strict=True) if useful]

    def _scales(self) -> dict[int, int]:
        """Groups in which each part's amount is counted: where it would show best."""
        merit = self._merit()
        return {p: int(np.argmax(merit[:, p])) for p in self.present}

    def _fit(self, points: FloatArray, weight: FloatArray) -> tuple[FloatArray, Amounts]:
        """Counts per decay in the home group, and amounts in such counts."""
        design = self._design(points)
        per = np.stack([design[:, self.scale[p], p] for p in self.present], axis=1)
        unit = design[:, :, self.present] / per[:, None, :]
        return per, amounts_under(unit, self.y, weight)

    def draw(self) -> Activities:
        """Draws; their spread is widened once where even the best curve fits badly.

        Raises
        ------
        OutOfDomain
            When no amounts that are not negative agree with the areas.
        """
        first = self._draw(1.0)
        if float(chdtrc(first.freedom, first.chi_squared)) >= LEAST_P:
            return first
        return self._draw(first.chi_squared / first.freedom)

    def _draw(self, widen: float) -> Activities:
        weight = 1.0 / (widen * self.variance)
        points = adapted_points(
            lambda p: self._fit(p, weight)[1].log_likelihood, DIMENSIONS + 1, seed=self.seed
        )
        whole = points.log_likelihood + points.log_weight
        share = np.exp(whole - whole.max())
        kept = share > 1e-6
        per, amounts = self._fit(points.at[kept], weight)
        share = share[kept]
        random = np.random.default_rng(self.seed)
        z = random.standard_normal((DRAWS, *amounts.best.shape))
        root = np.linalg.cholesky(amounts.covariance)
        amount = amounts.best + np.einsum("nij,dnj->dni", root, z)
        top = int(np.argmin(amounts.chi_squared))
        lead = amounts.best[top] / np.sqrt(np.diagonal(amounts.covariance[top]))
        weights = np.where((amount > 0.0).all(axis=2), share, 0.0).ravel()
        if not weights.sum() > 0.0:
            raise OutOfDomain("no amounts of plutonium that are not negative agree with the peaks")
        activity = np.zeros((weights.size, len(PARTS)))
        activity[:, self.present] = (amount / per).reshape(-1, len(self.present))
        seen = [False] * len(PARTS)
        for i, p in enumerate(self.present):
            seen[p] = bool(lead[i] > SEEN)
        used = weights > 0.0
        return Activities(
            weight=weights[used] / weights[used].sum(),
            activity=activity[used],
            seen=tuple(seen),
            chi_squared=widen * float(amounts.chi_squared.min()),
            # The amounts, thickness and slope: what the areas can tell of the curve.
            freedom=max(len(self.areas) - len(self.present) - 2, 1),
            curves=points.effective,
            widened=widen > 1.0,
        )

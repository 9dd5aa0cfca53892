"""Amounts of uranium's nuclides from peak areas under every efficiency curve at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr

from tocsin.detectors import Crystal, DetectorModel
from tocsin.errors import OutOfDomain
from tocsin.nuclear import NuclideLibrary
from tocsin.spectrometry.amounts import Amounts, amounts_under
from tocsin.spectrometry.importance import adapted_points
from tocsin.spectrometry.relative_efficiency import (
    DIMENSIONS,
    OBJECT_G_CM2,
    SHELLS,
    Curves,
    CurveSpace,
)
from tocsin.spectrometry.uranium_lines import (
    BLEND_FWHM,
    SEPARATED_S,
    U234,
    NetArea,
    line_of,
)

FloatArray = NDArray[np.float64]

U234_PER_U235 = (0.004, 0.012)
"""Atom ratio of U-234 to U-235, natural 0.0075, certified reference materials from 1 to 93 %
enriched (NBL CRM U010 to U930-D) 0.0054 to 0.0116; reprocessed uranium may exceed it."""
RADON_KEPT = (0.7, 1.0)
"""Part of the radon that stays in the object: emanation of minerals and soils is 1 to 30 per cent
(UNSCEAR 2000, annex B)."""
MOST_RADIUM = 0.5
"""Part of the 186 keV peak that may be radium's before the answer is refused."""
EFFICIENCY_ERROR = 0.02
"""Relative error of a point of the efficiency curve: 0.018 left over fourteen published curves
(docs/science/uranium-enrichment.md)."""
K_REGION = (100.0, 0.04)
"""Energy in keV below which areas have a further relative error: X-rays a peak width apart on a
bent continuum come out wrong by up to 0.07 in SYNTHETIC spectra of many counts, 0.04 as a rule."""
WITHIN_GROUP = 0.02
"""Relative error of one line of a group whose common factor is free: K X-rays of one element, and
the lines of Th-234, which were measured against each other."""
GROUPS = ("K X-rays after U-235", "Th-234")
"""Lines of both share one badly known factor (10 per cent), so that errors are alike, not apart."""
DRAWS = 4
LEAST_P = 1e-3
"""Chance of a chi-squared as large below which the fit counts as bad."""
LEAST_AMOUNT = 1e-9
"""Counts that stand for none where a ratio is taken."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the measurement beside the spectrum; each narrows the interval.

    Attributes
    ----------
    crystal : Crystal or None
        The germanium crystal.
    uranium_g_cm2 : (float, float)
        Areal density of the uranium along the line of sight, least and most.
    bare : bool
        Nothing but thin packing stands between the uranium and the instrument.
    """

    crystal: Crystal | None = None
    uranium_g_cm2: tuple[float, float] = OBJECT_G_CM2
    bare: bool = False


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Weighted draws of what agrees with the spectrum."""

    weight: FloatArray
    activity_ratio: FloatArray
    u234_per_u235: FloatArray
    uranium_g_cm2: FloatArray
    radium_share: float
    seen_235: bool
    seen_238: bool
    chi_squared: float
    freedom: int
    curves: float
    widened: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of one feature."""

    feature: int
    part: int
    energy_keV: float
    strength: float
    spread: float
    after_radon: bool
    group: int


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Amounts under many curves; amplitudes are counts in one peak of each nuclide."""

    curves: Curves
    in_186: FloatArray
    per: FloatArray
    amounts: Amounts


class AreaFit:
    """Areas as sums of three nuclides' lines, under every efficiency curve."""

    def __init__(
        self,
        areas: Sequence[NetArea],
        u234: Sequence[NetArea],
        *,
        fwhm_keV: Callable[[float], float],
        shape_error: float,
        model: DetectorModel,
        known: Known,
        library: NuclideLibrary,
        seed: int,
    ) -> None:
        self.areas, self.u234, self.library = tuple(areas), tuple(u234), library
        self.seed = seed
        self.lines = self._lines(fwhm_keV)
        self.strength = np.array([x.strength for x in self.lines])
        self.group_error = self._group_errors()
        energies = [x.energy_keV for x in self.lines]
        if self.u234:
            energies.append(line_of(library, *U234.lines[0]).energy_keV)
        self.space = CurveSpace(
            np.array(energies),
            model,
            crystal=known.crystal,
            object_g_cm2=known.uranium_g_cm2,
            shells=("",) if known.bare else SHELLS,
        )
        self.area_error = float(np.hypot(shape_error, EFFICIENCY_ERROR))

    def _chains(self) -> dict[str, tuple[str, float]]:
        """Emitter to its part and activity per activity of that part."""
        short = {p: self.library.activity_ratios(p, age_s=SEPARATED_S) for p in ("U-235", "U-238")}
        out = {n: ("U-235", short["U-235"][n]) for n in ("U-235", "Th-231")}
        out |= {n: ("U-238", short["U-238"][n]) for n in ("Th-234", "Pa-234m", "Pa-234")}
        return out | {n: ("Ra-226", 1.0) for n in ("Ra-226", "Pb-214", "Bi-214")}

    def _lines(self, fwhm_keV: Callable[[float], float]) -> tuple[_Line, ...]:
        """What every nuclide gives to every feature, photons per decay of the part."""
        parts = ("U-235", "U-238", "Ra-226")
        chains = self._chains()
        out = []
        for number, area in enumerate(self.areas):
            at = [line_of(self.library, n, e).energy_keV for n, e in area.feature.lines]
            reach = BLEND_FWHM * fwhm_keV(at[0])
            low, high = min(at) - reach, max(at) + reach
            for emitter, (part, ratio) in chains.items():
                for x in self.library[emitter].lines:
                    if not low <= x.energy_keV <= high:
                        continue
                    others = [e.value for e in x.evaluations] + [x.intensity]
                    # Evaluations that differ know it less well than each of them says.
                    spread = float(np.hypot(x.intensity_uncertainty or 0.0, 0.5 * np.ptp(others)))
                    group = -1
                    if part == "U-235" and x.kind == "x-ray":
                        group = 0
                    elif emitter == "Th-234":
                        group = 1
                    late = emitter in ("Pb-214", "Bi-214")
                    out.append(
                        _Line(
                            number, parts.index(part), x.energy_keV, x.intensity * ratio,
                            spread * ratio, late, group,
                        )
                    )  # fmt: skip
        return tuple(out)

    def _group_errors(self) -> FloatArray:
        """Relative standard uncertainty of the factor common to each group of lines."""
        out = np.zeros(len(GROUPS))
        for g in range(len(GROUPS)):
            mine = [x for x in self.lines if x.group == g]
            whole = sum(x.strength for x in mine)
            if whole > 0.0:
                out[g] = sum(x.spread for x in mine) / whole
        return out

    def draw(self, *, own_radium: bool) -> Drawn:
        """Draws; their spread is widened once where even the best curve fits badly."""
        first = self._draw(own_radium=own_radium, widen=1.0)
        if float(chdtrc(first.freedom, first.chi_squared)) >= LEAST_P:
            return first
        return self._draw(own_radium=own_radium, widen=first.chi_squared / first.freedom)

    def _design(self, points: FloatArray, *, own_radium: bool) -> tuple[Curves, FloatArray]:
        """Curves, and counts per decay ``(n, features, 3)``."""
        curves = self.space.curves(points[:, :DIMENSIONS])
        low, high = RADON_KEPT
        kept = low + (high - low) * ndtr(points[:, DIMENSIONS])
        factors = np.exp(self.group_error * points[:, DIMENSIONS + 1 :])
        design = np.zeros((len(points), len(self.areas), 3))
        for i, x in enumerate(self.lines):
            # Without a background the radium is that of walls and ground, not within the uranium.
            outside = x.part == 2 and not own_radium
            each = x.strength * (curves.bare if outside else curves.efficiency)[:, i]
            if x.after_radon:
                each = each * kept
            if x.group >= 0:
                each = each * factors[:, x.group]
            design[:, x.feature, x.part] += each
        return curves, design

    def _variance(self) -> FloatArray:
        """Of the areas: counting, intensities, peak shape, points of the curve."""
        relative = np.zeros((len(self.areas), 3))
        for i in range(len(self.areas)):
            for part in range(3):
                mine = [x for x in self.lines if x.feature == i and x.part == part]
                whole = sum(x.strength for x in mine)
                own = [WITHIN_GROUP * x.strength if x.group >= 0 else x.spread for x in mine]
                if whole > 0.0:
                    relative[i, part] = float(np.sqrt(sum(s * s for s in own))) / whole
        y = np.array([a.area for a in self.areas])
        counting = np.array([a.uncertainty for a in self.areas])
        energy = np.array([min(e for _, e in a.feature.lines) for a in self.areas])
        crowded = np.where(energy < K_REGION[0], K_REGION[1], 0.0)
        of_area = np.hypot(np.hypot(relative.max(axis=1), self.area_error), crowded)
        of_area = of_area * np.maximum(y, 0.0)
        return np.asarray(counting**2 + of_area**2)

    def _fit(self, points: FloatArray, weight: FloatArray, *, own_radium: bool) -> _Fit:
        names = [a.feature.name for a in self.areas]
        y = np.array([a.area for a in self.areas])
        curves, design = self._design(points, own_radium=own_radium)
        # Amplitudes are counts in one peak of each nuclide, so that a flat prior on them says
        # nothing about the curve.
        home = [names.index("185.7 keV"), names.index("1001.0 keV")]
        home.append(names.index("609.3 keV") if "609.3 keV" in names else home[0])
        per = np.stack([design[:, home[c], c] for c in range(3)], axis=1)
        unit = design / per[:, None, :]
        return _Fit(curves, unit[:, home[0], 2], per, amounts_under(unit, y, weight))

    def _draw(self, *, own_radium: bool, widen: float) -> Drawn:
        weight = 1.0 / (widen * self._variance())
        points = adapted_points(
            lambda p: self._fit(p, weight, own_radium=own_radium).amounts.log_likelihood,
            DIMENSIONS + 1 + len(GROUPS),
            seed=self.seed,
        )
        whole = points.log_likelihood + points.log_weight
        share = np.exp(whole - whole.max())
        kept = share > 1e-6
        share = share[kept]
        fit = self._fit(points.at[kept], weight, own_radium=own_radium)
        random = np.random.default_rng(self.seed)
        top = int(np.argmin(fit.amounts.chi_squared))
        lead = fit.amounts.best[top] / np.sqrt(np.diagonal(fit.amounts.covariance[top]))
        z = random.standard_normal((DRAWS, *fit.amounts.best.shape))
        amount = fit.amounts.best + np.einsum(
            "nij,dnj->dni", np.linalg.cholesky(fit.amounts.covariance), z
        )
        weights = np.where((amount[..., :2] > 0.0).all(axis=2), share, 0.0)
        activity = np.maximum(amount, LEAST_AMOUNT) / fit.per
        low, high = U234_PER_U235
        u234 = low + (high - low) * random.random(weights.shape)
        weights = weights * self._u234_likelihood(u234, activity[..., 0], fit.curves)
        if not weights.sum() > 0.0:
            raise OutOfDomain("no amount of uranium that is not negative agrees with the peaks")
        at_186 = next(a.area for a in self.areas if a.feature.name == "185.7 keV")
        radium = float(np.average(fit.in_186 * amount[..., 2], weights=weights)) / max(at_186, 1.0)
        if lead[0] > 3.0 and radium > MOST_RADIUM:
            raise OutOfDomain(
                f"{100 * radium:.0f} % of the peak at 186 keV is radium's: the rest says too little"
            )
        return Drawn(
            weight=weights.ravel(),
            activity_ratio=(activity[..., 0] / activity[..., 1]).ravel(),
            u234_per_u235=u234.ravel(),
            uranium_g_cm2=np.broadcast_to(fit.curves.object_g_cm2, weights.shape).ravel(),
            radium_share=radium,
            seen_235=bool(lead[0] > 3.0),
            seen_238=bool(lead[1] > 3.0),
            chi_squared=widen * float(fit.amounts.chi_squared.min()),
            # Three amounts, thickness and slope: what the areas can tell of the curve.
            freedom=max(len(self.areas) - 5, 1),
            curves=points.effective,
            widened=widen > 1.0,
        )

    def _u234_likelihood(
        self, ratio: FloatArray, activity_235: FloatArray, curves: Curves
    ) -> FloatArray:
        """How well the U-234 line agrees with an atom ratio; 1 where it is not seen."""
        if not self.u234:
            return np.ones_like(ratio)
        line = line_of(self.library, *U234.lines[0])
        faster = (
            self.library["U-234"].decay_constant_per_s / self.library["U-235"].decay_constant_per_s
        )
        counts = activity_235 * ratio * faster * line.intensity * curves.efficiency[:, -1]
        seen = self.u234[0]
        return np.asarray(np.exp(-0.5 * ((counts - seen.area) / seen.uncertainty) ** 2))

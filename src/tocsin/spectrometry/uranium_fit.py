"""Amounts of uranium's nuclides from peak areas under every efficiency curve at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from tocsin.detectors import Crystal, DetectorModel
from tocsin.errors import OutOfDomain
from tocsin.nuclear import NuclideLibrary
from tocsin.spectrometry.relative_efficiency import guess_efficiencies
from tocsin.spectrometry.uranium_lines import (
    BLEND_FWHM,
    SEPARATED_S,
    U234,
    Feature,
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
DRAWS = 8
LEAST_P = 1e-3
"""Chance of a chi-squared as large below which the fit counts as bad."""
LEAST_AMOUNT = 1e-9
"""Counts that stand for none where a ratio is taken."""


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
        crystal: Crystal | None,
        library: NuclideLibrary,
        seed: int,
    ) -> None:
        self.areas, self.u234, self.library = tuple(areas), tuple(u234), library
        self.random = np.random.default_rng(seed)
        self.chains = self._chains()
        rows = [
            (i, part, energy, strength, spread, progeny)
            for i, a in enumerate(self.areas)
            for part, energy, strength, spread, progeny in self._lines(a.feature, fwhm_keV)
        ]
        self.feature = np.array([r[0] for r in rows])
        self.part = np.array([("U-235", "U-238", "Ra-226").index(r[1]) for r in rows])
        self.strength = np.array([r[3] for r in rows])
        self.spread = np.array([r[4] for r in rows])
        self.progeny = np.array([r[5] for r in rows])
        energies = [r[2] for r in rows]
        if self.u234:
            energies.append(line_of(library, *U234.lines[0]).energy_keV)
        self.guesses = guess_efficiencies(np.array(energies), model, crystal=crystal, seed=seed)
        self.shape_error = shape_error

    def _chains(self) -> dict[str, tuple[str, float]]:
        """Emitter to its part and activity per activity of that part."""
        short = {p: self.library.activity_ratios(p, age_s=SEPARATED_S) for p in ("U-235", "U-238")}
        out = {n: ("U-235", short["U-235"][n]) for n in ("U-235", "Th-231")}
        out |= {n: ("U-238", short["U-238"][n]) for n in ("Th-234", "Pa-234m", "Pa-234")}
        return out | {n: ("Ra-226", 1.0) for n in ("Ra-226", "Pb-214", "Bi-214")}

    def _lines(
        self, feature: Feature, fwhm_keV: Callable[[float], float]
    ) -> list[tuple[str, float, float, float, bool]]:
        """Part, energy, photons per decay of the part, their uncertainty, whether after radon."""
        at = [line_of(self.library, n, e).energy_keV for n, e in feature.lines]
        reach = BLEND_FWHM * fwhm_keV(at[0])
        low, high = min(at) - reach, max(at) + reach
        out = []
        for emitter, (part, ratio) in self.chains.items():
            for x in self.library[emitter].lines:
                if low <= x.energy_keV <= high:
                    others = [e.value for e in x.evaluations] + [x.intensity]
                    # Evaluations that differ know it less well than each of them says.
                    spread = float(np.hypot(x.intensity_uncertainty or 0.0, 0.5 * np.ptp(others)))
                    late = emitter in ("Pb-214", "Bi-214")
                    out.append((part, x.energy_keV, x.intensity * ratio, spread * ratio, late))
        return out

    def draw(self, *, own_radium: bool) -> Drawn:
        """Draws; their spread is widened once where even the best curve fits badly."""
        first = self._draw(own_radium=own_radium, widen=1.0)
        if float(chdtrc(first.freedom, first.chi_squared)) >= LEAST_P:
            return first
        return self._draw(own_radium=own_radium, widen=first.chi_squared / first.freedom)

    def _design(self, *, own_radium: bool) -> tuple[FloatArray, FloatArray]:
        """Counts per decay ``(n, features, 3)`` and the data's part of their variance."""
        g, k = self.guesses, self.strength.size
        n, m = g.uranium_g_cm2.size, len(self.areas)
        strength = np.broadcast_to(self.strength, (n, k)).copy()
        low, high = RADON_KEPT
        kept = low + (high - low) * self.random.random(n)
        strength[:, self.progeny] *= kept[:, None]
        efficiency = g.efficiency[:, :k].copy()
        if not own_radium:
            # Without a background the radium is that of walls and ground, not within the uranium.
            outside = self.part == 2
            efficiency[:, outside] = g.bare[:, :k][:, outside]
        design = np.zeros((n, m, 3))
        relative = np.zeros((m, 3))
        for i in range(m):
            for c in range(3):
                mine = (self.feature == i) & (self.part == c)
                design[:, i, c] = (strength[:, mine] * efficiency[:, mine]).sum(axis=1)
                whole = float(self.strength[mine].sum())
                if whole > 0.0:
                    relative[i, c] = float(np.sqrt((self.spread[mine] ** 2).sum())) / whole
        return design, relative.max(axis=1)

    def _draw(self, *, own_radium: bool, widen: float) -> Drawn:
        names = [a.feature.name for a in self.areas]
        design, data_error = self._design(own_radium=own_radium)
        y = np.array([a.area for a in self.areas])
        counting = np.array([a.uncertainty for a in self.areas])
        of_area = np.hypot(data_error, self.shape_error) * np.maximum(y, 0.0)
        weight = 1.0 / (widen * (counting**2 + of_area**2))
        # Amplitudes are counts in one peak of each nuclide, so that a flat prior on them says
        # nothing about the curve.
        home = [names.index("185.7 keV"), names.index("1001.0 keV")]
        home.append(names.index("609.3 keV") if "609.3 keV" in names else home[0])
        per = np.stack([design[:, home[c], c] for c in range(3)], axis=1)
        unit = design / per[:, None, :]
        information = np.einsum("nfi,f,nfj->nij", unit, weight, unit)
        covariance = np.linalg.inv(information)
        best = np.einsum("nij,nfj,f->ni", covariance, unit, weight * y)
        rest = y - np.einsum("nfi,ni->nf", unit, best)
        chi = (rest**2 * weight).sum(axis=1)
        log_weight = -0.5 * (chi - chi.min()) - 0.5 * np.linalg.slogdet(information)[1]
        share = np.exp(log_weight - log_weight.max())
        curves = float(share.sum() ** 2 / (share**2).sum())
        top = int(np.argmin(chi))
        lead = best[top] / np.sqrt(np.diagonal(covariance[top]))
        root = np.linalg.cholesky(covariance)
        z = self.random.standard_normal((DRAWS, *best.shape))
        amount = best + np.einsum("nij,dnj->dni", root, z)
        weights = np.where((amount[..., :2] > 0.0).all(axis=2), share, 0.0)
        activity = np.maximum(amount, LEAST_AMOUNT) / per
        low, high = U234_PER_U235
        u234 = low + (high - low) * self.random.random(weights.shape)
        weights = weights * self._u234_likelihood(u234, activity[..., 0])
        if not weights.sum() > 0.0:
            raise OutOfDomain("no amount of uranium that is not negative agrees with the peaks")
        in_peak = design[:, home[0], 2] * amount[..., 2] / per[:, 2]
        radium = float(np.average(in_peak, weights=weights)) / max(float(y[home[0]]), 1.0)
        if lead[0] > 3.0 and radium > MOST_RADIUM:
            raise OutOfDomain(
                f"{100 * radium:.0f} % of the peak at 186 keV is radium's: the rest says too little"
            )
        return Drawn(
            weight=weights.ravel(),
            activity_ratio=(activity[..., 0] / activity[..., 1]).ravel(),
            u234_per_u235=u234.ravel(),
            uranium_g_cm2=np.broadcast_to(self.guesses.uranium_g_cm2, weights.shape).ravel(),
            radium_share=radium,
            seen_235=bool(lead[0] > 3.0),
            seen_238=bool(lead[1] > 3.0),
            chi_squared=widen * float(chi.min()),
            # Three amounts, thickness and slope: what the areas can tell of the curve.
            freedom=max(len(self.areas) - 5, 1),
            curves=curves,
            widened=widen > 1.0,
        )

    def _u234_likelihood(self, ratio: FloatArray, activity_235: FloatArray) -> FloatArray:
        """How well the U-234 line agrees with an atom ratio; 1 where it is not seen."""
        if not self.u234:
            return np.ones_like(ratio)
        line = line_of(self.library, *U234.lines[0])
        faster = (
            self.library["U-234"].decay_constant_per_s / self.library["U-235"].decay_constant_per_s
        )
        counts = activity_235 * ratio * faster * line.intensity * self.guesses.efficiency[:, -1]
        seen = self.u234[0]
        return np.asarray(np.exp(-0.5 * ((counts - seen.area) / seen.uncertainty) ** 2))

"""Identification with germanium and CZT: lines of candidates against peak areas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from tocsin.detection.binning import Resolution
from tocsin.detection.candidates import TIER_PENALTY, Candidate, Tier
from tocsin.detection.evidence import LeftPeak, LineGroup, PeakRules, Proof
from tocsin.detection.line_cells import LineCells, window_share
from tocsin.detection.mixture import Fit, Mixture
from tocsin.detection.source_lines import NATURAL, LineBank, SourceLines
from tocsin.detection.templates import EnergyScale
from tocsin.detection.verdict import VerdictSettings, judge
from tocsin.detectors.compton import ELECTRON_MASS_KEV
from tocsin.spectrometry.xrays import xray_lines

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NOT_SEARCHED = frozenset({"Th-232", "U-232"})  # thorium by its parts; see scintillator
_X_RAY_ELEMENTS = ("Cd", "Sn", "Ta", "W", "Au", "Pb", "Bi", "Th", "U")
_NATURAL_ROWS = 12  # absorbers of natural candidates, which are always in
_MOST_GROUPS = 8
_NEAR_FWHM = 1.0  # distance within which a line is thought to be a found peak
_OUTSTANDING = 3.0  # annihilation radiation of cosmic rays and pair production stays below
_STRONG_LINE = 0.2  # of the strongest, for the energy scale


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """Choices of the identification with germanium and CZT; the same for all files.

    Attributes
    ----------
    area_error, low_error, low_keV : float
        Relative error of expected areas: branching, efficiency, self-absorption; and below
        ``low_keV``, where windows and thresholds rule.
    shadow_error : float
        Part of a found peak that may be hidden in it of a line that is not quite there.
    place_fwhm, place_keV : float
        Places of lines: what the energy scale leaves, in peak widths and in keV.
    gain_sigma, offset_sigma_keV, reach : float
        Expected departure of the energy scale from the file's, and the largest that is looked at.
    freedom : float
        Of the Student distribution of gains.
    penalty, rare, company, entry, most, shortlist
        As in the search with scintillators.
    """

    area_error: float = 0.10
    low_error: float = 0.10
    low_keV: float = 45.0
    shadow_error: float = 0.25
    place_fwhm: float = 0.15
    place_keV: float = 0.05
    gain_sigma: float = 0.0005
    offset_sigma_keV: float = 0.2
    reach: float = 0.004
    freedom: float = 4.0
    penalty: tuple[tuple[Tier, float], ...] = TIER_PENALTY
    rare: float = 15.0
    company: float = 20.0
    entry: float = 25.0
    most: int = 8
    shortlist: int = 12
    peaks: PeakRules = field(default_factory=lambda: PeakRules(low_keV=0.0))
    verdict: VerdictSettings = field(
        default_factory=lambda: VerdictSettings(
            contrast=0.0,
            contrast_single=0.0,
            contrast_odd=0.0,
            leading_alone=math.inf,
            x_ray_keV=30.0,
            same_fwhm=0.5,
            leading_natural=4.5,
            gain_natural=16.0,
            many=3,
        )
    )


@dataclass(frozen=True)
class LineOutcome:
    """What stands of a search by lines."""

    scale: EnergyScale
    proved: tuple[Proof, ...]
    left: tuple[LeftPeak, ...]
    notes: tuple[str, ...]
    modelled: FloatArray


@dataclass(frozen=True, slots=True)
class _Group:
    """Lines of a candidate in one cell, and the share of their counts that belongs there."""

    members: IntArray
    cell: int
    share: float


class LineSearch:
    """One spectrum on its way through the identification by lines."""

    def __init__(
        self,
        cells: LineCells,
        bank: LineBank,
        efficiency: Resolution,
        settings: LineSettings,
        *,
        has_background: bool,
    ) -> None:
        self.cells, self.settings = cells, settings
        # without a background, annihilation radiation is no sign of a source unless it stands out
        annihilation = not has_background and not _outstanding(cells, ELECTRON_MASS_KEV)
        extra = _nuisances(efficiency)
        self.candidates: tuple[Candidate, ...] = (*bank.candidates, *(c for c, _ in extra))
        self.lines: tuple[SourceLines, ...] = (*bank.lines, *(x for _, x in extra))
        self.always = [i for i, c in enumerate(self.candidates) if c.name in NATURAL]
        tiers = dict(settings.penalty)
        self.penalty = np.array([tiers[c.tier] + settings.rare * c.rare for c in self.candidates])
        if annihilation:
            self.penalty[-1] = 0.0
        self.counted = np.array([c.tier not in {"natural", "nuisance"} for c in self.candidates])
        unsearched = NOT_SEARCHED | ({"F-18"} if annihilation else set())
        self.banned = frozenset(i for i, c in enumerate(self.candidates) if c.name in unsearched)
        s = settings
        low = np.where(cells.energies_keV < s.low_keV, s.low_error, s.area_error)
        relative = np.where(cells.artefact, 1.0, low)
        sigma = np.hypot(cells.sigmas, relative * np.maximum(cells.areas, 0.0))
        shadow = np.hypot(cells.sigmas, s.shadow_error * np.maximum(cells.areas, 0.0))
        n = cells.n_found
        # after the cells come the shadows of found peaks: places beside them, where nothing is
        self.sigma = np.concatenate((sigma, shadow[:n]))
        self.data = np.concatenate((cells.areas, np.zeros(n)))

    def solve(self) -> LineOutcome:
        """Energy scale, search, and proof nuclide by nuclide until all that is left is proved."""
        scale = self._aligned()
        for _ in range(2):
            self._draw(scale)
            inside, fit = self._searched(self.banned)
            better = self._regressed(scale, [*self.always, *inside], fit)
            settled = abs(better.gain - scale.gain) < 2e-5 and (
                abs(better.offset_keV - scale.offset_keV) < 0.02
            )
            scale = better
            if settled:
                break
        self._draw(scale)
        banned = self.banned
        notes: list[str] = []
        while True:
            inside, fit = self._searched(banned)
            every = [*self.always, *inside]
            proofs = [
                self._prove(fit, every, c) for c in every if self.candidates[c].tier != "nuisance"
            ]
            judgement = judge(proofs, self.settings.verdict)
            names = {self.candidates[c].name: c for c in inside}
            fallen = [r for r in judgement.rejected if r.name in names and not r.stays]
            if not fallen:
                notes += [r.reason for r in judgement.rejected if r.stays]
                break
            banned |= {names[fallen[0].name]}
            notes.append(fallen[0].reason)
        model = self._modelled(fit)
        return LineOutcome(
            scale, tuple(judgement.proved), tuple(self._left(model)), tuple(notes), model
        )

    def _searched(self, banned: frozenset[int]) -> tuple[list[int], Fit]:
        s = self.settings
        return self.mixture.search(
            self.always, entry=s.entry, most=s.most, shortlist=s.shortlist, banned=banned
        )

    def _draw(self, scale: EnergyScale) -> None:
        """Templates of all candidates on the cells."""
        self.scale = scale
        self.groups = [self._grouped(x) for x in self.lines]
        self.rows = [
            self._on_cells(x, groups) for x, groups in zip(self.lines, self.groups, strict=True)
        ]
        self.norms, self.white = [], []
        for candidate, rows in zip(self.candidates, self.rows, strict=True):
            white = (rows / self.sigma).T
            norms = np.sqrt((white * white).sum(axis=0))
            used = np.flatnonzero(norms > 0)
            if candidate.name in NATURAL:
                used = used[:_NATURAL_ROWS]
            keep = np.zeros(norms.size)
            keep[used] = 1.0 / norms[used]
            self.norms.append(keep)
            self.white.append(white * keep)
        owner = np.concatenate(
            [np.full(w.shape[1], i, dtype=np.int64) for i, w in enumerate(self.white)]
        )
        size = self.sigma.size
        self.mixture = Mixture(
            data=self.data / self.sigma,
            base=np.zeros((size, 0)),
            base_weight=np.zeros(0),
            base_value=np.zeros(0),
            columns=csc_matrix(np.concatenate(self.white, axis=1)),
            owner=owner,
            templates=lambda c: self.white[c],
            penalty=self.penalty,
            counted=self.counted,
            company=self.settings.company,
        )

    def _grouped(self, lines: SourceLines) -> list[_Group]:
        """Lines of a candidate that make one peak: those that lie nearest to the same cell."""
        seen = self.scale.seen_keV(lines.energies_keV)
        weight = (lines.peaks / np.maximum(lines.peaks.max(axis=1, keepdims=True), 1e-300)).max(0)
        cell = self._nearest(seen)
        groups = []
        for at in np.unique(cell[cell >= 0]):
            members = np.flatnonzero(cell == at)
            centre = float(np.average(seen[members], weights=np.maximum(weight[members], 1e-12)))
            groups.append(_Group(members, int(at), self._share(int(at), centre)))
        return groups

    def _nearest(self, seen_keV: FloatArray) -> IntArray:
        """Cell of each line: a found peak within a width, else a place between; -1 for none."""
        cells, n = self.cells, self.cells.n_found
        out = np.full(seen_keV.size, -1, dtype=np.int64)
        for first, last in ((n, cells.energies_keV.size), (0, n)):
            at = cells.energies_keV[first:last]
            if not at.size:
                continue
            order = np.argsort(at, kind="stable")
            ranked = at[order]
            right = np.clip(np.searchsorted(ranked, seen_keV), 1, max(at.size - 1, 1))
            right = np.minimum(right, at.size - 1)
            left = np.maximum(right - 1, 0)
            nearer = np.where(
                np.abs(ranked[left] - seen_keV) <= np.abs(ranked[right] - seen_keV), left, right
            )
            i = order[nearer] + first
            near = np.abs(cells.energies_keV[i] - seen_keV) < _NEAR_FWHM * cells.fwhm_keV[i]
            out[near] = i[near]
        return out

    def _share(self, at: int, seen_keV: float) -> float:
        """Share of a peak centred somewhere that belongs in a cell."""
        cells, s = self.cells, self.settings
        away = seen_keV - float(cells.energies_keV[at])
        fwhm = float(cells.fwhm_keV[at])
        if at >= cells.n_found:
            return float(window_share(np.array([away / fwhm]))[0])
        tolerance = np.hypot(np.hypot(cells.place_keV[at], s.place_fwhm * fwhm), s.place_keV)
        return float(np.exp(-0.5 * (away / tolerance) ** 2))

    def _on_cells(self, lines: SourceLines, groups: list[_Group]) -> FloatArray:
        """Expected areas per decay in every cell and shadow, a row per absorber."""
        cells, n = self.cells, self.cells.n_found
        out = np.zeros((lines.peaks.shape[0], self.sigma.size))
        for group in groups:
            amounts = lines.peaks[:, group.members].sum(axis=1)
            out[:, group.cell] += amounts * group.share
            if group.cell < n:
                out[:, cells.energies_keV.size + group.cell] += amounts * (1.0 - group.share)
        return out

    def _amounts(self, fit: Fit, candidate: int) -> FloatArray:
        """Decays behind each absorber."""
        return np.asarray(fit.amounts[candidate] * self.norms[candidate])

    def _modelled(self, fit: Fit) -> FloatArray:
        """Expected area in every cell."""
        total = np.zeros(self.sigma.size)
        for c in fit.amounts:
            total += self._amounts(fit, c) @ self.rows[c]
        return total[: self.cells.energies_keV.size]

    def _prove(self, fit: Fit, every: Sequence[int], candidate: int) -> Proof:
        rules, cells, lines = self.settings.peaks, self.cells, self.lines[candidate]
        gain = self.mixture.fit([c for c in every if c != candidate]).chi2 - fit.chi2
        decays = self._amounts(fit, candidate)
        own = (decays @ self.rows[candidate])[: cells.energies_keV.size]
        others = self._modelled(fit) - own
        found: list[tuple[float, LineGroup, bool]] = []
        for group in self.groups[candidate]:
            weights = decays @ lines.peaks[:, group.members]
            expected = float(weights.sum())
            if expected <= 0:
                continue
            at = group.cell
            main = int(group.members[int(np.argmax(weights))])
            line = LineGroup(
                energy_keV=float(np.average(lines.energies_keV[group.members], weights=weights)),
                intensity=float(lines.intensities[group.members].sum()),
                emitter=lines.emitters[main],
                expected=expected,
                counts=group.share * float(cells.areas[at] - others[at]),
                uncertainty=float(
                    np.hypot(cells.sigmas[at], self.settings.area_error * others[at])
                ),
                contrast=expected / max(float(cells.continuum[at]), 1.0),
                fwhm_keV=float(cells.fwhm_keV[at]),
            )
            found.append((line.expected_significance, line, bool(cells.found[at])))
        found.sort(key=lambda x: -x[0])
        found = found[:_MOST_GROUPS]
        confirmed = tuple(
            g
            for _, g, is_peak in found
            if is_peak
            and g.significance >= rules.confirmed
            and g.expected / rules.ratio <= g.counts <= g.expected * rules.ratio
        )
        missing = tuple(
            g
            for _, g, _ in found
            if g.expected_significance >= rules.expected
            and g.counts < g.expected / rules.ratio
            and g.expected - g.counts > 3.0 * g.uncertainty
        )
        hard = lines.energies_keV > self.settings.verdict.x_ray_keV
        bare = max(float(lines.peaks[0].sum()), 1e-300)
        return Proof(
            self.candidates[candidate],
            gain,
            tuple(g for _, g, _ in found),
            confirmed,
            missing,
            float(decays.sum()),
            float(lines.peaks[0][hard].sum() / bare),
            float((decays @ lines.peaks).sum() / bare),
        )

    def _left(self, model: FloatArray) -> list[LeftPeak]:
        """Found peaks that the model does not explain, the clearest first."""
        cells = self.cells
        left = []
        for i in range(cells.n_found):
            rest = float(cells.areas[i] - model[i])
            if cells.artefact[i] or rest < 0.5 * float(cells.areas[i]):
                continue
            left.append(
                LeftPeak(
                    float(cells.energies_keV[i]),
                    rest / float(cells.sigmas[i]),
                    rest / max(float(cells.continuum[i]), 1.0),
                    rest,
                )
            )
        return sorted(left, key=lambda p: -p.significance)

    def _aligned(self) -> EnergyScale:
        """Gain and offset at which the strong peaks lie on strong lines."""
        s, cells, n = self.settings, self.cells, self.cells.n_found
        scale = EnergyScale(fade_keV=1e9)
        if n == 0:
            return scale
        strong = np.sort(
            np.concatenate(
                [
                    x.energies_keV[x.peaks[0] >= _STRONG_LINE * x.peaks[0].max()]
                    for c, x in zip(self.candidates, self.lines, strict=True)
                    if c.tier in {"natural", "common", "strategic"}
                ]
            )
        )
        order = np.argsort(-cells.areas[:n] / cells.sigmas[:n], kind="stable")[:40]
        at = cells.energies_keV[order]
        tolerance = np.hypot(np.hypot(cells.place_keV[order], 0.15 * cells.fwhm_keV[order]), 0.05)
        # chance that some strong line lies as near to any place
        density = strong.size / max(float(strong[-1] - strong[0]), 1.0)
        odds = 1.0 / np.clip(2.5 * tolerance * density, 0.02, 1.0)
        best, chosen = -np.inf, (1.0, 0.0)
        for gain in 1.0 + np.arange(-s.reach, s.reach + 1e-9, s.reach / 40.0):
            for offset in np.arange(-5.0, 5.01, 0.5) * s.offset_sigma_keV:
                true = (at - offset) / gain
                i = np.clip(np.searchsorted(strong, true), 1, strong.size - 1)
                away = np.minimum(np.abs(strong[i] - true), np.abs(strong[i - 1] - true))
                hit = np.log1p(odds * np.exp(-0.5 * (away / tolerance) ** 2))
                score = float(hit.sum()) - self._scale_cost(float(gain), float(offset))
                if score > best:
                    best, chosen = score, (float(gain), float(offset))
        return EnergyScale(chosen[0], chosen[1], fade_keV=1e9)

    def _scale_cost(self, gain: float, offset_keV: float) -> float:
        """Logarithm of the odds against a scale."""
        s = self.settings
        x = (gain - 1.0) / s.gain_sigma
        return float(
            0.5 * (s.freedom + 1.0) * np.log1p(x * x / s.freedom)
            + 0.5 * (offset_keV / s.offset_sigma_keV) ** 2
        )

    def _regressed(self, scale: EnergyScale, every: Sequence[int], fit: Fit) -> EnergyScale:
        """Gain and offset from the places of peaks that a candidate explains, the old as prior."""
        s, cells = self.settings, self.cells
        true, seen, sigma = [], [], []
        for c in every:
            decays = self._amounts(fit, c)
            lines = self.lines[c]
            for group in self.groups[c]:
                weights = decays @ lines.peaks[:, group.members]
                expected = float(weights.sum())
                at = group.cell
                if expected <= 0 or at >= cells.n_found or cells.artefact[at]:
                    continue
                part = expected * group.share / max(float(cells.areas[at]), 1e-9)
                if group.share > 0.05 and 0.5 < part < 2.0:
                    true.append(
                        float(np.average(lines.energies_keV[group.members], weights=weights))
                    )
                    seen.append(float(cells.energies_keV[at]))
                    sigma.append(float(np.hypot(cells.place_keV[at], 0.05 * cells.fwhm_keV[at])))
        if len(true) < 2:
            return scale
        e, y, u = np.array(true), np.array(seen), np.array(sigma)
        design = np.stack((e, np.ones_like(e)), axis=1) / u[:, None]
        weight = np.diag([1.0 / (4.0 * s.gain_sigma) ** 2, 1.0 / s.offset_sigma_keV**2])
        normal = design.T @ design + weight
        right = design.T @ (y / u) + weight @ np.array([1.0, 0.0])
        gain, offset = np.linalg.solve(normal, right)
        return EnergyScale(float(gain), float(offset), fade_keV=1e9)


def _outstanding(cells: LineCells, energy_keV: float) -> bool:
    """Whether a peak is several times as large as the largest other one."""
    n = cells.n_found
    there = np.abs(cells.energies_keV[:n] - energy_keV) < cells.fwhm_keV[:n]
    if not there.any():
        return False
    others = cells.areas[:n][~there]
    return bool(cells.areas[:n][there].max() > _OUTSTANDING * max(others.max(initial=0.0), 1.0))


def _nuisances(efficiency: Resolution) -> list[tuple[Candidate, SourceLines]]:
    """K X-rays of elements near by; annihilation radiation (last)."""
    table: dict[str, list[tuple[float, float]]] = {}
    for line in xray_lines():
        if line.element in _X_RAY_ELEMENTS:
            table.setdefault(line.element, []).append((line.energy_keV, line.relative_intensity))
    out = []
    for element, lines in table.items():
        lines.sort()
        energies = np.array([e for e, _ in lines])
        shares = np.array([i for _, i in lines])
        out.append((f"{element} X-rays", energies, shares))
    out.append(("annihilation", np.array([ELECTRON_MASS_KEV]), np.ones(1)))
    return [
        (
            Candidate(name, "nuisance", False),
            SourceLines(e, i, (name,) * e.size, (i * efficiency(e))[None, :]),
        )
        for name, e, i in out
    ]

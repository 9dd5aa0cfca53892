"""Proof that a candidate must bring: its peaks one by one, beside all else that was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.candidates import Candidate
from tocsin.detection.drawn import Drawn
from tocsin.detection.mixture import Fit
from tocsin.detection.prepared import Whitening
from tocsin.detection.templates import EnergyScale, line_profiles

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_GROUP_FWHM = 0.7  # lines closer than this are one peak
_ROI_FWHM = 0.6  # half width in which a peak is compared with what lies under it
_MOST_GROUPS = 8
# By which what lies beside a peak may depart from the fit: other nuclides; the nuclide's own
# scattered photons, which at low energies lie under its peak; X-rays of lead and tungsten, which
# could stand for any peak near them.
_BESIDE_SIGMA, _REST_SIGMA, _NUISANCE_SIGMA = 0.5, 0.2, 0.1
_SOFT_KEV = 150.0
_SURE_PEAK = 15.0  # standard deviations from which a peak needs no test of its width
_HUMP_TESTED = 4  # peaks of a nuclide whose width is tested


@dataclass(frozen=True, slots=True)
class LineGroup:
    """Lines of one nuclide that make one peak.

    ``expected`` counts follow from the nuclide as fitted, ``counts`` and ``uncertainty`` from a fit
    in which this peak is free beside all others. ``contrast`` compares the expected peak with what
    lies under it, background left out; ``hump`` is set where something much broader explains more;
    ``fwhm_keV`` is the width of a peak there.
    """

    energy_keV: float
    intensity: float
    emitter: str
    expected: float
    counts: float
    uncertainty: float
    contrast: float
    fwhm_keV: float
    hump: bool = False

    @property
    def significance(self) -> float:
        """Counts over uncertainty."""
        return self.counts / self.uncertainty if self.uncertainty > 0 else 0.0

    @property
    def expected_significance(self) -> float:
        """Expected counts over uncertainty."""
        return self.expected / self.uncertainty if self.uncertainty > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Proof:
    """What speaks for one nuclide.

    Attributes
    ----------
    candidate : Candidate
        The nuclide.
    gain : float
        Fall of chi-squared by it, all others refitted.
    groups : tuple of LineGroup
        Its peaks, the best expected first.
    confirmed, missing : tuple of LineGroup
        Peaks that are seen as expected; peaks that should be seen and are not.
    decays : float
        Decays in the measuring time, if every photon met the crystal.
    harder_part : float
        Part of its photons, bare, above the energy of X-rays.
    apparent : float
        Decays that would leave as many counts in all peaks without any absorber.
    rivals : tuple of (str, float)
        Others that explain the same peaks, with the fall of chi-squared by them in its place.
    """

    candidate: Candidate
    gain: float
    groups: tuple[LineGroup, ...]
    confirmed: tuple[LineGroup, ...]
    missing: tuple[LineGroup, ...]
    decays: float
    harder_part: float = 1.0
    apparent: float = 0.0
    rivals: tuple[tuple[str, float], ...] = ()

    @property
    def name(self) -> str:
        """Name of the nuclide."""
        return self.candidate.name

    @property
    def leading(self) -> LineGroup | None:
        """Peak with the largest expected significance."""
        return self.groups[0] if self.groups else None


@dataclass(frozen=True, slots=True)
class LeftPeak:
    """A peak that nothing in a fit explains, on the file's own energy scale."""

    energy_keV: float
    significance: float
    contrast: float
    counts: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakRules:
    """When a peak counts as seen, or as missing.

    Attributes
    ----------
    confirmed : float
        Significance from which a peak counts as seen.
    expected : float
        Expected significance from which a peak that is not seen speaks against.
    ratio : float
        A peak is seen when its counts agree with the nuclide within this factor.
    broad, broader : float
        A peak is none when a hump ``broad`` times as wide is ``broader`` times as significant.
    low_keV : float
        Lines below are not missed: windows and thresholds may take them.
    """

    confirmed: float = 4.0
    expected: float = 5.0
    ratio: float = 2.5
    broad: float = 1.8
    broader: float = 1.15
    low_keV: float = 45.0


def prove(
    drawn: Drawn,
    fit: Fit,
    inside: Sequence[int],
    candidate: int,
    *,
    free: Whitening,
    rules: PeakRules,
) -> Proof:
    """Try one nuclide of a fit.

    Parameters
    ----------
    drawn, fit, inside
        Templates, the fit with all that was found, and the candidates in it.
    candidate : int
        The one to try.
    free : Whitening
        Covariance with a freer continuum, so that a peak must stand on its own.
    rules : PeakRules
        When a peak counts.
    """
    others = [c for c in inside if c != candidate]
    gain = drawn.mixture.fit(others).chi2 - fit.chi2
    groups = _groups(drawn, fit, candidate, free, rules)
    confirmed = tuple(
        g
        for g in groups
        if g.significance >= rules.confirmed
        and not g.hump
        and g.expected / rules.ratio <= g.counts <= g.expected * rules.ratio
    )
    missing = tuple(
        g
        for g in groups
        if g.expected_significance >= rules.expected
        and g.energy_keV > rules.low_keV
        and g.counts < g.expected / rules.ratio
        and g.expected - g.counts > 3.0 * g.uncertainty
    )
    decays = drawn.decays(fit, candidate)
    return Proof(
        drawn.drawing.bank.candidates[candidate],
        gain,
        groups,
        confirmed,
        missing,
        float(decays.sum()),
        _harder_part(drawn, candidate, rules),
        float(drawn.peak_counts(fit, candidate).sum() / _bare(drawn, candidate)),
    )


def _bare(drawn: Drawn, candidate: int) -> float:
    return max(float(drawn.drawing.bank.lines[candidate].peaks[0].sum()), 1e-300)


def _harder_part(drawn: Drawn, candidate: int, rules: PeakRules) -> float:
    lines = drawn.drawing.bank.lines[candidate]
    hard = lines.energies_keV > rules.low_keV
    return float(lines.peaks[0][hard].sum() / _bare(drawn, candidate))


def _groups(
    drawn: Drawn, fit: Fit, candidate: int, free: Whitening, rules: PeakRules
) -> tuple[LineGroup, ...]:
    expected = drawn.peak_counts(fit, candidate)
    if expected.sum() <= 0:
        return ()
    drawing = drawn.drawing
    lines = drawing.bank.lines[candidate]
    edges = drawing.prepared.binned.edges_keV
    profiles = line_profiles(lines.energies_keV, edges, drawing.resolution, drawn.scale)
    members, shapes = [], []
    for group in grouped(drawn, lines.energies_keV, expected):
        shape = np.asarray(profiles[group].T @ expected[group]).ravel()
        total = float(expected[group].sum())
        if shape.sum() > 0.5 * total:  # a peak outside the range proves nothing
            members.append(group)
            shapes.append(shape / total)
    if not members:
        return ()
    totals = np.array([expected[g].sum() for g in members])
    own = np.array([np.sqrt(float(np.sum(free(s) ** 2))) for s in shapes])
    order = np.argsort(-totals * own, kind="stable")[:_MOST_GROUPS]
    chosen = np.array([shapes[i] for i in order])
    rest = drawn.part(fit, candidate) - totals[order] @ chosen
    others, spread = _beside(drawn, fit, candidate)
    beside = np.column_stack((*others, rest))
    sigma = np.array([*spread, _REST_SIGMA])
    amounts, sigmas = free_amounts(drawn, free, beside, sigma, chosen.T)
    found = []
    for k, i in enumerate(order):
        group = members[i]
        energy = float(np.average(lines.energies_keV[group], weights=expected[group]))
        main = int(group[np.argmax(expected[group])])
        found.append(
            LineGroup(
                energy_keV=energy,
                intensity=float(lines.intensities[group].sum()),
                emitter=lines.emitters[main],
                expected=float(totals[i]),
                counts=float(amounts[k]),
                uncertainty=float(sigmas[k]),
                contrast=_contrast(drawn, fit, energy, totals[i] * shapes[i]),
                fwhm_keV=float(drawn.scale.fwhm_keV(np.array([energy]), drawing.resolution)[0]),
                hump=k < _HUMP_TESTED
                and amounts[k] < _SURE_PEAK * sigmas[k]
                and _is_hump(drawn, free, beside, sigma, chosen, k, rules),
            )
        )
    if found[0].energy_keV < _SOFT_KEV:
        found[0] = _with_scatter(drawn, fit, candidate, free, found[0], others, spread, rules)
    return tuple(found)


def _with_scatter(
    drawn: Drawn,
    fit: Fit,
    candidate: int,
    free: Whitening,
    lead: LineGroup,
    others: list[FloatArray],
    spread: list[float],
    rules: PeakRules,
) -> LineGroup:
    """The leading peak together with all that the nuclide leaves in the spectrum.

    At low energies scattered photons lose less than a peak width, so that a peak and what is
    scattered out of it cannot be told apart, and need not be.
    """
    whole = drawn.part(fit, candidate)
    base, sigma = np.column_stack(others), np.array(spread)
    if not others:
        base = np.zeros((whole.size, 0))
    amount, error = free_amounts(drawn, free, base, sigma, whole[:, None])
    if amount[0] * lead.uncertainty < lead.counts * error[0]:
        return lead
    scale = lead.expected
    return replace(
        lead,
        counts=float(amount[0]) * scale,
        uncertainty=float(error[0]) * scale,
        contrast=_contrast(drawn, fit, lead.energy_keV, whole),
        hump=amount[0] < _SURE_PEAK * error[0]
        and _is_hump(drawn, free, base, sigma, whole[None, :], 0, rules),
    )


def grouped(drawn: Drawn, energies_keV: FloatArray, expected: FloatArray) -> list[IntArray]:
    """Lines with expected counts, put together where they make one peak."""
    groups: list[list[int]] = []
    resolution, scale = drawn.drawing.resolution, drawn.scale
    for i in np.argsort(energies_keV, kind="stable"):
        if expected[i] <= 0:
            continue
        if groups:
            last = groups[-1]
            centre = float(np.average(energies_keV[last], weights=expected[last]))
            near = _GROUP_FWHM * float(scale.fwhm_keV(np.array([centre]), resolution)[0])
            if energies_keV[i] - centre <= near:
                last.append(int(i))
                continue
        groups.append([int(i)])
    return [np.asarray(g, dtype=np.int64) for g in groups]


def _beside(drawn: Drawn, fit: Fit, candidate: int) -> tuple[list[FloatArray], list[float]]:
    """Counts per bin of everything else as fitted, and by what each amount may depart from one."""
    columns = [fit.base[k] * drawn.base[k] for k in np.flatnonzero(fit.base > 0)]
    sigma = [_BESIDE_SIGMA] * len(columns)
    for c, amounts in fit.amounts.items():
        if c != candidate and amounts.sum() > 0:
            columns.append(drawn.part(fit, c))
            nuisance = drawn.drawing.bank.candidates[c].tier == "nuisance"
            sigma.append(_NUISANCE_SIGMA if nuisance else _BESIDE_SIGMA)
    return columns, sigma


def free_amounts(
    drawn: Drawn, free: Whitening, base: FloatArray, base_sigma: FloatArray, peaks: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Amounts and standard deviations of peaks beside what else is in the fit.

    Parameters
    ----------
    drawn : Drawn
        Where the data are.
    free : Whitening
        Covariance.
    base : (n, b) float
        Everything else as fitted.
    base_sigma : (b,) float
        By what its amounts may depart from one.
    peaks : (n, k) float
        Unit areas, amounts free in size and sign.
    """
    every = np.concatenate((base, peaks), axis=1)
    norm = np.maximum(np.abs(every).max(axis=0), 1e-300)
    white = free(every / norm)
    gram, right = white.T @ white, white.T @ free(drawn.drawing.prepared.binned.counts)
    b = np.arange(base.shape[1])
    weight = 1.0 / (base_sigma * norm[b]) ** 2
    gram[b, b] += weight
    right[b] += weight * norm[b]
    inverse = np.linalg.pinv(gram, rcond=1e-12, hermitian=True)
    amounts = inverse @ right / norm
    sigma = np.sqrt(np.maximum(np.diag(inverse), 0.0)) / norm
    return amounts[b.size :], sigma[b.size :]


def _is_hump(
    drawn: Drawn,
    free: Whitening,
    base: FloatArray,
    base_sigma: FloatArray,
    peaks: FloatArray,
    k: int,
    rules: PeakRules,
) -> bool:
    """Whether a broad hump explains more than the peak, all other peaks left free."""
    drawing = drawn.drawing
    wide = _broadened(peaks[k], drawing.prepared.binned.position, rules.broad)
    rest = np.delete(peaks, k, axis=0)
    scores = []
    for shape in (peaks[k], wide):
        columns = np.concatenate((shape[None, :], rest)).T
        amount, sigma = free_amounts(drawn, free, base, base_sigma, columns)
        scores.append(float(amount[0] / sigma[0]) if sigma[0] > 0 else 0.0)
    return scores[1] > rules.broader * scores[0]


def _broadened(shape: FloatArray, position: FloatArray, factor: float) -> FloatArray:
    """A peak stretched about its centre, area kept; positions are in peak widths."""
    centre = float(np.average(position, weights=np.maximum(shape, 0.0)))
    step = np.gradient(position)
    density = shape / step
    moved = np.interp(centre + (position - centre) / factor, position, density)
    out = moved * step
    return np.asarray(out * shape.sum() / max(float(out.sum()), 1e-300))


def _contrast(drawn: Drawn, fit: Fit, energy_keV: float, own: FloatArray) -> float:
    binned, scale = drawn.drawing.prepared.binned, drawn.scale
    at = np.array([energy_keV])
    seen = float(scale.seen_keV(at)[0])
    reach = _ROI_FWHM * float(scale.fwhm_keV(at, drawn.drawing.resolution)[0])
    inside = np.abs(binned.centres_keV - seen) <= max(
        reach, 0.6 * float(np.median(np.diff(binned.edges_keV)))
    )
    counts = np.maximum(drawn.counts(fit), binned.counts)
    under = float((counts - binned.background - own)[inside].sum())
    return float(own[inside].sum()) / max(under, 1.0)


def peak_errors(
    drawn: Drawn, fit: Fit, candidates: Sequence[int], *, amount: float, shift: float, width: float
) -> FloatArray:
    """What the strong peaks of some candidates may be wrong by, ``(n, 3 m)``.

    One standard deviation of the amount, the place (in peak widths) and the width of every peak.
    """
    drawing = drawn.drawing
    edges = drawing.prepared.binned.edges_keV
    columns = []
    for c in candidates:
        expected = drawn.peak_counts(fit, c)
        lines = drawing.bank.lines[c]
        strong = expected > 1e-3 * max(float(expected.sum()), 1e-300)
        for group in grouped(drawn, lines.energies_keV, np.where(strong, expected, 0.0)):
            e, a = lines.energies_keV[group], expected[group]

            def drawn_at(
                scale_width: float, moved: float, e: FloatArray = e, a: FloatArray = a
            ) -> FloatArray:
                scale = replace(drawn.scale, width=drawn.scale.width * scale_width)
                fwhm = drawn.scale.fwhm_keV(e, drawing.resolution)
                profile = line_profiles(e + moved * fwhm, edges, drawing.resolution, scale)
                return np.asarray(profile.T @ a).ravel()

            here = drawn_at(1.0, 0.0)
            columns.append(amount * here)
            columns.append(0.5 * (drawn_at(1.0, shift) - drawn_at(1.0, -shift)))
            columns.append(0.5 * (drawn_at(1.0 + width, 0.0) - drawn_at(1.0 - width, 0.0)))
    return np.array(columns).T if columns else np.zeros((edges.size - 1, 0))


def left_peaks(drawn: Drawn, fit: Fit, *, significance: float, contrast: float) -> list[LeftPeak]:
    """Clear peaks that a finished fit leaves over, the most significant first.

    At every bin a peak of the scale's width is fitted beside all that is in the fit; it must be
    ``significance`` standard deviations strong and rise by ``contrast`` over what lies under it.
    """
    drawing = drawn.drawing
    binned = drawing.prepared.binned
    places = binned.centres_keV
    plain = EnergyScale(width=drawn.scale.width, tilt=drawn.scale.tilt)
    profiles = line_profiles(places, binned.edges_keV, drawing.resolution, plain).toarray()
    white = drawing.whitening(profiles.T)
    q, _ = np.linalg.qr(fit.inside)
    white = white - q @ (q.T @ white)
    norm = np.sqrt(np.einsum("ij,ij->j", white, white))
    score = np.where(norm > 0, white.T @ fit.residual / np.maximum(norm, 1e-300), 0.0)
    area = score / np.maximum(norm, 1e-300)
    modelled = np.maximum(drawn.counts(fit) - binned.background, 0.0)
    found: list[LeftPeak] = []
    fwhm = plain.fwhm_keV(places, drawing.resolution)
    for i in np.argsort(-score, kind="stable"):
        if score[i] < significance:
            break
        if any(abs(p.energy_keV - places[i]) < 1.5 * fwhm[i] for p in found):
            continue
        inside = np.abs(places - places[i]) <= max(_ROI_FWHM * fwhm[i], 1e-9)
        under = max(float(modelled[inside].sum()), 1.0)
        rise = float(area[i] * profiles[i][inside].sum()) / under
        if rise >= contrast:
            found.append(LeftPeak(float(places[i]), float(score[i]), rise))
    return found

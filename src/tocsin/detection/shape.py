"""What an encounter is, by the shape of its spectrum: natural, a nuclide, or unknown."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import nnls
from scipy.special import ndtr

from tocsin.detection.analysis import FloatArray, NuclideFinding
from tocsin.detection.background import NaturalModes, smooth_modes
from tocsin.detection.bank import CandidateShapes, ShapeLibrary
from tocsin.detection.settings import DetectorSettings
from tocsin.nuclear.classes import GRAVITY, SourceClass

SERIES = ("K-40", "Ra-226", "Th-232")
SERIES_WORDS = ("potassium", "uranium series", "thorium series")
# Windows of airborne gamma spectrometry (IAEA-TECDOC-1363, 2003) in keV.
NATURAL_WINDOWS_KEV = ((1370.0, 1570.0), (1660.0, 1860.0), (2410.0, 2810.0))
_LEAST_SHARE = 1e-4  # of a series in its own window, below which the window cannot be used


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeSettings:
    """Choices of the shape test; the same for all files.

    Attributes
    ----------
    model_error : float
        Relative error of the expected source spectrum per bin (response, scatter around).
    response_sigma : float
        Relative error of the response that varies slowly with the energy (efficiency, geometry).
    source_gain_sigma : float
        Relative uncertainty of the energy scale of the source's spectrum against the library's.
    unknown_penalty : float
        How much better (in chi-squared) a free mixture of lines must fit than a nuclide, beyond the
        freedom it has, before the source is called unknown.
    line_gain : float
        Fall of chi-squared that the full-energy peaks of a nuclide must bring beside its scattered
        and partly absorbed photons: without lines no nuclide is named.
    trust : float
        Factor from the posterior among the modelled explanations to the stated confidence: the
        part of cases in which the winner with a posterior near one was right, measured on passes
        made from another laboratory's spectra (docs/science/detection.md).
    second_gain : float
        Fall of chi-squared that a second nuclide must bring to be named.
    named_at : float
        Posterior probability from which a nuclide is named.
    strategic_gain : float
        Fall of chi-squared against every other explanation that special nuclear material must bring
        to be named: a wrong alarm of that kind costs most.
    natural_at : float
        Probability of the natural explanation from which an encounter is natural.
    gross_natural_at : float
        The same where only the total rate had crossed its threshold: natural unless very unlikely.
    natural_seen_at : float
        Excess in the own window, in standard deviations after stripping, from which potassium,
        uranium series or thorium series are named in a natural encounter.
    prior_natural, prior_natural_point, prior_common, prior_uncommon, prior_strategic : float
        Prior weights of one hypothesis each: more of the surroundings, a compact natural object,
        a common source, a rare one, special nuclear material.
    radium_rise : float
        A short rise of the uranium series alone to this multiple of the background is taken for a
        radium source, not for rock.
    compact_s : float
        Longest rise that still counts as short in that sense.
    overload_rate_cps : float
        Above this rate in one crystal pulses pile up in any scintillator and shapes are not
        believed.
    misfit : float
        Chi-squared per degree of freedom of the best explanation above which no nuclide is named.
    """

    model_error: float = 0.06
    response_sigma: float = 0.15
    source_gain_sigma: float = 0.01
    unknown_penalty: float = 20.0
    line_gain: float = 12.0
    trust: float = 0.9
    second_gain: float = 50.0
    named_at: float = 0.7
    strategic_gain: float = 25.0
    natural_at: float = 0.5
    gross_natural_at: float = 1e-3
    natural_seen_at: float = 3.0
    prior_natural: float = 1.0
    prior_common: float = 0.03
    prior_natural_point: float = 0.1
    prior_uncommon: float = 1e-4
    prior_strategic: float = 0.003
    radium_rise: float = 3.0
    compact_s: float = 60.0
    overload_rate_cps: float = 5.0e4
    misfit: float = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class ShapeProblem:
    """Spectrum of an encounter beside what was expected, on the bins of the library.

    ``background_time_s`` is the live time that the background was measured for, effectively;
    ``spectral`` tells whether the shape itself had crossed its threshold, or only the rate.
    """

    counts: FloatArray
    rate_cps: FloatArray
    live_time_s: float
    background_time_s: float
    dispersion: float
    duration_s: float
    peak_rate_cps: float
    spectral: bool = True
    overloaded: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ShapeResult:
    """Class, nuclides and reasons of an encounter."""

    source_class: SourceClass
    findings: tuple[NuclideFinding, ...]
    reasons: tuple[str, ...]
    model_counts: FloatArray | None
    chi_squared: dict[str, float] = field(default_factory=dict)
    probabilities: dict[str, float] = field(default_factory=dict)


def _shift_mode(net: FloatArray, centres_keV: FloatArray) -> FloatArray:
    """How the net spectrum changes with a relative change of the energy scale, ``-d(E n)/dE``."""
    width = np.gradient(centres_keV)
    smooth = np.convolve(np.pad(net, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    return np.asarray(-np.gradient(smooth / width * centres_keV, centres_keV) * width)


class _Metric:
    """Least squares in the metric of counting noise, model error and natural variation."""

    def __init__(
        self,
        problem: ShapeProblem,
        library: ShapeLibrary,
        detector: DetectorSettings,
        settings: ShapeSettings,
    ) -> None:
        live = problem.live_time_s
        expected = problem.rate_cps * live
        self.net = problem.counts - expected
        smooth = np.convolve(np.pad(problem.counts, 1, mode="edge"), np.ones(3) / 3, mode="valid")
        source = np.clip(smooth - expected, 0.0, None)
        variance = (
            problem.dispersion
            * (np.maximum(smooth, expected) + expected * live / problem.background_time_s)
            + (settings.model_error * source) ** 2
            + 0.25
        )
        centres = 0.5 * (library.edges_keV[1:] + library.edges_keV[:-1])
        natural = NaturalModes(centres, library.series, detector)
        modes = natural.rates(problem.rate_cps) * (natural.sigma[:, None] * live)
        shift = _shift_mode(self.net, centres) * settings.source_gain_sigma
        slow = smooth_modes(centres, detector)[1:] * (settings.response_sigma * source)
        modes = np.vstack([modes, shift[None, :], slow])
        self.covariance = np.diag(variance) + modes.T @ modes
        self.root = np.linalg.cholesky(self.covariance)
        self.white_net = self.white(self.net[None, :])[0]
        self.variance = variance

    def white(self, rows: FloatArray) -> FloatArray:
        """Rows in units in which noise is independent and of size one."""
        return np.asarray(solve_triangular(self.root, rows.T, lower=True).T)

    def fit(self, white_rows: FloatArray) -> tuple[float, FloatArray]:
        """Chi-squared and amounts (not negative) of a set of rows."""
        if white_rows.shape[0] == 0:
            return float(self.white_net @ self.white_net), np.empty(0)
        amounts, norm = nnls(white_rows.T, self.white_net, maxiter=30 * white_rows.shape[0])
        return float(norm**2), np.asarray(amounts)


def identify_shape(
    problem: ShapeProblem,
    library: ShapeLibrary,
    *,
    detector: DetectorSettings | None = None,
    settings: ShapeSettings | None = None,
) -> ShapeResult:
    """Weigh natural, known and unknown explanations of an encounter's spectrum.

    Parameters
    ----------
    problem : ShapeProblem
        Counts and background on the bins of ``library``.
    library : ShapeLibrary
        Shapes of the instrument.
    detector : DetectorSettings, optional
        The natural variation that the detector allows for; the same here.
    settings : ShapeSettings, optional
        The defaults serve all files.

    Returns
    -------
    ShapeResult
        With a probability for every explanation.

    Notes
    -----
    Every explanation ``h`` is a set of shapes with free amounts that are not negative (a nuclide
    behind a free mixture of shields, beside scattered photons; K, U and Th for the natural one)
    over the tracked background with its natural variation. With its chi-squared ``X_h`` in the
    metric of :class:`_Metric` the posterior is ``p_h ~ prior_h exp(-X_h / 2 T)``; ``T >= 1`` is the
    chi-squared per degree of freedom that the best of them leaves (up to ``misfit``), so that a
    response that is not quite right makes the answer less sure instead of wrong. A nuclide outside
    the library can only be "unknown".
    """
    s = settings or ShapeSettings()
    metric = _Metric(problem, library, detector or DetectorSettings(), s)
    scatter = metric.white(library.scatter)
    natural = natural_rows(problem, library)
    none, _ = metric.fit(np.empty((0, problem.counts.size)))
    chi: dict[str, float] = {}
    amounts: dict[str, FloatArray] = {}
    chi["natural"], amounts["natural"] = metric.fit(metric.white(natural))
    every = metric.white(np.vstack([c.rows for c in library.candidates]))
    ends = np.cumsum([len(c.rows) for c in library.candidates])
    rows = {
        c.name: part for c, part in zip(library.candidates, np.split(every, ends[:-1]), strict=True)
    }
    for c in library.candidates:
        chi[c.name], amounts[c.name] = metric.fit(np.vstack([rows[c.name], scatter]))
    continuum = metric.white(library.continuum)
    chi["continuum"], amounts["continuum"] = metric.fit(np.vstack([continuum, scatter]))
    chi["X-ray machine"], amounts["X-ray machine"] = _best_tube(metric, library, scatter)
    lines = np.vstack([metric.white(library.lines), scatter])
    free, free_amounts = metric.fit(lines)
    n_free = int(np.count_nonzero(free_amounts))
    degrees = max(problem.counts.size - 4, 8)
    # what the best known explanation leaves is taken as error of the model, up to a limit
    best = min(chi.values())
    temperature = max(1.0, min(best / degrees, s.misfit))
    misfit = {
        name: chi[name] / max(problem.counts.size - int(np.count_nonzero(used)), 8)
        for name, used in amounts.items()
    }
    for name, used in amounts.items():  # every free amount costs its expected gain (Akaike 1974)
        chi[name] += 2.0 * temperature * int(np.count_nonzero(used))
    chi["unknown"] = free + temperature * (2.0 * n_free + s.unknown_penalty)
    prior = {
        "natural": s.prior_natural,
        "continuum": s.prior_common,
        "X-ray machine": s.prior_common,
        "unknown": s.prior_common,
    }
    by_tier = {
        "strategic": s.prior_strategic,
        "uncommon": s.prior_uncommon,
        "natural": s.prior_natural_point,
    }
    for c in library.candidates:
        prior[c.name] = by_tier.get(c.tier, s.prior_common)
    probabilities = _posterior(chi, prior, temperature)
    lineless = np.vstack([scatter, continuum])
    work = _Work(
        problem, library, metric, s, chi, misfit, amounts, rows, scatter, lineless, probabilities
    )
    return work.decide(none)


def _best_tube(
    metric: _Metric, library: ShapeLibrary, scatter: FloatArray
) -> tuple[float, FloatArray]:
    """The filter and the two neighbouring voltages that fit best."""
    best: tuple[float, FloatArray] = (math.inf, np.zeros(0))
    for voltages in library.tubes:
        white = metric.white(voltages)
        seen = voltages.any(axis=1)
        for k in np.flatnonzero(seen[:-1] & seen[1:]):
            found = metric.fit(np.vstack([white[k : k + 2], scatter]))
            if found[0] < best[0]:
                best = found
    return best


def natural_rows(problem: ShapeProblem, library: ShapeLibrary) -> FloatArray:
    """What more of nature looks like: the three series and the background.

    All come on top of the variation that the metric holds as noise. Where the shape itself has not
    crossed its threshold, any amount of the soft part (sky-shine, scatter) and of the hard part of
    the background is natural too; where it has, that would explain scattered sources away.
    """
    x = np.log(0.5 * (library.edges_keV[1:] + library.edges_keV[:-1]))
    x = (x - x[0]) / (x[-1] - x[0])
    shape = problem.rate_cps / problem.rate_cps.sum()
    rows = np.vstack([library.series, shape])
    if not problem.spectral:
        rows = np.vstack([rows, shape * (1 - x), shape * x])
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


def _posterior(
    chi: dict[str, float], prior: dict[str, float], temperature: float
) -> dict[str, float]:
    logs = {h: math.log(prior[h]) - 0.5 * x / temperature for h, x in chi.items()}
    top = max(logs.values())
    weights = {h: math.exp(v - top) for h, v in logs.items()}
    total = sum(weights.values())
    return {h: w / total for h, w in sorted(weights.items(), key=lambda item: -item[1])}


@dataclass(slots=True, eq=False)
class _Work:
    """Everything known when it comes to a decision."""

    problem: ShapeProblem
    library: ShapeLibrary
    metric: _Metric
    settings: ShapeSettings
    chi: dict[str, float]
    misfit: dict[str, float]
    amounts: dict[str, FloatArray]
    rows: dict[str, FloatArray]
    scatter: FloatArray
    lineless: FloatArray
    probabilities: dict[str, float]

    def decide(self, chi_none: float) -> ShapeResult:
        s, p = self.settings, self.probabilities
        best = next(iter(p))
        named = {c.name: c for c in self.library.candidates}
        if self.problem.overloaded or self.problem.peak_rate_cps > s.overload_rate_cps:
            return self._unknown(
                "the instrument was overloaded or near it: pulses pile up and the shape of the "
                "spectrum is not believed, no nuclide is named"
            )
        enough = s.natural_at if self.problem.spectral else s.gross_natural_at
        compact = [c for c in self.library.candidates if c.nuclide_class == "norm"]
        if p["natural"] + sum(p[c.name] for c in compact) >= enough:
            top = max(compact, key=lambda c: p[c.name], default=None)
            if top is not None and p[top.name] >= s.named_at and self.peak_gain(top) >= s.line_gain:
                return self._compact_natural(top, chi_none)
            return self._natural()
        if best == "unknown" or self.misfit.get(best, 0.0) > s.misfit:
            # none alone explains it: two together may
            pair = self._pair()
            if pair is not None:
                return self._named(pair, chi_none)
        if best == "continuum":
            return self._unknown("a continuum without lines: bremsstrahlung or scatter")
        if best == "X-ray machine":
            return self._unknown("a continuum that ends like that of an X-ray machine, no lines")
        if best == "unknown" or p[best] < s.named_at:
            others = ", ".join(f"{h} {v:.2f}" for h, v in list(p.items())[:3])
            return self._unknown(f"no explanation is sure enough (probabilities: {others})")
        candidate = named[best]
        if self.misfit[best] > s.misfit:
            return self._unknown(
                f"best match {best} leaves chi-squared {self.misfit[best]:.1f} per degree of "
                "freedom: the spectrum is not explained"
            )
        lines = self.peak_gain(candidate)
        if lines < s.line_gain:
            return self._unknown(
                f"{best} fits best, but by scattered photons alone: its lines bring chi-squared "
                f"down by {lines:.0f} only"
            )
        if candidate.tier == "strategic":
            rival = min(x for h, x in self.chi.items() if _counts_as_rival(named, h))
            if rival - self.chi[best] < s.strategic_gain:
                return self._unknown(
                    f"{best} fits best, but not by enough for special nuclear material"
                )
        return self._named(candidate, chi_none)

    def peak_gain(self, candidate: CandidateShapes, beside: CandidateShapes | None = None) -> float:
        """What the full-energy peaks of a nuclide bring, in units of the misfit."""
        fixed = [self.lineless] if beside is None else [self.lineless, self.rows[beside.name]]
        rows = self.rows[candidate.name]
        full, _ = self.metric.fit(np.vstack([rows, *fixed]))
        bare, _ = self.metric.fit(np.vstack([rows[candidate.without_peaks], *fixed]))
        scale = self.misfit[candidate.name if beside is None else beside.name]
        return (bare - full) / max(1.0, scale)

    def _named(self, first: CandidateShapes, chi_none: float) -> ShapeResult:
        """The best nuclide, and a second one where it is needed."""
        p = self.probabilities
        # where two nuclides took the place of "unknown", its probability is theirs
        rivals = [h for h in p if h not in (first.name, "unknown")]
        findings = [
            NuclideFinding(
                first.name,
                first.nuclide_class,
                self.settings.trust * max(p[first.name], p["unknown"]),
                f"shape of the excess over the background: chi-squared falls from {chi_none:.0f} "
                f"to {self.chi[first.name]:.0f} on {self.problem.counts.size} bins; next best "
                f"{rivals[0]} {self.chi[rivals[0]]:.0f}, natural {self.chi['natural']:.0f}",
            )
        ]
        rows = [self.rows[first.name]]
        model = [first.rows]
        second = self._second(first)
        if second is not None:
            candidate, gain = second
            rows.append(self.rows[candidate.name])
            model.append(candidate.rows)
            findings.append(
                NuclideFinding(
                    candidate.name,
                    candidate.nuclide_class,
                    self.settings.trust * max(p[first.name], p["unknown"]),
                    f"beside {first.name}: chi-squared falls by {gain:.0f} more",
                )
            )
        _, amounts = self.metric.fit(np.vstack([*rows, self.scatter]))
        explained = amounts @ np.vstack([*model, self.library.scatter])
        classes = [f.nuclide_class for f in findings]
        return ShapeResult(
            min(classes, key=GRAVITY.index),
            tuple(findings),
            (self._windows(),),
            self._with_background(explained),
            self.chi,
            p,
        )

    def _pair(self) -> CandidateShapes | None:
        """The first of two common nuclides that together explain what none explains alone."""
        common = [c for c in self.library.candidates if c.tier == "common"]
        first = min(common, key=lambda c: self.chi[c.name])
        second = self._second(first)
        if second is None:
            return None
        x, amounts = self.metric.fit(
            np.vstack([self.rows[first.name], self.rows[second[0].name], self.scatter])
        )
        used = int(np.count_nonzero(amounts))
        misfit = x / max(self.problem.counts.size - used, 8)
        if misfit > self.settings.misfit or x + 2.0 * used > self.chi["unknown"]:
            return None
        return first if self.peak_gain(first, second[0]) >= self.settings.line_gain else None

    def _second(self, first: CandidateShapes) -> tuple[CandidateShapes, float] | None:
        base = self.chi[first.name]
        best: tuple[CandidateShapes, float] | None = None
        for c in self.library.candidates:
            if c.name == first.name or c.tier != "common":
                continue
            x, amounts = self.metric.fit(
                np.vstack([self.rows[first.name], self.rows[c.name], self.scatter])
            )
            n_first = self.rows[first.name].shape[0]
            n_second = self.rows[c.name].shape[0]
            own = float(amounts[n_first : n_first + n_second].sum())
            if own < 0.1 * float(amounts[: n_first + n_second].sum()):
                continue
            # gains count in units of what the first nuclide leaves unexplained
            gain = (base - x) / max(1.0, self.misfit[first.name])
            if best is None or gain > best[1]:
                best = (c, gain)
        if best is None or best[1] < self.settings.second_gain:
            return None
        return best if self.peak_gain(best[0], first) >= self.settings.line_gain else None

    def _natural(self) -> ShapeResult:
        ratios = self._ratios()
        findings = [
            NuclideFinding(
                SERIES[k],
                "norm",
                self.settings.trust * float(ndtr(significance)),
                f"{SERIES_WORDS[k]} {ratios[k]:.2f} times the background in its window, "
                f"{significance:.1f} standard deviations over it after stripping",
            )
            for k, significance in enumerate(self._stripped())
            if significance >= self.settings.natural_seen_at
        ]
        amounts = self.amounts["natural"]
        model = amounts @ natural_rows(self.problem, self.library)
        return ShapeResult(
            "norm",
            tuple(findings),
            (self._windows(),),
            self._with_background(model),
            self.chi,
            self.probabilities,
        )

    def _stripped(self) -> list[float]:
        """Excess of K, U and Th in their windows over its standard uncertainty.

        The net counts of the three windows are solved for the three series with the shares that
        each series has in each window of this instrument (stripping, IAEA-TECDOC-1363, 2003,
        section 4); zero for a window outside the instrument's range.
        """
        windows = self._window_bins()
        share = np.array([self.library.series[:, w].sum(axis=1) for w in windows])
        seen = np.flatnonzero(np.diag(share) > _LEAST_SHARE)
        out = [0.0] * len(windows)
        if not seen.size:
            return out
        p = self.problem
        counts = np.array([p.counts[windows[k]].sum() for k in seen])
        expected = np.array([p.rate_cps[windows[k]].sum() for k in seen]) * p.live_time_s
        variance = p.dispersion * (counts + expected * p.live_time_s / p.background_time_s)
        inverse = np.linalg.inv(share[np.ix_(seen, seen)])
        amounts = inverse @ (counts - expected)
        sigma = np.sqrt(np.maximum((inverse**2) @ variance, 1e-12))
        for k, value in zip(seen, amounts / sigma, strict=True):
            out[int(k)] = float(value)
        return out

    def _window_bins(self) -> list[NDArray[np.bool_]]:
        """Bins of the natural windows."""
        centres = 0.5 * (self.library.edges_keV[1:] + self.library.edges_keV[:-1])
        return [(centres >= low) & (centres < high) for low, high in NATURAL_WINDOWS_KEV]

    def _compact_natural(self, top: CandidateShapes, chi_none: float) -> ShapeResult:
        """A compact object of one series; radium alone, short and strong, is a source."""
        result = self._named(top, chi_none)
        rise = self.problem.counts.sum() / max(
            float(self.problem.rate_cps.sum()) * self.problem.live_time_s, 1e-9
        )
        s = self.settings
        radium = [f.name for f in result.findings] == ["Ra-226"]
        if not (radium and rise >= s.radium_rise and self.problem.duration_s <= s.compact_s):
            return result
        finding = replace(result.findings[0], nuclide_class="industrial")
        reason = "only the uranium series rises, short and strongly: a radium source, not rock"
        return replace(
            result,
            source_class="industrial",
            findings=(finding,),
            reasons=(*result.reasons, reason),
        )

    def _unknown(self, reason: str) -> ShapeResult:
        return ShapeResult(
            "unknown", (), (reason, self._windows()), None, self.chi, self.probabilities
        )

    def _with_background(self, explained: FloatArray) -> FloatArray:
        """Source, background and the natural variation that fits the rest best."""
        live = self.problem.live_time_s
        rest = self.metric.net - explained
        natural = self.metric.covariance - np.diag(self.metric.variance)
        moved = natural @ np.linalg.solve(self.metric.covariance, rest)
        return np.asarray(explained + self.problem.rate_cps * live + moved)

    def _ratios(self) -> list[float]:
        out = []
        for inside in self._window_bins():
            expected = float(self.problem.rate_cps[inside].sum()) * self.problem.live_time_s
            out.append(float(self.problem.counts[inside].sum()) / max(expected, 1e-9))
        return out

    def _windows(self) -> str:
        """The rise in words, window by window."""
        k, u, t = self._ratios()
        total = float(self.problem.counts.sum()) / max(
            float(self.problem.rate_cps.sum()) * self.problem.live_time_s, 1e-9
        )
        return (
            f"against the background: total x {total:.2f}, K-40 window x {k:.2f}, uranium window "
            f"x {u:.2f}, thorium window x {t:.2f}"
        )


def _counts_as_rival(named: dict[str, CandidateShapes], hypothesis: str) -> bool:
    """Whether special nuclear material has to beat this explanation by far: not rare nuclides."""
    candidate = named.get(hypothesis)
    return candidate is None or candidate.tier in ("common", "natural")

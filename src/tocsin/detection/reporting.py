"""From proofs to findings: names that a reader knows, classes, confidence and reasons in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tocsin.detection.analysis import CLASS_ORDER, LineEvidence, NuclideFinding, SourceClass
from tocsin.detection.binning import Resolution
from tocsin.detection.nuclide_bank import NuclideBank
from tocsin.detection.peaks import Peak, matched_filter
from tocsin.detection.proof import Judgement, Proof
from tocsin.detection.search import Search
from tocsin.nuclear import NuclideLibrary, classify

_THORIUM = ("Ra-228", "Ra-224")
_OUT_OF_EQUILIBRIUM = 0.3  # activity of Ac-228 over Ra-224 below which the upper part is missing


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of a spectrum."""

    findings: tuple[NuclideFinding, ...]
    source_class: SourceClass | None
    nuclear_material: bool
    unknown: bool
    statistic: float
    reasons: tuple[str, ...]


def report(
    search: Search,
    judgement: Judgement,
    bank: NuclideBank,
    library: NuclideLibrary,
    *,
    unknown_significance: float,
    unknown_contrast: float,
    resolution: Resolution,
) -> Report:
    """Findings, class and reasons of a finished search."""
    named = _names(judgement.proved)
    left = leftover_peaks(
        search, resolution, significance=unknown_significance, contrast=unknown_contrast
    )
    reasons = list(judgement.notes)
    reasons += [
        f"a peak at {p.energy_keV:.0f} keV ({p.significance:.0f} sigma) is not explained"
        for p in left
    ]
    man_made = [n for n, p in named if p.candidate.tier != "natural"]
    unknown = bool(left) and not man_made
    if not named and not unknown:
        return Report((), None, False, False, 0.0, tuple(reasons))
    verdict = classify(_as_seen(named), unknown=unknown, library=library)
    findings = []
    for name, proof in named:
        found = NuclideFinding(
            name=name,
            nuclide_class=_source_class(verdict.by_nuclide.get(name, "unknown")),
            confidence=confidence(proof, search, len(named)),
            evidence=_words(name, proof, search),
            lines=_lines(proof, search),
        )
        findings.append(found)
        reasons += _near(proof, search)
    findings.sort(key=lambda f: (-f.confidence, f.name))
    statistic = math.sqrt(max(sum(p.gain for _, p in named), *[0.0]) if named else 0.0)
    if left:
        statistic = max(statistic, max(p.significance for p in left))
    return Report(
        tuple(findings),
        _source_class(verdict.gravest),
        verdict.nuclear_material,
        unknown,
        statistic,
        tuple(dict.fromkeys(reasons)),
    )


def _source_class(text: str) -> SourceClass:
    return next(c for c in CLASS_ORDER if c == text)


def _names(proved: tuple[Proof, ...]) -> list[tuple[str, Proof]]:
    """Thorium series from its two parts; everything else under its own name."""
    by_name = {p.name: p for p in proved}
    upper, lower = by_name.get("Ra-228"), by_name.get("Ra-224")
    named = [(p.name, p) for p in proved if p.name not in _THORIUM]
    if lower is not None:
        whole = upper is not None and upper.activity >= _OUT_OF_EQUILIBRIUM * lower.activity
        named.append(("Th-232" if whole else "Ra-224", lower))
    elif upper is not None:
        named.append(("Th-232", upper))
    return named


def _as_seen(named: list[tuple[str, Proof]]) -> list[str]:
    """Names for the classes, with the progeny whose own lines were seen."""
    names = [n for n, _ in named]
    for _, proof in named:
        names += [g.emitter for g in proof.confirmed if g.emitter in {"Pb-214", "Bi-214"}]
    return names


def confidence(proof: Proof, search: Search, n_named: int) -> float:
    """Probability that the nuclide is there, from what speaks for it.

    A logistic function of the logarithm of the explained chi-squared, the number of confirmed
    peaks, the missing part and the lead over the next best candidate.
    """
    lead = 0.0
    rivals = search.runners_up.get(proof.name, [])
    if rivals and proof.gain > 0:
        lead = math.log(max(proof.gain, 1.0) / max(rivals[0][1], 1.0))
    missing = sum(g.expected for g in proof.missing)
    expected = max(sum(g.expected for g in proof.groups), 1e-9)
    score = (
        0.6
        + 0.7 * math.log(max(proof.gain, 1.0) / 25.0)
        + 0.6 * (len(proof.confirmed) - 1)
        - 3.0 * missing / expected
        + 0.3 * max(-2.0, min(lead, 2.0))
        - 0.3 * (n_named - 1)
    )
    return min(0.99, 1.0 / (1.0 + math.exp(-score)))


def _lines(proof: Proof, search: Search) -> tuple[LineEvidence, ...]:
    shown = []
    for group in proof.groups[:6]:
        seen = group in proof.confirmed
        at = float(search.scale.seen_keV(np.array([group.energy_keV]))[0])
        shown.append(
            LineEvidence(
                energy_keV=group.energy_keV,
                intensity=group.intensity,
                net_counts=group.counts,
                net_counts_uncertainty=group.uncertainty,
                found_energy_keV=at if seen else None,
                emitter=group.emitter,
            )
        )
    return tuple(shown)


def _words(name: str, proof: Proof, search: Search) -> str:
    scale = search.scale
    parts = []
    for group in proof.confirmed[:4]:
        at = float(scale.seen_keV(np.array([group.energy_keV]))[0])
        by = "" if group.emitter == name else f" of {group.emitter}"
        strength = f"{min(group.significance, 999):.0f} sigma"
        parts.append(f"{group.energy_keV:.1f} keV{by} {strength} at {at:.1f} keV")
    text = "; ".join(parts)
    text += f" (gain {100 * (scale.gain - 1):+.1f} %, offset {scale.offset_keV:+.1f} keV)"
    if proof.missing:
        lost = ", ".join(f"{g.energy_keV:.0f}" for g in proof.missing[:3])
        text += f"; expected and not seen: {lost} keV"
    return text


def _near(proof: Proof, search: Search) -> list[str]:
    """The next best candidate for what this one explains."""
    rivals = search.runners_up.get(proof.name, [])
    return [
        f"{rival} considered for the same peaks and explains less (chi-squared {gain:.0f} of "
        f"{proof.gain:.0f})"
        for rival, gain in rivals[:1]
    ]


def leftover_peaks(
    search: Search, resolution: Resolution, *, significance: float, contrast: float
) -> list[Peak]:
    """Clear peaks that the finished fit leaves over."""
    fit, scale = search.fit, search.scale
    expected = fit.expected(search.solution)
    filtered = matched_filter(
        fit.binned.counts - expected,
        fit.variance,
        fit.binned.edges_keV,
        lambda e: scale.width * resolution(e),
    )
    level = matched_filter(
        np.maximum(expected, 0.0) + 0.0,
        fit.variance,
        fit.binned.edges_keV,
        lambda e: scale.width * resolution(e),
    ).continuum
    score = filtered.significance
    found: list[Peak] = []
    for i in np.argsort(-score, kind="stable"):
        if score[i] < significance:
            break
        under = max(float(level[i]), 1.0)
        if any(abs(p.energy_keV - fit.binned.centres_keV[i]) < 1e-9 for p in found):
            continue
        if float(filtered.area[i]) / under < contrast:
            continue
        width = float(resolution(fit.binned.centres_keV[i : i + 1])[0]) * scale.width
        if any(abs(p.energy_keV - fit.binned.centres_keV[i]) < 1.5 * width for p in found):
            continue
        found.append(
            Peak(
                float(fit.binned.centres_keV[i]),
                float(filtered.area[i]),
                math.sqrt(float(filtered.variance[i])),
                under,
            )
        )
    return found

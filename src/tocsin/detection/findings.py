"""From proofs to findings: names that a reader knows, classes, confidence and reasons in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.analysis import LineEvidence, NuclideFinding
from tocsin.detection.continuum_sign import ContinuumSign
from tocsin.detection.evidence import LeftPeak, LineGroup, Proof
from tocsin.detection.templates import EnergyScale
from tocsin.detection.uranium_share import UraniumShare
from tocsin.nuclear import NuclideLibrary, classify
from tocsin.nuclear.classes import GRAVITY, SourceClass

FloatArray = NDArray[np.float64]

_THORIUM = ("Ra-228", "Ra-224")
_BELOW_TH_229 = ("Th-229", "Ac-225", "Bi-213")
STAND_IN = 0.5
"""Most confidence in a name that stands for others too: a pure beta emitter for all, a sign of
U-233 without a line of it. How often they are right was not measured."""
_OUT_OF_EQUILIBRIUM = 0.3  # decays of Ac-228 over Ra-224 below which the upper part is missing
_RADIUM_PROGENY = frozenset({"Pb-214", "Bi-214"})

SAME_RADIATION = {
    "Ra-224": "Ra-224, Th-228, U-232 and Pb-212 show the same lines and are not told apart",
    "F-18": "any emitter of positrons without further lines looks the same",
    "Ac-225": "its progeny Bi-213 alone looks the same but for 218 keV of Fr-221",
    "Re-188": "its parent W-188 looks the same",
    "Mo-99": "with Tc-99m in equilibrium",
    "Pu-241": "by its progeny U-237",
    "U-233": "mostly by the progeny of Th-229, with that of U-232",
    "Np-237": "mostly the lines of its progeny Pa-233",
}
"""What the reader must know where one radiation belongs to several nuclides."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of a spectrum."""

    findings: tuple[NuclideFinding, ...]
    source_class: SourceClass | None
    nuclear_material: bool
    unknown: bool
    statistic: float
    reasons: tuple[str, ...]


def tell(
    proofs: Sequence[Proof],
    left: Sequence[LeftPeak],
    notes: Sequence[str],
    scale: EnergyScale,
    library: NuclideLibrary,
    *,
    uranium: UraniumShare | None = None,
    continuum: ContinuumSign | None = None,
) -> Report:
    """Findings, class and reasons of a finished search.

    Parameters
    ----------
    proofs : sequence of Proof
        Of what stands, the strongest first.
    left : sequence of LeftPeak
        Clear peaks that are not explained.
    notes : sequence of str
        What was tried and is not named, and why.
    scale : EnergyScale
        Where lines are seen.
    library : NuclideLibrary
        For the classes.
    uranium : UraniumShare, optional
        Share of U-235, where uranium is among the proofs and its share can be told.
    continuum : ContinuumSign, optional
        Source without lines, told where no nuclide of a source and no peak without a name is found.
    """
    named = _names(proofs)
    line_only = uranium is not None and uranium.line_only
    if uranium is not None and (uranium.enriched or line_only):
        named = _with_u235(named)
    reasons = list(notes)
    reasons += [
        f"a peak at {p.energy_keV:.0f} keV ({p.significance:.0f} sigma) is not explained"
        for p in left
    ]
    man_made = [n for n, p in named if p.candidate.tier != "natural"]
    unknown = bool(left) and not man_made
    smooth = None if left or man_made else continuum
    if smooth is not None and smooth.name is None and named:
        smooth = None
    if smooth is not None and smooth.name is None:
        unknown = True
        reasons.append(smooth.words)
    if not named and not unknown and smooth is None:
        return Report((), None, False, False, 0.0, tuple(reasons))
    # U-235 that may be nature's share has the class of the uranium that it belongs to
    seen = _as_seen([(n, p) for n, p in named if not (line_only and n == "U-235")])
    if smooth is not None and smooth.name is not None:
        seen.append(smooth.name)
    verdict = classify(seen, unknown=unknown, library=library)
    findings = []
    if smooth is not None and smooth.name is not None:
        findings.append(
            NuclideFinding(
                name=smooth.name,
                nuclide_class=_source_class(verdict.by_nuclide.get(smooth.name, "unknown")),
                confidence=min(_logistic(0.7 * math.log(smooth.gain / 25.0)), STAND_IN),
                evidence=smooth.words,
            )
        )
    for name, proof in named:
        as_part_of = "U-238" if line_only and name == "U-235" else name
        findings.append(
            NuclideFinding(
                name=name,
                nuclide_class=_source_class(verdict.by_nuclide.get(as_part_of, "unknown")),
                confidence=min(confidence(proof, len(named)), _most_confidence(name, proof)),
                evidence=_words(name, proof, scale)
                + _share_words(name, uranium)
                + _sign_words(name, proof),
                lines=_lines(proof, scale),
            )
        )
        reasons += [
            f"{rival} considered for the same peaks and explains less (chi-squared {gain:.0f} of "
            f"{proof.gain:.0f})"
            for rival, gain in proof.rivals[:1]
        ]
    findings.sort(key=lambda f: (-f.confidence, f.name))
    own = [p.gain for name, p in named if name != "U-235" or p.name == "U-235"]
    gains = own + ([] if smooth is None else [smooth.gain])
    statistic = math.sqrt(max(sum(gains), 0.0))
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


def _most_confidence(name: str, proof: Proof) -> float:
    return STAND_IN if name == "U-233" != proof.name else 1.0


def _sign_words(name: str, proof: Proof) -> str:
    if name != "U-233" or proof.name == name:
        return ""
    return (
        f"; no line of its own: {proof.name} beside Ra-224 without Ra-228, which come together in "
        "U-233 with its U-232, but also from two sources of a clinic"
    )


def _source_class(text: str) -> SourceClass:
    return next(c for c in GRAVITY if c == text)


def _names(proofs: Sequence[Proof]) -> list[tuple[str, Proof]]:
    """Names of what is a sign of something else; everything else under its own name.

    The thorium series from its two parts; U-233 from the progeny of Th-229 beside that of Th-228
    without Ac-228, which come together only in U-233 with its U-232 and in thorium parted from it;
    Pu-241 from U-237 beside Pu-239.
    """
    by_name = {p.name: p for p in proofs}
    upper, lower = by_name.get("Ra-228"), by_name.get("Ra-224")
    named = [(p.name, p) for p in proofs if p.name not in _THORIUM]
    chain = next((by_name[n] for n in _BELOW_TH_229 if n in by_name), None)
    if chain is not None and lower is not None and upper is None and "U-233" not in by_name:
        named = [("U-233" if p is chain else n, p) for n, p in named]
    if "Pu-239" in by_name:
        named = [("Pu-241" if n == "U-237" else n, p) for n, p in named]
    if lower is not None:
        whole = upper is not None and upper.decays >= _OUT_OF_EQUILIBRIUM * lower.decays
        named.append(("Th-232" if whole else "Ra-224", lower))
    elif upper is not None:
        named.append(("Th-232", upper))
    return named


def _with_u235(named: list[tuple[str, Proof]]) -> list[tuple[str, Proof]]:
    """With U-235 beside U-238, from its lines that were taken for those of natural uranium."""
    proofs = dict(named)
    if "U-235" in proofs or "U-238" not in proofs:
        return named
    whole = proofs["U-238"]

    def own(groups: tuple[LineGroup, ...]) -> tuple[LineGroup, ...]:
        return tuple(g for g in groups if g.emitter == "U-235")

    part = replace(
        whole,
        groups=own(whole.groups),
        confirmed=own(whole.confirmed),
        missing=own(whole.missing),
    )
    # its share of what the two explain: the squares of its own peaks' significances
    gain = sum(g.significance**2 for g in part.confirmed)
    return [*named, ("U-235", replace(part, gain=gain))] if part.confirmed else named


def _share_words(name: str, uranium: UraniumShare | None) -> str:
    if uranium is None or name not in {"U-235", "U-238"}:
        return ""
    return f"; {uranium.words}"


def _as_seen(named: list[tuple[str, Proof]]) -> list[str]:
    """Names for the classes, with the progeny whose own lines were seen."""
    names = [n for n, _ in named]
    for _, proof in named:
        names += [g.emitter for g in proof.confirmed if g.emitter in _RADIUM_PROGENY]
    return names


def confidence(proof: Proof, n_named: int) -> float:
    """Probability that the nuclide is there, from what speaks for it.

    A logistic function of the logarithm of the explained chi-squared, the number of confirmed
    peaks, the missing part and the lead over the next best candidate.
    """
    lead = 2.0
    if proof.rivals and proof.gain > 0:
        lead = math.log(max(proof.gain, 1.0) / max(proof.rivals[0][1], 1.0))
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
    return _logistic(score)


def _logistic(score: float) -> float:
    return min(0.99, 1.0 / (1.0 + math.exp(-score)))


def _lines(proof: Proof, scale: EnergyScale) -> tuple[LineEvidence, ...]:
    shown = []
    for group in proof.groups[:6]:
        at = float(scale.seen_keV(np.array([group.energy_keV]))[0])
        shown.append(
            LineEvidence(
                energy_keV=group.energy_keV,
                intensity=group.intensity,
                net_counts=group.counts,
                net_counts_uncertainty=group.uncertainty,
                found_energy_keV=at if group in proof.confirmed else None,
                emitter=group.emitter,
            )
        )
    return tuple(shown)


def _words(name: str, proof: Proof, scale: EnergyScale) -> str:
    parts = []
    for group in proof.confirmed[:4]:
        at = float(scale.seen_keV(np.array([group.energy_keV]))[0])
        by = "" if group.emitter == name else f" of {group.emitter}"
        sure = min(group.significance, 999)
        parts.append(f"{group.energy_keV:.1f} keV{by} {sure:.0f} sigma at {at:.1f} keV")
    text = "; ".join(parts) or "whole spectrum"
    text += f" (gain {100 * (scale.gain - 1):+.1f} %, offset {scale.offset_keV:+.1f} keV)"
    if proof.missing:
        lost = ", ".join(f"{g.energy_keV:.0f}" for g in proof.missing[:3])
        text += f"; expected and not seen: {lost} keV"
    if name in SAME_RADIATION:
        text += f"; {SAME_RADIATION[name]}"
    return text

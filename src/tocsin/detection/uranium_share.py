"""How much U-235 the uranium holds, where that can be told, and whether its line is seen at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.detection.evidence import Proof
from tocsin.detectors import DetectorModel
from tocsin.errors import OutOfDomain
from tocsin.nuclear import NuclideLibrary
from tocsin.spectrometry import PeakAnalysis
from tocsin.spectrometry.uranium import enrichment

_URANIUM = frozenset({"U-235", "U-238"})
_ENRICHED = 0.8
"""Probability of more than natural U-235 from which U-235 is named beside U-238: four to one. Bulk
uranium shields its own lines, so that the ratio of 186 to 1001 keV alone may look natural."""


_LINE_SEEN = 5.0
"""Standard deviations of its own peak from which U-235 is named though its share is not told."""


@dataclass(frozen=True, slots=True)
class UraniumShare:
    """What is told of the share of U-235.

    Attributes
    ----------
    words : str
        Median and 95 % interval by weight where they can be told.
    enriched : bool
        More than nature's.
    line_only : bool
        A peak of U-235 is seen, and nothing is told of its share: nature's is not excluded, and
        more than nature's neither. Its class is then that of the uranium.
    """

    words: str
    enriched: bool
    line_only: bool = False


def uranium_line(proofs: Sequence[Proof], *, has_background: bool) -> UraniumShare | None:
    """Whether a scintillator shows U-235 beside U-238 by a peak of its own.

    Natural and depleted uranium hold U-235 as well. How bright 186 keV is beside 1001 keV depends
    on the thickness of the uranium as much as on its share, and a scintillator does not tell the
    two apart below some 20 %.

    Parameters
    ----------
    proofs : sequence of Proof
        Of what was found.
    has_background : bool
        One was measured. Without it, radium of the surroundings counts at 186 keV.

    Returns
    -------
    UraniumShare or None
        None where U-235 was found for itself, where no peak of it is seen, or radium makes it.
    """
    by_name = {p.name: p for p in proofs}
    whole = by_name.get("U-238")
    if whole is None or not has_background or by_name.keys() & {"U-235", "Ra-226"}:
        return None
    peaks = [g for g in whole.confirmed if g.emitter == "U-235" and g.significance >= _LINE_SEEN]
    if not peaks:
        return None
    words = "its share is not told: nature's fits, and enriched uranium is not excluded"
    return UraniumShare(words, enriched=False, line_only=True)


def uranium_share(
    proofs: Sequence[Proof],
    analysis: PeakAnalysis,
    background: PeakAnalysis | None,
    *,
    model: DetectorModel,
    library: NuclideLibrary,
) -> UraniumShare | None:
    """Share of U-235 where uranium was found; None where it cannot be told.

    Parameters
    ----------
    proofs : sequence of Proof
        Of what was found.
    analysis, background : PeakAnalysis
        Peaks of the foreground, and of the background if there is one. Without one, radium of the
        surroundings counts at 186 keV, and nothing is called enriched.
    model, library : DetectorModel, NuclideLibrary
        Efficiency and nuclear data.
    """
    names = {p.name for p in proofs}
    if model.material != "Ge" or not names & _URANIUM:
        return None
    try:
        found = enrichment(analysis, background, model=model, library=library)
    except OutOfDomain:  # too few peaks, or too wide: the nuclides stand without a share
        return None
    low, high = found.weight_interval
    words = (
        f"U-235 is {found.weight_percent:.2g} % of the uranium by weight (95 %: {low:.2g} to "
        f"{high:.2g} %), {found.category}"
    )
    above = 1.0 - found.probabilities["depleted"]
    enriched = (
        background is not None
        and "Ra-226" not in names
        and found.limit != "at_most"
        and above >= _ENRICHED
    )
    return UraniumShare(words, enriched)

"""How much U-235 the uranium holds that a germanium spectrum shows."""

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


@dataclass(frozen=True, slots=True)
class UraniumShare:
    """Share of U-235 in words, and whether it is more than nature's.

    ``words`` give the median and the 95 % interval by weight.
    """

    words: str
    enriched: bool


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

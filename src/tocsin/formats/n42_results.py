"""What an instrument's own algorithm wrote into N42: read as it is, never our answer."""

from __future__ import annotations

from typing import Any

from tocsin.formats import n42_marks
from tocsin.formats.notes import Notes
from tocsin.spectra import InstrumentNuclide, InstrumentResult

Node = Any
_CONFIDENCES = ("NuclideIDConfidenceDescription", "NuclideIDConfidenceIndicationCode")


def read_result(element: Node, notes: Notes) -> InstrumentResult:
    """One ``AnalysisResults`` element."""
    exact = n42_marks.result_as_written([(c.text or "") for c in element if _local(c) == "Remark"])
    if exact is not None:
        return exact
    texts: dict[str, str] = {}
    versions: list[str] = []
    alarms: list[str] = []
    nuclides: list[InstrumentNuclide] = []
    remarks: list[str] = []
    for child in element:
        name = _local(child)
        if name == "AnalysisAlgorithmVersion":
            parts = [(c.text or "").strip() for c in child if _local(c) != "Remark"]
            versions.append(n42_marks.plain(" ".join(p for p in parts if p)))
        elif name == "RadAlarm":
            alarms.append(_alarm(child))
        elif name == "NuclideAnalysisResults":
            for nuclide in child:
                if _local(nuclide) == "Nuclide":
                    _nuclide(nuclide, nuclides, remarks, notes)
        elif name == "Remark":
            remarks.append((child.text or "").strip())
        elif len(child) == 0:
            texts[name] = (child.text or "").strip()
    for key in ("AnalysisResultStatusCode", "AnalysisConfidenceValue"):
        if texts.get(key):
            remarks.append(f"{key}: {texts[key]}")
    return InstrumentResult(
        algorithm_name=texts.get("AnalysisAlgorithmName", ""),
        algorithm_version="; ".join(versions),
        algorithm_creator=texts.get("AnalysisAlgorithmCreatorName", ""),
        description=texts.get("AnalysisResultDescription")
        or texts.get("AnalysisAlgorithmDescription", ""),
        nuclides=tuple(nuclides),
        alarms=tuple(alarms),
        remarks=tuple(remarks),
    )


def _local(element: Node) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _alarm(element: Node) -> str:
    """``Category: description (time)``, with what is there."""
    texts = {_local(c): (c.text or "").strip() for c in element}
    text = texts.get("RadAlarmCategoryCode", "")
    if texts.get("RadAlarmDescription"):
        text += f": {texts['RadAlarmDescription']}"
    if texts.get("RadAlarmDateTime"):
        text += f" ({texts['RadAlarmDateTime']})"
    return text


def _nuclide(
    element: Node, nuclides: list[InstrumentNuclide], remarks: list[str], notes: Notes
) -> None:
    texts = {_local(c): (c.text or "").strip() for c in element if _local(c) != "Remark"}
    name = n42_marks.plain(texts.get("NuclideName", ""))
    if texts.get("NuclideIdentifiedIndicator", "true").lower() in ("false", "0"):
        remarks.append(f"not identified: {name}")
        return
    confidence = texts.get("NuclideIDConfidenceValue", "")
    for key in _CONFIDENCES:
        confidence = confidence or texts.get(key, "")
    activity = None
    if texts.get("NuclideActivityValue"):
        try:
            activity = 1000.0 * float(texts["NuclideActivityValue"])  # N42 states kBq
        except ValueError:
            notes.add("activity_unreadable", "a nuclide activity is not a number")
    if activity is not None and not abs(activity) < 1e30:
        activity = None
    nuclides.append(
        InstrumentNuclide(
            name=name,
            kind=texts.get("NuclideCategoryDescription", ""),
            confidence=confidence,
            activity_Bq=activity,
            remark="; ".join((c.text or "").strip() for c in element if _local(c) == "Remark"),
        )
    )

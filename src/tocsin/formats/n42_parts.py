"""The parts of an N42 document that occur once: instrument, detectors, calibrations, results.

Each is written as the schema wants it and read back with the reader's own function; only where
that does not return the same object does a remark carry the exact one
(:mod:`tocsin.formats.n42_marks`).
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from lxml import etree

from tocsin.formats import n42_marks, n42_reader, n42_results
from tocsin.formats.notes import Notes
from tocsin.spectra import DetectorInfo, EnergyCalibration, Instrument, InstrumentResult

Node = Any
NS = f"{{{n42_reader.NAMESPACE}}}"
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DIMENSION = re.compile(r"(length|width|depth|diameter|volume) (\d+(?:\.\d+)?) ([A-Za-z0-9]+)")
_INSTRUMENT_CLASSES = frozenset(
    (
        "Backpack",
        "Dosimeter",
        "Electronic Personal Emergency Radiation Detector",
        "Mobile System",
        "Network Area Monitor",
        "Neutron Handheld",
        "Personal Radiation Detector",
        "Radionuclide Identifier",
        "Portal Monitor",
        "Spectroscopic Portal Monitor",
        "Spectroscopic Personal Radiation Detector",
        "Gamma Handheld",
        "Transportable System",
        "Other",
    )
)
CATEGORIES = {c.lower(): c for c in ("Gamma", "Neutron", "Alpha", "Beta", "X-ray", "Other")}
_ALARM = re.compile(r"(Neutron|Gamma|Alpha|Beta|Isotope|Other)(?:: (.+))?", re.S)
_MATERIALS = frozenset(
    (
        "HPGe HPXe NaI LaBr3 LaCl3 BGO CZT CdTe CsI GMT GMTW LiFiber PVT PS He3 He4 LiGlass LiI "
        "SrI2 CLYC CdWO4 BF3 HgI2 CeBr4 LiCAF LiZnS Other"
    ).split()
)
_SIZES = {"length": "Length", "width": "Width", "depth": "Depth", "diameter": "Diameter"}


def add(parent: Node, name: str, text: str | None = None, **attributes: str) -> Node:
    """Append an element of the N42 name space."""
    element = etree.SubElement(parent, NS + name, attributes)
    if text is not None:
        element.text = text
    return element


def shown(text: str) -> str:
    """The text without what XML cannot hold and without blanks around it."""
    return _NOT_XML.sub("?", text.replace("\r", "\n")).strip()


def name_text(text: str) -> str:
    """A text that fits the schema's pattern for names, which admits one group of signs only.

    Blanks become no-break blanks where the pattern would refuse them; a reader turns them back.
    """
    text = " ".join(shown(text).split())
    signs = [at for at, c in enumerate(text) if not ((c.isascii() and c.isalnum()) or c == " ")]
    if signs and " " in text[signs[0] : signs[-1]]:
        text = text.replace(" ", "\xa0")
    return text or "unknown"


def mark(element: Node, prefix: str, content: Mapping[str, Any]) -> None:
    """Put a remark with exact values in front of the other children."""
    remark = etree.Element(NS + "Remark")
    remark.text = prefix + json.dumps(content, separators=(",", ":"), allow_nan=False)
    element.insert(0, remark)


def instrument(root: Node, what: Instrument) -> None:
    """``RadInstrumentInformation``."""
    element = add(root, "RadInstrumentInformation", id="instrument")
    add(element, "RadInstrumentManufacturerName", name_text(what.manufacturer))
    if shown(what.serial):
        add(element, "RadInstrumentIdentifier", name_text(what.serial))
    add(element, "RadInstrumentModelName", name_text(what.model))
    known = what.instrument_class in _INSTRUMENT_CLASSES
    add(element, "RadInstrumentClassCode", what.instrument_class if known else "Other")
    for component, version in what.versions or (("Software", "unknown"),):
        part = add(element, "RadInstrumentVersion")
        add(part, "RadInstrumentComponentName", name_text(component))
        add(part, "RadInstrumentComponentVersion", name_text(version))
    exact = dataclasses.replace(what, detectors=())
    if n42_reader.instrument_of(element) != exact:
        content = dataclasses.asdict(exact)
        del content["detectors"]
        mark(element, n42_marks.INSTRUMENT, content)


def detector(root: Node, identity: str, info: DetectorInfo, *, alias: bool) -> None:
    """``RadDetectorInformation``; an alias names a detector that is declared already."""
    element = add(root, "RadDetectorInformation", id=identity)
    add(element, "RadDetectorCategoryCode", CATEGORIES.get(info.kind.strip().lower(), "Other"))
    add(element, "RadDetectorKindCode", info.material if info.material in _MATERIALS else "Other")
    if shown(info.description):
        add(element, "RadDetectorDescription", shown(info.description))
    _dimensions(element, info.dimensions)
    if alias:
        mark(element, n42_marks.DETECTOR, {"name": info.name, "kind": info.kind, "alias": True})
    elif n42_reader.detector_of(element)[1] != info:
        mark(element, n42_marks.DETECTOR, dataclasses.asdict(info))


def _dimensions(element: Node, text: str) -> None:
    sizes: dict[str, tuple[str, str]] = {}
    for part in text.split(", "):
        match = _DIMENSION.fullmatch(part)
        if match is None or not float(match[2]) > 0:
            return
        sizes[match[1]] = (match[2], match[3])
    for name, tag in _SIZES.items():
        if name in sizes:
            value, unit = sizes[name]
            add(element, f"RadDetector{tag}Value", value, units=unit)
    if "volume" in sizes:
        add(element, "RadDetectorVolumeValue", sizes["volume"][0], units=sizes["volume"][1])


def calibration(root: Node, identity: str, what: EnergyCalibration, n_channel: int) -> None:
    """``EnergyCalibration``: empty, beside the remark, where the schema cannot say it."""
    element = add(root, "EnergyCalibration", id=identity)
    if what.origin == "file":
        _calibration_values(element, what, n_channel)
    if n42_reader.calibration_of(element, Notes()) != what:
        content: dict[str, Any] = {
            "form": what.kind,
            "coefficients": what.coefficients,
            "origin": what.origin,
        }
        if what.deviation_pairs:
            content["deviation_pairs"] = what.deviation_pairs
        mark(element, n42_marks.CALIBRATION, content)


def _calibration_values(element: Node, what: EnergyCalibration, n_channel: int) -> None:
    energies = [p[0] for p in what.deviation_pairs]
    rising = all(a < b for a, b in itertools.pairwise(energies))
    pairs_fit = rising and all(e >= 0 for e in energies)
    terms = list(what.coefficients)
    while len(terms) > 2 and terms[-1] == 0:
        terms.pop()
    if what.kind == "full_range_fraction":
        terms = [a / n_channel**power for power, a in enumerate(terms)]
    if what.kind != "lower_channel_edges" and len(terms) <= 3 and pairs_fit:
        add(element, "CoefficientValues", numbers_text((*terms, 0.0)[:3]))
        if energies:
            add(element, "EnergyValues", numbers_text(energies))
            add(element, "EnergyDeviationValues", numbers_text(p[1] for p in what.deviation_pairs))
        return
    with np.errstate(all="ignore"):  # whatever a file claims: only rising, finite edges are used
        usable = what.is_usable(n_channel)
        edges = what.edges_keV(n_channel).tolist() if usable else []
    if edges and edges[0] >= 0 and math.isfinite(edges[-1]):
        add(element, "EnergyBoundaryValues", numbers_text(edges))


def numbers_text(values: Any) -> str:
    """Numbers with blanks between, each the shortest text that reads back the same."""
    return " ".join(repr(float(v)) for v in values)


def result(what: InstrumentResult, detector_ids: str) -> Node:
    """``AnalysisResults``, kept as the instrument's own answer."""
    element = etree.Element(NS + "AnalysisResults")
    for remark in what.remarks:
        add(element, "Remark", shown(remark))
    for tag, text in (
        ("AnalysisAlgorithmName", what.algorithm_name),
        ("AnalysisAlgorithmCreatorName", what.algorithm_creator),
    ):
        if shown(text):
            add(element, tag, shown(text))
    for version in filter(None, what.algorithm_version.split("; ")):
        component, _, rest = version.rpartition(" ")
        part = add(element, "AnalysisAlgorithmVersion")
        add(part, "AnalysisAlgorithmComponentName", name_text(component or "algorithm"))
        add(part, "AnalysisAlgorithmComponentVersion", name_text(rest))
    if shown(what.description):
        add(element, "AnalysisResultDescription", shown(what.description))
    for alarm in what.alarms:
        match = _ALARM.fullmatch(shown(alarm))
        part = add(element, "RadAlarm", radDetectorInformationReferences=detector_ids)
        add(part, "RadAlarmCategoryCode", match[1] if match else "Other")
        text = match[2] if match else shown(alarm)
        if text:
            add(part, "RadAlarmDescription", text)
    if what.nuclides:
        _nuclides(element, what)
    if n42_results.read_result(element, Notes()) != what:
        mark(element, n42_marks.RESULT, dataclasses.asdict(what))
    return element


def _nuclides(element: Node, what: InstrumentResult) -> None:
    results = add(element, "NuclideAnalysisResults")
    for nuclide in what.nuclides:
        part = add(results, "Nuclide")
        if shown(nuclide.remark):
            add(part, "Remark", shown(nuclide.remark))
        add(part, "NuclideIdentifiedIndicator", "true")
        add(part, "NuclideName", name_text(nuclide.name))
        if nuclide.activity_Bq is not None:
            add(part, "NuclideActivityValue", repr(nuclide.activity_Bq / 1000.0))
        confidence = n42_reader.number(nuclide.confidence)
        if confidence is not None and 0.0 <= confidence <= 100.0:
            add(part, "NuclideIDConfidenceValue", shown(nuclide.confidence))
        else:
            add(part, "NuclideIDConfidenceDescription", shown(nuclide.confidence))
        if shown(nuclide.kind):
            add(part, "NuclideCategoryDescription", shown(nuclide.kind))

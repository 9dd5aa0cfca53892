"""Second look at RadiaCode XML: what it states beside the channels, and whether it agrees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from tocsin.errors import ParseError
from tocsin.spectra import Recording, RecordingWarning, SourceType, Spectrum

Node = Any
_NAMES = {
    "EnergySpectrum": SourceType.FOREGROUND,
    "BackgroundEnergySpectrum": SourceType.BACKGROUND,
}


@dataclass(frozen=True, slots=True)
class Stated:
    """What one spectrum element of the file says about itself."""

    purpose: SourceType
    channels: int | None
    points: int
    order: int | None
    coefficients: tuple[str, ...]

    @property
    def calibration_agrees(self) -> bool:
        """True when the polynomial has as many coefficients as its stated order asks for."""
        return self.order is None or len(self.coefficients) == self.order + 1


def facts(data: bytes) -> list[Stated]:
    """Statements of every spectrum element, in file order."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ParseError("not well-formed XML", offset=error.lineno) from error
    return [
        _stated(element, purpose)
        for element in root.iter("{*}EnergySpectrum", "{*}BackgroundEnergySpectrum")
        if (purpose := _NAMES[etree.QName(element).localname])
    ]


def _stated(element: Node, purpose: SourceType) -> Stated:
    return Stated(
        purpose,
        _whole(element.findtext("{*}NumberOfChannels")),
        sum(1 for _ in element.iterfind("{*}Spectrum/{*}DataPoint")),
        _whole(element.findtext("{*}EnergyCalibration/{*}PolynomialOrder")),
        tuple(
            (c.text or "").strip()
            for c in element.iterfind("{*}EnergyCalibration/{*}Coefficients/{*}Coefficient")
        ),
    )


def _whole(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isdecimal() and len(text) < 8 else None


def corrected(recording: Recording, data: bytes) -> Recording:
    """The recording with every calibration marked that contradicts itself.

    Raises
    ------
    ParseError
        ``"truncated"`` when a spectrum has another number of channels than it states.
    """
    wrong: set[SourceType] = set()
    for stated in facts(data):
        if stated.channels is not None and stated.points != stated.channels:
            raise ParseError(
                f"a spectrum states {stated.channels} channels and holds {stated.points}",
                code="truncated",
            )
        if not stated.calibration_agrees:
            wrong.add(stated.purpose)
    if not wrong:
        return recording
    records = tuple(
        replace(r, spectra=tuple(_doubted(s) for s in r.spectra)) if r.source_type in wrong else r
        for r in recording.records
    )
    warning = RecordingWarning(
        "calibration_inconsistent",
        "the calibration has another number of coefficients than its stated order: not believed",
    )
    return replace(recording, records=records, warnings=(*recording.warnings, warning))


def _doubted(spectrum: Spectrum) -> Spectrum:
    if spectrum.calibration is None:
        return spectrum
    return spectrum.with_calibration(replace(spectrum.calibration, origin="assumed"))

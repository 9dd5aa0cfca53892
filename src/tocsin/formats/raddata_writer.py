"""Spectra as ``RADDATA://`` URIs and as QR codes, to be handed over from screen to telephone."""

from __future__ import annotations

import io
import itertools
import re
from typing import Literal

import numpy as np
import segno
from numpy.typing import NDArray

from tocsin.errors import InvalidInput
from tocsin.formats import raddata_codec as codec
from tocsin.formats.n42_values import compress_zeroes, decimal_text
from tocsin.formats.raddata import BASE64, PURPOSES
from tocsin.spectra import EnergyCalibration, Instrument, Record, Recording, SourceType, Spectrum

_LETTERS = {purpose: letter for letter, purpose in PURPOSES.items()}
_MODEL_SIGNS, _NOTE_SIGNS = 30, 60  # as other writers of the format cut them
_MOST_CHANNELS = 65_535
_MOST_PARTS = 9
# Signs of a QR code of version 30 at the lowest error correction: still read from a screen by a
# telephone. A choice of this project.
_MOST_SIGNS = 2520

Image = Literal["png", "svg"]


def write_raddata(recording: Recording) -> bytes:
    """One URI per line for every spectrum of the measured records, to be clicked or mailed.

    A URI holds counts, times, calibration (polynomial forms only), model, start (clock time without
    zone), latitude and longitude, neutrons and 60 signs of title; nothing else.

    Raises
    ------
    InvalidInput
        When there is no spectrum, or counts are fractional, negative or above 2**32 - 1.
    """
    uris = [
        f"RADDATA://G0/{BASE64:X}00/{codec.base64_encoded(codec.deflated(_content(r, s, model)))}"
        for r, s, model in _spectra(recording)
    ]
    return "".join(f"{uri}\n" for uri in uris).encode("ascii")


def write_qr(recording: Recording, *, image: Image = "png", scale: int = 4) -> list[bytes]:
    """QR codes of every spectrum, in as many codes as it takes for a telephone to read them.

    Parameters
    ----------
    recording : Recording
        See :func:`write_raddata`.
    image : {"png", "svg"}
        Form of the images.
    scale : int
        Pixels (or SVG units) per module.

    Returns
    -------
    list of bytes
        Images in order. A spectrum of several codes is read from all of them together.

    Raises
    ------
    InvalidInput
        As :func:`write_raddata`, or when a spectrum does not fit into nine codes.
    """
    images = []
    for record, spectrum, model in _spectra(recording):
        for uri in _qr_uris(record, spectrum, model):
            out = io.BytesIO()
            code = segno.make(uri, error="l", mode="alphanumeric", boost_error=False, micro=False)
            code.save(out, kind=image, scale=scale, border=4)
            images.append(out.getvalue())
    return images


def _spectra(recording: Recording) -> list[tuple[Record, Spectrum, Instrument]]:
    found = [(r, s, recording.instrument) for r in recording.measured for s in r.spectra]
    if not found:
        raise InvalidInput("a recording without a spectrum cannot be written as a URI")
    return found


def _qr_uris(record: Record, spectrum: Spectrum, instrument: Instrument) -> list[str]:
    """Percent-encoded URIs in base 45, the fewest that are short enough."""
    for parts in range(1, _MOST_PARTS + 1):
        pieces = [
            codec.base45_encoded(codec.deflated(piece))
            for piece in _pieces(record, spectrum, instrument, parts)
        ]
        crc = f"{codec.crc16_arc(''.join(pieces).encode('ascii'))}/" if parts > 1 else ""
        uris = [
            f"RADDATA://G0/0{parts - 1}{n}/{crc}{codec.percent_encoded(piece)}"
            for n, piece in enumerate(pieces)
        ]
        if max(map(len, uris)) <= _MOST_SIGNS:
            return uris
    raise InvalidInput(f"a spectrum of {spectrum.n_channel} channels does not fit into nine codes")


def _pieces(record: Record, spectrum: Spectrum, instrument: Instrument, parts: int) -> list[bytes]:
    numbers = compress_zeroes(_whole(spectrum))
    size = numbers.size // parts
    if size == 0:
        raise InvalidInput("a spectrum holds fewer numbers than codes")
    edges = [n * size for n in range(parts)] + [numbers.size]
    pieces = [codec.packed(numbers[a:b]) for a, b in itertools.pairwise(edges)]
    return [_fields(record, spectrum, instrument) + pieces[0], *pieces[1:]]


def _content(record: Record, spectrum: Spectrum, instrument: Instrument) -> bytes:
    return _pieces(record, spectrum, instrument, 1)[0]


def _whole(spectrum: Spectrum) -> NDArray[np.int64]:
    counts = spectrum.counts
    if counts.dtype != np.int64 or counts.size == 0 or counts.min() < 0 or counts.max() >= 1 << 32:
        raise InvalidInput("a URI holds whole counts from 0 to 2**32 - 1 only")
    if counts.size > _MOST_CHANNELS:
        raise InvalidInput(f"a URI holds at most {_MOST_CHANNELS} channels")
    return counts.astype(np.int64)


def _fields(record: Record, spectrum: Spectrum, instrument: Instrument) -> bytes:
    """All that stands in front of the channels."""
    real = spectrum.real_time_s if spectrum.real_time_s is not None else record.real_time_s
    live = spectrum.live_time_s if spectrum.live_time_s is not None else real
    if live is None:
        raise InvalidInput("a URI needs a live or a real time")
    fields = []
    if record.source_type is not SourceType.UNKNOWN:
        fields.append(f"I:{_LETTERS[record.source_type]}")
    fields.append(f"T:{_number(live if real is None else real)},{_number(live)}")
    terms = _terms(spectrum.calibration, spectrum.n_channel)
    if terms:
        fields.append("C:" + ",".join(map(_number, terms)))
        pairs = spectrum.calibration.deviation_pairs if spectrum.calibration is not None else ()
        if pairs:
            fields.append("D:" + ",".join(_number(v) for pair in pairs for v in pair))
    model = _plain(instrument.model or instrument.manufacturer, _MODEL_SIGNS)
    if model:
        fields.append(f"M:{model}")
    if record.start is not None:
        fields.append(f"P:{record.start:%Y%m%dT%H%M%S}")
    if record.position is not None:
        p = record.position
        fields.append(f"G:{_number(p.latitude_deg)},{_number(p.longitude_deg)}")
    if record.neutron_counts is not None and record.neutron_counts >= 0:
        fields.append(f"N:{round(record.neutron_counts)}")
    title = _plain(record.title, _NOTE_SIGNS)
    if title:
        fields.append(f"O:{title}")
    return (" ".join(fields) + " S:").encode("utf-8")


def _number(value: float) -> str:
    return decimal_text(float(value))


def _terms(calibration: EnergyCalibration | None, n_channel: int) -> tuple[float, ...]:
    """Coefficients of a polynomial in the channel; nothing where none is to be believed."""
    if calibration is None or calibration.origin != "file":
        return ()
    if calibration.kind == "polynomial":
        return calibration.coefficients
    if calibration.kind == "full_range_fraction" and not any(calibration.coefficients[4:]):
        return tuple(a / n_channel**power for power, a in enumerate(calibration.coefficients[:4]))
    return ()


def _plain(text: str, most: int) -> str:
    """A text without what would read as the beginning of a field."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return re.sub(r"(^| )([A-Z]):", r"\1\2 ", text)[:most].strip()

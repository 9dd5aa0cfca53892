"""In the worker: which reader takes the bytes, and how many parts it must return."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.errors import ParseError
from tocsin.formats import library, n42_reader, own_readers, qr_image
from tocsin.formats.believable import believable
from tocsin.formats.limits import Limits
from tocsin.formats.scan import scan_xml, to_utf8
from tocsin.formats.sniff import looks_like_xml
from tocsin.spectra import Recording

_N42_PARTS = ("RadMeasurement", "DerivedData", "Spectrum")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A recording and the two independent counts of its parts."""

    recording: Recording
    expected: int | None
    found: int | None


def parse(data: bytes, *, path: str, limits: Limits, file_name: str = "") -> Parsed:
    """Read bytes of any supported format.

    Runs in the sandboxed worker; calling it elsewhere is for tests and benchmarks on own data.

    Parameters
    ----------
    data : bytes
        The whole file.
    path : str
        Where a library may open the same bytes itself.
    limits : Limits
        Bounds on records, channels and nesting.
    file_name : str
        Name that the file came with; a hint at its format.

    Raises
    ------
    ParseError
        See docs/science/formats.md for the codes.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise ParseError("the file holds nothing", code="empty")
    expected: int | None
    found: int | None
    own = own_readers.reader_for(data)
    if own is not None:
        recording, expected, found = own_readers.read_own(own, data, limits)
    elif not looks_like_xml(data):
        recording, expected, found = library.read_other(
            data, path=path, limits=limits, file_name=file_name
        )
    else:
        text = to_utf8(data)
        seen = scan_xml(text, limits=limits)
        if seen.root == "RadInstrumentData":
            recording, found = n42_reader.read_n42(text, limits=limits)
            expected = sum(seen.elements.get(name, 0) for name in _N42_PARTS)
        else:
            recording, expected, found = library.read_xml(
                text, seen, path=path, limits=limits, file_name=file_name
            )
    if not recording.records and not recording.derived:
        raise ParseError("no measurement is in the file")
    return Parsed(believable(recording), expected, found)


def warm_up() -> None:
    """Import and run everything once, so that a worker need not open a file."""
    tiny = (
        b'<RadInstrumentData xmlns="http://physics.nist.gov/N42/2011/N42">'
        b'<RadMeasurement id="m"><MeasurementClassCode>Foreground</MeasurementClassCode>'
        b"<StartDateTime>2020-01-01T00:00:00.5+01:00</StartDateTime>"
        b"<RealTimeDuration>PT1S</RealTimeDuration>"
        b'<Spectrum id="s"><LiveTimeDuration>PT1S</LiveTimeDuration>'
        b'<ChannelData compressionCode="CountedZeroes">1 0 3 2.5</ChannelData></Spectrum>'
        b"</RadMeasurement></RadInstrumentData>"
    )
    parse(tiny, path="", limits=Limits())
    library.warm_up(tiny)
    qr_image.warm_up()

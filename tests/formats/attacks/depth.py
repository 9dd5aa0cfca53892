"""Nesting and sheer number: recursion in a parser, quadratic work, stacks that run out."""

from __future__ import annotations

from .base import NS_2012, RECORDS, TOTAL, TOTAL_1, measurement, n42, n42_2006, radiacode_xml
from .case import attack

EITHER = {"records": RECORDS, "total": TOTAL}


def nest(depth: int, tag: str = "a") -> str:
    return f"<{tag}>" * depth + f"</{tag}>" * depth


@attack("depth", **EITHER)
def tags_8k() -> bytes:
    return n42(
        extra=f"<RadInstrumentDataExtension>{nest(8_000)}</RadInstrumentDataExtension>"
    ).encode()


@attack("depth", **EITHER)
def tags_48k() -> bytes:
    return n42(extra=nest(48_000)).encode()


@attack("depth", **EITHER)
def tags_1m() -> bytes:
    return n42(extra=nest(1_000_000)).encode()


@attack("depth")
def tags_1m_never_closed() -> bytes:
    return (f'<RadInstrumentData xmlns="{NS_2012}">' + "<a>" * 1_000_000).encode()


@attack("depth", records=3)
def tags_100k_n42_2006() -> bytes:
    return n42_2006(extra=nest(100_000)).encode()


@attack("depth", "attack.xml", records=1)
def tags_100k_radiacode() -> bytes:
    text = radiacode_xml()
    return text.replace("<ResultDataList>", nest(100_000) + "<ResultDataList>").encode()


@attack("depth")
def measurements_in_measurements() -> bytes:
    inside = "".join(f'<RadMeasurement id="m{i}">' for i in range(5_000))
    return n42(inside + "</RadMeasurement>" * 5_000).encode()


@attack("depth", records=2, total=2 * TOTAL_1, flagged=True)
def measurement_in_measurement() -> bytes:
    # Not allowed by the schema: what is inside may be refused, but never dropped in silence.
    return n42(measurement(0, extra=measurement(0).replace('"m0"', '"m9"'))).encode()


@attack("depth", records=1, total=2 * TOTAL_1)
def spectrum_in_spectrum() -> bytes:
    inner = measurement(0)
    inner = inner[inner.index("<Spectrum") : inner.index("</RadMeasurement>")].replace(
        '"s0"', '"t"'
    )
    return n42(measurement(0).replace("</Spectrum>", inner + "</Spectrum>", 1)).encode()


@attack("depth", **EITHER)
def attributes_100k() -> bytes:
    attributes = " ".join(f'a{i}="1"' for i in range(100_000))
    return n42(extra=f"<RadInstrumentDataExtension {attributes}/>").encode()


@attack("depth", **EITHER)
def attribute_of_8_MB() -> bytes:
    return n42(extra=f'<RadInstrumentDataExtension a="{"x" * 8_000_000}"/>').encode()


@attack("depth", **EITHER)
def namespaces_20k() -> bytes:
    spaces = " ".join(f'xmlns:n{i}="urn:{i}"' for i in range(20_000))
    return n42(extra=f"<RadInstrumentDataExtension {spaces}/>").encode()


@attack("depth", **EITHER)
def comments_200k() -> bytes:
    return n42(extra="<!--x-->" * 200_000).encode()


@attack("depth", **EITHER)
def comment_of_8_MB() -> bytes:
    return n42(extra=f"<!--{'x' * 8_000_000}-->").encode()


@attack("depth", **EITHER)
def tag_name_of_1_MB() -> bytes:
    return n42(extra=f"<{'x' * 1_000_000}/>").encode()


@attack("depth", **EITHER)
def remark_of_9_MB() -> bytes:
    return n42(extra="", head="<Remark>" + "r" * 9_000_000 + "</Remark>").encode()


@attack("depth", records=100_000, total=100_000)
def measurements_100k_of_one_channel() -> bytes:
    one = (
        '<RadMeasurement id="m{0}"><Spectrum id="s{0}"><ChannelData>1</ChannelData>'
        "</Spectrum></RadMeasurement>"
    )
    return n42("".join(one.format(i) for i in range(100_000))).encode()


@attack("depth", records=0)
def measurements_1m_empty() -> bytes:
    # 15 MB of records that hold nothing: there is nothing to read in it either way.
    return n42("<RadMeasurement/>" * 800_000).encode()


@attack("depth", records=1, total=300_000)
def spectra_300k_in_one_measurement() -> bytes:
    one = "<Spectrum><ChannelData>1</ChannelData></Spectrum>"
    return n42(f'<RadMeasurement id="m">{one * 300_000}</RadMeasurement>').encode()


@attack("depth", **EITHER)
def calibrations_100k() -> bytes:
    one = (
        '<EnergyCalibration id="x{0}"><CoefficientValues>0 3 0</CoefficientValues>'
        "</EnergyCalibration>"
    )
    return n42(extra="".join(one.format(i) for i in range(60_000))).encode()


@attack("depth", records=300, total=300)
def detector_name_of_30_kB_in_300_spectra() -> bytes:
    # Written once in the file, repeated for every spectrum: the answer is larger than the file.
    name = "n" * 30_000
    head = f'<RadDetectorInformation id="{name}"/>'
    one = (
        f'<Spectrum radDetectorInformationReference="{name}">'
        "<ChannelData>1</ChannelData></Spectrum>"
    )
    body = "".join(f'<RadMeasurement id="m{i}">{one}</RadMeasurement>' for i in range(300))
    return n42(body, head=head).encode()


@attack("depth")
def tag_name_of_1_MB_never_closed() -> bytes:
    return n42(extra=f"<{'ü' * 500_000}>").encode()


@attack("depth", "attack.json")
def json_brackets_1m() -> bytes:
    return b"[" * 1_000_000


@attack("depth", "attack.ndjson")
def ndjson_braces_500k() -> bytes:
    return b'{"a":' * 500_000 + b"1" + b"}" * 500_000 + b"\n"


@attack("depth", "attack.rctrk")
def rctrk_json_brackets() -> bytes:
    return b'{"id":1,"trackName":"x","markers":' + b"[" * 500_000 + b"]" * 500_000 + b"}"

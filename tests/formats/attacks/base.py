"""Benign files in several formats, small, with known counts: what the attacks are made from.

They are written here byte by byte from the published layouts, not by a library under test.
"""

from __future__ import annotations

import struct

RECORDS = 3
CHANNELS = 32
NS_2012 = "http://physics.nist.gov/N42/2011/N42"
NS_2006 = "http://physics.nist.gov/Divisions/Div846/Gp4/ANSIN4242/2005/ANSIN4242"


def counts(record: int = 0, channels: int = CHANNELS) -> list[int]:
    """Counts of one benign record."""
    return [record + 1 + k % 7 for k in range(channels)]


TOTAL = sum(sum(counts(i)) for i in range(RECORDS))
TOTAL_1 = sum(counts(0))


def channel_text(record: int = 0) -> str:
    return " ".join(map(str, counts(record)))


def measurement(
    record: int = 0,
    *,
    data: str | None = None,
    compression: str = "None",
    start: str | None = None,
    real: str = "PT1S",
    live: str = "PT0.9S",
    detector: str = "d1",
    calibration: str = "c1",
    extra: str = "",
) -> str:
    """One ``RadMeasurement`` of N42-2012."""
    start = f"2024-01-02T03:04:{5 + record:02d}Z" if start is None else start
    data = channel_text(record) if data is None else data
    return (
        f'<RadMeasurement id="m{record}">'
        "<MeasurementClassCode>Foreground</MeasurementClassCode>"
        f"<StartDateTime>{start}</StartDateTime><RealTimeDuration>{real}</RealTimeDuration>"
        f'<Spectrum id="s{record}" radDetectorInformationReference="{detector}"'
        f' energyCalibrationReference="{calibration}">'
        f"<LiveTimeDuration>{live}</LiveTimeDuration>"
        f'<ChannelData compressionCode="{compression}">{data}</ChannelData></Spectrum>'
        f"{extra}</RadMeasurement>\n"
    )


def calibration(coefficients: str = "0 60 0", name: str = "c1") -> str:
    return (
        f'<EnergyCalibration id="{name}"><CoefficientValues>{coefficients}'
        "</CoefficientValues></EnergyCalibration>\n"
    )


HEAD = (
    "<RadInstrumentDataCreatorName>hand</RadInstrumentDataCreatorName>"
    '<RadInstrumentInformation id="i">'
    "<RadInstrumentManufacturerName>Maker</RadInstrumentManufacturerName>"
    "<RadInstrumentModelName>Model</RadInstrumentModelName>"
    "<RadInstrumentClassCode>Backpack</RadInstrumentClassCode>"
    "<RadInstrumentVersion><RadInstrumentComponentName>Software</RadInstrumentComponentName>"
    "<RadInstrumentComponentVersion>1</RadInstrumentComponentVersion></RadInstrumentVersion>"
    "</RadInstrumentInformation>\n"
    '<RadDetectorInformation id="d1"><RadDetectorCategoryCode>Gamma</RadDetectorCategoryCode>'
    "<RadDetectorKindCode>NaI</RadDetectorKindCode></RadDetectorInformation>\n"
)


def n42(
    body: str | None = None,
    *,
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n',
    doctype: str = "",
    root: str = f'RadInstrumentData xmlns="{NS_2012}"',
    head: str = HEAD,
    cal: str | None = None,
    extra: str = "",
) -> str:
    """An N42-2012 document; without arguments three benign records."""
    body = "".join(measurement(i) for i in range(RECORDS)) if body is None else body
    cal = calibration() if cal is None else cal
    name = root.split()[0]
    uuid = ' n42DocUUID="d1e2f3a4-0000-4000-8000-000000000001"'
    return f"{declaration}{doctype}<{root}{uuid}>\n{head}{cal}{body}{extra}</{name}>\n"


def n42_2006(
    data: str | None = None, *, compression: str = "None", extra: str = "", records: int = RECORDS
) -> str:
    """An N42-2006 document."""
    spectra = "".join(
        "<Spectrum><StartTime>2024-01-02T03:04:0"
        f"{5 + i}Z</StartTime><RealTime>PT1S</RealTime><LiveTime>PT0.9S</LiveTime>"
        "<SourceType>Item</SourceType><Calibration Type='Energy' EnergyUnits='keV'>"
        "<Equation Model='Polynomial'><Coefficients>0 60 0</Coefficients></Equation></Calibration>"
        f"<ChannelData Compression='{compression}'>"
        f"{channel_text(i) if data is None else data}</ChannelData></Spectrum>\n"
        for i in range(records)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<N42InstrumentData xmlns="{NS_2006}">'
        "<Measurement><InstrumentInformation><InstrumentType>Other</InstrumentType>"
        "<Manufacturer>Maker</Manufacturer><InstrumentModel>Model</InstrumentModel>"
        "</InstrumentInformation>\n"
        f"{spectra}{extra}</Measurement></N42InstrumentData>\n"
    )


def pcf(
    *,
    records: int = RECORDS,
    channels: int = 64,
    blocks: int | None = None,
    stated_channels: int | None = None,
    header: bytes = b"DHS       24010203-0405-4001-a793-970180603247",
    live_s: float = 0.9,
    neutrons: float = 0.0,
    values: bytes | None = None,
) -> bytes:
    """A PCF file: blocks of 256 bytes, one block of header and the channels as floats a record."""
    size = 1 + (channels * 4 + 255) // 256
    out = struct.pack("<h", size if blocks is None else blocks) + header
    out = out.ljust(256, b" ")
    for i in range(records):
        record = f"record {i + 1}".ljust(60).encode().ljust(180, b" ")
        record += f"02-Jan-2024 03:04:{5 + i:02d}.00".encode().ljust(23, b" ") + b" "
        record += struct.pack("<5f", live_s, 1.0, 0.0, 0.0, 1.0)
        record += struct.pack("<5f", 0.0, 60.0 * channels, 0.0, 0.0, 0.0)
        record += struct.pack(
            "<ffi", 0.0, neutrons, channels if stated_channels is None else stated_channels
        )
        body = struct.pack(f"<{channels}f", *counts(i, channels)) if values is None else values
        out += record + body.ljust((size - 1) * 256, b"\0")
    return out


PCF_TOTAL = sum(sum(counts(i, 64)) for i in range(RECORDS))


def chn(*, channels: int = 128, stated: int | None = None, first: int = 0) -> bytes:
    """An Ortec CHN file: 32 bytes of header, the channels, 512 bytes of calibration and text."""
    values = counts(0, channels)
    header = struct.pack("<hhh2sII", -1, 0, 1, b"05", 50 * 10, 50 * 9)
    header += (
        b"02Jan241" + b"0304" + struct.pack("<HH", first, channels if stated is None else stated)
    )
    tail = struct.pack("<hh3f3f", -102, 0, 0.0, 20.0, 0.0, 0.0, 0.0, 0.0).ljust(512, b"\0")
    return header + struct.pack(f"<{channels}I", *values) + tail


CHN_TOTAL = sum(counts(0, 128))


def spe(
    data: str | None = None, *, span: str | None = None, channels: int = 128, extra: str = ""
) -> str:
    """An IAEA SPE file."""
    values = counts(0, channels)
    data = "".join(f"{v:8d}\r\n" for v in values) if data is None else data
    span = f"0 {channels - 1}" if span is None else span
    return (
        "$SPEC_ID:\r\nbenign\r\n$DATE_MEA:\r\n01/02/2024 03:04:05\r\n$MEAS_TIM:\r\n9 10\r\n"
        f"$DATA:\r\n{span}\r\n{data}$ENER_FIT:\r\n0.0 20.0\r\n{extra}$ENDRECORD:\r\n"
    )


SPE_TOTAL = sum(counts(0, 128))


def tka(data: str | None = None, *, channels: int = 1024) -> str:
    data = "".join(f"{v}\r\n" for v in counts(0, channels)) if data is None else data
    return f"9.0\r\n10.0\r\n{data}"


def radiacode_xml(
    *, stated: int = 256, points: list[str] | None = None, cal: str = "0.0 60.0 0.0"
) -> str:
    """A RadiaCode ``ResultDataFile``."""
    points = [str(v) for v in counts(0, 256)] if points is None else points
    coefficients = "".join(f"<Coefficient>{c}</Coefficient>" for c in cal.split())
    return (
        '<?xml version="1.0"?>\n<ResultDataFile><FormatVersion>120920</FormatVersion>\n'
        "<ResultDataList><ResultData><DeviceConfigReference><Name>RadiaCode-102</Name>"
        "</DeviceConfigReference><StartTime>2023-06-07T05:52:00</StartTime>"
        "<EndTime>2023-06-07T06:02:13</EndTime>\n<EnergySpectrum>"
        f"<NumberOfChannels>{stated}</NumberOfChannels><ChannelPitch>1</ChannelPitch>"
        "<SpectrumName>x</SpectrumName><SerialNumber>RC-102-000000</SerialNumber>"
        "<EnergyCalibration><PolynomialOrder>2</PolynomialOrder><Coefficients>"
        f"{coefficients}</Coefficients></EnergyCalibration>"
        "<MeasurementTime>613</MeasurementTime><Spectrum>"
        + "".join(f"<DataPoint>{p}</DataPoint>\n" for p in points)
        + "</Spectrum></EnergySpectrum></ResultData></ResultDataList></ResultDataFile>\n"
    )


RADIACODE_TOTAL = sum(counts(0, 256))

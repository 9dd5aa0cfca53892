"""Numbers: counts, calibrations, places and times that no instrument writes."""

from __future__ import annotations

from .base import CHANNELS, RECORDS, TOTAL, TOTAL_1, calibration, channel_text, measurement, n42
from .case import Attack, add, attack

EITHER = {"records": RECORDS, "total": TOTAL}

# Text of ChannelData that is no list of counts: reading any number out of it would be an invention.
BAD_COUNTS = {
    "nan": "1 2 NaN 4",
    "infinite": "1 2 inf 4",
    "overflows_to_infinite": "1 2 1e400 4",
    "hex": "1 2 0x10 4",
    "hex_float": "1 2 0x1p3 4",
    "underscore": "1 2 1_000 4",
    "fortran_exponent": "1 2 1d3 4",
    "word": "1 2 three 4",
    "half_word": "1 2 3abc 4",
    "dots": "1 2 1.2.3 4",
    "sign_only": "1 2 - 4",
    "formula": "1 2 =1+1 4",
    "long_number": "1 " + "9" * 100_000 + " 2",
    "brackets": "[1, 2, 3, 4]",
}
for _name, _text in BAD_COUNTS.items():
    add(
        Attack(
            f"counts/{_name}",
            "counts",
            "attack.n42",
            lambda _text=_text: n42(measurement(0, data=_text)).encode(),
        )
    )


@attack("counts", records=1, total=10)
def commas_between() -> bytes:
    return n42(measurement(0, data="1, 2, 3, 4")).encode()


@attack("counts")
def decimal_comma() -> bytes:
    # Three counts in one country, five in another: nobody can tell, so nothing may be read.
    return n42(measurement(0, data="1,5 2,5 5")).encode()


@attack("counts", records=1)
def two_of_1e308() -> bytes:
    return n42(measurement(0, data="1e308 1e308 3")).encode()


@attack("counts", records=1, total=7.0 + 2.0**31)
def two_to_31() -> bytes:
    return n42(measurement(0, data=f"3 {2**31} 4")).encode()


@attack("counts", records=1, total=float(2**53 + 2))
def two_to_53() -> bytes:
    return n42(measurement(0, data=f"1 {2**53 + 1}")).encode()


@attack("counts", records=1, total=float(2**63))
def two_to_63() -> bytes:
    return n42(measurement(0, data=f"0 {2**63} 0")).encode()


@attack("counts", records=1, total=float(2**64))
def sum_overflows_64_bits() -> bytes:
    return n42(measurement(0, data=" ".join([str(2**62)] * 4))).encode()


@attack("counts", records=1, total=5.0)
def negative() -> bytes:
    return n42(measurement(0, data="4 -3 4")).encode()


@attack("counts", records=1, total=7.5)
def fractions() -> bytes:
    return n42(measurement(0, data="2.5 2.25 2.75")).encode()


@attack("counts", records=1, total=5e-324)
def denormal() -> bytes:
    return n42(measurement(0, data="0 5e-324 0")).encode()


@attack("counts", records=1, total=42)
def one_channel() -> bytes:
    return n42(measurement(0, data="42")).encode()


@attack("counts", records=1, total=1_000_000)
def million_channels() -> bytes:
    return n42(measurement(0, data="1 " * 1_000_000)).encode()


@attack("counts", records=1, total=7_000_000)
def seven_million_channels() -> bytes:
    return n42(measurement(0, data="1 " * 7_000_000)).encode()


@attack("counts", records=RECORDS, total=TOTAL - 154 + 15, flagged=True)
def one_record_shorter_than_its_brothers() -> bytes:
    # What a cut inside ChannelData looks like when somebody appended the closing tags.
    body = measurement(0) + measurement(1, data="1 2 3 4 5") + measurement(2)
    return n42(body).encode()


CALIBRATIONS = {
    "nan": "0 NaN 0",
    "infinite": "0 inf 0",
    "huge": "1e300 1e300 1e300",
    "falling": "3000 -60 0",
    "turning": "0 60 -30",
    "zeros": "0 0 0",
    "one_coefficient": "3",
    "empty": "",
    "words": "zero sixty",
    "decimal_comma": "0,5 60,1 0",
    "tiny": "0 1e-300 0",
    "many": "0 60 " + "0 " * 100_000,
}
for _name, _text in CALIBRATIONS.items():
    add(
        Attack(
            f"calibration/{_name}",
            "calibration",
            "attack.n42",
            lambda _text=_text: n42(cal=calibration(_text)).encode(),
            records=RECORDS,
            total=TOTAL,
        )
    )


@attack("calibration", refused=False, **EITHER)
def missing() -> bytes:
    return n42(cal="").replace(' energyCalibrationReference="c1"', "").encode()


@attack("calibration", **EITHER)
def edges_too_few() -> bytes:
    cal = (
        '<EnergyCalibration id="c1"><EnergyBoundaryValues>0 10 20</EnergyBoundaryValues>'
        "</EnergyCalibration>"
    )
    return n42(cal=cal).encode()


@attack("calibration", **EITHER)
def edges_falling() -> bytes:
    values = " ".join(str(1000 - 10 * i) for i in range(CHANNELS + 1))
    cal = (
        f'<EnergyCalibration id="c1"><EnergyBoundaryValues>{values}</EnergyBoundaryValues>'
        "</EnergyCalibration>"
    )
    return n42(cal=cal).encode()


@attack("calibration", **EITHER)
def deviation_pairs_not_numbers() -> bytes:
    cal = (
        '<EnergyCalibration id="c1"><CoefficientValues>0 60 0</CoefficientValues>'
        "<EnergyValues>NaN 1e308 5</EnergyValues>"
        "<EnergyDeviationValues>1 inf</EnergyDeviationValues></EnergyCalibration>"
    )
    return n42(cal=cal).encode()


# The calibrations from which no energy may be taken even when the counts are read.
UNUSABLE = {
    f"calibration/{name}"
    for name in (
        "nan infinite falling turning zeros one_coefficient empty words tiny missing edges_too_few "
        "edges_falling"
    ).split()
}

STARTS = {
    "year_0": "0000-01-01T00:00:00Z",
    "year_9999": "9999-12-31T23:59:59.999999Z",
    "year_10000": "10000-01-01T00:00:00Z",
    "negative_year": "-0044-03-15T12:00:00Z",
    "leap_second": "2016-12-31T23:59:60Z",
    "hour_24": "2024-01-02T24:00:00Z",
    "offset_99": "2024-01-02T03:04:05+99:99",
    "offset_14": "2024-01-02T03:04:05+14:00",
    "year_1_before_utc": "0001-01-01T00:00:00+14:00",
    "month_13": "2024-13-02T03:04:05Z",
    "february_30": "2024-02-30T03:04:05Z",
    "digits": "20240102030405",
    "long_fraction": "2024-01-02T03:04:05." + "1" * 50_000 + "Z",
    "empty": "",
    "words": "yesterday",
    "nul_reference": "2024-01-02T03:04:05Z<!-- -->",
}
for _name, _text in STARTS.items():
    add(
        Attack(
            f"times/start_{_name}",
            "times",
            "attack.n42",
            lambda _text=_text: n42(
                "".join(measurement(i, start=_text) for i in range(RECORDS))
            ).encode(),
            records=RECORDS,
            total=TOTAL,
        )
    )

DURATIONS = {
    "huge_exponent": "PT1E400S",
    "ten_million_years": "P9999999Y",
    "digits": "PT" + "9" * 5_000 + "S",
    "negative": "-PT5S",
    "negative_inside": "PT-5S",
    "nan": "PTNaNS",
    "infinite": "PTINFS",
    "zero": "PT0S",
    "bare_p": "P",
    "empty": "",
    "bare_number": "1.0",
    "comma": "PT0,9S",
    "months": "P1M",
    "order": "PT5S3H",
    "repeated": "PT" + "1S" * 50_000,
    "backtrack": "P" + "1" * 50_000 + "!",
}
for _name, _text in DURATIONS.items():
    add(
        Attack(
            f"times/duration_{_name}",
            "times",
            "attack.n42",
            lambda _text=_text: n42(
                "".join(measurement(i, real=_text, live=_text) for i in range(RECORDS))
            ).encode(),
            records=RECORDS,
            total=TOTAL,
        )
    )

PLACES = {
    "latitude_91": ("91", "7"),
    "longitude_181": ("46", "181"),
    "nan": ("NaN", "NaN"),
    "infinite": ("inf", "-inf"),
    "huge": ("1e308", "1e308"),
    "empty": ("", ""),
    "comma": ("46,28", "7,1"),
    "degrees_text": ("46°16'N", "7°E"),
    "only_latitude": ("46", None),
}
for _name, _pair in PLACES.items():

    def _build(pair: tuple[str, str | None] = _pair) -> bytes:
        longitude = "" if pair[1] is None else f"<LongitudeValue>{pair[1]}</LongitudeValue>"
        extra = (
            "<RadInstrumentState><StateVector><GeographicPoint>"
            f"<LatitudeValue>{pair[0]}</LatitudeValue>{longitude}"
            "</GeographicPoint></StateVector></RadInstrumentState>"
        )
        return n42("".join(measurement(i, extra=extra) for i in range(RECORDS))).encode()

    add(Attack(f"places/{_name}", "places", "attack.n42", _build, records=RECORDS, total=TOTAL))


@attack("times", **EITHER)
def live_longer_than_real() -> bytes:
    return n42("".join(measurement(i, real="PT1S", live="PT9S") for i in range(RECORDS))).encode()


@attack("times", records=1, total=TOTAL_1)
def two_start_times() -> bytes:
    body = measurement(0, data=channel_text())
    second = "<StartDateTime>1999-01-01T00:00:00Z</StartDateTime></RadMeasurement>"
    return n42(body.replace("</RadMeasurement>", second)).encode()

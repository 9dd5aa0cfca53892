"""CountedZeroes: the run-length code of N42 turns a few bytes into any number of channels."""

from __future__ import annotations

from .base import NS_2012, measurement, n42, n42_2006
from .case import attack


def counted(data: str, code: str = "CountedZeroes") -> bytes:
    return n42(measurement(0, data=data, compression=code)).encode()


@attack("counted zeroes", refused=False, records=1, total=6)
def control_benign() -> bytes:
    return counted("1 0 5 2 0 8 3")


@attack("counted zeroes")
def two_billion() -> bytes:
    return counted("1 0 2000000000 2")


@attack("counted zeroes")
def nine_exa() -> bytes:
    return counted("1 0 9223372036854775807 2")


@attack("counted zeroes")
def two_to_64() -> bytes:
    return counted("1 0 18446744073709551617 2")


@attack("counted zeroes")
def ten_to_300() -> bytes:
    return counted("1 0 1e300 2")


@attack("counted zeroes")
def infinite() -> bytes:
    return counted("1 0 inf 2")


@attack("counted zeroes")
def not_a_number() -> bytes:
    return counted("1 0 NaN 2")


@attack("counted zeroes")
def negative() -> bytes:
    return counted("1 0 -5 2")


@attack("counted zeroes", records=1, total=6, flagged=True)
def odd_length() -> bytes:
    return counted("1 2 3 0")


@attack("counted zeroes")
def fraction() -> bytes:
    return counted("1 0 2.5 2")


@attack("counted zeroes", records=1, flagged=True)
def run_of_none() -> bytes:
    return counted("1 0 0 2")


@attack("counted zeroes")
def pairs_380_fold() -> bytes:
    return counted("0 65535 " * 20_000)


@attack("counted zeroes")
def thousand_spectra_of_a_million() -> bytes:
    return n42(
        "".join(
            measurement(
                i, data="7 0 1000000 1", compression="CountedZeroes", start="2024-01-02T03:04:05Z"
            )
            for i in range(1_000)
        )
    ).encode()


@attack("counted zeroes", records=10_000, total=10_000 * 8)
def ten_thousand_spectra_of_65536() -> bytes:
    # Every spectrum alone is plausible; together they are 5 GB of 64-bit counts.
    head = f'<RadInstrumentData xmlns="{NS_2012}">'
    one = (
        '<RadMeasurement id="m{0}"><Spectrum id="s{0}">'
        '<ChannelData compressionCode="CountedZeroes">'
        "7 0 65534 1</ChannelData></Spectrum></RadMeasurement>"
    )
    return (head + "".join(one.format(i) for i in range(10_000)) + "</RadInstrumentData>").encode()


@attack("counted zeroes")
def n42_2006_two_billion() -> bytes:
    return n42_2006("1 0 2000000000 2", compression="CountedZeroes").encode()


@attack("counted zeroes", records=3, total=18, flagged=True)
def n42_2006_odd() -> bytes:
    return n42_2006("1 2 3 0", compression="CountedZeroes").encode()


@attack("counted zeroes", records=1, total=8, flagged=True)
def unknown_code() -> bytes:
    return counted("1 0 5 2", code="Base64")


@attack("counted zeroes", records=1, total=3)
def lower_case_code() -> bytes:
    return counted("1 0 5 2", code="countedzeroes")


@attack("counted zeroes", records=1, total=3)
def uncompressed_zero_runs_declared_none() -> bytes:
    return counted("1 0 0 0 2", code="None")

"""ERS, PEI tables, IEC 1455 and list mode: lengths that lie, lines that are missing, floods."""

from __future__ import annotations

import struct

from . import field
from .case import attack

COUNTS = list(field.COUNTS)
TOTAL = float(3 * sum(COUNTS))


def without(text: str, line: int) -> bytes:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:line] + lines[line + 1 :]).encode()


@attack("surveys", "attack.ers")
def ers_quote_never_ends() -> bytes:
    return field.ers().encode().rsplit(b'"', 1)[0]


@attack("surveys", "attack.ers")
def ers_cut_in_a_spectrum() -> bytes:
    data = field.ers([COUNTS * 20] * 5).encode()
    return data[: data.rindex(b"#S") + 60]


@attack("surveys", "attack.ers", refused=False, records=3, flagged=True)
def ers_continued_100k_times() -> bytes:
    flood = "".join(f'#S_+ "{n % 7}"\r\n' for n in range(100_000))
    first, _, rest = field.ers().partition("#S ")
    line, end, tail = rest.partition("\r\n")
    return (first + "#S " + line + end + flood + tail).encode()


@attack("surveys", "attack.ers")
def ers_continues_nothing() -> bytes:
    return field.ers().replace("#S ", "#S_+ ").encode()


@attack("surveys", "attack.ers")
def ers_spectrum_of_200k_channels() -> bytes:
    return field.ers([[1] * 200_000]).encode()


@attack("surveys", "attack.ers")
def ers_channels_stated_2_to_31() -> bytes:
    return field.ers(header="ISC 2147483648").encode()


@attack("surveys", "attack.ers")
def ers_counts_are_not_finite() -> bytes:
    return field.ers().replace("12 7", "nan inf").encode()


@attack("surveys", "attack.ers")
def ers_two_spectra_of_one_name() -> bytes:
    return field.ers(version=2).replace("#SC", "#S 1 2 3;#SC", 1).encode()


@attack("surveys", "attack.ers", refused=False, records=3, total=TOTAL, flagged=True)
def ers_check_sum_is_wrong() -> bytes:
    return field.ers(version=2).replace("#SC 25", "#SC 26", 1).encode()


@attack("surveys", "attack.ers", records=3, total=TOTAL, flagged=True)
def ers_zone_of_99_hours() -> bytes:
    return field.ers(version=2, header="HTZ 99").encode()


@attack("surveys", "attack.ers")
def ers_zone_is_nan() -> bytes:
    return field.ers(version=2, header="HTZ nan").encode()


@attack("surveys", "attack.ers", refused=False, records=3, total=TOTAL, flagged=True)
def ers_day_32() -> bytes:
    return field.ers().replace(field.FIRST, "2024-13-32").encode()


@attack("surveys", "attack.ers", refused=False, records=3, total=TOTAL, flagged=True)
def ers_place_is_a_grid() -> bytes:
    return field.ers(header='IPC "CH1903"').replace("PN 47.25", "PN 200000.5").encode()


@attack("surveys", "attack.ers")
def ers_version_9() -> bytes:
    return field.ers().replace("V 1.0", "V 9.0").encode()


@attack("surveys", "attack.ers")
def ers_header_only() -> bytes:
    return field.ers([]).encode()


@attack("surveys", "attack.ers")
def ers_points_beyond_the_limit() -> bytes:
    return field.ers().encode() + b"N 1\n" * 160_000


@attack("surveys", "attack.csv")
def pei_name_of_a_channel_is_damaged() -> bytes:
    # Channels behind the damaged name must not become columns without a meaning.
    return field.pei([[1] * 40] * 3).replace("NAI2_30", "NAI2_80").encode()


@attack("surveys", "attack.csv")
def pei_row_with_a_cell_more() -> bytes:
    return field.pei().replace(";7;8;", ";7;7;8;", 1).encode()


@attack("surveys", "attack.csv")
def pei_row_with_a_cell_less() -> bytes:
    return field.pei().replace(";7;8;", ";7;", 1).encode()


@attack("surveys", "attack.csv")
def pei_two_numbers_in_a_cell() -> bytes:
    return field.pei().replace(";7;8;", ";7 7;;", 1).encode()


@attack("surveys", "attack.csv")
def pei_channel_below_zero() -> bytes:
    return field.pei().replace(";7;8;", ";7;-8;", 1).encode()


@attack("surveys", "attack.csv")
def pei_channel_is_a_formula() -> bytes:
    return field.pei().replace(";7;8;", ";7;=8+1;", 1).encode()


@attack("surveys", "attack.csv")
def pei_place_is_infinite() -> bytes:
    return field.pei().replace("48,80112", "inf", 1).encode()


@attack("surveys", "attack.csv")
def pei_spectrum_of_200k_channels() -> bytes:
    return field.pei([[1] * 200_000]).encode()


@attack("surveys", "attack.csv", refused=False, records=2, flagged=True)
def pei_record_is_missing() -> bytes:
    return without(field.pei(), 2)


@attack("surveys", "attack.csv", refused=False, records=3, total=360.0)
def pei_with_quotes() -> bytes:
    head, _, body = field.pei().partition("\r\n")
    quoted = ";".join(f'"{name}"' for name in head.split(";"))
    return f"{quoted}\r\n{body}".encode()


@attack("surveys", "attack.iec")
def iec_line_of_channels_is_missing() -> bytes:
    return without(field.iec(), 61)


@attack("surveys", "attack.iec")
def iec_line_of_channels_twice() -> bytes:
    lines = field.iec().splitlines(keepends=True)
    return "".join([*lines[:61], lines[60], *lines[61:]]).encode()


@attack("surveys", "attack.iec")
def iec_ends_before_its_last_channel() -> bytes:
    return without(field.iec(), 65)


@attack("surveys", "attack.iec")
def iec_states_four_billion_channels() -> bytes:
    return field.iec().replace("3600.00  40", "3600.00  4294967296").encode()


@attack("surveys", "attack.iec")
def iec_states_fewer_channels_than_there_are() -> bytes:
    return field.iec().replace("3600.00  40", "3600.00  33").encode()


@attack("surveys", "attack.iec")
def iec_line_of_15_MB() -> bytes:
    return field.iec().replace("a sample", "7" * 15_000_000).encode()


@attack("surveys", "attack.iec")
def iec_live_time_is_nan() -> bytes:
    return field.iec().replace("3564.00", "nan").encode()


@attack("surveys", "attack.lis")
def list_ends_inside_a_word() -> bytes:
    return field.list_mode()[:-2]


@attack("surveys", "attack.lis")
def list_ends_inside_its_header() -> bytes:
    return field.list_mode()[:200]


@attack("surveys", "attack.lis")
def list_without_a_pulse() -> bytes:
    return field.list_mode([])


@attack("surveys", "attack.lis")
def list_without_a_clock() -> bytes:
    return field.list_mode()[:256] + struct.pack("<I", 5 << 21 | 17) * 100


@attack("surveys", "attack.lis")
def list_clock_jumps_back() -> bytes:
    words = (0x80000000 | t for t in (5_000_000, 4_000_000, 6_000_000))
    return field.list_mode() + b"".join(struct.pack("<I", w) for w in words)


@attack("surveys", "attack.lis")
def list_real_time_is_nan() -> bytes:
    data = bytearray(field.list_mode())
    struct.pack_into("<f", data, 239, float("nan"))
    return bytes(data)


@attack("surveys", "attack.lis", refused=False, records=4, total=4.0, flagged=True)
def list_calibration_is_nan() -> bytes:
    data = bytearray(field.list_mode())
    struct.pack_into("<f", data, 206, float("nan"))
    return bytes(data)


@attack("surveys", "attack.lis", records=2_622, total=4.0, flagged=True)
def list_clock_jumps_four_months() -> bytes:
    # Ten million seconds of silence: longer slices, not a table of ten million spectra.
    return field.list_mode(style=4) + struct.pack("<I", 2 << 30 | (1 << 30) - 1)

"""Text formats: ranges that lie, lines without end, rows that contradict each other."""

from __future__ import annotations

import json

from .base import RADIACODE_TOTAL, SPE_TOTAL, counts, radiacode_xml, spe, tka
from .case import Attack, add, attack

ONE_SPE = {"records": 1, "total": SPE_TOTAL}
SPANS = {
    "two_to_31": "0 2147483647",
    "two_to_32": "0 4294967295",
    "two_to_64": "0 18446744073709551615",
    "backwards": "127 0",
    "negative": "-5 122",
    "one_more": "0 128",
    "one_less": "0 126",
    "far_less": "0 3",
    "words": "zero many",
    "missing": "",
    "nan": "0 NaN",
}


@attack("text", "attack.spe", refused=False, **ONE_SPE)
def control_spe() -> bytes:
    return spe().encode()


@attack("text", "attack.tka", refused=False, records=1, total=sum(counts(0, 1024)))
def control_tka() -> bytes:
    return tka().encode()


@attack("text", "attack.xml", refused=False, records=1, total=RADIACODE_TOTAL)
def control_radiacode() -> bytes:
    return radiacode_xml().encode()


for _name, _span in SPANS.items():
    add(
        Attack(
            f"text/spe_range_{_name}",
            "text",
            "attack.spe",
            lambda _span=_span: spe(span=_span).encode(),
            records=1,
            total=SPE_TOTAL,
            flagged=True,
        )
    )


@attack("text", "attack.spe")
def spe_count_is_a_word() -> bytes:
    return spe().replace("       5\r\n", "    five\r\n", 1).encode()


@attack("text", "attack.spe")
def spe_count_is_nan() -> bytes:
    return spe().replace("       5\r\n", "     nan\r\n", 1).encode()


@attack("text", "attack.spe", records=1, total=SPE_TOTAL - 5 + 2**63)
def spe_count_two_to_63() -> bytes:
    return spe().replace("       5\r\n", f"{2**63}\r\n", 1).encode()


@attack("text", "attack.spe", records=1, total=SPE_TOTAL)
def spe_all_counts_in_one_line() -> bytes:
    return spe(" ".join(map(str, counts(0, 128))) + "\r\n").encode()


@attack("text", "attack.spe")
def spe_line_of_10_MB() -> bytes:
    return spe("1" * 10_000_000 + "\r\n").encode()


@attack("text", "attack.spe")
def spe_no_data() -> bytes:
    return b"$SPEC_ID:\r\nx\r\n$MEAS_TIM:\r\n9 10\r\n$ENDRECORD:\r\n"


@attack("text", "attack.spe", records=2, total=2 * SPE_TOTAL)
def spe_two_data_sections() -> bytes:
    block = "".join(f"{v:8d}\r\n" for v in counts(0, 128))
    return spe(extra=f"$DATA:\r\n0 127\r\n{block}").encode()


@attack("text", "attack.spe", **ONE_SPE)
def spe_times_absurd() -> bytes:
    return spe().replace("9 10", "1e400 -5").encode()


@attack("text", "attack.spe")
def spe_cut_inside_counts() -> bytes:
    return spe().encode()[:800]


@attack("text", "attack.spe", records=1, total=SPE_TOTAL)
def spe_unknown_sections_100k() -> bytes:
    return spe(extra="$X:\r\n1\r\n" * 100_000).encode()


@attack("text", "attack.spe")
def spe_section_inside_counts() -> bytes:
    return spe().replace("       5\r\n", "$ROI:\r\n0\r\n", 1).encode()


@attack("text", "attack.tka")
def tka_line_of_10_MB() -> bytes:
    return tka("7" * 10_000_000).encode()


@attack("text", "attack.tka")
def tka_word_in_counts() -> bytes:
    return tka().replace("\r\n5\r\n", "\r\nfive\r\n", 1).encode()


@attack("text", "attack.tka", records=1, total=3_000_000)
def tka_three_million_lines() -> bytes:
    return tka("1\r\n" * 3_000_000).encode()


@attack("text", "attack.csv")
def csv_line_of_10_MB() -> bytes:
    return b"Energy, Data\r\n" + b"1," * 5_000_000


@attack("text", "attack.csv", records=1)
def csv_million_columns() -> bytes:
    return (
        "Energy," + ",".join(f"D{i}" for i in range(200_000)) + "\r\n" + "1," * 200_000
    ).encode()


@attack("text", "attack.csv", records=1)
def csv_rows_of_different_width() -> bytes:
    rows = "\r\n".join(",".join(["1"] * (i % 7)) for i in range(2_000))
    return f"Energy, Data\r\n{rows}\r\n".encode()


@attack("text", "attack.csv")
def csv_formulas() -> bytes:
    return b"Energy, Data\r\n=cmd|'/C calc'!A0,@SUM(1)\r\n+1,-1\r\n"


@attack("text", "attack.csv")
def csv_nul_bytes() -> bytes:
    return b"Energy, Data\r\n" + b"1,\0\r\n" * 1_000


@attack("text", "attack.xml", records=1, total=RADIACODE_TOTAL, flagged=True)
def radiacode_states_more_channels() -> bytes:
    return radiacode_xml(stated=1024).encode()


@attack("text", "attack.xml", records=1, total=RADIACODE_TOTAL, flagged=True)
def radiacode_states_fewer_channels() -> bytes:
    return radiacode_xml(stated=4).encode()


@attack("text", "attack.xml", records=1, total=RADIACODE_TOTAL, flagged=True)
def radiacode_states_two_billion() -> bytes:
    return radiacode_xml(stated=2_000_000_000).encode()


@attack("text", "attack.xml")
def radiacode_point_is_a_word() -> bytes:
    return radiacode_xml(points=["1", "two", *["3"] * (256 - 2)]).encode()


@attack("text", "attack.xml")
def radiacode_point_is_nan() -> bytes:
    return radiacode_xml(points=["1", "NaN", *["3"] * (256 - 2)]).encode()


@attack("text", "attack.xml")
def radiacode_point_is_empty() -> bytes:
    return radiacode_xml(points=["1", "", *["3"] * (256 - 2)]).encode()


@attack("text", "attack.xml")
def radiacode_point_holds_two_numbers() -> bytes:
    return radiacode_xml(points=["1", "2 2", *["3"] * (256 - 2)]).encode()


@attack("text", "attack.xml", records=1)
def radiacode_point_is_negative() -> bytes:
    return radiacode_xml(points=["1", "-2147483649", *["3"] * (256 - 2)]).encode()


@attack("text", "attack.xml")
def radiacode_cut() -> bytes:
    return radiacode_xml().encode()[:-120]


RCSPG_HEAD = (
    "Spectrogram: x\tTime: 2023-12-01 00:16:11\tTimestamp: 133458921712590000\t"
    "Accumulation time: 40\tChannels: {channels}\t"
    "Device serial: RC-102-000000\tFlags: 0\tComment: \n"
    "Spectrum: D3 34 18 00 B0 E7 4F C1 4A CD 1C 40 CD 71 B0 39 01 00 00 00\n"
)


@attack("text", "attack.rcspg", records=10)
def rcspg_states_two_billion_channels() -> bytes:
    row = "133458921712590000\t4\t" + "\t".join(["1"] * 32) + "\n"
    return (RCSPG_HEAD.format(channels=2_000_000_000) + row * 10).encode()


@attack("text", "attack.rcspg", records=1)
def rcspg_row_of_8_MB() -> bytes:
    row = "133458921712590000\t4\t" + "1\t" * 4_000_000 + "\n"
    return (RCSPG_HEAD.format(channels=1024) + row).encode()


@attack("text", "attack.rcspg", records=3)
def rcspg_filetime_out_of_range() -> bytes:
    rows = "".join(f"{t}\t4\t1\t2\t3\n" for t in (2**63 - 1, -1, 2**64))
    return (RCSPG_HEAD.format(channels=3) + rows).encode()


@attack("text", "attack.rcspg")
def rcspg_header_only() -> bytes:
    return b"Spectrogram: x\tTime: y\n"


@attack("text", "attack.ndjson")
def ndjson_number_of_a_million_digits() -> bytes:
    return b'{"_dt": ' + b"9" * 1_000_000 + b"}\n"


@attack("text", "attack.ndjson")
def ndjson_nan_everywhere() -> bytes:
    return b'{"_dt": NaN, "type": "SpectrumData", "counts": [NaN, Infinity]}\n' * 10


@attack("text", "attack.ndjson")
def ndjson_not_objects() -> bytes:
    return b'1\n"x"\n[1,2]\nnull\ntrue\n' * 100


@attack("text", "attack.ndjson")
def ndjson_keys_100k() -> bytes:
    return json.dumps({f"k{i}": i for i in range(100_000)}).encode() + b"\n"


@attack("text", "attack.rctrk", records=2)
def rctrk_filetime_out_of_range() -> bytes:
    head = (
        "Track: x\tRC-103\t \tEC\nTimestamp\tTime\tLatitude\tLongitude"
        "\tAccuracy\tDoseRate\tCountRate\tComment\n"
    )
    rows = "".join(
        f"{t}\t2024-01-01 00:00:00\t1e308\tNaN\t-5\tinf\t1e400\t\n" for t in (2**64, -(2**63))
    )
    return (head + rows).encode()


@attack("text", "attack.log")
def bgeigie_bad_check_sums() -> bytes:
    line = (
        "$BNRDD,300,2012-12-16T17:58:24Z,30,1,116,A,4618.9612,N,00658.4831,E,443.7,A,5,1.28*00\r\n"
    )
    return (line * 50).encode()


@attack("text", "attack.log")
def bgeigie_impossible_place() -> bytes:
    body = "BNRDD,300,9999-99-99T99:99:99Z,30,1,116,A,9999999.9,N,1e308,E,nan,A,5,1.28"
    check = 0
    for character in body:
        check ^= ord(character)
    return f"${body}*{check:02X}\r\n".encode() * 20


@attack("text", "attack.iec")
def iec_noise_in_counts() -> bytes:
    return b"A004SPECTRUM\r\n" + b"A004  XXXXXXXXXXXXXX 99999999999 nan\r\n" * 500


@attack("text", "attack.ers")
def ers_states_too_much() -> bytes:
    return b"#ERS 1.0\n#POINTS 4294967295\n#CHANNELS 2147483647\n" + b"@ 1 2 3\n" * 100


@attack("text", "attack.mca", records=1)
def amptek_lying_size() -> bytes:
    rows = "".join(f"{v}\r\n" for v in counts(0, 256))
    return (
        "<<PMCA SPECTRUM>>\r\nTAG - x\r\nLIVE_TIME - 1e400\r\nREAL_TIME - NaN\r\n"
        f"START_TIME - 99/99/9999 99:99:99\r\n<<DATA>>\r\n{rows}<<END>>\r\n"
    ).encode()


@attack("text", "attack.json")
def json_of_another_world() -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": []}).encode()

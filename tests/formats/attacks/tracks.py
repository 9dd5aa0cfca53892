"""Tracks and logs: JSON that lies, lines that are damaged, clocks and places that cannot be."""

from __future__ import annotations

import json

from . import field
from .case import Attack, add, attack

MANY = 160_000  # beyond the limit on records


@attack("tracks", "attack.rctrk")
def two_lists_of_markers() -> bytes:
    # Most readers keep the second and lose the first without a word.
    text = field.track_json()
    return text.replace('"markers": [', '"markers": [], "markers": [').encode()


@attack("tracks", "attack.rctrk")
def two_names_in_one_marker() -> bytes:
    text = field.track_json()
    return text.replace('"countRate": 1.75', '"countRate": 900, "countRate": 1.75').encode()


@attack("tracks", "attack.rctrk")
def markers_nested_100k_deep() -> bytes:
    deep = "[" * 100_000 + "]" * 100_000
    return field.track_json().replace('"periods": []', f'"periods": {deep}').encode()


@attack("tracks", "attack.rctrk")
def nan_in_a_marker() -> bytes:
    return field.track_json().replace("1.75", "NaN").encode()


@attack("tracks", "attack.rctrk")
def rate_of_1e999() -> bytes:
    return field.track_json().replace('"countRate": 1.75', '"countRate": 1e999').encode()


@attack("tracks", "attack.rctrk")
def date_in_year_50000() -> bytes:
    return field.track_json().replace(str(field.START_S + 5), "1500000000000").encode()


@attack("tracks", "attack.rctrk")
def marker_is_no_object() -> bytes:
    document = json.loads(field.track_json())
    document["markers"].insert(1, [1, 2, 3])
    return json.dumps(document).encode()


@attack("tracks", "attack.rctrk")
def json_cut_in_a_marker() -> bytes:
    data = field.track_json([1.5] * 50).encode()
    return data[: len(data) // 2]


@attack("tracks", "attack.rctrk")
def json_with_a_second_document() -> bytes:
    return field.track_json().encode() * 2


@attack("tracks", "attack.rctrk", slow=True)
def markers_beyond_the_limit() -> bytes:
    marker = '{"date":1,"lat":1,"lon":1,"countRate":1,"doseRate":1}'
    return f'{{"devices":[],"markers":[{",".join([marker] * MANY)}]}}'.encode()


@attack("tracks", "attack.rctrk")
def json_as_utf_16() -> bytes:
    return field.track_json().encode("utf-16")


@attack("tracks", "attack.rctrk", refused=False, records=3)
def json_with_a_byte_order_mark() -> bytes:
    return field.track_json().encode("utf-8-sig")


@attack("tracks", "attack.rctrk", refused=False, records=3, flagged=True)
def title_in_an_unknown_encoding() -> bytes:
    return field.track_json().encode().replace(b'"Track"', b'"Tr\xe4ck"')


@attack("tracks", "attack.rctrk", refused=False, records=3)
def title_of_a_megabyte() -> bytes:
    return field.track_json().replace('"Track"', '"' + "x" * 1_000_000 + '"').encode()


@attack("tracks", "attack.rctrk", records=3, flagged=True)
def places_beyond_the_poles() -> bytes:
    return field.track_json().replace('"lat": 47.', '"lat": 147.').encode()


@attack("tracks", "attack.rctrk")
def table_with_a_zero_byte() -> bytes:
    return field.track_text().replace("1.75", "1.7\x005").encode()


@attack("tracks", "attack.rctrk")
def table_with_two_columns_of_one_name() -> bytes:
    return field.track_text().replace("Accuracy\t", "CountRate\t", 1).encode()


@attack("tracks", "attack.rctrk")
def table_row_with_a_cell_less() -> bytes:
    return field.track_text().replace("\t8.5\t4.5\t", "\t8.5\t", 1).encode()


@attack("tracks", "attack.rctrk")
def table_row_with_a_cell_more() -> bytes:
    return field.track_text().replace("\t8.5\t4.5\t", "\t8.5\t4.5\t9\t", 1).encode()


@attack("tracks", "attack.rctrk")
def table_cut_in_a_row() -> bytes:
    return field.track_text([1.5] * 40).encode()[:-25]


@attack("tracks", "attack.rctrk")
def table_with_a_formula() -> bytes:
    return field.track_text().replace("\t1.75\t", '\t=HYPERLINK("x")\t').encode()


@attack("tracks", "attack.rctrk")
def time_stamp_of_19_nines() -> bytes:
    lines = field.track_text().splitlines()
    lines[3] = "9" * 19 + lines[3][18:]
    return "\n".join(lines).encode()


@attack("tracks", "attack.rctrk", refused=False, records=3)
def table_with_old_line_ends() -> bytes:
    return field.track_text().replace("\n", "\r").encode()


@attack("tracks", "attack.log", refused=False, records=3, flagged=True)
def log_with_a_flipped_digit() -> bytes:
    lines = field.bgeigie().splitlines()
    lines[4] = lines[4].replace(",0,", ",8,", 1)
    return "\r\n".join(lines).encode() + b"\r\n"


@attack("tracks", "attack.log", refused=False, records=3, flagged=True)
def log_cut_in_its_last_line() -> bytes:
    return field.bgeigie().encode()[:-30]


@attack("tracks", "attack.log", refused=False, records=2, flagged=True)
def log_with_two_lines_glued() -> bytes:
    lines = field.bgeigie().splitlines()
    return "\n".join([*lines[:4], lines[4] + lines[5]]).encode() + b"\n"


@attack("tracks", "attack.log", refused=False, records=4, flagged=True)
def log_with_a_foreign_sentence() -> bytes:
    foreign = field.sentence("GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W")
    return (field.bgeigie() + foreign + "\r\n").encode()


@attack("tracks", "attack.log")
def log_beyond_the_limit() -> bytes:
    line = field.bgeigie((3,)).splitlines()[-1]
    return (f"{line}\n" * MANY).encode()


@attack("tracks", "attack.log")
def log_with_a_script_in_it() -> bytes:
    return (field.bgeigie() + "rm -rf /tmp/tocsin-slipped\r\n").encode()


@attack("tracks", "attack.ndjson")
def poll_log_cut_in_a_line() -> bytes:
    return field.poll_log().encode()[:-9]


@attack("tracks", "attack.ndjson")
def poll_log_total_beyond_2_to_53() -> bytes:
    return field.poll_log().replace("[6, 5, 8]", f"[6, {2**60}, 8]").encode()


@attack("tracks", "attack.ndjson")
def poll_log_of_a_million_channels() -> bytes:
    return field.poll_log([[0] * 1_000_000, [1] * 1_000_000]).encode()


@attack("tracks", "attack.ndjson")
def poll_log_calibration_of_words() -> bytes:
    return field.poll_log().replace("[0.0, 2.5, 0.001]", '["a", "b", "c"]').encode()


@attack("tracks", "attack.ndjson")
def poll_log_duration_below_zero() -> bytes:
    return field.poll_log().replace('"duration": 11.0', '"duration": -1e18').encode()


@attack("tracks", "attack.ndjson", refused=False, records=4, total=9.0 + 5 + 2, flagged=True)
def poll_log_that_only_resets() -> bytes:
    totals = [[9, 9], [5, 4], [3, 2], [1, 1]]
    return field.poll_log(totals, durations=[9.0, 6.0, 3.0, 1.0]).encode()


@attack("tracks", "attack.ndjson", refused=False, records=4, total=13.0, flagged=True)
def poll_log_clock_runs_backwards() -> bytes:
    return field.poll_log(
        [[1, 0], [5, 4], [7, 6], [7, 7]], durations=[1.0, 2.0, 3.0, 4.0], step_s=-60.0
    ).encode()


@attack("tracks", "attack.ndjson", refused=False, records=4, flagged=True)
def poll_log_with_an_unknown_line() -> bytes:
    return (field.poll_log() + '{"serial_number": "x", "something": "new"}\n').encode()


@attack("tracks", "attack.json")
def atomfast_without_places() -> bytes:
    markers = json.loads(field.atomfast())
    del markers[2]["lng"]
    return json.dumps(markers).encode()


@attack("tracks", "attack.json")
def atomfast_of_texts() -> bytes:
    return field.atomfast().replace("0.09", '"0.09"').encode()


for _name, _value in {
    "array": "[[1.75]]",
    "true": "true",
    "null": "null",
    "minus_infinity": "-Infinity",
    "octal": "0777",
    "underscore": "1_75",
    "digits": "9" * 100_000,
}.items():
    add(
        Attack(
            f"tracks/rate_is_{_name}",
            "tracks",
            "attack.rctrk",
            lambda _value=_value: (
                field.track_json().replace('"countRate": 1.75', f'"countRate": {_value}').encode()
            ),
        )
    )

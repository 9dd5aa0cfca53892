"""Fields from the text of a notice, case by case and by property."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.linkage import read_notice
from tocsin.linkage.activity_mentions import find_activities, material_activities
from tocsin.linkage.kind import find_kind
from tocsin.linkage.nuclide_mentions import find_nuclides
from tocsin.linkage.serial_mentions import find_serials, normal_serial
from tocsin.linkage.wording import clean, read_wording

GAUGE = (
    "STOLEN MOISTURE DENSITY GAUGE\n\nMr. Obadiah Quill of Acme Testing called. A Troxler Model "
    "3430 gauge, serial number 23008, with 8 mCi (0.296 GBq) of Cs-137 (source serial # 75-4813) "
    "and 40 millicuries of Am-241/Be (source serial #47-18815) was stolen in Draper, UT."
)


def kind(text: str) -> str:
    return find_kind(read_wording(text)).kind


def nuclides(text: str) -> list[str]:
    return [m.nuclide for m in find_nuclides(text)]


def activities(text: str) -> list[tuple[str | None, float]]:
    found = material_activities(find_activities(text, find_nuclides(text)))
    return [(a.nuclide, pytest.approx(a.activity_Bq, rel=1e-6)) for a in found]


def serials(text: str) -> list[tuple[str, str]]:
    return [(s.value, s.of) for s in find_serials(text, find_nuclides(text))]


def test_a_whole_notice() -> None:
    notice = read_notice({"event_number": 1, "event_text": GAUGE}).as_json()
    assert notice["event_number"] == "1"
    assert notice["kind"] == "stolen"
    assert notice["nuclides"] == ["Cs-137", "Am-241"]
    assert [(a["nuclide"], a["Bq"], a["text"]) for a in notice["activities"]] == [
        ("Cs-137", 2.96e8, "8 mCi"),
        ("Am-241", 1.48e9, "40 millicuries"),
    ]
    assert notice["manufacturers"] == ["Troxler"]
    assert notice["models"] == ["3430"]
    assert notice["serials"] == [
        {"value": "23008", "of": "device"},
        {"value": "75-4813", "of": "source"},
        {"value": "47-18815", "of": "source"},
    ]
    assert notice["place"] == "Draper, UT"


def test_no_name_stands_between_the_word_serial_and_the_number() -> None:
    text = (
        "LOST GAUGE\n\nThe serial number for the gauge of Obadiah Quill is 12345. 8 mCi of Cs-137."
    )
    said = json.dumps(read_notice({"event_number": 1, "event_text": text}).as_json())
    assert "12345" in said
    assert not re.search("obadiah|quill", said, re.I)


def test_no_name_of_a_person_is_given_out() -> None:
    said = json.dumps(
        read_notice(
            {
                "event_number": 1,
                "event_text": GAUGE + "\n\nNotified R4DO (Hepzibah Throgmorton) at 555-0100.",
                "licensee": "OBADIAH QUILL, MD",
                "city": "DRAPER",
                "state": "UT",
            }
        ).as_json()
    )
    assert not re.search(r"obadiah|quill|hepzibah|throgmorton|555|R4DO", said, re.I)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("LOST TROXLER GAUGE\n\nIt fell from the truck.", "lost"),
        ("AGREEMENT STATE REPORT - FOUR GAUGES FOUND MISSING\n\nFour gauges.", "lost"),
        ("GAUGE LOST THEN FOUND\n\nThe gauge was lost and later found.", "lost"),
        ("MISSING GAUGE\n\nThe gauge was missing and presumed stolen.", "stolen"),
        ("SOURCE FOUND IN SCRAP YARD\n\nA source was found in a load of scrap metal.", "found"),
        ("SCRAP METAL LOAD SET OFF RADIATION ALARM\n\nA Ra-226 dial was in it.", "found"),
        ("WELL LOGGING SOURCE ABANDONED\n\nThe source was cemented downhole.", "abandoned"),
        ("LOSS OF CRITICALITY CONTROL\n\nOne leg of double contingency was lost.", "other"),
        ("SHUTTER FOUND STUCK OPEN\n\nThe shutter of the gauge was found stuck.", "other"),
        ("RADIOGRAPHY SOURCE\n\nThe source would not retract into the camera.", "other"),
        ("", "other"),
    ],
)
def test_kind(text: str, wanted: str) -> None:
    assert kind(text) == wanted


def test_a_retraction_takes_the_kind_back() -> None:
    lost = "MISSING SOURCE\n\nA 5 mCi Am-241 source is missing."
    assert kind(lost) == "lost"
    assert kind(lost + "\n\n* * * RETRACTION FROM [name] 1 MAY * * *\n\nIt is here.") == "other"
    taken = (
        "\n\n* * * UPDATE ON 5/1/10 * * *\n\nThe licensee is retracting this event notification."
    )
    assert kind(lost + taken) == "other"
    pulled = "\n\n* * * UPDATE ON 5/1/10 * * *\n\nThe source was fully retracted into the camera."
    assert kind(lost + pulled) == "lost"


def test_the_newer_form_of_a_text_reads_the_same() -> None:
    newer = f"EN Revision Imported Date : 3/4/2019\n\nEN Revision Text: {GAUGE}"
    old = read_notice({"event_number": 1, "event_text": GAUGE})
    assert read_notice({"event_number": 1, "event_text": newer}) == old


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("cesium-137, Cs137 and 137Cs", ["Cs-137"] * 3),
        ("Am-241/Be, AmBe, Am(241)-Be, Americium241:Beryllium", ["Am-241"] * 4),
        ("tritium (H-3)", ["H-3", "H-3"]),
        ("Iridium (Ir) -192 and TC-99M and Technetium 99m", ["Ir-192", "Tc-99m", "Tc-99m"]),
        ("Pu-239/240", ["Pu-239", "Pu-240"]),
        ("cesuim-137", ["Cs-137"]),
        ("depleted uranium, 2 % 235U, U-308, CP2-PO-FO1031, building C-310", ["U-235"]),
        ("MODEL #SM145 of 10CFR35 in 111 cases", []),
    ],
)
def test_nuclides(text: str, wanted: list[str]) -> None:
    assert nuclides(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("8 mCi of Cs-137 and 40 mCi Am-241:Be", [("Cs-137", 2.96e8), ("Am-241", 1.48e9)]),
        ("Cs-137, 8 mCi and Am-241:Be, 44 mCi", [("Cs-137", 2.96e8), ("Am-241", 1.628e9)]),
        ("4.912 terabecquerels (133 Ci) of Ir-192", [("Ir-192", 4.912e12)]),
        ("a source of 1,500 \u00b5Ci Co-60", [("Co-60", 5.55e7)]),
        ("250 \ufffdCi of Am-241", [("Am-241", 9.25e6)]),
        ("Pu-242/Am-243 (12 Bq each)", [("Am-243", 12.0), ("Pu-242", 12.0)]),
        ("5,000 Ci Cs-137; 3.7E+10 Bq of Co-60", [("Cs-137", 1.85e14), ("Co-60", 3.7e10)]),
        ("Cs-137 at 3 uCi/ml, below the 0.005 microcurie leak test limit", []),
        ("370 mBq (10 mCi) of Cs-137", [("Cs-137", 3.7e8)]),
        ("60 MCI OF CO-60", [("Co-60", 2.22e9)]),
    ],
)
def test_activities(text: str, wanted: list[tuple[str, float]]) -> None:
    assert activities(clean(text)) == wanted


def test_of_a_range_both_ends_are_kept() -> None:
    text = "20-30 curies of tritium"
    (found,) = find_activities(text, find_nuclides(text))
    assert (found.low_Bq, found.activity_Bq) == (7.4e11, pytest.approx(1.11e12))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("gauge (S/N: 29922, 35106, and 35474)", ["29922", "35106", "35474"]),
        ("signs, Serial Numbers: A2HE600A/A2HE601A were", ["A2HE600A", "A2HE601A"]),
        ("sign SN# 339982 and s/n66437", ["339982", "66437"]),
        ("SERIAL # FOR THE CESIUM SOURCE IS 75-4813.", ["75-4813"]),
        ("Serial No 47 19622. The", ["47 19622"]),
        ("serial number unknown; serial number on 12/03/2013; S/N 10 mCi", []),
        ("Cs-137, Serial No 75-5786 and Am-241/Be", ["75-5786"]),
    ],
)
def test_serials(text: str, wanted: list[str]) -> None:
    assert [s for s, _ in serials(text)] == wanted


def test_serials_of_device_and_source() -> None:
    text = "device (model 150, serial number 948; with sealed source model G-60, serial no. NH0807)"
    assert serials(text) == [("948", "device"), ("NH0807", "source")]


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"event_number": 1},
        {"event_text": "x"},
        {"event_number": None, "event_text": "x"},
        {"event_number": True, "event_text": "x"},
        {"event_number": [1], "event_text": "x"},
        {"event_number": float("nan"), "event_text": "x"},
        {"event_number": "", "event_text": "x"},
        {"event_number": 1, "event_text": 5},
        {"event_number": 1, "event_text": ["x"]},
    ],
)
def test_a_wrong_record_is_refused_with_what_is_wrong(record: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="event_"):
        read_notice(record)


def test_fields_of_a_wrong_type_are_passed_over() -> None:
    record = {"event_number": 7, "event_text": None, "city": 5, "state": [], "cfr_sections": "x"}
    notice = read_notice({**record, "event_date": 3, "licensee": {}, "license_number": 9})
    assert (notice.kind, notice.place, notice.date, notice.holder) == ("other", "", None, None)


pieces = st.sampled_from(
    [
        *(
            "8 mCi",
            "Cs-137",
            "of",
            "(",
            ")",
            "serial number",
            "S/N",
            "* * *",
            "UPDATE",
            "RETRACTION",
        ),
        *(
            "stolen",
            "gauge",
            "3.7E10 Bq",
            "Am-241/Be",
            "23008,",
            "and",
            "75-4813",
            "found",
            "-",
            "/",
        ),
        *(
            "model",
            "Troxler",
            "\n\n",
            ".",
            "\ufffdCi",
            "H-3",
            "each",
            "\x00",
            "to",
            "\u00b2\u2460",
            "'",
        ),
        *("EN Revision Imported Date", "EN Revision Text:", "1e999 Ci", "0 Ci", "9" * 40 + " GBq"),
    ]
)
texts = st.one_of(st.text(max_size=300), st.lists(pieces, max_size=40).map(" ".join))


@settings(max_examples=300, deadline=None)
@given(texts)
def test_no_text_breaks_the_reader_and_every_answer_is_json(text: str) -> None:
    document = read_notice({"event_number": "x", "event_text": text}).as_json()
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again == document
    json.dumps(document, ensure_ascii=False).encode("utf-8")
    assert all(a["Bq"] > 0 for a in document["activities"])
    assert all(any(c.isdigit() for c in s["value"]) for s in document["serials"])


@settings(max_examples=200, deadline=None)
@given(texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@settings(max_examples=200, deadline=None)
@given(texts)
def test_reading_twice_gives_the_same(text: str) -> None:
    record = {"event_number": 1, "event_text": text}
    assert read_notice(record) == read_notice(record)


@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"[A-Z0-9][A-Z0-9/. -]{0,18}", fullmatch=True))
def test_normal_serials_are_stable(value: str) -> None:
    assert normal_serial(normal_serial(value)) == normal_serial(value)


@settings(max_examples=200, deadline=None)
@given(
    st.floats(min_value=1e-3, max_value=9e5).map(lambda x: f"{x:.4g}"),
    st.sampled_from(
        [("mCi", 3.7e7), ("Ci", 3.7e10), ("\u00b5Ci", 3.7e4), ("GBq", 1e9), ("MBq", 1e6)]
    ),
    st.sampled_from(["Cs-137", "Co-60", "Ir-192", "Ni-63"]),
)
def test_any_number_with_any_unit_is_read_back(
    number: str, unit: tuple[str, float], nuclide: str
) -> None:
    text = clean(f"a source of {number} {unit[0]} of {nuclide}")
    assert activities(text) == [(nuclide, float(number) * unit[1])]


def test_a_hostile_text_is_read_in_time() -> None:
    import time

    start = time.process_time()
    for seed in (
        "of is ",
        "* * * ",
        "8 mCi Cs-137 ",
        "serial number 12, ",
        "a" * 50 + " ",
        "(" * 9,
    ):
        read_notice({"event_number": 1, "event_text": seed * (20_000 // len(seed))})
    assert time.process_time() - start < 20.0

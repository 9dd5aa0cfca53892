"""Search finds what the reader may see by every word that names it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tocsin.server.accounts.models import Person
from tocsin.server.alarms.facts import Facts
from tocsin.server.alarms.models import Alarm
from tocsin.server.alarms.services import raise_from_information
from tocsin.server.console.searching import MOST_HITS, nuclide_of, search
from tocsin.server.marking.models import Reading
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.measurements import services as measurements
from tocsin.server.measurements import tasks

pytestmark = pytest.mark.django_db


def found(reader: Reader, text: str) -> dict[str, list[str]]:
    return {group.noun: [hit.name for hit in group.hits] for group in search(reader, text)}


@pytest.fixture
def officer(person: Callable[..., Person]) -> Reader:
    return reader_of(person("officer", clearance=2))


def tip(by: Reader, title: str) -> Alarm:
    return raise_from_information(by, title=title, reason="tip", note="told", facts=Facts())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cs137", "Cs-137"),
        ("Tc 99m", "Tc-99m"),
        ("TC-99M", "Tc-99m"),
        ("u 235", "U-235"),
        ("Harbour 7", "Harbour 7"),
        ("137", "137"),
    ],
)
def test_a_nuclide_is_known_however_it_is_typed(typed: str, meant: str) -> None:
    assert nuclide_of(typed) == meant


@pytest.mark.recordings
def test_a_measurement_and_its_alarm_are_found_by_what_names_them(
    officer: Reader, recordings: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    upload, _fresh = measurements.upload(
        officer,
        (recordings / "mobile_nsdd/Q67_Mobile.N42").read_bytes(),
        name="lane3.n42",
        title="Drive by the harbour",
    )
    with django_capture_on_commit_callbacks(execute=True):
        tasks.analyse_upload.func(str(upload.pk))
    by_title = found(officer, "harbour")
    assert by_title == {"measurements": ["Drive by the harbour"]}
    assert found(officer, "LANE3") == by_title
    by_nuclide = found(officer, "tc99m")
    assert by_nuclide["measurements"] == ["Drive by the harbour"]
    assert any("Tc-99m" in name for name in by_nuclide["alarms"])
    assert set(found(officer, "RS-605")) == {"measurements", "alarms", "instruments"}
    assert "measurements" in found(officer, str(upload.measurement.pk))
    assert found(officer, "Cs-137") == {}
    # the words in which the list of nuclides is stored name nothing
    assert found(officer, "confidence") == {}


def test_an_alarm_is_found_by_its_short_name_in_any_case(officer: Reader) -> None:
    alarm = tip(officer, "Van at the gate")
    tip(officer, "Other")
    for text in (alarm.name, alarm.name.lower(), alarm.name[2:], str(alarm.pk)):
        assert found(officer, text) == {"alarms": [f"{alarm.name} · Van at the gate"]}


def test_no_more_rows_are_read_than_are_shown(officer: Reader) -> None:
    for number in range(MOST_HITS + 3):
        tip(officer, f"Van {number}")
    Reading.objects.all().delete()
    (group,) = search(officer, "van")
    assert group.more
    assert len(group.hits) == MOST_HITS
    assert Reading.objects.count() <= MOST_HITS + 1


def test_others_find_nothing(officer: Reader, person: Callable[..., Person]) -> None:
    alarm = tip(officer, "Van at the gate")
    stranger = reader_of(person("officer", of="police", clearance=3))
    without_role = reader_of(person(clearance=3))
    for text in ("van", alarm.name, str(alarm.pk)):
        assert found(officer, text)
        assert found(stranger, text) == {}
        assert found(without_role, text) == {}


@pytest.mark.parametrize("text", ["", " ", "a", "\0", "\0a\0"])
def test_too_little_finds_nothing(officer: Reader, text: str) -> None:
    tip(officer, "a a a")
    assert search(officer, text) == []


def test_signs_of_patterns_are_text(officer: Reader) -> None:
    tip(officer, "Van at the gate")
    for text in ("%%", "__", "V_n", ".*", '","', "\\"):
        assert found(officer, text) == {}


def test_page_and_interface_say_the_same(
    officer: Reader, signed_in: Callable[[Person], Client]
) -> None:
    alarm = tip(officer, "<b>Van</b>")
    browser = signed_in(officer.person)
    page = browser.get("/search/", {"q": "van"}).content.decode()
    assert f'href="/alarms/{alarm.pk}/"' in page
    assert "&lt;b&gt;Van" in page
    assert "<b>Van" not in page
    answer = browser.get("/api/1/search", {"q": "van"}).json()
    assert [hit["address"] for hit in answer["groups"][0]["hits"]] == [f"/alarms/{alarm.pk}/"]
    empty = browser.get("/search/", {"q": "nowhere"}).content.decode()
    assert "Nothing that you may see" in empty
    assert "at least two characters" in browser.get("/search/").content.decode()
    assert browser.get("/search/", {"q": "x" * 5000}).status_code == 200

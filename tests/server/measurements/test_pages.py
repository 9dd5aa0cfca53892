"""Pages of measurements: what they show, what they give out, and that nothing runs in them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from tests.server.measurements.conftest import NATURAL, STATIC, STATIC_BACKGROUND, SURVEY, TRACK

from tocsin.formats import read, read_bytes
from tocsin.server.accounts.models import Person
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.models import Reading
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.measurements.models import Upload

pytestmark = pytest.mark.recordings

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=|javascript:|hx-on", re.I)


@pytest.fixture
def browser(reader: Reader, signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(reader.person)


@pytest.mark.parametrize("name", [SURVEY, NATURAL, STATIC, TRACK])
def test_page_of_a_measurement(
    reader: Reader, browser: Client, bring: Callable[..., Upload], name: str
) -> None:
    row = bring(reader, name)
    answer = browser.get(f"/measurements/{row.measurement.pk}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not INLINE.search(page)
    assert row.sha256 in page
    assert "Restricted" in page
    assert 'id="survey"' in page
    assert f"/api/1/measurements/{row.measurement.pk}/survey?analysis=1" in page
    for encounter in row.measurement.analyses.get().encounters.all():
        assert f'id="encounter-{encounter.number}"' in page
        assert encounter.nuclide_names.partition(",")[0] in page


def test_the_page_leads_to_the_alarm_and_back(
    reader: Reader, browser: Client, bring: Callable[..., Upload]
) -> None:
    m = bring(reader, SURVEY).measurement
    page = browser.get(f"/measurements/{m.pk}/").content.decode()
    said = browser.get(f"/api/1/measurements/{m.pk}/survey").json()
    for alarm in Alarm.objects.all():
        assert f'href="/alarms/{alarm.pk}/"' in page
        assert f"/alarms/{alarm.pk}/" in [e["alarm"] for e in said["encounters"]]
        assert f"/measurements/{m.pk}/" in browser.get(f"/alarms/{alarm.pk}/").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/measurements/",
        "/measurements/upload/",
        "/measurements/uploads/",
        "/measurements/instruments/",
    ],
)
def test_lists_without_anything_say_what_to_do(browser: Client, address: str) -> None:
    answer = browser.get(address)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not INLINE.search(page)
    assert 'aria-current="page"' in page


def test_filters(reader: Reader, browser: Client, bring: Callable[..., Upload]) -> None:
    survey = bring(reader, SURVEY).measurement
    natural = bring(reader, NATURAL).measurement
    everything = {survey.pk, natural.pk}
    cases = {
        "": everything,
        "q=Q67": {survey.pk},
        "q=radiation+solutions+tc-99m": {survey.pk},
        "q=nothing-like-it": set(),
        f"source_class={survey.source_class}": {survey.pk},
        "source_class=norm": {natural.pk},
        "kind=survey": everything,
        "kind=track": set(),
        f"instrument={natural.instrument_id}": {natural.pk},
        "since=2999-01-01": set(),
        "until=2999-01-01": everything,
    }
    for query, expected in cases.items():
        page = browser.get(f"/measurements/?{query}").content.decode()
        assert {pk for pk in everything if f"/measurements/{pk}/" in page} == expected, query
    assert browser.get("/measurements/?since=yesterday&page=99").status_code == 200


def test_the_table_carries_marking_and_no_formula(
    reader: Reader, browser: Client, bring: Callable[..., Upload]
) -> None:
    m = bring(reader, STATIC, title="=HYPERLINK(1)").measurement
    answer = browser.get("/measurements/table.csv")
    assert answer["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[0] == ["# EXERCISE RESTRICTED TLP:RED"]
    assert rows[3][:2] == [str(m.pk), "'=HYPERLINK(1)"]


def test_the_table_counts_as_read_has_its_leaf_and_says_when_it_is_cut(
    reader: Reader,
    browser: Client,
    bring: Callable[..., Upload],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bring(reader, STATIC)
    bring(reader, STATIC_BACKGROUND)
    monkeypatch.setattr("tocsin.server.exports.LIMIT", 1)
    rows = list(csv.reader(io.StringIO(browser.get("/measurements/table.csv").content.decode())))
    assert rows[2] == ["# cut: the first 1 of 2 rows; narrow the filter"]
    assert len(rows) == 5
    leaf = Leaf.objects.get(action="measurements.export", subject_id=str(reader.person.pk))
    assert leaf.content["after"]["rows"] == 1
    assert Reading.objects.filter(person=reader.person, noun="measurements.measurement").exists()
    monkeypatch.undo()
    Reading.objects.all().delete()
    monkeypatch.setattr("tocsin.server.marking.reading.MOST_ROWS", 1)
    assert browser.get("/measurements/table.csv").status_code == 429


def test_original_bytes_come_back_as_they_went(
    reader: Reader, browser: Client, bring: Callable[..., Upload], recordings: Path
) -> None:
    m = bring(reader, NATURAL).measurement
    answer = browser.get(f"/measurements/{m.pk}/original")
    assert answer.content == (recordings / NATURAL).read_bytes()
    assert answer["Content-Disposition"] == (
        f'attachment; filename="EXERCISE-RESTRICTED-original-{m.sha256[:12]}.n42"'
    )
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_n42_is_read_again_with_every_count_and_the_realm(
    reader: Reader, browser: Client, bring: Callable[..., Upload], recordings: Path
) -> None:
    m = bring(reader, NATURAL).measurement
    answer = browser.get(f"/measurements/{m.pk}/n42")
    assert answer["Content-Type"] == "application/xml"
    again = read_bytes(answer.content, file_name="again.n42")
    first = read(recordings / NATURAL)
    assert again.realm == "EXERCISE"
    assert len(again.records) == len(first.records)
    for left, right in zip(again.records, first.records, strict=True):
        for a, b in zip(left.spectra, right.spectra, strict=True):
            assert np.array_equal(a.counts, b.counts)
    assert any("EXERCISE RESTRICTED" in remark for remark in again.remarks)
    assert Leaf.objects.filter(action="measurements.export", subject_id=str(m.pk)).count() == 1


def test_table_of_spectra_and_places(
    reader: Reader, browser: Client, bring: Callable[..., Upload]
) -> None:
    m = bring(reader, SURVEY).measurement
    table = browser.get(f"/measurements/{m.pk}/table.csv").content.decode().splitlines()
    assert table[0] == "# EXERCISE RESTRICTED TLP:RED"
    assert m.sha256 in table[1]
    assert table[2].startswith("record,start,")
    places = json.loads(browser.get(f"/measurements/{m.pk}/analyses/1/map.geojson").content)
    assert places["tocsin"]["realm"] == "EXERCISE"
    points = [f for f in places["features"] if f["geometry"]["type"] == "Point"]
    assert len(points) == m.encounter_count
    assert browser.get(f"/measurements/{m.pk}/analyses/7/map.geojson").status_code == 404


def test_home_counts_what_one_sees(
    reader: Reader,
    browser: Client,
    bring: Callable[..., Upload],
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    bring(reader_of(person("officer", of="police")), STATIC)
    assert '<p class="tile-number">0</p>' in browser.get("/").content.decode()
    bring(reader, STATIC)
    page = browser.get("/").content.decode()
    assert 'href="/measurements/"' in page
    assert '<p class="tile-number">1</p>' in page
    contact = signed_in(person("point_of_contact")).get("/").content.decode()
    assert 'href="/measurements/"' not in contact


def test_pages_speak_french_where_they_are_asked_to(
    reader: Reader, browser: Client, bring: Callable[..., Upload]
) -> None:
    m = bring(reader, STATIC).measurement
    browser.cookies["language"] = "fr"
    page = browser.get(f"/measurements/{m.pk}/").content.decode()
    assert '<html lang="fr"' in page

"""The pages and the API of a source's life: what is asked, shown and refused."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image
from register_entries import GIVEN, TODAY

from tocsin.server.accounts.models import Person
from tocsin.server.documents import services as documents
from tocsin.server.documents.models import Document
from tocsin.server.marking import reading
from tocsin.server.marking.policy import Reader
from tocsin.server.register.entries import entry_of
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source
from tocsin.server.register.services import register_source, report

pytestmark = pytest.mark.django_db
SignedIn = Callable[[Person], Client]


def photograph(name: str = "box.jpg", colour: tuple[int, int, int] = (9, 9, 200)) -> Any:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def posted(browser: Client, address: str, given: dict[str, Any]) -> Any:
    return browser.post(address, json.dumps(given), content_type="application/json")


def test_a_find_is_entered_by_its_form(officer: Reader, signed_in: SignedIn) -> None:
    browser = signed_in(officer.person)
    given = GIVEN | {"came": "find", "received_on": "2026-02-20", "neutron": "no"}
    answer = browser.post("/register/new/", given)
    assert "where, how" in answer.content.decode()
    answer = browser.post("/register/new/", given | {"note": "in a load of scrap"})
    assert answer.status_code == 302
    text = browser.get(answer.headers["Location"]).content.decode()
    assert "find of a source that nobody had registered" in text
    assert "in a load of scrap" in text


def test_a_correction_names_the_report_and_the_page_shows_both_values(
    officer: Reader, source: Source, signed_in: SignedIn
) -> None:
    browser = signed_in(officer.person)
    page = f"/register/{source.pk}/correct/"
    assert "14.68" not in browser.get(page).content.decode(), "the exact place is not typed in"
    given = GIVEN | {"serial": "IR1002", "reason": "a digit", "seen": "1", "corrects": "1"}
    given |= {"latitude": "", "longitude": "", "found_on": "2026-03-02"}
    assert browser.post(page, given).status_code == 302
    text = browser.get(source.get_absolute_url()).content.decode()
    assert "serial: IR1001 → IR1002" in text
    assert "corrects step 1" in text
    source.refresh_from_db()
    assert source.latitude == 14.68123


def test_photographs_come_with_a_loss_and_a_bad_one_does_not_hold_it_up(
    works: Reader, source: Source, signed_in: SignedIn
) -> None:
    broken = SimpleUploadedFile("broken.jpg", b"\xff\xd8\xff\xe0 no picture", "image/jpeg")
    answer = signed_in(works.person).post(
        f"/register/{source.pk}/report/loss/",
        {
            "happened_on": "2026-03-03",
            "note": "gone",
            "photographs": [photograph(), broken, photograph("lid.jpg", (200, 9, 9))],
        },
        follow=True,
    )
    text = answer.content.decode()
    assert "The photograph broken.jpg was not taken" in text
    source.refresh_from_db()
    assert source.status == "lost"
    assert Document.objects.filter(row_id=source.pk).count() == 2


def test_photographs_of_a_transfer_fall_with_it_or_stay_with_the_source(
    officer: Reader, works: Reader, source: Source, signed_in: SignedIn
) -> None:
    browser, page = signed_in(works.person), f"/register/{source.pk}/report/transfer/"
    given = {"happened_on": "2026-03-03", "receiver": "Nobody"}
    assert browser.post(page, given | {"photographs": [photograph()]}).status_code == 200
    assert not Document.objects.exists()
    register_source(officer, entry_of(GIVEN | {"holder": "Mill", "serial": "2"}, today=TODAY))
    sent = browser.post(page, given | {"receiver": "Mill", "photographs": [photograph()]})
    assert sent.status_code == 302
    assert Document.objects.filter(row_id=source.pk).count() == 1


def test_what_is_overdue_and_late_stands_on_its_page_and_in_its_table(
    officer: Reader, works: Reader, source: Source, signed_in: SignedIn
) -> None:
    report(works, source, Kind.DISUSE, happened_on=TODAY, storage_until=dt.date(2026, 3, 1))
    report(officer, source, Kind.EXPORT, happened_on=dt.date(2026, 2, 2))
    other = register_source(officer, entry_of(GIVEN | {"serial": "B"}, today=TODAY))
    report(works, other, Kind.DISUSE, happened_on=TODAY, storage_until=dt.date(2026, 3, 1))
    browser = signed_in(officer.person)
    text = browser.get("/register/overdue/").content.decode()
    assert other.name in text
    assert "Invented for exercises" in text, "the law and how far it was checked are said"
    assert text.count(source.name) == 1, "what left the country is not stored too long, but late"
    table = browser.get("/register/overdue.csv").content.decode()
    assert other.name in table
    assert source.name not in table
    stranger = signed_in(works.person).get("/register/overdue/").content.decode()
    assert other.name in stranger


def test_programs_enter_report_and_declare_wrong(
    officer: Reader, source: Source, signed_in: SignedIn
) -> None:
    browser = signed_in(officer.person)
    given = GIVEN | {"neutron": "yes", "neutron_flux_per_s": "1e6", "came": "manufacture"}
    made = posted(browser, "/api/1/register/sources", given).json()
    assert (made["neutron"], made["neutron_flux_per_s"]) == (True, 1e6)
    assert made["transactions"][0]["kind"] == "manufacture"
    assert made["transactions"][0]["late"], "made in January, entered in March"
    steps = f"/api/1/register/sources/{source.pk}/transactions"
    test = {"kind": "leak_test", "happened_on": "2026-03-03"}
    assert posted(browser, steps, test).status_code == 422
    done = posted(browser, steps, test | {"facts": {"result": "tight"}}).json()
    assert (done["facts"], done["late"]) == ({"result": "tight"}, False)
    wrong = posted(browser, f"{steps}/2/wrong", {"reason": "other source", "seen": 2}).json()
    assert (wrong["corrects"], wrong["kind"]) == (2, "correction")
    assert posted(browser, f"{steps}/2/wrong", {"reason": "again", "seen": 3}).status_code == 422
    assert posted(browser, f"{steps}/9/wrong", {"reason": "x", "seen": 3}).status_code == 422


def test_nobody_waits_for_the_database_while_photographs_are_drawn_anew(
    officer: Reader, works: Reader, source: Source, signed_in: SignedIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    register_source(officer, entry_of(GIVEN | {"holder": "Mill", "serial": "2"}, today=TODAY))
    browser, deep = signed_in(works.person), []
    redraw = documents.redraw

    def watched(content: bytes) -> Any:
        deep.append(len(connection.savepoint_ids))
        return redraw(content)

    monkeypatch.setattr(documents, "redraw", watched)
    given = {"happened_on": "2026-03-03", "receiver": "Mill", "photographs": [photograph()]}
    before = len(connection.savepoint_ids)
    assert browser.post(f"/register/{source.pk}/report/transfer/", given).status_code == 302
    assert deep == [before], "in no transaction of its own"


def test_the_mark_of_the_authority_is_for_what_the_officer_saw(
    officer: Reader, works: Reader, source: Source, signed_in: SignedIn
) -> None:
    browser = signed_in(officer.person)
    page = f"/register/{source.pk}/report/check/"
    assert 'name="seen" value="1"' in browser.get(page).content.decode()
    report(works, source, Kind.MOVE, happened_on=TODAY, place="Quarry")
    given = {"happened_on": TODAY, "note": "", "seen": "1"}
    assert "in the meantime" in browser.post(page, given).content.decode()
    address = f"/api/1/register/sources/{source.pk}/transactions"
    browser.handler.enforce_csrf_checks = False
    late = posted(browser, address, {"kind": "check", "happened_on": str(TODAY), "seen": 1})
    assert late.status_code == 422
    source.refresh_from_db()
    assert source.unchecked_since == TODAY
    assert browser.post(page, given | {"seen": "2"}).status_code == 302
    source.refresh_from_db()
    assert source.unchecked_since is None


def test_a_table_of_what_is_overdue_is_read_once(
    officer: Reader, works: Reader, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        row = register_source(officer, entry_of(GIVEN | {"serial": f"N{number}"}, today=TODAY))
        day = dt.date(2026, 2, 1)
        report(officer, row, Kind.DISUSE, happened_on=TODAY, storage_until=day)
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    answer = signed_in(officer.person).get("/register/overdue.csv")
    assert answer.status_code == 200
    assert answer.content.decode().count("2026-02-01") == 3


def test_the_exact_place_is_told_once_and_lies_in_no_cookie(
    officer: Reader, source: Source, signed_in: SignedIn
) -> None:
    browser = signed_in(officer.person)
    answer = browser.post(f"/register/{source.pk}/place/", {"reason": "a search"})
    assert "messages" not in answer.cookies
    assert "14.68123" in browser.get(answer.headers["Location"]).content.decode()
    assert "14.68123" not in browser.get(answer.headers["Location"]).content.decode()

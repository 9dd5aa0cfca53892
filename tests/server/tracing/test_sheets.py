"""Alert sheets: every word from the register or a person, versions, withdrawal, nobody else's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from PIL import Image

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.documents.models import Kind as DocumentKind
from tocsin.server.documents.services import attach
from tocsin.server.marking.immutable import WrittenOnce
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source
from tocsin.server.register.services import report
from tocsin.server.tracing.advice import advice_for, danger_of
from tocsin.server.tracing.models import AlertSheet, EndKind
from tocsin.server.tracing.services.sheets import end_sheet, issue_sheet
from tocsin.server.tracing.sheets import last_call, outdated, pdf_of, sheets_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("as_on_a_server")]
CALL = "Duty office, extension 112"


def test_the_sheet_says_what_the_register_says_decayed_to_the_day(
    officer: Reader, stolen: Source, clock: Any
) -> None:
    clock.move(days=74)
    sheet = issue_sheet(reader_of(officer.person), stolen, call=CALL, where="Harbour")
    said = {name: value for name, value in sheet.content["en"]["rows"]}
    # half-life of Ir-192: 73.8 d; the source was 3.7 TBq on 2026-01-15, 121 days before
    assert said["Ir-192"].startswith("1.19 TBq (32 Ci) on 2026-05-16")
    assert said["Serial number of the source"] == "IR1001"
    assert said["Serial number of the device"] == "not known"
    assert "14.7, -17.4" in said["Last place"]
    assert "14.68" not in str(sheet.content)
    assert "74 days by 2026-05-16" in sheet.content["en"]["status"]
    assert sheet.category == 2
    assert "Harbour Works" not in str(sheet.content)
    french = {name: value for name, value in sheet.content["fr"]["rows"]}
    assert len(french) == len(said)
    assert sheet.content["fr"]["danger"] == danger_of(2).words["fr"]
    assert (sheet.level, sheet.tlp) == (stolen.level, stolen.tlp)
    leaf = Leaf.objects.get(action="tracing.issue_sheet")
    assert leaf.subject_id == str(sheet.pk)


def test_nobody_to_call_is_invented(officer: Reader, stolen: Source) -> None:
    with pytest.raises(InvalidInput, match="whom to call"):
        issue_sheet(officer, stolen, call="  ")
    assert not AlertSheet.objects.exists()


def test_only_the_authority_and_only_what_is_missing(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person]
) -> None:
    with pytest.raises(InvalidInput):
        issue_sheet(officer, source, call=CALL)
    report(works, source, Kind.LOSS, happened_on=dt.date(2026, 3, 3), note="gone")
    for other in (works, reader_of(person("register_officer", of="elsewhere", clearance=3))):
        with pytest.raises(InvalidInput):
            issue_sheet(other, source, call=CALL)
    assert issue_sheet(officer, source, call=CALL).number == 1


def test_a_later_version_takes_the_place_and_recovery_ends_it(
    officer: Reader, stolen: Source, clock: Any
) -> None:
    first = issue_sheet(officer, stolen, call=CALL)
    second = issue_sheet(officer, stolen, call=CALL, looks="yellow box")
    first.refresh_from_db()
    assert (second.number, first.end.kind) == (2, EndKind.REPLACED)
    with pytest.raises(InvalidInput, match="still missing"):
        end_sheet(officer, second, kind=EndKind.RECOVERED)
    with pytest.raises(InvalidInput, match="mistaken"):
        end_sheet(officer, second, kind=EndKind.MISTAKEN)
    report(officer, stolen, Kind.RECOVERY, happened_on=clock().date(), note="in a ditch")
    assert outdated(officer).get() == second
    end_sheet(officer, second, kind=EndKind.RECOVERED)
    assert not outdated(officer).exists()
    with pytest.raises(InvalidInput, match="already"):
        end_sheet(officer, second, kind=EndKind.RECOVERED)


def test_a_sheet_is_written_once(officer: Reader, stolen: Source) -> None:
    sheet = issue_sheet(officer, stolen, call=CALL)
    sheet.call = "somebody else"
    with pytest.raises(WrittenOnce):
        sheet.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        AlertSheet.objects.all()._raw_delete("default")


def test_whom_to_call_is_taken_from_sheets_that_one_may_see(
    officer: Reader, stolen: Source, person: Callable[..., Person]
) -> None:
    issue_sheet(officer, stolen, call=CALL)
    assert last_call(officer) == CALL
    low = reader_of(person("register_officer", of="authority", clearance=0, name="Low"))
    assert last_call(low) == ""


def test_a_stranger_sees_none_and_the_owner_two_clicks_away(
    officer: Reader,
    stolen: Source,
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    browser = signed_in(officer.person)
    address = reverse("tracing:sheet_new", args=[stolen.pk])
    assert address in browser.get(stolen.get_absolute_url()).content.decode()
    first = issue_sheet(officer, stolen, call=CALL)
    page = browser.get(address).content.decode()
    assert f'value="{CALL}"' in page
    answer = browser.post(address, {"call": CALL, "where": "Harbour", "looks": ""})
    second = AlertSheet.objects.get(number=2)
    assert answer.headers["Location"] == second.get_absolute_url()
    shown = browser.get(second.get_absolute_url()).content.decode()
    assert 'lang="fr"' in shown
    assert CALL in shown
    pdf = browser.get(reverse("tracing:sheet_pdf", args=[second.pk]))
    assert (pdf.status_code, pdf["Content-Type"]) == (200, "application/pdf")
    assert Leaf.objects.filter(action="tracing.export_sheet").count() == 1
    other = person("register_officer", of="elsewhere", clearance=3)
    assert not sheets_for(reader_of(other)).exists()
    assert signed_in(other).get(first.get_absolute_url()).status_code == 404


def test_the_pdf_is_made_of_data_and_the_same_each_time(officer: Reader, stolen: Source) -> None:
    evil = '#panic("read as markup") ]$*_ 中'
    picture = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(picture, "JPEG")
    document = attach(
        officer,
        stolen,
        picture.getvalue(),
        name="p.jpg",
        kind=DocumentKind.PHOTOGRAPH,
        title="Projector",
    )
    sheet = issue_sheet(officer, stolen, call=evil, looks=evil, picture=document.pk)
    pdf = pdf_of(officer, sheet)
    assert pdf.startswith(b"%PDF-")
    assert b"/Image" in pdf
    assert pdf == pdf_of(officer, sheet)
    assert pdf_of(officer, issue_sheet(officer, stolen, call="other")) != pdf


def test_every_distance_has_a_text_that_was_read() -> None:
    for category in (1, 2, 3, 4, 5, None):
        lines = advice_for(category)
        told = [line for line in lines if " m " in line.words["en"]]
        assert all(line.verification == "read" and "http" in line.source for line in told)
        assert bool(told) == (category in {1, 2, 3})
        assert all(set(line.words) >= {"en", "fr"} for line in lines)


def test_what_is_missing_is_sorted_by_the_danger_of_today(
    officer: Reader, stolen: Source, signed_in: Callable[[Person], Client], clock: Any
) -> None:
    browser = signed_in(officer.person)
    page = browser.get(reverse("tracing:missing")).content.decode()
    assert "category 2" in page
    clock.move(days=1500)
    page = browser.get(reverse("tracing:missing")).content.decode()
    assert "category 5" in page or "category 4" in page
    assert "1500 days" in page
    table = browser.get(reverse("tracing:missing_csv")).content.decode()
    assert stolen.name in table
    assert "14.68" not in table

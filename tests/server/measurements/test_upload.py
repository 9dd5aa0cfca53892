"""Bringing files: kept before they are acknowledged, once, within limits, never lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django_tasks_db.models import DBTaskResult
from tests.server.measurements.conftest import NATURAL

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.files.models import Blob, StoredFile
from tocsin.server.files.services import content_of
from tocsin.server.marking.models import Compartment, Membership
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.measurements import services, tasks
from tocsin.server.measurements.models import Measurement, State, Upload

BROKEN = b"<?xml version='1.0'?><RadInstrumentData><RadMeasurement>"


def post(browser: Client, content: bytes, name: str = "walk.n42", **more: Any) -> Any:
    file = SimpleUploadedFile(name, content)
    return browser.post("/measurements/upload/", {"file": file, "level": "1", **more})


def post_by_script(browser: Client, content: bytes, name: str = "walk.n42") -> Any:
    file = SimpleUploadedFile(name, content)
    form = {"file": file, "level": "1"}
    return browser.post("/measurements/upload/", form, headers={"accept": "application/json"})


def test_a_file_is_kept_row_task_and_leaf_together(reader: Reader) -> None:
    row, fresh = services.upload(reader, BROKEN, name="a.n42", note="at the gate")
    assert fresh
    assert (row.state, row.size_bytes) == (State.QUEUED, len(BROKEN))
    assert row.sha256 == hashlib.sha256(BROKEN).hexdigest()
    assert content_of(row.file) == BROKEN
    assert (row.realm, row.level, row.tlp) == (row.file.realm, row.file.level, row.file.tlp)
    task = DBTaskResult.objects.get(pk=row.task_id)
    assert task.args_kwargs["args"] == [str(row.pk)]
    assert Leaf.objects.filter(action="measurements.upload", subject_id=str(row.pk)).count() == 1


def test_what_is_taken_back_leaves_neither_row_nor_task_nor_leaf(reader: Reader) -> None:
    before = Leaf.objects.count()
    with transaction.atomic():
        services.upload(reader, BROKEN, name="a.n42")
        transaction.set_rollback(True)
    left = (Upload.objects.count(), StoredFile.objects.count(), DBTaskResult.objects.count())
    assert left == (0, 0, 0)
    assert Leaf.objects.count() == before


def test_the_same_bytes_are_told_and_not_kept_twice(
    reader: Reader, person: Callable[..., Person]
) -> None:
    first, _ = services.upload(reader, BROKEN, name="a.n42")
    again, fresh = services.upload(reader, BROKEN, name="other name.n42")
    assert (again.pk, fresh) == (first.pk, False)
    colleague = reader_of(person("officer"))
    assert services.upload(colleague, BROKEN, name="b.n42")[0].pk == first.pk
    assert Upload.objects.count() == 1


def test_another_organisation_is_not_told_that_the_bytes_are_here(
    reader: Reader, person: Callable[..., Person]
) -> None:
    services.upload(reader, BROKEN, name="a.n42")
    stranger = reader_of(person("officer", of="police"))
    _row, fresh = services.upload(stranger, BROKEN, name="a.n42")
    assert fresh
    assert Blob.objects.count() == 1


def test_what_a_colleague_may_not_see_is_not_told_either(
    reader: Reader, person: Callable[..., Person]
) -> None:
    chief = reader_of(person("officer", clearance=3))
    services.upload(chief, BROKEN, name="a.n42", level=3)
    assert services.upload(reader, BROKEN, name="a.n42")[1]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"content": b""}, "empty"),
        ({"content": b"x" * (2 << 20)}, "too_large"),
        ({"level": 2}, "level"),
    ],
)
def test_limits(reader: Reader, settings: Any, change: dict[str, Any], code: str) -> None:
    settings.TOCSIN = replace(settings.TOCSIN, upload_most_MiB=1)
    given = {"content": BROKEN, "level": 1} | change
    with pytest.raises(services.Refused) as refused:
        services.upload(reader, given["content"], name="a", level=given["level"])
    assert refused.value.code == code
    assert Upload.objects.count() == 0


def test_quota_of_a_person(reader: Reader, person: Callable[..., Person], settings: Any) -> None:
    settings.TOCSIN = replace(settings.TOCSIN, upload_quota_MiB=1)
    half = 600 << 10
    services.upload(reader, b"a" * half, name="a")
    with pytest.raises(services.Refused) as refused:
        services.upload(reader, b"b" * half, name="b")
    assert refused.value.code == "quota"
    services.upload(reader_of(person("officer")), b"b" * half, name="b")


def test_a_role_without_the_action_and_a_strange_compartment_are_refused(
    reader: Reader, person: Callable[..., Person]
) -> None:
    with pytest.raises(services.Refused) as refused:
        services.upload(reader_of(person("auditor")), BROKEN, name="a")
    assert refused.value.code == "not_allowed"
    circle = Compartment.objects.create(
        code="SUMMIT", name="Summit", owner=reader.person.organisation, created_at=now()
    )
    with pytest.raises(services.Refused) as refused:
        services.upload(reader, BROKEN, name="a", compartments=[circle.pk])
    assert refused.value.code == "compartment"


def test_marking_goes_down_to_every_row(
    reader: Reader, bring: Callable[..., Upload], person: Callable[..., Person]
) -> None:
    who = person("officer", clearance=2)
    circle = Compartment.objects.create(
        code="SUMMIT", name="Summit", owner=who.organisation, created_at=now()
    )
    Membership.objects.create(compartment=circle, person=who, valid_from=now())
    row = bring(reader_of(who), NATURAL, level=2, compartments=[circle.pk])
    measurement = Measurement.objects.get()
    analysis = measurement.analyses.get()
    rows = [row, row.file, measurement, measurement.instrument, analysis]
    rows += list(analysis.encounters.all())
    assert len(rows) == 6
    for each in rows:
        assert (each.level, each.realm, each.originator_id) == (2, "EXERCISE", who.organisation_id)
        assert list(each.compartments.all()) == [circle]


def test_a_broken_file_is_named_kept_and_given_back(
    reader: Reader, bring: Callable[..., Upload], signed_in: Callable[[Person], Client]
) -> None:
    row = bring(reader, "broken.n42", content=BROKEN)
    assert row.state == State.FAILED
    assert row.error_code in {"unreadable", "truncated"}
    assert row.error_message
    assert Measurement.objects.count() == 0
    browser = signed_in(reader.person)
    page = browser.get(row.get_absolute_url())
    assert row.error_message in unescape(page.content.decode())
    answer = browser.get(f"/measurements/uploads/{row.pk}/original")
    assert answer.content == BROKEN
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/octet-stream"
    assert Leaf.objects.filter(action="measurements.not_analysed").count() == 1


def test_a_failed_file_is_tried_again_on_request_alone(
    reader: Reader, bring: Callable[..., Upload], signed_in: Callable[[Person], Client]
) -> None:
    row = bring(reader, "broken.n42", content=BROKEN)
    assert tasks.resume_stopped(now()) == 0
    signed_in(reader.person).post(f"/measurements/uploads/{row.pk}/again/")
    row.refresh_from_db()
    assert (row.state, row.error_code, row.attempts) == (State.QUEUED, "", 0)
    with pytest.raises(services.Refused):
        services.try_again(reader, row)


def test_a_computed_recording_cannot_become_a_live_alarm(
    person: Callable[..., Person], bring: Callable[..., Upload], short_walk: Path
) -> None:
    live = reader_of(person("officer", realms=("LIVE",)))
    row = bring(live, "walk.n42", content=short_walk.read_bytes())
    assert (row.state, row.error_code) == (State.FAILED, "realm")
    assert "SYNTHETIC" in row.error_message
    played = bring(
        reader_of(person("officer", realms=("EXERCISE",))),
        "walk.n42",
        content=short_walk.read_bytes(),
    )
    assert played.state == State.DONE
    assert played.measurement.analyses.get().said["realm"] == "EXERCISE"


def test_upload_page_without_script(reader: Reader, signed_in: Callable[[Person], Client]) -> None:
    browser = signed_in(reader.person)
    page = browser.get("/measurements/upload/").content.decode()
    assert 'enctype="multipart/form-data"' in page
    assert "data-upload" in page
    answer = post(browser, BROKEN)
    row = Upload.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/measurements/uploads/{row.pk}/")
    both = [SimpleUploadedFile("a.n42", b"first"), SimpleUploadedFile("b.n42", b"second")]
    answer = browser.post("/measurements/upload/", {"file": both, "level": "1"})
    assert (answer.status_code, answer["Location"]) == (302, "/measurements/uploads/")
    assert Upload.objects.count() == 3
    assert "a.n42" in browser.get("/measurements/uploads/").content.decode()


def test_of_several_files_the_good_ones_are_kept_and_the_bad_one_is_named(
    reader: Reader, signed_in: Callable[[Person], Client]
) -> None:
    both = [SimpleUploadedFile("good.n42", b"first"), SimpleUploadedFile("empty.n42", b"")]
    answer = signed_in(reader.person).post("/measurements/upload/", {"file": both, "level": "1"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "good.n42" in page
    assert "empty.n42: The file is empty." in page
    assert [u.name for u in Upload.objects.all()] == ["good.n42"]


def test_a_large_file_is_never_on_the_disk_in_the_clear_and_refused_beyond_the_limit(
    reader: Reader,
    signed_in: Callable[[Person], Client],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    data_folder: Path,
) -> None:
    settings.TOCSIN = replace(settings.TOCSIN, upload_most_MiB=7)

    def written(*_args: object, **_more: object) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", written)
    monkeypatch.setattr("django.core.files.uploadedfile.TemporaryUploadedFile", written)
    browser = signed_in(reader.person)
    fits = b"tocsin-in-the-clear " * (6 << 20 >> 4)
    assert post_by_script(browser, fits[: 7 << 20]).status_code == 201
    for kept in data_folder.rglob("*"):
        assert not kept.is_file() or b"tocsin-in-the-clear" not in kept.read_bytes()
    answer = post_by_script(browser, fits[: 7 << 20] + b"x")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "too_large")
    assert Upload.objects.get().size_bytes == 7 << 20


def test_upload_by_script_answers_as_the_browser_s_part_expects(
    reader: Reader, signed_in: Callable[[Person], Client]
) -> None:
    browser = signed_in(reader.person)
    fresh = post_by_script(browser, BROKEN)
    row = Upload.objects.get()
    assert fresh.status_code == 201
    assert fresh.json() == {"url": f"/measurements/uploads/{row.pk}/", "title": "walk.n42"}
    again = post_by_script(browser, BROKEN)
    assert again.status_code == 200
    assert again.json()["url"] == fresh.json()["url"]
    empty = post_by_script(browser, b"")
    assert empty.status_code == 400
    assert empty.json() == {"error": {"code": "empty", "message": "The file is empty."}}


def test_a_name_that_a_person_chose_is_shown_and_never_obeyed(
    reader: Reader, bring: Callable[..., Upload], signed_in: Callable[[Person], Client]
) -> None:
    name = '"><script>alert(1)</script>=1+1.n42'
    row, _ = services.upload(reader, BROKEN, name=name)
    browser = signed_in(reader.person)
    for address in (row.get_absolute_url(), "/measurements/uploads/"):
        page = browser.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
    header = browser.get(f"/measurements/uploads/{row.pk}/original")["Content-Disposition"]
    assert header == f'attachment; filename="EXERCISE-RESTRICTED-original-{row.sha256[:12]}.n42"'

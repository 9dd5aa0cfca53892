"""The interface for programs: the same as the pages, by token, in the shape it promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.server.measurements.conftest import NATURAL, STATIC, STATIC_BACKGROUND

from tocsin.server.accounts.models import ApiToken, Person
from tocsin.server.accounts.tokens import fresh_token
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.measurements import tasks
from tocsin.server.measurements.models import Reanalysis, Upload

pytestmark = pytest.mark.recordings

ROOT = "/api/1/measurements"


def token(who: Person, *scopes: str) -> dict[str, str]:
    text, held = fresh_token()
    ApiToken.objects.create(
        person=who,
        name="script",
        token_hash=held,
        realm="EXERCISE",
        scopes=list(scopes),
        created_at=now(),
        valid_until=now() + timedelta(days=1),
    )
    return {"Authorization": f"Bearer {text}"}


def send(client: Client, content: bytes, headers: dict[str, str], **more: Any) -> Any:
    file = SimpleUploadedFile("walk.n42", content)
    return client.post(f"{ROOT}/uploads", {"file": file, **more}, headers=headers)


def test_from_upload_to_answer_by_token(
    reader: Reader, client: Client, recordings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    head = token(reader.person, "measurements.upload", "measurements.read", "measurements.export")
    content = (recordings / NATURAL).read_bytes()
    said = send(client, content, head, title="Racetrack")
    assert said.status_code == 201, said.content
    assert (said.json()["state"], said.json()["name"]) == ("queued", "Racetrack")
    assert send(client, content, head).status_code == 200
    pk = said.json()["id"]
    with django_capture_on_commit_callbacks(execute=True):
        tasks.analyse_upload.func(pk)
    done = client.get(f"{ROOT}/uploads/{pk}", headers=head).json()
    assert (done["state"], done["progress"], done["error"]) == ("done", 1.0, None)
    listed = client.get(ROOT, headers=head).json()
    assert (listed["total"], listed["measurements"][0]["id"]) == (1, done["measurement"])
    m = client.get(f"{ROOT}/{done['measurement']}", headers=head).json()
    assert m["analyses"][0]["answer"]["schema"] == "tocsin.analysis/1"
    for part, schema in (
        ("survey", "tocsin.survey/1"),
        ("waterfall", "tocsin.waterfall/1"),
        ("spectrum", "tocsin.spectrum/1"),
        ("reference-lines", "tocsin.reference-lines/1"),
    ):
        answer = client.get(f"{ROOT}/{done['measurement']}/{part}", headers=head)
        assert (answer.status_code, answer.json()["schema"]) == (200, schema)
    original = client.get(f"{ROOT}/{done['measurement']}/files/original", headers=head)
    assert original.content == content


def test_a_token_does_no_more_than_its_scopes(reader: Reader, client: Client) -> None:
    head = token(reader.person, "measurements.read")
    assert client.get(ROOT, headers=head).status_code == 200
    assert send(client, b"x", head).status_code == 403
    assert Upload.objects.count() == 0


def test_a_page_of_another_origin_cannot_write_by_the_session(
    reader: Reader, person: Callable[..., Person]
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(reader.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert send(strict, b"x", {}).status_code == 403
    assert strict.get(ROOT).status_code == 200
    page = strict.get("/measurements/upload/").content.decode()
    secret = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    assert send(strict, b"x", {"X-CSRFToken": secret}).status_code == 201
    head = token(reader.person, "measurements.upload")
    assert send(Client(enforce_csrf_checks=True), b"y", head).status_code == 201


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"a" * 100),
        ("multipart/form-data; boundary=x", b""),
    ],
)
def test_a_body_that_is_no_form_is_the_caller_s_fault(
    reader: Reader, client: Client, kind: str, body: bytes
) -> None:
    head = token(reader.person, "measurements.upload")
    answer = client.generic("POST", f"{ROOT}/uploads", body, content_type=kind, headers=head)
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("part", "status", "code"),
    [
        ("spectrum?first=5&last=9999", 400, "out_of_range"),
        ("spectrum?first=-1", 400, "out_of_range"),
        ("reference-lines?nuclides=Cs-137,Xx-999", 404, "unknown_nuclide"),
        ("survey?analysis=9", 404, "not_found"),
    ],
)
def test_errors_have_the_shape_that_the_page_reads(
    reader: Reader,
    bring: Callable[..., Upload],
    signed_in: Callable[[Person], Client],
    part: str,
    status: int,
    code: str,
) -> None:
    m = bring(reader, STATIC).measurement
    answer = signed_in(reader.person).get(f"{ROOT}/{m.pk}/{part}")
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "query",
    ["waterfall?bins=0", "waterfall?rows=99999", "spectrum?first=x", "survey?analysis=0"],
)
def test_values_out_of_bounds_are_refused(
    reader: Reader,
    bring: Callable[..., Upload],
    signed_in: Callable[[Person], Client],
    query: str,
) -> None:
    m = bring(reader, STATIC).measurement
    assert signed_in(reader.person).get(f"{ROOT}/{m.pk}/{query}").status_code == 422


def test_another_analysis_is_asked_for_and_answered(
    person: Callable[..., Person],
    bring: Callable[..., Upload],
    signed_in: Callable[[Person], Client],
) -> None:
    expert = person("expert")
    m = bring(reader_of(expert), STATIC).measurement
    behind = bring(reader_of(expert), STATIC_BACKGROUND).measurement
    browser = signed_in(expert)
    asked = browser.post(
        f"{ROOT}/{m.pk}/analyses",
        {"reason": "of the same day", "background": str(behind.pk)},
        "application/json",
    )
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    tasks.analyse_again.func(str(Reanalysis.objects.get().pk))
    said = browser.get(f"{ROOT}/{m.pk}").json()
    assert [a["number"] for a in said["analyses"]] == [1, 2]
    assert said["analyses"][1]["background"] == str(behind.pk)
    first, second = (
        browser.get(f"{ROOT}/{m.pk}/spectrum?analysis={n}").json()["background"] for n in (1, 2)
    )
    assert first is None
    assert second["origin"] == "file"
    assert len(second["counts"]) == m.channels
    for number in (1, 2):
        answer = browser.get(f"{ROOT}/{m.pk}/files/geojson?analysis={number}")
        assert f"-analysis-{number}.geojson" in answer["Content-Disposition"]
        page = browser.get(f"/measurements/{m.pk}/analyses/{number}/map.geojson")
        assert answer.content == page.content
    assert browser.get(f"{ROOT}/{m.pk}/files/geojson?analysis=3").status_code == 404
    refused = browser.post(
        f"{ROOT}/{m.pk}/analyses",
        {"reason": "x", "false_alarm_rate_per_h": 3.0},
        "application/json",
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "setting")


def test_the_description_names_every_address_and_shape(
    reader: Reader, signed_in: Callable[[Person], Client]
) -> None:
    said = signed_in(reader.person).get("/api/1/openapi.json").json()
    paths = {p.removeprefix("/api/1/measurements"): v for p, v in said["paths"].items()}
    for path in ("", "/uploads", "/{pk}", "/{pk}/survey", "/{pk}/waterfall", "/{pk}/spectrum"):
        assert path in paths
    shape = paths["/{pk}/survey"]["get"]["responses"]["200"]["content"]["application/json"]
    assert shape["schema"]["$ref"].endswith("/SurveyOut")
    assert "schema" in said["components"]["schemas"]["SurveyOut"]["properties"]

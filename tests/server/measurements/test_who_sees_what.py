"""What one organisation measured is, for another, exactly as if it were not there."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from tests.server.measurements.conftest import STATIC

from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.clock import now
from tocsin.server.marking.models import Agreement
from tocsin.server.marking.policy import Reader
from tocsin.server.measurements import services
from tocsin.server.measurements.models import Measurement, Upload

pytestmark = pytest.mark.recordings

CANARY = "KANARIE-4711"

OF_A_MEASUREMENT = [
    "/measurements/{}/",
    "/measurements/{}/analyse/",
    "/measurements/{}/original",
    "/measurements/{}/n42",
    "/measurements/{}/table.csv",
    "/measurements/{}/analyses/1/map.geojson",
    "/api/1/measurements/{}",
    "/api/1/measurements/{}/survey",
    "/api/1/measurements/{}/waterfall",
    "/api/1/measurements/{}/spectrum",
    "/api/1/measurements/{}/reference-lines",
    "/api/1/measurements/{}/files/original",
    "/api/1/measurements/{}/files/n42",
    "/api/1/measurements/{}/files/csv",
    "/api/1/measurements/{}/files/geojson",
]
OF_AN_UPLOAD = [
    "/measurements/uploads/{}/",
    "/measurements/uploads/{}/original",
    "/api/1/measurements/uploads/{}",
]
LISTS = [
    "/",
    "/measurements/",
    "/measurements/?q=KANARIE",
    "/measurements/table.csv",
    "/measurements/uploads/",
    "/measurements/instruments/",
    "/measurements/upload/",
    "/api/1/measurements",
    "/api/1/measurements?source_class=norm",
]


@pytest.fixture
def hidden(reader: Reader, bring: Callable[..., Upload]) -> Measurement:
    row = bring(reader, STATIC, title=CANARY, note=CANARY)
    return row.measurement


@pytest.fixture
def stranger(person: Callable[..., Person], signed_in: Callable[[Person], Client]) -> Client:
    return signed_in(person("expert", "officer", of="police", clearance=3))


def without_tokens(body: bytes, pk: object) -> bytes:
    import re

    body = re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", body)
    return body.replace(str(pk).encode(), b"PK")


@pytest.mark.parametrize("address", OF_A_MEASUREMENT)
def test_a_measurement_of_others_answers_like_an_absent_one(
    hidden: Measurement, stranger: Client, address: str
) -> None:
    absent = uuid.uuid4()
    there = stranger.get(address.format(hidden.pk))
    nowhere = stranger.get(address.format(absent))
    assert there.status_code == nowhere.status_code == 404
    assert without_tokens(there.content, hidden.pk) == without_tokens(nowhere.content, absent)
    assert CANARY.encode() not in there.content


@pytest.mark.parametrize("address", OF_AN_UPLOAD)
def test_an_upload_of_others_answers_like_an_absent_one(
    hidden: Measurement, stranger: Client, address: str
) -> None:
    absent = uuid.uuid4()
    there = stranger.get(address.format(hidden.upload_id))
    nowhere = stranger.get(address.format(absent))
    assert there.status_code == nowhere.status_code == 404
    assert without_tokens(there.content, hidden.upload_id) == without_tokens(
        nowhere.content, absent
    )


@pytest.mark.parametrize("address", LISTS)
def test_no_list_count_or_search_tells_of_it(
    hidden: Measurement, stranger: Client, address: str
) -> None:
    body = stranger.get(address).content
    for told in (CANARY, str(hidden.pk), hidden.sha256, "Ra-224"):
        assert told.encode() not in body


def test_writing_to_a_measurement_of_others_is_writing_to_nothing(
    hidden: Measurement, stranger: Client
) -> None:
    for pk in (hidden.pk, uuid.uuid4()):
        page = stranger.post(f"/measurements/{pk}/analyse/", {"reason": "x"})
        program = stranger.post(
            f"/api/1/measurements/{pk}/analyses", {"reason": "x"}, "application/json"
        )
        assert (page.status_code, program.status_code) == (404, 404)
    pks = (hidden.upload_id, uuid.uuid4())
    for pk in pks:
        assert stranger.post(f"/measurements/uploads/{pk}/again/").status_code == 404
    assert hidden.reanalyses.count() == 0


def test_a_background_of_others_cannot_be_chosen(
    hidden: Measurement,
    bring: Callable[..., Upload],
    person: Callable[..., Person],
    signed_in: Callable[[Person], Client],
) -> None:
    from tocsin.server.marking.policy import reader_of

    who = person("expert", "officer", of="police")
    own = bring(reader_of(who), STATIC).measurement
    browser = signed_in(who)
    given = {"reason": "x", "background": str(hidden.pk)}
    assert browser.post(f"/measurements/{own.pk}/analyse/", given).status_code == 400
    program = browser.post(f"/api/1/measurements/{own.pk}/analyses", given, "application/json")
    assert program.status_code == 404
    with pytest.raises(services.Refused):
        services.ask_again(reader_of(who), own, reason="x", background=hidden)


def test_an_agreement_opens_it_as_far_as_it_goes(
    hidden: Measurement,
    stranger: Client,
    organisation: Callable[..., Organisation],
) -> None:
    Agreement.objects.create(
        giver=hidden.originator,
        receiver=organisation("police"),
        noun="measurements.measurement",
        realm=hidden.realm,
        most_level=1,
        valid_from=now(),
        reason="reachback",
    )
    page = stranger.get(f"/measurements/{hidden.pk}/")
    assert page.status_code == 200
    assert "Ra-224" in page.content.decode()
    assert stranger.get(f"/measurements/{hidden.pk}/original").status_code == 200
    assert stranger.get(f"/measurements/uploads/{hidden.upload_id}/").status_code == 404


def test_roles_decide_what_one_may_do_with_what_one_sees(
    hidden: Measurement, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    officer = signed_in(person("officer"))
    assert officer.get(f"/measurements/{hidden.pk}/").status_code == 200
    assert officer.get(f"/measurements/{hidden.pk}/analyse/").status_code == 404
    contact = signed_in(person("point_of_contact"))
    assert contact.get("/measurements/").status_code == 403
    assert contact.get(f"/measurements/{hidden.pk}/").status_code == 404
    assert contact.get(f"/api/1/measurements/{hidden.pk}").status_code == 404
    supervisor = signed_in(person("supervisor"))
    assert supervisor.get(f"/measurements/{hidden.pk}/n42").status_code == 200
    assert supervisor.get("/measurements/upload/").status_code == 403


def test_another_realm_of_the_same_person_does_not_see_it(
    hidden: Measurement, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    who = person("officer", realms=("EXERCISE", "SYNTHETIC"))
    # beyond the exercise realm nobody works without a second factor
    Authenticator.objects.create(user=who, type="totp", data={"secret": "x"})
    browser = signed_in(who)
    assert browser.get(f"/measurements/{hidden.pk}/").status_code == 200
    browser.post("/realm", {"realm": "SYNTHETIC"})
    assert browser.get(f"/measurements/{hidden.pk}/").status_code == 404

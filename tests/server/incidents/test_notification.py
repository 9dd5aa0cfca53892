"""A notification holds what is released and nothing else; once sent it stays."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from incident_drafts import opened
from pypdf import PdfReader

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Person
from tocsin.server.incidents.models import Incident, Notification
from tocsin.server.incidents.notification import (
    fill_again,
    make_notification,
    mark_sent,
    missing,
    notification_pdf,
)
from tocsin.server.incidents.reading import incidents_for
from tocsin.server.incidents.releasing import ask_release, decide_release
from tocsin.server.incidents.statements import state
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.marking.services import agree

pytestmark = pytest.mark.django_db
MakePerson = Callable[..., Person]
FIELDS = ["kind", "interval", "country", "status", "recovered", "object.kind", "object.serials"]


@pytest.fixture
def contact(person: MakePerson, clock: Any) -> Reader:
    return reader_of(person("point_of_contact", "supervisor"))


@pytest.fixture
def incident(contact: Reader) -> Incident:
    row = opened(contact.person)
    state(contact.person, row, {"recovered": {"share": "none"}}, reason="searched for")
    return row


def let_out(incident: Incident, contact: Reader, person: MakePerson, fields: list[str]) -> None:
    asked = ask_release(contact, incident, fields, audience="partners", reason="notification")
    decide_release(reader_of(person("supervisor")), asked, approve=True)


def text_of(pdf: bytes) -> str:
    return "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf)).pages)


def test_a_form_holds_only_what_is_released_and_says_what_is_missing(
    incident: Incident, contact: Reader, person: MakePerson
) -> None:
    first = make_notification(contact, incident, kind="initial", contact="Office, +0 00")
    assert first.entries == {"incident": {}, "objects": []}
    assert ("kind", "known, not released") in missing(first)
    with pytest.raises(InvalidInput, match="missing"):
        mark_sent(contact, first, to="IAEA")
    let_out(incident, contact, person, FIELDS)
    with pytest.raises(InvalidInput, match="fill the form again"):
        mark_sent(contact, first, to="IAEA")
    filled = fill_again(contact, first)
    assert set(filled.entries["incident"]) == {"kind", "interval", "country", "status", "recovered"}
    assert [set(thing) for thing in filled.entries["objects"]] == [{"kind", "serials"}]
    assert missing(filled) == []


def test_nobody_of_another_organisation_notifies_or_closes_in_its_name(
    incident: Incident, contact: Reader, person: MakePerson
) -> None:
    partner = reader_of(person("point_of_contact", "supervisor", of="police"))
    agree(
        reader_of(person("supervisor", name="Owner")),
        receiver=partner.person.organisation,
        noun="incidents.incident",
        most_level=1,
        reason="they work together",
    )
    assert incidents_for(partner).filter(pk=incident.pk).exists()
    with pytest.raises(InvalidInput, match="roles"):
        make_notification(partner, incident, kind="initial", contact="Police")
    with pytest.raises(InvalidInput, match="roles"):
        ask_release(partner, incident, ["kind"], audience="private", reason="ours now")
    form = make_notification(contact, incident, kind="initial", contact="Office")
    with pytest.raises(InvalidInput, match="roles"):
        fill_again(partner, form)


def test_sent_it_stays_and_an_update_comes_after_it(
    incident: Incident, contact: Reader, person: MakePerson, clock: Any
) -> None:
    let_out(incident, contact, person, FIELDS)
    with pytest.raises(InvalidInput, match="first notification"):
        make_notification(contact, incident, kind="update", contact="Office")
    first = make_notification(contact, incident, kind="initial", contact="Office")
    with pytest.raises(InvalidInput, match="not sent yet"):
        make_notification(contact, incident, kind="update", contact="Office")
    sent = mark_sent(contact, first, to="IAEA")
    assert (sent.sent_by, sent.sent_to) == (contact.person, "IAEA")
    for change in (lambda: fill_again(contact, sent), lambda: mark_sent(contact, sent, to="x")):
        with pytest.raises(InvalidInput, match="stays as it is"):
            change()
    second = make_notification(contact, incident, kind="withdrawal", contact="Office")
    assert (second.number, second.kind) == (2, "withdrawal")
    with pytest.raises(InvalidInput, match="roles"):
        make_notification(reader_of(person("supervisor")), incident, kind="update", contact="x")


def test_the_pdf_says_whose_form_it_is_in_both_languages(
    incident: Incident, contact: Reader, person: MakePerson
) -> None:
    let_out(incident, contact, person, FIELDS)
    row = make_notification(
        contact, incident, kind="initial", contact="#set page(fill: red)", remarks="$x$ *bold*"
    )
    english = notification_pdf(row, language="en")
    assert english == notification_pdf(row, language="en"), "the same form, the same bytes"
    assert b"pdfaid" in english
    said = text_of(english)
    assert "Tocsin's own" in said.replace("\u2019", "'")
    assert "EXERCISE" in said
    # what people type is data, never read by the typesetter
    assert "#set page(fill: red)" in said
    assert "QZ-4711" in said
    assert "Harbour, car park" not in said, "the place was not released"
    french = text_of(notification_pdf(row, language="fr"))
    assert "vol" in french
    assert Notification.objects.get().sent_at is None

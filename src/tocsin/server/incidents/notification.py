"""Notification forms: our own, since the original is not public; filled with what is released."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from tocsin import __version__
from tocsin.errors import InvalidInput
from tocsin.report.document import Block, Document, bullets, facts, heading, paragraph, small
from tocsin.report.typeset import typeset
from tocsin.server.accounts.models import Level, Realm
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.incidents.facts import Audience
from tocsin.server.incidents.models import Incident, Notification, NotificationKind
from tocsin.server.incidents.reading import incident_figures_for
from tocsin.server.incidents.releasing import (
    OF_OBJECT,
    RELEASABLE,
    facts_of,
    released,
    require_own,
)
from tocsin.server.incidents.values_text import in_words, label_of
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.policy import Reader
from tocsin.server.typed import plain

NEEDS = "incidents.notify"
MANDATORY = ("interval", "country", "kind", "status", "recovered")
"""Fields without which a form says what is missing; and at least one object with its kind."""
MANDATORY_OF_OBJECT = ("kind",)
FIELDS_OF_FORM = tuple(name for name in RELEASABLE if name != "position")
"""A form says where in words: no coordinates leave."""


def notifications_for(reader: Reader) -> QuerySet[Notification]:
    """Forms of the incidents that a reader may see."""
    seen = incident_figures_for(reader).values("pk")
    rows = Notification.objects.filter(incident__in=seen, level__lte=reader.person.clearance)
    return rows.select_related("incident", "originator", "sent_by", "created_by")


@transaction.atomic
def make_notification(
    reader: Reader,
    incident: Incident,
    *,
    kind: str,
    contact: str,
    remarks: str = "",
    restriction: str = "",
) -> Notification:
    """A form filled with what is released to partners; nothing else can come into it.

    Raises
    ------
    InvalidInput
        Not allowed, no contact, or a first one is made twice, or another before the first is sent.
    """
    require_own(reader, incident, NEEDS)
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    if kind not in NotificationKind.values:
        raise InvalidInput(_("“{text}” is not one of those to choose").format(text=kind))
    before = incident.notifications.order_by("number")
    if before.filter(sent_at=None).exists():
        raise InvalidInput(_("There is a form that is not sent yet."))
    if (kind == NotificationKind.INITIAL) == before.exists():
        raise InvalidInput(
            _("The first notification comes once, updates and a withdrawal come after it.")
        )
    contact = plain(contact)[:200]
    if not contact:
        raise InvalidInput(_("Say whom the recipient can ask."))
    mark = mark_of(incident)
    row = Notification.objects.create(
        **mark.fields(),
        originator=incident.originator,
        created_at=now(),
        created_by=reader.person,
        incident=incident,
        number=int(before.aggregate(most=Max("number"))["most"] or 0) + 1,
        kind=kind,
        contact=contact,
        remarks=plain(remarks)[:4000],
        restriction=plain(restriction)[:200],
        entries=_entries(incident),
    )
    mark.stamp(row)
    record(
        actor=reader.person,
        action="incidents.make_notification",
        subject=row,
        after={"incident": str(incident.pk), "number": row.number, "kind": kind},
    )
    return row


@transaction.atomic
def fill_again(reader: Reader, row: Notification) -> Notification:
    """Fill a form anew with what is released by now.

    Raises
    ------
    InvalidInput
        Not allowed, or sent already.
    """
    row = _unsent(reader, row)
    row.entries = _entries(row.incident)
    row.save(update_fields=["entries"])
    record(actor=reader.person, action="incidents.fill_notification", subject=row)
    return row


@transaction.atomic
def mark_sent(reader: Reader, row: Notification, *, to: str) -> Notification:
    """Say that a form was sent, by whom, when and to whom; it stays as it is from then on.

    Tocsin sends nothing itself: a person takes the PDF to the channel that the recipient asks for.

    Raises
    ------
    InvalidInput
        Not allowed, sent already, no recipient, something mandatory is missing, or something of it
        is no longer released.
    """
    row = _unsent(reader, row)
    to = plain(to)[:200]
    if not to:
        raise InvalidInput(_("Say to whom it was sent."))
    if row.entries != _entries(row.incident):
        raise InvalidInput(
            _("What is released has changed since: fill the form again and look at it.")
        )
    if row.kind != NotificationKind.WITHDRAWAL and missing(row):
        raise InvalidInput(_("Something that is needed is missing."))
    row.sent_at, row.sent_by, row.sent_to = now(), reader.person, to
    row.save(update_fields=["sent_at", "sent_by", "sent_to"])
    record(
        actor=reader.person,
        action="incidents.mark_sent",
        subject=row,
        after={"to": to, "number": row.number, "kind": row.kind},
    )
    return row


def missing(row: Notification) -> list[tuple[str, str]]:
    """Mandatory fields that a form does not hold, each with the reason: not known or not released.

    For people of the originator alone: it says what is known.
    """
    own, objects = row.entries["incident"], row.entries["objects"]
    known = {fact.field for fact in facts_of(row.incident)}
    wanted = [name for name in MANDATORY if name not in own]
    wanted += [
        OF_OBJECT + name
        for name in MANDATORY_OF_OBJECT
        if not any(name in thing for thing in objects)
    ]
    unreleased, unknown = _("known, not released"), _("not known")
    return [(label_of(name), unreleased if name in known else unknown) for name in wanted]


def lines_of(row: Notification) -> list[tuple[str, list[tuple[str, str]]]]:
    """Sections of a form with labels and values in words."""
    sections = [(_("Incident"), _lines(row.entries["incident"], ""))]
    for number, thing in enumerate(row.entries["objects"], start=1):
        sections.append((_("Object {number}").format(number=number), _lines(thing, OF_OBJECT)))
    return sections


def notification_pdf(row: Notification, *, language: str) -> bytes:
    """A form as PDF/A, in English or French; the same bytes for the same form."""
    with translation.override(language):
        return typeset(_document(row, language))


def _document(row: Notification, language: str) -> Document:
    title = _("Notification {number}: {kind}").format(
        number=row.number, kind=row.get_kind_display()
    )
    made = row.sent_at or row.created_at
    head = [
        (_("Incident"), row.incident.name),
        (_("State"), row.originator.country),
        (_("Authority"), row.originator.name),
        (_("Contact"), row.contact),
        (_("Form made"), _at(row.created_at)),
        (_("Sent"), _at(row.sent_at) if row.sent_at else _("not sent")),
        (_("Sent to"), row.sent_to or "–"),
        (_("Restriction of dissemination"), row.restriction or _("none stated")),
        (_("Marking"), f"{Level(row.level).label} TLP:{row.tlp}"),
    ]
    blocks: list[Block] = [small(own_form()), facts(head)]
    if row.kind == NotificationKind.WITHDRAWAL:
        blocks.append(paragraph(_("The earlier notifications of this incident are withdrawn.")))
    for name, lines in lines_of(row):
        blocks.append(heading(name))
        if lines:
            blocks.append(facts(lines))
        else:
            blocks.append(bullets([_("nothing released")]))
    if row.remarks:
        blocks += [heading(_("Remarks")), paragraph(row.remarks)]
    live = row.realm == Realm.LIVE
    return Document(
        title=title,
        realm=row.realm,
        banner="" if live else _("{realm}: not a real incident").format(realm=row.realm),
        provenance=f"Tocsin {__version__}   {row}",
        blocks=blocks,
        created=made,
        language=language,
    )


def own_form() -> str:
    """What every form says of itself."""
    return _(
        "This form is Tocsin's own. The form of the Incident and Trafficking Database is not "
        "public; its fields are a guess from public descriptions."
    )


def _lines(values: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    names = [name.removeprefix(prefix) for name in FIELDS_OF_FORM if name.startswith(prefix)]
    return [
        (label_of(prefix + name).capitalize(), in_words(prefix + name, values[name]))
        for name in names
        if name in values
    ]


def _at(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _entries(incident: Incident) -> dict[str, Any]:
    found = released(incident, Audience.PARTNERS.value)
    return {
        "incident": {n: v for n, v in found.values.items() if n in FIELDS_OF_FORM},
        "objects": [dict(thing) for thing in found.objects],
    }


def _unsent(reader: Reader, row: Notification) -> Notification:
    row = Notification.objects.select_for_update(of=("self",)).get(pk=row.pk)
    require_own(reader, row.incident, NEEDS)
    if row.sent_at is not None:
        raise InvalidInput(_("This form is sent and stays as it is."))
    return row

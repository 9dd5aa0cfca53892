"""The time line of an incident: everything that was done or stated, in one order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.notification import notifications_for
from tocsin.server.incidents.reading import reports_of
from tocsin.server.incidents.tasks import tasks_of
from tocsin.server.incidents.values_text import in_words, label_of
from tocsin.server.marking.policy import Reader


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a time line.

    Parameters
    ----------
    at : datetime
    what : str
    text : str
    by : str
        Person, or who a report is of; empty where the system did it.
    address : str
        Page that shows more; may be empty.
    """

    at: dt.datetime
    what: str
    text: str
    by: str = ""
    address: str = ""


def time_line(reader: Reader, incident: Incident) -> list[Moment]:
    """What was done and stated, the latest first."""
    found = [
        Moment(e.at, str(e.get_state_display()), e.note, e.by.name if e.by else "")
        for e in incident.events.select_related("by")
    ]
    stated: dict[tuple[dt.datetime, str, str], list[str]] = {}
    for fact in incident.statements.select_related("by"):
        key = (fact.known_at, fact.reason, fact.by.name if fact.by else "")
        text = f"{label_of(fact.field)}: {in_words(fact.field, fact.value)}"
        stated.setdefault(key, []).append(text)
    found += [
        Moment(at, _("stated"), f"{'; '.join(texts)} ({reason})", by)
        for (at, reason, by), texts in stated.items()
    ]
    found += [
        Moment(
            report.received_at,
            _("report received"),
            report.title,
            report.said_by or str(report.get_channel_display()),
            report.get_absolute_url(),
        )
        for report in reports_of(reader, incident)
    ]
    for task in tasks_of(reader, incident):
        if task.done_at:
            by = task.done_by.name if task.done_by else ""
            found.append(Moment(task.done_at, _("task done"), f"{task.what}: {task.result}", by))
    for form in notifications_for(reader).filter(incident=incident):
        if form.sent_at:
            by = form.sent_by.name if form.sent_by else ""
            text = f"{form.get_kind_display()}, {form.sent_to}"
            found.append(
                Moment(form.sent_at, _("notification sent"), text, by, form.get_absolute_url())
            )
    return sorted(found, key=lambda moment: moment.at, reverse=True)

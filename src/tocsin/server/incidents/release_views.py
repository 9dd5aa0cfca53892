"""Pages of what leaves: release by field, notifications."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.audit.services import record
from tocsin.server.incidents.facts import Audience
from tocsin.server.incidents.forms import NotificationForm
from tocsin.server.incidents.models import FieldRelease, Notification
from tocsin.server.incidents.notification import (
    NEEDS,
    fill_again,
    lines_of,
    make_notification,
    mark_sent,
    missing,
    notification_pdf,
    notifications_for,
    own_form,
)
from tocsin.server.incidents.reading import incident_figures_for, incidents_for
from tocsin.server.incidents.releasing import (
    RELEASABLE,
    VALID,
    Fact,
    ask_release,
    decide_release,
    facts_of,
    may_for,
)
from tocsin.server.incidents.values_text import in_words, label_of

LANGUAGES = ("en", "fr")


@require_GET
def release(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """How far each fact of an incident may go, and what waits for a second person."""
    reader = request.reader
    row = get_object_or_404(incidents_for(reader), pk=pk)
    facts = facts_of(row)
    present = {fact.field for fact in facts}
    releases = row.releases.select_related("asked_by", "decided_by").order_by("-asked_at", "-id")
    return render(
        request,
        "incidents/release.html",
        {
            "incident": row,
            "level_name": Level(row.level).label,
            "facts": [
                (fact, label_of(fact.field), in_words(fact.field, fact.value), _audience(fact))
                for fact in facts
            ],
            "fields": [(name, _label(name)) for name in RELEASABLE if name in present],
            "audiences": Audience.choices,
            "releases": [
                {
                    "row": given,
                    "fields": ", ".join(_label(name) for name in given.fields),
                    "waits": given.decided_at is None and given.asked_at > reader.at - VALID,
                    "mine": given.asked_by_id == reader.person.pk,
                }
                for given in releases
            ],
            "may_write": may_for(reader, row, "incidents.write"),
            "may_decide": may_for(reader, row, "marking.release"),
        },
    )


def _label(name: str) -> str:
    own = name.removeprefix("object.")
    if own == name:
        return label_of(name)
    return _("object: {field}").format(field=label_of(name))


def _audience(fact: Fact) -> str:
    return {
        Audience.PRIVATE.value: _("private"),
        Audience.PARTNERS.value: _("partners"),
        Audience.PUBLIC.value: _("public"),
    }[fact.audience]


@require_POST
def release_ask(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Ask that fields be opened, or close them."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    given = request.POST
    try:
        asked = ask_release(
            request.reader,
            row,
            given.getlist("field"),
            audience=given.get("audience", ""),
            reason=given.get("reason", ""),
        )
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        closed = asked.decided_at is not None
        said = _("The fields are closed.") if closed else _("It waits for a second person.")
        messages.success(request, said)
    return redirect("incidents:release", pk=pk)


@require_POST
def release_decide(request: ReaderRequest, number: int) -> HttpResponse:
    """Approve or refuse a release."""
    seen = incident_figures_for(request.reader).values("pk")
    asked = get_object_or_404(FieldRelease.objects.filter(incident__in=seen), pk=number)
    try:
        decide_release(
            request.reader,
            asked,
            approve=request.POST.get("approve") == "1",
            answer=request.POST.get("answer", ""),
        )
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("incidents:release", pk=asked.incident_id)


@require_POST
def notification_new(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Make a form."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    form = NotificationForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say whom the recipient can ask."))
        return redirect("incidents:notifications", pk=pk)
    try:
        made = make_notification(request.reader, row, **form.cleaned_data)
    except InvalidInput as error:
        messages.error(request, str(error))
        return redirect("incidents:notifications", pk=pk)
    return redirect(made)


@require_GET
def notifications(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Forms of an incident, and how the next one is made."""
    row = get_object_or_404(incidents_for(request.reader), pk=pk)
    return render(
        request,
        "incidents/notifications.html",
        {
            "incident": row,
            "level_name": Level(row.level).label,
            "rows": notifications_for(request.reader).filter(incident=row),
            "form": NotificationForm(),
            "may_notify": may_for(request.reader, row, NEEDS),
            "own_form": own_form(),
        },
    )


@require_GET
def notification(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """One form: what it holds, what is missing, whether it was sent."""
    row = get_object_or_404(notifications_for(request.reader), pk=pk)
    may_notify = may_for(request.reader, row.incident, NEEDS)
    return render(
        request,
        "incidents/notification.html",
        {
            "row": row,
            "incident": row.incident,
            "level_name": Level(row.level).label,
            "sections": lines_of(row),
            "missing": missing(row) if may_notify and row.sent_at is None else [],
            "may_notify": may_notify,
            "own_form": own_form(),
            "languages": LANGUAGES,
        },
    )


@require_GET
def notification_file(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """The form as PDF/A, in the language of the page or the one asked for."""
    row = get_object_or_404(notifications_for(request.reader), pk=pk)
    asked = request.GET.get("language", (get_language() or "en")[:2])
    language = asked if asked in LANGUAGES else "en"
    content = notification_pdf(row, language=language)
    with transaction.atomic():
        record(
            actor=request.reader.person,
            action="incidents.export",
            subject=row,
            after={"incident": str(row.incident_id), "language": language},
        )
    answer = HttpResponse(content, content_type="application/pdf")
    name = f"notification-{row.incident.name}-{row.number}-{language}.pdf"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_POST
def notification_fill(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Fill a form again."""
    row = get_object_or_404(notifications_for(request.reader), pk=pk)
    return _done(request, row, lambda: fill_again(request.reader, row))


@require_POST
def notification_sent(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Say that a form was sent."""
    row = get_object_or_404(notifications_for(request.reader), pk=pk)
    to = request.POST.get("to", "")
    return _done(request, row, lambda: mark_sent(request.reader, row, to=to))


def _done(request: ReaderRequest, row: Notification, work: Callable[[], object]) -> HttpResponse:
    try:
        work()
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect(row)

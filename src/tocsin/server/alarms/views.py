"""Pages of alarms: list, one alarm with its permitted steps, response sheet, statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.alarms.beyond import panels_of_alarm
from tocsin.server.alarms.facts import Kind
from tocsin.server.alarms.forms import WITH_FACTS, Unreadable, command_from, facts_from, number
from tocsin.server.alarms.machine import Refused, Step
from tocsin.server.alarms.models import Alarm, EntryKind
from tocsin.server.alarms.names import CLASSES, STATES, STEPS, TRIGGERS, reason_title, said
from tocsin.server.alarms.reading import (
    WITH_PLACE,
    Filter,
    alarm_figures_for,
    alarms_for,
    gravity_names,
    queue_of,
    reasons_of,
    sheet_of,
    stage_name,
    story,
)
from tocsin.server.alarms.services import (
    act,
    add_response_entry,
    current_configuration,
    permitted_steps,
    raise_from_information,
)
from tocsin.server.exports import Places, csv_answer, csv_of_rows
from tocsin.server.links.reading import linked_rows
from tocsin.server.marking.highwater import mark_of, mark_of_rows
from tocsin.server.typed import moment

PAGE_ROWS = 50
PLACES = Places(("latitude", "longitude", "radius_m_95"), WITH_PLACE)
DANGEROUS = frozenset({Kind.CONFIRMED, Kind.REOPENED})


@require_GET
def alarm_list(request: ReaderRequest) -> HttpResponse:
    """Alarms with filters and the times they wait."""
    chosen = Filter.of(request.GET)
    rows = chosen.apply(alarms_for(request.reader))
    page = Paginator(rows.select_related("originator"), PAGE_ROWS).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "alarms/list.html",
        {
            "page": page,
            "alarms": [(alarm, stage_name(alarm)) for alarm in page],
            # waiting times are those of alarms in every state, also of those that are closed
            "queue": queue_of(
                replace(chosen, state="all").apply(alarm_figures_for(request.reader)),
                request.reader.at,
            ),
            "chosen": chosen,
            "narrowed": chosen != Filter(),
            "since": request.GET.get("since", ""),
            "until": request.GET.get("until", ""),
            "states": list(STATES.items()),
            "classes": [(code, name) for code, name in CLASSES.items() if code],
            "triggers": list(TRIGGERS.items()),
            "query": query.urlencode(),
        },
    )


@require_GET
def alarm_csv(request: ReaderRequest) -> HttpResponse:
    """The filtered list as a table."""
    return csv_of_rows(
        request.reader,
        "alarms",
        (
            "alarm",
            "title",
            "state",
            "class",
            "raised",
            "acknowledged",
            "closed",
            "instrument",
            "dose_rate_uSv_h",
            "neutron",
            "verdict",
            "reason",
        ),
        Filter.of(request.GET).apply(alarms_for(request.reader)),
        lambda a: (
            a.name,
            a.title,
            a.state,
            a.source_class,
            a.raised_at,
            a.acknowledged_at,
            a.closed_at,
            a.instrument,
            a.dose_rate_uSv_h,
            a.neutron,
            a.verdict,
            a.reason,
        ),
        action="alarms.export",
        places=PLACES,
    )


def _step_forms(request: ReaderRequest, alarm: Alarm, given_kind: str) -> list[dict[str, Any]]:
    configuration = current_configuration()
    found = []
    for step in permitted_steps(request.reader, alarm):
        reasons = configuration.reasons_for(step.kind)
        found.append(
            {
                "kind": step.kind.value,
                "label": STEPS[step.kind],
                "needs": step.needs,
                "simple": not step.needs,
                "closes": step.closes,
                "danger": step.kind in DANGEROUS,
                "facts": step.kind in WITH_FACTS,
                "recipients": step.kind is Kind.NOTIFICATION_DECIDED,
                "reasons": [(code, reason_title(configuration, code)) for code in reasons],
                "open": step.kind.value == given_kind,
                "forward": _leads_on(step),
            }
        )
    return found


def _leads_on(step: Step) -> bool:
    return step.kind not in (Kind.OPINION, Kind.MEASURED, Kind.INFORMATION, Kind.REOPENED)


def _page(
    request: ReaderRequest,
    alarm: Alarm,
    *,
    problems: list[str] | None = None,
    given: dict[str, Any] | None = None,
    kind: str = "",
    status: int = 200,
) -> HttpResponse:
    reader = request.reader
    forms = _step_forms(request, alarm, kind)
    return render(
        request,
        "alarms/alarm.html",
        {
            "alarm": alarm,
            "state": alarm.get_state_display(),
            "class_name": CLASSES.get(alarm.source_class, alarm.source_class),
            "gravity": gravity_names(alarm),
            "stage": stage_name(alarm),
            "level_name": Level(alarm.level).label,
            "steps": [form for form in forms if form["forward"]],
            "further": [form for form in forms if not form["forward"]],
            "story": story(alarm, current_configuration()),
            "links": linked_rows(reader, "alarms.alarm", alarm.pk),
            "panels": panels_of_alarm(reader, alarm),
            "problems": problems or [],
            "given": given or {},
            "classes": list(CLASSES.items()),
        },
        status=status,
    )


@require_GET
def alarm(request: ReaderRequest, pk: str) -> HttpResponse:
    """One alarm: what is known, what may be done now, what was done."""
    return _page(request, get_object_or_404(alarms_for(request.reader), pk=pk))


@require_POST
def step(request: ReaderRequest, pk: str, kind: str) -> HttpResponse:
    """Take a step; what is refused is said on the page, with what was filled in kept."""
    row = get_object_or_404(alarms_for(request.reader), pk=pk)
    if kind not in {k.value for k in STEPS}:
        raise Http404
    given = request.POST.dict()
    try:
        act(request.reader, row, command_from(Kind(kind), given))
    except Refused as refused:
        problems = said(refused.problems)
    except Unreadable as error:
        problems = said((error.problem,))
    else:
        return redirect("alarms:alarm", pk=pk)
    row.refresh_from_db()
    return _page(request, row, problems=problems, given=given, kind=kind, status=422)


@require_http_methods(["GET", "POST"])
def inform(request: ReaderRequest) -> HttpResponse:
    """Raise an alarm from information."""
    configuration = current_configuration()
    problems: list[str] = []
    given = request.POST.dict()
    if request.method == "POST":
        try:
            row = raise_from_information(
                request.reader,
                title=given.get("title", ""),
                reason=given.get("reason", ""),
                note=given.get("note", "")[:4_000],
                facts=facts_from(given),
                level=_level(given.get("level", "1")),
            )
        except Refused as refused:
            problems = said(refused.problems)
        except Unreadable as error:
            problems = said((error.problem,))
        except InvalidInput as error:
            problems = [str(error)]
        else:
            return redirect("alarms:alarm", pk=row.pk)
    reasons = configuration.reasons_for(Kind.INFORMATION)
    clearance = request.reader.person.clearance
    return render(
        request,
        "alarms/inform.html",
        {
            "problems": problems,
            "given": given,
            "classes": list(CLASSES.items()),
            "reasons": [(code, reason_title(configuration, code)) for code in reasons],
            "levels": [(value, name) for value, name in Level.choices if value <= clearance],
        },
        status=422 if problems else 200,
    )


@require_http_methods(["GET", "POST"])
def response(request: ReaderRequest, pk: str) -> HttpResponse:
    """The response sheet of an alarm that exceeded an action level."""
    row = get_object_or_404(alarms_for(request.reader).filter(safety=True), pk=pk)
    problems: list[str] = []
    given = request.POST.dict()
    if request.method == "POST":
        try:
            corrected = _row_number(given.get("corrects", ""))
            add_response_entry(
                request.reader,
                row,
                kind=_entry_kind(given.get("kind", "")),
                at=moment(given.get("at", "")),
                who=given.get("who", "")[:120],
                place=given.get("place", "")[:200],
                value=number(given.get("value", ""), "facts_needed"),
                unit=given.get("unit", ""),
                source=given.get("source", "")[:200],
                note=given.get("note", "")[:400],
                corrects=None if corrected is None else row.response.filter(pk=corrected).first(),
            )
        except Refused as refused:
            problems = said(refused.problems)
        except Unreadable:
            problems = [_("The value is no number.")]
        except InvalidInput as error:
            problems = [str(error)]
        else:
            return redirect("alarms:response", pk=pk)
    configuration = current_configuration()
    return render(
        request,
        "alarms/response.html",
        {
            "alarm": row,
            "sheet": sheet_of(row),
            "levels": configuration.levels,
            "guidance": configuration.guidance,
            "kinds": EntryKind.choices,
            "problems": problems,
            "given": given,
            "at": request.reader.at,
            "level_name": Level(row.level).label,
        },
        status=422 if problems else 200,
    )


def _level(text: str) -> int:
    # -1 is no level: the service refuses it
    return int(text) if text in {str(level) for level in Level.values} else -1


def _row_number(text: str) -> int | None:
    # longer ones are no number of a row
    return int(text) if text.isdecimal() and len(text) <= 18 else None


def _entry_kind(text: str) -> str:
    if text not in EntryKind.values:
        raise InvalidInput(_("Choose what the line says."))
    return text


@require_GET
def response_csv(request: ReaderRequest, pk: str) -> HttpResponse:
    """The response sheet as a table."""
    row = get_object_or_404(alarms_for(request.reader).filter(safety=True), pk=pk)
    return csv_answer(
        request.reader,
        f"response-{row.name}",
        (
            "when",
            "what",
            "who",
            "area",
            "value",
            "unit",
            "source",
            "note",
            "entered by",
            "corrects",
        ),
        (
            (
                e.at,
                e.kind,
                e.who,
                e.place,
                e.value,
                e.unit,
                e.source,
                e.note,
                e.recorded_by.name,
                e.corrects_id,
            )
            for e in sheet_of(row).entries
        ),
        mark=mark_of(row),
        action="alarms.export",
        subject=row,
    )


@require_GET
def statistics(request: ReaderRequest) -> HttpResponse:
    """How alarms were judged, and how long they took."""
    chosen = Filter.of({"state": "all", **request.GET.dict()})
    rows = chosen.apply(alarm_figures_for(request.reader))
    configuration = current_configuration()
    return render(
        request,
        "alarms/statistics.html",
        {
            "reasons": reasons_of(rows, configuration),
            "queue": queue_of(rows, request.reader.at),
            "since": request.GET.get("since", ""),
            "until": request.GET.get("until", ""),
            "classes": CLASSES,
            "timers": configuration.timers.values(),
            "levels": configuration.levels,
        },
    )


@require_GET
def statistics_csv(request: ReaderRequest) -> HttpResponse:
    """The statistics of verdicts as a table."""
    chosen = Filter.of({"state": "all", **request.GET.dict()})
    rows = chosen.apply(alarm_figures_for(request.reader))
    found = reasons_of(rows, current_configuration())
    return csv_answer(
        request.reader,
        "verdicts",
        ("verdict", "reason", "alarms", "share_of_judged"),
        found.rows,
        mark=mark_of_rows(request.reader.realm, rows),
        action="alarms.export",
    )

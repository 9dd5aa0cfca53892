"""Pages: the live picture, the list of past surveys, and the replay of one or several."""

from __future__ import annotations

import uuid

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.marking.highwater import highwater, mark_of
from tocsin.server.marking.policy import Reader, may
from tocsin.server.measurements.models import Kind, Measurement
from tocsin.server.measurements.reading import measurement_for, measurements_for
from tocsin.server.picture.missing import beside_alarms

PAGE_ROWS = 25
MOST_TOGETHER = 20
"""Surveys of one replay."""


@require_GET
def live(request: ReaderRequest) -> HttpResponse:
    """The live picture."""
    return render(
        request, "picture/live.html", {"may_see_alarms": may(request.reader, "alarms.read")}
    )


@require_GET
def replays(request: ReaderRequest) -> HttpResponse:
    """Past surveys; with some chosen, their replay."""
    chosen = [pk for text in request.GET.getlist("measurement") if (pk := _uuid(text))]
    if chosen:
        address = reverse("picture:replay", args=[chosen[0]])
        others = urlencode([("with", str(pk)) for pk in chosen[1:MOST_TOGETHER]])
        return redirect(f"{address}?{others}" if others else address)
    page = Paginator(surveys_for(request.reader), PAGE_ROWS).get_page(request.GET.get("page"))
    return render(request, "picture/replays.html", {"page": page, "query": ""})


@require_GET
def replay(request: ReaderRequest, pk: uuid.UUID) -> HttpResponse:
    """Replay of a survey, alone or with others; one that is hidden is left out like an absent one.

    The first names the page; of the others those are taken that the reader sees.
    """
    first = measurement_for(request.reader, pk)
    others = [k for text in request.GET.getlist("with") if (k := _uuid(text)) and k != pk]
    more = surveys_for(request.reader).filter(pk__in=others[: MOST_TOGETHER - 1])
    rows = [first, *more]
    beside = beside_alarms(request.reader, rows)
    # what is missing may be marked higher than the survey that may have met it
    told = [each for those in beside.values() for each in those]
    shown_rows = [
        *rows,
        *(each.alarm for each in told),
        *(c for each in told for c in each.candidates),
    ]
    mark = highwater(map(mark_of, shown_rows))
    shown = {
        "rows": [(row, beside[row.pk]) for row in rows],
        "first": first,
        "mark": mark,
        "level_name": Level(mark.level).label,
    }
    return render(request, "picture/replay.html", shown)


def surveys_for(reader: Reader) -> QuerySet[Measurement]:
    """Measurements over time that a reader may see, the latest first."""
    rows: QuerySet[Measurement] = measurements_for(reader).exclude(kind=Kind.STATIC)
    return rows


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None

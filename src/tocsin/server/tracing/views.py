"""Pages of candidates: what is to be looked at, both sides beside each other, the judgement."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.exports import csv_of_rows
from tocsin.server.marking.policy import may
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Source
from tocsin.server.register.reading import sources_for
from tocsin.server.register.services import steps
from tocsin.server.tracing.describing import SOURCE
from tocsin.server.tracing.models import ZONES, Candidate, CandidateState, Relation, Verdict
from tocsin.server.tracing.reading import candidates_for, queue, side_for
from tocsin.server.tracing.services.judging import judge
from tocsin.server.tracing.sides import rows_of_sides
from tocsin.server.tracing.waterfall import chart_of

PAGE_ROWS = 50


@require_GET
def candidate_list(request: ReaderRequest) -> HttpResponse:
    """What is to be looked at, by zone and probability."""
    zone, state = request.GET.get("zone", ""), request.GET.get("state", "")
    zone = zone if zone in dict(ZONES) else ""
    state = state if state in CandidateState.values else ""
    rows = queue(candidates_for(request.reader), zone, state)
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "tracing/candidates.html",
        {
            "page": page,
            "zone": zone,
            "state": state,
            "zones": ZONES,
            "states": CandidateState.choices,
            "query": f"zone={zone}&state={state}",
        },
    )


@require_GET
def candidate_csv(request: ReaderRequest) -> HttpResponse:
    """The list as a table."""
    zone, state = request.GET.get("zone", ""), request.GET.get("state", "")
    return csv_of_rows(
        request.reader,
        "candidates",
        ("candidate", "relation", "found", "lost", "probability", "zone", "state", "compared"),
        queue(
            candidates_for(request.reader),
            zone if zone in dict(ZONES) else "",
            state if state in CandidateState.values else "",
        ),
        lambda c: (
            *(c.name, c.relation, c.found_title, c.lost_title),
            *(c.probability, c.zone, c.state, c.compared_at),
        ),
        action="tracing.export",
    )


@require_GET
def candidate(request: ReaderRequest, pk: str) -> HttpResponse:
    """Both sides beside each other, what each field weighs, and what a person said of it."""
    row: Candidate = get_object_or_404(candidates_for(request.reader), pk=pk)
    comparisons = list(row.comparisons.order_by("-number"))
    last = comparisons[0]
    judging = may(request.reader, "tracing.judge")
    return render(
        request,
        "tracing/candidate.html",
        {
            "candidate": row,
            "last": last,
            "earlier": comparisons[1:],
            "rows": rows_of_sides(last),
            "chart": chart_of(last),
            "found": side_for(request.reader, row.found_kind, row.found_id),
            "lost": side_for(request.reader, row.lost_kind, row.lost_id),
            "judgements": row.judgements.select_related("by", "comparison"),
            # a narrow screen has no room for whole titles beside each value
            "found_name": row.found_title.partition(" ")[0],
            "lost_name": row.lost_title.partition(" ")[0],
            "level_name": Level(row.level).label,
            "may_accept": judging and row.state != CandidateState.ACCEPTED,
            "may_refuse": judging and row.state != CandidateState.REFUSED,
            "recovery": _of_source_now(request, row, Kind.RECOVERY),
            "unnoticed": row.state == CandidateState.ACCEPTED
            and row.relation == Relation.FOUND_HELD,
            "loss": _of_source_now(request, row, Kind.LOSS),
        },
    )


def _of_source_now(request: ReaderRequest, row: Candidate, wanted: Kind) -> Source | None:
    """The source of which this person may report this now, after an accepted candidate."""
    if row.state != CandidateState.ACCEPTED or row.lost_kind != SOURCE:
        return None
    source = sources_for(request.reader).filter(pk=row.lost_id).first()
    if source is None or wanted not in steps(request.reader, source):
        return None
    return source


@require_POST
def candidate_judge(request: ReaderRequest, pk: str) -> HttpResponse:
    """Accept or refuse."""
    row: Candidate = get_object_or_404(candidates_for(request.reader), pk=pk)
    verdict = request.POST.get("verdict", "")
    try:
        judge(request.reader, row, verdict=verdict, reason=request.POST.get("reason", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        said = (
            _("Accepted: both are linked and the incidents about them have a note.")
            if verdict == Verdict.ACCEPTED
            else _("Refused; it is proposed again only if something changes.")
        )
        messages.success(request, said)
    return redirect(row)

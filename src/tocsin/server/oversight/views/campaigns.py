"""Pages of search campaigns for orphan sources."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.server.access import ReaderRequest
from tocsin.server.exports import csv_answer, csv_of_rows
from tocsin.server.marking.policy import Reader
from tocsin.server.oversight.allowed import oversees
from tocsin.server.oversight.forms import (
    CampaignForm,
    DiscoveryForm,
    EndForm,
    LeadForm,
    NotHereForm,
    SearchForm,
)
from tocsin.server.oversight.models import Campaign, Outcome, Reason
from tocsin.server.oversight.reading import campaigns_for
from tocsin.server.oversight.services import searching
from tocsin.server.oversight.services.labels import named
from tocsin.server.oversight.views.frame import (
    PAGE_ROWS,
    around,
    form_page,
    mark_with_sources,
)
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Source
from tocsin.server.register.reading import sources_for


@require_GET
def campaign_list(request: ReaderRequest) -> HttpResponse:
    """Campaigns, the latest first."""
    page = Paginator(campaigns_for(request.reader), PAGE_ROWS).get_page(request.GET.get("page"))
    rows = [(row, _numbers(row)) for row in page]
    values = around(request.reader, open="oversight:campaigns", page=page, rows=rows, query="")
    return render(request, "oversight/campaigns.html", values)


def _numbers(row: Campaign) -> dict[str, int]:
    return {
        "leads": row.leads.count(),
        "open_leads": row.leads.filter(end=None).count(),
        "places": row.searches.count(),
        "unclear": row.searches.filter(outcome=Outcome.UNCLEAR).count(),
        "found": row.discoveries.count(),
        "registered": row.discoveries.exclude(source=None).count(),
    }


@require_GET
def campaign_csv(request: ReaderRequest) -> HttpResponse:
    """The list with its figures as a table."""
    return csv_of_rows(
        request.reader,
        "search-campaigns",
        (
            *("title", "area", "reason", "begun", "closed", "leads", "open_leads", "places"),
            *("unclear", "found", "registered", "result", "lessons"),
        ),
        campaigns_for(request.reader),
        lambda c: (
            c.title,
            c.area,
            c.reason,
            c.created_at,
            c.closed_at or "",
            *_numbers(c).values(),
            c.result,
            c.lessons,
        ),
        action="oversight.export",
    )


@require_http_methods(["GET", "POST"])
def campaign_new(request: ReaderRequest) -> HttpResponse:
    """Begin a campaign."""
    return form_page(
        request,
        CampaignForm(request.POST or None),
        lambda given: searching.begin(
            request.reader, **given | {"reason": Reason(given["reason"])}
        ),
        title=_("Begin a search campaign"),
        about=_("For sources that nobody controls any more."),
        back=reverse("oversight:campaigns"),
        button=_("Begin"),
        done=_("The campaign has begun."),
    )


@require_GET
def campaign(request: ReaderRequest, pk: str) -> HttpResponse:
    """One campaign with leads, places and finds."""
    row = get_object_or_404(campaigns_for(request.reader), pk=pk)
    seen = _seen(request.reader, row)
    values = around(
        request.reader,
        row,
        numbers=_numbers(row),
        leads=row.leads.select_related("by", "end__by"),
        searches=row.searches.select_related("by"),
        found=[(d, seen.get(d.source_id)) for d in row.discoveries.all()],
        may_add=row.closed_at is None and oversees(request.reader, row),
    )
    return render(request, "oversight/campaign.html", values)


def _seen(reader: Reader, row: Campaign) -> dict[uuid.UUID | None, Source]:
    """Sources that were found in a campaign, as far as a reader may see them."""
    found = row.discoveries.exclude(source=None).values("source")
    return {source.pk: source for source in sources_for(reader).filter(pk__in=found)}


@require_GET
def steps_csv(request: ReaderRequest, pk: str) -> HttpResponse:
    """Leads, places and finds of a campaign as one table."""
    row = get_object_or_404(campaigns_for(request.reader), pk=pk)
    seen = _seen(request.reader, row)

    def rows() -> Iterator[tuple[object, ...]]:
        for lead in row.leads.select_related("end"):
            end = getattr(lead, "end", None)
            yield ("lead", lead.at, lead.said_by, lead.what, "", end.result if end else "")
        for s in row.searches.all():
            yield ("place", str(s.on), s.searched_by, s.place, s.means, f"{s.outcome} {s.note}")
        for d in row.discoveries.all():
            source = seen.get(d.source_id)
            yield ("find", str(d.on), "", d.what, "", source.name if source else "")

    return csv_answer(
        request.reader,
        "search-campaign",
        ("kind", "when", "who", "what", "means", "result"),
        rows(),
        mark=mark_with_sources(request.reader, row, list(seen.values())),
        action="oversight.export",
        subject=row,
    )


def _add(
    request: ReaderRequest, pk: str, form: Any, act: Any, *, title: str, button: str, **more: Any
) -> HttpResponse:
    row = get_object_or_404(campaigns_for(request.reader), pk=pk)
    return form_page(
        request,
        form,
        lambda given: act(row, given) and None,
        title=title,
        about=row.title,
        back=row.get_absolute_url(),
        button=button,
        done=_("Kept."),
        row=row,
        **more,
    )


@require_http_methods(["GET", "POST"])
def lead_new(request: ReaderRequest, pk: str) -> HttpResponse:
    """Keep a lead."""
    return _add(
        request,
        pk,
        LeadForm(request.POST or None),
        lambda row, given: searching.add_lead(request.reader, row, **given),
        title=_("Add a lead"),
        button=_("Keep the lead"),
    )


@require_http_methods(["GET", "POST"])
def lead_end(request: ReaderRequest, pk: str, lead: int) -> HttpResponse:
    """Say what became of a lead."""
    row = get_object_or_404(campaigns_for(request.reader), pk=pk)
    asked = get_object_or_404(row.leads, pk=lead)
    form = NotHereForm(request.POST or None)
    form.fields["note"].label = _("What became of it")
    return _add(
        request,
        pk,
        form,
        lambda _row, given: searching.end_lead(request.reader, asked, result=given["note"]),
        title=_("Close the lead"),
        button=_("Close the lead"),
        hint=asked.what,
    )


@require_http_methods(["GET", "POST"])
def search_new(request: ReaderRequest, pk: str) -> HttpResponse:
    """Keep that a place was searched."""
    return _add(
        request,
        pk,
        SearchForm(request.POST or None, initial={"on": request.reader.at.date()}),
        lambda row, given: searching.add_search(
            request.reader, row, **given | {"outcome": Outcome(given["outcome"])}
        ),
        title=_("Add a place that was searched"),
        button=_("Keep the place"),
    )


@require_http_methods(["GET", "POST"])
def found_new(request: ReaderRequest, pk: str) -> HttpResponse:
    """Keep what was found."""

    def act(row: Campaign, given: dict[str, Any]) -> object:
        name = given.pop("source")
        source = None
        if name:
            source = sources_for(request.reader).filter(pk__in=named(name)).first()
            if source is None:
                raise Refused(_("There is no such source."))
        return searching.add_discovery(request.reader, row, source=source, **given)

    return _add(
        request,
        pk,
        DiscoveryForm(request.POST or None, initial={"on": request.reader.at.date()}),
        act,
        title=_("Add a find"),
        button=_("Keep the find"),
        hint=_("Enter what was found in the register first; then name its entry here."),
    )


@require_http_methods(["GET", "POST"])
def campaign_end(request: ReaderRequest, pk: str) -> HttpResponse:
    """Close a campaign."""
    return _add(
        request,
        pk,
        EndForm(request.POST or None),
        lambda row, given: searching.end(request.reader, row, **given),
        title=_("Close the campaign"),
        button=_("Close the campaign"),
        danger=True,
    )

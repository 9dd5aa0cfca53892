"""Tables and paper that leave the register: a part that a person reads, or the whole for a reason.

What a person reads is limited; a table of it is cut below that limit. The whole list goes to who
has just signed in and says why: it is sent part by part, and the log keeps the reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

import tocsin
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.exports import LIMIT, Places, cell, csv_answer, csv_of_rows, with_places
from tocsin.server.marking.highwater import Mark, mark_of_rows
from tocsin.server.marking.models import Compartment
from tocsin.server.marking.policy import Reader, for_figures
from tocsin.server.register.inventory import Inventory, inventory_pdf
from tocsin.server.register.life import HELD, Status
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.reading import (
    Filter,
    holders_for,
    source_figures_for,
    sources_for,
)
from tocsin.server.register.saved_views import query_of
from tocsin.server.register.tables import (
    ADDRESSES,
    HOLDER_COLUMNS,
    PLACES,
    SOURCE_COLUMNS,
    STEP_COLUMNS,
    holder_cells,
    source_cells,
    steps_of,
)
from tocsin.server.typed import plain

AT_ONCE = 1000
"""Sources of one part of a table that is sent."""
MOST_ON_PAPER = 5000
"""Sources of one printed inventory: some 250 pages; more is for programs, as a table."""
WHAT = {
    "sources": gettext_lazy("sources, as a table"),
    "transactions": gettext_lazy("what was reported of them, as a table"),
    "holders": gettext_lazy("holders, as a table"),
    "inventory": gettext_lazy("inventory to print (PDF)"),
}


@require_GET
def transactions_csv(request: ReaderRequest) -> HttpResponse:
    """What was reported of the sources of the filtered list."""
    rows, notes, mark = _read(request.reader, _asked(request.reader, request.GET, sources_for))
    return csv_answer(
        request.reader,
        "transactions",
        STEP_COLUMNS,
        steps_of(request.reader, rows),
        mark=mark,
        action="register.export",
        notes=notes,
    )


@require_GET
def holders_csv(request: ReaderRequest) -> HttpResponse:
    """The holders of the filtered list."""
    words = plain(request.GET.get("text", ""))[:100]
    rows = holders_for(request.reader).filter(name__icontains=words)
    held = _held_by(request.reader, rows)
    return csv_of_rows(
        request.reader,
        "holders",
        HOLDER_COLUMNS,
        rows.select_related("organisation"),
        lambda row: holder_cells(row, held.get(row.pk, 0)),
        action="register.export",
        places=ADDRESSES,
    )


@require_GET
def inventory(request: ReaderRequest) -> HttpResponse:
    """The filtered list, or what a holder has, to print."""
    reader = request.reader
    asked = _asked(reader, request.GET, sources_for)
    rows, notes, mark = _read(reader, asked)
    mark, withheld = with_places(reader, asked, mark, PLACES)
    notes += filter(None, [withheld])
    title = _title(reader, request.GET)
    return _printed(reader, rows, notes, mark, title, placed=not withheld)


@require_http_methods(["GET", "POST"])
def whole(request: ReaderRequest) -> HttpResponseBase:
    """The whole list, for a reason that the log keeps."""
    given = request.POST if request.method == "POST" else request.GET
    reader, what = request.reader, given.get("what", "")
    rows = _asked(reader, given, lambda who: source_figures_for(who).select_related("holder"))
    if request.method == "POST":
        reason = plain(given.get("reason", ""))[:400]
        count = rows.count()
        if not reason or what not in WHAT:
            messages.error(request, _("Say what you need, and why."))
        elif what == "inventory" and count > MOST_ON_PAPER:
            messages.error(
                request,
                _("{n} sources are too many to print: at most {most}. Narrow the list.").format(
                    n=count, most=MOST_ON_PAPER
                ),
            )
        else:
            return _sent(request, what, rows, reason, _title(reader, given))
        asked = {k: v for k, v in given.items() if k not in {"csrfmiddlewaretoken", "reason"}}
        return redirect(f"{reverse('register:whole')}?{urlencode(asked)}")
    values = {
        "kinds": WHAT.items(),
        "what": what or "sources",
        "title": _title(reader, given),
        "asked": {k: v for k, v in given.items() if k != "what"},
        "count": rows.count(),
    }
    return render(request, "register/whole.html", values)


def _asked(
    reader: Reader, given: Any, rows_for: Callable[[Reader], QuerySet[Source]]
) -> QuerySet[Source]:
    """The filtered list; of one holder, if the address names one, what it has not given away."""
    rows = Filter.of(given).apply(rows_for(reader), reader.at.date())
    if given.get("holder"):
        rows = rows.filter(holder=_holder(reader, given)).exclude(status=Status.WITHDRAWN)
    return rows


def _holder(reader: Reader, given: Any) -> Holder:
    asked = for_figures(reader, Holder.objects.all())
    try:
        return get_object_or_404(asked, pk=given.get("holder", ""))
    except ValidationError:
        raise Http404 from None


def _title(reader: Reader, given: Any) -> str:
    if given.get("holder"):
        return _holder(reader, given).name
    words = [str(v) for v in query_of(Filter.of(given)).values()]
    return ", ".join(words) or _("all sources of the register")


def _read(reader: Reader, rows: QuerySet[Source]) -> tuple[list[Source], list[str], Mark]:
    """The first rows of a list as one reads them, what to say of it, and their mark."""
    total = rows.count()
    read = list(rows[:LIMIT])
    own = Source.objects.filter(pk__in=[row.pk for row in read])
    notes = []
    if total > len(read):
        notes.append(
            _("cut: the first {n} of {total} sources; narrow the filter, or take the whole").format(
                n=len(read), total=total
            )
        )
    return read, notes, mark_of_rows(reader.realm, own)


def _held_by(reader: Reader, holders: QuerySet[Holder]) -> dict[Any, int]:
    figures = source_figures_for(reader).filter(
        status__in=HELD, holder__in=holders.order_by().values("pk")
    )
    return dict(figures.order_by().values_list("holder").annotate(n=Count("id")))


def _printed(
    reader: Reader,
    rows: Sequence[Source],
    notes: Sequence[str],
    mark: Mark,
    title: str,
    *,
    placed: bool,
) -> HttpResponse:
    if not placed:
        for row in rows:
            row.place = ""
    circles = list(
        Compartment.objects.filter(pk__in=mark.compartments).values_list("code", flat=True)
    )
    content = inventory_pdf(Inventory(title, rows, mark, circles, now(), notes, placed))
    with transaction.atomic():
        record(
            actor=reader.person,
            action="register.print",
            subject=reader.person,
            after={"inventory": title, "rows": len(rows), "level": mark.level, "realm": mark.realm},
        )
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = 'attachment; filename="inventory.pdf"'
    return answer


def _sent(
    request: ReaderRequest, what: str, rows: QuerySet[Source], reason: str, title: str
) -> HttpResponseBase:
    """The whole, with its leaf in the log before the first row leaves."""
    reader = request.reader
    if what == "holders":
        return _holders_sent(request, reason)
    mark = mark_of_rows(reader.realm, rows)
    if what == "transactions":
        # it has no column that says where
        _told_of_whole(reader, what, title, rows.count(), mark, reason)
        steps = (list(steps_of(reader, part)) for part in _parts(rows))
        return _stream(request, what, STEP_COLUMNS, steps, mark, [])
    mark, withheld = with_places(reader, rows, mark, PLACES)
    notes = list(filter(None, [withheld]))
    _told_of_whole(reader, what, title, rows.count(), mark, reason)
    if what == "inventory":
        held = list(rows.order_by("pk"))
        return _printed(reader, held, notes, mark, title, placed=not withheld)
    cells = (
        [(*source_cells(row), *_places(row, PLACES, told=not withheld)) for row in part]
        for part in _parts(rows)
    )
    return _stream(request, what, (*SOURCE_COLUMNS, *PLACES.columns), cells, mark, notes)


def _holders_sent(request: ReaderRequest, reason: str) -> HttpResponseBase:
    """All holders; the table bears the mark of the holders and not that of sources."""
    reader = request.reader
    rows = for_figures(reader, Holder.objects.select_related("organisation"))
    own = mark_of_rows(reader.realm, rows)
    mark, withheld = with_places(reader, rows, own, ADDRESSES)
    held = _held_by(reader, rows)
    cells = [
        (*holder_cells(row, held.get(row.pk, 0)), *_places(row, ADDRESSES, told=not withheld))
        for row in rows
    ]
    _told_of_whole(reader, "holders", "", len(cells), mark, reason)
    header = (*HOLDER_COLUMNS, *ADDRESSES.columns)
    notes = list(filter(None, [withheld]))
    return _stream(request, "holders", header, iter([cells]), mark, notes)


def _told_of_whole(
    reader: Reader, what: str, title: str, rows: int, mark: Mark, reason: str
) -> None:
    with transaction.atomic():
        record(
            actor=reader.person,
            action="register.export_whole",
            subject=reader.person,
            after={"what": what, "of": title, "rows": rows, "level": mark.level},
            reason=reason,
        )


def _places(row: Source | Holder, places: Places, *, told: bool) -> tuple[str, ...]:
    return tuple(getattr(row, column) if told else "" for column in places.columns)


def _parts(rows: QuerySet[Source]) -> Iterator[list[Source]]:
    """The rows in the order of their identities, some at a time; no cursor stays open meanwhile."""
    last = None
    while True:
        asked = rows.order_by("pk")
        part = list((asked if last is None else asked.filter(pk__gt=last))[:AT_ONCE])
        if not part:
            return
        yield part
        last = part[-1].pk


def _stream(
    request: ReaderRequest,
    name: str,
    header: Sequence[str],
    parts: Iterator[Sequence[Sequence[object]]],
    mark: Mark,
    notes: Sequence[str],
) -> StreamingHttpResponse:
    """A table sent part by part: it is never whole in memory."""

    def text_of(rows: Sequence[Sequence[object]]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows([cell(value) for value in row] for row in rows)
        return text.getvalue().encode("utf-8")

    circles = Compartment.objects.filter(pk__in=mark.compartments).values_list("code", flat=True)
    head = [
        [" ".join((f"# {mark.realm} {Level(mark.level).name} TLP:{mark.tlp}", *circles))],
        [f"# Tocsin {tocsin.__version__}, {now().isoformat(timespec='seconds')}"],
        *([f"# {note}"] for note in notes),
        list(header),
    ]
    first = io.StringIO()
    csv.writer(first).writerows(head)

    def pieces() -> Iterator[bytes]:
        yield first.getvalue().encode("utf-8")
        for part in parts:
            yield text_of(part)

    async def pieces_apart() -> AsyncIterator[bytes]:
        # the web server waits for each part in a thread of its own, and other requests go on
        source = pieces()
        while (piece := await sync_to_async(lambda: next(source, None))()) is not None:
            yield piece

    content = pieces_apart() if isinstance(request, ASGIRequest) else pieces()
    answer = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer

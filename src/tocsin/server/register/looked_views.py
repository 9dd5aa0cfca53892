"""Pages on one finding of the checks, and the findings as a table."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.exports import LIMIT, csv_answer
from tocsin.server.marking.highwater import mark_of_rows
from tocsin.server.register.checking import Result, found_now, result_for
from tocsin.server.register.forms import LookedAtForm
from tocsin.server.register.holders import Refused
from tocsin.server.register.looked_at import (
    applies,
    in_words,
    last_said,
    say_right,
    statements,
    take_back,
)
from tocsin.server.register.models import Source
from tocsin.server.register.quality import all_kinds
from tocsin.server.register.reading import sources_for
from tocsin.server.register.steps import is_officer

COLUMNS = (
    *("kind", "finding", "severity", "source", "serial", "holder", "why"),
    *("right_as_it_is", "reason", "said_by", "said_at"),
)


@require_http_methods(["GET", "POST"])
def finding(request: ReaderRequest, pk: uuid.UUID, kind: str) -> HttpResponse:
    """One finding: say that it is right as it is, or take that back."""
    reader = request.reader
    source: Source = get_object_or_404(sources_for(reader), pk=pk)
    known = all_kinds().get(kind)
    if known is None or not is_officer(reader, source):
        raise Http404
    why, said = found_now(reader, source, kind), last_said(source, kind)
    if why is None and said is None:
        raise Http404
    holds = said is not None and applies(said, source, why)
    taking_back = holds or why is None
    # what the page offers and why: a second click, or what came since, must not do the opposite
    offered = {"seen": statements(source, kind), "shown": _shown(why, taking_back=taking_back)}
    form = LookedAtForm(request.POST or None, initial=offered)
    if request.method == "POST" and form.is_valid():
        reason, seen = form.cleaned_data["reason"], form.cleaned_data["seen"]
        try:
            if form.cleaned_data["shown"] != offered["shown"]:
                raise Refused(_("The finding has changed in the meantime: look again."))
            if taking_back:
                take_back(reader, source, kind, reason=reason, seen=seen)
                told = _("{name}: the finding is in the list again.")
            else:
                say_right(reader, source, kind, why or {}, reason=reason, seen=seen)
                told = _("{name}: the finding leaves the list until something changes.")
        except InvalidInput as error:
            # what is offered now is shown, with what was written
            form = LookedAtForm(initial=offered | {"reason": reason})
            messages.error(request, str(error))
        else:
            messages.success(request, told.format(name=source.name))
            return redirect("register:checks")
    return render(
        request,
        "register/finding.html",
        {
            "source": source,
            "kind": known,
            "why": in_words(why or (said.why if said is not None else {})),
            "said": said,
            "holds": holds,
            "taking_back": taking_back,
            "form": form,
            "level_name": Level(source.level).label,
        },
    )


def _shown(why: Mapping[str, str] | None, *, taking_back: bool) -> str:
    """Digest of what a page on a finding says and offers."""
    text = json.dumps([taking_back, why], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@require_GET
def checks_csv(request: ReaderRequest) -> HttpResponse:
    """What the checks find, and what was left as it is, as a table."""
    reader = request.reader
    found = result_for(reader, LIMIT)
    sent = list(_cells(found))[:LIMIT]
    # of each kind the first are brought: there may be more than the rows that were made of them
    total = sum(found.counts.values()) + found.left_count
    notes = [f"cut: the first {len(sent)} of {total} findings"] if total > len(sent) else []
    own = Source.objects.filter(pk__in=[source.pk for source, _cells_of in sent])
    list(sources_for(reader).filter(pk__in=own.values("pk")))
    return csv_answer(
        reader,
        "checks",
        COLUMNS,
        (cells for _source, cells in sent),
        mark=mark_of_rows(reader.realm, own),
        action="register.export",
        notes=notes,
    )


def _cells(found: Result) -> Iterator[tuple[Source, tuple[object, ...]]]:
    for code, kind in all_kinds().items():
        open_ones = found.shown.get(code, [])
        for told in (*open_ones, *(one for one in found.left if one.kind == code)):
            source, said = told.source, told.said
            yield (
                source,
                (
                    *(code, str(kind.label), kind.severity.name.lower(), source.name),
                    *(source.serial, source.holder.name, told.why, said is not None),
                    *(said.reason if said else "", said.by.name if said else ""),
                    said.at if said else "",
                ),
            )

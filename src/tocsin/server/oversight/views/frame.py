"""What all pages of oversight share: their tabs, and a form that stands on a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.marking.highwater import Mark, highwater, mark_of, mark_of_rows
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, may
from tocsin.server.register.models import Source

PAGE_ROWS = 50
TABS: tuple[tuple[str, str | Promise, str], ...] = (
    ("oversight:inspections", _("Inspections"), "oversight.answer"),
    ("oversight:plan", _("What next"), "oversight.write"),
    ("oversight:findings", _("Findings"), "oversight.answer"),
    ("oversight:reconciliations", _("Reconciliation"), "oversight.answer"),
    ("oversight:discrepancies", _("Discrepancies"), "oversight.answer"),
    ("oversight:levels", _("Security goals"), "oversight.read"),
    ("oversight:campaigns", _("Search campaigns"), "oversight.read"),
)


def around(reader: Reader, row: Marked | None = None, **values: Any) -> dict[str, Any]:
    """Values of a page with its tabs, and the mark of the row that it shows."""
    tabs = [(route, label) for route, label, needs in TABS if may(reader, needs)]
    found = {"tabs": tabs, "may_write": may(reader, "oversight.write"), "today": reader.at.date()}
    if row is not None:
        found |= {"row": row, "level_name": Level(row.level).label}
    return found | values


def mark_with_sources(reader: Reader, row: Marked, sources: Sequence[Source]) -> Mark:
    """Mark of a table of a row that names sources and not where they are."""
    marks = [mark_of(row)]
    if sources:
        named = Source.objects.filter(pk__in=[source.pk for source in sources])
        marks.append(mark_of_rows(reader.realm, named))
    return highwater(marks)


def form_page(
    request: ReaderRequest,
    form: forms.Form,
    act: Callable[[dict[str, Any]], Any],
    *,
    title: str,
    about: str,
    back: str,
    button: str,
    done: str,
    row: Marked | None = None,
    danger: bool = False,
    hint: str = "",
) -> HttpResponse:
    """A form on a page of its own: shown, refused with what is wrong, or carried out.

    Parameters
    ----------
    act : callable
        Takes what was typed; returns the row to whose page it leads, or None for ``back``.
    back : str
        Address that Cancel leads to.
    """
    if request.method == "POST" and form.is_valid():
        try:
            made = act(form.cleaned_data)
        except InvalidInput as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, done)
            return redirect(back if made is None else made)
    values = around(
        request.reader,
        row,
        form=form,
        title=title,
        about=about,
        back=back,
        button=button,
        danger=danger,
        hint=hint,
    )
    return render(request, "oversight/form.html", values)


def step(request: ReaderRequest, act: Callable[[], Any], *, done: str) -> None:
    """Carry out a step that is only sent, and say what came of it."""
    try:
        act()
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)

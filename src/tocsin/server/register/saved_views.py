"""Filters of the list under a name: kept, shown above the list, taken away again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.server.access import ReaderRequest
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import SavedView
from tocsin.server.register.reading import Filter
from tocsin.server.typed import plain

MOST = 50
"""Views of one person in one realm; more are no longer a help."""


def views_for(reader: Reader) -> QuerySet[SavedView]:
    """One's own, and those that colleagues share within the organisation."""
    mine = Q(person=reader.person)
    shared = Q(shared=True, organisation=reader.person.organisation_id)
    return SavedView.objects.filter(mine | shared, realm=reader.realm).select_related("person")


def query_of(chosen: Filter) -> dict[str, str]:
    """A filter as the address of the list has it; only what narrows."""
    return {
        name: ("1" if value is True else str(value))
        for name, value in asdict(chosen).items()
        if value
    }


def shown_views(reader: Reader, chosen: Filter) -> list[dict[str, Any]]:
    """Views as the page of the list shows them."""
    here = query_of(chosen)
    return [
        {
            "name": view.name,
            "address": f"{reverse('register:list')}?{urlencode(view.filter)}",
            "here": view.filter == here,
            "by": "" if view.person_id == reader.person.pk else view.person.name,
            "pk": view.pk if view.person_id == reader.person.pk else None,
        }
        for view in views_for(reader)[: 4 * MOST]
    ]


@transaction.atomic
def keep_view(reader: Reader, name: str, given: Mapping[str, str], *, shared: bool) -> SavedView:
    """Keep a filter; one of the same name is replaced.

    Raises
    ------
    Refused
        Without a name or a filter, or with too many views.
    """
    name = plain(name)[:80]
    asked = query_of(Filter.of(given))
    if not name:
        raise Refused(_("Give the view a name."))
    if not asked:
        raise Refused(_("Narrow the list first: a view is a filter under a name."))
    own = SavedView.objects.filter(person=reader.person, realm=reader.realm)
    if own.exclude(name=name).count() >= MOST:
        raise Refused(_("You have {n} views: take one away first.").format(n=MOST))
    view, _fresh = own.update_or_create(
        person=reader.person,
        realm=reader.realm,
        name=name,
        defaults={
            "organisation": reader.person.organisation,
            "filter": asked,
            "shared": shared,
            "created_at": now(),
        },
    )
    record(
        actor=reader.person,
        action="register.keep_view",
        subject=view,
        after={"name": name, "filter": asked, "shared": shared},
    )
    return view


@transaction.atomic
def drop_view(reader: Reader, view: SavedView) -> None:
    """Take a view away; what it shows stays where it is."""
    record(
        actor=reader.person,
        action="register.drop_view",
        subject=view,
        before={"name": view.name, "filter": view.filter, "shared": view.shared},
    )
    view.delete()


@require_POST
def save(request: ReaderRequest) -> HttpResponse:
    """Keep the present filter under a name."""
    shared = request.POST.get("shared") == "1"
    try:
        view = keep_view(request.reader, request.POST.get("name", ""), request.POST, shared=shared)
    except Refused as error:
        messages.error(request, str(error))
        asked = query_of(Filter.of(request.POST))
    else:
        messages.success(request, _("The view “{name}” is kept.").format(name=view.name))
        asked = view.filter
    return redirect(f"{reverse('register:list')}?{urlencode(asked)}")


@require_http_methods(["GET", "POST"])
def delete(request: ReaderRequest, pk: str) -> HttpResponse:
    """Ask whether a view of one's own is to go, and take it away."""
    view = get_object_or_404(views_for(request.reader).filter(person=request.reader.person), pk=pk)
    if request.method == "POST":
        drop_view(request.reader, view)
        messages.success(request, _("The view “{name}” is gone.").format(name=view.name))
        return redirect("register:list")
    return render(request, "register/view_delete.html", {"view": view})

"""Home, health and the settings of the frame."""

from __future__ import annotations

from dataclasses import asdict

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import i18n

from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Person
from tocsin.server.accounts.services import set_language
from tocsin.server.alarms.names import CLASSES
from tocsin.server.console.searching import SHORTEST_TEXT, search, tidy
from tocsin.server.console.tiles import flow_for, waiting_for
from tocsin.server.frame import THEMES


def home(request: ReaderRequest) -> HttpResponse:
    """The one flow with live numbers."""
    reader = request.reader
    values = {"stations": flow_for(reader), "waiting": waiting_for(reader)}
    return render(request, "console/home.html", values)


def search_page(request: ReaderRequest) -> HttpResponse:
    """What the reader may see of what holds a text."""
    text = tidy(request.GET.get("q", ""))
    groups = [
        {
            "label": group.label,
            "more": group.more,
            "hits": [
                {"class_name": CLASSES.get(hit.source_class, ""), **asdict(hit)}
                for hit in group.hits
            ],
        }
        for group in search(request.reader, text)
    ]
    values = {"text": text, "groups": groups, "too_short": len(text) < SHORTEST_TEXT}
    return render(request, "console/search.html", values)


def health(request: HttpRequest) -> JsonResponse:
    """Whether the server answers and reaches its database; nothing else for strangers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme that the reader chose."""
    answer = _back(request)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        answer.set_cookie(
            "theme", chosen, max_age=365 * 86400, samesite="Lax", secure=request.is_secure()
        )
    return answer


def language(request: HttpRequest) -> HttpResponse:
    """Show pages in another language, and send notices in it."""
    chosen = request.POST.get("language", "")
    if isinstance(request.user, Person) and chosen in dict(settings.LANGUAGES):
        set_language(request.user, chosen)
    return i18n.set_language(request)


def realm(request: ReaderRequest) -> HttpResponse:
    """Work in another of one's realms; pages of the old one are left."""
    chosen = request.POST.get("realm", "")
    if chosen in request.reader.person.realms:
        request.session["realm"] = chosen
    return redirect("home")


def _back(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(target if safe else "/")

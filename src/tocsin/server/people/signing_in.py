"""The sign-in library's pages, each change on them with its leaf in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from importlib import import_module
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, reverse

from tocsin.server.accounts.models import Person
from tocsin.server.audit.services import record

View = Callable[..., HttpResponse]
DONE = 302
"""The library answers what it has done by a redirect, and what it refuses by the page."""


def logged(module: str) -> Any:
    """The addresses of one part of the library, for ``path``, with all their forms logged."""
    urls: Any = import_module(module)
    for entry in _leaves(urls.urlpatterns):
        entry.callback = _logged(entry.callback, entry.name or "")
    return include(module)


def _leaves(patterns: Iterable[URLPattern | URLResolver]) -> Iterable[URLPattern]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from _leaves(entry.url_patterns)
        else:
            yield entry


def _logged(view: View, route: str) -> View:
    if hasattr(view, "leaves_a_leaf"):
        return view

    @wraps(view)
    def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            before = request.user
            answer = view(request, *args, **kwargs)
            # who signs in is known after, who signs out before
            who = before if isinstance(before, Person) else request.user
            asked_again = answer.get("Location", "").startswith(reverse("account_reauthenticate"))
            if answer.status_code == DONE and not asked_again and isinstance(who, Person):
                record(actor=who, action=f"accounts.{route}", subject=who)
        return answer

    inner.leaves_a_leaf = True  # type: ignore[attr-defined]
    return inner

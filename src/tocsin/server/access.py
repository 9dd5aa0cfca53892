"""Which route is open to whom: one table, enforced on every request, closed by default."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from ninja.utils import check_csrf

from tocsin.server.accounts.models import Person
from tocsin.server.accounts.roles import known_actions
from tocsin.server.accounts.second_factor import needs_second_factor
from tocsin.server.accounts.tokens import valid_token
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, may, reader_of
from tocsin.server.marking.reading import WINDOW, TooMuchReading
from tocsin.server.problems import StoredUnreadable, problem

log = logging.getLogger(__name__)

OPEN = frozenset({"public", "signed-in", "closed"})


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    Parameters
    ----------
    route : str
        Name of the route, with its namespace.
    method : str
        HTTP method.
    needs : str
        An action, ``public``, ``signed-in`` or ``closed`` (a route of a library that is not used).
    step_up : bool
        Whether the person must have signed in again within the last ten minutes.
    before_second_factor : bool
        Whether the route is open to who has yet to set up a second factor.
    """

    route: str
    method: str
    needs: str
    step_up: bool
    before_second_factor: bool


@cache
def rules() -> dict[tuple[str, str], Rule]:
    """The table by route and method."""
    table: dict[tuple[str, str], Rule] = {}
    text = (files("tocsin.server") / "data" / "url_access.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        rule = Rule(
            row["route"],
            row["method"],
            row["needs"],
            step_up=row["step_up"] == "yes",
            before_second_factor=row["before_second_factor"] == "yes",
        )
        if rule.needs not in OPEN | known_actions():
            raise ValueError(f"{rule.route}: no role may do {rule.needs!r}")
        if (rule.route, rule.method) in table:
            raise ValueError(f"{rule.route} {rule.method} stands twice in the table")
        table[rule.route, rule.method] = rule
    return table


@cache
def methods_of(route: str) -> tuple[str, ...]:
    """Methods that a route knows."""
    return tuple(sorted(method for name, method in rules() if name == route))


class ReaderRequest(HttpRequest):
    """A request whose reader is known."""

    reader: Reader


def reader_of_request(request: HttpRequest) -> Reader:
    """The reader whom the access table has let in, for handlers of the interface."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    return reader


class AccessMiddleware:
    """Closes every route that the table does not open to this person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the decision falls when the route is known."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say that reading is stopped for a while, or that a row cannot be read."""
        if isinstance(error, StoredUnreadable):
            return _unreadable(request, error)
        if not isinstance(error, TooMuchReading):
            return None
        minutes = int(WINDOW.total_seconds() // 60)
        text = _(
            "You have read more in a few minutes than people read. Wait {minutes} minutes. "
            "The people who watch over the log are told."
        ).format(minutes=minutes)
        if request.path.startswith("/api/"):
            answer: HttpResponse = _refusal(429, text)
        else:
            values = {"title": _("Too much at once"), "text": text}
            answer = render(request, "error.html", values, status=429)
        answer["Retry-After"] = str(minutes * 60)
        return answer

    def process_view(
        self, request: HttpRequest, _view: Any, _args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Let a request through, or answer it in the view's place."""
        match = request.resolver_match
        route = match.view_name if match is not None else ""
        is_api = request.path.startswith("/api/")
        method = "GET" if request.method == "HEAD" else request.method or ""
        rule = rules().get((route, method))
        if rule is None and methods_of(route):
            return HttpResponseNotAllowed(methods_of(route))
        if rule is None or rule.needs == "closed":
            raise Http404
        reader = _reader(request, is_api=is_api)
        if reader is not None:
            request.reader = reader  # type: ignore[attr-defined]
        if rule.needs == "public":
            return None
        if reader is None:
            if is_api:
                return _refusal(401, _("Sign in, or send a token."))
            return redirect_to_login(request.get_full_path())
        by_token = hasattr(request, "token")
        if is_api and not by_token and method != "GET" and check_csrf(request) is not None:
            # the interface's views are exempt in the library: a page of another origin must not
            # write by the cookie of a session
            return _refusal(403, _("Send the page's CSRF token, or an access token."))
        if not by_token and needs_second_factor(reader.person) and not rule.before_second_factor:
            return (
                _refusal(401, _("Set up a second factor first."))
                if is_api
                else redirect("mfa_index")
            )
        if rule.needs != "signed-in" and not may(reader, rule.needs):
            return _denied(is_api=is_api, names_a_row=bool(kwargs))
        if rule.step_up and not by_token and not _signed_in_lately(request):
            if is_api:
                return _refusal(401, _("Confirm that it is you: sign in again."))
            return redirect(
                f"{reverse('account_reauthenticate')}?{urlencode({'next': _back(request)})}"
            )
        return None


def _unreadable(request: HttpRequest, error: StoredUnreadable) -> HttpResponse:
    log.error("a stored row cannot be read: %s", error)
    text = _(
        "What is stored here cannot be read by this version of Tocsin: it was written by a newer "
        "one, or it is damaged. Nothing was changed. Found: {found}."
    ).format(found=error)
    if request.path.startswith("/api/"):
        return _refusal(409, text)
    values = {"title": _("Cannot be read"), "text": text}
    return render(request, "error.html", values, status=409)


def _reader(request: HttpRequest, *, is_api: bool) -> Reader | None:
    header = request.headers.get("Authorization", "")
    if is_api and header:
        token = valid_token(header)
        if token is None or token.realm not in token.person.realms:
            return None
        request.token = token  # type: ignore[attr-defined]
        return reader_of(token.person, realm=token.realm, scopes=frozenset(token.scopes))
    if isinstance(request.user, Person):
        if not request.user.may_come_in:
            # a session that began while the organisation was being closed
            logout(request)
            return None
        return reader_of(request.user, realm=request.session.get("realm", ""))
    return None


def _back(request: HttpRequest) -> str:
    """The page to return to; of a form that is only sent, the page it stands on."""
    if request.method == "GET":
        return request.get_full_path()
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(
        referer, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        parts = urlsplit(referer)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return reverse("home")


def _denied(*, is_api: bool, names_a_row: bool) -> HttpResponse:
    # A route that names a row must not say whether the row is there.
    if names_a_row:
        raise Http404
    if is_api:
        return _refusal(403, _("None of your roles allows this."))
    raise PermissionDenied


def _refusal(status: int, text: str) -> JsonResponse:
    return JsonResponse(problem(status, text), status=status)


def _signed_in_lately(request: HttpRequest) -> bool:
    times = [float(r.get("at", 0.0)) for r in get_authentication_records(request, request.user)]
    age_s = now().timestamp() - max(times, default=0.0)
    return age_s < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

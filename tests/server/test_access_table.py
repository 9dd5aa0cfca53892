"""The table of access is complete, and enforced."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tocsin.server.access import methods_of, rules
from tocsin.server.accounts.models import Person


def routes(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from routes(entry, inner)
        else:
            assert isinstance(entry, URLPattern)
            yield f"{namespace}{entry.name}", str(entry.pattern)


ALL = sorted({name for name, _pattern in routes(get_resolver())})


@pytest.mark.parametrize("route", ALL)
def test_every_route_stands_in_the_table(route: str) -> None:
    assert methods_of(route), f"add a row for {route} to data/url_access.csv"


def test_the_table_names_no_route_that_is_not_there() -> None:
    assert {name for name, _method in rules()} <= set(ALL)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"])
def test_a_method_that_the_table_does_not_name_is_refused(method: str) -> None:
    answer = Client().generic(method, "/")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET"


@pytest.mark.django_db
def test_strangers_are_sent_to_the_sign_in_page_and_the_interface_says_401() -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/?next=/")
    assert Client().get("/api/1/openapi.json").status_code == 401


@pytest.mark.django_db
def test_a_closed_route_is_as_if_it_were_not_there() -> None:
    assert Client().get("/account/signup/").status_code == 404
    assert Client().get("/account/signup-nowhere/").status_code == 404


def test_without_demonstration_a_second_factor_is_asked_for_first(
    person: Callable[..., Person], signed_in: Callable[[Person], Client], settings: object
) -> None:
    live = person("officer", realms=("LIVE",))
    answer = signed_in(live).get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/second-factor/")
    exercise = person("officer")
    assert signed_in(exercise).get("/").status_code == 200


def test_before_the_second_factor_only_what_the_table_says_is_open(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    live = person("officer", realms=("LIVE",))
    tried = 0
    for (route, method), rule in rules().items():
        if method != "GET" or rule.needs != "signed-in" or "logout" in route or "api:" in route:
            continue
        try:
            address = reverse(route)
        except NoReverseMatch:  # it names a row
            continue
        answer = signed_in(live).get(address)
        sent_away = answer.headers.get("Location") == "/account/second-factor/"
        # a library's page on a factor that is not there yet sends to the list by itself
        assert sent_away or rule.before_second_factor, route
        tried += not sent_away
    assert tried > 3
    assert not any(r.before_second_factor and r.needs != "signed-in" for r in rules().values())

"""Every page of the access table, found by following links from the home page as people do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from live_server import PASSWORD
from person_in_browser import PersonInBrowser

from tocsin.server.access import rules

AGAIN = "account_reauthenticate"
FILES = frozenset(
    {
        "map_tiles",
        "map_plan",
        "live_alarms",
        "picture:stream",
        "health",
        "ingest:devices_csv",
        "outlets:csv",
        "outlets:file",
        "outlets:feed",
        "measurements:list_csv",
        "measurements:original",
        "measurements:upload_original",
        "measurements:n42",
        "measurements:table",
        "measurements:places",
        "alarms:csv",
        "alarms:statistics_csv",
        "alarms:response_csv",
        "incidents:csv",
        "incidents:history_csv",
        "incidents:import_faults",
        "incidents:notification_pdf",
        "documents:file",
        "documents:thumbnail",
        "holdings:devices_csv",
        "holdings:batches_csv",
        "holdings:shipments_csv",
        "holdings:catalogue_csv",
        "holdings:together_csv",
        "register:csv",
        "licensing:csv",
        "licensing:limits_csv",
        "licensing:orders_csv",
        "licensing:sheet_json",
        "licensing:sheet_pdf",
        "register:transactions_csv",
        "register:holders_csv",
        "register:inventory",
        "register:overdue_csv",
        "register:checks_csv",
        "register:import_faults",
        "oversight:inspections_csv",
        "oversight:plan_csv",
        "oversight:seen_csv",
        "oversight:findings_csv",
        "oversight:goals_csv",
        "oversight:discrepancies_csv",
        "oversight:parts_csv",
        "oversight:part_csv",
        "oversight:labels_pdf",
        "oversight:campaigns_csv",
        "oversight:campaign_steps_csv",
        "notices:csv",
        "tracing:candidates_csv",
        "tracing:missing_csv",
        "tracing:sheet_pdf",
        "tracing:sheet_picture",
        "statistics:table_csv",
        "statistics:sheet_pdf",
        "duties:roster_csv",
        "audit:proof",
        "audit:checkpoint_text",
        "audit:export",
        "mfa_download_recovery_codes",
    }
)
"""Routes that hand out a file or a word for programs, and no page."""

BY_ADDRESS = {
    "account_login": "/account/login/",
    "account_reauthenticate": "/account/reauthenticate/",
    "mfa_reauthenticate": "/account/second-factor/reauthenticate/",
    "account_change_password": "/account/password/change/",
    "account_inactive": "/account/inactive/",
    "account_logout": "/account/logout/",
    "mfa_activate_totp": "/account/second-factor/totp/activate/",
    "mfa_add_webauthn": "/account/second-factor/webauthn/add/",
    "mfa_list_webauthn": "/account/second-factor/webauthn/",
    "search": "/search/?q=Tc-99m",
    "accounts:powers": "/account/powers/",
    "accounts:tokens": "/account/tokens/",
}
"""Pages to which the server sends people, or that are opened by their address."""

WITHOUT_ROWS = frozenset(
    {
        # a person with a second factor alone comes to these; people of a demonstration have none
        "mfa_authenticate",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_login_webauthn",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_edit_webauthn",
        "mfa_remove_webauthn",
        # opened by a secret that the administrator hands over
        "accounts:invitation",
    }
)
"""Pages that nobody can open in this State."""

ROWS_OF_A_ROUTE = 4
"""Rows of one kind that one person opens, as long as a page of that room is missing."""


def pages() -> set[str]:
    """Routes of the table that show a page."""
    return {
        route
        for (route, method), rule in rules().items()
        if method == "GET"
        and rule.needs != "closed"
        and not route.startswith("api:")
        and route not in FILES | WITHOUT_ROWS
    }


def route_of(address: str) -> str:
    """Name of the route of an address; empty where there is none."""
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return ""


def walk(
    person: PersonInBrowser, seen: set[str], look: Callable[[str], None], first: str = "/"
) -> None:
    """Open a page of each route that links lead to; look at it where nobody has yet.

    Parameters
    ----------
    person : PersonInBrowser
        Signed in.
    seen : set of str
        Routes that were opened; grows.
    look : callable
        Takes the name of the route of the page that is open.
    first : str
        Where the walk begins.
    """
    wanted = pages()
    queued = [first, *BY_ADDRESS.values()]
    asked: Counter[str] = Counter()
    opened: set[str] = set()
    others: list[str] = []
    while queued or others:
        # what can be done with one row cannot with another: more rows of the rooms that lack a page
        again = not queued
        address = others.pop(0) if again else queued.pop(0)
        route = route_of(address)
        if route not in wanted or address in opened:
            continue
        if again:
            lacking = {name.split(":")[0] for name in wanted - seen if ":" in name}
            if asked[route] >= ROWS_OF_A_ROUTE or route.split(":")[0] not in lacking:
                continue
        elif asked[route]:
            others.append(address)
            continue
        asked[route] += 1
        opened.add(address)
        answer = person.page.goto(f"{person.address}{address}")
        if answer is None or answer.status != 200:
            person.watched.messages.clear()  # the browser reports the refusal itself
            continue
        person.page.wait_for_selector("html.scripted", state="attached")
        if route != AGAIN and route_of(person.page.url) == AGAIN:
            person.page.fill("main [name=password]", PASSWORD)
            person.press_button("main form button.primary")
        if person.page.locator("#survey").count():
            person.page.wait_for_selector("#survey[data-ready]", state="attached")
        route = route_of(person.page.url)
        queued += links(person)
        if route in wanted and route not in seen:
            seen.add(route)
            look(route)


def links(person: PersonInBrowser) -> Iterator[str]:
    """Addresses of this server to which the open page leads."""
    found: list[str] = person.page.eval_on_selector_all(
        "a[href]", "all => all.map(each => each.getAttribute('href'))"
    )
    return (address for address in found if address.startswith("/"))

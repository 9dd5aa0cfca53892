"""What every page shows around its content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

import tocsin
from tocsin.server.accounts.models import Level, Realm
from tocsin.server.base_map import usable_tiles
from tocsin.server.marking.policy import Reader, may

THEMES = ("", "day", "dark", "night")


@dataclass(frozen=True)
class Entry:
    """One entry of the navigation.

    Parameters
    ----------
    route : str
        Name of its page.
    label : str
        As people read it.
    needs : str
        Action without which it is not shown; empty for everyone who is signed in.
    """

    route: str
    label: str | Promise
    needs: str = ""


NAVIGATION: tuple[Entry, ...] = (
    Entry("home", _("Home")),
    Entry("register:list", _("Register"), "register.read"),
    Entry("picture:live", _("Live"), "measurements.read"),
    Entry("measurements:list", _("Measurements"), "measurements.read"),
    Entry("alarms:list", _("Alarms"), "alarms.read"),
    Entry("incidents:list", _("Incidents"), "incidents.read"),
    Entry("duties:roster", _("Duties")),
    Entry("sharing:overview", _("Who sees what")),
    Entry("audit:events", _("Log"), "audit.read"),
    Entry("server_health", _("Health"), "system.health"),
    Entry("accounts:people", _("People"), "accounts.manage"),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Navigation, realm, marking and theme for the base template."""
    reader: Reader | None = getattr(request, "reader", None)
    match = request.resolver_match
    entries = [
        {
            "label": entry.label,
            "address": reverse(entry.route),
            "current": match is not None
            and match.view_name.split(":")[0] == entry.route.split(":")[0]
            and (":" in entry.route or match.view_name == entry.route),
        }
        for entry in NAVIGATION
        if reader is not None and (not entry.needs or may(reader, entry.needs))
    ]
    theme = request.COOKIES.get("theme", "")
    return {
        "reader": reader,
        "navigation": entries,
        "realms": [(r, Realm(r).label) for r in reader.person.realms] if reader else [],
        "realm_label": Realm(reader.realm).label if reader else "",
        "clearance_label": Level(reader.person.clearance).label if reader else "",
        "theme": theme if theme in THEMES else "",
        "map_tiles": reverse("map_tiles") if usable_tiles() else "",
        "map_plan": reverse("map_plan") if settings.TOCSIN.map_plan else "",
        "version": tocsin.__version__,
    }

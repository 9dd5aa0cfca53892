"""Which role may do what: one table, read once."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from django.utils.translation import gettext_lazy as _

ROLE_NAMES = {
    "register_officer": _("Register officer"),
    "holder": _("Licence holder"),
    "officer": _("Front-line officer"),
    "expert": _("Expert on call"),
    "supervisor": _("Supervisor"),
    "point_of_contact": _("National point of contact"),
    "administrator": _("Administrator"),
    "auditor": _("Auditor"),
}

ELEVATED = frozenset({"accounts.manage"})
"""Actions that a role allows only while its holder has taken up the powers of an administrator."""


@cache
def actions_of() -> dict[str, frozenset[str]]:
    """Actions by role."""
    table: dict[str, set[str]] = {}
    text = (files("tocsin.server.accounts") / "data" / "roles.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        table.setdefault(row["role"], set()).add(row["action"])
    return {role: frozenset(actions) for role, actions in table.items()}


@cache
def known_actions() -> frozenset[str]:
    """Every action that some role may do."""
    return frozenset().union(*actions_of().values())

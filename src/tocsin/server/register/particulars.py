"""What laws ask of a source beside its identity and contents, field by field.

The fields are those of the German Anlage 9 (StrlSchV) and of 10 CFR 20.2207; none is needed, since
old sources are entered with what is known of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.errors import InvalidInput
from tocsin.server.register.models import UseKind

TEXTS: dict[str, tuple[str | Promise, int]] = {
    "other_id": (gettext_lazy("other identification"), 200),
    "source_type": (gettext_lazy("type of source"), 120),
    "capsule_type": (gettext_lazy("type of capsule"), 120),
    "material_form": (gettext_lazy("chemical and physical form"), 120),
    "iso_class": (gettext_lazy("ISO class"), 60),
    "ansi_class": (gettext_lazy("ANSI class"), 60),
    "special_form": (gettext_lazy("special form certificate"), 80),
    "neutron_target": (gettext_lazy("neutron target"), 40),
    "supplier": (gettext_lazy("supplier"), 200),
    "importer": (gettext_lazy("importer"), 200),
    "received_from": (gettext_lazy("received from"), 200),
    "remarks": (gettext_lazy("remarks"), 1000),
}
"""Texts, with what they are called and how long they may be."""
DATES: dict[str, str | Promise] = {
    "special_form_on": gettext_lazy("certificate issued"),
    "special_form_until": gettext_lazy("certificate valid until"),
    "received_on": gettext_lazy("received"),
}
AHEAD = frozenset({"special_form_until"})
"""Days that may lie in the future."""
_WORDS = {
    True: {"yes", "y", "true", "1", "x", "ja", "oui"},
    False: {"no", "n", "false", "0", "nein", "non"},
}


def use_kind_of(text: str) -> str:
    """Kind of use by its code or name."""
    for code, name in UseKind.choices:
        if text.casefold() in {code, str(name).casefold()}:
            return str(code)
    raise InvalidInput(
        _("kind of use: “{text}” is not known; write fixed, storage or mobile").format(
            text=text[:40]
        )
    )


def yes_or_no(text: str) -> bool:
    """Answer to whether it is a neutron source."""
    for answer, words in _WORDS.items():
        if text.casefold() in words:
            return answer
    raise InvalidInput(_("neutron source: “{text}” is neither yes nor no").format(text=text[:40]))


def flux_of(text: str) -> float:
    """Neutrons per second."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0.0):
        raise InvalidInput(
            _("neutrons per second: “{text}” is no number above zero").format(text=text[:40])
        )
    return value


OTHERS: dict[str, tuple[str | Promise, Callable[[str], Any], Any]] = {
    "use_kind": (gettext_lazy("kind of use"), use_kind_of, ""),
    "neutron": (gettext_lazy("neutron source"), yes_or_no, None),
    "neutron_flux_per_s": (gettext_lazy("neutrons per second"), flux_of, None),
}
"""Fields that are neither text nor date: what they are called, how they are read, and what they are
where nothing is said."""


def contradictions(found: dict[str, Any]) -> list[str]:
    """What cannot be true together, in words."""
    faults = []
    if found.get("neutron") is False and (
        found.get("neutron_target") or found.get("neutron_flux_per_s")
    ):
        faults.append(_("neutron source: no, and yet a target or neutrons per second are given"))
    begins, ends = found.get("special_form_on"), found.get("special_form_until")
    if begins is not None and ends is not None and ends < begins:
        faults.append(_("the special form certificate ends before it was issued"))
    made, received = found.get("made_on"), found.get("received_on")
    if made is not None and received is not None and received < made:
        faults.append(_("received on {a}, made on {b}").format(a=received, b=made))
    return faults

"""Limits and what is beyond them, in words."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from tocsin.report.wording import becquerel_text
from tocsin.server.licensing.limits import Bound, Excess, Limit
from tocsin.server.register.templatetags.activities import DIGITS


def becquerels(value_Bq: float) -> str:
    """An activity as people read it, with the digits of certificates."""
    return becquerel_text(value_Bq, significant=DIGITS)


def name_of(limit: Limit) -> str:
    """What a row is about."""
    if limit.category is not None:
        what = _("everything together, category {c} or less grave").format(c=limit.category)
    else:
        what = ", ".join(limit.nuclides)
    if limit.form == "any":
        return what
    return f"{what} ({form_name(limit.form)})"


def form_name(form: str) -> str:
    """Sealed or unsealed."""
    return {"sealed": _("sealed"), "unsealed": _("unsealed")}.get(form, _("sealed or unsealed"))


def reason_of(excess: Excess) -> str:
    """A sentence that names the limit, what is held, on order, asked for, and what would be."""
    if excess.bound is Bound.NOT_PERMITTED:
        return _("{nuclide} is not permitted by the licence").format(nuclide=excess.nuclide)
    if excess.limit is None or excess.bound is Bound.UNKNOWN_D:
        return _(
            "{nuclide}: no verified D value is known here, so it cannot be counted against a "
            "category"
        ).format(nuclide=excess.nuclide)
    name = name_of(excess.limit)
    if excess.bound is Bound.SOURCE:
        return _("{limit}: one source may have {most}, this has {added}").format(
            limit=name, most=becquerels(excess.most), added=becquerels(excess.added)
        )
    text = {
        Bound.TOTAL: _("{limit}: {most} in all are permitted"),
        Bound.SOURCES: _("{limit}: {most} sources are permitted"),
        Bound.CATEGORY: _("{limit}: less than {most} is permitted"),
    }[excess.bound]
    held = _("held or on the way {held}, on order {reserved}, asked for {added}: {sum} together")
    return (
        text.format(limit=name, most=_shown(excess.bound, excess.most))
        + "; "
        + held.format(
            held=_shown(excess.bound, excess.held),
            reserved=_shown(excess.bound, excess.reserved),
            added=_shown(excess.bound, excess.added),
            sum=_shown(excess.bound, excess.would_be),
        )
    )


def _shown(bound: Bound, value: float) -> str:
    if bound is Bound.TOTAL:
        return becquerels(value)
    return f"{value:.0f}" if bound is Bound.SOURCES else f"A/D {value:.3g}"


def reasons_of(found: Iterable[Excess]) -> str:
    """All of them, one after the other."""
    return "; ".join(reason_of(excess) for excess in found)

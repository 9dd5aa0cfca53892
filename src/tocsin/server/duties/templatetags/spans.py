"""Lengths of time as people read them."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def span(seconds: float | str | None) -> str:
    """Seconds in the two largest units that fit, for example ``2 h 05 min``."""
    if seconds is None or isinstance(seconds, str):  # a template gives "" for what is not there
        return "–"
    whole = int(seconds)
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    if minutes:
        return f"{minutes} min {left:02d} s"
    return f"{left} s"


@register.filter
def percent(share: float | None) -> str:
    """A share of one in per cent."""
    return "–" if share is None else f"{100 * share:.0f} %"


@register.filter
def micro(unit: str) -> str:
    """A unit with its sign instead of the letter u."""
    return unit.replace("uSv", "µSv")

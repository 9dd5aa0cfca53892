"""Activities as people write them."""

from __future__ import annotations

from django import template

register = template.Library()

_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@register.filter
def becquerels(value: float) -> str:
    """``4.1e12`` as ``4.1 TBq``."""
    for factor, prefix in _PREFIXES:
        if value >= factor:
            return f"{value / factor:.4g} {prefix}Bq"
    return f"{value:.4g} Bq"

"""Activities as people write them."""

from __future__ import annotations

from django import template

from tocsin.report.wording import becquerel_text

register = template.Library()
DIGITS = 4
"""As many as certificates of sources give."""


@register.filter
def becquerels(value_Bq: float) -> str:
    """``4.1e12`` as ``4.1 TBq``."""
    return becquerel_text(value_Bq, significant=DIGITS)

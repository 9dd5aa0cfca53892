"""Words for a likelihood ratio: a verbal scale, marked as unverified, beside the number.

The classes are those of the ENFSI guideline for evaluative reporting (2015) as recalled; they were
not compared with the guideline itself, so every report says "unverified". The number always stays:
a likelihood ratio is no probability that the material comes from a source.
"""

from __future__ import annotations

SCALE_NAME = "ENFSI 2015 [unverified]"
# Upper end of the class in log10, and its words.
_CLASSES = (
    (1.0, "weak"),
    (2.0, "moderate"),
    (3.0, "moderately strong"),
    (4.0, "strong"),
    (6.0, "very strong"),
)
_BEYOND = "extremely strong"


def verbal(log10_lr: float) -> str:
    """Words for one ratio, for example ``strong support for this source``.

    Parameters
    ----------
    log10_lr : float
        Logarithm of the ratio to base 10; negative values support another source.
    """
    size = abs(log10_lr)
    if size < 1e-9:
        return "no support for either"
    words = next((w for top, w in _CLASSES if size <= top), _BEYOND)
    which = "this source" if log10_lr > 0 else "another source"
    return f"{words} support for {which}"

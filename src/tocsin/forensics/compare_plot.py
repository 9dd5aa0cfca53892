"""A static picture of a comparison: the ratios by source, and the trials behind them."""

from __future__ import annotations

import io

import numpy as np

from tocsin.errors import InvalidInput
from tocsin.forensics.calibration import tippett
from tocsin.forensics.compare import CONSISTENT, DECISIVE_LOG10_LR, NOT_CONSISTENT
from tocsin.forensics.compare_case import CaseComparison

FORMATS = ("svg", "png", "pdf")
_MOST_SOURCES = 20
_COLOURS = {CONSISTENT: "#0072b2", NOT_CONSISTENT: "#999999"}


def draw(answer: CaseComparison, picture_format: str) -> bytes:
    """Draw a comparison.

    Parameters
    ----------
    answer : CaseComparison
        What to draw.
    picture_format : str
        One of ``FORMATS``.

    Returns
    -------
    bytes
        The file; the same answer gives the same bytes.
    """
    if picture_format not in FORMATS:
        raise InvalidInput(f"{picture_format!r} is not one of {', '.join(FORMATS)}")
    # Imported here: nothing else of the room needs the half second that this takes.
    import matplotlib
    from matplotlib.figure import Figure

    comparison = answer.comparison
    shown = comparison.sources[:_MOST_SOURCES]
    figure = Figure(figsize=(9.0, 1.5 + max(0.24 * len(shown), 2.5)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    places = np.arange(len(shown))[::-1]
    left.barh(
        places,
        [s.log10_lr for s in shown],
        xerr=[s.log10_lr_uncertainty for s in shown],
        color=[_COLOURS.get(s.outcome, "#e69f00") for s in shown],
        ecolor="black",
        height=0.7,
    )
    left.set_yticks(places, [_plain(s.source) for s in shown], fontsize=7)
    for edge in (-DECISIVE_LOG10_LR, DECISIVE_LOG10_LR):
        left.axvline(edge, color="black", linewidth=0.6, linestyle=":")
    left.axvline(0.0, color="black", linewidth=0.6)
    left.set_xlabel("log10 LR (this source against another)")
    left.set_title(f"{answer.realm}: {comparison.outcome}", fontsize=10)
    trials = comparison.validation.log_ratios_calibrated
    ten = np.log(10.0)
    ends = np.r_[trials.same, trials.different] / ten
    grid = np.linspace(float(ends.min()) - 0.5, float(ends.max()) + 0.5, 200)
    same, different = tippett(trials, grid * ten)
    right.plot(grid, same, color="#0072b2", label="from this source")
    right.plot(grid, different, color="#d55e00", linestyle="--", label="from another source")
    right.set_xlabel("log10 LR")
    right.set_ylabel("share of trials above")
    right.set_title(f"trials in the library, Cllr {comparison.validation.cllr_calibrated:.2f}")
    right.title.set_fontsize(10)
    right.legend(fontsize=7, frameon=False)
    out = io.BytesIO()
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    with matplotlib.rc_context({"svg.hashsalt": "tocsin", "svg.fonttype": "path"}):
        figure.savefig(out, format=picture_format, metadata=undated[picture_format], dpi=150)
    return out.getvalue()


def _plain(name: str) -> str:
    """A name for a picture: printable, without the mark-up of mathematics, cut to fit."""
    text = "".join(c if c.isprintable() else "?" for c in name).replace("$", "?")
    return text if len(text) <= 32 else f"{text[:29]}..."

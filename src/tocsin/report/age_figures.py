"""Figures of dating: ages with their uncertainties side by side, and the ingrowth behind each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from tocsin.forensics import CaseAnswer, Concordance, ModelAge, ingrowth_curve
from tocsin.report.age_wording import age_text, concordance_text
from tocsin.report.drawing import (
    LEFT,
    RIGHT,
    Drawn,
    colour,
    dress,
    legend,
    new_figure,
    themed,
    to_svg,
)
from tocsin.report.inert import plain_label

# Panels of ingrowth curves at most; every chronometer keeps its text and table.
MAX_CURVES = 6
_POINTS = 120


@themed
def draw_ages(answer: CaseAnswer, *, realm: str = "LIVE") -> Drawn | None:
    """Ages of all chronometers with expanded uncertainties, bounds as arrows, the mean as a band.

    None where no chronometer gives an age.
    """
    shown = [a for a in answer.ages if a.age_y is not None]
    if not shown:
        return None
    height = 1.3 + 0.42 * len(shown)
    figure = new_figure(height, realm=realm)
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.2, right=RIGHT, bottom=0.6 / height, top=1 - 0.5 / height)
    dress(axes)
    _mean_band(axes, answer.concordance)
    for row, age in enumerate(shown):
        _one_age(axes, row, age, labelled=row == 0)
    axes.set_yticks(range(len(shown)), [plain_label(a.name) for a in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel("model age (years before the reference date)")
    axes.margins(x=0.12)
    legend(axes, at=(0.0, 1.0))
    alternative = "Model ages: " + "; ".join(f"{a.name} {age_text(a)}" for a in shown) + "."
    caption = f"Model ages with expanded uncertainties (k = {answer.case.k:g}); arrows are bounds."
    if answer.concordance is not None and answer.concordance.concordant is not None:
        caption += " " + concordance_text(answer.concordance)
    return Drawn(to_svg(figure), alternative, caption)


def _mean_band(axes: Axes, concordance: Concordance | None) -> None:
    if concordance is None or concordance.mean_y is None:
        return
    width = concordance.k * (concordance.standard_uncertainty_y or 0.0)
    mean = concordance.mean_y
    axes.axvspan(mean - width, mean + width, color=colour("background_fill"), zorder=1, linewidth=0)
    axes.axvline(mean, color=colour("background"), linewidth=1.2, zorder=2, label="weighted mean")


def _one_age(axes: Axes, row: int, age: ModelAge, *, labelled: bool) -> None:
    value = age.age_y or 0.0
    if age.limit is None:
        axes.errorbar(
            [value],
            [row],
            xerr=[age.expanded_uncertainty_y or 0.0],
            fmt="o",
            color=colour("signal"),
            capsize=4,
            linewidth=1.4,
            zorder=3,
            label="model age" if labelled else None,
        )
        return
    reach = -45 if age.limit == "younger_than" else 45
    axes.plot([value], [row], "|", color=colour("threshold"), markersize=16, zorder=3)
    axes.annotate(
        "",
        xy=(value, row),
        xytext=(reach, 0),
        textcoords="offset points",
        arrowprops={"arrowstyle": "<-", "color": colour("threshold"), "shrinkA": 0, "shrinkB": 0},
    )


@themed
def draw_ingrowth(ages: Sequence[ModelAge], *, realm: str = "LIVE") -> Drawn | None:
    """Ratio against time for each chronometer, with the measured ratio and the age it gives.

    None where there is no age to draw.
    """
    shown = [a for a in ages if a.age_y is not None and a.age_y > 0.0][:MAX_CURVES]
    if not shown:
        return None
    rows = (len(shown) + 1) // 2
    columns = min(2, len(shown))
    height = 0.5 + 2.5 * rows
    figure = new_figure(height, realm=realm)
    panels = figure.subplots(rows, columns, squeeze=False)
    figure.subplots_adjust(
        left=LEFT,
        right=RIGHT,
        bottom=0.55 / height,
        top=1 - 0.42 / height,
        hspace=0.55,
        wspace=0.3,
    )
    for panel in panels.flat[len(shown) :]:
        panel.set_visible(False)
    for panel, age in zip(panels.flat, shown, strict=False):
        _curve(panel, age)
    names = ", ".join(a.name for a in shown)
    alternative = f"Ingrowth curves of {names} with the measured ratios and the ages they give."
    caption = (
        "Ratio of daughter to parent (kind as measured) against the time since purification. The "
        "dashed line is the measured ratio or its limit, the shaded strips are its expanded "
        "uncertainty and that of the age."
    )
    if len(ages) > len(shown):
        caption += f" {len(ages) - len(shown)} chronometers are not drawn."
    return Drawn(to_svg(figure), alternative, caption)


def _curve(axes: Axes, age: ModelAge) -> None:
    dress(axes)
    end = (age.age_y or 1.0) * 1.6
    times = np.linspace(0.0, end, _POINTS)
    axes.plot(times, ingrowth_curve(age.model, times), color=colour("signal"), linewidth=1.4)
    ratio = age.model.measured_ratio()
    axes.axhline(ratio, color=colour("threshold"), linestyle="--", linewidth=1.0)
    if age.limit is None:
        width = age.k * age.model.ratio_uncertainty()
        axes.axhspan(
            ratio - width, ratio + width, color=colour("alarm_shade"), linewidth=0, zorder=0
        )
        span = age.expanded_uncertainty_y or 0.0
        value = age.age_y or 0.0
        axes.axvspan(
            value - span, value + span, color=colour("background_fill"), linewidth=0, zorder=0
        )
    axes.axvline(age.age_y or 0.0, color=colour("background"), linewidth=1.0)
    axes.set_title(plain_label(age.name), fontsize=10, color=colour("ink"))
    axes.set_xlabel("time since purification (years)")
    axes.set_ylabel("ratio")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    axes.set_xlim(0.0, end)
    axes.set_ylim(bottom=0.0)

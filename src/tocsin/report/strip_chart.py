"""Strip chart: gross rate over its expected background, the test statistic under it."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from tocsin.detection.analysis import Analysis, Encounter, StripChart
from tocsin.report.drawing import (
    LEFT,
    RIGHT,
    Drawn,
    colour,
    dress,
    legend,
    new_figure,
    plain_number,
    themed,
    to_svg,
)
from tocsin.report.inert import plain_label
from tocsin.report.timeline import (
    FloatArray,
    TimeUnit,
    gaps_after,
    line_with_gaps,
    unit_for,
    usual_step_s,
)
from tocsin.report.wording import counted

# Numbers of encounters would cover each other above this many; all are in the table.
MAX_NUMBERED = 40
# Half a letter of a label as a part of the width of the time axis.
_LETTER_PART = 0.0055
# A statistic that reaches further above the threshold than this is drawn on an arcsinh scale, so
# that the threshold stays visible.
LINEAR_UP_TO_THRESHOLDS = 8.0


@themed
def draw_strip_chart(analysis: Analysis, strip: StripChart) -> Drawn:
    """Gross gamma rate, background, statistic with threshold, neutrons where there are any.

    Encounters are shaded, hatched and numbered as in the table. Raw rates: nothing is smoothed;
    long series are thinned to the lowest and highest value of each stretch.
    """
    rows = ["rate", "statistic"] + (["neutron"] if strip.neutron_rate_cps is not None else [])
    heights = {"rate": 2.5, "statistic": 1.6, "neutron": 1.2}
    height = sum(heights[r] for r in rows) + 1.35
    figure = new_figure(height, realm=analysis.realm)
    panels = figure.subplots(
        len(rows), 1, sharex=True, squeeze=False, height_ratios=[heights[r] for r in rows]
    )[:, 0]
    figure.subplots_adjust(
        left=LEFT, right=RIGHT, bottom=0.55 / height, top=1 - 0.62 / height, hspace=0.14
    )
    time_s = np.asarray(strip.time_s, dtype=np.float64)
    unit = unit_for(float(time_s[-1] - time_s[0]) if time_s.size else 0.0)
    for panel in panels:
        dress(panel)
        _shade(panel, analysis.encounters, time_s, unit)
    _number(panels[0], analysis.encounters, time_s, unit)
    _draw_rates(panels[0], strip, time_s, unit)
    _draw_statistic(panels[1], strip, time_s, unit)
    if strip.neutron_rate_cps is not None:
        _line(panels[2], time_s, strip.neutron_rate_cps, unit, role="neutron", label="neutrons")
        panels[2].set_ylabel("neutrons\n(counts/s)")
        panels[2].set_ylim(bottom=0)
    panels[-1].set_xlabel(f"time since the first record ({unit.name})")
    if time_s.size:
        step = usual_step_s(time_s)
        panels[0].set_xlim(time_s[0] / unit.seconds, (time_s[-1] + step) / unit.seconds)
    figure.align_ylabels(list(panels))
    return Drawn(to_svg(figure), *_words(analysis, strip, time_s))


def _words(analysis: Analysis, strip: StripChart, time_s: FloatArray) -> tuple[str, str]:
    gross = strip.gross_rate_cps[np.isfinite(strip.gross_rate_cps)]
    low, high = (float(gross.min()), float(gross.max())) if gross.size else (0.0, 0.0)
    shaded = counted(len(analysis.encounters), "encounter")
    alternative = (
        f"Strip chart of {time_s.size} records: gross rate between {low:.3g} and {high:.3g} counts "
        f"per second, expected background, and statistic with threshold {strip.threshold:.3g}; "
        f"{shaded} marked."
    )
    caption = (
        "Above: gross gamma rate as measured, and the background the detector expected. Below: the "
        "test statistic and its threshold. Numbered stretches are the encounters of the table: "
        "hatched lines for an alarm, dots for natural material."
    )
    pauses = gaps_after(time_s).size
    if pauses:
        caption += f" The line is broken at {counted(pauses, 'pause')} in the recording."
    return alternative, caption


def _line(
    axes: Axes,
    time_s: FloatArray,
    values: FloatArray,
    unit: TimeUnit,
    *,
    role: str,
    label: str,
    dashes: str = "-",
    width: float = 1.0,
) -> None:
    x, y = line_with_gaps(time_s, np.asarray(values, dtype=np.float64))
    axes.plot(
        x / unit.seconds, y, dashes, color=colour(role), linewidth=width, label=label, zorder=3
    )


def _draw_rates(axes: Axes, strip: StripChart, time_s: FloatArray, unit: TimeUnit) -> None:
    _line(axes, time_s, strip.gross_rate_cps, unit, role="signal", label="gross rate")
    _line(
        axes,
        time_s,
        strip.background_rate_cps,
        unit,
        role="background",
        label="expected background",
        dashes="--",
        width=1.6,
    )
    axes.yaxis.set_major_formatter(FuncFormatter(plain_number))
    axes.set_ylabel("gamma\n(counts/s)")
    axes.margins(y=0.12)
    axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]))
    legend(axes, at=(0.0, 1.07))


def _draw_statistic(axes: Axes, strip: StripChart, time_s: FloatArray, unit: TimeUnit) -> None:
    _line(axes, time_s, strip.statistic, unit, role="signal", label="statistic")
    axes.axhline(
        strip.threshold, color=colour("threshold"), linestyle=(0, (6, 3)), linewidth=1.3, zorder=4
    )
    finite = strip.statistic[np.isfinite(strip.statistic)]
    label = "statistic"
    if (
        finite.size
        and strip.threshold > 0
        and float(finite.max()) > LINEAR_UP_TO_THRESHOLDS * strip.threshold
    ):
        axes.set_yscale("asinh", linear_width=2 * strip.threshold)
        axes.yaxis.set_major_locator(FixedLocator(_decades(finite, strip.threshold)))
        axes.yaxis.set_minor_locator(NullLocator())
        label = "statistic\n(arcsinh)"
    axes.yaxis.set_major_formatter(FuncFormatter(plain_number))
    axes.set_ylabel(label)
    axes.annotate(
        f"{strip.threshold:.3g}",
        xy=(1.0, strip.threshold),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=9.5,
        color=colour("threshold"),
        annotation_clip=False,
    )
    axes.annotate(
        "threshold",
        xy=(1.0, strip.threshold),
        xycoords=("axes fraction", "data"),
        xytext=(4, 11),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=colour("threshold"),
        annotation_clip=False,
    )


def _decades(values: FloatArray, threshold: float) -> list[float]:
    """Zero and the powers of ten from the threshold up, both ways, as far as there are values."""
    low, high = float(values.min()), float(values.max())
    first = math.ceil(math.log10(threshold))
    # Within a few decades there is room for a tick between two powers.
    between = (1.0, 3.0) if max(high, -low) < 1e5 else (1.0,)
    powers = [m * 10.0**p for p in range(first, first + 16) for m in between]
    up = [p for p in powers if p <= high]
    return [-p for p in powers if -p >= low] + [0.0, *up]


def encounter_span_s(encounter: Encounter, time_s: FloatArray) -> tuple[float, float]:
    """Begin and end of an encounter on the time axis, in seconds since the first record."""
    last = time_s.size - 1
    first_at = min(max(encounter.first_record, 0), last)
    last_at = min(max(encounter.last_record, first_at), last)
    return float(time_s[first_at]), float(time_s[last_at]) + usual_step_s(time_s)


def _shade(
    axes: Axes, encounters: tuple[Encounter, ...], time_s: FloatArray, unit: TimeUnit
) -> None:
    if not time_s.size:
        return
    for encounter in encounters:
        begin, end = encounter_span_s(encounter, time_s)
        role, hatch = ("alarm", "////") if encounter.is_alarm else ("norm", "..")
        axes.add_patch(
            Rectangle(
                (begin / unit.seconds, 0.0),
                (end - begin) / unit.seconds,
                1.0,
                transform=axes.get_xaxis_transform(),
                facecolor=colour(f"{role}_shade"),
                edgecolor=colour(f"{role}_hatch"),
                hatch=hatch,
                linewidth=0.8,
                zorder=1,
            )
        )


def _number(
    axes: Axes, encounters: tuple[Encounter, ...], time_s: FloatArray, unit: TimeUnit
) -> None:
    """Numbers above the axes, with the first nuclide where there is room for it."""
    if not time_s.size:
        return
    length = max(float(time_s[-1] - time_s[0]), 1.0)
    free_from = -np.inf
    for number, encounter in enumerate(encounters[:MAX_NUMBERED], start=1):
        begin, end = encounter_span_s(encounter, time_s)
        middle = (begin + end) / 2
        text = str(number)
        if len(encounters) <= 6:
            unnamed = "natural" if encounter.source_class == "norm" else "?"
            name = plain_label(encounter.nuclides[0].name) if encounter.nuclides else unnamed
            text = f"{number}: {name}"
        half = _LETTER_PART * len(text) * length
        if middle - half < free_from:
            # No room for the name: the number alone leads to the table.
            text = str(number)
            half = _LETTER_PART * len(text) * length
        if middle - half < free_from:
            continue
        free_from = middle + half
        axes.annotate(
            text,
            xy=(middle / unit.seconds, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9.5,
            fontweight="bold",
            color=colour("ink"),
            annotation_clip=False,
            parse_math=False,
        )

"""Paper, ink and frame of every figure: static SVG, the same bytes each time, day and dark.

Figures are drawn once in the colours of the day theme. A small style sheet inside the SVG exchanges
them where the reader's system is dark; viewers that do not know it show the day theme, which has
its own paper colour and stays readable anywhere.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tocsin.report.inert import plain_label

# Day and dark colour of each role. Hues follow the colour-blind-safe set of Okabe and Ito (2008),
# darkened or lightened until lines reach a contrast of 3:1 on their paper; every value is used
# once so that the exchange is unambiguous.
PALETTE = {
    "paper": ("#fdfdfb", "#14181c"),
    "ink": ("#1c2126", "#e8ebee"),
    "soft_ink": ("#55606a", "#a9b3bd"),
    "grid": ("#dfe3e6", "#2b333a"),
    "signal": ("#0b5394", "#7cc0f5"),
    "background": ("#8a5a00", "#e6b450"),
    "background_fill": ("#f3e6c8", "#3d3119"),
    "threshold": ("#b3261e", "#ff8a80"),
    "alarm_shade": ("#f7d6d1", "#5b2825"),
    "alarm_hatch": ("#d99a92", "#8c4a45"),
    "norm_shade": ("#dbe9dd", "#24402b"),
    "norm_hatch": ("#9dbfa3", "#47704f"),
    "model": ("#6a1b9a", "#d9a8f2"),
    "neutron": ("#00695c", "#6bd3c3"),
    "level_0": ("#c3ccd3", "#4b565f"),
    "level_1": ("#f0a43c", "#c0741f"),
    "level_2": ("#a8430d", "#efb05c"),
    "level_3": ("#571b04", "#fff0cc"),
    "gap": ("#eceef0", "#22292f"),
}
WIDTH_in = 9.6
# The same left and right edge in strip chart and waterfall: times stand under each other.
LEFT, RIGHT = 0.1, 0.915

# What matplotlib itself takes as given and what a window would need; the rest of its settings is
# set to its defaults, for a user's own settings must not change a report.
_NOT_OURS = (
    "backend",
    "interactive",
    "toolbar",
    "tk.",
    "webagg.",
    "docstring.",
    "date.",
    "figure.hooks",
)

_RC: dict[str, Any] = {
    "svg.hashsalt": "tocsin",
    "svg.fonttype": "path",
    "svg.image_inline": True,
    "font.family": ["DejaVu Sans"],
    "font.size": 10.0,
    "hatch.linewidth": 0.7,
    "path.simplify": True,
    "axes.unicode_minus": True,
}


P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure ready for a page: SVG text, what it shows in words, and its caption."""

    svg: bytes
    alternative: str
    caption: str

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.svg.decode("utf-8")


def themed(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw under the settings of this room, whatever settings the user's matplotlib has."""

    @functools.wraps(draw)
    def drawing(*args: P.args, **kwargs: P.kwargs) -> R:
        defaults = mpl.rcParamsDefault.items()
        settings: Any = {k: v for k, v in defaults if not k.startswith(_NOT_OURS)} | _RC
        with mpl.rc_context(settings):
            return draw(*args, **kwargs)

    return drawing


def colour(role: str) -> str:
    """Day colour of a role, as written into the SVG."""
    return PALETTE[role][0]


def new_figure(height_in: float, *, realm: str) -> Figure:
    """Empty figure on its own paper; any realm but LIVE is written across its upper edge."""
    figure = Figure(figsize=(WIDTH_in, height_in), facecolor=colour("paper"))
    if realm != "LIVE":
        figure.text(
            0.995,
            1 - 0.06 / height_in,
            plain_label(realm),
            ha="right",
            va="top",
            fontsize=11,
            fontweight="bold",
            color=colour("threshold"),
            parse_math=False,
        )
    return figure


def dress(axes: Axes, *, grid: bool = True) -> None:
    """Give axes the ink of the theme."""
    axes.set_facecolor(colour("paper"))
    for spine in axes.spines.values():
        spine.set_color(colour("soft_ink"))
        spine.set_linewidth(0.8)
    axes.tick_params(which="both", colors=colour("ink"), labelsize=9.5)
    axes.xaxis.label.set_color(colour("ink"))
    axes.yaxis.label.set_color(colour("ink"))
    if grid:
        axes.grid(visible=True, color=colour("grid"), linewidth=0.7)
        axes.set_axisbelow(True)


def plain_number(value: float, _position: object = None) -> str:
    """Number of a tick without powers of ten: ``800``, ``12k``."""
    return f"{value / 1000:g}k" if abs(value) >= 10_000 else f"{value:g}"


def legend(axes: Axes, *, at: tuple[float, float], of_figure: bool = False) -> None:
    """Legend in one row outside the data, its lower left corner ``at`` a place of the axes.

    With ``of_figure`` the upper left corner stands at a place of the figure.
    """
    figure = axes.get_figure(root=True)
    axes.legend(
        loc="upper left" if of_figure else "lower left",
        bbox_to_anchor=at,
        bbox_transform=figure.transFigure if of_figure and figure else axes.transAxes,
        ncols=6,
        frameon=False,
        fontsize=9.5,
        labelcolor=colour("ink"),
        borderaxespad=0.2,
        handlelength=2.4,
        columnspacing=1.6,
    )


def to_svg(figure: Figure) -> bytes:
    """SVG without date or creator, with both themes; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"), None)
    figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue().decode()
    start = text.index("<svg")
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text[start:], count=1, flags=re.DOTALL)
    head_end = text.index(">") + 1
    return (text[:head_end] + _THEME + text[head_end:]).encode()


def _theme() -> str:
    rules = []
    for day, dark in PALETTE.values():
        rules.append(f'[style*="fill: {day}"]{{fill:{dark}!important}}')
        # Colours of a hatched patch stand in attributes of its pattern, not in a style.
        rules.append(f'[fill="{day}"]{{fill:{dark}}}')
        rules.append(f'[style*="stroke: {day}"]{{stroke:{dark}!important}}')
    return f"<style>@media (prefers-color-scheme: dark){{{''.join(rules)}}}</style>"


_THEME = _theme()

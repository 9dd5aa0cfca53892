"""Reports of an analysis: on the terminal, as one self-contained HTML file, and for a map.

Whatever a recording says is shown and never obeyed: no terminal escape sequence, console markup or
HTML of a file reaches the reader's program.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tocsin.report.geojson import render_geojson
from tocsin.report.html import render_html
from tocsin.report.pdf import render_pdf
from tocsin.report.terminal import summary_line, terminal_report
from tocsin.report.wording import verdict

if TYPE_CHECKING:
    from tocsin.report.difference_plot import draw_difference
    from tocsin.report.drawing import Drawn
    from tocsin.report.peaks_plot import draw_peaks

# The figures load matplotlib, which takes as long as a short analysis: only when asked for.
_FIGURES = {"draw_difference": "difference_plot", "Drawn": "drawing", "draw_peaks": "peaks_plot"}

__all__ = [
    "Drawn",
    "draw_difference",
    "draw_peaks",
    "render_geojson",
    "render_html",
    "render_pdf",
    "summary_line",
    "terminal_report",
    "verdict",
]


def __getattr__(name: str) -> Any:
    """A name of the figures, loaded when it is first asked for."""
    if name not in _FIGURES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FIGURES[name]}"), name)

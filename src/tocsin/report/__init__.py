"""Reports of an analysis: on the terminal, as one self-contained HTML file, and for a map.

Whatever a recording says is shown and never obeyed: no terminal escape sequence, console markup or
HTML of a file reaches the reader's program.
"""

from tocsin.report.difference_plot import draw_difference
from tocsin.report.drawing import Drawn
from tocsin.report.geojson import render_geojson
from tocsin.report.html import render_html
from tocsin.report.pdf import render_pdf
from tocsin.report.peaks_plot import draw_peaks
from tocsin.report.terminal import summary_line, terminal_report
from tocsin.report.wording import verdict

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

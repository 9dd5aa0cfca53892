"""Sheets of labels with QR codes, as PDF/A: several sizes of label paper, one code a label."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources

import segno

from tocsin.errors import InvalidInput
from tocsin.report.typeset import printable, set_template

QUIET_MODULES = 4
"""Blank border of a code, as ISO/IEC 18004 asks for."""
LEAST_MODULE_mm = 0.3
"""A choice: what a phone at arm's length and a cheap printer manage; smaller codes are refused."""


@dataclass(frozen=True, slots=True)
class LabelSize:
    """A kind of label paper, A4.

    Parameters
    ----------
    width_mm, height_mm : float
        Of one label.
    columns, rows : int
        On a sheet.
    left_mm, top_mm : float
        From the edges of the sheet to the first label.
    between_mm : float
        Between columns.
    code_mm : float
        Side of the code with its blank border.
    name_pt, line_pt : float
        Size of the letters.
    inset_mm, gap_mm : float
        Around the content, and between code and words.
    """

    width_mm: float
    height_mm: float
    columns: int
    rows: int
    left_mm: float
    top_mm: float
    between_mm: float
    code_mm: float
    name_pt: float
    line_pt: float
    inset_mm: float = 1.5
    gap_mm: float = 1.0


SIZES = {
    "small": LabelSize(63.5, 29.6, 3, 9, 7.2, 15.3, 2.5, 25.0, 8.0, 7.0),
    "medium": LabelSize(70.0, 37.0, 3, 8, 0.0, 0.5, 0.0, 32.0, 9.0, 8.0),
    "large": LabelSize(99.1, 67.7, 2, 4, 4.7, 13.1, 2.5, 55.0, 13.0, 11.0),
}
"""Measures of common A4 label sheets (27, 24 and 8 labels), as their makers print them."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one label says.

    Parameters
    ----------
    code : str
        Content of the QR code.
    name, line, note : str
        Words beside it.
    """

    code: str
    name: str
    line: str
    note: str = ""


def label_sheets(
    labels: Sequence[Label],
    size: LabelSize,
    *,
    title: str,
    created: dt.datetime,
    language: str = "en",
    skip: int = 0,
) -> bytes:
    """PDF/A-2a of labels, row by row, with thin lines around them to cut plain paper.

    Parameters
    ----------
    skip : int
        Labels of the first sheet that are used already.

    Raises
    ------
    InvalidInput
        No label, more places skipped than there are, or a code too long for the size.
    """
    a_sheet = size.columns * size.rows
    if not labels:
        raise InvalidInput("there is nothing to print")
    if not 0 <= skip < a_sheet:
        raise InvalidInput(f"a sheet has {a_sheet} labels")
    cells: list[dict[str, str] | None] = [None] * skip
    cells += [
        {
            "svg": code_svg(label.code, side_mm=size.code_mm),
            "alternative": printable(label.name),
            "name": printable(label.name),
            "line": printable(label.line),
            "note": printable(label.note),
        }
        for label in labels
    ]
    data = {
        "title": printable(title),
        "language": language,
        "size": asdict(size),
        "sheets": [cells[at : at + a_sheet] for at in range(0, len(cells), a_sheet)],
    }
    template = resources.files("tocsin.report") / "templates" / "labels.typ"
    return set_template(template.read_bytes(), data, created=created)


def code_svg(text: str, *, side_mm: float) -> str:
    """A QR code as SVG, black on white with its blank border.

    Raises
    ------
    InvalidInput
        When its modules would be too small to be read at this size.
    """
    code = segno.make_qr(text, error="m", boost_error=False)
    modules = code.symbol_size(border=QUIET_MODULES)[0]
    if side_mm / modules < LEAST_MODULE_mm:
        raise InvalidInput("the address is too long for a code of this size")
    out = io.BytesIO()
    code.save(
        out,
        kind="svg",
        border=QUIET_MODULES,
        dark="#000000",
        light="#ffffff",
        xmldecl=False,
        svgclass=None,
        lineclass=None,
    )
    return out.getvalue().decode("utf-8")

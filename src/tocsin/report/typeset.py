"""Documents to print and sign: blocks of plain text, tables and figures become PDF/A by Typst.

Every text reaches the template as data. Nothing that a recording says is ever read as markup.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tocsin.errors import TocsinError
from tocsin.report.inert import inert

if TYPE_CHECKING:
    from tocsin.report.drawing import Drawn

# PDF/A-2a (ISO 19005-2): archival, text as Unicode, structure tagged for screen readers.
PDF_STANDARD: Literal["a-2a"] = "a-2a"
MAX_ROWS = 500

Tone = Literal["alarm", "note", "calm"]
Block = dict[str, Any]


class TypesettingFailed(TocsinError):
    """The document could not be set; the message of the typesetter is given."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is printed.

    Attributes
    ----------
    title : str
        First line, and the title in the metadata.
    realm : str
        Written on every page.
    banner : str
        Framed above everything else; empty for a live measurement.
    provenance : str
        Foot of every page: file, hash, version.
    blocks : sequence of Block
        In the order of reading; made by the functions of this module.
    created : datetime
        Time of making with its zone: an archival document must say when it was made.
    """

    title: str
    realm: str
    banner: str
    provenance: str
    blocks: Sequence[Block]
    created: dt.datetime


def heading(text: str, *, level: int = 2) -> Block:
    """Heading of a section."""
    return {"kind": "heading", "level": level, "text": printable(text)}


def verdict_box(text: str, tone: Tone) -> Block:
    """The answer in a coloured frame; the tone never speaks alone, the words say it too."""
    return {"kind": "verdict", "tone": tone, "text": printable(text)}


def paragraph(text: str) -> Block:
    """Running text."""
    return {"kind": "paragraph", "text": printable(text)}


def small(text: str) -> Block:
    """Running text in small letters."""
    return {"kind": "small", "text": printable(text)}


def facts(rows: Iterable[tuple[str, object]]) -> Block:
    """Names and values below each other."""
    return {"kind": "facts", "rows": [[printable(n), printable(v)] for n, v in rows]}


def bullets(items: Iterable[object]) -> Block:
    """List without order."""
    return {"kind": "list", "items": [printable(i) for i in items]}


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    widths: Sequence[float] | None = None,
    right: Iterable[int] = (),
) -> list[Block]:
    """Table over as many pages as it needs, its heads repeated.

    Parameters
    ----------
    caption : str
        Above the table.
    heads : sequence of str
        One for each column.
    rows : sequence of sequence
        At most 500 are printed; how many are left out is said.
    widths : sequence of float, optional
        Share of the free width of each column; 0 is as wide as its content (default for all).
    right : iterable of int
        Columns set flush right.
    """
    flush = set(right)
    block: Block = {
        "kind": "table",
        "caption": printable(caption),
        "heads": [printable(h) for h in heads],
        "rows": [[printable(c) for c in row] for row in rows[:MAX_ROWS]],
        "widths": list(widths) if widths is not None else [0.0] * len(heads),
        "aligns": ["right" if i in flush else "left" for i in range(len(heads))],
    }
    hidden = len(rows) - MAX_ROWS
    return [block, small(f"{hidden} more rows are left out.")] if hidden > 0 else [block]


def figure(drawn: Drawn) -> Block:
    """Figure in the colours of the day theme."""
    # The exchange of colours for a dark screen has no place on paper.
    svg = re.sub(r"<style>@media.*?</style>", "", drawn.svg.decode(), flags=re.DOTALL)
    return {
        "kind": "figure",
        "svg": svg,
        "alternative": printable(drawn.alternative),
        "caption": printable(drawn.caption),
    }


def page_break() -> Block:
    """New page, unless the page is still empty."""
    return {"kind": "break"}


def signatures(title: str, text: str, roles: Iterable[str]) -> Block:
    """Section with lines to sign by hand (role, signature, date), kept on one page."""
    return {
        "kind": "signature",
        "title": printable(title),
        "text": printable(text),
        "names": [[printable(r), "Signature", "Date (UTC)"] for r in roles],
    }


def printable(text: object, *, limit: int = 600) -> str:
    """One line of text that the fonts of the document can show.

    A character that no font has becomes its code, ``U+4E2D``: an archival document may hold no
    character that is not shown.
    """
    shown = inert(text, limit=limit)
    known = _characters()
    return "".join(c if ord(c) in known else f"<U+{ord(c):04X}>" for c in shown)


def typeset(document: Document) -> bytes:
    """PDF/A-2a of a document.

    Returns
    -------
    bytes
        The same bytes for the same document and versions.

    Raises
    ------
    TypesettingFailed
        When the typesetter refuses.
    """
    import typst  # 80 MB of shared library: only who prints loads it

    data = {
        "title": printable(document.title),
        "author": "Tocsin",
        "keywords": [printable(document.realm)],
        "language": "en",
        "running": printable(document.title),
        "realm": printable(document.realm),
        "banner": printable(document.banner),
        "provenance": printable(document.provenance),
        "blocks": list(document.blocks),
    }
    template = resources.files("tocsin.report") / "templates" / "document.typ"
    with tempfile.TemporaryDirectory(prefix="tocsin-pdf-") as folder:
        source = Path(folder) / "document.typ"
        source.write_bytes(template.read_bytes())
        try:
            made = typst.compile(
                str(source),
                root=folder,
                font_paths=[str(_fonts())],
                ignore_system_fonts=True,
                format="pdf",
                sys_inputs={"document": json.dumps(data, ensure_ascii=False)},
                pdf_standards=[PDF_STANDARD],
                timestamp=document.created,
            )
        except (RuntimeError, ValueError) as error:
            raise TypesettingFailed(f"the PDF could not be made: {error}") from error
    return bytes(made)


def _fonts() -> Path:
    """The DejaVu fonts that come with matplotlib: Latin, Greek, Cyrillic and many symbols."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf"


@functools.cache
def _characters() -> frozenset[int]:
    """Characters of the body font in both weights."""
    from fontTools.ttLib import TTFont

    maps = []
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
        with TTFont(_fonts() / name, lazy=True) as font:
            maps.append(frozenset(font.getBestCmap()))
    return maps[0] & maps[1]

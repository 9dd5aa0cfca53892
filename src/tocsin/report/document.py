"""A report as plain data: blocks in the order of reading, set as a web page or as a PDF."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tocsin.report.drawing import Drawn

MAX_ROWS = 500

Tone = Literal["alarm", "note", "calm"]
Block = dict[str, Any]


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
    keywords : sequence of str
        Further words of the metadata, for programs; whole, whatever their length.
    language : str
        Of the texts, two letters: for hyphenation and for who has it read aloud.
    """

    title: str
    realm: str
    banner: str
    provenance: str
    blocks: Sequence[Block]
    created: dt.datetime
    keywords: Sequence[str] = ()
    language: str = "en"


def heading(text: str, *, level: int = 2) -> Block:
    """Heading of a section."""
    return {"kind": "heading", "level": level, "text": text}


def verdict_box(text: str, tone: Tone) -> Block:
    """The answer in a coloured frame; the tone never speaks alone, the words say it too."""
    return {"kind": "verdict", "tone": tone, "text": text}


def paragraph(text: str) -> Block:
    """Running text."""
    return {"kind": "paragraph", "text": text}


def small(text: str) -> Block:
    """Running text in small letters."""
    return {"kind": "small", "text": text}


def facts(rows: Iterable[tuple[str, object]]) -> Block:
    """Names and values below each other."""
    return {"kind": "facts", "rows": [[str(n), str(v)] for n, v in rows]}


def bullets(items: Iterable[object]) -> Block:
    """List without order."""
    return {"kind": "list", "items": [str(i) for i in items]}


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
        "caption": caption,
        "heads": [str(h) for h in heads],
        "rows": [[str(c) for c in row] for row in rows[:MAX_ROWS]],
        "widths": list(widths) if widths is not None else [0.0] * len(heads),
        "aligns": ["right" if i in flush else "left" for i in range(len(heads))],
    }
    hidden = len(rows) - MAX_ROWS
    return [block, small(f"{hidden} more rows are left out.")] if hidden > 0 else [block]


def figure(drawn: Drawn) -> Block:
    """Figure with its words."""
    return {
        "kind": "figure",
        "svg": drawn.svg.decode(),
        "alternative": drawn.alternative,
        "caption": drawn.caption,
    }


def signatures(title: str, text: str, roles: Iterable[str]) -> Block:
    """Section with lines to sign by hand (role, signature, date), kept on one page."""
    return {
        "kind": "signature",
        "title": title,
        "text": text,
        "names": [[str(r), "Signature", "Date (UTC)"] for r in roles],
    }

"""Documents to print and sign: PDF/A by Typst.

Every text reaches the template as data. Nothing that a recording says is ever read as markup.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from tocsin.errors import TocsinError
from tocsin.report.document import Block, Document
from tocsin.report.inert import inert

# PDF/A-2a (ISO 19005-2): archival, text as Unicode, structure tagged for screen readers.
PDF_STANDARD: Literal["a-2a"] = "a-2a"


class TypesettingFailed(TocsinError):
    """The document could not be set; the message of the typesetter is given."""


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
    data = {
        "title": printable(document.title),
        "author": "Tocsin",
        "keywords": [
            printable(document.realm),
            *(printable(word, limit=len(word)) for word in document.keywords),
        ],
        "language": document.language,
        "running": printable(document.title),
        "realm": printable(document.realm),
        "banner": printable(document.banner),
        "provenance": printable(document.provenance),
        "blocks": [_printed(b) for b in document.blocks],
    }
    template = resources.files("tocsin.report") / "templates" / "document.typ"
    return set_template(template.read_bytes(), data, created=document.created)


def set_template(
    template: bytes,
    data: Mapping[str, Any],
    *,
    created: dt.datetime,
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """PDF/A-2a of a template of Tocsin's own and data; texts of others come as data alone.

    Parameters
    ----------
    template : bytes
        Typst source; reads the data as JSON from the input ``document``.
    data : mapping
        What is to be set. Texts must have passed ``printable``.
    created : datetime
        Time of making, with its zone.
    files : mapping of str to bytes
        Pictures that the template reads, by their names beside it.

    Raises
    ------
    TypesettingFailed
        When the typesetter refuses.
    """
    import typst  # 80 MB of shared library: only who prints loads it

    with tempfile.TemporaryDirectory(prefix="tocsin-pdf-") as folder:
        source = Path(folder) / "document.typ"
        source.write_bytes(template)
        for name, content in files.items():
            (Path(folder) / Path(name).name).write_bytes(content)
        try:
            made = typst.compile(
                str(source),
                root=folder,
                font_paths=[str(_fonts())],
                ignore_system_fonts=True,
                format="pdf",
                sys_inputs={"document": json.dumps(data, ensure_ascii=False)},
                pdf_standards=[PDF_STANDARD],
                timestamp=created.replace(microsecond=0),
            )
        except (RuntimeError, ValueError) as error:
            raise TypesettingFailed(f"the PDF could not be made: {error}") from error
    return bytes(made)


def _printed(block: Block) -> dict[str, Any]:
    """The block with every text made printable; a figure in the colours of the day theme."""
    fixed = {"kind", "tone", "svg"}
    shown = {k: v if k in fixed else _deep(v) for k, v in block.items()}
    if "svg" in shown:
        # The exchange of colours for a dark screen has no place on paper.
        shown["svg"] = re.sub(r"<style>@media.*?</style>", "", block["svg"], flags=re.DOTALL)
    return shown


def _deep(value: object) -> object:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_deep(v) for v in value]
    return value


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

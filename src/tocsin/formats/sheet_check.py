"""A spreadsheet file (XLSX) looked at with suspicion before a library opens it.

An XLSX file is a ZIP archive of XML parts. Both can be made to grow without end: archives that
unpack to terabytes, entities that expand, elements nested without end, dimensions of a sheet that
claim a billion cells. Everything here is counted while the parts are unpacked piece by piece, and
what is beyond the bounds is refused before anything is kept.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from tocsin.errors import ParseError
from tocsin.formats.limits import MiB
from tocsin.formats.table_text import MOST_COLUMNS, MOST_ROWS

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How older spreadsheets, and those behind a password, begin."""
MOST_PARTS = 2_000
MOST_UNPACKED_BYTES = 1024 * MiB
"""Of all parts together; a table of 200,000 rows and 40 columns unpacks to some 500 MiB."""
MOST_CELLS = 8_000_000
"""Cells of one sheet: MOST_ROWS rows of 40 columns."""
LAST_ROW = 1_048_576
"""Of a sheet, by its format."""
MOST_DEPTH = 64
"""Nesting of elements; spreadsheets need about a dozen."""
MOST_RATIO = 1_000
"""Unpacked bytes to one packed byte: what the format (deflate) can do at most is 1,032."""
RATIO_FROM_BYTES = MiB
"""Smaller parts may be as regular as they like."""
CHUNK = 1 << 16
_UNPACKING = (
    # RuntimeError stands for a way of packing that is not known here too
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(RuntimeError, ValueError, KeyError),
)
"""What unpacking raises where the archive contradicts itself."""
_COLUMN = re.compile(r"^([A-Z]{1,3})([0-9]{1,7})$")
NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)


@dataclass(slots=True)
class SheetCount:
    """What stands in the part of one sheet.

    Attributes
    ----------
    rows : int
        Rows with a cell that holds something.
    cells : int
        Cells that hold something.
    last_row, last_column : int
        Of those cells, counted from 1.
    no_result : str
        First cell with a formula whose result the file does not hold, or empty.
    """

    rows: int = 0
    cells: int = 0
    last_row: int = 0
    last_column: int = 0
    no_result: str = ""


def opened(data: bytes) -> zipfile.ZipFile:
    """The archive of a spreadsheet, if what it says of itself is within the bounds.

    Raises
    ------
    ParseError
        No XLSX file, an older or a locked one, damaged, or too much in it.
    """
    if data.startswith(OLE):
        raise ParseError(
            "is a spreadsheet of the old format or behind a password; save it as XLSX without one"
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _UNPACKING as error:
        raise ParseError("the spreadsheet is damaged: its archive cannot be read") from error
    parts = archive.infolist()
    if len(parts) > MOST_PARTS:
        raise ParseError("the spreadsheet has too many parts", code="too_large")
    names = [part.filename for part in parts]
    if len(set(names)) < len(names):
        raise ParseError("the spreadsheet is damaged: a part stands in it twice")
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise ParseError("is an archive and no spreadsheet; save the table as XLSX or CSV")
    if any(part.flag_bits & 0x1 for part in parts):
        raise ParseError("the spreadsheet is locked with a password; save it without one")
    if sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        raise ParseError("the spreadsheet unpacks to too much: divide the table", code="too_large")
    for part in parts:
        packed = max(part.compress_size, 1)
        if part.file_size > RATIO_FROM_BYTES and part.file_size > MOST_RATIO * packed:
            raise ParseError("the spreadsheet unpacks to more than it can hold", code="too_large")
    return archive


def checked_parts(archive: zipfile.ZipFile) -> dict[str, SheetCount]:
    """Walk through every XML part; what each sheet holds, by the name of its part.

    Raises
    ------
    ParseError
        A part is damaged, declares entities, is nested too deep or holds too much.
    """
    counts: dict[str, SheetCount] = {}
    left = MOST_UNPACKED_BYTES
    for part in archive.infolist():
        if not part.filename.endswith((".xml", ".rels", ".vml")):
            continue
        count = SheetCount() if part.filename.startswith("xl/worksheets/") else None
        left -= _walk(archive, part, count, left)
        if count is not None:
            counts[part.filename] = count
    return counts


def _walk(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, count: SheetCount | None, most: int
) -> int:
    parser = expat.ParserCreate(namespace_separator=" ")
    handler = _Walker(part.filename, count)
    handler.listen(parser)
    seen = 0
    try:
        with archive.open(part) as stream:
            while piece := stream.read(CHUNK):
                seen += len(piece)
                if seen > most:
                    raise ParseError("the spreadsheet unpacks to too much", code="too_large")
                parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ParseError(f"the spreadsheet is damaged: {part.filename} is no XML") from error
    except _UNPACKING as error:
        raise ParseError(
            f"the spreadsheet is damaged: {part.filename} cannot be unpacked"
        ) from error
    handler.end()
    return seen


class _Walker:
    """Counts depth, rows and cells of one part, and refuses declarations of entities."""

    def __init__(self, name: str, count: SheetCount | None) -> None:
        self._name = name
        self._count = count
        self._depth = 0
        self._row = 0
        self._column = 0
        self._row_holds = False
        self._type = ""
        self._formula = self._value = self._in_value = False

    def listen(self, parser: Any) -> None:
        """Hear of declarations and, in a sheet, of every element."""
        refuse: Callable[..., None] = self._refuse
        parser.StartDoctypeDeclHandler = refuse
        parser.EntityDeclHandler = refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        if self._count is not None:
            parser.buffer_text = True
            parser.CharacterDataHandler = self._said

    def end(self) -> None:
        """Nothing is left open behind the last element."""
        self._close_row()

    def _refuse(self, *_said: object) -> None:
        raise ParseError(
            f"the spreadsheet declares entities ({self._name}), which no spreadsheet program does"
        )

    def _start(self, tag: str, given: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise ParseError(f"the spreadsheet is nested too deep ({self._name})")
        if self._count is None:
            return
        space, _, name = tag.rpartition(" ")
        if space not in NAMESPACES:
            return
        if name == "row":
            self._close_row()
            self._row = _number(given.get("r"), self._row + 1)
            self._column = 0
            if self._row > LAST_ROW:
                raise ParseError(f"the spreadsheet is damaged: it claims a row {self._row}")
        elif name == "c":
            found = _COLUMN.match(given.get("r", ""))
            self._column = _column(found[1]) if found else self._column + 1
            self._type = given.get("t", "n")
            self._formula = self._value = self._in_value = False
        elif name == "f":
            self._formula = True
        elif name == "is":
            self._value = self._type == "inlineStr"
        elif name == "v":
            self._in_value = self._type != "inlineStr"

    def _said(self, _text: str) -> None:
        if self._in_value:
            self._value = True

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if tag.endswith(" v"):
            self._in_value = False
        if self._count is None or not tag.endswith(" c") or tag[:-2] not in NAMESPACES:
            return
        # the result of a formula may be an empty text; every other result says something
        silent = self._formula and not self._value and self._type != "str"
        if silent and not self._count.no_result:
            self._count.no_result = f"{column_letters(self._column)}{self._row}"
        if self._value:
            self._count.cells += 1
            self._row_holds = True
            self._count.last_row = max(self._count.last_row, self._row)
            self._count.last_column = max(self._count.last_column, self._column)
            if self._count.cells > MOST_CELLS:
                raise ParseError(
                    f"the sheet has more than {MOST_CELLS} cells: divide the table",
                    code="too_large",
                )

    def _close_row(self) -> None:
        if self._count is not None and self._row_holds:
            self._count.rows += 1
            if self._count.rows > MOST_ROWS + MOST_COLUMNS:
                raise ParseError(f"more than {MOST_ROWS} rows: divide the table", code="too_large")
        self._row_holds = False


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else otherwise


def _column(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - ord("A") + 1
    return value


def column_letters(column: int) -> str:
    """Name of a column as spreadsheets have it: 1 is A, 27 is AA."""
    text = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text

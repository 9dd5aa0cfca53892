"""A look at XML bytes before any XML library sees them: structure, nesting, number of parts.

This scanner shares no code with the readers. It walks over the tags once, keeps the names of the
open elements and counts; it decodes nothing and builds nothing, so that its answer stays right
where a library runs out of memory or forgives a file that ends too early.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from tocsin.errors import ParseError
from tocsin.formats.limits import Limits

# Possessive quantifiers: every byte is looked at once, whatever the file holds.
_TOKEN = re.compile(
    rb"<(?:(/?)([A-Za-z_:\x80-\xff][\w.:\-\x80-\xff]*+)"
    rb"((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>"
    rb"|(!--)|(!\[CDATA\[)|(\?)|(!))"
)
_ENCODING = re.compile(rb"^<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_NAMESPACE = re.compile(rb"xmlns(?::[\w.-]+)?\s*=\s*[\"']([^\"']{1,200})[\"']")
# Encodings in which every tag byte is the same as in ASCII.
_ASCII_LIKE = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d", re.I
)
_MAX_TOKENS = 20_000_000


@dataclass(slots=True)
class XmlScan:
    """What the scanner saw.

    ``elements`` counts start tags by local name; ``with_data`` counts those ``Spectrum`` elements
    that hold a ``ChannelData`` or ``DataPoint`` with something in it.
    """

    root: str = ""
    namespaces: tuple[str, ...] = ()
    elements: dict[str, int] = field(default_factory=dict)
    with_data: int = 0
    mismatched: int = 0
    deepest: int = 0


def to_utf8(data: bytes) -> bytes:
    """XML bytes in an encoding that the scanner can walk: UTF-16 becomes UTF-8.

    Raises
    ------
    ParseError
        ``"refused"`` for an encoding that hides its tags (UTF-7, UTF-32, EBCDIC and the like).
    """
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise ParseError("UTF-32 is not an encoding that instruments write", code="refused")
    codec = None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16"
    elif data.startswith(b"<\x00"):
        codec = "utf-16-le"
    elif data.startswith(b"\x00<"):
        codec = "utf-16-be"
    if codec is not None:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError as error:
            raise ParseError("damaged UTF-16 text", code="truncated", offset=error.start) from error
        text = re.sub(r"^\ufeff?\s*<\?xml[^>]{0,200}\?>", "", text, count=1)
        return text.lstrip("\ufeff").encode("utf-8", "strict")
    head = data.removeprefix(codecs.BOM_UTF8).lstrip()
    declared = _ENCODING.match(head[:300])
    if declared is not None:
        name = declared.group(1).decode("ascii")
        if re.fullmatch(r"utf-?16|unicode|ucs-?2", name, re.I):
            # Declared UTF-16 and written in single bytes: some instruments do.
            return head[: declared.start(1)] + b"UTF-8" + head[declared.end(1) :]
        if not _ASCII_LIKE.fullmatch(name):
            raise ParseError(f"the XML encoding {name!r} is not supported", code="refused")
    return data


def scan_xml(data: bytes, *, limits: Limits) -> XmlScan:
    """Walk over all tags.

    Parameters
    ----------
    data : bytes
        XML in an ASCII-like encoding (see :func:`to_utf8`).

    Raises
    ------
    ParseError
        ``"refused"`` for a document type or entity declaration and for deeper nesting than
        ``limits.max_depth``; ``"truncated"`` when an element, a comment or a section is still open
        at the end.
    """
    seen = XmlScan()
    counts: dict[bytes, int] = {}
    stack: list[bytes] = []
    filled: list[bool] = []
    at: int | None = 0
    tokens = 0
    while at is not None:
        at, tokens = _walk(data, at, tokens, limits.max_depth, _State(seen, counts, stack, filled))
    if stack:
        raise ParseError(
            f"the file ends inside <{stack[-1].decode('utf-8', 'replace')}>: it is cut off",
            code="truncated",
            offset=len(data),
        )
    if not seen.root:
        raise ParseError("the file ends inside its first element: it is cut off", code="truncated")
    seen.elements = {k.decode("utf-8", "replace"): v for k, v in counts.items()}
    return seen


@dataclass(slots=True)
class _State:
    seen: XmlScan
    counts: dict[bytes, int]
    stack: list[bytes]
    filled: list[bool]


def _walk(
    data: bytes, begin: int, tokens: int, max_depth: int, state: _State
) -> tuple[int | None, int]:
    """Walk over tags up to the next comment or section.

    Returns
    -------
    int or None
        Where to go on behind it; None at the end of the data.
    int
        Tags seen so far.
    """
    seen, counts, stack, filled = state.seen, state.counts, state.stack, state.filled
    for token in _TOKEN.finditer(data, begin):
        name = token[2]
        tokens += 1
        if name is None:
            return _skip(data, token), tokens
        if token[1]:
            if name == b"Spectrum" or name.endswith(b":Spectrum"):
                seen.with_data += bool(filled and filled.pop())
            if stack and stack[-1] == name:
                stack.pop()
            else:
                _mismatch(stack, name, seen)
            continue
        local = name if b":" not in name else name.rpartition(b":")[2]
        counts[local] = counts.get(local, 0) + 1
        if not stack and not seen.root:
            seen.root = local.decode("utf-8", "replace")
            spaces = _NAMESPACE.findall(token[3])
            seen.namespaces = tuple(s.decode("utf-8", "replace") for s in spaces)
        if token[3].endswith(b"/"):
            continue
        stack.append(name)
        if local == b"Spectrum":
            filled.append(False)
        elif filled and local in (b"ChannelData", b"DataPoint"):
            at = token.end()
            filled[-1] = filled[-1] or data[at : at + 64].lstrip()[:1] not in (b"", b"<")
        if len(stack) > seen.deepest:
            seen.deepest = len(stack)
            if len(stack) > max_depth:
                raise ParseError(
                    f"XML elements are nested more than {max_depth} deep",
                    code="refused",
                    offset=token.end(),
                )
        if tokens > _MAX_TOKENS:
            raise ParseError(
                "more XML tags than any recording holds", code="refused", offset=token.end()
            )
    return None, tokens


def _mismatch(stack: list[bytes], name: bytes, seen: XmlScan) -> None:
    """An end tag that fits no open element, or closes several."""
    seen.mismatched += 1
    if name in stack:
        while stack.pop() != name:
            pass


def _skip(data: bytes, token: re.Match[bytes]) -> int:
    """End of a comment, section or instruction; a declaration is refused."""
    if token[7]:
        raise ParseError(
            "document type and entity declarations are refused",
            code="refused",
            offset=token.start(),
        )
    closing = b"-->" if token[4] else b"]]>" if token[5] else b"?>"
    end = data.find(closing, token.end())
    if end < 0:
        raise ParseError(
            "the file ends inside a comment or section: it is cut off",
            code="truncated",
            offset=token.start(),
        )
    return end + len(closing)

"""Text of a file made inert: what a recording says is shown, never obeyed.

A name or remark of a recording may hold terminal escape sequences, characters that turn the
direction of reading, or a megabyte of noise. Here such characters become visible codes and long
texts are cut with a word about it. Escaping for HTML comes after, in ``markup``.
"""

from __future__ import annotations

import unicodedata

# Cc: controls such as ESC; Cf: invisible format characters, among them bidirectional overrides;
# Cs, Co, Cn: surrogates, private and unassigned; Zl, Zp: line and paragraph separators.
_DANGEROUS_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MAX_CHARACTERS = 600


def inert(text: object, *, limit: int = MAX_CHARACTERS) -> str:
    r"""One line of plain, visible text.

    Parameters
    ----------
    text : object
        What a file says; its ``str`` is taken.
    limit : int
        Characters kept; the rest is replaced by a note of the full length.

    Returns
    -------
    str
        Without control and format characters: white space becomes a blank, any other such
        character its code, for example ``\x1b`` or ``\u202e``.
    """
    whole = str(text)
    shown = "".join(_visible(c) for c in whole[:limit])
    if len(whole) > limit:
        shown += f" … (cut: {len(whole)} characters in all)"
    return shown


def _visible(character: str) -> str:
    if character in "\t\n\r\v\f":
        return " "
    if unicodedata.category(character) not in _DANGEROUS_CATEGORIES:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def plain_label(text: object, *, limit: int = 24) -> str:
    """Printable ASCII for lettering inside a figure; anything else becomes ``?``.

    Figures are drawn with one font; a character it lacks would be an empty box.
    """
    label = "".join(c if " " <= c <= "~" else "?" for c in inert(text))
    return label if len(label) <= limit else label[: limit - 3] + "..."

"""HTML built from elements: every text is escaped unless it is already markup.

There is no way to write an inline style or an event handler through this module, so a report can
stand under a content security policy that allows neither.
"""

from __future__ import annotations

import html
import re

from tocsin.errors import InvalidInput
from tocsin.report.inert import inert

_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")
_VOID = frozenset({"meta", "img", "br", "hr", "col", "link"})


class Markup(str):
    """HTML that was built by ``element`` and needs no further escaping."""

    __slots__ = ()


def escaped(text: object) -> Markup:
    """Text made inert and safe inside an element or a quoted attribute."""
    return Markup(html.escape(inert(text, limit=4000), quote=True))


def element(name: str, /, *children: object, **attributes: str) -> Markup:
    """One element with its children.

    Parameters
    ----------
    name : str
        Name of the element.
    *children : object
        ``Markup`` is taken as it is, None is left out, anything else is escaped text.
    **attributes : str
        Values are escaped. An underscore at the end is dropped and one inside becomes a hyphen
        (``class_``, ``aria_label``).

    Raises
    ------
    InvalidInput
        For a name that is none, for ``style`` and for event handlers (``on...``).
    """
    written = ""
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        if not _NAME.match(attribute) or attribute == "style" or attribute.startswith("on"):
            raise InvalidInput(f"attribute {attribute!r} is not allowed in a report")
        # An image's data can be long and is base64 already: it must not be cut.
        safe = html.escape(value, quote=True) if attribute == "src" else escaped(value)
        written += f' {attribute}="{safe}"'
    if not _NAME.match(name) or name == "script":
        raise InvalidInput(f"element {name!r} is not allowed in a report")
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: object) -> Markup:
    """Children one after the other, escaped where they are not markup."""
    parts = (
        child if isinstance(child, Markup) else escaped(child)
        for child in children
        if child is not None
    )
    return Markup("".join(parts))

"""A report given as blocks, as one self-contained web page."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.report.document import Block, Document
from tocsin.report.inert import inert
from tocsin.report.markup import Markup, element, joined
from tocsin.report.page import page
from tocsin.report.sections import facts, figure, table


def render_page(document: Document) -> str:
    """HTML of a document: no script, nothing loaded, all text escaped.

    Lines to sign have no place on a screen and are left out.
    """
    banner = element(
        "p",
        document.banner or f"{document.realm}: live measurement",
        class_="realm realm-unreal" if document.banner else "realm",
    )
    blocks = [_DRAWN[b["kind"]](b) for b in document.blocks if b["kind"] in _DRAWN]
    return page(
        f"{document.realm} – {inert(document.title, limit=120)}",
        element(
            "header",
            banner,
            element("div", element("h1", inert(document.title, limit=200)), class_="opening"),
        ),
        element("main", *blocks),
        element("footer", element("p", document.provenance)),
    )


def _heading(block: Block) -> Markup:
    return element(f"h{block['level']}", block["text"])


def _verdict(block: Block) -> Markup:
    return element("p", block["text"], class_=f"verdict verdict-{block['tone']}")


def _paragraph(block: Block) -> Markup:
    return element("p", block["text"])


def _small(block: Block) -> Markup:
    return element("p", block["text"], class_="sensitive")


def _facts(block: Block) -> Markup:
    return facts((name, value) for name, value in block["rows"])


def _bullets(block: Block) -> Markup:
    return element("ul", *(element("li", item) for item in block["items"]))


def _table(block: Block) -> Markup:
    return table(block["caption"], block["heads"], block["rows"], label=block["caption"])


def _figure(block: Block) -> Markup:
    return joined(figure(block["svg"].encode(), block["alternative"], block["caption"]))


_DRAWN: dict[str, Callable[[Block], Markup]] = {
    "heading": _heading,
    "verdict": _verdict,
    "paragraph": _paragraph,
    "small": _small,
    "facts": _facts,
    "list": _bullets,
    "table": _table,
    "figure": _figure,
}

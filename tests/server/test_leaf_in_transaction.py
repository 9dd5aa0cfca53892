"""A page that writes a leaf opens a transaction: tests run in one and would not notice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import tocsin.server

SERVER = Path(tocsin.server.__file__).parent


def pages() -> list[Path]:
    """Modules that answer requests."""
    return sorted(
        path
        for path in SERVER.rglob("*.py")
        if "views" in path.stem or path.stem == "api" or path.parent.name == "views"
    )


def outside(node: ast.AST, *, opened: bool = False) -> Iterator[ast.Call]:
    """Calls of ``record`` that no ``transaction.atomic`` surrounds."""
    for child in ast.iter_child_nodes(node):
        around = opened
        if isinstance(child, ast.FunctionDef):
            around = any("atomic" in ast.unparse(mark) for mark in child.decorator_list)
        if isinstance(child, ast.With):
            around = opened or any("atomic" in ast.unparse(item) for item in child.items)
        if isinstance(child, ast.Call) and ast.unparse(child.func) == "record" and not around:
            yield child
        yield from outside(child, opened=around)


def test_every_leaf_of_a_page_stands_in_a_transaction() -> None:
    assert len(pages()) > 20
    for path in pages():
        found = [call.lineno for call in outside(ast.parse(path.read_text(encoding="utf-8")))]
        assert not found, f"{path.relative_to(SERVER)}: lines {found}"


def test_a_leaf_without_one_is_seen() -> None:
    bare = ast.parse("def view(request):\n    with open(1):\n        record(actor=1)\n")
    assert [call.lineno for call in outside(bare)] == [3]

"""Tiles of the home page: each app that has something to count adds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.functional import Promise

from tocsin.server.marking.policy import Reader


@dataclass(frozen=True)
class Tile:
    """One number of the home page with what stands behind it.

    Parameters
    ----------
    title : str
        What is counted.
    number : str
        The count, as people read it.
    address : str
        Page with the rows behind it.
    details : tuple of (str, str)
        Further lines: label and value.
    grave : bool
        Whether someone must look now.
    """

    title: str | Promise
    number: str
    address: str
    details: tuple[tuple[str | Promise, str], ...] = field(default=())
    grave: bool = False


TileMaker = Callable[[Reader], Tile | None]
MAKERS: list[TileMaker] = []


def tiles_for(reader: Reader) -> list[Tile]:
    """The tiles that a reader may see, in the order of the flow."""
    return [tile for make in MAKERS if (tile := make(reader)) is not None]

"""Answers of the API that all routers share."""

from __future__ import annotations

from ninja import Schema


class Detail(Schema):
    """Why a request was not carried out."""

    detail: str


class Refusal(Schema):
    """Why a step was refused: codes for programs, words for people."""

    detail: str
    problems: list[str]


class Page(Schema):
    """Which part of a list an answer holds."""

    total: int
    offset: int
    limit: int


class PlacedPage(Page):
    """Which part of a list an answer holds, and what becomes of its places.

    Many places together are of a higher level than each, and the whole list counts: a page after
    the other is the list. Who is not cleared for it gets the rows without places.
    """

    level: int
    tlp: str
    places_withheld: bool


MOST_ROWS = 200
"""Rows of one answer at most."""

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


MOST_ROWS = 200
"""Rows of one answer at most."""

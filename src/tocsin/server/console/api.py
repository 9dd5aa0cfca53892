"""Search for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from tocsin.server.access import reader_of_request
from tocsin.server.console.searching import LONGEST_TEXT, search, tidy

router = Router(tags=["search"])


class HitOut(Schema):
    """A row that was found."""

    name: str
    detail: str
    source_class: str
    address: str


class GroupOut(Schema):
    """What was found of one noun; ``more`` where there is more than is shown."""

    noun: str
    label: str
    hits: list[HitOut]
    more: bool


class SearchOut(Schema):
    """What was searched for and found."""

    text: str
    groups: list[GroupOut]


@router.get("", response=SearchOut, url_name="search")
def find(
    request: HttpRequest, q: Annotated[str, Query(max_length=LONGEST_TEXT)] = ""
) -> dict[str, Any]:
    """Rows of every noun that I may see and that hold a text."""
    groups = [
        {**asdict(group), "label": str(group.label)}
        for group in search(reader_of_request(request), q)
    ]
    return {"text": tidy(q), "groups": groups}

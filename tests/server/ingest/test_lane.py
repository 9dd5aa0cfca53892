"""Messages of a survey by their numbers: the right ones, and without reading all the others."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from tests.server.ingest.conftest import BOOT
from tests.server.ingest.passing import BACKPACK, passing

from tocsin.field.envelope import seal
from tocsin.field.wire import pack_records
from tocsin.sealing import SigningKey
from tocsin.server.ingest.lane import after, holding, with_a_gap
from tocsin.server.ingest.models import Batch, Device, LiveSurvey
from tocsin.server.ingest.receiving import receive

pytestmark = pytest.mark.django_db

WALK = passing(40, None)


@pytest.fixture
def sent(device: Device, key: SigningKey) -> Callable[..., LiveSurvey]:
    """Sender of messages by their first and last numbers."""

    def send(*extents: tuple[int, int]) -> LiveSurvey:
        for first, last in extents:
            receive(
                seal(
                    key,
                    pack_records(WALK[first : last + 1], BACKPACK, "EXERCISE"),
                    boot=BOOT,
                    lane="records",
                    first=first,
                    last=last,
                    ends=False,
                    device_time="2026-03-03T12:00:00+00:00",
                    monotonic_s=1.0,
                )
            )
        return LiveSurvey.objects.get()

    return send


def extents(rows: QuerySet[Batch]) -> list[tuple[int, int]]:
    return list(rows.values_list("first", "last"))


def test_they_are_those_that_a_look_at_all_finds(sent: Callable[..., LiveSurvey]) -> None:
    chance = random.Random(5)  # noqa: S311
    messages, at = [], 0
    while at < 38:
        last = min(at + chance.randrange(4), 39)
        messages.append((at, last))
        at = last + 1 + chance.choice((0, 0, 0, 2))
    survey = sent(*messages)
    for first in range(40):
        for last in range(first, 40):
            whole = [m for m in messages if m[0] <= last and m[1] >= first]
            assert extents(holding(survey.pk, first, last)) == whole
    for _first, last in [(-1, -1), *messages]:
        assert extents(after(survey.pk, last)) == [m for m in messages if m[1] > last]


def test_a_survey_has_something_behind_a_gap_only_while_the_gap_is_there(
    sent: Callable[..., LiveSurvey],
) -> None:
    survey = sent((0, 4), (5, 9), (12, 14))
    assert list(with_a_gap([survey.pk])) == [survey]
    sent((10, 11))
    assert not with_a_gap([survey.pk]).exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads the plan as SQLite words it")
@pytest.mark.parametrize(
    ("ask", "bound"),
    [
        (lambda survey: after(survey, 1000), "first>?"),
        (lambda survey: holding(survey, 1000, 1010), "first>? AND first<?"),
        (lambda survey: with_a_gap([survey]), "first>?"),
    ],
    ids=["after", "holding", "with a gap"],
)
def test_the_index_is_entered_at_the_number(
    sent: Callable[..., LiveSurvey], ask: Callable[[Any], QuerySet[Any]], bound: str
) -> None:
    """Else each message would cost more than the one before, and a long watch stands still."""
    survey = sent((0, 4))
    assert f"survey_id=? AND {bound})" in ask(survey.pk).explain()

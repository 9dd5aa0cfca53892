"""Reading in bulk is stopped and reported, whoever asks and however."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.files.models import Blob, StoredFile
from tocsin.server.marking.policy import reader_of, visible
from tocsin.server.marking.reading import MOST_ROWS, TooMuchReading

STARTS = range(0, 1200, 100)


@pytest.fixture
def reader(person: Callable[..., Person]) -> Person:
    who = person("expert")
    blob = Blob.objects.create(sha256="0" * 64, size_bytes=0, created_at=now())
    StoredFile.objects.bulk_create(
        StoredFile(
            blob=blob,
            name=f"{i}",
            created_at=now(),
            realm="EXERCISE",
            originator=who.organisation,
        )
        for i in range(1200)
    )
    return who


WAYS: dict[str, Callable[[Any], Iterator[int]]] = {
    "list": lambda rows: (len(list(rows)) for _once in range(1)),
    "values": lambda rows: (len(list(rows.values("name")[i : i + 100])) for i in STARTS),
    "tuples": lambda rows: (len(list(rows.values_list("name")[i : i + 100])) for i in STARTS),
    "one by one": lambda rows: (rows.get(name=f"{i}") is not None for i in range(1200)),
    "iterator": lambda rows: (1 for _row in rows.iterator()),
    "slices": lambda rows: (len(rows[i : i + 50]) for i in range(0, 1200, 50)),
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_stolen_account_is_stopped_and_reported(reader: Person, way: str) -> None:
    rows = visible(reader_of(reader), StoredFile.objects.order_by("name"))
    shown = 0
    reading = WAYS[way](rows)
    with pytest.raises(TooMuchReading):  # noqa: PT012 - which step is refused depends on the way
        while True:
            shown += next(reading)
    assert shown <= MOST_ROWS
    leaf = Leaf.objects.get(action="marking.bulk_reading")
    assert leaf.subject_id == str(reader.pk)


def test_the_same_rows_again_count_once_and_the_window_moves_on(
    clock: Callable[[], object], reader: Person
) -> None:
    rows = visible(reader_of(reader), StoredFile.objects.order_by("name"))
    for _again in range(40):
        assert len(rows[:50]) == 50
    assert len(rows[50:450]) == 400
    with pytest.raises(TooMuchReading):
        list(rows[450:560])
    clock.move(minutes=10, seconds=1)  # type: ignore[attr-defined]
    assert len(rows[450:560]) == 110


def test_counting_is_no_reading(reader: Person) -> None:
    rows = visible(reader_of(reader), StoredFile.objects.all())
    for _again in range(10):
        assert rows.count() == 1200
        assert rows.exists()

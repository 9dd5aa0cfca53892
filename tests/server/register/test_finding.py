"""Words, parts of long lists, and who is shown what by them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from register_entries import GIVEN, TODAY

from tocsin.server.accounts.models import Person
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register import finding, paging
from tocsin.server.register.entries import entry_of
from tocsin.server.register.finding import matching, of_nuclide
from tocsin.server.register.holders import holder_named
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Holder, Source, Word
from tocsin.server.register.paging import part_of
from tocsin.server.register.reading import Filter, sources_for
from tocsin.server.register.services import register_source, report
from tocsin.server.register.words import bare, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("IR-1001", {"ir1001", "ir", "1001"}),
        ("Ostrava Iso", {"ostrava", "iso"}),
        ("S/N 4640B", {"sn", "4640b"}),
        ("Hôpital 7", {"hopital", "7"}),
        ("IR1001", {"ir1001", "1001"}),
        ("…", set()),
        ("", set()),
    ],
)
def test_how_texts_are_cut(text: str, words: set[str]) -> None:
    assert words_of([text]) == words


def test_a_nuclide_is_a_word_and_marked_as_one() -> None:
    assert words_of([], "Cs-137 Am-241") == {"cs137", "=cs137", "am241", "=am241"}


@given(st.text(max_size=60))
def test_every_word_of_a_text_is_found_by_how_it_begins(text: str) -> None:
    kept = words_of([text])
    for chunk in text.split():
        whole = bare(chunk)[:40]
        assert not whole or any(word.startswith(whole[: max(1, len(whole) // 2)]) for word in kept)


@pytest.mark.django_db
def test_words_follow_the_source(officer: Reader, works: Reader, source: Source) -> None:
    def found(text: str) -> bool:
        return Source.objects.filter(matching(text)).exists()

    assert found("har")
    assert found("1001")
    assert found("IR-7")
    assert not found("ryside")
    assert Source.objects.filter(of_nuclide("ir-192")).exists()
    assert not Source.objects.filter(of_nuclide("1001")).exists()
    holder_named(officer, "Riverside Mill")
    report(works, source, Kind.TRANSFER, happened_on=TODAY, receiver="Riverside Mill")
    assert found("riverside")
    assert not found("harbour")
    assert Word.objects.filter(source=source, word="riverside").count() == 1


@pytest.mark.django_db
def test_words_that_are_none_narrow_nothing(officer: Reader, source: Source) -> None:
    rows = sources_for(officer)
    for text in ("", "…", "- /", "%", "_"):
        assert Filter.of({"text": text}).apply(rows, TODAY).count() == 1
    assert Filter.of({"text": "har%"}).apply(rows, TODAY).count() == 1
    assert Filter.of({"text": "h_r"}).apply(rows, TODAY).count() == 0


def many(officer: Reader, count: int) -> None:
    for number in range(count):
        register_source(officer, entry_of(GIVEN | {"serial": f"M{number}"}, today=TODAY))


@pytest.mark.django_db
@pytest.mark.parametrize("same_moment", [True, False])
def test_parts_follow_each_other_forward_and_back(
    officer: Reader, clock: object, same_moment: bool
) -> None:
    for number in range(7):
        register_source(officer, entry_of(GIVEN | {"serial": f"M{number}"}, today=TODAY))
        if not same_moment:
            clock.move(seconds=0.000001 * (number + 1))  # type: ignore[attr-defined]
    rows = sources_for(officer)
    wanted = [s.pk for s in rows]
    seen, part = [], part_of(rows, {}, 3)
    assert part.newer == ""
    parts = [part]
    while part.older:
        part = part_of(rows, {"older": part.older}, 3)
        parts.append(part)
    seen = [s.pk for p in parts for s in p]
    assert seen == wanted
    assert [len(list(p)) for p in parts] == [3, 3, 1]
    back = part_of(rows, {"newer": parts[-1].newer}, 3)
    assert [s.pk for s in back] == [s.pk for s in parts[1]]
    first = part_of(rows, {"newer": back.newer}, 3)
    assert [s.pk for s in first] == wanted[:3]
    assert first.newer == ""


@pytest.mark.django_db
def test_a_place_that_makes_no_sense_is_the_first_part(officer: Reader, source: Source) -> None:
    rows = sources_for(officer)
    for text in ("x", "1_x", f"x_{uuid.uuid4().hex}", "9" * 40 + f"_{uuid.uuid4().hex}", "nan_0"):
        for name in ("older", "newer"):
            assert len(list(part_of(rows, {name: text}, 3))) == 1


@pytest.mark.django_db
def test_a_long_list_is_counted_no_further_than_is_said(
    officer: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", 2)
    many(officer, 2)
    assert (
        part_of(sources_for(officer), {}, 1).total,
        part_of(sources_for(officer), {}, 1).more,
    ) == (
        2,
        False,
    )
    many(officer, 1)
    part = part_of(sources_for(officer), {}, 1)
    assert (part.total, part.more) == (2, True)


@pytest.mark.django_db
def test_words_and_places_show_strangers_nothing(
    source: Source, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    stranger = person("register_officer", of="strangers", clearance=2)
    rows = sources_for(reader_of(stranger))
    assert not rows.filter(matching("harbour")).exists()
    older = f"{(source.created_at + dt.timedelta(days=1)).timestamp():.6f}_{source.pk.hex}"
    assert list(part_of(rows, {"older": older}, 3)) == []
    page = signed_in(stranger).get(f"/register/?text=harbour&older={older}").content.decode()
    assert "IR1001" not in page


@pytest.mark.django_db
def test_what_a_holder_sees_is_looked_up_by_what_was_released(
    works: Reader, officer: Reader, source: Source, holder: Holder
) -> None:
    other = entry_of(GIVEN | {"holder": "Other", "serial": "O1"}, today=TODAY)
    register_source(officer, other)
    assert [s.pk for s in sources_for(works)] == [source.pk]
    assert "EXISTS" not in str(sources_for(works).query).upper()


@pytest.mark.django_db
@pytest.mark.parametrize("rare", [0, 1, 2, 100])
def test_each_way_of_looking_words_up_finds_the_same(
    officer: Reader, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    monkeypatch.setattr(finding, "RARE", rare)
    for number in range(4):
        given = {"serial": f"M{number}", "device": "Projector" if number % 2 else "Camera"}
        register_source(officer, entry_of(GIVEN | given, today=TODAY))

    def found(**asked: str) -> set[str]:
        return {s.serial for s in Filter.of(asked).apply(sources_for(officer), TODAY)}

    assert found(text="harbour proj") == {"M1", "M3"}
    assert found(text="proj cam") == set()
    assert found(text="proj m3") == {"M3"}
    assert found(text="harbour ostrava ir-7 cam") == {"M0", "M2"}
    assert found(text="… cam") == {"M0", "M2"}
    assert found(nuclide="Ir-192", text="cam m2") == {"M2"}
    assert found(nuclide="Cs-137") == set()
    assert {s.serial for s in sources_for(officer).filter(matching("cam"))} == {"M0", "M2"}

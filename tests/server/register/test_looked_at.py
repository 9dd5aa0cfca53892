"""A finding that is right as it is leaves the list, with a reason, until its values change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from register_entries import GIVEN, TODAY

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.immutable import WrittenOnce
from tocsin.server.marking.policy import Reader
from tocsin.server.register import looked_views, views
from tocsin.server.register.checking import check_all, check_one, found_now, result_for
from tocsin.server.register.corrections import correct
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import Refused
from tocsin.server.register.life import Kind
from tocsin.server.register.looked_at import RESTS, last_said, say_right, take_back
from tocsin.server.register.models import Checked, Found, LookedAt, Source
from tocsin.server.register.quality import KINDS
from tocsin.server.register.services import register_source, report

pytestmark = pytest.mark.django_db

TWIN = "duplicate_serial"
SEEN = "looked at both certificates: the maker gave the number twice"


@pytest.fixture
def twin(officer: Reader, source: Source) -> Source:
    """A source of another holder with the serial number of the first."""
    return register_source(
        officer, entry_of(GIVEN | {"holder": "Other works", "activity": "1.1 TBq"}, today=TODAY)
    )


def kept(checked: bool) -> None:
    """Have results kept, or leave the checks to be computed with the page."""
    if not checked:
        Checked.objects.all().delete()
    for row in Checked.objects.all():
        check_all(row)


def shown(reader: Reader, kind: str = TWIN) -> set[str]:
    return {told.source.name for told in result_for(reader, 20).shown[kind]}


def said(officer: Reader, source: Source, kind: str = TWIN) -> LookedAt:
    why = found_now(officer, source, kind)
    assert why is not None
    return say_right(officer, source, kind, why, reason=SEEN)


def change(officer: Reader, source: Source, **given: str) -> None:
    source.refresh_from_db()
    entry = entry_of(GIVEN | {"holder": source.holder.name} | given, today=TODAY)
    correct(officer, source, entry, reason="read again", seen=source.transactions.count())


@pytest.mark.parametrize("checked", [True, False])
def test_it_leaves_the_list_and_comes_back_when_its_values_change(
    officer: Reader, source: Source, twin: Source, checked: bool
) -> None:
    kept(checked)
    assert shown(officer) == {source.name, twin.name}
    said(officer, source)
    found = result_for(officer, 20)
    assert shown(officer) == {twin.name}
    assert found.counts[TWIN] == 1
    assert [(t.source.name, t.said.reason) for t in found.left if t.said] == [(source.name, SEEN)]
    # what it does not rest on brings it not back, nor does the next check of all
    change(officer, source, remarks="painted anew")
    kept(checked)
    assert shown(officer) == {twin.name}
    with translation.override("fr"):
        assert shown(officer) == {twin.name}
    # the activity is one of the values on which it rests
    change(officer, source, activity="1.05 TBq")
    kept(checked)
    assert shown(officer) == {source.name, twin.name}
    assert result_for(officer, 20).left == []


def test_another_twin_brings_it_back(officer: Reader, source: Source, twin: Source) -> None:
    kept(True)
    said(officer, source)
    change(officer, twin, holder="A third one", activity="1.1 TBq")
    kept(True)
    assert source.name in shown(officer), "it names another holder now"


def test_a_second_statement_takes_it_back(officer: Reader, source: Source, twin: Source) -> None:
    kept(True)
    said(officer, source)
    with pytest.raises(Refused, match="Say why"):
        take_back(officer, source, TWIN, reason=" ")
    take_back(officer, source, TWIN, reason="the other certificate is a copy")
    assert shown(officer) == {source.name, twin.name}
    assert last_said(source, TWIN) is None
    check_one(source.pk)
    assert shown(officer) == {source.name, twin.name}
    with pytest.raises(Refused, match="Nobody has said"):
        take_back(officer, source, TWIN, reason="again")
    actions = Leaf.objects.filter(action__startswith="register.").values_list("action", flat=True)
    assert {"register.right_as_it_is", "register.not_right_after_all"} <= set(actions)
    assert LookedAt.objects.count() == 2
    with pytest.raises(WrittenOnce):
        LookedAt.objects.update(holds=True)


def test_what_is_reported_brings_back_what_reports_show(officer: Reader, source: Source) -> None:
    wrong = {"result": "tight", "activity": "9 GBq"}
    report(officer, source, Kind.LEAK_TEST, happened_on=TODAY, facts=wrong)
    kept(True)
    (kind,) = {row.kind for row in Found.objects.filter(source=source)} & set(RESTS)
    said(officer, source, kind)
    kept(True)
    assert shown(officer, kind) == set()
    # a later report may be wrong in the same way, and only the first is named
    report(officer, source, Kind.LEAK_TEST, happened_on=TODAY, facts=wrong)
    kept(True)
    assert shown(officer, kind) == {source.name}


def test_only_officers_of_the_register_say_it_and_only_they_are_told(
    officer: Reader, works: Reader, source: Source
) -> None:
    Source.objects.filter(pk=source.pk).update(place="", latitude=None, longitude=None)
    kept(True)
    said(officer, source, "place_missing")
    with pytest.raises(Refused):
        say_right(works, source, "place_missing", {"en": "x"}, reason="r")
    theirs = result_for(works, 20)
    assert [t.source.name for t in theirs.shown["place_missing"]] == [source.name]
    assert theirs.left == []


def test_every_kind_says_on_what_it_rests() -> None:
    assert set(RESTS) == set(KINDS)


def given(client: Client, address: str, reason: str) -> dict[str, str]:
    """What the form of a finding sends."""
    form = client.get(address).context["form"]
    return {name: str(form[name].value()) for name in ("seen", "shown")} | {"reason": reason}


def test_what_changed_since_the_page_was_read_is_refused(
    officer: Reader, source: Source, twin: Source, signed_in: Callable[[Person], Client]
) -> None:
    kept(True)
    client = signed_in(officer.person)
    address = reverse("register:finding", args=[source.pk, TWIN])
    read = given(client, address, SEEN)
    change(officer, twin, holder="A third one", activity="1.1 TBq")
    kept(True)
    assert "look again" in client.post(address, read).content.decode()
    with pytest.raises(Refused, match="look again"):
        say_right(officer, source, TWIN, {"en": "x"}, reason=SEEN, seen=1)
    assert not LookedAt.objects.exists()


def test_its_page_and_the_table(
    officer: Reader,
    works: Reader,
    source: Source,
    twin: Source,
    signed_in: Callable[[Person], Client],
) -> None:
    kept(True)
    client = signed_in(officer.person)
    page = client.get(reverse("register:checks")).content.decode()
    address = reverse("register:finding", args=[source.pk, TWIN])
    assert f'href="{address}"' in page
    assert "It is right as it is" in client.get(address).content.decode()
    assert client.post(address, given(client, address, "")).status_code == 200
    assert not LookedAt.objects.exists()
    first = given(client, address, SEEN)
    assert client.post(address, first).status_code == 302
    # a second click on the same page does not take it back, nor does one that says nothing of it
    for again in (first, {"reason": SEEN}):
        assert client.post(address, again).status_code == 200
        assert LookedAt.objects.count() == 1
    assert "look again" in client.post(address, first).content.decode()
    page = client.get(reverse("register:checks")).content.decode()
    assert SEEN in page
    table = client.get(reverse("register:checks_csv")).content.decode()
    (line,) = (row for row in table.splitlines() if f",{source.name}," in row and TWIN in row)
    assert SEEN in line
    assert ",yes," in line
    assert "Take back" in client.get(address).content.decode()
    assert client.post(address, given(client, address, "not so")).status_code == 302
    assert SEEN not in client.get(reverse("register:checks")).content.decode()
    # who only holds it has no such page, and reads nothing of it
    say_right(officer, source, TWIN, {"en": "x"}, reason=SEEN)
    theirs = signed_in(works.person)
    assert theirs.get(address).status_code in {403, 404}
    assert SEEN not in theirs.get(reverse("register:checks_csv")).content.decode()
    assert client.get(reverse("register:finding", args=[source.pk, "none"])).status_code == 404


@pytest.mark.parametrize("checked", [True, False])
def test_what_is_cut_is_counted_and_said(
    officer: Reader,
    source: Source,
    twin: Source,
    signed_in: Callable[[Person], Client],
    monkeypatch: pytest.MonkeyPatch,
    checked: bool,
) -> None:
    register_source(
        officer, entry_of(GIVEN | {"holder": "A third one", "activity": "1.2 TBq"}, today=TODAY)
    )
    kept(checked)
    said(officer, source)
    said(officer, twin)
    found = result_for(officer, 1)
    assert (len(found.left), found.left_count, found.counts[TWIN]) == (1, 2, 1)
    total = sum(found.counts.values()) + 2
    client = signed_in(officer.person)
    address = reverse("register:checks_csv")
    assert "# cut" not in client.get(address).content.decode()
    # one of a kind may be sent, and of the two that were looked at one is left over
    monkeypatch.setattr(looked_views, "LIMIT", 1)
    assert f"# cut: the first 1 of {total} findings" in client.get(address).content.decode()
    monkeypatch.setattr(views, "MOST_SHOWN", 1)
    page = client.get(reverse("register:checks")).content.decode()
    page = page[page.index('id="left"') :]
    assert "Looked at, and right as they are: 2" in page
    assert "The first 1 are shown." in page

"""Saved views, tables and paper: what leaves, with what marking, and what the log keeps."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from register_entries import GIVEN, TODAY

from tocsin.report.document import Document
from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.models import Reading
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register import export_views, inventory, tables
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import Refused, holder_named
from tocsin.server.register.inventory import Inventory, inventory_pdf
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Holder, SavedView, Source
from tocsin.server.register.saved_views import keep_view, views_for
from tocsin.server.register.services import register_source, report
from tocsin.server.register.tables import steps_of

pytestmark = pytest.mark.django_db

SignIn = Callable[[Person], Client]


def table(answer: object) -> tuple[list[str], list[dict[str, str]]]:
    """Remarks above a table, and its rows."""
    whole = getattr(answer, "streaming_content", None)
    content = b"".join(whole) if whole is not None else answer.content  # type: ignore[attr-defined]
    told = list(csv.reader(io.StringIO(content.decode())))
    notes = [row[0] for row in told if row[0].startswith("#")]
    header, *rows = told[len(notes) :]
    return notes, [dict(zip(header, row, strict=True)) for row in rows]


def test_a_view_is_one_s_own_or_the_organisation_s(
    officer: Reader, person: Callable[..., Person]
) -> None:
    colleague = reader_of(person("register_officer", of="authority", clearance=2))
    stranger = reader_of(person("register_officer", of="strangers", clearance=2))
    keep_view(officer, "mine", {"category": "1"}, shared=False)
    keep_view(officer, "ours", {"status": "missing", "text": " mill "}, shared=True)
    assert [v.name for v in views_for(officer)] == ["mine", "ours"]
    assert [v.name for v in views_for(colleague)] == ["ours"]
    assert not views_for(stranger).exists()
    assert views_for(colleague).get().filter == {"status": "missing", "text": "mill"}
    keep_view(officer, "mine", {"category": "2"}, shared=False)
    assert SavedView.objects.get(name="mine").filter == {"category": "2"}
    for name, given in (("", {"category": "1"}), ("none", {}), ("odd", {"category": "9"})):
        with pytest.raises(Refused):
            keep_view(officer, name, given, shared=False)


def test_views_on_the_page(
    officer: Reader, source: Source, person: Callable[..., Person], signed_in: SignIn
) -> None:
    browser = signed_in(officer.person)
    answer = browser.post(
        "/register/views/", {"name": "Held by us", "status": "held", "shared": "1"}
    )
    assert answer["Location"] == "/register/?status=held"
    view = SavedView.objects.get()
    page = browser.get("/register/?status=held").content.decode()
    assert "Held by us" in page
    assert f"/register/views/{view.pk}/delete/" in page
    colleague = signed_in(person("register_officer", of="authority", clearance=2))
    assert "Held by us" in colleague.get("/register/").content.decode()
    stranger = signed_in(person("register_officer", of="strangers", clearance=2))
    assert "Held by us" not in stranger.get("/register/").content.decode()
    for other in (colleague, stranger):
        assert other.post(f"/register/views/{view.pk}/delete/").status_code == 404
    assert browser.get(f"/register/views/{view.pk}/delete/").status_code == 200
    assert SavedView.objects.exists(), "asking is not deleting"
    browser.post(f"/register/views/{view.pk}/delete/")
    assert not SavedView.objects.exists()
    actions = Leaf.objects.values_list("action", flat=True)
    assert {"register.keep_view", "register.drop_view"} <= set(actions)


def test_what_was_reported_as_a_table(
    officer: Reader, works: Reader, source: Source, person: Callable[..., Person],
    signed_in: SignIn,
) -> None:  # fmt: skip
    mill = reader_of(person("holder", of="mill", clearance=2))
    holder_named(officer, "Riverside Mill", organisation=mill.person.organisation)
    report(works, source, Kind.LEAK_TEST, happened_on=TODAY, note="words of the former holder")
    report(works, source, Kind.TRANSFER, happened_on=TODAY, receiver="Riverside Mill")
    report(mill, source, Kind.RECEIPT, happened_on=TODAY)
    notes, rows = table(signed_in(officer.person).get("/register/transactions.csv"))
    assert "CONFIDENTIAL" in notes[0]
    assert [r["kind"] for r in rows] == ["registration", "leak_test", "transfer", "receipt"]
    _notes, theirs = table(signed_in(mill.person).get("/register/transactions.csv"))
    assert [r["kind"] for r in theirs] == ["receipt"]
    assert "former holder" not in str(theirs)
    _notes, none = table(signed_in(works.person).get("/register/transactions.csv"))
    assert none == []
    assert "14.68" not in str(rows)


def test_holders_as_a_table(
    officer: Reader, source: Source, person: Callable[..., Person], signed_in: SignIn
) -> None:
    _notes, rows = table(signed_in(officer.person).get("/register/holders.csv"))
    assert [(r["holder"], r["sources_held"]) for r in rows] == [("Harbour Works", "1")]
    stranger = person("register_officer", of="strangers", clearance=2)
    _notes, none = table(signed_in(stranger).get("/register/holders.csv"))
    assert none == []


def test_the_whole_leaves_for_a_reason_in_parts(
    officer: Reader,
    holder: Holder,
    signed_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    person: Callable[..., Person],
) -> None:
    monkeypatch.setattr(export_views, "AT_ONCE", 3)
    monkeypatch.setattr(tables, "AT_ONCE", 2)
    for number in range(8):
        register_source(officer, entry_of(GIVEN | {"serial": f"M{number}"}, today=TODAY))
    browser = signed_in(officer.person)
    assert browser.get("/register/whole/").status_code == 200
    assert browser.post("/register/whole/", {"what": "sources", "reason": " "}).status_code == 302
    assert browser.post("/register/whole/", {"what": "all", "reason": "x"}).status_code == 302
    assert not Leaf.objects.filter(action="register.export_whole").exists()
    given = {"reason": "yearly report to parliament"}
    notes, rows = table(browser.post("/register/whole/", given | {"what": "sources"}))
    assert sorted(r["serial"] for r in rows) == [f"M{n}" for n in range(8)]
    assert "CONFIDENTIAL" in notes[0]
    assert "14.68" not in str(rows)
    leaf = Leaf.objects.get(action="register.export_whole")
    assert leaf.content["reason"] == given["reason"]
    assert leaf.content["after"]["rows"] == 8
    _notes, steps = table(browser.post("/register/whole/", given | {"what": "transactions"}))
    assert len(steps) == 8
    _notes, holders = table(browser.post("/register/whole/", given | {"what": "holders"}))
    assert [h["sources_held"] for h in holders] == ["8"]
    assert Reading.objects.count() == 0, "it is no reading, and has its own leaf"
    stranger = signed_in(person("register_officer", of="strangers", clearance=2))
    _notes, none = table(stranger.post("/register/whole/", given | {"what": "sources"}))
    assert none == []
    other = f"/register/whole/?holder={holder.pk}"
    assert stranger.get(other).status_code == 404
    assert browser.get("/register/whole/?holder=x").status_code == 404


def test_many_places_together_are_withheld_from_who_is_not_cleared(
    officer: Reader, source: Source, signed_in: SignIn, few_places: None
) -> None:
    Source.objects.filter(pk=source.pk).update(elsewhere_place="bridge of Riverside")
    browser = signed_in(officer.person)
    given = {"what": "sources", "reason": "x"}
    whole = browser.post("/register/whole/", given)
    for notes, rows in (table(whole), table(browser.get("/register/sources.csv"))):
        assert len(rows) == 1
        assert "Harbour, hall" not in str(rows)
        assert "Riverside" not in str(rows)
        assert any("without places" in note for note in notes)


def test_what_says_nothing_of_places_leaves_whole_with_the_mark_of_its_rows(
    person: Callable[..., Person], source: Source, signed_in: SignIn, few_places: None
) -> None:
    given = {"what": "transactions", "reason": "x"}
    for clearance in (2, 3):
        browser = signed_in(person("register_officer", of="authority", clearance=clearance))
        notes, rows = table(browser.post("/register/whole/", given))
        assert len(rows) == 1
        assert "SECRET" not in str(notes)
        assert "places" not in str(notes)


def test_places_leave_with_a_higher_mark(
    person: Callable[..., Person], source: Source, signed_in: SignIn, few_places: None
) -> None:
    cleared = signed_in(person("register_officer", of="authority", clearance=3))
    whole = cleared.post("/register/whole/", {"what": "sources", "reason": "x"})
    for notes, rows in (table(whole), table(cleared.get("/register/sources.csv"))):
        assert "SECRET" in notes[0]
        assert rows[0]["place"] == "Harbour, hall 3"


def test_programs_get_so_many_places_as_people_do(
    officer: Reader,
    person: Callable[..., Person],
    source: Source,
    signed_in: SignIn,
    few_places: None,
) -> None:
    Source.objects.filter(pk=source.pk).update(elsewhere_place="bridge of Riverside")
    told = signed_in(officer.person).get("/api/1/register/sources").json()
    assert (told["places_withheld"], told["level"]) == (True, 2)
    assert [(s["place"], s["elsewhere_place"]) for s in told["sources"]] == [("", "")]
    cleared = person("register_officer", of="authority", clearance=3)
    told = signed_in(cleared).get("/api/1/register/sources").json()
    assert (told["places_withheld"], told["level"]) == (False, 3)
    assert [s["place"] for s in told["sources"]] == ["Harbour, hall 3"]


def test_places_are_withheld_on_paper_too(
    officer: Reader,
    source: Source,
    signed_in: SignIn,
    few_places: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed: list[Inventory] = []

    def kept(asked: Inventory) -> bytes:
        printed.append(asked)
        return b"%PDF"

    monkeypatch.setattr(export_views, "inventory_pdf", kept)
    browser = signed_in(officer.person)
    browser.get("/register/inventory.pdf")
    browser.post("/register/whole/", {"what": "inventory", "reason": "x"})
    assert [[row.place for row in asked.rows] for asked in printed] == [[""], [""]]
    assert all("without places" in str(asked.notes) for asked in printed)
    headings: list[str] = []

    def told(document: Document) -> bytes:
        headings.append(str(document.blocks))
        return b"%PDF"

    monkeypatch.setattr(inventory, "typeset", told)
    for asked in printed:
        inventory_pdf(asked)
        inventory_pdf(replace(asked, placed=True))
    assert ["What lies together" in text for text in headings] == [False, True] * 2


def test_the_table_of_holders_bears_the_mark_of_holders(
    officer: Reader, holder: Holder, signed_in: SignIn, few_places: None
) -> None:
    Holder.objects.filter(pk=holder.pk).update(address="1 Harbour Street")
    browser = signed_in(officer.person)
    given = {"what": "holders", "reason": "x"}
    for notes, rows in (
        table(browser.post("/register/whole/", given)),
        table(browser.get("/register/holders.csv")),
    ):
        assert [row["holder"] for row in rows] == ["Harbour Works"]
        assert "CONFIDENTIAL" in notes[0], "there is no source, and holders have a mark"
        assert "Harbour Street" not in str(rows)


def test_the_inventory_on_paper(
    officer: Reader, source: Source, signed_in: SignIn, person: Callable[..., Person]
) -> None:
    register_source(
        officer, entry_of(GIVEN | {"serial": "*#panic[x]", "nuclide": "Cs-137"}, today=TODAY)
    )
    browser = signed_in(officer.person)
    answer = browser.get(f"/register/inventory.pdf?holder={source.holder_id}")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-1.7")
    assert Leaf.objects.get(action="register.print").content["after"]["rows"] == 2
    stranger = signed_in(person("register_officer", of="strangers", clearance=2))
    assert stranger.get(f"/register/inventory.pdf?holder={source.holder_id}").status_code == 404
    assert Reading.objects.filter(person=officer.person).count() == 2


def test_steps_of_a_reader_agree_with_the_page(
    officer: Reader, works: Reader, source: Source
) -> None:
    from tocsin.server.register.reading import life_of

    report(works, source, Kind.LEAK_TEST, happened_on=TODAY)
    for reader in (officer, works):
        told = [cells[2] for cells in steps_of(reader, [source])]
        assert told == [step.number for step in life_of(reader, source)]

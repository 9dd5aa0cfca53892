"""The yearly reconciliation, from opening to closing, and what its labels say."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from register_entries import GIVEN
from tests.server.conftest import SetClock

from tocsin.formats.confined_qr import qr_texts
from tocsin.report.labels import SIZES
from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.duties.models import Clock, Delivery, Notice
from tocsin.server.duties.services import run_due
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.oversight.models import (
    Confirmation,
    Discrepancy,
    Ending,
    How,
    Item,
    Part,
    Trouble,
)
from tocsin.server.oversight.reading import (
    items_of,
    items_seen,
    listed,
    numbers_for,
    parts_for,
)
from tocsin.server.oversight.services import reconciling
from tocsin.server.oversight.services.discrepancies import settle
from tocsin.server.oversight.services.labels import address_of, items_typed, print_labels
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import Refused
from tocsin.server.register.life import Kind
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.outbox import deliver_pending
from tocsin.server.register.services import register_source, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def part(officer: Reader, sources: list[Source]) -> Part:
    """What the holder is asked in the year 2026."""
    row = reconciling.open_reconciliation(officer, year=2026)
    return row.parts.get(holder=sources[0].holder)


def answer(
    reader: Reader, part: Part, source: Source, *, here: bool = True, note: str = ""
) -> None:
    item = part.items.get(source=source)
    reconciling.answer(reader, item, here=here, how=How.TICK, note=note)


def test_a_holder_is_asked_for_what_it_holds_and_nothing_else(
    officer: Reader, works: Reader, sources: list[Source], holder: Holder
) -> None:
    report(officer, sources[2], Kind.DISPOSAL, happened_on=now().date())
    elsewhere = register_source(
        officer, entry_of(GIVEN | {"holder": "Mill", "serial": "M1"}, today=now().date())
    )
    row = reconciling.open_reconciliation(officer, year=2026)
    asked = {part.holder.name: {i.source_id for i in part.items.all()} for part in row.parts.all()}
    assert asked == {
        "Harbour Works": {sources[0].pk, sources[1].pk},
        "Mill": {elsewhere.pk},
    }
    own = parts_for(works).get()
    assert (own.holder, own.asked_of) == (holder, 2)
    assert {item.source for item in listed(works, own, items_of(own))} == {sources[0], sources[1]}


def test_the_deadline_is_that_of_the_profile_with_its_clock(officer: Reader, part: Part) -> None:
    row = part.reconciliation
    assert row.law == "fictional/annual_reconciliation"
    assert row.due_at == dt.datetime(2026, 4, 2, 23, 59, 59, tzinfo=dt.UTC)  # 30 days, Dakar is UTC
    clock = Clock.objects.get(subject_id=row.pk)
    assert (clock.profile, clock.duty, clock.due_at) == (
        "fictional",
        "annual_reconciliation",
        row.due_at,
    )


def test_in_the_united_states_it_is_due_on_31_january(
    clock: SetClock, person: Callable[..., Person]
) -> None:
    """10 CFR 20.2207: in January, confirmed by the 31st; the day ends where the authority is."""
    clock.at = dt.datetime(2027, 1, 4, 15, 0, tzinfo=dt.UTC)
    who = person("register_officer", of="nrc", kind="regulator", clearance=2)
    who.organisation.country = "US"
    who.organisation.save()
    law = reconciling.deadline_of(reader_of(who), 2027)
    assert law is not None
    assert law.due == dt.datetime(2027, 2, 1, 4, 59, 59, tzinfo=dt.UTC)  # 31 January, New York
    assert law.duty.verification == "unverified"


def test_an_own_deadline_has_a_clock_that_names_no_law(
    officer: Reader, sources: list[Source]
) -> None:
    row = reconciling.open_reconciliation(officer, year=2026, due_on=dt.date(2026, 5, 1))
    clock = Clock.objects.get(subject_id=row.pk)
    assert (clock.profile, clock.duty) == ("set", "reconciliation")
    assert row.law == ""


@pytest.mark.parametrize(
    ("year", "due_on", "why"),
    [(1980, None, "year"), (2026, dt.date(2026, 3, 2), "past"), (2030, None, "year")],
)
def test_what_makes_no_sense_is_not_opened(
    officer: Reader, sources: list[Source], year: int, due_on: dt.date | None, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        reconciling.open_reconciliation(officer, year=year, due_on=due_on)


def test_a_year_is_opened_once_and_not_by_a_holder(
    officer: Reader, works: Reader, part: Part
) -> None:
    with pytest.raises(Refused, match="opened already"):
        reconciling.open_reconciliation(officer, year=2026)
    with pytest.raises(Refused, match="roles"):
        reconciling.open_reconciliation(works, year=2025)


def test_from_opening_to_closing_with_one_discrepancy(
    officer: Reader, works: Reader, part: Part, sources: list[Source]
) -> None:
    answer(works, part, sources[0])
    answer(works, part, sources[1])
    with pytest.raises(Refused, match="without an answer: 1"):
        reconciling.complete(works, part)
    with pytest.raises(Refused, match="what you know"):
        answer(works, part, sources[2], here=False)
    answer(works, part, sources[2], here=False, note="not in the store since February")
    reconciling.complete(works, part)
    found = Discrepancy.objects.get()
    assert (found.trouble, found.source, found.holder) == (
        Trouble.NOT_HERE,
        sources[2],
        part.holder,
    )
    with pytest.raises(Refused, match="not settled: 1"):
        reconciling.close(officer, part.reconciliation)
    settle(officer, found, ending=Ending.MOVED, note="transfer reported by the mill")
    row = reconciling.close(officer, part.reconciliation)
    assert row.closed_at == now()
    assert Clock.objects.get(subject_id=row.pk).end.met
    with pytest.raises(Refused, match="closed"):
        answer(works, part, sources[0])


def test_a_confirmation_says_who_when_and_how_and_stays(
    works: Reader, part: Part, sources: list[Source], clock: SetClock
) -> None:
    item = part.items.get(source=sources[0])
    reconciling.answer(works, item, here=True, how=How.SCAN)
    clock.move(days=1)
    reconciling.answer(works, item, here=False, how=How.CODE, note="it was another one")
    facts = [(c.here, c.how, c.by, c.at.day) for c in Confirmation.objects.filter(item=item)]
    assert facts == [(True, "scan", works.person, 3), (False, "code", works.person, 4)]
    assert Item.objects.get(pk=item.pk).here is False


def test_there_after_all_settles_what_was_missing(
    works: Reader, part: Part, sources: list[Source]
) -> None:
    answer(works, part, sources[0], here=False, note="not found")
    answer(works, part, sources[0], here=False, note="still not found")
    assert Discrepancy.objects.count() == 1
    answer(works, part, sources[0])
    assert Discrepancy.objects.get().settlement.ending == Ending.HERE
    answer(works, part, sources[0], here=False, note="gone again")
    assert Discrepancy.objects.filter(settlement=None).count() == 1


def test_a_loss_reported_to_the_register_settles_it(
    works: Reader,
    part: Part,
    sources: list[Source],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    answer(works, part, sources[0], here=False, note="not found")
    report(works, sources[0], Kind.LOSS, happened_on=now().date(), note="not in the store")
    deliver_pending(now())
    end = Discrepancy.objects.get().settlement
    assert (end.ending, end.by) == (Ending.MISSING, works.person)
    assert "loss on 2026-03-03" in end.note


def test_a_source_that_is_not_in_the_list(officer: Reader, works: Reader, part: Part) -> None:
    found = reconciling.report_extra(works, part, what="Cs-137 box, no number", place="cellar")
    assert (found.trouble, found.what) == (Trouble.EXTRA, "Cs-137 box, no number (cellar)")
    with pytest.raises(Refused, match="Say what it is"):
        reconciling.report_extra(works, part, what=" \0 ")
    assert numbers_for(officer).unsettled == 1


def test_silent_holders_are_called_again_every_week_until_they_answer(
    works: Reader, part: Part, sources: list[Source], clock: SetClock
) -> None:
    called = Delivery.objects.filter(person=works.person, channel="page")
    assert called.count() == 1
    clock.move(days=7, minutes=1)
    run_due(now())
    assert called.count() == 2
    for source in sources:
        answer(works, part, source)
    reconciling.complete(works, part)
    clock.move(days=30)
    run_due(now())
    assert called.count() == 2


def test_the_officer_calls_the_silent_and_closes_without_them_for_a_reason(
    officer: Reader, works: Reader, part: Part
) -> None:
    assert reconciling.remind(officer, part.reconciliation) == 1
    open_notices = Notice.objects.filter(subject_id=part.pk, acknowledgement=None)
    assert [n.text for n in open_notices] == [reconciling.REMINDED]
    with pytest.raises(Refused, match="Silent holders: 1"):
        reconciling.close(officer, part.reconciliation)
    reconciling.close(officer, part.reconciliation, reason="firm is bankrupt, inspected instead")
    kept = Discrepancy.objects.get()
    assert (kept.trouble, kept.what.rpartition(": ")[2]) == (Trouble.SILENT, "3 / 3")
    assert not Clock.objects.get(subject_id=part.reconciliation_id).end.met


def test_nobody_answers_for_another_holder(
    part: Part, sources: list[Source], person: Callable[..., Person]
) -> None:
    stranger = reader_of(person("holder", of="mill", clearance=2))
    assert not parts_for(stranger).exists()
    with pytest.raises(Refused):
        answer(stranger, part, sources[0])


@pytest.mark.parametrize("typed", ["{name}", "{short}", "{lower}", "IR1001", "{label}"])
def test_a_source_is_named_by_label_name_or_serial(
    part: Part, sources: list[Source], typed: str
) -> None:
    wanted = sources[1]
    text = typed.format(
        name=wanted.name,
        short=wanted.name[2:],
        lower=f" {wanted.name.lower()} ",
        label=f"https://register.example{address_of(wanted)}",
    )
    assert [item.source for item in items_typed(part.items.all(), text)] == [wanted]


def test_of_a_source_that_is_closed_to_the_reader_no_name_is_told(
    part: Part, sources: list[Source], officer: Reader
) -> None:
    closed = sources[1]
    Source.objects.filter(pk=closed.pk).update(level=3)
    seen = items_seen(officer, part)
    assert {item.source_id for item in seen} == {s.pk for s in sources} - {closed.pk}
    with pytest.raises(Refused, match="not in this list"):
        items_typed(seen, closed.serial)


@pytest.mark.parametrize("typed", ["", "S-", "S-00000000", "IR9999", "nonsense", "\0"])
def test_what_is_not_in_the_list_is_refused(part: Part, typed: str) -> None:
    with pytest.raises(Refused, match="not in this list"):
        items_typed(part.items.all(), typed)


@pytest.mark.parametrize("size", sorted(SIZES))
def test_labels_are_read_by_the_decoder_and_give_nothing_away(
    officer: Reader, sources: list[Source], size: str, tmp_path: Path
) -> None:
    made = print_labels(
        officer, sources[0].holder, sources, size=size, origin="https://register.example", skip=1
    )
    printed = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages)
    assert all(source.name in printed for source in sources)
    assert_tells_nothing(printed)
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm is not on this machine: the rendered labels are not read")
    (tmp_path / "labels.pdf").write_bytes(made)
    subprocess.run(
        ["pdftoppm", "-r", "150", "-png", "labels.pdf", "page"],
        cwd=tmp_path,
        check=True,
    )
    texts = {t.decode() for t in qr_texts(next(tmp_path.glob("page*.png")).read_bytes())}
    assert texts == {f"https://register.example{address_of(s)}" for s in sources}
    assert_tells_nothing(" ".join(texts))


def assert_tells_nothing(told: str) -> None:
    for secret in ("Harbour", "IR100", "TBq", "3.7", "Ostrava", "hall"):
        assert secret not in told, f"a label tells {secret}"


def test_a_photograph_of_two_labels_confirms_both(
    works: Reader,
    part: Part,
    sources: list[Source],
    signed_in: Callable[[Person], Client],
) -> None:
    browser = signed_in(works.person)
    photo = SimpleUploadedFile("shelf.png", picture_of(sources[:2]), "image/png")
    answer = browser.post(reverse("oversight:photo", args=[part.pk]), {"photo": photo}, follow=True)
    assert answer.status_code == 200
    facts = Confirmation.objects.filter(item__part=part)
    assert {(f.item.source_id, f.how) for f in facts} == {
        (sources[0].pk, "photo"),
        (sources[1].pk, "photo"),
    }


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_photograph_that_cannot_be_read_says_so(
    works: Reader, part: Part, signed_in: Callable[[Person], Client], content: bytes
) -> None:
    photo = SimpleUploadedFile("shelf.png", content, "image/png")
    answer = signed_in(works.person).post(
        reverse("oversight:photo", args=[part.pk]), {"photo": photo}
    )
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Confirmation.objects.exists()


def picture_of(sources: list[Source]) -> bytes:
    """Labels side by side, as a phone would see them."""
    import segno
    from PIL import Image

    sheet = Image.new("L", (360 * len(sources), 360), 255)
    for number, source in enumerate(sources):
        out = io.BytesIO()
        segno.make_qr(f"https://old.example{address_of(source)}").save(out, kind="png", scale=7)
        out.seek(0)
        sheet.paste(Image.open(out).convert("L"), (360 * number + 10, 10))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def test_the_page_of_a_label_confirms_with_one_button(
    works: Reader, part: Part, sources: list[Source], signed_in: Callable[[Person], Client]
) -> None:
    browser = signed_in(works.person)
    page = browser.get(address_of(sources[0]))
    assert "It is here" in page.content.decode()
    browser.post(address_of(sources[0]))
    assert Confirmation.objects.get().how == How.SCAN


def test_a_label_is_silent_to_strangers(
    sources: list[Source], person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    stranger = signed_in(person("holder", of="mill", clearance=2))
    answer = stranger.get(address_of(sources[0]))
    assert answer.status_code == 404
    passer_by = Client().get(address_of(sources[0]))
    assert passer_by.status_code == 302
    assert passer_by["Location"].startswith("/account/login/")

"""The life of a source: no sequence of reports leads where no source can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.server.register.life import HELD, MISSING, RULES, Kind, Status, possible

ENDED = {Status.DISPOSED, Status.EXPORTED, Status.EXEMPT, Status.WITHDRAWN}


@given(picks=st.lists(st.integers(0, 50), max_size=30), officer=st.booleans())
def test_what_has_ended_stays_ended_and_what_is_missing_must_be_recovered(
    picks: list[int], officer: bool
) -> None:
    status, sent = Status.IN_USE, False
    for pick in picks:
        kinds = possible(status, officer=officer, awaits_receipt=sent)
        if not kinds:
            assert status in ENDED
            return
        kind = kinds[pick % len(kinds)]
        before = status
        status = RULES[kind].becomes or status
        sent = kind is Kind.TRANSFER or (sent and kind is not Kind.RECEIPT and status in HELD)
        if before in ENDED and status != before:
            assert (before, kind) == (Status.EXPORTED, Kind.IMPORT), "only what left comes back"
        if before in MISSING and status not in MISSING:
            assert kind is Kind.RECOVERY
        if not officer:
            assert RULES[kind].by_holder


def test_a_holder_cannot_make_a_source_vanish() -> None:
    for status in Status:
        for kind in possible(status, officer=False, awaits_receipt=True):
            assert RULES[kind].becomes not in ENDED, kind


def test_a_loss_can_be_reported_of_everything_that_is_held() -> None:
    for status in HELD:
        for awaits in (False, True):
            kinds = possible(status, officer=False, awaits_receipt=awaits)
            assert {Kind.LOSS, Kind.THEFT} <= set(kinds)
    assert Kind.LOSS not in possible(Status.LOST, officer=True, awaits_receipt=False)


def test_a_receipt_needs_a_transfer_and_no_second_transfer_comes_before_it() -> None:
    waiting = possible(Status.IN_USE, officer=True, awaits_receipt=True)
    settled = possible(Status.IN_USE, officer=True, awaits_receipt=False)
    assert Kind.RECEIPT in waiting
    assert Kind.TRANSFER not in waiting
    assert Kind.RECEIPT not in settled
    assert Kind.TRANSFER in settled

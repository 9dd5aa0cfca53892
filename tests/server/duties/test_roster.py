"""Duty roster and chains of notices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.server.duties.escalation import Link, next_calls
from tocsin.server.duties.roster import OnDuty, Shift, Takeover, gaps, on_duty

# A loaded machine is slow, not wrong.
REPEATABLE = settings(derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAY = datetime(2026, 11, 26, tzinfo=UTC)


def hour(h: float) -> datetime:
    return DAY + timedelta(hours=h)


EARLY = Shift("amina", "officer", hour(6), hour(14))
LATE = Shift("bruno", "officer", hour(14), hour(22))
BOTH = [EARLY, LATE]


def test_a_shift_on_paper_puts_nobody_on_duty() -> None:
    assert on_duty(BOTH, [], "officer", hour(7)) == OnDuty(("amina",), False, ("amina",))


def test_taking_over_does() -> None:
    takeovers = [Takeover("amina", "officer", hour(6))]
    assert on_duty(BOTH, takeovers, "officer", hour(7)) == OnDuty(("amina",), True, ())


def test_who_is_not_relieved_stays_on_duty_and_the_relief_is_missed() -> None:
    takeovers = [Takeover("amina", "officer", hour(6))]
    assert on_duty(BOTH, takeovers, "officer", hour(14.5)) == OnDuty(("amina",), True, ("bruno",))
    takeovers.append(Takeover("bruno", "officer", hour(14.6)))
    assert on_duty(BOTH, takeovers, "officer", hour(15)) == OnDuty(("bruno",), True, ())


def test_a_relief_may_come_early() -> None:
    takeovers = [
        Takeover("amina", "officer", hour(6)),
        Takeover("bruno", "officer", hour(14 - 5 / 60)),
    ]
    assert on_duty(BOTH, takeovers, "officer", hour(13.95)) == OnDuty(("amina",), True, ())
    assert on_duty(BOTH, takeovers, "officer", hour(15)) == OnDuty(("bruno",), True, ())
    assert on_duty(BOTH, takeovers, "officer", hour(23)) == OnDuty((), False, ())
    too_early = [takeovers[0], Takeover("bruno", "officer", hour(12.9))]
    assert on_duty(BOTH, too_early, "officer", hour(15)).relief_missing == ("bruno",)


def test_duty_ends_with_the_last_joined_shift() -> None:
    takeovers = [Takeover("amina", "officer", hour(6))]
    assert on_duty(BOTH, takeovers, "officer", hour(23)) == OnDuty((), False, ())
    with_gap = [EARLY, Shift("bruno", "officer", hour(15), hour(22))]
    assert on_duty(with_gap, takeovers, "officer", hour(16)) == OnDuty(
        ("bruno",), False, ("bruno",)
    )


def test_roles_do_not_mix() -> None:
    assert on_duty(BOTH, [Takeover("amina", "officer", hour(6))], "expert", hour(7)).people == ()


def test_gaps_are_found() -> None:
    shifts = [EARLY, Shift("carol", "officer", hour(12), hour(16)), LATE]
    assert gaps(shifts, "officer", hour(0), hour(24)) == (
        (hour(0), hour(6)),
        (hour(22), hour(24)),
    )
    assert gaps([], "officer", hour(0), hour(1)) == ((hour(0), hour(1)),)


spans = st.lists(
    st.tuples(st.integers(0, 47), st.integers(1, 12)).map(
        lambda s: Shift("x", "officer", hour(s[0]), hour(s[0] + s[1]))
    ),
    max_size=8,
)


@REPEATABLE
@given(spans)
def test_gaps_agree_with_looking_at_every_hour(shifts: list[Shift]) -> None:
    found = gaps(shifts, "officer", hour(0), hour(48))
    for h in range(48):
        middle = hour(h + 0.5)
        in_gap = any(start <= middle < end for start, end in found)
        assert in_gap is not any(s.covers(middle) for s in shifts)


@REPEATABLE
@given(spans, st.lists(st.integers(0, 60), max_size=4), st.integers(0, 60))
def test_whoever_should_be_there_is_on_duty_or_missed(
    shifts: list[Shift], taken: list[int], now: int
) -> None:
    takeovers = [Takeover("x", "officer", hour(t)) for t in taken]
    state = on_duty(shifts, takeovers, "officer", hour(now))
    if any(s.covers(hour(now)) for s in shifts):
        assert set(state.people) | set(state.relief_missing) == {"x"}
    if not takeovers:
        assert not state.taken


def test_a_shift_runs_forward_and_carries_a_zone() -> None:
    with pytest.raises(InvalidInput):
        Shift("x", "officer", hour(2), hour(2))
    with pytest.raises(InvalidInput):
        Shift("x", "officer", datetime(2026, 1, 1), hour(2))  # noqa: DTZ001 - naive on purpose


CHAIN = (Link("officer", 1), Link("supervisor", 5), Link("expert", 30))


def everyone(role: str, at: datetime) -> tuple[str, ...]:
    return (role + "-on-duty",)


def test_a_chain_calls_role_after_role_at_exact_times() -> None:
    calls, after = next_calls(CHAIN, DAY, 0, DAY + timedelta(minutes=66), everyone)
    assert [(c.role, (c.at - DAY).total_seconds() / 60) for c in calls] == [
        ("officer", 0),
        ("supervisor", 1),
        ("expert", 66),
    ]
    assert after == DAY + timedelta(minutes=96)


def test_repeats_that_an_outage_missed_are_not_made_up_for() -> None:
    end = DAY + timedelta(hours=12, minutes=7)
    calls, after = next_calls(CHAIN[:1], DAY, 0, end, everyone)
    assert [(c.step, c.at) for c in calls] == [(0, end)]
    assert after == end + timedelta(minutes=1)
    calls, after = next_calls(CHAIN, DAY + timedelta(minutes=36), 3, end, everyone)
    assert [(c.step, c.at) for c in calls] == [(3, DAY + timedelta(minutes=6 + 24 * 30))]
    assert after == DAY + timedelta(minutes=6 + 25 * 30)


def test_nobody_on_duty_costs_no_time() -> None:
    def only_the_expert(role: str, at: datetime) -> tuple[str, ...]:
        return ("dieter",) if role == "expert" else ()

    calls, after = next_calls(CHAIN, DAY, 0, DAY, only_the_expert)
    assert [(c.role, c.people) for c in calls] == [
        ("officer", ()),
        ("supervisor", ()),
        ("expert", ("dieter",)),
    ]
    assert after == DAY + timedelta(minutes=30)


def test_a_chain_that_reaches_nobody_keeps_trying_and_does_not_spin() -> None:
    calls, after = next_calls(CHAIN, DAY, 0, DAY, lambda role, at: ())
    assert len(calls) == 3
    assert after == DAY + timedelta(minutes=30)


@REPEATABLE
@given(st.lists(st.integers(1, 300), min_size=1, max_size=12))
def test_looking_seldom_leaves_out_only_repeats(looks: list[int]) -> None:
    end = DAY + timedelta(minutes=sum(looks))
    at_once, after = next_calls(CHAIN, DAY, 0, end, everyone)
    piecemeal, due, step, now = [], DAY, 0, DAY
    for minutes in looks:
        now += timedelta(minutes=minutes)
        calls, due = next_calls(CHAIN, due, step, now, everyone)
        step += len(calls)
        piecemeal += calls
    assert due == after
    moments = [(c.role, c.at) for c in piecemeal]
    assert [(c.role, c.at) for c in at_once[:-1]] == moments[: len(at_once) - 1]
    assert (at_once[-1].role, at_once[-1].at) == moments[-1]


def test_a_chain_has_links_and_time_to_answer() -> None:
    with pytest.raises(InvalidInput):
        next_calls((), DAY, 0, DAY, everyone)
    with pytest.raises(InvalidInput):
        Link("officer", 0)

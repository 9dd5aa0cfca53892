"""The law of alarms, sentence by sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.errors import InvalidInput
from tocsin.server.alarms.configuration import load, parse
from tocsin.server.alarms.facts import SYSTEM, Alarm, Event, Facts, Kind, Role, State
from tocsin.server.alarms.machine import IllegalHistory, Machine, Refused, apply, fold
from tocsin.server.alarms.rules import CLOSABLE

K, S = Kind, State
START = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
OFFICER, SUPERVISOR = {Role.OFFICER}, {Role.SUPERVISOR}
EXPERT, AUTHORITY = {Role.EXPERT}, {Role.AUTHORITY}
MEDICAL = Facts(source_class="medical", dose_rate_uSv_h=0.4)
GRAVE = [
    Facts(source_class="medical", neutron=True),
    Facts(source_class="medical", snm_compatible=True),
    Facts(source_class="medical", masked=True),
    Facts(source_class="industrial", nuclear_material=True),
    Facts(source_class="snm"),
    Facts(source_class="unknown"),
]
# One way to each state for an alarm that is not grave: (who, roles, kind, reason)
VERDICT = {"evidence": ("spectrum",), "confidence": 0.9, "cannot_exclude": ()}
TO_EXPERT = [
    ("amina", OFFICER, K.ACKNOWLEDGED, ""),
    ("amina", OFFICER, K.EXPERT_CALLED, "not_identified"),
    ("dieter", EXPERT, K.EXPERT_TOOK, ""),
]
PATHS: dict[State, list[tuple[str, set[Role], Kind, str]]] = {
    S.RAISED: [],
    S.ACK: TO_EXPERT[:1],
    S.PRIMARY: [*TO_EXPERT[:1], ("amina", OFFICER, K.REPEAT_PASS, "")],
    S.FALSE: [
        *TO_EXPERT[:1],
        ("amina", OFFICER, K.REPEAT_PASS, ""),
        ("amina", OFFICER, K.NOT_REPRODUCED, "not_reproduced"),
    ],
    S.SECONDARY: [
        *TO_EXPERT[:1],
        ("amina", OFFICER, K.REPEAT_PASS, ""),
        ("amina", OFFICER, K.REPRODUCED, ""),
    ],
    S.INNOCENT: [*TO_EXPERT, ("dieter", EXPERT, K.INNOCENT, "medical")],
    S.UNRESOLVED: TO_EXPERT[:2],
    S.EXPERT: TO_EXPERT,
    S.EQUIPMENT_FAULT: [*TO_EXPERT, ("dieter", EXPERT, K.EQUIPMENT_FAULT, "gain_drift")],
    S.CONFIRMED: [*TO_EXPERT, ("dieter", EXPERT, K.CONFIRMED, "orphan_source")],
}
PATHS[S.EVENT] = [
    *PATHS[S.CONFIRMED],
    ("carol", SUPERVISOR, K.SCENE_CONTROLLED, "scene_secured"),
]
PATHS[S.NOTIFY] = [
    *PATHS[S.EVENT],
    ("fatou", AUTHORITY, K.NOTIFICATION_DECIDED, "national_list"),
]
PATHS[S.CLOSED] = [*PATHS[S.FALSE], ("amina", OFFICER, K.CLOSED, "no_case")]


@pytest.fixture
def machine() -> Machine:
    return Machine(load())


def do(
    machine: Machine,
    alarm: Alarm,
    kind: Kind,
    actor: str = "amina",
    roles: set[Role] = OFFICER,
    *,
    at: datetime = START,
    close: bool = False,
    **fields: object,
) -> Alarm:
    filled = {**VERDICT, "note": "in words", **fields}
    command = Event(kind, at, actor, **filled)  # type: ignore[arg-type]
    return machine.act(alarm, command, roles, close=close)[0]


def reach(machine: Machine, state: State, facts: Facts = MEDICAL) -> Alarm:
    alarm, _ = machine.raise_alarm(START, facts)
    for actor, roles, kind, reason in PATHS[state]:
        alarm = do(machine, alarm, kind, actor, roles, reason=reason)
    return alarm


def test_an_officer_closes_a_medical_alarm_in_four_actions(machine: Machine) -> None:
    alarm, _ = machine.raise_alarm(START, MEDICAL)
    alarm = do(machine, alarm, K.ACKNOWLEDGED)
    alarm = do(machine, alarm, K.REPEAT_PASS)
    alarm = do(machine, alarm, K.REPRODUCED)
    alarm = do(machine, alarm, K.INNOCENT, reason="medical", close=True)
    assert alarm.state is S.CLOSED
    assert (alarm.reason, alarm.verdict_by) == ("medical", "amina")


def test_only_a_verdict_closes_in_the_same_action(machine: Machine) -> None:
    danger = Facts("medical", dose_rate_uSv_h=500.0)
    alarm = reach(machine, S.INNOCENT)
    with pytest.raises(Refused, match="close_not_with_this_step"):
        do(machine, alarm, K.INFORMATION, reason="tip", facts=danger, close=True)
    assert do(machine, alarm, K.INFORMATION, reason="tip", facts=danger).state is S.EVENT
    with pytest.raises(Refused, match="close_not_with_this_step"):
        do(machine, alarm, K.MEASURED, facts=MEDICAL, close=True)


def test_danger_told_with_a_verdict_keeps_the_alarm_open(machine: Machine) -> None:
    alarm = reach(machine, S.SECONDARY)
    danger = Facts("medical", dose_rate_uSv_h=500.0)
    after = do(machine, alarm, K.INNOCENT, reason="medical", facts=danger, close=True)
    assert (after.state, after.safety) == (S.EVENT, True)


def test_closing_in_one_action_takes_a_reason_of_closing(machine: Machine) -> None:
    alarm = reach(machine, S.PRIMARY)
    with pytest.raises(Refused, match="reason_unknown"):
        do(machine, alarm, K.NOT_REPRODUCED, reason="not_reproduced", close=True)
    steps = {s.kind: s.closes for s in machine.permitted(alarm, "amina", OFFICER)}
    assert steps[K.NOT_REPRODUCED] is False


@pytest.mark.parametrize("facts", GRAVE, ids=lambda f: next(iter(sorted(f.gravity))))
def test_no_officer_decides_a_grave_alarm_alone(machine: Machine, facts: Facts) -> None:
    alarm, _ = machine.raise_alarm(START, facts)
    if alarm.state is S.EVENT:
        assert facts.neutron
        offered = {s.kind for s in machine.permitted(alarm, "amina", OFFICER)}
        assert offered == {K.MEASURED, K.INFORMATION}
        return
    alarm = do(machine, alarm, K.ACKNOWLEDGED)
    alarm = do(machine, alarm, K.REPEAT_PASS)
    gone = do(machine, alarm, K.NOT_REPRODUCED, reason="not_reproduced")
    assert gone.state is S.UNRESOLVED
    alarm = do(machine, alarm, K.REPRODUCED)
    with pytest.raises(Refused, match="not_in_this_state"):
        do(machine, alarm, K.INNOCENT, reason="medical")
    assert not any(s.closes for s in machine.permitted(alarm, "amina", OFFICER))
    alarm = do(machine, alarm, K.EXPERT_CALLED, reason="grave_class")
    alarm = do(machine, alarm, K.EXPERT_TOOK, "dieter", EXPERT)
    with pytest.raises(Refused, match="second_person_needed"):
        do(machine, alarm, K.INNOCENT, "dieter", EXPERT, reason="medical", close=True)
    alarm = do(machine, alarm, K.INNOCENT, "dieter", EXPERT, reason="medical")
    with pytest.raises(Refused, match="second_person_needed"):
        do(machine, alarm, K.CLOSED, reason="medical")
    alarm = do(machine, alarm, K.CLOSE_PROPOSED, "dieter", EXPERT, reason="medical")
    with pytest.raises(Refused, match="same_person"):
        do(machine, alarm, K.CLOSED, "dieter", EXPERT | AUTHORITY, reason="medical")
    assert do(machine, alarm, K.CLOSED, reason="medical").state is S.CLOSED


def test_a_neutron_alarm_is_not_closed_by_two_officers(machine: Machine) -> None:
    alarm, _ = machine.raise_alarm(START, Facts(neutron=True))
    assert alarm.state is S.EVENT
    alarm = do(machine, alarm, K.NOTIFICATION_DECIDED, "fatou", AUTHORITY, reason="no_notification")
    with pytest.raises(Refused, match="area_not_released"):
        do(machine, alarm, K.CLOSE_PROPOSED, reason="no_case")
    alarm = do(machine, alarm, K.AREA_RELEASED, "dieter", EXPERT, reason="below_level")
    alarm = do(machine, alarm, K.CLOSE_PROPOSED, reason="no_case")
    with pytest.raises(Refused, match="expert_or_authority_needed"):
        do(machine, alarm, K.CLOSED, "bruno", OFFICER | SUPERVISOR, reason="no_case")
    assert do(machine, alarm, K.CLOSED, "fatou", AUTHORITY, reason="no_case").state is S.CLOSED


def test_what_happens_between_proposal_and_close_undoes_the_proposal(machine: Machine) -> None:
    alarm = reach(machine, S.NOTIFY)
    alarm = do(machine, alarm, K.CLOSE_PROPOSED, "dieter", EXPERT, reason="case_transferred")
    alarm = do(machine, alarm, K.MEASURED, facts=Facts(source_class="industrial"))
    with pytest.raises(Refused, match="second_person_needed"):
        do(machine, alarm, K.CLOSED, "fatou", AUTHORITY, reason="case_transferred")


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize(
    "facts",
    [Facts(neutron=True), Facts(dose_rate_uSv_h=100.0), Facts(dose_rate_uSv_h=float("nan"))],
)
def test_danger_escalates_from_every_state_at_once(
    machine: Machine, state: State, facts: Facts
) -> None:
    alarm = reach(machine, state)
    assert alarm.state is state
    assert not alarm.safety
    after = do(machine, alarm, K.MEASURED, facts=facts)
    assert after.state is S.EVENT
    assert after.safety
    assert after.last_at == START


def test_below_the_action_level_nothing_is_overridden(machine: Machine) -> None:
    alarm, events = machine.raise_alarm(START, Facts(dose_rate_uSv_h=99.999))
    assert (alarm.state, len(events)) == (S.RAISED, 1)


def test_danger_after_the_release_of_the_area_asks_for_a_new_release(machine: Machine) -> None:
    alarm, _ = machine.raise_alarm(START, Facts(dose_rate_uSv_h=300.0))
    alarm = do(machine, alarm, K.AREA_RELEASED, "dieter", EXPERT, reason="source_removed")
    assert alarm.released
    alarm = do(machine, alarm, K.MEASURED, facts=Facts(dose_rate_uSv_h=250.0))
    assert not alarm.released


@pytest.mark.parametrize(
    ("state", "minutes", "roles"),
    [
        (S.RAISED, 1, [Role.SUPERVISOR, Role.EXPERT, Role.AUTHORITY]),
        (S.ACK, 5, [Role.SUPERVISOR, Role.EXPERT, Role.AUTHORITY]),
        (S.PRIMARY, 5, [Role.SUPERVISOR, Role.EXPERT, Role.AUTHORITY]),
        (S.SECONDARY, 30, [Role.EXPERT, Role.AUTHORITY]),
        (S.UNRESOLVED, 60, [Role.AUTHORITY]),
        (S.EXPERT, 60, [Role.AUTHORITY]),
    ],
)
def test_timers_are_exact_and_call_the_next_role(
    machine: Machine, state: State, minutes: int, roles: list[Role]
) -> None:
    alarm = reach(machine, state)
    tick = timedelta(microseconds=1)
    for count, role in enumerate(roles, start=1):
        due = START + timedelta(minutes=minutes * count)
        assert machine.next_due(alarm) == (due, role)
        same, early = machine.expire(alarm, due - tick)
        assert (same, early) == (alarm, ())
        alarm, events = machine.expire(alarm, due)
        assert [(e.kind, e.at, e.actor, e.role) for e in events] == [
            (K.TIMER_EXPIRED, due, SYSTEM, role)
        ]
        assert alarm.called is role
        assert alarm.state is state
    assert machine.next_due(alarm) is None


def test_a_late_look_at_the_clock_finds_all_expiries_at_their_own_times(machine: Machine) -> None:
    alarm = reach(machine, S.RAISED)
    _, events = machine.expire(alarm, START + timedelta(days=3))
    assert [e.at - START for e in events] == [timedelta(minutes=m) for m in (1, 2, 3)]


def test_a_command_records_first_what_expired_before_it(machine: Machine) -> None:
    alarm = reach(machine, S.RAISED)
    late = Event(K.ACKNOWLEDGED, START + timedelta(seconds=61), "amina")
    alarm, events = machine.act(alarm, late, OFFICER)
    assert [e.kind for e in events] == [K.TIMER_EXPIRED, K.ACKNOWLEDGED]
    assert alarm.state is S.ACK


def test_acknowledging_twice_does_not_restart_the_primary_timer(machine: Machine) -> None:
    alarm = reach(machine, S.ACK)
    later = START + timedelta(minutes=4)
    alarm = do(machine, alarm, K.REPEAT_PASS, at=later)
    assert machine.next_due(alarm) == (START + timedelta(minutes=5), Role.SUPERVISOR)


@pytest.mark.parametrize(
    ("state", "kind", "actor", "roles", "reason"),
    [
        (S.PRIMARY, K.NOT_REPRODUCED, "amina", OFFICER, "not_reproduced"),
        (S.SECONDARY, K.INNOCENT, "amina", OFFICER, "medical"),
        (S.SECONDARY, K.EXPERT_CALLED, "amina", OFFICER, "not_identified"),
        (S.EXPERT, K.INNOCENT, "dieter", EXPERT, "medical"),
        (S.EXPERT, K.CONFIRMED, "dieter", EXPERT, "orphan_source"),
        (S.EXPERT, K.EQUIPMENT_FAULT, "dieter", EXPERT, "gain_drift"),
        (S.EXPERT, K.FALSE, "dieter", EXPERT, "background"),
        (S.FALSE, K.CLOSED, "amina", OFFICER, "no_case"),
        (S.CLOSED, K.REOPENED, "amina", OFFICER, "wrong_entry"),
    ],
)
def test_a_reason_is_mandatory(
    machine: Machine, state: State, kind: Kind, actor: str, roles: set[Role], reason: str
) -> None:
    alarm = reach(machine, state)
    for nothing in ("", "   "):
        with pytest.raises(Refused, match="reason_needed"):
            do(machine, alarm, kind, actor, roles, reason=nothing)
    with pytest.raises(Refused, match="reason_unknown"):
        do(machine, alarm, kind, actor, roles, reason="because")
    with pytest.raises(Refused, match="actor_needed"):
        do(machine, alarm, kind, "", roles, reason=reason)
    with pytest.raises(Refused, match="person_needed"):
        do(machine, alarm, kind, SYSTEM, roles, reason=reason)
    do(machine, alarm, kind, actor, roles, reason=reason)


@pytest.mark.parametrize("kind", [K.INNOCENT, K.FALSE, K.EQUIPMENT_FAULT, K.CONFIRMED])
@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        ({"confidence": None}, "confidence_needed"),
        ({"confidence": 1.5}, "confidence_needed"),
        ({"confidence": float("nan")}, "confidence_needed"),
        ({"cannot_exclude": None}, "cannot_exclude_needed"),
        ({"evidence": ()}, "evidence_needed"),
    ],
)
def test_an_expert_answers_with_confidence_and_with_what_is_not_excluded(
    machine: Machine, kind: Kind, missing: dict[str, object], problem: str
) -> None:
    alarm = reach(machine, S.EXPERT)
    reason = machine.configuration.reasons_for(kind)[0]
    with pytest.raises(Refused, match=problem):
        do(machine, alarm, kind, "dieter", EXPERT, reason=reason, **missing)


def test_facts_that_make_it_grave_take_a_verdict_back(machine: Machine) -> None:
    for state in (S.FALSE, S.INNOCENT, S.EQUIPMENT_FAULT, S.CLOSED):
        alarm = reach(machine, state)
        after = do(machine, alarm, K.MEASURED, facts=Facts(snm_compatible=True))
        assert after.state is S.UNRESOLVED


def test_information_is_a_second_trigger_of_an_alarm_that_was_closed(machine: Machine) -> None:
    alarm = reach(machine, S.CLOSED)
    harmless = do(machine, alarm, K.INFORMATION, reason="tip", facts=Facts())
    assert harmless.state is S.CLOSED
    grave = do(machine, alarm, K.INFORMATION, reason="missing_source", facts=Facts("snm"))
    assert grave.state is S.UNRESOLVED


def test_only_a_new_event_reverses(machine: Machine) -> None:
    for state, actor, roles in (
        (S.CONFIRMED, "dieter", EXPERT),
        (S.NOTIFY, "fatou", AUTHORITY),
        (S.CLOSED, "bruno", OFFICER),
    ):
        alarm = reach(machine, state)
        back = do(machine, alarm, K.REOPENED, actor, roles, reason="new_evidence")
        assert (
            back.state is {S.CONFIRMED: S.EXPERT, S.NOTIFY: S.EVENT, S.CLOSED: S.SECONDARY}[state]
        )
        assert back.confirmed is alarm.confirmed


def test_a_history_that_was_changed_is_refused(machine: Machine) -> None:
    alarm, events = machine.raise_alarm(START, MEDICAL)
    history = list(events)
    for actor, roles, kind, reason in PATHS[S.CLOSED]:
        command = Event(kind, START, actor, reason=reason, note="x", evidence=("y",))
        alarm, events = machine.act(alarm, command, roles)
        history += events
    assert fold(history) == alarm
    for place in range(len(history) - 1):  # a lost end is found by the audit log, not here
        with pytest.raises(IllegalHistory):
            fold(history[:place] + history[place + 1 :])
    with pytest.raises(IllegalHistory):
        fold([])
    nameless = replace(history[-1], reason="")
    with pytest.raises(IllegalHistory):
        fold([*history[:-1], nameless])


def test_time_runs_forward_and_carries_a_zone(machine: Machine) -> None:
    alarm = reach(machine, S.RAISED)
    with pytest.raises(Refused, match="before_the_last_event"):
        do(machine, alarm, K.ACKNOWLEDGED, at=START - timedelta(seconds=1))
    with pytest.raises(InvalidInput):
        apply(alarm, Event(K.ACKNOWLEDGED, START.replace(tzinfo=None), "amina", Role.OFFICER))


def test_permitted_steps_are_exactly_those_that_are_not_refused(machine: Machine) -> None:
    people = {"amina": OFFICER, "dieter": EXPERT, "fatou": AUTHORITY, "none": set[Role]()}
    for state in State:
        for facts in (MEDICAL, Facts(masked=True)):
            if state in CLOSABLE | {S.CLOSED, S.FALSE} and facts.grave:
                continue
            alarm = (
                reach(machine, state, facts) if state is not S.SECONDARY else reach(machine, state)
            )
            for actor, roles in people.items():
                offered = {s.kind for s in machine.permitted(alarm, actor, roles)}
                for kind in Kind:
                    codes = machine.configuration.reasons_for(kind)
                    try:
                        do(
                            machine,
                            alarm,
                            kind,
                            actor,
                            roles,
                            reason=codes[0] if codes else "",
                            facts=Facts(),
                        )
                    except Refused:
                        assert kind not in offered, (state, actor, kind)
                    else:
                        assert kind in offered, (state, actor, kind)


def test_every_value_of_the_configuration_says_whether_it_has_a_basis() -> None:
    configuration = load()
    cited = {t.name for t in configuration.timers.values() if t.basis.cited}
    assert cited == {"SECONDARY", "EXPERT"}
    assert {t.name: t.limit_min for t in configuration.timers.values()} == {
        "ACK": 1,
        "PRIMARY": 5,
        "SECONDARY": 30,
        "EXPERT": 60,
    }
    assert configuration.levels.dose_rate_basis.url
    for reason in configuration.reasons.values():
        assert reason.title["en"]
        assert reason.title["fr"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"limit_min": 5', '"limit_min": 0'),
        ('"name": "PRIMARY"', '"name": "OTHER"'),
        ('"value": 100', '"value": 0'),
        ('"verification": "default"', '"verification": "sure"'),
        ("tocsin.alarm-configuration/1", "tocsin.alarm-configuration/9"),
        ("any neutron alarm of the instrument", "never"),
    ],
)
def test_a_configuration_that_switches_protection_off_is_refused(old: str, new: str) -> None:
    from importlib.resources import files

    text = files("tocsin.server.alarms").joinpath("data/configuration.json").read_text("utf-8")
    assert old in text
    with pytest.raises(InvalidInput):
        parse(text.replace(old, new))

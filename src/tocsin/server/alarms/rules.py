"""The transitions of an alarm as a table: who may do what in which state, and what it needs.

The table is the whole law: pages and the API offer what it permits, the fold of a history refuses
what it does not. States and conditions follow the adjudication chain that reference material on
nuclear security systems describes (front-line officer, secondary inspection, expert support).
Three additions that only make it stricter or let help be called earlier:

- a grave alarm that is not reproduced goes to the expert instead of becoming *false*;
- an expert can be called from every stage of the officer's work;
- an expert can find that nothing exceeds the background (*false*).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.server.alarms.facts import SYSTEM, Alarm, Event, Facts, Kind, Role, State

S, K = State, Kind

STAGES: dict[State, str] = {
    S.RAISED: "ACK",
    S.ACK: "PRIMARY",
    S.PRIMARY: "PRIMARY",
    S.SECONDARY: "SECONDARY",
    S.UNRESOLVED: "EXPERT",
    S.EXPERT: "EXPERT",
}
"""Timer that runs in a state. It starts with the stage, not with each state of it."""

DECIDED = frozenset({S.FALSE, S.INNOCENT, S.EQUIPMENT_FAULT})
"""States of a verdict that says: no case."""

CLOSABLE = DECIDED | {S.NOTIFY}

_FIELD = frozenset({Role.OFFICER, Role.SUPERVISOR})
_EXPERT = frozenset({Role.EXPERT})
_COMMAND = frozenset({Role.SUPERVISOR, Role.EXPERT, Role.AUTHORITY})
_SENIOR = frozenset({Role.EXPERT, Role.AUTHORITY})
_ALL = frozenset(Role)
_ANY_STATE = frozenset(State)
_VERDICT = ("reason", "evidence", "confidence", "cannot_exclude")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Parameters
    ----------
    kind : Kind
        The event.
    sources : frozenset of State
        States in which it may happen.
    to : State, optional
        State after it; None where the state stays as it is.
    roles : frozenset of Role
        Roles that may do it; empty where only the system does.
    needs : tuple of str
        Fields of the event that must be filled.
    grave : bool, optional
        True: only for a grave alarm; False: never for one; None: for both.
    """

    kind: Kind
    sources: frozenset[State]
    to: State | None
    roles: frozenset[Role]
    needs: tuple[str, ...] = ()
    grave: bool | None = None


def _rule(
    kind: Kind,
    sources: set[State] | frozenset[State],
    to: State | None,
    roles: frozenset[Role],
    *needs: str,
    grave: bool | None = None,
) -> Rule:
    return Rule(kind, frozenset(sources), to, roles, needs, grave)


RULES: tuple[Rule, ...] = (
    _rule(K.ACKNOWLEDGED, {S.RAISED}, S.ACK, _ALL),
    _rule(K.REPEAT_PASS, {S.ACK}, S.PRIMARY, _FIELD),
    _rule(K.REPRODUCED, {S.PRIMARY}, S.SECONDARY, _FIELD),
    _rule(K.NOT_REPRODUCED, {S.PRIMARY}, S.FALSE, _FIELD, "reason", grave=False),
    _rule(K.NOT_REPRODUCED, {S.PRIMARY}, S.UNRESOLVED, _FIELD, "reason", grave=True),
    _rule(K.INNOCENT, {S.SECONDARY}, S.INNOCENT, _FIELD, "reason", "evidence", grave=False),
    _rule(K.EXPERT_CALLED, {S.ACK, S.PRIMARY, S.SECONDARY}, S.UNRESOLVED, _FIELD, "reason"),
    _rule(K.EXPERT_TOOK, {S.UNRESOLVED}, S.EXPERT, _EXPERT),
    _rule(K.INNOCENT, {S.EXPERT}, S.INNOCENT, _EXPERT, *_VERDICT),
    _rule(K.FALSE, {S.EXPERT}, S.FALSE, _EXPERT, *_VERDICT),
    _rule(K.EQUIPMENT_FAULT, {S.EXPERT}, S.EQUIPMENT_FAULT, _EXPERT, *_VERDICT),
    _rule(K.CONFIRMED, {S.EXPERT}, S.CONFIRMED, _EXPERT, *_VERDICT),
    # A dangerous alarm is an event before anybody has judged it: the expert judges it there.
    *(
        _rule(kind, {S.EVENT, S.NOTIFY}, None, _EXPERT, *_VERDICT)
        for kind in (K.INNOCENT, K.FALSE, K.EQUIPMENT_FAULT, K.CONFIRMED)
    ),
    _rule(K.SCENE_CONTROLLED, {S.CONFIRMED}, S.EVENT, _COMMAND, "reason", "note"),
    _rule(K.NOTIFICATION_DECIDED, {S.EVENT}, S.NOTIFY, frozenset({Role.AUTHORITY}), "reason"),
    _rule(K.AREA_RELEASED, {S.EVENT, S.NOTIFY}, None, _SENIOR, "reason", "evidence"),
    _rule(K.CLOSE_PROPOSED, CLOSABLE, None, _ALL, "reason"),
    _rule(K.CLOSED, CLOSABLE, S.CLOSED, _ALL, "reason"),
    _rule(K.REOPENED, DECIDED, S.SECONDARY, _ALL, "reason", grave=False),
    _rule(K.REOPENED, DECIDED, S.UNRESOLVED, _ALL, "reason", grave=True),
    _rule(K.REOPENED, {S.CONFIRMED}, S.EXPERT, _EXPERT, "reason"),
    _rule(K.REOPENED, {S.NOTIFY}, S.EVENT, _SENIOR, "reason"),
    _rule(K.REOPENED, {S.CLOSED}, S.UNRESOLVED, _ALL, "reason"),
    _rule(K.OPINION, _ANY_STATE - {S.CLOSED}, None, _EXPERT, "confidence", "cannot_exclude"),
    _rule(K.MEASURED, _ANY_STATE, None, _ALL, "facts", "note"),
    _rule(K.INFORMATION, _ANY_STATE, None, _ALL, "facts", "reason", "note"),
    _rule(K.SAFETY_OVERRIDE, _ANY_STATE, S.EVENT, frozenset(), "levels"),
    _rule(K.TIMER_EXPIRED, frozenset(STAGES), None, frozenset(), "timer", "role"),
)


def rules_for(alarm: Alarm) -> Iterator[Rule]:
    """Rows of the table that apply in the present state, whoever asks."""
    for rule in RULES:
        if alarm.state not in rule.sources:
            continue
        if rule.grave is not None and rule.grave is not alarm.facts.grave:
            continue
        if rule.kind is K.CLOSE_PROPOSED and not alarm.two_persons:
            continue
        if rule.kind is K.AREA_RELEASED and not alarm.safety:
            continue
        yield rule


def rule_of(alarm: Alarm, kind: Kind) -> Rule | None:
    """The row for one kind of event in the present state, or None where there is none."""
    return next((rule for rule in rules_for(alarm) if rule.kind is kind), None)


def close_problem(alarm: Alarm, actor: str, role: Role | None) -> str:
    """Why this person may not close the alarm now, as a code; empty where the person may."""
    if alarm.safety and not alarm.released:
        return "area_not_released"
    if not alarm.two_persons:
        return ""
    if not alarm.close_proposed_by:
        return "second_person_needed"
    if alarm.close_proposed_by == actor:
        return "same_person"
    if not {role, alarm.close_proposed_as} & _SENIOR:
        return "expert_or_authority_needed"
    return ""


def _missing(event: Event, needed: tuple[str, ...]) -> Iterator[str]:
    for name in needed:
        value = getattr(event, name)
        if name == "cannot_exclude":
            empty = value is None
        elif name == "confidence":
            empty = value is None or not 0.0 <= value <= 1.0
        elif isinstance(value, str):
            empty = not value.strip()
        elif isinstance(value, tuple):
            empty = not any(part.strip() for part in value)
        else:
            empty = value is None
        if empty:
            yield f"{name}_needed"


def problems(alarm: Alarm, event: Event) -> tuple[str, ...]:
    """Everything that forbids an event now, as codes; empty where it is lawful."""
    if alarm.last_at is not None and event.at < alarm.last_at:
        return ("before_the_last_event",)
    rule = rule_of(alarm, event.kind)
    if rule is None:
        return ("not_in_this_state",)
    found = list(_missing(event, rule.needs))
    by_system = event.actor == SYSTEM
    if not event.actor:
        found.append("actor_needed")
    if rule.roles:
        # A second measurement or a notice may come from a machine; a decision never does.
        if by_system and event.kind not in (K.MEASURED, K.INFORMATION):
            found.append("person_needed")
        elif not by_system and event.role not in rule.roles:
            found.append("role_not_permitted")
    elif not by_system:
        found.append("system_only")
    if event.kind is K.CLOSED and (problem := close_problem(alarm, event.actor, event.role)):
        found.append(problem)
    if event.kind is K.CLOSE_PROPOSED and alarm.safety and not alarm.released:
        found.append("area_not_released")
    if event.kind is K.TIMER_EXPIRED and event.timer != alarm.timer:
        found.append("timer_not_running")
    return tuple(found)


def target(alarm: Alarm, event: Event, facts: Facts) -> State:
    """State after a lawful event, given the facts that then hold."""
    rule = rule_of(alarm, event.kind)
    if rule is None:
        msg = f"no rule for {event.kind} in {alarm.state}"
        raise LookupError(msg)
    if event.kind is K.REOPENED and alarm.state is S.CLOSED:
        if alarm.safety or alarm.confirmed:
            return S.EVENT
        return S.UNRESOLVED if facts.grave else S.SECONDARY
    if rule.to is not None:
        return rule.to
    graver = facts.gravity - alarm.facts.gravity
    if graver and alarm.state in DECIDED | {S.CLOSED}:
        # The verdict was given without these facts: it does not stand.
        return S.UNRESOLVED
    return alarm.state

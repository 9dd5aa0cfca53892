"""The state machine of an alarm: fold of events, permitted steps, timers and safety override.

:func:`fold` turns a history into the present :class:`~tocsin.server.alarms.facts.Alarm` and refuses
a history that the table of :mod:`tocsin.server.alarms.rules` does not permit. :class:`Machine` adds
what is configuration (timers, action levels, codes of reasons) and makes the events of one command:
timers that expired before it first, then the command, then the safety override where it is due.
Nothing here reads a clock or a database.

No event closes an alarm without a person: the innocent verdict of a machine does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.errors import InvalidInput, TocsinError
from tocsin.server.alarms.configuration import Configuration
from tocsin.server.alarms.facts import SYSTEM, Alarm, Event, Facts, Kind, Role, State, Trigger
from tocsin.server.alarms.rules import STAGES, close_problem, problems, rules_for, target
from tocsin.server.problems import StoredUnreadable

K, S = Kind, State

CHAIN: tuple[Role, ...] = (Role.OFFICER, Role.SUPERVISOR, Role.EXPERT, Role.AUTHORITY)

AUTOMATIC = frozenset({K.SAFETY_OVERRIDE, K.TIMER_EXPIRED})
"""Kinds that no person may command."""

CLOSING_VERDICTS = frozenset({S.FALSE, S.INNOCENT})
"""Verdicts with which one person may close in the same action."""


class Refused(TocsinError):
    """A step is not permitted; ``problems`` holds the codes of all reasons."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(self.problems))


class IllegalHistory(StoredUnreadable):
    """Stored events cannot have happened in this order, or are of a kind that nobody here knows."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a person may take now.

    Parameters
    ----------
    kind : Kind
        The event that the step makes.
    needs : tuple of str
        What the person must fill in.
    closes : bool
        The same action may close the alarm too, with the same reason.
    """

    kind: Kind
    needs: tuple[str, ...]
    closes: bool = False


def _begin(event: Event) -> Alarm:
    if event.kind is not K.RAISED or event.facts is None or event.trigger is None:
        raise IllegalHistory("a history begins with a raised alarm, its trigger and its facts")
    if event.trigger is Trigger.INFORMATION and not (event.reason and event.note.strip()):
        raise IllegalHistory("an alarm from information names its kind and what was said")
    if not event.actor:
        raise IllegalHistory("a raised alarm names who or what raised it")
    return Alarm(
        state=S.RAISED,
        since=event.at,
        raised_at=event.at,
        trigger=event.trigger,
        facts=event.facts,
        timer=STAGES[S.RAISED],
        timer_started=event.at,
        reason=event.reason,
        last_at=event.at,
    )


def apply(alarm: Alarm | None, event: Event) -> Alarm:
    """The alarm after one more event.

    Raises
    ------
    IllegalHistory
        The event is not lawful in the present state; the message holds the codes.
    """
    if event.at.tzinfo is None:
        raise InvalidInput("times of events carry a time zone")
    if alarm is None:
        return _begin(event)
    if found := problems(alarm, event):
        raise IllegalHistory(f"{event.kind} in {alarm.state}: {', '.join(found)}")
    facts = alarm.facts.joined(event.facts) if event.facts is not None else alarm.facts
    state = target(alarm, event, facts)
    after = replace(alarm, state=state, facts=facts, last_at=event.at)
    if state is not alarm.state:
        after = replace(after, since=event.at)
        if STAGES.get(state, "") != alarm.timer:
            stage = STAGES.get(state, "")
            after = replace(
                after, timer=stage, timer_started=event.at if stage else None, timer_expiries=0
            )
    return _remember(after, event)


def _remember(alarm: Alarm, event: Event) -> Alarm:
    """What outlasts the state: who proposed to close, who decided, what was called and released."""
    kind = event.kind
    if kind is K.TIMER_EXPIRED:
        role = event.role or alarm.called
        called = max(alarm.called, role, key=CHAIN.index)
        return replace(alarm, timer_expiries=alarm.timer_expiries + 1, called=called)
    if kind is K.OPINION:
        return alarm
    if kind is K.CLOSE_PROPOSED:
        return replace(alarm, close_proposed_by=event.actor, close_proposed_as=event.role)
    # Whatever else happens, a proposal to close was made without it.
    alarm = replace(alarm, close_proposed_by="", close_proposed_as=None)
    if kind is K.AREA_RELEASED:
        return replace(alarm, released=True)
    if kind is K.SAFETY_OVERRIDE:
        return replace(alarm, safety=True, released=False)
    if kind is K.EXPERT_CALLED or alarm.state is S.UNRESOLVED:
        alarm = replace(alarm, called=max(alarm.called, Role.EXPERT, key=CHAIN.index))
    if kind in (K.INNOCENT, K.FALSE, K.NOT_REPRODUCED, K.EQUIPMENT_FAULT, K.CONFIRMED):
        confirmed = alarm.confirmed or kind is K.CONFIRMED
        return replace(alarm, verdict_by=event.actor, reason=event.reason, confirmed=confirmed)
    return alarm


def fold(events: Iterable[Event]) -> Alarm:
    """The present alarm of a history.

    Raises
    ------
    IllegalHistory
        The history is empty or not lawful.
    """
    alarm: Alarm | None = None
    for event in events:
        alarm = apply(alarm, event)
    if alarm is None:
        raise IllegalHistory("an alarm without events")
    return alarm


class Machine:
    """Makes the events of commands and timers under one configuration.

    Parameters
    ----------
    configuration : Configuration
        Timers, action levels and codes of reasons that are in force.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration

    def exceeded(self, facts: Facts) -> tuple[str, ...]:
        """Names of the action levels that these facts reach."""
        levels = self.configuration.levels
        found = []
        if facts.neutron and levels.neutron_alarm:
            found.append("neutron")
        rate = facts.dose_rate_uSv_h
        # A rate that is not a number is an instrument out of its range, not a safe place.
        if rate is not None and not rate < levels.dose_rate_uSv_h:
            found.append("dose_rate")
        return tuple(found)

    def raise_alarm(
        self,
        at: datetime,
        facts: Facts,
        *,
        trigger: Trigger = Trigger.INSTRUMENT,
        actor: str = SYSTEM,
        reason: str = "",
        note: str = "",
    ) -> tuple[Alarm, tuple[Event, ...]]:
        """A new alarm and its first events; an exceeded action level escalates it at once."""
        if trigger is Trigger.INFORMATION:
            missing = [] if note.strip() else ["note_needed"]
            if reason not in self.configuration.reasons_for(K.INFORMATION):
                missing.append("reason_unknown")
            if actor == SYSTEM:
                missing.append("person_needed")
            if missing:
                raise Refused(missing)
        first = Event(K.RAISED, at, actor, reason=reason, note=note, facts=facts, trigger=trigger)
        return self._with_override(apply(None, first), (first,), first)

    def _with_override(
        self, alarm: Alarm, events: tuple[Event, ...], cause: Event
    ) -> tuple[Alarm, tuple[Event, ...]]:
        levels = self.exceeded(cause.facts) if cause.facts is not None else ()
        if not levels:
            return alarm, events
        override = Event(K.SAFETY_OVERRIDE, cause.at, SYSTEM, levels=levels, facts=cause.facts)
        return apply(alarm, override), (*events, override)

    def next_due(self, alarm: Alarm) -> tuple[datetime, Role] | None:
        """When the running timer expires next and whom it then calls; None where none runs."""
        if alarm.timer_started is None:
            return None
        timer = self.configuration.timers[alarm.timer]
        place = CHAIN.index(timer.responsible) + 1 + alarm.timer_expiries
        if place >= len(CHAIN):
            return None
        due = alarm.timer_started + timedelta(minutes=timer.limit_min) * (alarm.timer_expiries + 1)
        return due, CHAIN[place]

    def expire(self, alarm: Alarm, now: datetime) -> tuple[Alarm, tuple[Event, ...]]:
        """Expiries up to and including ``now``, each stamped with the moment it was due."""
        events: list[Event] = []
        while (upcoming := self.next_due(alarm)) is not None and upcoming[0] <= now:
            due, role = upcoming
            # After a limit was shortened the moment may lie before events that were recorded.
            at = due if alarm.last_at is None else max(due, alarm.last_at)
            event = Event(K.TIMER_EXPIRED, at, SYSTEM, role=role, timer=alarm.timer)
            alarm = apply(alarm, event)
            events.append(event)
        return alarm, tuple(events)

    def permitted(self, alarm: Alarm, actor: str, roles: Collection[Role]) -> tuple[Step, ...]:
        """Steps that this person may take now, and nothing else."""
        steps = []
        codes = self.configuration.reasons_for
        for rule in rules_for(alarm):
            if rule.kind in AUTOMATIC:
                continue
            role = _acting_role(rule.roles, roles)
            if role is None:
                continue
            if rule.kind is K.CLOSED and close_problem(alarm, actor, role):
                continue
            if rule.kind is K.CLOSE_PROPOSED and (
                alarm.close_proposed_by or (alarm.safety and not alarm.released)
            ):
                continue
            closes = (
                rule.to in CLOSING_VERDICTS
                and not alarm.two_persons
                and not set(codes(rule.kind)).isdisjoint(codes(K.CLOSED))
            )
            steps.append(Step(rule.kind, rule.needs, closes))
        return tuple(steps)

    def act(
        self, alarm: Alarm, command: Event, roles: Collection[Role], *, close: bool = False
    ) -> tuple[Alarm, tuple[Event, ...]]:
        """Carry out one command of a person (or a second measurement).

        Parameters
        ----------
        alarm : Alarm
            The alarm as its events stand.
        command : Event
            What the person does; its ``role`` is chosen here among ``roles``.
        roles : collection of Role
            Roles that the person holds now.
        close : bool
            Close with the same reason in the same action, where one person may. Where the facts of
            the command reach an action level, the override comes first and the alarm stays open.

        Returns
        -------
        Alarm, tuple of Event
            The alarm after it, and all new events in order.

        Raises
        ------
        Refused
            The table, the roles, a missing reason or the two-person rule forbid it.
        """
        alarm, events = self.expire(alarm, command.at)
        if command.kind in AUTOMATIC or command.kind is K.RAISED:
            raise Refused(("system_only",))
        rule = next((r for r in rules_for(alarm) if r.kind is command.kind), None)
        role = _acting_role(rule.roles, roles) if rule is not None else None
        command = replace(command, role=role)
        found = list(problems(alarm, command))
        if command.reason and command.reason not in self.configuration.reasons_for(command.kind):
            found.append("reason_unknown")
        if close and (rule is None or rule.to not in CLOSING_VERDICTS):
            found.append("close_not_with_this_step")
        if found:
            raise Refused(found)
        after, events = self._with_override(apply(alarm, command), (*events, command), command)
        if not close or events[-1] is not command:
            return after, events
        closing = replace(command, kind=K.CLOSED, facts=None)
        found = list(problems(after, closing))
        if closing.reason not in self.configuration.reasons_for(K.CLOSED):
            found.append("reason_unknown")
        if found:
            raise Refused(found)
        return apply(after, closing), (*events, closing)


def _acting_role(permitted: Collection[Role], held: Collection[Role]) -> Role | None:
    """The highest of a person's roles that a rule permits."""
    both = [role for role in CHAIN if role in permitted and role in held]
    return both[-1] if both else None

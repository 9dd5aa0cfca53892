"""What an alarm is made of: states, kinds of events, what was measured, and the events themselves.

An alarm is a list of events that only grows. Its state is never stored as the truth: it is what
:func:`tocsin.server.alarms.machine.fold` makes of the list. This module holds the values, without
any rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.nuclear.classes import GRAVITY

SYSTEM = "system"
"""Actor of what no person did: a raised alarm, an expired timer, an exceeded action level."""


class State(StrEnum):
    """States of an alarm."""

    RAISED = "raised"
    ACK = "ack"
    PRIMARY = "primary"
    FALSE = "false"
    SECONDARY = "secondary"
    INNOCENT = "innocent"
    UNRESOLVED = "unresolved"
    EXPERT = "expert"
    EQUIPMENT_FAULT = "equipment_fault"
    CONFIRMED = "confirmed"
    EVENT = "event"
    NOTIFY = "notify"
    CLOSED = "closed"


class Kind(StrEnum):
    """Kinds of events in the life of an alarm."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    REPEAT_PASS = "repeat_pass"  # noqa: S105 - a second pass with the instrument, no password
    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not_reproduced"
    EXPERT_CALLED = "expert_called"
    EXPERT_TOOK = "expert_took"
    INNOCENT = "innocent"
    FALSE = "false"
    EQUIPMENT_FAULT = "equipment_fault"
    CONFIRMED = "confirmed"
    OPINION = "opinion"
    MEASURED = "measured"
    INFORMATION = "information"
    SAFETY_OVERRIDE = "safety_override"
    SCENE_CONTROLLED = "scene_controlled"
    AREA_RELEASED = "area_released"
    NOTIFICATION_DECIDED = "notification_decided"
    CLOSE_PROPOSED = "close_proposed"
    CLOSED = "closed"
    REOPENED = "reopened"
    TIMER_EXPIRED = "timer_expired"


class Role(StrEnum):
    """Roles of the chain that an alarm climbs, lowest first."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    EXPERT = "expert"
    AUTHORITY = "authority"


class Trigger(StrEnum):
    """What raised an alarm: an instrument, or information that somebody gave."""

    INSTRUMENT = "instrument"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is measured or told about an alarm; of several statements the gravest counts.

    Parameters
    ----------
    source_class : str
        Class of the encounter: ``snm``, ``unknown``, ``industrial``, ``medical``, ``norm``, or
        empty where nothing is identified (an information alert).
    neutron : bool
        The neutron count rate exceeded the threshold of the instrument's detector.
    snm_compatible : bool
        Special nuclear material is among the explanations that are not excluded.
    masked : bool
        The spectrum may hide something: shielding, or a second source under an innocent one.
    nuclear_material : bool
        Uranium or thorium as material (depleted uranium also), not natural surroundings.
    dose_rate_uSv_h : float, optional
        Largest ambient dose rate that was measured.
    """

    source_class: str = ""
    neutron: bool = False
    snm_compatible: bool = False
    masked: bool = False
    nuclear_material: bool = False
    dose_rate_uSv_h: float | None = None

    @property
    def gravity(self) -> frozenset[str]:
        """What makes it grave, as codes; empty for an alarm that one officer may decide."""
        flags = {
            "neutron": self.neutron,
            "snm_compatible": self.snm_compatible,
            "masked": self.masked,
            "nuclear_material": self.nuclear_material,
            "snm": self.source_class == "snm",
            "unknown": self.source_class == "unknown",
        }
        return frozenset(name for name, raised in flags.items() if raised)

    @property
    def grave(self) -> bool:
        """True where no single officer may give an innocent verdict and no machine may ever."""
        return bool(self.gravity)

    def joined(self, other: Facts) -> Facts:
        """Both statements together: nothing that was grave becomes harmless by a later one."""
        order = (*GRAVITY, "")
        rates = [r for r in (self.dose_rate_uSv_h, other.dose_rate_uSv_h) if r is not None]
        return Facts(
            source_class=min(self.source_class, other.source_class, key=order.index),
            neutron=self.neutron or other.neutron,
            snm_compatible=self.snm_compatible or other.snm_compatible,
            masked=self.masked or other.masked,
            nuclear_material=self.nuclear_material or other.nuclear_material,
            dose_rate_uSv_h=max(rates) if rates else None,
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One fact in the life of an alarm. What a kind does not need stays empty.

    Parameters
    ----------
    kind : Kind
        What happened.
    at : datetime
        When it counts (aware); for an expired timer the moment at which it was due.
    actor : str
        Who: identity of a person, or :data:`SYSTEM`.
    role : Role, optional
        The role in which the person acted; for an expired timer the role that is called next.
    reason : str
        A code of ``data/reasons.json``.
    note : str
        The reason in the person's own words.
    evidence : tuple of str
        What the verdict rests on: documents, measurements, interviews.
    facts : Facts, optional
        What was measured or told, for kinds that carry it.
    confidence : float, optional
        Probability that the expert gives to the own answer, 0 to 1.
    cannot_exclude : tuple of str, optional
        What the expert cannot exclude; an empty tuple says that nothing is left.
    timer : str
        Name of the expired timer.
    levels : tuple of str
        Action levels that were exceeded, by the configuration in force at that moment.
    recipients : tuple of str
        To whom a person decided to notify.
    trigger : Trigger, optional
        What raised the alarm; only the first event has it.
    """

    kind: Kind
    at: datetime
    actor: str
    role: Role | None = None
    reason: str = ""
    note: str = ""
    evidence: tuple[str, ...] = ()
    facts: Facts | None = None
    confidence: float | None = None
    cannot_exclude: tuple[str, ...] | None = None
    timer: str = ""
    levels: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    trigger: Trigger | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the events so far make of an alarm."""

    state: State
    since: datetime
    """When the present state was entered."""
    raised_at: datetime
    trigger: Trigger
    facts: Facts
    timer: str = ""
    """Name of the running timer, empty where none runs."""
    timer_started: datetime | None = None
    timer_expiries: int = 0
    """How often the running timer has expired already."""
    called: Role = Role.OFFICER
    """Highest role that has been called so far."""
    safety: bool = False
    """An action level was exceeded: a response sheet must be kept and the area released."""
    released: bool = False
    confirmed: bool = False
    """The alarm was confirmed as not innocent at some time."""
    verdict_by: str = ""
    """Who gave the verdict that stands."""
    reason: str = ""
    close_proposed_by: str = ""
    close_proposed_as: Role | None = None
    last_at: datetime | None = None

    @property
    def two_persons(self) -> bool:
        """Two persons must close: what was grave, confirmed or dangerous once stays so."""
        return self.facts.grave or self.confirmed or self.safety

    @property
    def open(self) -> bool:
        """True until the alarm is closed."""
        return self.state is not State.CLOSED

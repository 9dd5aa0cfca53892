"""A second, slower statement of the law of alarms, written apart from the code under test.

The oracle of the random sequences: a dictionary of what a person of each role may do, flat code for
the exceptions, and a list of minutes for the timers. It shares no function with the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

FIELD = {"officer", "supervisor"}
SENIOR = {"expert", "authority"}
EVERYONE = FIELD | SENIOR

# (state, what) -> (state after it, roles); exceptions are in ``expected``
TABLE: dict[tuple[str, str], tuple[str, set[str]]] = {
    ("raised", "acknowledged"): ("ack", EVERYONE),
    ("ack", "repeat_pass"): ("primary", FIELD),
    ("ack", "expert_called"): ("unresolved", FIELD),
    ("primary", "expert_called"): ("unresolved", FIELD),
    ("primary", "reproduced"): ("secondary", FIELD),
    ("primary", "not_reproduced"): ("false", FIELD),
    ("secondary", "expert_called"): ("unresolved", FIELD),
    ("secondary", "innocent"): ("innocent", FIELD),
    ("unresolved", "expert_took"): ("expert", {"expert"}),
    ("expert", "innocent"): ("innocent", {"expert"}),
    ("expert", "false"): ("false", {"expert"}),
    ("expert", "equipment_fault"): ("equipment_fault", {"expert"}),
    ("expert", "confirmed"): ("confirmed", {"expert"}),
    ("confirmed", "scene_controlled"): ("event", {"supervisor", "expert", "authority"}),
    ("confirmed", "reopened"): ("expert", {"expert"}),
    ("event", "notification_decided"): ("notify", {"authority"}),
    ("event", "area_released"): ("event", SENIOR),
    ("notify", "area_released"): ("notify", SENIOR),
    ("notify", "reopened"): ("event", SENIOR),
    ("closed", "reopened"): ("secondary", EVERYONE),
    **{
        (state, verdict): (state, {"expert"})
        for state in ("event", "notify")
        for verdict in ("innocent", "false", "equipment_fault", "confirmed")
    },
    **{
        (state, "reopened"): ("secondary", EVERYONE)
        for state in ("false", "innocent", "equipment_fault")
    },
    **{
        (state, "closed"): ("closed", EVERYONE)
        for state in ("false", "innocent", "equipment_fault", "notify")
    },
    **{
        (state, "close_proposed"): (state, EVERYONE)
        for state in ("false", "innocent", "equipment_fault", "notify")
    },
}
NEEDS_REASON = {
    "not_reproduced",
    "innocent",
    "expert_called",
    "false",
    "equipment_fault",
    "confirmed",
    "scene_controlled",
    "notification_decided",
    "area_released",
    "close_proposed",
    "closed",
    "reopened",
    "information",
}
NEEDS_EVIDENCE = {"innocent", "false", "equipment_fault", "confirmed", "area_released"}
NEEDS_OPINION = {"false", "equipment_fault", "confirmed", "opinion"}  # and innocent by an expert
NEEDS_NOTE = {"scene_controlled", "measured", "information"}
TIMERS = {  # state -> stage; stage -> (minutes, roles called one after the other)
    "raised": "ACK",
    "ack": "PRIMARY",
    "primary": "PRIMARY",
    "secondary": "SECONDARY",
    "unresolved": "EXPERT",
    "expert": "EXPERT",
}
CALLED = {
    "ACK": (1, ["supervisor", "expert", "authority"]),
    "PRIMARY": (5, ["supervisor", "expert", "authority"]),
    "SECONDARY": (30, ["expert", "authority"]),
    "EXPERT": (60, ["authority"]),
}


CLOSES_WITH = {"medical", "norm", "legal_shipment"}
"""Reasons of a verdict with which one person may close in the same action."""


@dataclass
class Model:
    """What the oracle remembers of one alarm."""

    state: str
    grave: set[str]
    started: datetime
    safety: bool = False
    released: bool = False
    confirmed: bool = False
    proposed: tuple[str, str] | None = None
    calls: list[tuple[datetime, str]] = field(default_factory=list)
    made: int = 0

    def enter(self, state: str, at: datetime) -> None:
        if TIMERS.get(state) != TIMERS.get(self.state):
            self.started, self.made = at, 0
        self.state = state

    def pass_time(self, now: datetime) -> list[tuple[datetime, str]]:
        """Calls that fall due until now."""
        stage = TIMERS.get(self.state)
        if stage is None:
            return []
        minutes, roles = CALLED[stage]
        due = [
            (self.started + timedelta(minutes=minutes * (i + 1)), r) for i, r in enumerate(roles)
        ]
        fresh = [call for call in due[self.made :] if call[0] <= now]
        self.made += len(fresh)
        return fresh

    def expected(self, what: str, actor: str, role: str | None, filled: set[str]) -> bool:
        """Whether the law permits it; ``role`` is the highest role of the person that may."""
        if what in ("measured", "information"):
            lawful = True
        elif what == "opinion":
            lawful = self.state != "closed" and role == "expert"
        else:
            lawful = (self.state, what) in TABLE and role in TABLE[self.state, what][1]
        if what == "innocent" and self.state == "secondary" and self.grave:
            lawful = False
        if what == "area_released" and not self.safety:
            lawful = False
        two = bool(self.grave) or self.safety or self.confirmed
        if what == "close_proposed" and (not two or (self.safety and not self.released)):
            lawful = False
        if what == "closed":
            if self.safety and not self.released:
                lawful = False
            if two:
                if self.proposed is None or self.proposed[0] == actor:
                    lawful = False
                elif not {self.proposed[1], role} & SENIOR:
                    lawful = False
        if what in NEEDS_REASON and "reason" not in filled:
            lawful = False
        if what in NEEDS_EVIDENCE and "evidence" not in filled:
            lawful = False
        by_expert = what in NEEDS_OPINION or (what == "innocent" and self.state != "secondary")
        if by_expert and "opinion" not in filled:
            lawful = False
        if what in NEEDS_NOTE and "note" not in filled:
            lawful = False
        return lawful

    def closes(self, what: str, reason: str) -> bool:
        """Whether a lawful step may close the alarm in the same action."""
        if self.grave or self.safety or self.confirmed or reason not in CLOSES_WITH:
            return False
        return what == "innocent" and self.state in ("secondary", "expert")

    def carry_out(
        self, what: str, actor: str, role: str | None, at: datetime, grave: set[str], danger: bool
    ) -> None:
        """Change the model as the law says."""
        if what == "opinion":
            return
        if what == "close_proposed":
            self.proposed = (actor, role or "")
            return
        self.proposed = None
        if what in ("measured", "information"):
            new = grave - self.grave - ({"unknown"} if "snm" in self.grave else set())
            self.grave |= grave
            if new and self.state in ("false", "innocent", "equipment_fault", "closed"):
                self.enter("unresolved", at)
        elif what == "area_released":
            self.released = True
        elif what == "reopened" and self.state == "closed" and (self.safety or self.confirmed):
            self.enter("event", at)
        elif what == "reopened" and self.state in ("confirmed", "notify"):
            self.enter(TABLE[self.state, what][0], at)
        elif what in ("reopened", "not_reproduced") and self.grave:
            self.enter("unresolved", at)
        else:
            self.enter(TABLE[self.state, what][0], at)
        if what == "confirmed":
            self.confirmed = True
        if danger:
            self.safety, self.released = True, False
            self.enter("event", at)

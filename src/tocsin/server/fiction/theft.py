"""A gauge is stolen, the walk finds it: the loop from the register to the recovery, by the API."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.server.fiction.playing import Caller, Say

NUCLIDE = "Cs-137"
GAUGE = {
    "holder": "Harbour Works 7",
    "nuclide": NUCLIDE,
    "activity": "0.43 GBq",
    "reference_date": "2019-06-01",
    "manufacturer": "Norvik",
    "model": "LV-4",
    "serial": "LV4-19-7733",
    "device": "Level gauge",
    "device_serial": "N-5521",
    "place": "Depot beside the street of the walk",
    "latitude": "-75.0",
    "longitude": "60.0",
    "made_on": "2019-05-20",
}
"""A level gauge like the one in the walk: 0.37 GBq are left of it. Its depot stands where the walk
is made, on an ice sheet without a street."""
STOLEN_ON = "2026-01-14"
"""The day before the walk."""
FOUND_ON = "2026-01-15"
WITHIN_S = 60.0


@dataclass(frozen=True)
class Theft:
    """What is stolen and found again.

    Parameters
    ----------
    thing : dict
        As it is registered.
    stolen_on, found_on : str
        Days.
    note : str
        What its holder says.
    seen : str
        By what a person who looks knows that it is this one.
    """

    thing: dict[str, str]
    stolen_on: str
    found_on: str
    note: str
    seen: str


OF_THE_WALK = Theft(
    GAUGE,
    STOLEN_ON,
    FOUND_ON,
    note="gone from the depot overnight",
    seen="serial number read on the housing behind the fence",
)


def steal(
    register: Caller, holder: Caller, *, say: Say, theft: Theft = OF_THE_WALK
) -> dict[str, Any]:
    """Register a source and report it stolen, as officer and holder do."""
    thing = theft.thing
    source: dict[str, Any] = register.ask("/register/sources", thing)
    report = {"kind": "theft", "happened_on": theft.stolen_on, "note": theft.note}
    holder.ask(f"/register/sources/{source['id']}/transactions", report)
    device = thing["device"].lower()
    say(f"{holder.name} reports {source['name']} stolen: {thing['nuclide']} in a {device}")
    return source


def trace(
    contact: Caller,
    register: Caller,
    alarm: dict[str, Any],
    source: dict[str, Any],
    *,
    say: Say,
    theft: Theft = OF_THE_WALK,
) -> dict[str, Any]:
    """From the candidate beside the alarm to the recovery that the incident tells of.

    Returns
    -------
    dict
        The candidate as it was accepted, and ``incident``, the one of the theft; ``{}`` where the
        alarm has no such nuclide.

    Raises
    ------
    PlayStopped
        The stolen source is not among the candidates, or its incident does not hear of the
        recovery.
    """
    if not any(n["name"] == theft.thing["nuclide"] for n in alarm["nuclides"]):
        say("the walk's grave alarm is not of the stolen nuclide: nothing to compare")
        return {}
    incident = _incident(contact, source)
    candidate = _candidate(contact, alarm, source)
    percent = 100.0 * candidate["probability"]
    say(
        f"{candidate['name']}: {alarm['name']} may be {source['name']}, probability "
        f"{percent:.0f} %, zone {candidate['zone']}: no serial number was read, a person looks"
    )
    contact.ask(
        f"/tracing/candidates/{candidate['id']}/judgements",
        {"verdict": "accepted", "reason": theft.seen},
    )
    say(f"{contact.name} accepts it; the source stays stolen until somebody reports its recovery")
    if _status(register, source) != "stolen":
        _stopped("a machine has closed a loss")
    note = f"{candidate['name']}: found by the walk of {alarm['name']}"
    register.ask(
        f"/register/sources/{source['id']}/transactions",
        {"kind": "recovery", "happened_on": theft.found_on, "note": note},
    )
    _noted(contact, incident, candidate)
    say(f"{register.name} reports the recovery; the incident of the theft has a note of it")
    return candidate | {"incident": incident}


def _candidate(contact: Caller, alarm: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    def ask() -> dict[str, Any] | None:
        rows = contact.ask(f"/tracing/candidates?about={alarm['id']}")["candidates"]
        return next((row for row in rows if row["lost_id"] == source["id"]), None)

    found: dict[str, Any] = _until(
        ask, "the stolen source is not among the candidates of the alarm"
    )
    return found


def _incident(contact: Caller, source: dict[str, Any]) -> str:
    def ask() -> str:
        for row in contact.ask("/tracing/missing")["missing"]:
            if row["id"] == source["id"] and row["incidents"]:
                return str(row["incidents"][0])
        return ""

    return str(_until(ask, "the theft has opened no incident"))


def _noted(contact: Caller, incident: str, candidate: dict[str, Any]) -> None:
    def ask() -> bool:
        told = contact.ask(f"/incidents/{incident}")
        notes = [event["note"] for event in told["events"]]
        return any(candidate["name"] in n and "recovery" in n for n in notes)

    _until(ask, "the incident of the theft does not tell of the recovery")


def _status(register: Caller, source: dict[str, Any]) -> str:
    return str(register.ask(f"/register/sources/{source['id']}")["status"])


def _until(ask: Any, complaint: str) -> Any:
    ends = time.monotonic() + WITHIN_S
    while True:
        found = ask()
        if found:
            return found
        if time.monotonic() > ends:
            _stopped(complaint)
        time.sleep(0.5)


def _stopped(why: str) -> None:
    from tocsin.server.fiction.playing import PlayStopped

    raise PlayStopped(why)

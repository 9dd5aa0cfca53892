"""What the State's people do in a live event, through the API: find, judge, match and recover."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tocsin.server.clock import now
from tocsin.server.fiction import theft
from tocsin.server.fiction.event import (
    NUCLIDE,
    OFFICER,
    SHORT_S,
    Backpack,
    Event,
    issue,
)
from tocsin.server.fiction.playing import (
    Caller,
    PlayStopped,
    Say,
    caller,
    close_medical,
    confirm,
    incidents_of,
)

STATED, MADE_DAYS_AGO, STOLEN_DAYS_AGO = "3.7 TBq", 690, 2
"""Its activity when it was made; by decay 5.7 GBq are left today, as in the scene."""
ALARM_WITHIN_S = 300.0


def theft_of_the_event(today: dt.date) -> theft.Theft:
    """A used radiography source on its way back to its maker, taken with the van."""
    made = (today - dt.timedelta(days=MADE_DAYS_AGO)).isoformat()
    return theft.Theft(
        {
            "holder": "Harbour Works 7",
            "nuclide": NUCLIDE,
            "activity": STATED,
            "reference_date": made,
            "manufacturer": "Kestrel",
            "model": "R-880",
            "serial": "K-8814",
            "device": "Radiography container",
            "device_serial": "R880-0931",
            "place": "Yard in the city of the event",
            "latitude": "-75.0",
            "longitude": "60.0",
            "made_on": made,
        },
        stolen_on=(today - dt.timedelta(days=STOLEN_DAYS_AGO)).isoformat(),
        found_on=today.isoformat(),
        note="taken with the van that was to bring it back to its maker",
        seen="serial number read on the container in the van",
    )


def begin(address: str, folder: Path, *, say: Say) -> tuple[dict[str, Any], list[Backpack]]:
    """The theft is reported and the backpacks are made ready.

    Returns
    -------
    dict
        The stolen source.
    list of Backpack
    """
    register = caller(address, "register@authority.example")
    holder = caller(address, "safety@harbour-works.example")
    source = theft.steal(register, holder, say=say, theft=theft_of_the_event(now().date()))
    backpacks = issue(folder)
    say(f"{len(backpacks)} backpacks are enrolled for the event in the city")
    return source, backpacks


def play_event(address: str, folder: Path, *, say: Say) -> dict[str, Any]:
    """The whole event to its end.

    Parameters
    ----------
    address : str
        Of the running server.
    folder : Path
        Where the devices keep keys and spools; made.
    say : callable
        Takes a line for each step.

    Returns
    -------
    dict
        ``backpacks``, ``records`` that the server has, ``alarms`` that were raised, ``medical``
        ones closed, ``natural`` encounters that called nobody, the ``candidate`` that was accepted,
        and the ``closed`` incidents.

    Raises
    ------
    PlayStopped
        A step was refused, or what it was to bring about did not come.
    """
    officer = caller(address, OFFICER)
    expert = caller(address, "expert@laboratory.example")
    contact = caller(address, "contact@authority.example")
    register = caller(address, "register@authority.example")
    source, backpacks = begin(address, folder, say=say)
    before = {alarm["id"] for alarm in _alarms(officer)}
    event = Event(backpacks, address, duration_s=SHORT_S, speed=0.0)
    event.start()
    say(f"{len(backpacks)} backpacks walk, hear for themselves, and send")
    found = _found(officer, event, before)
    say(f"{officer.name} sees {found['name']}: {found['title']}, while they walk")
    confirm(officer, expert, found)
    say(f"{expert.name} confirms {found['name']} ({found['title']})")
    (detected,) = incidents_of(contact, found)
    event.join()
    _all_is_sent(event)
    records = sum(b.records for b in backpacks)
    natural = sum(h.stage == "closed" and not h.is_alarm for b in backpacks for h in b.heard)
    say(f"the server has all {records} records; {natural} times natural material called nobody")
    raised = [alarm for alarm in _alarms(officer) if alarm["id"] not in before]
    medical = _close_medical(officer, raised, say=say)
    told = theft_of_the_event(now().date())
    whole = contact.ask(f"/alarms/{found['id']}")
    candidate = theft.trace(contact, register, whole, source, say=say, theft=told)
    if not candidate:
        raise PlayStopped(f"{found['name']} does not name {NUCLIDE}")
    closed = [
        _closed(contact, pk, f"{candidate['name']}: {told.seen}; {source['name']} is recovered")
        for pk in (candidate["incident"], detected["id"])
    ]
    say(f"{contact.name} closes {' and '.join(closed)} as recovered")
    return {
        "backpacks": len(backpacks),
        "records": records,
        "alarms": len(raised),
        "medical": medical,
        "natural": natural,
        "candidate": candidate,
        "closed": closed,
    }


def _alarms(officer: Caller) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = officer.ask("/alarms?limit=100")["alarms"]
    return rows


def _found(officer: Caller, event: Event, before: set[str]) -> dict[str, Any]:
    """The alarm of the source that is sought."""
    ends = time.monotonic() + ALARM_WITHIN_S
    while time.monotonic() < ends:
        for alarm in _alarms(officer):
            if alarm["id"] not in before and NUCLIDE in alarm["title"]:
                return alarm
        _no_fault(event)
        time.sleep(0.3)
    raise PlayStopped(f"no backpack has raised an alarm that names {NUCLIDE}")


def _no_fault(event: Event) -> None:
    if event.fault is not None:
        raise PlayStopped(f"the backpacks stopped: {event.fault}")


def _all_is_sent(event: Event) -> None:
    _no_fault(event)
    left = [str(b.number) for b in event.backpacks if not b.sent]
    if left:
        raise PlayStopped(f"what team {', '.join(left)} kept has not reached the server")


def _close_medical(officer: Caller, raised: Sequence[dict[str, Any]], *, say: Say) -> int:
    mine = [a for a in raised if a["source_class"] == "medical" and not a["gravity"]]
    for alarm in mine:
        close_medical(officer, alarm)
    if mine:
        names = ", ".join(a["name"] for a in mine)
        say(f"{officer.name} closes {names}: patients in the crowd, each with a letter")
    return len(mine)


def _closed(contact: Caller, incident: str, note: str) -> str:
    """Close an incident of which everything is back; its name."""
    back = {"share": "all", "on": now().date().isoformat(), "where": "store of the authority"}
    contact.ask(f"/incidents/{incident}/facts", {"values": {"recovered": back}, "reason": note})
    row = contact.ask(f"/incidents/{incident}/notes", {"note": note, "close": True})
    if row["state"] != "closed" or row["recovered"] != "all":
        raise PlayStopped(f"{row['name']} is {row['state']}, recovered: {row['recovered']!r}")
    return str(row["name"])

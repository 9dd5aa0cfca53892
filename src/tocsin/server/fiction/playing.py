"""Plays the flow through the running server's API, as the State's people would."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.errors import TocsinError
from tocsin.server.accounts.models import Person, Realm
from tocsin.server.accounts.services import make_token
from tocsin.server.fiction import theft
from tocsin.server.marking.policy import reader_of

Say = Callable[[str], None]
PATIENCE_S = 600.0
OPENED_WITHIN_S = 30.0
"""Opened right after the confirmation; if that was cut short, by the next tick of the timers."""


class PlayStopped(TocsinError):
    """The server refused a step or took too long; the message says which."""


@dataclass(frozen=True)
class Caller:
    """One person's program: speaks to the API with a token of that person.

    Parameters
    ----------
    address : str
        Of the server, without a slash at the end.
    name : str
        As the summary calls the person.
    token : str
        For one day, with what the person's roles allow.
    """

    address: str
    name: str
    token: str

    def ask(self, path: str, body: Any = None) -> Any:
        """Answer of the API; a GET without a body, a POST with one."""
        data = None if body is None else json.dumps(body).encode()
        return self._send(path, data, "application/json")

    def bring(self, path: str, file: Path, **fields: str) -> Any:
        """Upload a file."""
        mark = secrets.token_hex(16)
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
            for k, v in fields.items()
        ]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"'
        parts += [f"{head}\r\n\r\n".encode(), file.read_bytes(), f"\r\n--{mark}--\r\n".encode()]
        return self._send(path, b"".join(parts), f"multipart/form-data; boundary={mark}")

    def _send(self, path: str, data: bytes | None, kind: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 - an address of our own server
            f"{self.address}/api/1{path}",
            data=data,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": kind},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:400]
            raise PlayStopped(f"{self.name}: {path} answered {error.code}: {said}") from None
        except OSError as error:
            raise PlayStopped(f"{self.name}: {path} could not be reached ({error})") from None


def caller(address: str, login: str) -> Caller:
    """A program of one of the State's people."""
    person = Person.objects.get(email=login)
    reader = reader_of(person)
    _row, token = make_token(
        person,
        name="demonstration",
        realm=Realm.EXERCISE.value,
        scopes=sorted(reader.actions),
        days=1,
    )
    return Caller(address, person.name, token)


def wait_until_up(address: str) -> None:
    """Wait until the server answers."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.3)
    raise PlayStopped(f"the server at {address} did not answer within {PATIENCE_S:.0f} s")


def bring_walk(officer: Caller, walk: Path, *, say: Say) -> dict[str, Any]:
    """Upload a recording and wait for its analysis.

    Returns
    -------
    dict
        The measurement as the API tells it.
    """
    row = officer.bring("/measurements/uploads", walk, title="Walk past the North Gate")
    ends = time.monotonic() + PATIENCE_S
    while row["state"] in {"queued", "analysing"}:
        if time.monotonic() > ends:
            raise PlayStopped("the analysis did not end; look at the log of the server")
        time.sleep(0.5)
        row = officer.ask(f"/measurements/uploads/{row['id']}")
    if row["state"] != "done":
        raise PlayStopped(f"the file was not analysed: {row['error']}")
    say(f"{officer.name} uploads {walk.name}; it is kept, and analysed in the background")
    found: dict[str, Any] = officer.ask(f"/measurements/{row['measurement']}")
    return found


def play(address: str, walk: Path, *, say: Say) -> dict[str, Any]:
    """From the upload to the incident and the closed medical alarm.

    Parameters
    ----------
    address : str
        Of the running server.
    walk : Path
        The recording.
    say : callable
        Takes a line for each step.

    Returns
    -------
    dict
        ``alarms``, ``closed`` and ``incidents`` as numbers, ``refused`` with the message to the
        officer who tries to decide on a grave alarm alone, ``traced`` with the candidate by which
        the stolen source was found.

    Raises
    ------
    PlayStopped
        A step was refused, or what it was to bring about did not come: nothing to confirm, an alarm
        that stays open, a confirmation without an incident.
    """
    officer = caller(address, "officer@customs.example")
    expert = caller(address, "expert@laboratory.example")
    contact = caller(address, "contact@authority.example")
    stranger = caller(address, "officer@police.example")
    register = caller(address, "register@authority.example")
    stolen = theft.steal(register, caller(address, "safety@harbour-works.example"), say=say)
    measurement = bring_walk(officer, walk, say=say)
    alarms = officer.ask("/alarms")["alarms"]
    say(f"{measurement['encounters']} encounters, {len(alarms)} alarms (what is natural is none)")
    if stranger.ask("/alarms")["alarms"]:
        raise PlayStopped("an officer of another organisation sees the alarms")
    closed = 0
    refused = ""
    for alarm in alarms:
        if alarm["gravity"] and not refused:
            refused = _alone(officer, alarm)
            say(f"{officer.name} tries to decide on a grave alarm alone: refused")
        if alarm["source_class"] == "medical" and not alarm["gravity"]:
            steps = close_medical(officer, alarm)
            closed += 1
            say(f"{officer.name} closes {alarm['name']} ({alarm['title']}) in {steps} actions")
    grave = next((a for a in alarms if a["source_class"] == "industrial"), None) or next(
        (a for a in alarms if a["source_class"] != "medical"), None
    )
    if grave is None:
        raise PlayStopped("the walk raised no alarm that an expert could confirm")
    confirm(officer, expert, grave)
    say(f"{expert.name} confirms {grave['name']} ({grave['title']})")
    incidents = incidents_of(contact, grave)
    for incident in incidents:
        say(f"{contact.name} finds the incident {incident['name']}, linked to all behind it")
    whole = contact.ask(f"/alarms/{grave['id']}")
    traced = theft.trace(contact, register, whole, stolen, say=say)
    return {
        "alarms": len(alarms),
        "closed": closed,
        "incidents": len(incidents),
        "refused": refused,
        "traced": traced,
    }


def _step(who: Caller, alarm: dict[str, Any], kind: str, **values: Any) -> dict[str, Any]:
    done: dict[str, Any] = who.ask(f"/alarms/{alarm['id']}/steps", {"kind": kind, **values})
    return done


def _reason(alarm: dict[str, Any], kind: str, *wanted: str) -> str:
    """A reason that the step permits, the first of the wanted ones if it is among them."""
    step = next((s for s in alarm["steps"] if s["kind"] == kind), None)
    if step is None:
        raise PlayStopped(f"{alarm['name']}: {kind} is not open to this person now")
    return next((r for r in wanted if r in step["reasons"]), (step["reasons"] or [""])[0])


def close_medical(officer: Caller, alarm: dict[str, Any]) -> int:
    """Close a medical alarm as its officer; how many actions that took."""
    actions = 0
    now = alarm
    for kind in ("acknowledged", "repeat_pass", "reproduced"):
        now = _step(officer, alarm, kind)
        actions += 1
    reason = _reason(now, "innocent", "medical_patient", "medical")
    evidence = ["letter of the hospital seen"]
    now = _step(officer, alarm, "innocent", reason=reason, evidence=evidence, close=True)
    actions += 1
    if now["state"] != "closed":
        raise PlayStopped(f"{alarm['name']} is {now['state']} and was to be closed")
    return actions


def incidents_of(contact: Caller, alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """Incidents that came of the confirmation of an alarm."""
    ends = time.monotonic() + OPENED_WITHIN_S
    while True:
        rows: list[dict[str, Any]] = contact.ask("/incidents")["incidents"]
        found = [row for row in rows if row["alarm_id"] == alarm["id"]]
        if found:
            return found
        if time.monotonic() > ends:
            raise PlayStopped("an alarm was confirmed and no incident was opened")
        time.sleep(0.5)


def _alone(officer: Caller, alarm: dict[str, Any]) -> str:
    """What the server answers to an officer who wants to call a grave alarm innocent."""
    try:
        _step(officer, alarm, "innocent", reason="medical", evidence=["so I think"], close=True)
    except PlayStopped as stopped:
        return str(stopped)
    raise PlayStopped("an officer could decide on a grave alarm alone")


def confirm(officer: Caller, expert: Caller, alarm: dict[str, Any]) -> None:
    """Bring an alarm to the expert, who says that it is not innocent."""
    now = officer.ask(f"/alarms/{alarm['id']}")
    if now["state"] == "raised":
        now = _step(officer, alarm, "acknowledged")
    if now["state"] in {"ack", "primary", "secondary"}:
        now = _step(officer, alarm, "expert_called", reason=_reason(now, "expert_called"))
    now = expert.ask(f"/alarms/{alarm['id']}")
    if now["state"] == "unresolved":
        now = _step(expert, alarm, "expert_took")
    _step(
        expert,
        alarm,
        "confirmed",
        reason=_reason(now, "confirmed"),
        evidence=["spectrum read"],
        confidence=0.95,
        cannot_exclude=[],
    )

"""Live instruments against a real ``tocsin serve``: from a record to an alarm on an open page.

    python benchmarks/bench_live.py           # 200 instruments, SQLite and PostgreSQL
    python benchmarks/bench_live.py --instruments 50 --seconds 120 --database sqlite
    python benchmarks/bench_live.py --overload 3             # three times the rate in the middle
    python benchmarks/bench_live.py --rate 10                # ten records a second
    python benchmarks/bench_live.py --instruments 20 --chromium   # with a viewer's browser

Every instrument sends each second its records of 1,024 channels in one signed envelope, over one
kept connection, and keeps what is not acknowledged. Some walk past a caesium source; for every
second one of those the device tells of it as well, in the lane of alarms. Processes of their own:
the server (``tocsin serve`` with all that it starts), the load generator, the log of
acknowledgements, and a client that listens to the stream of alarms as an open page does.

Printed for each database: latency from the moment in which the record that gave the alarm was
complete in the instrument to the event at the client; acknowledgements against the rows of the
database; records that were not heard by the server's detector; share of a core of each process.
With ``--overload`` the middle third runs at so many times the rate: the same latencies in it, what
was said to be left undone, and the time until nothing waits any more. Exit status 1 where something
acknowledged is not there, alarms are missing, or Chromium failed.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import live_browser
import numpy as np
from each_database import _runner

from tocsin.field.envelope import seal
from tocsin.field.wire import pack_json, pack_records
from tocsin.nuclear.classes import GRAVITY
from tocsin.sealing import SigningKey
from tocsin.spectra import (
    DetectorInfo,
    EnergyCalibration,
    GrossCounts,
    Instrument,
    Position,
    Record,
    Spectrum,
)

SEED = 20261127
CHANNELS, WIDTH_KEV = 1024, 3.0
RATE_CPS, LINE_CPS = 900.0, 400.0
"""Background, and the 662 keV line at the nearest point of a passing."""
BACKPACK = Instrument(
    "Tocsin (synthetic)",
    "backpack",
    detectors=(DetectorInfo("g", "Gamma", description="NaI 2x4x16 in"),),
)
POOL = 400
PASSING_S = 24
STARTS_S = 30
"""The instruments are switched on one after the other within this time."""
FIRST_PASSING_S = 75
"""Of the run: the detector learns for 30 s."""
LAST_PASSING_S = 20
MOST_AT_ONCE = 10
"""Seconds in one message of an instrument that has to catch up."""
REALM = "EXERCISE"


def main(words: Sequence[str] | None = None) -> int:
    """Measure on each database."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    asked.add_argument("--instruments", type=int, default=200)
    asked.add_argument("--seconds", type=int, default=150)
    asked.add_argument("--alarms", type=int, default=30, help="passings, one instrument each")
    asked.add_argument("--overload", type=float, default=1.0)
    asked.add_argument("--rate", type=int, default=1, help="records a second of an instrument")
    asked.add_argument("--chromium", action="store_true", help="look at the live picture meanwhile")
    asked.add_argument("--role", choices=tuple(ROLES))
    asked.add_argument("--folder", type=Path)
    asked.add_argument("--port", type=int, default=0)
    given = asked.parse_args(words)
    if given.role:
        return int(ROLES[given.role](given) or 0)
    status = 0
    if given.database in ("sqlite", "both"):
        status |= measure(given, "sqlite", "")
    if given.database in ("postgres", "both"):
        runner = _runner()
        programs = runner.binaries()
        if programs is None:
            print("PostgreSQL is not installed here: not measured")
        else:
            with runner.running(programs) as url:
                status |= measure(given, "postgres", url)
    return status


# One run


def measure(given: argparse.Namespace, name: str, url: str) -> int:
    """One database, from an empty folder."""
    print(
        f"\n{name}: {given.instruments} instruments, {given.rate} records a second, "
        f"{given.seconds} s, {given.alarms} passings, "
        f"load of the machine before {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as made:
        folder = Path(made)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        env = {
            k: v for k, v in os.environ.items() if not k.startswith(("TOCSIN_", "DATABASE_URL"))
        } | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOCSIN_DEMONSTRATION": "1"}
        env |= {"DATABASE_URL": url} if url else {}
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "tocsin", "serve", "--no-https"),
                *("--data", str(folder / "data"), "--port", str(port)),
            ],
            env=env,
            stdout=(folder / "serve.txt").open("wb"),
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(port, server)
            role = [
                *(sys.executable, __file__, "--folder", str(folder), "--port", str(port)),
                *("--instruments", str(given.instruments), "--seconds", str(given.seconds)),
                *("--alarms", str(given.alarms), "--overload", str(given.overload)),
                *("--rate", str(given.rate)),
            ]
            env |= {"TOCSIN_DATA": str(folder / "data"), "TOCSIN_HTTPS": "0"}
            subprocess.run([*role, "--role", "people"], env=env, check=True)
            client = subprocess.Popen([*role, "--role", "client"], env=env)
            acks = subprocess.Popen([*role, "--role", "acks"], env=env, stdin=subprocess.PIPE)
            generator = subprocess.Popen([*role, "--role", "generator"], env=env, stdout=acks.stdin)
            if acks.stdin is not None:
                acks.stdin.close()
            roots = {"serve": server.pid, "generator": generator.pid, "acknowledgements": acks.pid}
            roots["stream client"] = client.pid
            viewer = None
            if given.chromium:
                viewer = subprocess.Popen([*role, "--role", "browser"], env=env)
                roots["Chromium"] = viewer.pid
            before, began = _used_s(roots, url), time.monotonic()
            samples = []
            while generator.poll() is None:
                time.sleep(1.0)
                after = _used_s(roots, url)
                samples.append((time.monotonic() - began, after))
            acks.wait(60)
            wrong = False
            if viewer is not None:
                viewer.send_signal(signal.SIGTERM)
                viewer.wait(60)
                wrong = viewer.returncode != 0
                print("  Chromium failed" if wrong else f"  {live_browser.told(folder)}")
            _heard_out(folder)
            client.send_signal(signal.SIGTERM)
            client.wait(10)
            took, last = samples[-2]
            print("  share of one core: " + _shares(before, last, took))
            print(f"  load of the machine after {os.getloadavg()[0]:.1f}")
            return wrong | subprocess.run([*role, "--role", "result"], env=env).returncode
        finally:
            server.terminate()
            server.wait(30)
            told = (folder / "serve.txt").read_text(errors="replace").splitlines()
            wrong = [line for line in told if "ended with" in line or "rror" in line]
            if wrong:
                print("  the server told:", *wrong[:5], sep="\n    ")


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise RuntimeError("the server does not come up")


def _heard_out(folder: Path) -> None:
    """Wait until the server's detector has heard all, and a moment for the page."""
    beat = folder / "data" / "log" / "detector-beat"
    until = time.monotonic() + 120.0
    while time.monotonic() < until and json.loads(beat.read_text())["behind_s"] > 0.0:
        time.sleep(1.0)
    time.sleep(3.0)


def _used_s(roots: dict[str, int], url: str) -> dict[str, float]:
    """CPU time of each process so far, in seconds; those of the server by what they run."""
    tick = os.sysconf("SC_CLK_TCK")
    used: dict[str, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
            command = (path.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        pid, parent, spent = int(path.parent.name), int(words[1]), int(words[11]) + int(words[12])
        name = next((n for n, p in roots.items() if pid == p), "")
        name = "Chromium" if "Chromium" in roots and "/chromium/" in command else name
        if parent == roots["serve"]:
            known = {"uvicorn": "web", "detecting": "detector", "serving.tasks": "tasks"}
            name = next((n for part, n in known.items() if part in command), "timers")
        elif url and "postgres" in command and "python" not in command:
            name = "PostgreSQL"
        if name:
            used[name] = used.get(name, 0.0) + spent / tick
    return used


def _shares(before: dict[str, float], after: dict[str, float], took_s: float) -> str:
    parts = {n: (s - before.get(n, 0.0)) / took_s for n, s in after.items()}
    return ", ".join(f"{n} {100 * p:.0f} %" for n, p in sorted(parts.items(), key=lambda i: -i[1]))


# People and devices


def key_of(k: int) -> SigningKey:
    """Key of an instrument."""
    return SigningKey(f"bench-{k}", (SEED + k).to_bytes(32, "big"))


def people(given: argparse.Namespace) -> None:
    """Somebody who listens, and the enrolled instruments."""
    _start_django()
    from allauth.account.internal.userkit import user_id_to_str
    from django.contrib.sessions.backends.db import SessionStore

    from tocsin.server.accounts.services import add_organisation, add_person, grant
    from tocsin.server.clock import now
    from tocsin.server.ingest.enrolling import enrol
    from tocsin.server.marking.policy import reader_of

    where = add_organisation(
        actor="system:bench", name="Bench", short_name="bench", kind="police", country="XX"
    )
    who = add_person(
        actor="system:bench",
        email="officer@bench.example",
        name="Officer",
        organisation=where,
        clearance=2,
        realms=[REALM],
    )
    grant(who, "officer", actor="system:bench", reason="listens")
    reader = reader_of(who)
    for k in range(given.instruments):
        enrol(
            reader, name=f"Pack {k:03d}", instrument="", public_key=str(key_of(k).verifier), level=1
        )
    session = SessionStore()
    session["_auth_user_id"] = str(who.pk)
    session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    session["_auth_user_hash"] = who.get_session_auth_hash()
    session["account_authentication_methods"] = [
        {
            "method": "password",
            "at": now().timestamp(),
            "email": who.email,
            "reauthenticated": True,
        }
    ]
    session["account_authentication_methods_user"] = user_id_to_str(who)
    session.save()
    (given.folder / "session").write_text(session.session_key or "")


def _start_django() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
    django.setup()


# Load


Second = tuple[list[Record], bytes]
"""Records of a second, and the same packed."""
Sent = tuple[int, list[Record], bytes, float]
"""Number of a second in its walk, its records, the same packed, and when it was complete."""


@dataclass
class Sender:
    """One instrument."""

    number: int
    boot: str
    passing_at: int | None
    told_by_device: bool
    seconds: int = 0
    waiting: deque[Sent] = field(default_factory=deque)
    turned_away: int = 0


def generator(given: argparse.Namespace) -> None:
    """All instruments, in one process; each acknowledgement is a line on the standard output."""
    chance = random.Random(SEED)  # noqa: S311
    background, passing = _pools(given.rate)
    latest = given.seconds - LAST_PASSING_S
    chosen = _walkers(given, chance)
    senders = []
    for k in range(given.instruments):
        at = chance.randint(FIRST_PASSING_S, latest) if k in chosen else None
        senders.append(Sender(k, f"{SEED + k:032x}", at, told_by_device=k % 2 == 0))
    asyncio.run(_all(given, senders, background, passing))


def _walkers(given: argparse.Namespace, chance: random.Random) -> set[int]:
    """Instruments that go past the source, the first thing that is drawn."""
    return set(chance.sample(range(given.instruments), min(given.alarms, given.instruments)))


def _pools(rate: int) -> tuple[list[Second], list[Second]]:
    """Seconds of a quiet walk, and those of one passing; each packed once."""
    draw = np.random.default_rng(SEED)
    middle = (np.arange(CHANNELS) + 0.5) * WIDTH_KEV
    shape = np.exp(-middle / 350.0)
    shape /= shape.sum()
    line = np.exp(-0.5 * ((middle - 661.66) / 20.0) ** 2)
    line /= line.sum()
    calibration = EnergyCalibration.polynomial([0.0, WIDTH_KEV])

    def record(near: float) -> Record:
        counts = draw.poisson((RATE_CPS * shape + near * line) / rate)
        return Record(
            spectra=(Spectrum(counts, 0.98 / rate, 1.0 / rate, calibration, "g"),),
            real_time_s=1.0 / rate,
            position=Position(-75.0, 60.0, accuracy_m=3.0),
            gross_counts=(GrossCounts("n", 0.0, 1.0 / rate, 1.0 / rate),),
        )

    def second(near: float) -> Second:
        records = [record(near) for _ in range(rate)]
        return records, pack_records(records, BACKPACK, REALM)

    quiet = [second(0.0) for _ in range(POOL)]
    near = [second(LINE_CPS / (1.0 + ((k - PASSING_S / 2) / 3.0) ** 2)) for k in range(PASSING_S)]
    return quiet, near


async def _all(
    given: argparse.Namespace,
    senders: Sequence[Sender],
    background: Sequence[Second],
    passing: Sequence[Second],
) -> None:
    began = time.time() + 1.0
    third = given.seconds / 3.0
    sent = (given.folder / "sent.jsonl").open("w", buffering=1 << 16)

    def faster(elapsed_s: float) -> float:
        return given.overload if third <= elapsed_s < 2.0 * third else 1.0

    async def one(sender: Sender) -> None:
        chance = random.Random(SEED + sender.number)  # noqa: S311
        reader, writer = await asyncio.open_connection("127.0.0.1", given.port)
        lane = asyncio.Queue[tuple[str, bytes, int]]()
        come = asyncio.Event()
        over = False

        async def measured() -> None:
            nonlocal over
            due = began + STARTS_S * sender.number / len(senders)
            begins = None
            while due < began + given.seconds:
                await asyncio.sleep(max(0.0, due - time.time()))
                elapsed = due - began
                if sender.passing_at is not None and begins is None:
                    begins = sender.seconds if elapsed >= sender.passing_at else None
                at = -1 if begins is None else sender.seconds - begins
                near = 0 <= at < PASSING_S
                records, body = (
                    passing[at] if near else background[chance.randrange(len(background))]
                )
                sender.waiting.append((sender.seconds, records, body, due))
                sent.write(json.dumps([sender.number, sender.seconds, due]) + "\n")
                if near and at == PASSING_S // 2 and sender.told_by_device:
                    told = _told(sender.seconds, given.rate)
                    lane.put_nowait(("alarms", told, 0))
                    sent.write(json.dumps([sender.number, "alarm", due]) + "\n")
                sender.seconds += 1
                come.set()
                due += 1.0 / faster(elapsed)
            over = True
            come.set()

        async def post(envelope: bytes) -> tuple[int, dict[str, Any]]:
            writer.write(
                b"POST /api/1/ingest HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
                % len(envelope)
                + envelope
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            return int(head[9:12]), json.loads(body)

        key = key_of(sender.number)
        task = asyncio.create_task(measured())
        until = began + given.seconds + 120.0
        while time.time() < until:
            if not lane.empty():
                kind, body, number = lane.get_nowait()
                first = last = number
                seconds: list[Sent] = []
            elif sender.waiting:
                kind, seconds = "records", list(sender.waiting)[:MOST_AT_ONCE]
                first, last = given.rate * seconds[0][0], given.rate * (seconds[-1][0] + 1) - 1
                body = (
                    seconds[0][2]
                    if len(seconds) == 1
                    else pack_records([r for s in seconds for r in s[1]], BACKPACK, REALM)
                )
            elif over:
                break
            else:
                come.clear()
                await come.wait()
                continue
            envelope = seal(
                key, body, boot=sender.boot, lane=kind, first=first, last=last, ends=False,  # type: ignore[arg-type]
                device_time="", monotonic_s=time.monotonic(),
            )  # fmt: skip
            while True:
                status, said = await post(envelope)
                at = time.time()
                if status == 200:
                    line = [sender.number, kind, first, last, at, said["through"]]
                    print(json.dumps(line), flush=True)
                    break
                print(json.dumps([sender.number, "turned away", status, 0, at, 0]), flush=True)
                await asyncio.sleep(0.5 + chance.random())
                if kind == "records" and not lane.empty():
                    break  # an alarm overtakes; the records go out again after it
            if status == 200:
                for _ in seconds:
                    sender.waiting.popleft()
        await task
        writer.close()

    await asyncio.gather(*(one(s) for s in senders))
    sent.close()
    (given.folder / "times.json").write_text(json.dumps([began, third, time.time()]))


def _told(second: int, rate: int) -> bytes:
    """What a device says while it goes past the source."""
    record = rate * (second + 1) - 1
    encounter = {
        "first_record": rate * (second - PASSING_S // 2),
        "last_record": record,
        "peak_record": record,
        "start": None,
        "end": None,
        "statistic": 20.0,
        "threshold": 4.8,
        "false_alarm_rate_per_h": 1.0,
        "neutron": False,
        "dose_rate_uSv_h": None,
        "class": "industrial",
        "nuclear_material": False,
        "nuclides": [
            {"name": "Cs-137", "class": "industrial", "confidence": 0.97, "evidence": "662 keV"}
        ],
        "position": None,
        "activity_Bq": None,
    }
    return pack_json(
        {
            "stage": "standing",
            "number": 1,
            "record": record,
            "statistic": 20.0,
            "threshold": 4.8,
            "encounter": encounter,
            "instrument": "backpack",
            "realm": REALM,
            "versions": {"algorithm": "1"},
        }
    )


def acks(given: argparse.Namespace) -> None:
    """The log of acknowledgements: a process of its own, so that it outlives whatever is killed."""
    with (given.folder / "acks.jsonl").open("w") as file:
        for line in sys.stdin:
            file.write(line)
            file.flush()


def client(given: argparse.Namespace) -> None:
    """Listens as an open page does, and notes when it shows how many open alarms."""
    session = (given.folder / "session").read_text()
    seen = (given.folder / "seen.jsonl").open("w", buffering=1)
    connection = http.client.HTTPConnection("127.0.0.1", given.port)
    connection.request("GET", "/live/alarms", headers={"Cookie": f"session={session}"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"the stream answers {answer.status}")
    while line := answer.readline():
        at = time.time()
        text = line.decode()
        if " open<" in text:
            shown = int(text.split(" open<")[0].rsplit(">", 1)[1])
            seen.write(json.dumps([at, shown]) + "\n")


def browser(given: argparse.Namespace) -> None:
    """Looks at the live picture once the instruments are on."""
    time.sleep(STARTS_S + 5.0)
    live_browser.watch(given.port, given.folder)


# Result


def result(given: argparse.Namespace) -> int:
    """Everything that was acknowledged is there; how long alarms took."""
    _start_django()
    from django.db.models import Min

    from tocsin.server.alarms.models import Alarm
    from tocsin.server.ingest.models import Batch, EdgeMessage, LiveSurvey, ServerMessage, Shedding

    began, third, _ended = json.loads((given.folder / "times.json").read_text())
    lines = [json.loads(t) for t in (given.folder / "sent.jsonl").read_text().splitlines()]
    due = {(n, what): at for n, what, at in lines}
    got = [json.loads(t) for t in (given.folder / "acks.jsonl").read_text().splitlines()]
    seen = [json.loads(t) for t in (given.folder / "seen.jsonl").read_text().splitlines()]
    boots = {f"{SEED + k:032x}": k for k in range(given.instruments)}
    kept = {
        (boots[boot], n // given.rate)
        for boot, first, last in Batch.objects.values_list("survey__boot", "first", "last")
        for n in range(first, last + 1)
    }
    acknowledged = {
        (k, n // given.rate)
        for k, kind, a, b, *_ in got
        if kind == "records"
        for n in range(a, b + 1)
    }
    made = {key for key in due if key[1] != "alarm"}
    turned_away = sum(line[1] == "turned away" for line in got)
    print(
        f"  seconds {len(made)}, acknowledged {len(acknowledged)}, acknowledged and not kept "
        f"{len(acknowledged - kept)}, never acknowledged {len(made - acknowledged)}, "
        f"messages that waited on their device {turned_away}"
    )
    took = [at - due[k, a // given.rate] for k, kind, a, _b, at, _t in got if kind == "records"]
    print(f"  record complete to acknowledgement: {_spread(took)}")
    beat = json.loads((given.folder / "data" / "log" / "detector-beat").read_text())
    print(f"  the server's detector at the end: {beat}")
    key: tuple[int, int | str]
    acknowledged_at = {
        (k, n // given.rate): at
        for k, kind, a, b, at, _t in got
        if kind == "records"
        for n in range(a, b + 1)
    }
    sides: dict[str, list[tuple[float, float, str]]] = {"server": [], "device": []}
    parts: list[tuple[float, float, float]] = []
    missing = graver = 0
    classes: dict[int, list[str]] = {}
    # by its first event: each has more of them once nobody has acknowledged it for a minute
    raised_in_order = Alarm.objects.annotate(first=Min("events__pk")).order_by("first")
    for rank, alarm in enumerate(raised_in_order, start=1):
        shown = next((at for at, n in seen if n >= rank), None)
        if alarm.encounter_kind == "ingest.servermessage":
            row = ServerMessage.objects.get(pk=str(alarm.encounter_id))
            side, key = "server", (boots[row.survey.boot], row.record // given.rate)
        else:
            edge = EdgeMessage.objects.get(pk=str(alarm.encounter_id))
            side, key = "device", (boots[edge.survey.boot], "alarm")
        before = classes.setdefault(key[0], [])
        graver += any(GRAVITY.index(alarm.source_class) < GRAVITY.index(c) for c in before)
        before.append(alarm.source_class)
        if shown is None:
            missing += 1
            continue
        came = acknowledged_at.get(key, due[key]) - due[key]
        raised_s = alarm.raised_at.timestamp() - due[key]
        by_then = f"acknowledged {came:.1f}, raised {raised_s:.1f}"
        if side == "server":
            parts.append((came, raised_s - came, shown - due[key] - raised_s))
        sides[side].append((due[key], shown - due[key], by_then))
    for side, values in sides.items():
        print(
            f"  record to alarm at the client, said by the {side}: "
            f"{_spread([v for _t, v, _b in values])}"
        )
        if late := sorted((t - began, v, by) for t, v, by in values if v > 1.0):
            told = "; ".join(f"{v:.1f} s at {t:.0f} s ({by})" for t, v, by in late[:20])
            print(f"    of these after more than a second {len(late)}: {told}")
        if given.overload > 1.0:
            during = [v for t, v, _b in values if third <= t - began < 2.0 * third]
            print(f"    of these under {given.overload:g} times the load: {_spread(during)}")
    for name, values_s in zip(
        ("acknowledgement", "then alarm raised", "then client"),
        zip(*parts, strict=True),
        strict=False,
    ):
        print(f"    to {name}: {_spread(list(values_s))}")
    surveys = LiveSurvey.objects.count()
    walkers = _walkers(given, random.Random(SEED))  # noqa: S311
    missed = walkers - set(classes)
    raised = sum(map(len, sides.values()))
    print(
        f"  surveys {surveys}, passings {len(walkers)}, of them without an alarm {len(missed)}; "
        f"alarms {raised + missing} ({graver} of them because an encounter turned graver), of them "
        f"not shown {missing}, in instruments without a passing {len(set(classes) - walkers)}"
    )
    for shed in Shedding.objects.order_by("began_at"):
        until = "still" if shed.ended_at is None else f"{shed.ended_at.timestamp() - began:.0f} s"
        print(
            f"  left undone: {shed.what}, from {shed.began_at.timestamp() - began:.0f} s "
            f"to {until}, messages turned away {shed.turned_away}"
        )
    if given.overload > 1.0:
        slow = [
            at
            for k, kind, a, _b, at, _t in got
            if kind == "records" and at - due[k, a // given.rate] > 1.0
        ]
        after = (
            f"{max(slow) - (began + 2.0 * third):.0f} s after the overload ended" if slow else ""
        )
        print(f"  last record that took over a second: {after or 'none did'}")
    return 1 if acknowledged - kept or missing or missed else 0


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "none"
    ms = 1e3 * np.asarray(values)
    return (
        f"p50 {np.percentile(ms, 50):.0f} ms, p99 {np.percentile(ms, 99):.0f} ms, "
        f"worst {ms.max():.0f} ms (of {ms.size})"
    )


ROLES = {
    "people": people,
    "generator": generator,
    "acks": acks,
    "client": client,
    "browser": browser,
    "result": result,
}

if __name__ == "__main__":
    sys.exit(main())

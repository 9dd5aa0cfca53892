"""The list of incidents with 50,000 of them: any filter with words, and the state of a past day.

    python benchmarks/bench_incidents.py                     # SQLite, then PostgreSQL if installed
    python benchmarks/bench_incidents.py --database sqlite --incidents 5000

Some synthetic incidents are opened by the service that imports use; the rest are copies of their
rows with an identity of their own, made by the database, since only the number matters. Then pages
of the list are asked for through the whole stack of the server (middleware, policy, count of what
was read), each with a random combination of filters and words, at a clock that goes on two minutes
with each page, since nobody may read more than 500 rows in ten minutes. Page times, and the time of
``as_known_on`` over all incidents, are printed; exit status 1 if the 95th percentile of any kind
misses the target.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from each_database import add_arguments, on_each_database

HERE = Path(__file__).resolve().parent
SEED = 20261126
REALM = "EXERCISE"
BETWEEN_PAGES = dt.timedelta(minutes=2)
TARGET_S = 0.2
OPENED = 2500
"""Incidents that the service opens; the others are copies of their rows."""
START = dt.datetime(1993, 1, 1, tzinfo=dt.UTC)
KINDS = (
    *("theft", "loss", "possession", "sale", "disposal", "detection", "find"),
    *("sabotage", "scam", "attempt", "other"),
)
NUCLIDES = ("Cs-137", "Am-241", "Ir-192", "Co-60", "Sr-90", "Ra-226", "Ni-63", "H-3", "U-238")
MAKERS = tuple(f"Maker{n}" for n in range(60))
COUNTRIES = tuple(f"{a}{b}" for a in "QX" for b in "ABCDEFGHIJKLMNOPQRST")
WORDS = tuple(
    f"{a}{b}" for a in ("gauge", "source", "lorry", "yard", "store", "field", "scrap", "camera")
    for b in ("", "s", "house", "gate", "way", "side", "man", "work")
)  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Measure on each database; exit status 1 if a page misses the target."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(asked)
    asked.add_argument("--incidents", type=int, default=50_000)
    asked.add_argument("--requests", type=int, default=100, help="of each kind of page")
    given = asked.parse_args(words)
    if given.here:
        return _measure(given)
    options = ["--incidents", str(given.incidents), "--requests", str(given.requests)]
    return on_each_database(__file__, options, database=given.database)


def _measure(given: argparse.Namespace) -> int:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    random = np.random.default_rng(SEED)
    browser = _fill(given.incidents, random)
    slow = _pages(browser, given.requests, random)
    _vintages()
    print(f"load of the machine after {os.getloadavg()[0]:.1f}")
    return 1 if slow else 0


def _fill(count: int, random: np.random.Generator) -> Any:
    """A person, and incidents opened as an import opens them."""
    from django.db import connection

    from tocsin.server.accounts.services import add_organisation, add_person, grant
    from tocsin.server.incidents.models import Incident, IncidentStatement, IncidentWord
    from tocsin.server.incidents.opening import open_incident, open_many
    from tocsin.server.marking.highwater import Mark

    body = add_organisation(
        actor="system:bench", name="Authority", short_name="authority", kind="regulator",
        country="XX",
    )  # fmt: skip
    who = add_person(
        actor="system:bench", email="contact@bench.example", name="contact", organisation=body,
        clearance=2, realms=[REALM],
    )  # fmt: skip
    grant(who, "point_of_contact", actor="system:bench", valid_until=None, reason="bench")
    mark = Mark(REALM, 1, frozenset(), "AMBER")
    began = time.monotonic()
    subject = open_incident(who, _draft(random, 0), mark=mark, originator=body, origin="bench")
    drafts = [_draft(random, n) for n in range(1, min(OPENED, count))]
    open_many(who, drafts, mark=mark, originator=body, origin="bench", subject=subject)
    _copies(max(0, -(-count // OPENED) - 1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(
        f"{Incident.objects.count()} incidents, {IncidentStatement.objects.count()} statements,"
        f" {IncidentWord.objects.count()} words in {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return _browser(who)


def _copies(times: int) -> None:
    """Copy the rows of the opened incidents: each copy has its own identity, words and facts."""
    from django.db import connection

    from tocsin.server.incidents.models import Incident, IncidentStatement, IncidentWord

    quoted = connection.ops.quote_name
    identity = "gen_random_uuid()"
    if connection.vendor == "sqlite":
        identity = "lower(hex(randomblob(16)))"

    def copy(model: Any, key: str, left_out: set[str]) -> str:
        fields = [f.column for f in model._meta.local_fields if f.column not in {key, *left_out}]
        names = ", ".join(quoted(name) for name in fields)
        picked = ", ".join(f"r.{quoted(name)}" for name in fields)
        table = model._meta.db_table
        # names of the models' own tables and columns
        return (
            f"INSERT INTO {table} ({key}, {names}) SELECT pair.fresh, {picked} "  # noqa: S608
            f"FROM pair JOIN {table} r ON r.{key} = pair.id"
        )

    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE origin AS SELECT id FROM incidents_incident")
        for _ in range(times):
            cursor.execute(
                f"CREATE TEMPORARY TABLE pair AS SELECT id, {identity} AS fresh FROM origin"  # noqa: S608
            )
            cursor.execute(copy(Incident, "id", set()))
            cursor.execute(copy(IncidentStatement, "incident_id", {"id"}))
            cursor.execute(copy(IncidentWord, "incident_id", {"id"}))
            cursor.execute("DROP TABLE pair")


def _draft(random: np.random.Generator, number: int) -> Any:
    from tocsin.server.incidents.opening import Draft, Later, ObjectDraft, ReportDraft

    happened = START + dt.timedelta(days=float(random.uniform(0, 12_000)))
    known = happened + dt.timedelta(days=float(random.exponential(20)))
    title = " ".join(str(random.choice(WORDS)) for _ in range(4))
    values: dict[str, Any] = {
        "title": title,
        "kind": str(random.choice(KINDS)),
        "status": "notified",
        "interval": {"from": happened.isoformat(), "to": known.isoformat()},
        "place": f"{random.choice(WORDS)} {random.choice(WORDS)}",
        "country": str(random.choice(COUNTRIES)),
        "position": [float(random.uniform(-60, 70)), float(random.uniform(-180, 180))],
        "transport": bool(random.random() < 0.5),
        "summary": " ".join(str(random.choice(WORDS)) for _ in range(25)),
        "group": {"edition": "2024", "group": str(random.choice(("I", "II", "III")))},
    }
    found = {"share": str(random.choice(("all", "part", "none"))), "on": None}
    later = (
        Later(known + dt.timedelta(days=30), {"recovered": found}, "searched for"),
        Later(known + dt.timedelta(days=90), {"status": "confirmed"}, "confirmed"),
    )
    thing = {
        "kind": "device",
        "manufacturer": str(random.choice(MAKERS)),
        "model": f"M-{random.integers(500)}",
        "serials": [{"value": f"{random.integers(10_000_000):07d}", "of": "device"}],
        "contents": [{"nuclide": str(random.choice(NUCLIDES))}],
        "category": int(random.integers(1, 6)),
    }
    return Draft(
        values=values,
        objects=(ObjectDraft(thing),),
        report=ReportDraft(channel="import", title=title),
        reason="bench",
        known_at=known,
        later=later,
        external_id=f"B-{number}",
    )


def _browser(who: Any) -> Any:
    """A browser in which a person is signed in, past the form of the password."""
    from allauth.account.internal.userkit import user_id_to_str
    from django.test import Client

    from tocsin.server.clock import now

    browser = Client()
    browser.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = browser.session
    record = {"method": "password", "at": now().timestamp(), "email": who.email}
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = user_id_to_str(who)
    session.save()
    return browser


def _addresses(random: np.random.Generator) -> dict[str, Any]:
    """Makers of random addresses by kind of page."""
    filters: dict[str, Any] = {
        "kind": KINDS,
        "group": ("I", "II", "III"),
        "status": ("notified", "confirmed"),
        "nuclide": NUCLIDES,
        "category": ("1", "2", "3", "4", "5", "none"),
        "country": COUNTRIES,
        "year": tuple(str(y) for y in range(1993, 2026)),
        "transport": ("yes", "no", "unknown"),
        "recovered": ("all", "part", "none", "unknown"),
        "state": ("open", "closed"),
    }

    def text(count: int) -> str:
        return " ".join(str(random.choice(WORDS)) for _ in range(count))

    def one() -> dict[str, str]:
        name = str(random.choice(list(filters)))
        return {name: str(random.choice(filters[name]))}

    def several() -> dict[str, str]:
        names = random.choice(list(filters), size=int(random.integers(2, 5)), replace=False)
        return {str(n): str(random.choice(filters[str(n)])) for n in names}

    kinds = {
        "all": dict,
        "one filter": one,
        "one word": lambda: {"text": text(1)},
        "two words": lambda: {"text": text(2)},
        "beginning of a word": lambda: {"text": text(1)[:3]},
        "maker and model": lambda: {"text": f"{random.choice(MAKERS)} M-{random.integers(500)}"},
        "part of a serial number": lambda: {"text": f"{random.integers(100_000):05d}"},
        "filter and word": lambda: one() | {"text": text(1)},
        "filters and words": lambda: several() | {"text": text(int(random.integers(1, 4)))},
        "nothing found": lambda: several() | {"text": "zeppelin"},
        "later page": lambda: {"page": str(random.integers(2, 20))},
    }
    return {
        name: (lambda make=make: f"/incidents/?{urlencode(make())}") for name, make in kinds.items()
    }


def _pages(browser: Any, requests: int, random: np.random.Generator) -> int:
    """Ask for every kind of page in random order; how many kinds miss the target."""
    from tocsin.server.clock import running_on

    moment = [dt.datetime.now(dt.UTC)]
    makers = _addresses(random)
    order = [kind for kind in makers for _ in range(requests)]
    random.shuffle(order)
    times: dict[str, list[float]] = {kind: [] for kind in makers}
    own_s: list[float] = []
    with running_on(lambda: moment[0]):
        for kind in order:
            address = makers[kind]()
            moment[0] += BETWEEN_PAGES
            began, used = time.perf_counter(), time.process_time()
            answer = browser.get(address)
            times[kind].append(time.perf_counter() - began)
            own_s.append(time.process_time() - used)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")
    print(f"{requests} pages of each kind, ms: p50, p95, longest")
    slow = 0
    for kind, taken in times.items():
        late = statistics.quantiles(taken, n=20, method="inclusive")[-1]
        slow += late > TARGET_S
        mark = "  over the target" if late > TARGET_S else ""
        figures = (1e3 * statistics.median(taken), 1e3 * late, 1e3 * max(taken))
        print(f"  {kind:<26}" + "".join(f"{f:8.0f}" for f in figures) + mark, flush=True)
    every = [t for taken in times.values() for t in taken]
    late = statistics.quantiles(every, n=20, method="inclusive")[-1]
    print(f"  {'together':<26}{1e3 * statistics.median(every):8.0f}{1e3 * late:8.0f}")
    # of a machine that does other work too, this says what the pages need by themselves
    late = statistics.quantiles(own_s, n=20, method="inclusive")[-1]
    print(f"  {'processor time, own':<26}{1e3 * statistics.median(own_s):8.0f}{1e3 * late:8.0f}")
    return slow


def _vintages() -> None:
    """How long the state of all incidents on a past day takes."""
    from tocsin.server.incidents.models import Incident
    from tocsin.server.incidents.reading import as_known_on

    for day in (dt.date(2005, 1, 1), dt.date(2026, 1, 1)):
        began = time.perf_counter()
        found = as_known_on(Incident.objects.all(), day)
        print(f"  as known on {day}: {len(found)} incidents, {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    sys.exit(main())

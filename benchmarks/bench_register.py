"""The register with 100,000 sources and 1,000,000 transactions: importing, and how fast pages are.

    python benchmarks/bench_register.py                      # SQLite, then PostgreSQL if installed
    python benchmarks/bench_register.py --database sqlite --sources 5000 --transactions 50000

Each database is filled on its own: a synthetic table is uploaded to the page of imports, checked
and taken over by the worker in a process of its own, as an officer would see it; the steps of the
lives of the sources are then written in bulk. After that people ask for pages through the whole
stack of the server (middleware, policy, count of what was read), in random order, at a clock that
goes on five minutes with each page, since nobody may read more than 500 rows in ten minutes.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from each_database import add_arguments, on_each_database

HERE = Path(__file__).resolve().parent
SEED = 20261126
SITES = 40
STATE = 2000
"""Sources of one synthetic State."""
REALM = "EXERCISE"
BETWEEN_PAGES = dt.timedelta(minutes=5)
TARGET_S = 0.2


def main(words: Sequence[str] | None = None) -> int:
    """Measure on each database; exit status 1 if a page misses the target."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(asked)
    asked.add_argument("--sources", type=int, default=100_000)
    asked.add_argument("--transactions", type=int, default=1_000_000)
    asked.add_argument("--requests", type=int, default=60, help="of each page and person")
    asked.add_argument("--folder", type=Path, help="keep the data here, and use what is there")
    given = asked.parse_args(words)
    if given.here:
        return _measure(given)
    options = [
        "--sources",
        str(given.sources),
        "--transactions",
        str(given.transactions),
        "--requests",
        str(given.requests),
    ]
    return on_each_database(__file__, options, database=given.database, folder=given.folder)


def _measure(given: argparse.Namespace) -> int:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from tocsin.server.register.models import Source

    random = np.random.default_rng(SEED)
    if not Source.objects.exists():
        _fill(given, random)
    slow = 0
    for name, browser in _people().items():
        slow += _pages(name, browser, given.requests, random)
    print(f"load of the machine after {os.getloadavg()[0]:.1f}")
    return 1 if slow else 0


def _fill(given: argparse.Namespace, random: np.random.Generator) -> None:
    """People, the import of a table, and the steps of the lives of its sources."""
    from tocsin.server.accounts.models import Organisation, Person
    from tocsin.server.accounts.services import add_organisation, add_person, grant
    from tocsin.server.clock import now
    from tocsin.server.marking.policy import reader_of
    from tocsin.server.register.holders import holder_named

    rows, lives = _population(given.sources, now().date(), random)
    table = _many_sites(rows, random)
    by_size = [name for name, _count in Counter(_first_cells(table)).most_common()]
    wanted = {"authority": "", "large": by_size[0], "small": by_size[len(by_size) // 2]}
    for short, name in wanted.items():
        kind = "holder" if name else "regulator"
        body: Organisation = add_organisation(
            actor="system:bench", name=name or "Authority", short_name=short, kind=kind,
            country="XX",
        )  # fmt: skip
        who: Person = add_person(
            actor="system:bench", email=f"{short}@bench.example", name=short, organisation=body,
            clearance=2, realms=[REALM],
        )  # fmt: skip
        grant(
            who, "holder" if name else "register_officer", actor="system:bench",
            valid_until=None, reason="bench",
        )  # fmt: skip
    officer = reader_of(Person.objects.get(email="authority@bench.example"))
    for short in ("large", "small"):
        body = Organisation.objects.get(short_name=short)
        holder_named(officer, body.name, organisation=body)
    _import(table)
    _lives(lives, given.transactions)
    _check()


def _population(
    sources: int, today: dt.date, random: np.random.Generator
) -> tuple[list[list[str]], dict[str, list[Any]]]:
    """Rows of a table with its header, and the steps of each life by number in the register.

    Of several States, one after the other: the mistakes of one are looked for among all its rows.
    """
    from tocsin.scenario.register import register_table, synthetic_register

    rows: list[list[str]] = []
    lives: dict[str, list[Any]] = {}
    while len(rows) <= sources:
        made = synthetic_register(random, today=today, sources=STATE)
        of = len(lives) // STATE
        header, *found = csv.reader(io.StringIO(register_table(made.items).decode()))
        number, serial = header.index("Register number"), header.index("Serial number")
        for row, item in zip(found, made.items, strict=True):
            row[number] += f"-{of}"
            row[serial] += f"-{of}" if row[serial] else ""
            lives[row[number]] = item.steps
        rows += found if rows else [header, *found]
    return rows[: sources + 1], lives


def _many_sites(table: list[list[str]], random: np.random.Generator) -> bytes:
    """The same table with each holder divided into sites, the first ones larger."""
    weights = 1.0 / np.arange(1, SITES + 1)
    weights /= weights.sum()
    header, *rows = table
    sites = random.choice(SITES, size=len(rows), p=weights)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(
        (f"{row[0]}, site {site + 1}", *row[1:]) for row, site in zip(rows, sites, strict=True)
    )
    return text.getvalue().encode()


def _first_cells(table: bytes) -> Iterator[str]:
    rows = csv.reader(io.StringIO(table.decode()))
    next(rows)
    return (row[0] for row in rows)


def _browser(email: str) -> Any:
    """A browser in which a person is signed in, past the form of the password."""
    from allauth.account.internal.userkit import user_id_to_str
    from django.test import Client

    from tocsin.server.accounts.models import Person
    from tocsin.server.clock import now

    who = Person.objects.get(email=email)
    browser = Client()
    browser.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = browser.session
    record = {"method": "password", "at": now().timestamp(), "email": email}
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = user_id_to_str(who)
    session.save()
    return browser


def _import(table: bytes) -> None:
    """Upload, check and take over a table; the worker is a process of its own."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from tocsin.server.register.models import Import, Source

    browser = _browser("authority@bench.example")
    worker = subprocess.Popen(
        [sys.executable, "-m", "tocsin.server.serving.tasks"], stdout=subprocess.DEVNULL
    )
    try:
        began = time.monotonic()
        file = SimpleUploadedFile("register.csv", table, content_type="text/csv")
        answer = browser.post("/register/imports/new/", {"file": file})
        _expect(answer, 302)
        uploaded = time.monotonic()
        _wait_for(browser, answer["Location"], "checked")
        checked = time.monotonic()
        answer = browser.post(f"{answer['Location']}apply/")
        seen = _wait_for(browser, answer["Location"], "applied")
        applied = time.monotonic()
    finally:
        worker.terminate()
        worker.wait(30)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    row = Import.objects.get()
    print(
        f"import of {row.rows} rows, {len(table) / 2**20:.1f} MiB: upload {uploaded - began:.1f} s,"
        f" check {checked - uploaded:.1f} s, taking over {applied - checked:.1f} s,"
        f" together {applied - began:.1f} s; the page told {seen} steps of progress;"
        f" {Source.objects.count()} sources; processor time of the worker"
        f" {used.ru_utime + used.ru_stime:.1f} s",
        flush=True,
    )


def _expect(answer: Any, status: int) -> None:
    if answer.status_code != status:
        raise RuntimeError(f"{answer.request['PATH_INFO']} answered {answer.status_code}")


def _wait_for(browser: Any, address: str, state: str) -> int:
    """Ask for the page every second until the step is over; how many figures it showed."""
    from tocsin.server.register.models import Import

    shown = set()
    while True:
        answer = browser.get(address)
        _expect(answer, 200)
        row = Import.objects.get()
        if row.state == state:
            return len(shown)
        if row.stopped:
            raise RuntimeError(f"the import stopped: {row.stopped}")
        shown.update(re.findall(rb'<progress max="\d+" value="(\d+)"', answer.content))
        time.sleep(1.0)


def _lives(lives: dict[str, list[Any]], least: int) -> None:
    """The steps of the lives of the sources, in bulk, and what they have made of them.

    Where the lives are shorter than was asked for, leak tests are added.
    """
    from tocsin.server.accounts.models import Person
    from tocsin.server.clock import now
    from tocsin.server.register.life import RULES, Kind, Status
    from tocsin.server.register.models import Source, Transaction

    began = time.monotonic()
    officer, at = Person.objects.get(email="authority@bench.example"), now()
    sources = list(Source.objects.only("pk", "reference", "status"))
    missing = max(0, least - sum(len(lives.get(s.reference, ())) for s in sources))
    more = -(-missing // len(sources))
    batch: list[Transaction] = []
    changed: dict[tuple[str, dt.date], list[Any]] = {}
    for source in sources:
        status, day = Status.IN_USE, at.date()
        life = lives.get(source.reference, ())
        # nothing is reported of a source after its end
        steps = [(Kind.LEAK_TEST.value, life[0].happened_on if life else day)] * more
        steps += [(s.kind, s.happened_on) for s in life[1:]]
        for number, (kind, happened_on) in enumerate(steps, start=2):
            batch.append(
                Transaction(
                    source_id=source.pk, number=number, kind=kind, at=at, by=officer,
                    happened_on=happened_on, note="a step of the bench",
                )
            )  # fmt: skip
            if (becomes := RULES[Kind(kind)].becomes) is not None:
                status, day = becomes, happened_on
        if status != Status.IN_USE:
            changed.setdefault((status.value, day), []).append(source.pk)
        if len(batch) > 20_000:
            Transaction.objects.bulk_create(batch, batch_size=2000)
            batch = []
    Transaction.objects.bulk_create(batch, batch_size=2000)
    for (value, day), pks in changed.items():
        Source.objects.filter(pk__in=pks).update(status=value, since=day)
    on_the_way = [s.pk for s in sources[:: max(1, len(sources) // 300)]]
    Source.objects.filter(pk__in=on_the_way).update(sent_on=at.date() - dt.timedelta(days=20))
    count, taken_s = Transaction.objects.count(), time.monotonic() - began
    print(f"{count} transactions, in {taken_s:.0f} s", flush=True)


def _check() -> None:
    """The checks of the data, as the timers have them computed."""
    from tocsin.server.register.checking import check_all
    from tocsin.server.register.finding import count_tables
    from tocsin.server.register.models import Checked

    count_tables()
    began, used = time.monotonic(), time.process_time()
    for kept in Checked.objects.select_related("organisation"):
        check_all(kept)
    print(
        f"checks of the data in the background: {time.monotonic() - began:.0f} s, processor time"
        f" {time.process_time() - used:.0f} s",
        flush=True,
    )


def _people() -> dict[str, Any]:
    names = ("authority", "large", "small")
    return {name: _browser(f"{name}@bench.example") for name in names}


def _pages(name: str, browser: Any, requests: int, random: np.random.Generator) -> int:
    """Ask for every kind of page in random order; how many kinds miss the target."""
    from tocsin.server.clock import running_on
    from tocsin.server.marking.models import Reading

    # an earlier run on the same folder went on in time as this one does
    Reading.objects.all().delete()
    moment = [dt.datetime.now(dt.UTC)]
    makers = _addresses(name, random)
    order = [kind for kind in makers for _ in range(requests)]
    random.shuffle(order)
    times: dict[str, list[float]] = {kind: [] for kind in makers}
    worked: dict[str, list[float]] = {kind: [] for kind in makers}
    with running_on(lambda: moment[0]):
        for kind in order:
            address = makers[kind]()
            moment[0] += BETWEEN_PAGES
            began, used = time.perf_counter(), time.process_time()
            answer = browser.get(address)
            worked[kind].append(time.process_time() - used)
            times[kind].append(time.perf_counter() - began)
            _expect(answer, 200)
    print(
        f"\npages as {name}, {requests} of each, load {os.getloadavg()[0]:.1f}; ms:"
        " p50, p95, longest; processor time of this process: p50, p95"
    )
    slow = 0
    for kind, taken in times.items():
        late = _p95(taken)
        slow += late > TARGET_S
        mark = "  over the target" if late > TARGET_S else ""
        figures = [1e3 * f for f in (statistics.median(taken), late, max(taken))]
        figures += [1e3 * f for f in (statistics.median(worked[kind]), _p95(worked[kind]))]
        print(f"  {kind:<28}" + "".join(f"{f:8.0f}" for f in figures) + mark, flush=True)
    return slow


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def _addresses(name: str, random: np.random.Generator) -> dict[str, Callable[[], str]]:
    """Makers of random addresses by kind of page."""
    from tocsin.server.accounts.models import Person
    from tocsin.server.marking.policy import for_figures, reader_of
    from tocsin.server.register.models import Holder, Source

    reader = reader_of(Person.objects.get(email=f"{name}@bench.example"))
    mine = for_figures(reader, Source.objects.all())
    sample = list(
        mine.order_by("pk").values_list("pk", "serial", "holder__name", "created_at")[:800]
    )
    holders = list(for_figures(reader, Holder.objects.all()).values_list("pk", flat=True)[:500])

    def one(of: Sequence[Any]) -> Any:
        return of[int(random.integers(len(of)))]

    def word() -> str:
        serial, holder = one(sample)[1:3]
        return one([serial, serial[:4], holder.split()[0], "cs-137", "soil", "halden", "hg", "zzz"])

    def deep() -> str:
        identity, _serial, _holder, at = one(sample)
        return f"/register/?older={at.timestamp():.6f}_{identity.hex}"

    def filters() -> str:
        status = one(["", "held", "missing", "in_use", "stored", "lost", "disposed", "exported"])
        category = one(["", "1", "2", "3", "4", "5", "1-3", "none"])
        nuclide = one(["", "", "Cs-137", "Co-60", "Ir-192"])
        return f"/register/?status={status}&category={category}&nuclide={nuclide}"

    return {
        "home": lambda: "/",
        "list, first page": lambda: "/register/",
        "list, deep page": deep,
        "list, a status": lambda: f"/register/?status={one(['held', 'missing', 'stored'])}",
        "list, a category": lambda: f"/register/?category={one(['1', '2', '3', '4', '1-3'])}",
        "list, a nuclide": lambda: f"/register/?nuclide={one(['Cs-137', 'Co-60', 'Am-241'])}",
        "list, overdue": lambda: "/register/?late=1",
        "list, filters together": filters,
        "list, a word": lambda: f"/register/?text={word()}",
        "list, two words": lambda: f"/register/?text={word()}+{word()}",
        "search of everything": lambda: f"/search/?q={word()}",
        "source": lambda: f"/register/{one(sample)[0]}/",
        "holders": lambda: "/register/holders/",
        "holder": lambda: f"/register/holders/{one(holders)}/",
        "checks": lambda: "/register/checks/",
    }


if __name__ == "__main__":
    sys.exit(main())

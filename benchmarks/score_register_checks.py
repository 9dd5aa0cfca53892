"""Mistakes that were put into invented registers, and what the checks of the register find of them.

Development looked at the seeds ``DEVELOPED`` alone. The seeds ``HELD_OUT`` are for the figure of
docs/validation/server.md, after the checks were finished. Run::

    python benchmarks/score_register_checks.py --seeds held-out

Each register goes the way of an import with its life, but is not written to a database.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import beta

from tocsin.scenario.register import (
    Item,
    Mistake,
    SyntheticLicence,
    SyntheticRegister,
    life_table,
    register_table,
    synthetic_register,
)

if TYPE_CHECKING:
    from tocsin.server.register.models import Source
    from tocsin.server.register.quality import Finding

DEVELOPED = range(1, 11)
HELD_OUT = range(1001, 1021)
TODAY = dt.date(2026, 11, 26)
LIMIT = "limit_exceeded"
AT_IMPORT = "refused at the import"
SAME_AS = {
    # one contradiction can be told in two ways; each names the mistake rightly
    "unit_slip": {"unit_slip", "decay_mismatch"},
    "decay_mismatch": {"decay_mismatch", "unit_slip", "impossible_date"},
    "received_never_sent": {"received_never_sent", "entered_twice", "duplicate_serial"},
    "entered_twice": {"entered_twice", "duplicate_serial"},
    "duplicate_serial": {"duplicate_serial", "entered_twice"},
    "impossible_date": {"impossible_date", AT_IMPORT},
}
"""Kinds of findings that count as finding a kind of mistake; else its own."""
TRUE_STATES = frozenset({"storage_over", "licence_over", "no_category"})
"""Kinds that tell of no mistake: what they say is so, and nobody wrote anything wrong."""


@dataclass(slots=True)
class Score:
    """What came of the mistakes of some registers.

    Parameters
    ----------
    seeded, found : Counter
        Detectable mistakes by kind.
    missed : list of (int, Mistake)
        Seed and mistake.
    hidden : Counter
        Undetectable mistakes by kind and reason.
    lucky : int
        Of these, those that were found all the same.
    false : list of (int, str, str, str)
        Seed, kind, number and words of findings in sources without a mistake.
    followed : int
        Limits that are exceeded because of a mistake in another source of the holder.
    false_sources, clean, findings : int
    seconds : float
        For the checks alone.
    """

    seeded: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    missed: list[tuple[int, Mistake]] = field(default_factory=list)
    hidden: Counter[tuple[str, str]] = field(default_factory=Counter)
    lucky: int = 0
    false: list[tuple[int, str, str, str]] = field(default_factory=list)
    followed: int = 0
    false_sources: int = 0
    clean: int = 0
    findings: int = 0
    seconds: float = 0.0

    def add(
        self,
        seed: int,
        made: SyntheticRegister,
        found: Iterable[Finding],
        refused: Iterable[str],
    ) -> None:
        """Count one register.

        Parameters
        ----------
        found : iterable of Finding
        refused : iterable of str
            Numbers in the register of sources of which the import left something out.
        """
        by_source: dict[str, set[str]] = defaultdict(set)
        for reference in refused:
            by_source[reference].add(AT_IMPORT)
        rows = [f for f in found if f.kind not in TRUE_STATES]
        self.findings += len(rows)
        for finding in rows:
            by_source[finding.source.reference].add(finding.kind)
        items = {item.reference: item for item in made.items}
        beyond_limit = {one for f in rows if f.kind == LIMIT for one in _sums(f)}
        concerned: set[str] = set()
        for mistake in made.mistakes:
            concerned |= {*mistake.references, *mistake.parties}
            wanted = SAME_AS.get(mistake.kind, {mistake.kind})
            if mistake.kind == LIMIT:
                # a limit shows at one of the sources that make up the sum
                seen = any(sums_of(items[r]) & beyond_limit for r in mistake.references)
            else:
                seen = any(wanted & by_source[r] for r in mistake.references)
            if mistake.undetectable:
                self.hidden[mistake.kind, mistake.undetectable] += 1
                self.lucky += seen
                continue
            self.seeded[mistake.kind] += 1
            self.found[mistake.kind] += seen
            if not seen:
                self.missed.append((seed, mistake))
        clean = set(items) - concerned
        self.clean += len(clean)
        # a wrong activity, nuclide or holder of one source makes the sum of others wrong
        spoiled = {one for reference in concerned for one in sums_of(items[reference])}
        false = [f for f in rows if f.source.reference in clean]
        followed = [f for f in false if f.kind == LIMIT and _sums(f) & spoiled]
        self.followed += len(followed)
        false = [f for f in false if f not in followed]
        self.false_sources += len({f.source.reference for f in false})
        self.false += [(seed, f.kind, f.source.reference, f.why) for f in false]


def sums_of(item: Item) -> set[tuple[str, str]]:
    """Sums in which an item counts, as :func:`_sums` names them."""
    holder = item.last_holder().casefold()
    return {(holder, nuclide.split("/")[0]) for nuclide in item.nuclides}


def _sums(finding: Finding) -> set[tuple[str, str]]:
    """Sums in which a source counts: its holder with each nuclide."""
    holder = finding.source.holder.name.casefold()
    return {(holder, item["nuclide"]) for item in finding.source.contents}


def start_django() -> None:
    """Django with a folder that nothing is written to."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
    os.environ.setdefault("TOCSIN_DATA", tempfile.mkdtemp(prefix="tocsin-score-"))
    os.environ.setdefault("TOCSIN_HTTPS", "0")
    import django

    django.setup()


def checked(made: SyntheticRegister, today: dt.date) -> tuple[list[Finding], set[str], float]:
    """What the checks find in a register that went through the import, and what that refused.

    Returns
    -------
    list of Finding
    set of str
        Numbers of sources with a fault at the import.
    float
        Seconds of the checks.
    """
    from tocsin.formats.confined_table import read_table
    from tocsin.server.accounts.models import Organisation, Person
    from tocsin.server.clock import now
    from tocsin.server.marking.policy import Reader
    from tocsin.server.register.checks.lives import Life, SeenStep
    from tocsin.server.register.history import lived, lives_of
    from tocsin.server.register.imports import guessed, rows_of
    from tocsin.server.register.models import Holder
    from tocsin.server.register.quality import findings_in

    body = Organisation(name="Authority", short_name="authority", kind="regulator", country="XA")
    officer = Person(name="officer", organisation=body, clearance=3)
    reader = Reader(
        person=officer,
        realm="SYNTHETIC",
        roles=frozenset(),
        actions=frozenset(),
        compartments=frozenset(),
        at=now(),
    )
    table = read_table(register_table(made.items))
    good, faults = rows_of(guessed(table.header), table, today)
    by_line = dict(zip(table.lines, made.items, strict=True))
    refused = {by_line[fault["line"]].reference for fault in faults}
    lives, left_out = lives_of(read_table(life_table(made.items)), today)
    refused |= {str(fault["reference"]) for fault in left_out}
    holders: dict[str, Holder] = {}

    def holder_of(name: str) -> Holder:
        return holders.setdefault(name.casefold(), Holder(name=name, originator=body))

    rows, told = [], {}
    for source, steps in lived(reader, good, lives, holder_of, imported=None):
        rows.append(source)
        told[source.pk] = Life(
            [SeenStep(s.number, s.kind, s.happened_on, s.at.date(), s.facts) for s in steps]
        )
    began = time.perf_counter()
    found = findings_in(rows, told, today)
    found += beyond(rows, made.licences, today)
    return found, refused, time.perf_counter() - began


def beyond(
    rows: list[Source], licences: Iterable[SyntheticLicence], today: dt.date
) -> list[Finding]:
    """What the check of limits finds, with the licences of the register."""
    from tocsin.server.licensing.checks import beyond_licences
    from tocsin.server.licensing.limits import Limit, item_of
    from tocsin.server.licensing.models import Licence, Version
    from tocsin.server.register.life import HELD
    from tocsin.server.register.quality import Finding

    found: list[Finding] = []
    for given in licences:
        limits = [
            Limit(nuclides=(nuclide,), total_Bq=most).written()
            for nuclide, most in given.limits_Bq.items()
        ]
        licence = Licence(number=given.number, current=Version(limits=limits))
        held = [
            (row, item_of(row.activities(), today))
            for row in rows
            if row.holder.name == given.holder and row.status in HELD
        ]
        found += [
            Finding("limit_exceeded", row, why) for row, why in beyond_licences([licence], held)
        ]
    return found


def score(seeds: Iterable[int], sources: int, *, today: dt.date = TODAY) -> Score:
    """Score of the registers of some seeds."""
    from tocsin.server.clock import running_on

    total = Score()
    for seed in seeds:
        made = synthetic_register(np.random.default_rng(seed), today=today, sources=sources)
        with running_on(lambda: dt.datetime.combine(today, dt.time(12), dt.UTC)):
            found, refused, seconds = checked(made, today)
        total.add(seed, made, found, refused)
        total.seconds += seconds
    return total


def interval(k: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Clopper and Pearson)."""
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return low, high


def told(total: Score) -> str:
    """The score as a table for a page."""
    lines = ["| kind of mistake | put in | found | missed |", "|---|---|---|---|"]
    for kind in sorted(total.seeded):
        n, k = total.seeded[kind], total.found[kind]
        lines.append(f"| {kind} | {n} | {k} | {n - k} |")
    n, k = sum(total.seeded.values()), sum(total.found.values())
    low, high = interval(k, n)
    lines.append(f"| all that can be found | {n} | {k} ({low:.2%} to {high:.2%}) | {n - k} |")
    low, high = interval(total.false_sources, total.clean)
    lines += [
        "",
        f"False: {total.false_sources} of {total.clean} sources without a mistake "
        f"({total.false_sources / total.clean:.3%}; {low:.3%} to {high:.3%}): "
        + ", ".join(f"{k} {n}" for k, n in Counter(f[1] for f in total.false).most_common()),
        "",
        "| kind of mistake that nothing contradicts | why | put in |",
        "|---|---|---|",
    ]
    lines += [f"| {kind} | {why} | {n} |" for (kind, why), n in sorted(total.hidden.items())]
    lines += ["", f"Limits exceeded by a mistake in another source: {total.followed}."]
    lines += ["", f"Found all the same: {total.lucky}. Checks took {total.seconds:.1f} s."]
    return "\n".join(lines)


def main() -> None:
    """Score the seeds of a range and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", choices=("developed", "held-out"), default="developed")
    parser.add_argument("--sources", type=int, default=4000)
    parser.add_argument("--many", type=int, default=0, help="only the first so many seeds")
    parser.add_argument("--show", action="store_true", help="each missed and false one")
    given = parser.parse_args()
    seeds = list(DEVELOPED if given.seeds == "developed" else HELD_OUT)
    start_django()
    total = score(seeds[: given.many or None], given.sources)
    if given.show:
        for seed, mistake in total.missed:
            print("missed", seed, mistake.kind, mistake.shape, mistake.references)
        for one in total.false:
            print("false", *one)
    print(told(total))


if __name__ == "__main__":
    main()

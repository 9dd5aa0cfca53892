"""The checks of the register: each kind by hand, and a seeded register with its score."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from register_entries import GIVEN

from tocsin.errors import InvalidInput
from tocsin.scenario.register import life_table, register_table, synthetic_register
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader
from tocsin.server.register.checks.activities import statements
from tocsin.server.register.checks.holders import same_name
from tocsin.server.register.checks.lives import Life, SeenStep, dates, legs, order
from tocsin.server.register.checks.numbers import form_of, is_number, one_apart
from tocsin.server.register.corrections import correct
from tocsin.server.register.entries import entry_of
from tocsin.server.register.facts import checked_facts
from tocsin.server.register.history import apply_with_life
from tocsin.server.register.holders import Refused
from tocsin.server.register.imports import bring
from tocsin.server.register.life import Kind, Status
from tocsin.server.register.models import Source, Transaction
from tocsin.server.register.quality import findings, lives_of_sources

TODAY = dt.date(2026, 11, 26)
BENCH = Path(__file__).resolve().parents[3] / "benchmarks" / "score_register_checks.py"
SEEDS = range(1, 4)
"""Of those that development looked at; the figure of the docs is of others."""


def a_source(**given: Any) -> Source:
    contents = [{"nuclide": "Ir-192", "activity_Bq": 3.7e12, "reference_date": "2026-01-01"}]
    values = {"made_on": dt.date(2025, 12, 28), "contents": contents, "status": Status.IN_USE}
    return Source(**(values | given))


def a_life(*steps: tuple[str, str], **facts: str) -> Life:
    return Life(
        [
            SeenStep(n, kind, day := dt.date.fromisoformat(text), day, facts)
            for n, (kind, text) in enumerate(steps, start=1)
        ]
    )


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that scores the checks."""
    spec = spec_from_file_location("score_register_checks", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # dataclasses look for their module
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_seeded_mistakes_are_found_and_what_is_right_is_left_alone(bench: ModuleType) -> None:
    """At least 99 % of what can be found, under 1 % of the clean sources: within 95 % intervals."""
    total, interval = bench.score(SEEDS, 1200), bench.interval
    seeded, found = sum(total.seeded.values()), sum(total.found.values())
    assert seeded > 150
    assert interval(found, seeded)[1] >= 0.99, total.missed
    assert interval(total.false_sources, total.clean)[1] < 0.01, total.false
    assert sum(total.hidden.values()) > 30


def test_the_same_is_found_in_the_database_and_the_earlier_life_is_as_reported(
    db: None, clock: object, officer: Reader
) -> None:
    made = synthetic_register(
        np.random.default_rng(14), today=now().date(), sources=120, mistaken=2.0
    )
    table = bring(officer, register_table(made.items), name="sources.csv")
    leaves = Leaf.objects.filter(action="register.import_with_life")
    row = apply_with_life(officer, table, life_table(made.items), name="lives.csv")
    assert row.state == row.State.APPLIED
    assert leaves.count() == 1
    with pytest.raises(Refused):
        apply_with_life(officer, row, life_table(made.items), name="lives.csv")
    left = {fault["reference"] for fault in row.faults if "reference" in fault}
    left |= {i.reference for i in made.items} - set(
        Source.objects.values_list("reference", flat=True)
    )
    # what cannot be a step has a wrong date; no right report is left out
    wrong = {r for m in made.mistakes if m.kind == "impossible_date" for r in m.references}
    assert left <= wrong
    for item in made.items:
        if item.reference in left:
            continue
        steps = list(Transaction.objects.filter(source__reference=item.reference))
        assert [s.kind for s in steps] == [s.kind for s in item.steps]
        assert [s.at.date() for s in steps] == [s.reported_on for s in item.steps]
        assert [s.happened_on for s in steps] == [s.happened_on for s in item.steps]
        assert steps[0].source.holder.name == item.last_holder()
    seen = {(f.kind, f.source.reference) for f in findings(Source.objects.all(), now().date())}
    in_pieces = list(Source.objects.select_related("holder"))
    assert seen == {(f.kind, f.source.reference) for f in findings(in_pieces, now().date())}
    gone = {m.references[0] for m in made.mistakes if m.kind == "after_the_end"}
    assert gone
    assert gone <= {reference for kind, reference in seen if kind == "after_the_end"}


def test_a_report_declared_wrong_counts_no_longer(
    clock: object, officer: Reader, source: Source, correction: Callable[..., None]
) -> None:
    correction(source)
    assert not [f for f in findings([source], now().date()) if f.kind == "after_the_end"]


@pytest.fixture
def correction() -> Callable[..., None]:
    """A test of a source that was gone, and the correction that names it."""

    def make(source: Source) -> None:
        day = now().date()
        common = {"source": source, "happened_on": day, "at": now(), "by": None}
        Transaction.objects.create(number=2, kind=Kind.EXPORT, **common)
        later = common | {"happened_on": day + dt.timedelta(days=1)}
        wrong = Transaction.objects.create(number=3, kind=Kind.LEAK_TEST, **later)
        assert [f for f in findings([source], day) if f.kind == "after_the_end"]
        Transaction.objects.create(number=4, kind=Kind.CORRECTION, corrects=wrong, **later)

    return make


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ((("registration", "2026-01-02"), ("leak_test", "2025-12-01")), "dates"),
        ((("registration", "2026-02-01"), ("transfer", "2026-03-01")), "sent"),
        ((("registration", "2026-02-01"), ("receipt", "2026-03-01")), "received"),
        ((("registration", "2026-02-01"), ("loss", "2026-03-01"), ("move", "2026-04-01")), "gone"),
        ((("find", "2026-02-01"), ("transfer", "2026-03-05"), ("receipt", "2026-03-01")), "dates"),
    ],
)  # fmt: skip
def test_lives_that_cannot_be(steps: tuple[tuple[str, str], ...], kind: str) -> None:
    row, life = a_source(), a_life(*steps)
    found = {
        "dates": list(dates(row, life, TODAY)),
        "gone": list(order(row, life)),
        "sent": [f for f in legs(row, life, TODAY) if f.kind == "sent_never_received"],
        "received": [f for f in legs(row, life, TODAY) if f.kind == "received_never_sent"],
    }
    assert {name for name, of in found.items() if of} == {kind}


@pytest.mark.parametrize(
    "steps",
    [
        # lost on the way; found by the receiver; imported again; a receipt as the first report
        (("registration", "2026-02-01"), ("transfer", "2026-03-01"), ("theft", "2026-03-02")),
        (("registration", "2026-02-01"), ("loss", "2026-03-01"), ("recovery", "2026-04-01")),
        (("registration", "2026-02-01"), ("export", "2026-03-01"), ("import", "2026-04-01")),
        (("receipt", "2026-02-01"), ("transfer", "2026-03-01"), ("receipt", "2026-03-03")),
        (("registration", "2026-02-01"), ("transfer", "2026-11-24")),
    ],
)
def test_lives_that_can_be(steps: tuple[tuple[str, str], ...]) -> None:
    row, life = a_source(), a_life(*steps)
    assert not [*dates(row, life, TODAY), *order(row, life), *legs(row, life, TODAY)]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        # 90 days after the reference date, 3.7 TBq of Ir-192 are 1.59 TBq
        ("1.59 TBq", None),
        ("1.75 TBq", None),
        ("3.7 TBq", "decay_mismatch"),
        ("1.59 GBq", "unit_slip"),
        ("43 Ci", None),
        ("43 GBq", "unit_slip"),
    ],
)
def test_what_a_report_states_follows_by_decay(said: str, kind: str | None) -> None:
    life = a_life(("leak_test", "2026-04-01"), activity=said)
    assert [f.kind for f in statements(a_source(), life)] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Harbour Works 7", "Harbour Wroks 7", True),
        ("Harbour Works 7", "Harbour Works 8", False),
        ("Harbour Works 7", "Harbour Works No. 7", True),
        ("Salt Lakes Cement and Lime", "Salt Lakes Cement & Lime Ltd", True),
        ("Riverside General Hospital", "Riverside Gen. Hosp.", True),
        ("Riverside Steel", "Riverside Steel Castings", False),
        ("Directorate of Roads, North", "Directorate of Roads, East", False),
        ("Asphalt Control", "Control, Asphalt", True),
    ],
)
def test_names_of_one_holder(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
    assert same_name(other, one) is same


def test_numbers() -> None:
    assert not any(map(is_number, ("", "n/a", "0000", "XXXX", "-")))
    assert is_number("HG-0012")
    assert form_of("HG-1O2") == "hg9o9"
    assert one_apart("hg999", "hg99")
    assert one_apart("hg9o9", "hg999")
    assert not one_apart("hg999", "999")


def test_a_stated_activity_needs_its_unit() -> None:
    given = {"result": "tight", "activity": "1.48 GBq; 296 MBq"}
    assert checked_facts(Kind.LEAK_TEST, given, TODAY)["activity"] == given["activity"]
    with pytest.raises(InvalidInput, match="unit"):
        checked_facts(Kind.LEAK_TEST, given | {"activity": "1.48 GBq; 296"}, TODAY)


LIVES = """Register number,Step,Day,Reported
R-1,leak_test,2026-01-20,2026-01-20
R-1,registration,2026-01-18,2026-01-25
,leak_test,2026-01-21,2026-01-21
R-2,leak_test,2026-01-22,2026-01-22
"""


def test_a_life_that_begins_twice_or_belongs_to_nobody_is_left_out(
    db: None, clock: object, officer: Reader
) -> None:
    sources = (
        "Holder,Register number,Nuclide,Activity (GBq),Reference date\n"
        "Works,R-1,Ir-192,3,2026-01-15\nWorks,,Ir-192,3,2026-01-15\n"
        "Works,R-2,Ir-192,3,2026-01-15\nWorks,R-2,Ir-192,4,2026-01-15\n"
    )
    row = bring(officer, sources.encode(), name="sources.csv")
    row = apply_with_life(officer, row, LIVES.encode(), name="lives.csv")
    assert [fault["line"] for fault in row.faults] == [4, 5, 3]
    of = [
        [step.kind for step in Transaction.objects.filter(source__reference=reference)]
        for reference in ("R-1", "", "R-2")
    ]
    assert of == [["registration", "leak_test"], ["registration"], ["registration"] * 2]


def test_the_first_step_stands_though_a_correction_names_it(
    officer: Reader, source: Source
) -> None:
    correct(officer, source, entry_of(GIVEN, today=TODAY), reason="a digit", seen=1, corrects=1)
    assert [step.number for step in lives_of_sources([source])[source.pk].steps] == [1, 2]

"""The synthetic register: right in itself, wrong only where it says so, and the same each time."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import numpy as np
import pytest

from tocsin.scenario.register import (
    RATES,
    Item,
    SyntheticRegister,
    life_table,
    register_table,
    synthetic_register,
    truth_table,
)

TODAY = dt.date(2026, 11, 26)
GONE = {"disposal", "export", "exemption"}


def made(seed: int, sources: int = 600, mistaken: float = 1.0) -> SyntheticRegister:
    random = np.random.default_rng(seed)
    return synthetic_register(random, today=TODAY, sources=sources, mistaken=mistaken)


@pytest.fixture(scope="module")
def clean() -> SyntheticRegister:
    return made(1, mistaken=0.0)


def by_day(item: Item) -> list[str]:
    steps = sorted(enumerate(item.steps), key=lambda s: (s[1].happened_on, s[0]))
    return [step.kind for _at, step in steps]


def test_without_mistakes_every_life_is_possible(clean: SyntheticRegister) -> None:
    for item in clean.items:
        assert item.made_on is None or item.made_on <= item.reference_date
        assert item.reference_date <= item.steps[0].happened_on
        for step in item.steps:
            assert item.steps[0].happened_on <= step.happened_on <= step.reported_on <= TODAY
        reported = [step.reported_on for step in item.steps]
        assert reported == sorted(reported)
        kinds = by_day(item)
        assert kinds[0] in {"registration", "import", "receipt"}
        assert not {"registration", "import"} & set(kinds[1:])
        assert not GONE & set(kinds[:-1])
        status = "held"
        for kind in kinds:
            assert status == "held" or kind == "recovery"
            status = "missing" if kind in {"loss", "theft"} else "held"
        sent = [k for k in kinds[1:] if k in {"transfer", "receipt"}]
        assert all(k == ("transfer", "receipt")[i % 2] for i, k in enumerate(sent))


def test_serial_numbers_of_a_model_are_unique_but_for_what_came_back(
    clean: SyntheticRegister,
) -> None:
    counted = Counter((i.model.maker, i.model.model, i.serial) for i in clean.items if i.serial)
    for (_maker, model, serial), n in counted.items():
        if n > 1:
            first = next(i for i in clean.items if (i.model.model, i.serial) == (model, serial))
            assert "export" in by_day(first)


def test_no_licence_is_exceeded_without_a_mistake(clean: SyntheticRegister) -> None:
    limits = {lic.holder: lic.limits_Bq for lic in clean.licences}
    for item in clean.items:
        for nuclide, activity in zip(item.nuclides, item.activity_Bq, strict=True):
            assert activity < limits[item.holder][nuclide.split("/")[0]]


def test_every_kind_of_mistake_occurs_and_its_sources_are_in_the_register() -> None:
    register = made(4, 2500, mistaken=2.0)
    assert {m.kind for m in register.mistakes} == {*RATES, "limit_exceeded"}
    known = {i.reference for i in register.items}
    assert len(known) == len(register.items)
    told = [r for m in register.mistakes for r in m.references]
    assert set(told) <= known
    assert max(Counter(told).values()) == 1, "two mistakes in one source"


def test_the_same_seed_gives_the_same_register() -> None:
    one, two, other = made(5, 200), made(5, 200), made(6, 200)
    for table in (register_table, life_table):
        assert table(one.items) == table(two.items)
        assert table(one.items) != table(other.items)
    assert truth_table(one) == truth_table(two)

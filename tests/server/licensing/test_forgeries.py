"""Forged, altered, revoked, expired, replayed and split orders are refused; good ones never.

Each case has a buyer of its own, drawn from a seed. The kinds are those by which undercover
investigators got sources; what stands for ``good`` is drawn as freely.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from licence_forging import altered, forged, under_our_name
from licensing_world import TBq, World, made_world

from tocsin.sealing import LicenceSheet, SigningKey, new_nonce, sign_sheet
from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.licensing.keys import licence_key
from tocsin.server.licensing.limits import Limit
from tocsin.server.licensing.models import EventKind, Licence, Order, Sheet
from tocsin.server.licensing.orders import Line, cancel
from tocsin.server.licensing.services import change_state, decide_version, propose_licence
from tocsin.server.register.holders import Refused, holder_named
from tocsin.server.register.models import Holder

pytestmark = pytest.mark.django_db

SEED = 20261127
VENDORS = 4
FEW = 22
MANY = 500
D_TBq = {"Ir-192": 0.08, "Cs-137": 0.1, "Am-241": 0.06, "Co-60": 0.03, "Se-75": 0.2}
"""Of the D values, to draw activities that matter; the check takes them from its own table."""
NAMES = tuple(D_TBq)


@dataclass
class Case:
    """One buyer with a licence for one nuclide."""

    world: World
    random: np.random.Generator
    buyer: Holder
    nuclide: str
    total_Bq: float

    def licence(self, *rows: Limit, **more: object) -> Licence:
        rows = rows or (Limit((self.nuclide,), total_Bq=self.total_Bq),)
        return self.world.licence(*rows, holder=self.buyer, **more)

    def line(self, part: float) -> Line:
        return Line(self.nuclide, part * self.total_Bq)

    def order(self, presented: object, part: float = 0.2, vendor: int = 0, **more: str) -> Order:
        return self.world.order(presented, self.line(part), vendor=vendor, **more)  # type: ignore[arg-type]

    def two_vendors(self) -> tuple[int, int]:
        a, b = self.random.choice(VENDORS, size=2, replace=False)
        return int(a), int(b)


def case(world: World, random: np.random.Generator, number: int) -> Case:
    nuclide = str(random.choice(NAMES))
    total = float(np.exp(random.uniform(np.log(0.02), np.log(300.0)))) * D_TBq[nuclide] * TBq
    return Case(world, random, holder_named(world.officer, f"Buyer {number}"), nuclide, total)


THIEF = SigningKey.generate("authority.example/licences-00000000")


def unknown_key(c: Case) -> Order:
    return c.order(forged(c.world.sheet(c.licence()), THIEF))


def our_name(c: Case) -> Order:
    return c.order(under_our_name(c.world.sheet(c.licence()), THIEF, nonce=new_nonce()))


def never_issued(c: Case) -> Order:
    content = c.world.sheet(c.licence()).signed().content
    return c.order(sign_sheet({**content, "nonce": new_nonce()}, licence_key()).code())


def raised_limit(c: Case) -> Order:
    sheet = c.world.sheet(c.licence())
    more = Limit((c.nuclide,), total_Bq=2.0 * c.total_Bq).written()
    return c.order(altered(sheet, limits=[more]), 1.5)


def other_words(c: Case) -> Order:
    sheet = c.world.sheet(c.licence())
    changes = (
        {"holder": "Somebody Else"},
        {"number": "L-2026-9999"},
        {"valid_until": "2039-12-31"},
        {"version": 7},
        {"acts": ["hold", "use", "distribute"]},
        {"practices": ["irradiator"]},
        {"places": ["Anywhere"]},
        {"limits": [Limit(("Cf-252",), total_Bq=1e12).written()]},
    )
    return c.order(altered(sheet, **changes[int(c.random.integers(len(changes)))]))


def transplanted(c: Case) -> Order:
    """The signature of one real sheet below the words of another."""
    first, second = (c.world.sheet(licence).signed() for licence in (c.licence(), c.licence()))
    return c.order(LicenceSheet(first.content, second.signature).code())


def lapsed(c: Case) -> Order:
    ago = int(c.random.integers(366, 2000))
    start = now().date() - dt.timedelta(days=ago)
    return c.order(signed_in_its_time(c, start))


def too_early(c: Case) -> Order:
    start = now().date() + dt.timedelta(days=int(c.random.integers(1, 400)))
    return c.order(c.world.sheet(c.licence(start=start)))


def signed_in_its_time(c: Case, start: dt.date) -> Sheet:
    """The sheet that was signed when the licence was confirmed; a fresh one it gets no more."""
    licence = c.licence(start=start, days=365)
    with pytest.raises(Refused, match="in force"):
        c.world.sheet(licence)
    return Sheet.objects.get(version__licence=licence)


def revoked(c: Case) -> Order:
    licence = c.licence()
    sheet = c.world.sheet(licence)
    change_state(c.world.officer, licence, EventKind.REVOKED, reason="r")
    return c.order(sheet)


def suspended(c: Case) -> Order:
    licence = c.licence()
    sheet = c.world.sheet(licence)
    change_state(c.world.officer, licence, EventKind.SUSPENDED, reason="r")
    return c.order(sheet)


def old_version(c: Case) -> Order:
    licence = c.licence()
    sheet = c.world.sheet(licence)
    c.world.amended(licence, Limit((c.nuclide,), total_Bq=0.5 * c.total_Bq))
    return c.order(sheet)


def replaced(c: Case) -> Order:
    licence = c.licence()
    sheet = c.world.sheet(licence)
    new = propose_licence(
        c.world.officer,
        c.buyer,
        c.world.terms(Limit((c.nuclide,), total_Bq=c.total_Bq)),
        reason="renewal",
        replaces=licence,
    )
    decide_version(c.world.second, new, approve=True)
    return c.order(sheet)


def number_again(c: Case) -> Order:
    licence = c.licence()
    a, b = c.two_vendors()
    c.order(c.world.sheet(licence), 0.1, a, number="PO-7")
    vendor = (a, b)[int(c.random.integers(2))]
    return c.order(c.world.sheet(licence), 0.1, vendor, number="PO-7")


def sheet_goes_round(c: Case) -> Order:
    a, b = c.two_vendors()
    sheet = c.world.sheet(c.licence())
    c.order(sheet, 0.1, a)
    return c.order(sheet, 0.1, b)


def split_total(c: Case) -> Order:
    licence = c.licence()
    a, b = c.two_vendors()
    part = float(c.random.uniform(0.51, 1.0))
    c.order(c.world.sheet(licence), part, a)
    return c.order(c.world.sheet(licence), float(c.random.uniform(1.01 - part, 1.0)), b)


def split_in_many(c: Case) -> Order:
    """Every order far below the limit, over all vendors."""
    licence = c.licence()
    sheets = [c.world.sheet(licence) for _ in range(VENDORS)]
    for vendor in range(VENDORS):
        c.order(sheets[vendor], 0.24, vendor)
    return c.order(sheets[0], 0.24)


def split_category(c: Case) -> Order:
    category, beyond = ((2, 1000.0), (3, 10.0), (4, 1.0))[int(c.random.integers(3))]
    licence = c.licence(Limit(category=category))
    whole = beyond * D_TBq[c.nuclide] * TBq
    a, b = c.two_vendors()
    c.total_Bq = whole
    c.order(c.world.sheet(licence), 0.6, a)
    return c.order(c.world.sheet(licence), 0.6, b)


def split_number(c: Case) -> Order:
    licence = c.licence(Limit((c.nuclide,), source_Bq=c.total_Bq, sources=2))
    a, b = c.two_vendors()
    c.world.order(c.world.sheet(licence), Line(c.nuclide, 0.1 * c.total_Bq, 2), vendor=a)
    return c.order(c.world.sheet(licence), 0.1, b)


def doubled(c: Case) -> Order:
    return c.world.order(c.world.sheet(c.licence()), Line(c.nuclide, 0.6 * c.total_Bq, 2), vendor=1)


def beside_what_is_held(c: Case) -> Order:
    sheet = c.world.sheet(c.licence())
    c.world.source(c.buyer, f"{0.7 * c.total_Bq!r} Bq", nuclide=c.nuclide)
    return c.order(sheet, 0.4)


def other_nuclide(c: Case) -> Order:
    other = next(n for n in NAMES if n != c.nuclide)
    return c.world.order(c.world.sheet(c.licence()), Line(other, 1e6))


def other_form(c: Case) -> Order:
    sheet = c.world.sheet(c.licence())
    return c.world.order(sheet, Line(c.nuclide, 0.1 * c.total_Bq, 1, "unsealed"))


BAD: dict[Callable[[Case], Order], str] = {
    unknown_key: "forged",
    our_name: "forged",
    never_issued: "forged",
    raised_limit: "altered",
    other_words: "altered",
    transplanted: "altered",
    lapsed: "expired",
    too_early: "not_yet_valid",
    revoked: "revoked",
    suspended: "suspended",
    old_version: "replaced",
    replaced: "replaced",
    number_again: "replayed",
    sheet_goes_round: "replayed",
    split_total: "split",
    split_in_many: "split",
    split_category: "split",
    split_number: "split",
    doubled: "over_limit",
    beside_what_is_held: "over_limit",
    other_nuclide: "not_permitted",
    other_form: "not_permitted",
}


def one(c: Case) -> list[Order]:
    sheet = c.world.sheet(c.licence())
    lines = (sheet.code[at : at + 40] for at in range(0, len(sheet.code), 40))
    shown = (sheet.code, sheet.signed().document(), "\n".join(lines))
    return [c.order(shown[int(c.random.integers(3))], float(c.random.uniform(0.01, 1.0)))]


def to_the_brim(c: Case) -> list[Order]:
    """Fresh sheets at several vendors, until exactly nothing is left."""
    licence = c.licence()
    parts = c.random.dirichlet(np.ones(VENDORS))
    return [
        c.order(c.world.sheet(licence), float(part), vendor) for vendor, part in enumerate(parts)
    ]


def last_day(c: Case) -> list[Order]:
    start = now().date() - dt.timedelta(days=365)
    return [c.order(c.world.sheet(c.licence(start=start, days=365)))]


def after_a_cancellation(c: Case) -> list[Order]:
    licence = c.licence()
    first = c.order(c.world.sheet(licence), 0.9, 0, number="PO-1")
    cancel(c.world.vendor_people[0], first, reason="changed their mind")
    return [c.order(c.world.sheet(licence), 0.9, 1, number="PO-1")]


def after_a_suspension(c: Case) -> list[Order]:
    licence = c.licence()
    sheet = c.world.sheet(licence)
    change_state(c.world.officer, licence, EventKind.SUSPENDED, reason="r")
    change_state(c.world.second, licence, EventKind.LIFTED, reason="r")
    return [c.order(sheet)]


def raised(c: Case) -> list[Order]:
    licence = c.licence()
    c.world.amended(licence, Limit((c.nuclide,), total_Bq=3.0 * c.total_Bq))
    return [c.order(c.world.sheet(licence), 2.9)]


def within_a_category(c: Case) -> list[Order]:
    licence = c.licence(Limit(category=3))
    c.total_Bq = 10.0 * D_TBq[c.nuclide] * TBq
    return [
        c.order(c.world.sheet(licence), 0.49, 0),
        c.order(c.world.sheet(licence), 0.49, 1),
    ]


def beside_others(c: Case) -> list[Order]:
    """What other nuclides take does not count where the rows are apart."""
    other = next(n for n in NAMES if n != c.nuclide)
    licence = c.licence(
        Limit((c.nuclide,), total_Bq=c.total_Bq), Limit((other,), source_Bq=1e9, sources=2)
    )
    c.world.source(c.buyer, "1 GBq", nuclide=other)
    return [
        c.order(c.world.sheet(licence), 1.0),
        c.world.order(c.world.sheet(licence), Line(other, 1e9), vendor=2),
    ]


def beside_what_is_small(c: Case) -> list[Order]:
    sheet = c.world.sheet(c.licence())
    c.world.source(c.buyer, f"{0.3 * c.total_Bq!r} Bq", nuclide=c.nuclide)
    return [c.order(sheet, 0.69)]


GOOD: tuple[Callable[[Case], list[Order]], ...] = (
    one,
    to_the_brim,
    last_day,
    after_a_cancellation,
    after_a_suspension,
    raised,
    within_a_category,
    beside_others,
    beside_what_is_small,
)


def run(world: World, count: int) -> tuple[list[str], Counter[str]]:
    """Cases that went wrong, and how many orders of each kind were tried."""
    random = np.random.default_rng(SEED)
    wrong: list[str] = []
    tried: Counter[str] = Counter()
    kinds = list(BAD)
    for at in range(count):
        make = kinds[at % len(kinds)]
        order = make(case(world, random, at))
        tried["bad"] += 1
        tried[make.__name__] += 1
        if (order.state, order.reason) != ("refused", BAD[make]):
            wrong.append(f"{make.__name__} {at}: {order.state} {order.reason} {order.told}")
    at = count
    while tried["good"] < count:
        draw = GOOD[at % len(GOOD)]
        for order in draw(case(world, random, at)):
            tried["good"] += 1
            if order.state != "accepted":
                wrong.append(f"{draw.__name__} {at}: {order.reason} {order.told}")
        at += 1
    return wrong, tried


def test_bad_orders_are_refused_by_their_name_and_good_ones_are_not(
    clock: object, person: Callable[..., Person]
) -> None:
    wrong, tried = run(made_world(person, vendors=VENDORS), FEW)
    assert not wrong, "\n".join(wrong)
    assert all(tried[make.__name__] >= FEW // len(BAD) for make in BAD)


@pytest.mark.verify
def test_500_bad_and_500_good_orders(clock: object, person: Callable[..., Person]) -> None:
    wrong, tried = run(made_world(person, vendors=VENDORS), MANY)
    assert not wrong, "\n".join(wrong)
    assert tried["bad"] == MANY
    assert tried["good"] >= MANY

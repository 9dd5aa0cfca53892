"""A register of a fictional State: lives of sources, mistakes in them, licences, and tables.

Everything is invented and of the realm SYNTHETIC or EXERCISE.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tocsin.scenario.register import identity, mistakes
from tocsin.scenario.register.catalogue import GBq, SourceModel, source_models
from tocsin.scenario.register.holders import SyntheticHolder, synthetic_holders
from tocsin.scenario.register.lives import Item, LifeMaker, decayed_Bq
from tocsin.scenario.register.mistakes import Book, Mistake

HEADER = (
    *("Holder", "Register number", "Nuclide", "Activity (GBq)", "Reference date", "Maker", "Model"),
    *("Serial number", "Device", "Device serial", "Practice", "Place", "Latitude", "Longitude"),
    "Date of manufacture",
)
LIFE_HEADER = (
    *("Register number", "Step", "Day", "Reported", "Holder", "Place", "Until"),
    *("Stated activity (GBq)", "Device", "Device serial", "Note"),
)
RATES: dict[str, tuple[float, Callable[[Book], list[Mistake]]]] = {
    "unit_slip": (0.006, mistakes.unit_slip),
    "decay_mismatch": (0.006, mistakes.decay_mismatch),
    "duplicate_serial": (0.004, identity.duplicate_serial),
    "entered_twice": (0.004, identity.entered_twice),
    "serial_mistyped": (0.005, identity.serial_mistyped),
    "no_serial": (0.005, identity.no_serial),
    "place_missing": (0.004, identity.place_missing),
    "place_far": (0.003, identity.place_far),
    "impossible_date": (0.007, mistakes.impossible_date),
    "after_the_end": (0.003, mistakes.after_the_end),
    "sent_never_received": (0.003, mistakes.sent_never_received),
    "received_never_sent": (0.003, mistakes.received_never_sent),
    "not_exempt": (0.0015, mistakes.not_exempt),
    "practice_and_category": (0.003, identity.practice_and_category),
    "nuclide_and_model": (0.003, identity.nuclide_and_model),
    "holder_twice": (0.0012, identity.holder_twice),
    "plausible_serial": (0.003, identity.plausible_serial),
    "plausible_place": (0.003, identity.plausible_place),
    "plausible_date": (0.003, identity.plausible_date),
    "plausible_holder": (0.002, identity.plausible_holder),
    "test_never_made": (0.002, identity.test_never_made),
}
"""How often each kind is tried for each source, and what puts it in: choices; nobody has published
how often the registers of States are wrong and in which way. ``limit_exceeded`` comes with the
licences."""
LIMITS_EXCEEDED = 0.0012
"""Licences a source that are exceeded."""
CAME_BACK = 0.03
"""Sources that went abroad and are registered once more when they return: right, and looking like
a number that is used twice."""
MOST_SHORT_LIVED = 0.3
"""Part of all entries that exchanges of short-lived sources may make up."""


@dataclass(frozen=True, slots=True)
class SyntheticLicence:
    """What a holder may have.

    Parameters
    ----------
    holder, number : str
    valid_from, valid_until : date
    limits_Bq : dict
        By nuclide.
    """

    holder: str
    number: str
    valid_from: dt.date
    valid_until: dt.date
    limits_Bq: dict[str, float]


@dataclass(frozen=True, slots=True)
class SyntheticRegister:
    """A register and the truth of it.

    Parameters
    ----------
    items : tuple of Item
    holders : tuple of SyntheticHolder
    licences : tuple of SyntheticLicence
    mistakes : tuple of Mistake
    """

    items: tuple[Item, ...]
    holders: tuple[SyntheticHolder, ...]
    licences: tuple[SyntheticLicence, ...]
    mistakes: tuple[Mistake, ...]


def synthetic_register(
    random: np.random.Generator,
    *,
    today: dt.date,
    sources: int = 4000,
    holders: int = 60,
    mistaken: float = 1.0,
) -> SyntheticRegister:
    """A register with five years of life and mistakes of known kinds.

    Parameters
    ----------
    random : numpy.random.Generator
    today : date
        Nothing lies after it, but for mistakes.
    sources, holders : int
        Entries, about, and holders, at most as many as there are names.
    mistaken : float
        Factor to the rates of mistakes; 0 for none.
    """
    people = synthetic_holders(random, holders)
    maker = LifeMaker(random, today, people)
    items = _positions(maker, sources)
    book = Book(maker, items)
    done: list[Mistake] = []
    licences, exceeded = _licences(book, mistaken)
    done += exceeded
    for _kind, (rate, put_in) in RATES.items():
        for _ in range(int(random.poisson(rate * mistaken * sources))):
            done += put_in(book)
    for item in items:
        first, *later = item.steps
        # as the reports came in; what is reported of one day stays in its order
        item.steps = [first, *sorted(later, key=lambda s: s.reported_on)]
    return SyntheticRegister(tuple(items), tuple(people), tuple(licences), tuple(done))


def _positions(maker: LifeMaker, sources: int) -> list[Item]:
    random = maker.random
    kinds = {h.kind for h in maker.holders}
    models = [m for m in source_models() if kinds & set(m.holders)]
    weights = np.array([m.weight for m in models])
    sizes = {h.name: float(random.pareto(1.5) + 0.3) for h in maker.holders}
    items: list[Item] = []
    short_lived = 0
    while len(items) < sources:
        model = models[int(random.choice(len(models), p=weights / weights.sum()))]
        if model.fate == "exchange" and short_lived > MOST_SHORT_LIVED * sources:
            continue
        holder = _holder_for(model, maker, sizes)
        made = maker.position(model, holder, sources - len(items))
        if model.fate == "exchange":
            short_lived += len(made)
        items += made
        if random.random() < CAME_BACK and len(items) < sources:
            again = maker.returned(made[0])
            if again is not None:
                items.append(again)
    for number, item in enumerate(items):
        item.reference = f"R-{number + 1:06d}"
    return items


def _holder_for(model: SourceModel, maker: LifeMaker, sizes: dict[str, float]) -> SyntheticHolder:
    fitting = [h for h in maker.holders if h.kind in model.holders]
    shares = np.array([sizes[h.name] for h in fitting])
    return fitting[int(maker.random.choice(len(fitting), p=shares / shares.sum()))]


def _licences(book: Book, mistaken: float) -> tuple[list[SyntheticLicence], list[Mistake]]:
    """Licences that cover all that was ever held, but for some that are too small."""
    random, today = book.random, book.today
    total: dict[str, dict[str, float]] = {h.name: defaultdict(float) for h in book.maker.holders}
    for item in book.items:
        for holder in {item.holder, *(s.holder for s in item.steps if s.holder)}:
            for nuclide, activity in zip(item.nuclides, item.activity_Bq, strict=True):
                total[holder][_bare(nuclide)] += activity
    limits = {
        holder: {n: _rounded(a * float(random.uniform(1.3, 3.0))) for n, a in of.items()}
        for holder, of in total.items()
    }
    done: list[Mistake] = []
    for _ in range(int(random.poisson(LIMITS_EXCEEDED * mistaken * len(book.items)))):
        done += _exceeded(book, limits)
    licences = [
        SyntheticLicence(
            h.name,
            h.licence,
            book.maker.start - dt.timedelta(days=int(random.integers(30, 700))),
            today + dt.timedelta(days=int(random.integers(60, 1500))),
            limits[h.name],
        )
        for h in book.maker.holders
    ]
    return licences, done


def _exceeded(book: Book, limits: dict[str, dict[str, float]]) -> list[Mistake]:
    """A purchase that was one too many for its holder's licence."""
    held: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in book.items:
        if not any(s.holder for s in item.steps) and not item.ended() and len(item.nuclides) == 1:
            held[item.holder, _bare(item.nuclides[0])].append(item)

    def others_Bq(item: Item) -> float:
        """At most what the holder has beside it on the day, and ever had."""
        nuclide = _bare(item.nuclides[0])
        return sum(
            a
            for other in book.items
            if other is not item and item.holder in {other.holder, *(s.holder for s in other.steps)}
            for n, a in zip(other.nuclides, other.activity_Bq, strict=True)
            if _bare(n) == nuclide
        )

    def now_Bq(item: Item) -> float:
        return decayed_Bq(
            item.nuclides[0], item.activity_Bq[0], (book.today - item.reference_date).days
        )

    def fits(item: Item) -> bool:
        of = held.get((item.holder, _bare(item.nuclides[0])), [])
        bought = item.steps[0].note == "purchase" and item in of
        new = not any(o.reference in book.touched for o in of)
        return bought and new and len(of) > 1 and now_Bq(item) > 0.35 * others_Bq(item)

    last = book.pick(fits)
    if last is None:
        return []
    nuclide = _bare(last.nuclides[0])
    all_now = sum(now_Bq(o) for o in held[last.holder, nuclide])
    limits[last.holder][nuclide] = _rounded(all_now / 1.25)
    same = tuple(o.reference for o in held[last.holder, nuclide] if o is not last)
    return [Mistake("limit_exceeded", nuclide, (last.reference,), same)]


def _bare(nuclide: str) -> str:
    return nuclide.split("/")[0]


def _rounded(activity_Bq: float) -> float:
    return float(f"{activity_Bq:.1e}")


def register_table(items: Iterable[Item]) -> bytes:
    """The sources as a CSV file, as they were registered."""
    return _table(
        HEADER,
        (
            (
                item.holder,
                item.reference,
                "; ".join(item.nuclides),
                "; ".join(f"{a / GBq:.4g}" for a in item.activity_Bq),
                item.reference_date.isoformat(),
                item.maker,
                item.model_name,
                item.serial,
                item.device,
                item.device_serial,
                item.practice,
                item.place,
                "" if item.latitude is None else f"{item.latitude:.5f}",
                "" if item.longitude is None else f"{item.longitude:.5f}",
                "" if item.made_on is None else item.made_on.isoformat(),
            )
            for item in items
        ),
    )


def life_table(items: Iterable[Item]) -> bytes:
    """What was reported of them, as a CSV file."""
    return _table(
        LIFE_HEADER,
        (
            (
                item.reference,
                step.kind,
                step.happened_on.isoformat(),
                step.reported_on.isoformat(),
                step.holder,
                step.place,
                step.until.isoformat() if step.until else "",
                "; ".join(f"{a / GBq:.4g}" for a in step.stated_Bq or ()),
                *step.device,
                step.note,
            )
            for item in items
            for step in item.steps
        ),
    )


def truth_table(register: SyntheticRegister) -> bytes:
    """The mistakes as a CSV file."""
    return _table(
        ("Kind", "Shape", "Register numbers", "Concerned", "Undetectable because"),
        (
            (m.kind, m.shape, " ".join(m.references), " ".join(m.parties), m.undetectable)
            for m in register.mistakes
        ),
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")

"""Five years in the life of the sources of a State, one step after the other.

Each step has the day on which it happened and the day on which it was reported; nothing lies after
today, and a source does one thing after the other: it is made, arrives, is tested, moved, sent and
received, laid aside, sent back or disposed of, and is sometimes lost.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tocsin.nuclear import SourceActivity, load_library, parse_nuclide, source_category
from tocsin.scenario.register.catalogue import OLDER_SHARE, SourceModel
from tocsin.scenario.register.holders import SITE_SPREAD_deg, SyntheticHolder

YEARS = 5
YEAR_d = 365.25
INVENTORY_d = 120
"""The register began with an inventory that took so long; what was there already came in then."""
TRANSFERS_a = 0.025
"""Transfers to another holder a year and source."""
LOSSES_a = {"portable_gauge": 0.003, "well_logging": 0.002, "radiography": 0.002}
"""Losses and thefts a year and source: choices, so that a small State has some in five years."""
RARE_LOSS_a = 0.0003
RECOVERED = 0.6
STATED_AT_TEST = 0.3
"""Leak tests whose certificate tells the activity of the day."""
STATED_AT_RECEIPT = 0.8
MEASURED = 0.1
"""Stated activities that were measured, within a tenth; the others are calculated."""
MEASURED_WITHIN = 0.1
LATE = 0.04
"""Reports that come weeks late."""
IMPORTED = 0.6
"""Purchases that come from abroad."""
BATCHES = 0.2
"""Positions for which several sources were bought at once, with one date on all certificates."""
NOMINAL = 0.5
"""Sources whose nominal activity is written, not that of the certificate."""
NEAR_NOMINAL = 0.15
UNDATED = 0.1
"""Sources of the first inventory whose date of manufacture nobody knows."""
WITHOUT_OWN_SERIAL = 0.04
"""Sources known by the number of their device alone."""
UNPLACED_ON_MAP = 0.1
"""Places that are told in words without a position."""


@dataclass(slots=True)
class Step:
    """What was reported of a source.

    Parameters
    ----------
    kind : str
        As the register names kinds of transactions.
    happened_on, reported_on : date
    holder : str
        Who gets it, of a transfer; who confirms, of a receipt.
    place, note : str
    until : date or None
        Of storage, and of use elsewhere.
    stated_Bq : tuple of float or None
        Activity of each nuclide on that day, as the report says.
    device : tuple of str
        Device and its number, of an installation.
    """

    kind: str
    happened_on: dt.date
    reported_on: dt.date
    holder: str = ""
    place: str = ""
    note: str = ""
    until: dt.date | None = None
    stated_Bq: tuple[float, ...] | None = None
    device: tuple[str, str] = ("", "")


@dataclass(slots=True)
class Item:
    """A source and its life, as the register is told of it.

    Parameters
    ----------
    reference : str
        Number in the register.
    model : SourceModel
        What it is in truth.
    holder : str
        Who registered it.
    nuclides, maker, model_name, serial, device, device_serial, practice, place : str
        As they are written.
    activity_Bq : tuple of float
        On the reference date.
    reference_date : date
    made_on : date or None
    latitude, longitude : float or None
    steps : list of Step
        In the order of reporting; the first is the registration.
    """

    reference: str
    model: SourceModel
    holder: str
    nuclides: tuple[str, ...]
    activity_Bq: tuple[float, ...]
    reference_date: dt.date
    made_on: dt.date | None
    maker: str
    model_name: str
    serial: str
    device: str
    device_serial: str
    practice: str
    place: str
    latitude: float | None
    longitude: float | None
    steps: list[Step] = field(default_factory=list)

    def last_holder(self) -> str:
        """Who has it in the end."""
        return next((s.holder for s in reversed(self.steps) if s.holder), self.holder)

    def ended(self) -> bool:
        """Whether it has left the register."""
        return any(s.kind in ENDS for s in self.steps)


ENDS = frozenset({"disposal", "export", "exemption"})


def decayed_Bq(nuclide: str, activity_Bq: float, days: float) -> float:
    """Activity after some days."""
    name = parse_nuclide(nuclide.split("/")[0])
    half_life_s = load_library()[name].half_life.value
    return activity_Bq * math.exp(-math.log(2.0) * days * 86400.0 / half_life_s)


class LifeMaker:
    """Makes lives of sources.

    Parameters
    ----------
    random : numpy.random.Generator
    today : date
    holders : sequence of SyntheticHolder
    """

    def __init__(
        self, random: np.random.Generator, today: dt.date, holders: Sequence[SyntheticHolder]
    ) -> None:
        self.random, self.today, self.holders = random, today, holders
        self.start = today - dt.timedelta(days=round(YEARS * YEAR_d))
        self.by_name = {h.name: h for h in holders}
        self._numbers: dict[tuple[str, str, str], int] = {}
        self._made = 0

    def position(self, model: SourceModel, holder: SyntheticHolder, most: int) -> list[Item]:
        """Sources of one position of a holder: one after the other, or bought together."""
        age_a = model.in_use_a * 1.15
        found: list[Item] = []
        if model.fate != "exchange":
            made = self.today - dt.timedelta(days=self._days(0.1, max(age_a, YEARS)))
            bought = int(self.random.integers(2, 7)) if self.random.random() < BATCHES else 1
            for _ in range(min(bought, most)):
                found.append(self._life(model, holder, made, self._device_serial(model))[0])
            return found
        made = self.start - dt.timedelta(days=self._days(0.0, age_a))
        device_serial = self._device_serial(model)
        while len(found) < most:
            item, after = self._life(model, holder, made, device_serial)
            found.append(item)
            if after is None:
                return found
            made = after - dt.timedelta(days=self._days(0.01, 0.05))
            holder = self.by_name[item.last_holder()]
        return found

    def _device_serial(self, model: SourceModel) -> str:
        return f"D{int(self.random.integers(10000, 99999))}" if model.device else ""

    def returned(self, item: Item) -> Item | None:
        """The same source, back from abroad: exported and years later registered once more."""
        left = next((s.happened_on for s in item.steps if s.kind == "export"), None)
        if left is None or (self.today - left).days < 60:
            return None
        back = left + dt.timedelta(days=int(self.random.integers(30, (self.today - left).days)))
        holder = self.by_name[item.last_holder()]
        again = self._written(item.model, holder, item.nuclides, item.activity_Bq)
        again.reference_date, again.made_on = item.reference_date, item.made_on
        again.serial, again.device_serial = item.serial, item.device_serial
        again.practice = item.practice
        again.steps.append(Step("import", back, self._reported(back, back), note="back"))
        if again.steps[0].reported_on > self.today:
            return None
        self._live(again, holder, back, None)
        return again

    def _days(self, low_a: float, high_a: float) -> int:
        return int(self.random.uniform(low_a * YEAR_d, high_a * YEAR_d))

    def _reported(self, day: dt.date, not_before: dt.date) -> dt.date:
        """When the report of a day comes: mostly soon, sometimes weeks late."""
        late = int(self.random.exponential(2.5))
        if self.random.random() < LATE:
            late += int(self.random.integers(10, 60))
        return max(day + dt.timedelta(days=late), not_before)

    def serial(self, model: SourceModel, made: dt.date, *, older: bool) -> str:
        """The maker's next number."""
        form = model.older_serial if older and model.older_serial else model.serial
        digits = form.count("#")
        key = (model.maker, model.model, form)
        if key not in self._numbers:
            self._numbers[key] = int(
                self.random.integers(10 ** (digits - 1), 3 * 10 ** (digits - 1))
            )
        self._numbers[key] += int(self.random.integers(1, max(2, 10**digits // 40000)))
        number = iter(f"{self._numbers[key] % 10**digits:0{digits}d}")
        text = "".join(next(number) if c == "#" else c for c in form)
        return text.replace("yy", f"{made.year % 100:02d}")

    def _written(
        self,
        model: SourceModel,
        holder: SyntheticHolder,
        nuclides: tuple[str, ...],
        activity_Bq: tuple[float, ...],
    ) -> Item:
        self._made += 1
        on_map = self.random.random() >= UNPLACED_ON_MAP
        return Item(
            reference=f"R-{self._made:06d}",
            model=model,
            holder=holder.name,
            nuclides=nuclides,
            activity_Bq=activity_Bq,
            reference_date=self.start,
            made_on=None,
            maker=model.maker.upper() if holder.shouts else model.maker,
            model_name=model.model.replace("-", " ") if holder.spaces else model.model,
            serial="",
            device=model.device,
            device_serial="",
            practice=model.practices[int(self.random.integers(len(model.practices)))],
            place=holder.room(self.random),
            latitude=holder.latitude + float(self.random.normal(0, SITE_SPREAD_deg))
            if on_map
            else None,
            longitude=holder.longitude + float(self.random.normal(0, SITE_SPREAD_deg))
            if on_map
            else None,
        )

    def _life(
        self, model: SourceModel, holder: SyntheticHolder, made: dt.date, device_serial: str
    ) -> tuple[Item, dt.date | None]:
        """A source from its making on, and the day on which it was exchanged."""
        nuclides = model.choices[int(self.random.integers(len(model.choices)))]
        exact = model.new_activity_Bq(self.random)
        near = [n for n in model.sizes_Bq if abs(math.log(n[0] / exact[0])) < NEAR_NOMINAL]
        nominal = bool(near) and self.random.random() < NOMINAL
        item = self._written(model, holder, nuclides, near[0] if nominal else exact)
        item.made_on = made
        item.reference_date = made + dt.timedelta(days=int(self.random.integers(0, 15)))
        older = self.random.random() < OLDER_SHARE and made.year < self.start.year - 3
        item.serial = self.serial(model, made, older=older)
        item.device_serial = device_serial
        if device_serial and self.random.random() < WITHOUT_OWN_SERIAL:
            item.serial = ""
        arrived = max(
            item.reference_date + dt.timedelta(days=int(self.random.integers(1, 25))),
            self.start + dt.timedelta(days=int(self.random.integers(0, INVENTORY_d)))
            if made < self.start
            else dt.date.min,
        )
        arrived = min(arrived, self.today)
        item.reference_date = min(item.reference_date, arrived)
        reported = min(self._reported(arrived, arrived), self.today)
        if made < self.start and self.random.random() < UNDATED:
            item.made_on = None
        if made < self.start:
            item.steps.append(Step("registration", arrived, reported, note="inventory"))
        else:
            # from the maker abroad, or from a dealer in the country
            how = "import" if self.random.random() < IMPORTED else "receipt"
            item.steps.append(Step(how, arrived, reported, note="purchase"))
            if model.device and not model.moves_a and model.fate != "exchange":
                self._install(item, arrived)
        ends = max(made + dt.timedelta(days=self._end_d(model)), arrived + dt.timedelta(days=20))
        return item, self._live(item, holder, arrived, ends)

    def _install(self, item: Item, arrived: dt.date) -> None:
        day = arrived + dt.timedelta(days=int(self.random.integers(1, 15)))
        if day <= self.today:
            device = (item.device, item.device_serial)
            self._say(item, Step("installation", day, day, device=device))

    def _end_d(self, model: SourceModel) -> int:
        return max(20, int(model.in_use_a * YEAR_d * float(self.random.normal(1.0, 0.12))))

    def _live(
        self, item: Item, holder: SyntheticHolder, arrived: dt.date, ends: dt.date | None
    ) -> dt.date | None:
        """Go through the days from the arrival; the day of an exchange, if there was one."""
        model, random = item.model, self.random
        day, here = arrived, holder
        months = model.leak_months
        waits_d = {
            "leak_test": months * 30.4 if months else 0.0,
            "move": YEAR_d / model.moves_a if model.moves_a else 0.0,
            "transfer": YEAR_d / (TRANSFERS_a if model.fate != "exchange" else TRANSFERS_a / 20.0),
            "loss": YEAR_d / LOSSES_a.get(item.practice, RARE_LOSS_a),
        }
        due = {kind: self._next(kind, day, wait) for kind, wait in waits_d.items() if wait}
        if ends is not None:
            due["end"] = ends
        while due:
            kind = min(due, key=lambda k: (due[k], k))
            day = max(due[kind], day + dt.timedelta(days=1))
            if day > self.today:
                return None
            if kind == "end":
                return self._end(item, here, day)
            if kind == "leak_test":
                stated = self._stated(item, day) if random.random() < STATED_AT_TEST else None
                self._say(item, Step("leak_test", day, day, stated_Bq=stated), loose=True)
            elif kind == "move":
                day = self._elsewhere(item, day)
            elif kind == "transfer":
                day, here = self._transfer(item, here, day)
            elif not self._missing(item, day):
                return None
            else:
                day = item.steps[-1].happened_on
            due[kind] = self._next(kind, day, waits_d[kind])
        return None

    def _next(self, kind: str, day: dt.date, wait_d: float) -> dt.date:
        if kind == "leak_test":
            days = max(10, int(self.random.normal(wait_d, 12.0)))
        else:
            days = 5 + int(min(self.random.exponential(wait_d), 40 * YEAR_d))
        return day + dt.timedelta(days=days)

    def _say(self, item: Item, step: Step, *, loose: bool = False) -> None:
        """Add a step, as soon as it is reported.

        Reports of tests and moves may be overtaken; what changes hands comes in order.
        """
        before = item.steps[0].reported_on if loose else item.steps[-1].reported_on
        step.reported_on = self._reported(step.happened_on, max(before, step.happened_on))
        if step.reported_on > self.today:
            step.reported_on = self.today
        item.steps.append(step)

    def _stated(self, item: Item, day: dt.date) -> tuple[float, ...]:
        days = (day - item.reference_date).days
        error = (
            float(self.random.normal(1.0, MEASURED_WITHIN / 2.0))
            if self.random.random() < MEASURED
            else 1.0
        )
        return tuple(
            float(f"{decayed_Bq(n, a, days) * error:.3g}")
            for n, a in zip(item.nuclides, item.activity_Bq, strict=True)
        )

    def _elsewhere(self, item: Item, day: dt.date) -> dt.date:
        road = f"job site, road {int(self.random.integers(1, 30))}"
        where = f"{road}, km {int(self.random.integers(1, 250))}"
        back = day + dt.timedelta(days=int(self.random.integers(2, 27)))
        planned = back + dt.timedelta(days=int(self.random.integers(0, 3)))
        self._say(item, Step("elsewhere", day, day, place=where, until=planned))
        if back > self.today:
            return back
        self._say(item, Step("return", back, back))
        return back

    def _transfer(
        self, item: Item, holder: SyntheticHolder, day: dt.date
    ) -> tuple[dt.date, SyntheticHolder]:
        others = [h for h in self.holders if h.kind in item.model.holders and h is not holder]
        if not others:
            return day, holder
        other = others[int(self.random.integers(len(others)))]
        came = day + dt.timedelta(days=int(self.random.integers(0, 6)))
        self._say(item, Step("transfer", day, day, holder=other.name))
        if came > self.today:
            return day, other
        stated = self._stated(item, came) if self.random.random() < STATED_AT_RECEIPT else None
        place = other.room(self.random)
        self._say(item, Step("receipt", came, came, other.name, place=place, stated_Bq=stated))
        return came, other

    def _missing(self, item: Item, day: dt.date) -> bool:
        """A loss or theft; whether the source came back."""
        kind = "theft" if self.random.random() < 0.4 else "loss"
        self._say(item, Step(kind, day, day, note="not at its place at the count"))
        back = day + dt.timedelta(days=1 + int(self.random.exponential(25.0)))
        if self.random.random() >= RECOVERED or back > self.today:
            return False
        holder = self.by_name[item.last_holder()]
        place = holder.room(self.random)
        self._say(item, Step("recovery", back, back, place=place, note="found again, undamaged"))
        again = back + dt.timedelta(days=int(self.random.integers(1, 20)))
        if again <= self.today:
            self._say(item, Step("reuse", again, again))
        return True

    def _end(self, item: Item, holder: SyntheticHolder, day: dt.date) -> dt.date | None:
        if item.model.fate == "exchange":
            self._say(item, Step("export", day, day, note="exchanged, back to the maker"))
            return day
        store = f"{holder.town}, store of disused sources"
        until = day + dt.timedelta(days=730)
        stated = self._stated(item, day) if self.random.random() < STATED_AT_TEST else None
        self._say(item, Step("disuse", day, day, place=store, until=until, stated_Bq=stated))
        gone = day + dt.timedelta(days=int(self.random.integers(40, 700)))
        if item.model.fate == "decay":
            while gone <= self.today and not self._exempt(item, gone):
                gone += dt.timedelta(days=180)
        if gone > self.today:
            return None
        kind = {"return": "export", "disposal": "disposal", "decay": "exemption"}[item.model.fate]
        self._say(item, Step(kind, gone, gone))
        return None

    def _exempt(self, item: Item, day: dt.date) -> bool:
        contents = [
            SourceActivity(n, a, item.reference_date)
            for n, a in zip(item.nuclides, item.activity_Bq, strict=True)
        ]
        found = source_category(contents, on=day)
        return found.category is None and found.ratio_A_over_D is not None

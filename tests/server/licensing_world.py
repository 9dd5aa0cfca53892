"""A small State for the tests of licences: an authority, a holder who buys, two vendors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from register_entries import GIVEN

from tocsin.sealing import read_sheet
from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.licensing.limits import Limit
from tocsin.server.licensing.models import Licence, Order, Sheet
from tocsin.server.licensing.orders import Line, check_order
from tocsin.server.licensing.services import (
    Terms,
    decide_version,
    issue_sheet,
    propose_licence,
    propose_version,
)
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import holder_named
from tocsin.server.register.models import Holder, Source
from tocsin.server.register.services import register_source

TBq = 1e12
YEAR = dt.timedelta(days=365)


@dataclass
class World:
    """The State and what its people do in one line each."""

    officer: Reader
    second: Reader
    buyer_person: Reader
    vendor_people: list[Reader]
    buyer: Holder
    vendors: list[Holder]
    count: int = field(default=0)

    def terms(
        self,
        *limits: Limit,
        acts: tuple[str, ...] = ("hold", "use"),
        start: dt.date | None = None,
        days: int = 365,
        practices: tuple[str, ...] = (),
    ) -> Terms:
        begin = start or now().date()
        return Terms(begin, begin + dt.timedelta(days=days), acts, limits, practices, ("Pier 4",))

    def licence(self, *limits: Limit, holder: Holder | None = None, **more: object) -> Licence:
        """A licence in force, proposed by one officer and confirmed by the other."""
        made = propose_licence(
            self.officer,
            holder or self.buyer,
            self.terms(*limits, **more),  # type: ignore[arg-type]
            reason="application seen",
        )
        return decide_version(self.second, made, approve=True, answer="site seen")

    def amended(self, licence: Licence, *limits: Limit, **more: object) -> Licence:
        propose_version(
            self.officer,
            licence,
            self.terms(*limits, **more),  # type: ignore[arg-type]
            reason="asked for",
        )
        return decide_version(self.second, licence, approve=True)

    def sheet(self, licence: Licence) -> Sheet:
        return issue_sheet(self.officer, licence)

    def source(self, holder: Holder, activity: str, **more: str) -> Source:
        """A source that a holder has."""
        self.count += 1
        today = now().date()
        given = GIVEN | {
            "holder": holder.name,
            "activity": activity,
            "serial": f"S{self.count}",
            "reference_date": str(today),
            "practice": "",
        }
        return register_source(self.officer, entry_of(given | more, today=today))

    def order(
        self,
        presented: Sheet | str | bytes,
        *lines: Line,
        vendor: int = 0,
        number: str = "",
    ) -> Order:
        """An order that a vendor has checked; with a number of its own unless one is given."""
        self.count += 1
        text = presented.code if isinstance(presented, Sheet) else presented
        return check_order(
            self.vendor_people[vendor],
            self.vendors[vendor],
            read_sheet(text),
            number or f"PO-{self.count}",
            lines or (Line("Ir-192", 1.0 * TBq),),
        )


def made_world(person: Callable[..., Person], *, vendors: int = 2) -> World:
    """The State, with licences to distribute for its vendors."""
    officer, second = (
        reader_of(person("register_officer", of="authority", kind="regulator", clearance=2))
        for _ in range(2)
    )
    buyer_person = reader_of(person("holder", of="works", kind="holder", clearance=2))
    people = [
        reader_of(person("holder", of=f"vendor{n}", kind="holder", clearance=2))
        for n in range(vendors)
    ]
    buyer = holder_named(officer, "Harbour Works", organisation=buyer_person.person.organisation)
    sellers = [
        holder_named(officer, f"Vendor {n}", organisation=who.person.organisation)
        for n, who in enumerate(people)
    ]
    world = World(officer, second, buyer_person, people, buyer, sellers)
    for seller in sellers:
        world.licence(
            Limit(category=1, form="any"), holder=seller, acts=("hold", "use", "distribute")
        )
    return world

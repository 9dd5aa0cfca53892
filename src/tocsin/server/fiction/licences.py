"""Licences of the fictional State and orders that its vendors had checked; all of it is invented.

The limits are those that the synthetic register gives its holders. A few licences are made to be
nearly used up, expired, suspended, revoked or waiting, so that every page has something to show.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from tocsin.scenario.register import synthetic_register
from tocsin.sealing import LicenceSheet
from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.fiction.register import HOLDERS, OFFICER, SEED
from tocsin.server.licensing.holding import holding_of
from tocsin.server.licensing.limits import Limit, usage
from tocsin.server.licensing.models import EventKind, Licence
from tocsin.server.licensing.orders import Line, check_order
from tocsin.server.licensing.services import (
    MOST_LIMITS,
    Terms,
    change_state,
    decide_version,
    issue_sheet,
    propose_licence,
    propose_version,
)
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.models import Holder

SECOND_OFFICER = "licences@authority.example"
SALES = "sales@institute.example"
VENDOR, OTHER_VENDOR = "Institute of Nuclear Sciences", "National Institute of Metrology"
BUYER = "Harbour Works 7"
SMALL_REGISTER = 1000
FEW = 12
"""Licences of a small register, as tests make it."""
NEARLY_FULL = 0.94
IRIDIUM = Limit(("Ir-192",), source_Bq=4e12, total_Bq=2e14, sources=60)
WHY = "application and site visit (fictional State)"


def fill_licences(sources: int) -> None:
    """Issue the licences of the State, unless there are some.

    Parameters
    ----------
    sources : int
        Size of the register, as it was made.
    """
    first, second = (_reader(login) for login in (OFFICER, SECOND_OFFICER))
    if Licence.objects.filter(originator=first.person.organisation_id).exists():
        return
    random = np.random.default_rng(SEED)
    made = synthetic_register(random, today=now().date(), sources=sources, holders=HOLDERS)
    holders = {
        row.name: row for row in Holder.objects.filter(originator=first.person.organisation_id)
    }
    issued: list[Licence] = []
    most = FEW if sources < SMALL_REGISTER else HOLDERS
    special = {BUYER, VENDOR, OTHER_VENDOR}
    for given in sorted(made.licences, key=lambda one: one.holder not in special):
        holder = holders.get(given.holder)
        rows = [Limit((n,), total_Bq=most_Bq) for n, most_Bq in given.limits_Bq.items()]
        if given.holder == BUYER:
            rows = [row for row in rows if row.nuclides != IRIDIUM.nuclides] + [IRIDIUM]
        if given.holder in (VENDOR, OTHER_VENDOR):
            rows = [Limit(category=1, form="any")]
        if holder is None or not rows or len(issued) >= most:
            continue
        acts = ("hold", "use", "distribute")[: 3 if rows[0].category else 2]
        terms = Terms(given.valid_from, given.valid_until, acts, rows[:MOST_LIMITS])
        licence = propose_licence(first, holder, terms, number=given.number, reason=WHY)
        issued.append(decide_version(second, licence, approve=True, answer="seen on the spot"))
    _make_special([row for row in issued if row.holder.name not in special], first, second)
    _orders(issued)


def _make_special(rows: list[Licence], first: Reader, second: Reader) -> None:
    """One each that is nearly used up, expired, suspended, revoked, waiting."""
    if len(rows) < len(CHANGES):
        return
    for licence, change in zip(rows, CHANGES, strict=False):
        change(licence, first, second)


def _nearly_full(licence: Licence, first: Reader, second: Reader) -> None:
    holding = holding_of(licence.holder, now().date())
    version = licence.current
    if version is None:
        return
    rows = [
        replace(row, total_Bq=float(f"{held / NEARLY_FULL:.3g}"))
        if row.total_Bq and (held := usage(row, holding.held).total_Bq)
        else row
        for row in version.rows()
    ]
    terms = Terms(version.valid_from, version.valid_until, version.acts, rows)
    propose_version(first, licence, terms, reason="lowered to what is needed")
    decide_version(second, licence, approve=True)


def _expired(licence: Licence, first: Reader, second: Reader) -> None:
    version = licence.current
    if version is None:
        return
    ended = now().date() - dt.timedelta(days=40)
    start = min(version.valid_from, ended)
    terms = Terms(start, ended, version.acts, version.rows())
    propose_version(first, licence, terms, reason="shortened at the wish of the holder")
    decide_version(second, licence, approve=True)


def _suspended(licence: Licence, first: Reader, _second: Reader) -> None:
    change_state(first, licence, EventKind.SUSPENDED, reason="leak tests are missing")


def _revoked(licence: Licence, first: Reader, _second: Reader) -> None:
    change_state(first, licence, EventKind.REVOKED, reason="the holder has given up the practice")


def _waiting(licence: Licence, first: Reader, _second: Reader) -> None:
    version = licence.current
    if version is None:
        return
    rows = [
        replace(row, total_Bq=2.0 * row.total_Bq if row.total_Bq else None)
        for row in version.rows()
    ]
    terms = Terms(version.valid_from, version.valid_until, version.acts, rows)
    propose_version(first, licence, terms, reason="a second line is being built")


CHANGES = (_nearly_full, _expired, _suspended, _revoked, _waiting)


def _orders(issued: list[Licence]) -> None:
    """A good order, one with an altered sheet, and one that is too much."""
    by_holder = {row.holder.name: row for row in issued}
    if BUYER not in by_holder or VENDOR not in by_holder:
        return
    sales, officer = _reader(SALES), _reader(OFFICER)
    vendor = by_holder[VENDOR].holder
    sheet = issue_sheet(officer, by_holder[BUYER])
    line = [Line("Ir-192", 3.7e12)]
    signed = sheet.signed()
    check_order(sales, vendor, signed, "HW7-0412", line)
    more = {**signed.content, "limits": [replace(IRIDIUM, total_Bq=9e15).written()]}
    altered = LicenceSheet(more, signed.signature)
    check_order(sales, vendor, altered, "HW7-0413", [Line("Ir-192", 3.7e12, 90)])
    check_order(sales, vendor, signed, "HW7-0414", [Line("Ir-192", 3.7e12, 58)])


def _reader(login: str) -> Reader:
    return reader_of(Person.objects.get(email=login))

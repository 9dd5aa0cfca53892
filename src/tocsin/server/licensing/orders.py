"""Orders that vendors have checked: accepted with a reservation, or refused with the reason.

A vendor learns the verdict and nothing of what the buyer has. A sheet is for one vendor: who orders
from a second one takes a fresh sheet, so a copy that goes round is noticed. The number of an order
is the buyer's and used once. What is accepted counts against the limits of the licence until its
sources stand in the register with the buyer, or the order is cancelled or has lapsed.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import source_nuclide
from tocsin.sealing import LicenceSheet, verify_sheet
from tocsin.server.accounts.models import Person
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.escalation import Link
from tocsin.server.duties.services import notify
from tocsin.server.duties.timers import each
from tocsin.server.licensing.gate import licences_in_force
from tocsin.server.licensing.holding import has_arrived, holding_of, item_of_order
from tocsin.server.licensing.keys import confirmation_codes, trusted_keys
from tocsin.server.licensing.limits import Bound, Excess, excesses
from tocsin.server.licensing.models import (
    Act,
    Licence,
    Order,
    OrderEvent,
    OrderState,
    Reason,
    Sheet,
    State,
)
from tocsin.server.licensing.wording import reasons_of
from tocsin.server.marking.highwater import highwater, mark_of
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.register.holders import Refused, open_to
from tocsin.server.register.models import Holder
from tocsin.server.typed import plain

CLOCK = "system:licences"
LAPSES_AFTER_d = 30
"""Days after which an accepted order that nobody delivered lapses: a default of Tocsin, to be set
by the State; it follows no law."""
MOST_LINES = 12
MOST_PIECES = 1000
MOST_Bq = 1e18
"""More than any source has: a slip of the unit."""
LAPSE_BATCH = 200
CALLED_FOR = frozenset({Reason.FORGED, Reason.ALTERED, Reason.REPLAYED})
"""Refusals that somebody meant: officers of the register are called."""
REFUSED_NOTICE = gettext_noop("An order was refused: licence {number}, {reason}")
CHAIN = (Link("register_officer", 240),)
"""The wait is a default of Tocsin, to be set by the State."""

TOLD = {
    Reason.FORGED: gettext_noop("The authority has not signed this sheet. Deliver nothing."),
    Reason.ALTERED: gettext_noop(
        "The sheet was altered after the authority signed it. Deliver nothing."
    ),
    Reason.OTHER_REALM: gettext_noop("The sheet was signed for another realm."),
    Reason.EXPIRED: gettext_noop("The licence has expired."),
    Reason.NOT_YET_VALID: gettext_noop("The licence is not valid yet."),
    Reason.SUSPENDED: gettext_noop("The licence is suspended."),
    Reason.REVOKED: gettext_noop("The licence is revoked."),
    Reason.REPLACED: gettext_noop("The licence was replaced by a newer one. Ask for its sheet."),
    Reason.REPLAYED: gettext_noop(
        "This sheet or this order number was used before. Ask the buyer for a fresh sheet."
    ),
    Reason.NOT_PERMITTED: gettext_noop("The licence does not permit what is ordered."),
    Reason.OVER_LIMIT: gettext_noop("The order would exceed what the licence permits."),
    Reason.SPLIT: gettext_noop(
        "Together with other open orders, it would exceed what the licence permits."
    ),
}
"""What a vendor reads."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order.

    Parameters
    ----------
    nuclide : str
        In any customary spelling.
    activity_Bq : float
        Of one source on the day of the order.
    number : int
    form : str
        ``sealed`` or ``unsealed``.
    """

    nuclide: str
    activity_Bq: float
    number: int = 1
    form: str = "sealed"


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a check has come to."""

    reason: Reason | None = None
    told: str = ""
    licence: Licence | None = None
    sheet: Sheet | None = None


@transaction.atomic
def check_order(
    reader: Reader, vendor: Holder, sheet: LicenceSheet, number: str, lines: Sequence[Line]
) -> Order:
    """Check a licence sheet and an order; keep the verdict.

    Parameters
    ----------
    reader : Reader
        Somebody who works for the vendor, or an officer of its register.
    vendor : Holder
        Who sells: its licence permits to distribute.
    sheet : LicenceSheet
        As it was presented; whether it is genuine is found out here.
    number : str
        The buyer's number of the order.
    lines : sequence of Line

    Returns
    -------
    Order
        Accepted with a reservation, or refused with its reason.

    Raises
    ------
    Refused
        The reader may not check for this vendor, or the order makes no sense: nothing is kept.
    """
    require_vendor(reader, vendor)
    number = plain(number)[:80]
    if not number:
        raise Refused(_("Give the number of the order."))
    items = _items(lines)
    found = _judge(vendor, sheet, number, items)
    order = _kept(reader, vendor, sheet, number, items, found)
    record(
        actor=reader.person,
        action=f"licences.order_{order.state}",
        subject=order,
        after={
            "vendor": vendor.name,
            "licence": order.claimed,
            "number": number,
            "items": items,
            "reason": order.reason,
        },
        reason=order.told,
    )
    if found.reason in CALLED_FOR:
        notify(
            order,
            text=REFUSED_NOTICE,
            values={"number": order.claimed[:60], "reason": str(Reason(found.reason).label)},
            address=order.get_absolute_url(),
            chain=CHAIN,
            actor=reader.person,
        )
    return order


NOT_SERVED = (State.SUSPENDED, State.REVOKED)
"""States of a licence in which not even an accepted order is delivered."""


@transaction.atomic
def deliver(reader: Reader, order: Order, *, code: str) -> Order:
    """Say that an order was delivered, with its confirmation code, which works once.

    Raises
    ------
    Refused
        Not one's own, not open any more, or the code is another one.
    """
    order = _locked(reader, order)
    if order.state != OrderState.ACCEPTED:
        raise Refused(_("Only an accepted order can be delivered, and only once."))
    letters = "".join(c for c in code.upper() if c.isalnum())
    if not any(
        hmac.compare_digest(letters.encode(), valid.replace("-", "").encode())
        for valid in confirmation_codes(order.pk)
    ):
        raise Refused(_("This is not the confirmation code of the order."))
    if order.licence_id is not None:
        licence = Licence.objects.select_for_update().get(pk=order.licence_id)
        if licence.state in NOT_SERVED or now().date() > licence.valid_until:
            raise Refused(_("The licence of the buyer is not in force any more."))
    return _step(reader.person, order, OrderState.DELIVERED, "")


@transaction.atomic
def cancel(reader: Reader, order: Order, *, reason: str) -> Order:
    """Take an order back; its reservation ends.

    Raises
    ------
    Refused
        Not one's own, without a reason, or not open; one that is delivered only by an officer.
    """
    order = _locked(reader, order)
    reason = plain(reason)[:400]
    possible = {OrderState.ACCEPTED}
    if may(reader, "licences.write"):
        # what was said to be delivered and never came: the officer has asked
        possible.add(OrderState.DELIVERED)
    if order.state not in possible:
        raise Refused(_("This order cannot be cancelled any more, or not by you."))
    if not reason:
        raise Refused(_("Give a reason."))
    return _step(reader.person, order, OrderState.CANCELLED, reason)


def lapse_orders(at: dt.datetime) -> int:
    """End the reservations of accepted orders whose time is over; a step of the timers."""
    due = Order.objects.filter(state=OrderState.ACCEPTED, lapses_on__lt=at.date())

    def end(order: Order) -> int:
        with transaction.atomic():
            locked = Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
            if locked.state != OrderState.ACCEPTED:
                return 0
            # what came is not taken back; the rest is
            arrived = has_arrived(locked)
            state = OrderState.DELIVERED if arrived else OrderState.LAPSED
            note = "all of it stands in the register" if arrived else ""
            _step(None, locked, state, note)
        return 1

    return each(list(due.order_by("pk")[:LAPSE_BATCH]), end)


def vendors_for(reader: Reader) -> list[Holder]:
    """Holders for which a reader may check orders: who may distribute today."""
    day = reader.at.date()
    own = Holder.objects.filter(realm=reader.realm).select_related("organisation")
    if may(reader, "licences.write"):
        rows = own.filter(originator=reader.person.organisation_id, licences__state=State.IN_FORCE)
    else:
        rows = own.filter(organisation=reader.person.organisation_id)
    return [h for h in rows.distinct().order_by("name") if may_distribute(h, day)]


def may_distribute(holder: Holder, day: dt.date) -> bool:
    """Whether a licence of a holder permits to distribute on a day."""
    return any(
        licence.current is not None and Act.DISTRIBUTE in licence.current.acts
        for licence in licences_in_force(holder, day)
    )


def require_vendor(reader: Reader, vendor: Holder) -> None:
    """Refuse who may not check orders for a vendor."""
    mine = vendor.organisation_id == reader.person.organisation_id
    officer = (
        may(reader, "licences.write") and vendor.originator_id == reader.person.organisation_id
    )
    if not may(reader, "licences.check") or not (mine or officer):
        raise Refused(_("None of your roles allows this."))
    if vendor.realm != reader.realm or not decide(reader, "licences.check", vendor).allowed:
        raise Refused(_("None of your roles allows this."))
    if not may_distribute(vendor, reader.at.date()):
        raise Refused(_("No licence of {name} permits to distribute.").format(name=vendor.name))


def orders_of(holder: Holder) -> Iterable[Order]:
    """Orders that a holder's people see: those that they had checked, and their own open ones."""
    yield from Order.objects.filter(vendor=holder)
    yield from Order.objects.filter(buyer=holder).exclude(state=OrderState.REFUSED)


def _items(lines: Sequence[Line]) -> list[dict[str, Any]]:
    if not 1 <= len(lines) <= MOST_LINES:
        raise Refused(_("Give 1 to {n} lines.").format(n=MOST_LINES))
    found = []
    for line in lines:
        if not 1 <= line.number <= MOST_PIECES:
            raise Refused(_("Give 1 to {n} pieces.").format(n=MOST_PIECES))
        if not 0.0 < line.activity_Bq <= MOST_Bq:
            raise Refused(_("The activity is more than zero and less than 10^18 Bq."))
        if line.form not in ("sealed", "unsealed"):
            raise Refused(_("Say whether it is sealed or unsealed."))
        try:
            name = source_nuclide(plain(line.nuclide)[:40])
        except (InvalidInput, NotFound) as error:
            raise Refused(str(error)) from error
        found.append(
            {
                "nuclide": name,
                "activity_Bq": float(line.activity_Bq),
                "number": line.number,
                "form": line.form,
            }
        )
    return found


def _judge(vendor: Holder, sheet: LicenceSheet, number: str, items: list[dict[str, Any]]) -> _Found:
    found = _genuine(vendor, sheet)
    if found.reason is not None or found.licence is None or found.sheet is None:
        return found
    licence = found.licence
    # orders and transfers for one buyer are judged one after the other
    Holder.objects.select_for_update().get(pk=licence.holder_id)
    # a revocation that was through by now counts, one that comes later waits
    licence = (
        Licence.objects.select_for_update(of=("self",))
        .select_related("holder", "current")
        .get(pk=licence.pk)
    )
    refused = _state_of(licence, found.sheet) or _used_before(vendor, found.sheet, licence, number)
    if refused is None:
        refused = _within(licence, items)
    reason, told = refused or (None, "")
    return _Found(reason, told, licence, found.sheet)


def _genuine(vendor: Holder, sheet: LicenceSheet) -> _Found:
    """The sheet as it was signed here, or why it is not that."""
    known = (
        Sheet.objects.filter(
            nonce=sheet.content["nonce"], version__licence__originator=vendor.originator_id
        )
        .select_related("version__licence__holder", "version__licence__current")
        .first()
    )
    licence = known.version.licence if known is not None else None
    verdict = verify_sheet(sheet, trusted_keys())
    if not verdict.good:
        if known is None or verdict.code != "altered":
            return _Found(Reason.FORGED, verdict.message, None, None)
        return _Found(Reason.ALTERED, _differences(known.signed(), sheet), licence, known)
    if sheet.content["realm"] != vendor.realm:
        return _Found(Reason.OTHER_REALM, str(sheet.content["realm"]), None, None)
    if known is None or known.signed().content != sheet.content:
        # signed with the key and in no list of this register: the key is in other hands
        text = _("signed with the key of the authority, but not in its register")
        return _Found(Reason.FORGED, text, None, None)
    return _Found(None, "", licence, known)


def _differences(signed: LicenceSheet, presented: LicenceSheet) -> str:
    changed = [
        name for name, value in signed.content.items() if presented.content.get(name) != value
    ]
    what = ", ".join(changed) or _("the signature")
    return _("differs from the sheet that was signed in: {what}").format(what=what)


def _state_of(licence: Licence, sheet: Sheet) -> tuple[Reason, str] | None:
    today = now().date()
    by_state = {
        State.SUSPENDED.value: Reason.SUSPENDED,
        State.REVOKED.value: Reason.REVOKED,
        State.REPLACED.value: Reason.REPLACED,
    }
    if licence.state in by_state:
        return by_state[licence.state], ""
    if sheet.version_id != licence.current_id:
        return Reason.REPLACED, _("version {a} was presented, version {b} is in force").format(
            a=sheet.version.number, b=licence.current.number if licence.current else 0
        )
    if today > licence.valid_until:
        return Reason.EXPIRED, _("on {day}").format(day=licence.valid_until)
    if today < licence.valid_from:
        return Reason.NOT_YET_VALID, _("valid from {day}").format(day=licence.valid_from)
    return None


def _used_before(
    vendor: Holder, sheet: Sheet, licence: Licence, number: str
) -> tuple[Reason, str] | None:
    kept = Order.objects.exclude(state__in=(OrderState.REFUSED, OrderState.CANCELLED))
    other = kept.filter(sheet=sheet).exclude(vendor=vendor).select_related("vendor").first()
    if other is not None:
        return Reason.REPLAYED, _("the sheet was used at {vendor}, order {number}").format(
            vendor=other.vendor.name, number=other.number
        )
    same = kept.filter(buyer=licence.holder_id, number__iexact=number).select_related("vendor")
    if (again := same.first()) is not None:
        return Reason.REPLAYED, _("order {number} was checked before, for {vendor}").format(
            number=again.number, vendor=again.vendor.name
        )
    return None


def _within(licence: Licence, items: list[dict[str, Any]]) -> tuple[Reason, str] | None:
    version = licence.current
    if version is None or Act.HOLD not in version.acts:
        return Reason.NOT_PERMITTED, _("the licence does not permit to hold sources")
    today = now().date()
    added = [item_of_order(row, today) for row in items]
    found = excesses(version.rows(), holding_of(licence.holder, today), added)
    if not found:
        return None
    return _worst(found), reasons_of(found)


def _worst(found: Sequence[Excess]) -> Reason:
    bounds = {excess.bound for excess in found}
    if bounds & {Bound.NOT_PERMITTED, Bound.UNKNOWN_D}:
        return Reason.NOT_PERMITTED
    if all(excess.by_orders_alone for excess in found):
        return Reason.SPLIT
    return Reason.OVER_LIMIT


def _kept(
    reader: Reader,
    vendor: Holder,
    sheet: LicenceSheet,
    number: str,
    items: list[dict[str, Any]],
    found: _Found,
) -> Order:
    # what is told of an order may say what its buyer holds
    rows = [vendor] if found.licence is None else [vendor, found.licence]
    mark = highwater([mark_of(row) for row in rows])
    accepted = found.reason is None
    licence = found.licence
    order = Order.objects.create(
        **mark.fields(),
        originator=vendor.originator,
        created_at=now(),
        created_by=reader.person,
        vendor=vendor,
        buyer=licence.holder if licence is not None else None,
        licence=licence,
        sheet=found.sheet,
        number=number,
        claimed=str(sheet.content["number"])[:400],
        code=sheet.code(),
        items=items,
        state=OrderState.ACCEPTED if accepted else OrderState.REFUSED,
        reason=found.reason or "",
        told=found.told,
        lapses_on=now().date() + dt.timedelta(days=LAPSES_AFTER_d) if accepted else None,
    )
    mark.stamp(order)
    _event(order, OrderState(order.state), reader.person, "")
    # its vendor sees it, and its buyer once it is accepted
    seeing = [vendor.organisation]
    if accepted and licence is not None:
        seeing.append(licence.holder.organisation)
    for body in dict.fromkeys(body for body in seeing if body is not None):
        open_to(body, [order], reader.person)
    return order


def _locked(reader: Reader, order: Order) -> Order:
    order = Order.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=order.pk)
    mine = order.vendor.organisation_id == reader.person.organisation_id
    officer = may(reader, "licences.write") and order.originator_id == reader.person.organisation_id
    if not (mine or officer) or not decide(reader, "licences.check", order).allowed:
        raise Refused(_("None of your roles allows this."))
    return order


def _step(by: Person | None, order: Order, state: OrderState, note: str) -> Order:
    before = order.state
    order.state = state
    order.save(update_fields=["state"])
    _event(order, state, by, note)
    record(
        actor=by or CLOCK,
        action=f"licences.order_{state}",
        subject=order,
        before={"state": before},
        after={"state": str(state)},
        reason=note,
    )
    return order


def _event(order: Order, kind: OrderState, by: Person | None, note: str) -> None:
    number = (order.events.aggregate(most=Max("number"))["most"] or 0) + 1
    OrderEvent.objects.create(
        order=order, number=number, kind=kind, at=now(), by=by, note=note[:400]
    )

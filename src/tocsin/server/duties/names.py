"""What people read for legal periods and what starts them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tocsin.server.duties.deadlines import Direction, Ends, Period, Unit

STARTS: dict[str, str | Promise] = {
    "transaction": gettext_lazy("the transaction"),
    "error_found": gettext_lazy("an error is found"),
    "loss_known": gettext_lazy("a loss or theft is known"),
    "loss_reported": gettext_lazy("the first report"),
    "shipment_departure": gettext_lazy("departure of a transport"),
    "shipment_arrival": gettext_lazy("arrival of a transport"),
    "shipment_missing": gettext_lazy("a transport is missing"),
    "shipment_delayed": gettext_lazy("a delay is known"),
    "leak_test": gettext_lazy("a leak test"),
    "leak_test_failed": gettext_lazy("a failed leak test"),
    "find_known": gettext_lazy("a find is known"),
    "use_elsewhere": gettext_lazy("the beginning of the use elsewhere"),
    "entry_made": gettext_lazy("an entry of the register"),
    "incident_opened": gettext_lazy("an incident is opened"),
    "year_begins": gettext_lazy("the beginning of the year"),
    "reconciliation_opened": gettext_lazy("a reconciliation is opened"),
}

SET: dict[str, str | Promise] = {
    "corrective_action": gettext_lazy("Corrective action after an inspection"),
    "reconciliation": gettext_lazy("Yearly reconciliation of the register"),
}
"""Duties for which an authority sets the day itself."""

VERIFICATIONS: dict[str, str | Promise] = {
    "read": gettext_lazy("read"),
    "unverified": gettext_lazy("unverified"),
    "fictional": gettext_lazy("fictional"),
    "set": gettext_lazy("set by the authority"),
}


def amount_of(period: Period) -> str:
    """A period in words, without what starts it."""
    n = period.amount
    if n == 0:
        return _("at once")
    words = {
        Unit.MINUTES: ngettext("{n} minute", "{n} minutes", n),
        Unit.HOURS: ngettext("{n} hour", "{n} hours", n),
        Unit.DAYS: ngettext("{n} day", "{n} days", n),
        Unit.WEEKS: ngettext("{n} week", "{n} weeks", n),
        Unit.MONTHS: ngettext("{n} month", "{n} months", n),
        Unit.BUSINESS_DAYS: ngettext("{n} business day", "{n} business days", n),
        Unit.BUSINESS_HOURS: ngettext("{n} business hour", "{n} business hours", n),
    }
    text = words[period.unit].format(n=n)
    if period.ends is Ends.CLOSE_OF_BUSINESS:
        text += ", " + _("until close of business")
    return text


def period_of(period: Period, starts: str) -> str:
    """A period with what starts it, or what it must come before."""
    start = STARTS.get(starts, starts)
    if period.direction is Direction.BEFORE:
        return _("{period} before: {start}").format(period=amount_of(period), start=start)
    return _("{period} after: {start}").format(period=amount_of(period), start=start)

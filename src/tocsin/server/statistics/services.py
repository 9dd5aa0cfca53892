"""Making fact sheets and approving their publication."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.highwater import mark_of_rows
from tocsin.server.marking.policy import Reader, for_figures, may
from tocsin.server.register.life import HELD
from tocsin.server.register.models import Holder
from tocsin.server.register.reading import source_figures_for
from tocsin.server.statistics.content import numbers_of
from tocsin.server.statistics.models import Approval, FactSheet
from tocsin.server.statistics.reading import Asked, count, counted_rows
from tocsin.server.typed import plain

LONGEST_REASON = 400


@transaction.atomic
def make_sheet(reader: Reader, asked: Asked) -> FactSheet:
    """Count, and keep the numbers as they are now.

    Raises
    ------
    InvalidInput
        Not allowed, or nothing is known of the years.
    """
    if not may(reader, "statistics.write"):
        raise InvalidInput(_("None of your roles allows this."))
    at = now()
    rows = count(reader, asked, recorded_until=at)
    if not rows.shown:
        raise InvalidInput(_("Nothing is known of these years: there is nothing to tell."))
    numbers = numbers_of(rows, asked.edition) | {"country": asked.country, "held": _held(reader)}
    mark = mark_of_rows(reader.realm, counted_rows(reader))
    sheet = FactSheet.objects.create(
        **mark.fields(),
        originator=reader.person.organisation,
        created_at=at,
        created_by=reader.person,
        year=asked.last_year,
        known_on=asked.known_on,
        recorded_until=at,
        numbers=numbers,
        sha256=digest(numbers),
    )
    mark.stamp(sheet)
    record(
        actor=reader.person,
        action="statistics.sheet",
        subject=sheet,
        after={"year": sheet.year, "known_on": str(sheet.known_on), "sha256": sheet.sha256},
    )
    return sheet


@transaction.atomic
def approve(reader: Reader, sheet: FactSheet, *, approved: bool, reason: str) -> Approval:
    """Approve the published form of a sheet, or take that back; never by its maker.

    Raises
    ------
    InvalidInput
        Not allowed, the same person, without a reason, or nothing would change.
    """
    if not may(reader, "statistics.publish"):
        raise InvalidInput(_("None of your roles allows this."))
    if sheet.originator_id != reader.person.organisation_id:
        raise InvalidInput(_("Only the organisation that made the sheet publishes it."))
    if approved and sheet.created_by_id == reader.person.pk:
        raise InvalidInput(_("Another person than its maker approves a sheet."))
    reason = plain(reason)[:LONGEST_REASON]
    if not reason:
        raise InvalidInput(_("Say why."))
    # two persons wait for each other at the row
    FactSheet.objects.select_for_update().get(pk=sheet.pk)
    if is_approved(sheet) == approved:
        raise InvalidInput(_("It is so already."))
    row = Approval.objects.create(
        sheet=sheet, approved=approved, reason=reason, at=now(), by=reader.person
    )
    record(
        actor=reader.person,
        action="statistics.approve" if approved else "statistics.withdraw",
        subject=sheet,
        after={"approved": approved},
        reason=reason,
    )
    return row


def is_approved(sheet: FactSheet) -> bool:
    """Whether the last word on a sheet is an approval."""
    last = sheet.approvals.order_by("-at", "-id").first()
    return last is not None and last.approved


def digest(numbers: dict[str, Any]) -> str:
    """Hash of the numbers, which a fact sheet prints."""
    text = json.dumps(numbers, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _held(reader: Reader) -> dict[str, Any]:
    """Denominators of today: what the register holds."""
    return {
        "sources": source_figures_for(reader).filter(status__in=HELD).count(),
        "holders": for_figures(reader, Holder.objects.all()).count(),
        "on": now().date().isoformat(),
    }

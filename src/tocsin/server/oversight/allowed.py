"""Who may oversee, who may answer for a holder, and what a holder's people are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Q
from django.utils.translation import gettext as _

from tocsin.server.accounts.models import Person
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.oversight.models import (
    Discrepancy,
    Finding,
    Inspection,
    InspectionStep,
    Part,
)
from tocsin.server.register.holders import Refused, open_to
from tocsin.server.register.models import Holder


def oversees(reader: Reader, row: Marked) -> bool:
    """Whether a reader oversees a row: an officer of the register that it belongs to."""
    own = row.originator_id == reader.person.organisation_id
    return own and may(reader, "oversight.write")


def answers_for(reader: Reader, row: Marked, holder: Holder) -> bool:
    """Whether a reader may speak for a holder: its own people, or an officer who was told."""
    own = holder.organisation_id == reader.person.organisation_id
    return oversees(reader, row) or (own and may(reader, "oversight.answer"))


def require_overseer(reader: Reader, row: Marked | None = None) -> None:
    """Refuse who does not oversee.

    Raises
    ------
    Refused
        No role allows it, or the row is not of the own register or not to be seen.
    """
    allowed = may(reader, "oversight.write")
    if row is not None:
        own = row.originator_id == reader.person.organisation_id
        allowed = allowed and own and decide(reader, "oversight.write", row).allowed
    if not allowed:
        raise Refused(_("None of your roles allows this."))


def require_answerer(reader: Reader, row: Marked, holder: Holder) -> None:
    """Refuse who does not speak for a holder.

    Raises
    ------
    Refused
        Neither one of its people nor an officer of the register.
    """
    if not decide(reader, "oversight.answer", row).allowed or not answers_for(reader, row, holder):
        raise Refused(_("None of your roles allows this."))


def belongings(holder: Holder) -> Iterator[Marked]:
    """What a holder's people see of oversight; an inspection only once it may be known."""
    known = Q(announced=True) | Q(state=InspectionStep.DONE)
    yield from Inspection.objects.filter(known, holder=holder)
    yield from Finding.objects.filter(holder=holder)
    yield from Discrepancy.objects.filter(holder=holder)
    yield from Part.objects.filter(holder=holder)


def open_to_holder(holder: Holder, rows: Iterable[Marked], by: Person) -> None:
    """Let the people of a holder see rows that concern it, as long as they work for it.

    The leaf of the change that makes the rows tells of it. An organisation that works for the
    holder later sees them too: what is to be corrected stays the holder's.
    """
    made = list(rows)
    if holder.organisation is not None and made:
        open_to(holder.organisation, made, by)

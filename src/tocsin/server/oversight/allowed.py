"""Who may oversee, who may answer for a holder, and what a holder's people are shown."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from tocsin.server.accounts.models import Person
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.register.holders import Refused, open_to
from tocsin.server.register.models import Holder

CONCERNS_IT = "concerns the holder's own sources"
"""Reason of the releases that this app makes."""


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


def open_to_holder(holder: Holder, rows: Iterable[Marked], by: Person) -> None:
    """Let the people of a holder see rows that concern it.

    The leaf of the change that makes the rows tells of it. People of an organisation that works for
    the holder later see what is made from then on.
    """
    made = list(rows)
    if holder.organisation is not None and made:
        open_to(holder.organisation, made, by, reason=CONCERNS_IT)

"""Security goals: somebody has looked whether they are met."""

from __future__ import annotations

import datetime as dt
import re

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.server.accounts.models import Level
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.highwater import Mark, highwater, mark_of
from tocsin.server.marking.models import Compartment
from tocsin.server.marking.policy import Reader
from tocsin.server.oversight.allowed import require_overseer
from tocsin.server.oversight.goals import goals
from tocsin.server.oversight.models import Assessment, GoalState
from tocsin.server.oversight.models.goals import LONGEST_REFERENCE
from tocsin.server.register.entries import AHEAD_OF_UTC
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Holder
from tocsin.server.typed import plain

REFERENCE = re.compile(r"[\w./-]+( [\w./-]+){0,2}")
"""What a number of a file looks like: three short words at most."""


@transaction.atomic
def assess(
    reader: Reader,
    holder: Holder,
    *,
    place: str,
    goal: str,
    state: GoalState,
    looked_on: dt.date,
    valid_until: dt.date | None = None,
    reference: str = "",
    compartment: Compartment | None = None,
) -> Assessment:
    """Say whether a goal is met at a place of a holder.

    Nothing of how is kept: a register that describes what protects sources would be worth more to
    a thief than the sources. ``reference`` has room for the number of a file that lies elsewhere.

    Parameters
    ----------
    place : str
        As the register names it; empty for sources without a place.
    compartment : Compartment, optional
        Of the reader's own: only its members see this; what stood there before keeps its circles.

    Raises
    ------
    Refused
        Not allowed, no such goal, a day that makes no sense, or more words than a reference.
    """
    require_overseer(reader, holder)
    place, reference = plain(place)[:200], plain(reference)
    if goal not in goals():
        raise Refused(_("There is no such goal."))
    if reference and (len(reference) > LONGEST_REFERENCE or REFERENCE.fullmatch(reference) is None):
        raise Refused(
            _("Only the number of a file that lies elsewhere: measures are not described here.")
        )
    if looked_on > (now() + AHEAD_OF_UTC).date():
        raise Refused(_("{day} lies in the future").format(day=looked_on))
    if valid_until is not None and valid_until < looked_on:
        raise Refused(_("It ends before it was looked at."))
    mark = _mark(reader, holder, place, goal, compartment)
    row = Assessment(
        **mark.fields(),
        originator=holder.originator,
        created_at=now(),
        created_by=reader.person,
        holder=holder,
        place=place,
        goal=goal,
        state=state,
        reference=reference,
        looked_on=looked_on,
        valid_until=valid_until,
    )
    row.save()
    mark.stamp(row)
    record(
        actor=reader.person,
        action="oversight.assess",
        subject=row,
        after={"goal": goal, "state": state, "looked_on": looked_on, "valid_until": valid_until},
    )
    return row


def _mark(
    reader: Reader, holder: Holder, place: str, goal: str, compartment: Compartment | None
) -> Mark:
    marks = [mark_of(holder)]
    before = Assessment.objects.filter(holder=holder, place__iexact=place, goal=goal).first()
    if before is not None:
        marks.append(mark_of(before))
    own = highwater(marks)
    level = max(own.level, Level.CONFIDENTIAL.value)
    circles = own.compartments
    if compartment is not None:
        if compartment.pk not in reader.compartments:
            raise Refused(_("You are not a member of this compartment."))
        circles |= {compartment.pk}
    if level > reader.person.clearance or circles - reader.compartments:
        raise Refused(_("The level is above your own clearance."))
    return Mark(own.realm, level, circles, own.tlp)

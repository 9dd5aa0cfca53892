"""The gate before a transfer: the receiver's licence must permit what it would then hold."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from tocsin.server.clock import now
from tocsin.server.licensing.holding import holding_of
from tocsin.server.licensing.limits import Excess, excesses, item_of
from tocsin.server.licensing.models import Act, Licence, State
from tocsin.server.licensing.wording import reasons_of
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Holder, Source


def licences_in_force(holder: Holder, day: dt.date) -> list[Licence]:
    """Licences of a holder that are in force on a day."""
    rows = Licence.objects.filter(
        holder=holder, state=State.IN_FORCE, valid_from__lte=day, valid_until__gte=day
    )
    return list(rows.select_related("current", "holder"))


def has_licence_rows(holder: Holder) -> bool:
    """Whether licences of a holder are kept here; a proposal is none yet."""
    return Licence.objects.filter(holder=holder).exclude(state=State.DRAFT).exists()


def licence_gate(source: Source, receiver: Holder, day: dt.date) -> None:
    """Refuse a transfer that no licence of the receiver permits.

    A holder of whom only the number of a licence is written in the register is not asked here.
    Everything that it holds counts against each of its licences; one of them must permit the
    source. Activities are those of the day of the transfer.

    Raises
    ------
    Refused
        With the limit, what is held, and what would be held.
    """
    if not has_licence_rows(receiver):
        return
    # two transfers or orders for one receiver are judged one after the other
    Holder.objects.select_for_update().get(pk=receiver.pk)
    # a revocation that was through by now counts, one that comes later waits
    list(Licence.objects.select_for_update().filter(holder=receiver).values_list("pk"))
    today = now().date()
    licences = [
        licence
        for licence in licences_in_force(receiver, day)
        if licence.valid_from <= today <= licence.valid_until
    ]
    if not licences:
        raise Refused(_("{name} has no licence in force.").format(name=receiver.name))
    holding = holding_of(receiver, day, arriving=source)
    added = [item_of(source.activities(), day)]
    reasons: list[str] = []
    for licence in licences:
        version = licence.current
        if version is None:
            continue
        if Act.HOLD not in version.acts:
            reasons.append(_("the licence does not permit to hold sources"))
            continue
        if source.practice and version.practices and source.practice not in version.practices:
            reasons.append(_("the licence is for other practices"))
            continue
        found: list[Excess] = excesses(version.rows(), holding, added)
        if not found:
            return
        reasons.append(reasons_of(found))
    raise Refused(
        _("No licence of {name} permits it on {day}.").format(name=receiver.name, day=day),
        in_full=_("The licence of {name} does not permit it on {day}: {reasons}").format(
            name=receiver.name, day=day, reasons="; ".join(dict.fromkeys(reasons))
        ),
    )

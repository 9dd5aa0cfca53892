"""The gate before a transfer: the receiver's licence must permit what it would then hold."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from tocsin.server.clock import now
from tocsin.server.licensing.holding import Came, holding_of
from tocsin.server.licensing.limits import Excess, excesses, item_of
from tocsin.server.licensing.models import Act, Licence, State
from tocsin.server.licensing.wording import reasons_of
from tocsin.server.register.beyond import Arriving
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Holder


def licences_in_force(holder: Holder, day: dt.date) -> list[Licence]:
    """Licences of a holder that are in force on a day."""
    rows = Licence.objects.filter(
        holder=holder, state=State.IN_FORCE, valid_from__lte=day, valid_until__gte=day
    )
    return list(rows.select_related("current", "holder"))


def has_licence_rows(holder: Holder) -> bool:
    """Whether licences of a holder are kept here; a proposal is none yet."""
    return Licence.objects.filter(holder=holder).exclude(state=State.DRAFT).exists()


def licence_gate(arriving: Arriving, receiver: Holder) -> None:
    """Refuse a transfer of a source or a batch that no licence of the receiver permits.

    A holder of whom only the number of a licence is written in the register is not asked here.
    Everything that it holds counts against each of its licences; one of them must permit what
    comes. Activities are those of the day of the transfer.

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
    if not arriving.contents:
        raise Refused(_("Its activity is not written: it cannot be counted against a licence."))
    today, day = now().date(), arriving.day
    licences = [
        licence
        for licence in licences_in_force(receiver, day)
        if licence.valid_from <= today <= licence.valid_until
    ]
    if not licences:
        raise Refused(_("{name} has no licence in force.").format(name=receiver.name))
    item = item_of(arriving.contents, day, form=arriving.form, number=arriving.number)
    holding = holding_of(receiver, day, arriving=Came(item, arriving.sender))
    added = [item]
    reasons: list[str] = []
    for licence in licences:
        version = licence.current
        if version is None:
            continue
        if Act.HOLD not in version.acts:
            reasons.append(_("the licence does not permit to hold sources"))
            continue
        if arriving.practice and version.practices and arriving.practice not in version.practices:
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

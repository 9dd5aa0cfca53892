"""Labels of sources, devices and batches: what their codes hold, how they are read, the sheets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tocsin.report.labels import SIZES, Label, label_sheets
from tocsin.server.accounts.models import Realm
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.holdings.models import Batch, Device
from tocsin.server.marking.policy import Reader
from tocsin.server.oversight.models import Item
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Holder, Source
from tocsin.server.typed import plain

IN_CODE = re.compile(
    r"/oversight/label/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/?$"
)
NAME = re.compile(r"(?:S-)?([0-9A-F]{8})")


Labelled = Source | Device | Batch


def address_of(row: Labelled) -> str:
    """Path that the code of a row holds: its random identity and nothing of it."""
    return reverse("oversight:label", args=[row.pk])


def line_of(row: Labelled) -> str:
    """What stands under the name: no more than what a radiation sign beside it says anyway."""
    if isinstance(row, Source):
        return row.nuclides
    return _("device") if isinstance(row, Device) else row.nuclide or row.element


@transaction.atomic
def print_labels(
    reader: Reader,
    holder: Holder,
    rows: Sequence[Labelled],
    *,
    size: str,
    origin: str,
    skip: int = 0,
) -> bytes:
    """PDF of the labels of a holder's sources, devices or batches.

    Parameters
    ----------
    origin : str
        Scheme and host of this server, as phones reach it.
    skip : int
        Labels of the first sheet that are used already.

    Raises
    ------
    Refused
        No such size, nothing to print, or a place that the sheet does not have.
    """
    if size not in SIZES:
        raise Refused(_("There is no such size."))
    if not rows:
        raise Refused(_("There is nothing to print a label for."))
    kind = SIZES[size]
    if not 0 <= skip < kind.columns * kind.rows:
        raise Refused(_("A sheet has {n} labels.").format(n=kind.columns * kind.rows))
    mark = "" if reader.realm == Realm.LIVE else reader.realm
    made = label_sheets(
        [Label(f"{origin}{address_of(row)}", row.name, line_of(row), mark) for row in rows],
        kind,
        title=_("Labels"),
        created=now(),
        language=(get_language() or "en").partition("-")[0],
        skip=skip,
    )
    record(
        actor=reader.person,
        action="oversight.print_labels",
        subject=holder,
        after={"labels": len(rows), "of": rows[0]._meta.label_lower, "size": size},
    )
    return made


def row_in_code(text: str) -> UUID | None:
    """Identity of the row whose label holds a text; of another server's label too."""
    found = IN_CODE.search(plain(text).lower())
    return UUID(found[1]) if found else None


def items_in(rows: QuerySet[Item], texts: Iterable[str]) -> list[Item]:
    """Those questions of a list that are meant by labels; that of a device means what is in it."""
    wanted = {pk for text in texts if (pk := row_in_code(text)) is not None}
    meant = Q(source__in=wanted) | Q(source__inside__device__in=wanted)
    return list(rows.filter(meant).order_by("pk"))


def items_typed(rows: QuerySet[Item], text: str) -> list[Item]:
    """The items of a list that somebody means by a name, a serial number or a scanned code.

    The code of a device means every source in it; everything else means one.

    Raises
    ------
    Refused
        None or several are meant.
    """
    text = plain(text)
    scanned = items_in(rows, [text])
    if scanned:
        return scanned
    found = list(rows.filter(source__in=named(text)))
    if not found and text:
        found = list(rows.filter(source__serial__iexact=text))
    if len(found) != 1:
        said = (
            _("Several sources bear “{text}”: type the name that begins with S-.")
            if found
            else _("“{text}” is not in this list: type the name that begins with S-.")
        )
        raise Refused(said.format(text=text[:60]))
    return found


def named(text: str) -> QuerySet[Source]:
    """Sources whose short name somebody has typed; the name is the beginning of the identity."""
    name = NAME.fullmatch(plain(text).upper())
    if name is None:
        return Source.objects.none()
    least, most = (UUID(f"{name[1]}{digit * 24}") for digit in "0f")
    return Source.objects.filter(pk__range=(least, most))

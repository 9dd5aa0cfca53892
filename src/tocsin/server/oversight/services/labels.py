"""Labels of sources: what their codes hold, how they are read back, and the printed sheets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tocsin.report.labels import SIZES, Label, label_sheets
from tocsin.server.accounts.models import Realm
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader
from tocsin.server.oversight.models import Item
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Holder, Source
from tocsin.server.typed import plain

IN_CODE = re.compile(
    r"/oversight/label/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/?$"
)
NAME = re.compile(r"(?:S-)?([0-9A-F]{8})")


def address_of(source: Source) -> str:
    """Path that the code of a source holds: the random identity of the row and nothing of it."""
    return reverse("oversight:label", args=[source.pk])


@transaction.atomic
def print_labels(
    reader: Reader,
    holder: Holder,
    sources: Sequence[Source],
    *,
    size: str,
    origin: str,
    skip: int = 0,
) -> bytes:
    """PDF of the labels of a holder's sources.

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
    if not sources:
        raise Refused(_("There is no source to print a label for."))
    kind = SIZES[size]
    if not 0 <= skip < kind.columns * kind.rows:
        raise Refused(_("A sheet has {n} labels.").format(n=kind.columns * kind.rows))
    mark = "" if reader.realm == Realm.LIVE else reader.realm
    made = label_sheets(
        [Label(f"{origin}{address_of(s)}", s.name, s.nuclides, mark) for s in sources],
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
        after={"labels": len(sources), "size": size},
    )
    return made


def source_in_code(text: str) -> UUID | None:
    """Identity of the source whose label holds a text; of another server's label too."""
    found = IN_CODE.search(plain(text).lower())
    return UUID(found[1]) if found else None


def items_in(rows: QuerySet[Item], texts: Iterable[str]) -> list[Item]:
    """Those questions of a list that are meant by what labels hold."""
    wanted = {pk for text in texts if (pk := source_in_code(text)) is not None}
    return list(rows.filter(source__in=wanted))


def item_typed(rows: QuerySet[Item], text: str) -> Item:
    """The item of a list that somebody means by a name, a serial number or a scanned code.

    Raises
    ------
    Refused
        None or several are meant.
    """
    text = plain(text)
    scanned = items_in(rows, [text])
    if scanned:
        return scanned[0]
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
    return found[0]


def named(text: str) -> QuerySet[Source]:
    """Sources whose short name somebody has typed; the name is the beginning of the identity."""
    name = NAME.fullmatch(plain(text).upper())
    if name is None:
        return Source.objects.none()
    least, most = (UUID(f"{name[1]}{digit * 24}") for digit in "0f")
    return Source.objects.filter(pk__range=(least, most))

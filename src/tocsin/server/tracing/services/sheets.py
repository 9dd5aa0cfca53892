"""Issuing alert sheets and ending them."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.documents.reading import documents_of
from tocsin.server.links.models import LinkKind
from tocsin.server.links.services import link
from tocsin.server.marking.highwater import highwater, mark_of
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.register.life import MISSING
from tocsin.server.register.models import Source
from tocsin.server.tracing.content import Told, sheet_content
from tocsin.server.tracing.models import AlertSheet, EndKind, SheetEnd
from tocsin.server.typed import plain

SOURCE = "register.source"
LONGEST_LINE = 400


def may_issue(reader: Reader, source: Source) -> bool:
    """Whether a person may issue a sheet about a source: of the own register, and missing."""
    own = source.originator_id == reader.person.organisation_id
    return own and source.status in MISSING and decide(reader, "tracing.alert", source).allowed


@transaction.atomic
def issue_sheet(
    reader: Reader,
    source: Source,
    *,
    call: str,
    where: str = "",
    looks: str = "",
    picture: uuid.UUID | None = None,
) -> AlertSheet:
    """Issue an alert sheet about a missing source; it takes the place of the one before.

    Parameters
    ----------
    call : str
        Whom to call; Tocsin knows none.
    where : str
        Where it was last, as the sheet says it.
    looks : str
        What it looks like, in words.
    picture : UUID, optional
        A photograph that hangs on the source.

    Raises
    ------
    InvalidInput
        Not allowed, not missing, nobody to call, or no such photograph.
    """
    source = Source.objects.select_for_update().get(pk=source.pk)
    if not may_issue(reader, source):
        raise InvalidInput(_("An alert sheet is issued by the authority about what is missing."))
    told = Told(*(plain(text)[:LONGEST_LINE] for text in (call, where, looks)))
    if not told.call:
        raise InvalidInput(_("Say whom to call."))
    marks = [mark_of(source)]
    if picture is not None:
        shown = documents_of(reader, source).filter(pk=picture, shown__isnull=False).first()
        if shown is None:
            raise InvalidInput(_("This photograph does not hang on the source."))
        marks.append(mark_of(shown))
    day = now().date()
    content, category = sheet_content(source, told, day)
    earlier = AlertSheet.objects.filter(row_kind=SOURCE, row_id=source.pk)
    last = earlier.order_by("-number").first()
    mark = highwater(marks)
    sheet = AlertSheet(
        **mark.fields(),
        originator=source.originator,
        created_at=now(),
        created_by=reader.person,
        row_kind=SOURCE,
        row_id=source.pk,
        row_name=source.name,
        number=1 if last is None else last.number + 1,
        day=day,
        category=category,
        content=content,
        call=told.call,
        picture_id=picture,
    )
    sheet.save()
    mark.stamp(sheet)
    if last is not None and not SheetEnd.objects.filter(sheet=last).exists():
        SheetEnd.objects.create(sheet=last, at=now(), by=reader.person, kind=EndKind.REPLACED)
    record(
        actor=reader.person,
        action="tracing.issue_sheet",
        subject=sheet,
        after={"source": str(source.pk), "number": sheet.number, "content": content},
    )
    link(sheet, LinkKind.CONCERNS, source, actor=reader.person)
    return sheet


@transaction.atomic
def end_sheet(reader: Reader, sheet: AlertSheet, *, kind: str, reason: str = "") -> SheetEnd:
    """Withdraw an alert sheet: recovered, or issued by mistake.

    Raises
    ------
    InvalidInput
        Not allowed, ended already, no such kind, or a mistake without a reason.
    """
    own = sheet.originator_id == reader.person.organisation_id
    if not (own and may(reader, "tracing.alert")):
        raise InvalidInput(_("None of your roles allows this."))
    # two who end it at once wait for each other here
    source = Source.objects.select_for_update().filter(pk=sheet.row_id).first()
    if SheetEnd.objects.filter(sheet=sheet).exists():
        raise InvalidInput(_("This sheet is no longer valid already."))
    if kind not in {EndKind.RECOVERED, EndKind.MISTAKEN}:
        raise InvalidInput(_("Say why it is withdrawn."))
    reason = plain(reason)[:LONGEST_LINE]
    if kind == EndKind.MISTAKEN and not reason:
        raise InvalidInput(_("Say what was mistaken."))
    if kind == EndKind.RECOVERED and source is not None and source.status in MISSING:
        raise InvalidInput(_("The source is still missing: report its recovery first."))
    end = SheetEnd.objects.create(sheet=sheet, at=now(), by=reader.person, kind=kind, reason=reason)
    record(
        actor=reader.person,
        action="tracing.end_sheet",
        subject=sheet,
        after={"kind": kind},
        reason=reason,
    )
    return end

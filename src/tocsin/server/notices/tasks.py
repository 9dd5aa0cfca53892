"""Work on notices in the background."""

from __future__ import annotations

import logging
import time

from django.utils.translation import gettext as _
from django_tasks import task

from tocsin.errors import InvalidInput, ParseError
from tocsin.server.clock import now
from tocsin.server.files.services import ContentGone
from tocsin.server.notices.beyond import AFTER_UNDO, COMPARERS
from tocsin.server.notices.models import NoticeImport
from tocsin.server.notices.services import end_linking, end_undo, read_all, stop, undo_all

log = logging.getLogger(__name__)
TELL_EVERY_S = 1.0


@task()
def work_on_notices(pk: str) -> None:
    """Read what was brought and have it compared, or undo it."""
    row = NoticeImport.objects.select_related("file__blob", "created_by", "originator").get(pk=pk)
    if row.stopped:
        return
    try:
        if row.state == NoticeImport.State.READING:
            row = read_all(row)
        if row.state == NoticeImport.State.LINKING:
            counts: dict[str, int] = {}
            for compare in COMPARERS:
                counts |= compare(row, _Teller(row))
            end_linking(row, counts)
        elif row.state == NoticeImport.State.UNDOING:
            undo_all(row)
            for hear in AFTER_UNDO:
                hear(row)
            end_undo(row)
    except (InvalidInput, ParseError, ContentGone) as error:
        stop(row, str(error))
    except Exception:
        # a mistake of ours: what was written stays, the log says where, a person is told
        log.exception("an import of notices stopped", extra={"row": pk})
        stop(row, _("It stopped by a mistake of the program. What was written stays."))


class _Teller:
    """Passes progress on, not more often than people look."""

    def __init__(self, row: NoticeImport) -> None:
        self._row = row
        self._told = 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._told < TELL_EVERY_S:
            return
        self._told = time.monotonic()
        NoticeImport.objects.filter(pk=self._row.pk).update(
            done=done, lines=total, touched_at=now()
        )

"""Work of the register in the background."""

from __future__ import annotations

import logging

from django.utils import translation
from django.utils.translation import gettext as _
from django_tasks import task

from tocsin.errors import InvalidInput, ParseError
from tocsin.server.files.services import ContentGone
from tocsin.server.register import imports
from tocsin.server.register.checking import check_all
from tocsin.server.register.import_turns import Overtaken, stop
from tocsin.server.register.models import WORKING, Checked, Import

log = logging.getLogger(__name__)


@task()
def work_on_import(pk: str) -> None:
    """Carry on what a person asked for: checking, taking over or undoing a table."""
    row = Import.objects.select_related("file__blob", "asked_by__organisation").get(pk=pk)
    if row.state not in WORKING or row.stopped:
        return
    language = row.asked_by.language if row.asked_by is not None else ""
    try:
        with translation.override(language or "en"):
            imports.work(row)
    except Overtaken:
        log.info("another process works on an import", extra={"row": pk})
    except (InvalidInput, ParseError, ContentGone) as error:
        stop(row, str(error))
    except Exception:
        # a mistake of ours: what was written stays, the log says where, a person is told
        log.exception("an import stopped", extra={"row": pk})
        stop(row, _("It stopped by a mistake of the program. What was written stays."))


@task()
def check_register(pk: int) -> None:
    """Check all sources that an organisation sees."""
    kept = Checked.objects.select_related("organisation").filter(pk=pk).first()
    if kept is not None:
        check_all(kept)

"""Work in the background: the only place where uploaded bytes are read, and only in the sandbox."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from tocsin.server.files.services import ContentGone, content_of
from tocsin.server.measurements import services
from tocsin.server.measurements.analysing import (
    Unanswerable,
    answer,
    check_realm,
    places_of,
    read_recording,
    stored,
)
from tocsin.server.measurements.models import Measurement, Reanalysis, Upload
from tocsin.spectra import Recording

log = logging.getLogger(__name__)

TELL_EVERY_S = 1.0
# Reading takes a few seconds, the records most of the time, naming and placing the rest.
READ_PART, RECORDS_PART = 0.1, 0.8
SILENCE = timedelta(minutes=10)
"""Without a sign of life for so long a process that worked on a file counts as gone."""


@task()
def analyse_upload(pk: str) -> None:
    """Read an upload, analyse it and write what came of it."""
    row = Upload.objects.select_related("file__blob", "originator").get(pk=pk)

    def work(tell: _Teller) -> None:
        recording = _recording_of(row)
        check_realm(recording, row.realm)
        services.advance(row, READ_PART)
        found = answer(recording, realm=row.realm, progress=tell)
        services.finish_upload(row, recording, stored(recording, found.analysis), found)

    _run(row, work)


@task()
def analyse_again(pk: str) -> None:
    """Analyse a measurement once more, as a person asked."""
    row = Reanalysis.objects.select_related("measurement__file__blob", "background").get(pk=pk)

    def work(tell: _Teller) -> None:
        recording = _recording_of(row.measurement)
        background = None if row.background is None else _recording_of(row.background)
        services.advance(row, READ_PART)
        found = answer(
            recording,
            realm=row.realm,
            background=background,
            false_alarm_rate_per_h=row.settings.get("false_alarm_rate_per_h"),
            progress=tell,
        )
        services.finish_reanalysis(row, places_of(recording), found)

    _run(row, work)


def _run(row: Upload | Reanalysis, work: Callable[[_Teller], None]) -> None:
    if not services.begin(row):
        return
    try:
        work(_Teller(row))
    except Unanswerable as error:
        services.fail(row, error.code, error.message)
    except ContentGone as error:
        services.fail(row, "content_gone", str(error))
    except Exception:
        # a mistake of ours: the file is kept, the log says where, a person is told
        log.exception("an analysis failed", extra={"row": str(row.pk)})
        services.fail(
            row,
            "internal",
            _("The analysis failed by a mistake of the program. The file is kept."),
        )


class _Teller:
    """Passes progress on, not more often than people look."""

    def __init__(self, row: Upload | Reanalysis) -> None:
        self._row = row
        self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._told < TELL_EVERY_S or not total:
            return
        self._told = time.monotonic()
        services.advance(self._row, READ_PART + RECORDS_PART * done / total)


def _recording_of(measurement: Measurement | Upload) -> Recording:
    return read_recording(content_of(measurement.file), measurement.file.name)


def resume_stopped(at: datetime) -> int:
    """Queue again what a dead process left; what still waits for its turn is left alone."""
    done = 0
    for row in services.stopped_before(at, SILENCE):
        if row.task_id and DBTaskResult.objects.ready().filter(pk=row.task_id).exists():
            continue
        try:
            services.resume(row)
            done += 1
        except Exception:
            log.exception("stopped work could not be queued again", extra={"row": str(row.pk)})
    return done

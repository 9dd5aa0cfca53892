"""Bringing files of public notices, reading them in the background, and undoing that."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.linkage.confined_notices import ReadLine, read_notices
from tocsin.server.accounts.models import Level, Realm
from tocsin.server.accounts.turns import one_at_a_time
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.files.services import content_of, store
from tocsin.server.incidents.models import Incident, IncidentState
from tocsin.server.incidents.opening import open_many
from tocsin.server.incidents.services import note_of
from tocsin.server.incidents.statements import state
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.models import Tlp
from tocsin.server.marking.policy import Reader, may
from tocsin.server.notices.drafts import KIND_OF, day_of, draft_of, title_of, values_of
from tocsin.server.notices.models import Notice, NoticeImport
from tocsin.server.typed import plain

log = logging.getLogger(__name__)

ORIGIN = "notices:"
"""Before the code of an import in the origin of statements."""
BATCH = 100
MOST_FAULTS = 200
READER = "system:notices"


def bring(reader: Reader, content: bytes, *, name: str) -> NoticeImport:
    """Keep a file of notices and have it read in the background.

    What is public belongs to the realm PUBLIC; a made-up feed to exercises. Nothing of it is ever
    in the realm of what really happens here.

    Raises
    ------
    InvalidInput
        Not allowed, not in this realm, or empty.
    """
    if not may(reader, "notices.import"):
        raise InvalidInput(_("None of your roles allows this."))
    if reader.realm == Realm.LIVE:
        raise InvalidInput(_("Public notices are kept apart from what happens here: change realm."))
    if not content:
        raise InvalidInput(_("The file is empty."))
    mark = mark_of_notices(reader.realm)
    with transaction.atomic():
        kept = store(
            content,
            name=name,
            actor=reader.person,
            originator=reader.person.organisation,
            **mark.fields(),
        )
        at = now()
        row = NoticeImport.objects.create(
            **mark.fields(),
            originator=reader.person.organisation,
            created_at=at,
            created_by=reader.person,
            file=kept,
            title=plain(name)[:200] or "notices",
            state=NoticeImport.State.READING,
            lines=_lines(content),
            touched_at=at,
        )
        record(
            actor=reader.person,
            action="notices.bring",
            subject=row,
            after={"file": kept.name, "sha256": kept.blob_id},
        )
    enqueue(row)
    return row


def mark_of_notices(realm: str) -> Mark:
    """Mark of what was published."""
    return Mark(realm, Level.OPEN.value, frozenset(), Tlp.CLEAR.value)


def enqueue(row: NoticeImport) -> None:
    """Put the next step into the queue."""
    # the task calls the steps, and the steps this: only the queue knows both ends
    from tocsin.server.notices.tasks import work_on_notices

    work_on_notices.enqueue(str(row.pk))


def read_all(row: NoticeImport) -> NoticeImport:
    """Read every notice of a file, batch by batch; what a batch wrote is not read again.

    Raises
    ------
    ParseError
        The file cannot be read.
    """
    known = set(row.notices.values_list("line", flat=True))
    faults: list[dict[str, Any]] = []
    batch: list[ReadLine] = []
    for line in read_notices(content_of(row.file)):
        if line.notice is None:
            faults.append({"line": line.line, "fault": line.fault})
        elif line.line not in known:
            batch.append(line)
        if len(batch) >= BATCH:
            _take(row, batch, line.line)
            batch = []
    _take(row, batch, row.lines)
    with transaction.atomic():
        row.faults = faults[:MOST_FAULTS]
        row.counts = row.counts | {"faults": len(faults)}
        row.state, row.done = NoticeImport.State.LINKING, 0
        row.touched_at = now()
        row.save()
        record(actor=READER, action="notices.read", subject=row, after=dict(row.counts))
    return row


@transaction.atomic
def _take(row: NoticeImport, batch: Sequence[ReadLine], line: int) -> None:
    """Take over a batch: new notices with their incidents, changed ones as updates."""
    counts = Counter(row.counts)
    mark = mark_of_notices(row.realm)
    # two files of one organisation wait for each other here: no notice becomes two incidents
    one_at_a_time(row.originator_id)
    fresh: list[Notice] = []
    drafts = []
    for read in _last_of_each(batch, counts):
        assert read.notice is not None  # noqa: S101 - faults were told apart
        notice = _notice(row, read.notice, read.line, mark)
        earlier = (
            Notice.objects.filter(
                realm=row.realm,
                originator=row.originator_id,
                event_number=notice.event_number,
                replaced=False,
                withdrawn=False,
            )
            .select_related("incident")
            .first()
        )
        if earlier is not None and earlier.sign == notice.sign:
            counts["known already"] += 1
            continue
        if earlier is not None and _is_older(notice.fields, earlier.fields):
            counts["older than what is known"] += 1
            continue
        counts[notice.kind] += 1
        counts["taken back"] += notice.retracted
        if earlier is not None:
            counts["updated"] += 1
            Notice.objects.filter(pk=earlier.pk).update(replaced=True)
            notice.incident = earlier.incident
            if earlier.incident is not None:
                _update(row, earlier.incident, read.notice)
        if notice.incident is None:
            draft = draft_of(read.notice, row.file)
            if draft is not None:
                drafts.append((notice, draft))
        fresh.append(notice)
    if drafts:
        opened = open_many(
            row.created_by or READER,
            [draft for _notice, draft in drafts],
            mark=mark,
            originator=row.originator,
            origin=origin_of(row),
            subject=row,
        )
        for (notice, _draft), incident in zip(drafts, opened, strict=True):
            notice.incident = incident
    Notice.objects.bulk_create(fresh)
    row.counts, row.done, row.touched_at = dict(counts), line, now()
    row.save(update_fields=["counts", "done", "touched_at"])


def _last_of_each(batch: Sequence[ReadLine], counts: Counter[str]) -> list[ReadLine]:
    """Of several versions of one number the one that was updated last."""
    last: dict[str, ReadLine] = {}
    for read in batch:
        assert read.notice is not None  # noqa: S101 - faults were told apart
        number = read.notice["event_number"]
        known = last.get(number)
        if known is not None:
            counts["same number twice"] += 1
            assert known.notice is not None  # noqa: S101 - faults were told apart
            if _is_older(read.notice, known.notice):
                continue
        last[number] = read
    return list(last.values())


def _is_older(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a version was updated on an earlier day than another; no day is before every day."""
    days = [day_of(version["updated"]) or dt.date.min for version in (one, other)]
    return days[0] < days[1]


def _notice(row: NoticeImport, said: dict[str, Any], line: int, mark: Mark) -> Notice:
    fields = {k: v for k, v in said.items() if k != "passages"}
    told = json.dumps([fields, said["passages"]], sort_keys=True)
    return Notice(
        **mark.fields(),
        originator=row.originator,
        created_at=now(),
        created_by=row.created_by,
        imported=row,
        line=line,
        event_number=said["event_number"][:100],
        kind=said["kind"],
        nuclides=", ".join(said["nuclides"])[:300],
        place=said["place"][:200],
        happened_on=day_of(said["date"]),
        reported_on=day_of(said["reported"]),
        retracted=said["retracted"],
        recovered=said["recovered"],
        updates=min(said["updates"], 1000),
        fields=fields,
        passages=said["passages"],
        address=said["address"],
        sign=hashlib.sha256(told.encode()).hexdigest(),
    )


def _update(row: NoticeImport, incident: Incident, said: dict[str, Any]) -> None:
    """State what a later version of a notice says; a notice taken back withdraws its incident."""
    values: dict[str, Any] = {"status": "withdrawn"}
    kind = KIND_OF.get(said["kind"])
    if kind is not None and not said["retracted"]:
        values = values_of(said, kind, title_of(said)) | {"status": "amended"}
    try:
        state(
            row.created_by or READER,
            incident,
            values,
            reason=f"a later version of notice {said['event_number']}",
            origin=origin_of(row),
        )
    except InvalidInput:
        log.info("a later version says nothing new", extra={"incident": str(incident.pk)})


def origin_of(row: NoticeImport) -> str:
    """Code of an import as statements name it."""
    return f"{ORIGIN}{row.pk.hex[:8]}"


@transaction.atomic
def begin_undo(reader: Reader, row: NoticeImport, *, reason: str) -> NoticeImport:
    """Have an import undone: its incidents are withdrawn, its notices shown no more.

    Raises
    ------
    InvalidInput
        Not allowed, not taken over, or without a reason.
    """
    row = NoticeImport.objects.select_for_update().get(pk=row.pk)
    own = row.originator_id == reader.person.organisation_id
    if not (own and may(reader, "notices.import")):
        raise InvalidInput(_("None of your roles allows this."))
    reason = plain(reason)[:400]
    if not reason:
        raise InvalidInput(_("Say why it is undone."))
    if row.is_working or row.state == NoticeImport.State.UNDONE:
        raise InvalidInput(_("It cannot be undone now."))
    row.state, row.reason, row.done, row.stopped = NoticeImport.State.UNDOING, reason, 0, ""
    row.touched_at = now()
    row.save()
    record(actor=reader.person, action="notices.undo", subject=row, reason=reason)
    transaction.on_commit(lambda: enqueue(row))
    return row


def undo_all(row: NoticeImport) -> None:
    """Withdraw the incidents that an import opened, batch by batch."""
    waiting = row.notices.filter(withdrawn=False)
    while batch := list(waiting[:BATCH]):
        with transaction.atomic():
            for notice in batch:
                _undo(row, notice)
            Notice.objects.filter(pk__in=[n.pk for n in batch]).update(withdrawn=True)
            NoticeImport.objects.filter(pk=row.pk).update(
                done=row.notices.filter(withdrawn=True).count(), touched_at=now()
            )


def end_undo(row: NoticeImport) -> None:
    """Say that everything is withdrawn, and that the apps above have heard of it."""
    _end(row, NoticeImport.State.UNDONE)


def _undo(row: NoticeImport, notice: Notice) -> None:
    """Withdraw the incident that a notice has opened, or say again what was said before it."""
    if notice.replaced:
        # a later version, of this file or another, says what is known by now
        return
    words = f"import {row.title} undone: {row.reason}"[:400]
    earlier = (
        Notice.objects.filter(
            realm=row.realm,
            originator=row.originator_id,
            event_number=notice.event_number,
            replaced=True,
            withdrawn=False,
        )
        .exclude(imported=row)
        .order_by("-created_at")
        .first()
    )
    if earlier is not None:
        Notice.objects.filter(pk=earlier.pk).update(replaced=False)
    if notice.incident_id is None:
        return
    incident = Incident.objects.select_for_update().get(pk=notice.incident_id)
    if incident.state != IncidentState.OPEN:
        return
    values: dict[str, Any] = {"status": "withdrawn"}
    if earlier is not None and earlier.incident_id == incident.pk:
        kind = KIND_OF.get(earlier.kind)
        if kind is not None:
            # what only the later version has said is taken back
            values = dict.fromkeys(("place", "country", "interval"))
            values |= values_of(earlier.fields, kind, title_of(earlier.fields))
    else:
        note_of(incident, IncidentState.WITHDRAWN, words, by=None, actor=READER)
    try:
        state(READER, incident, values, reason=words)
    except InvalidInput:
        log.info("nothing was to be said again", extra={"incident": str(incident.pk)})


def end_linking(row: NoticeImport, counts: dict[str, int]) -> None:
    """Say that everything was compared, and what came of it."""
    row.refresh_from_db()
    row.counts = row.counts | counts
    row.save(update_fields=["counts"])
    _end(row, NoticeImport.State.DONE)


@transaction.atomic
def _end(row: NoticeImport, reached: NoticeImport.State) -> None:
    row.refresh_from_db()
    row.state, row.touched_at, row.stopped = reached, now(), ""
    row.save(update_fields=["state", "touched_at", "stopped"])
    record(actor=READER, action=f"notices.{reached}", subject=row, after=dict(row.counts))


@transaction.atomic
def stop(row: NoticeImport, why: str) -> None:
    """Say why it does not go on; what was written stays, and it may be carried on."""
    NoticeImport.objects.filter(pk=row.pk).update(stopped=why[:400], touched_at=now())
    record(actor=READER, action="notices.stopped", subject=row, reason=why[:400])


SILENCE = dt.timedelta(minutes=3)
"""Without a sign of life for so long the process that worked on it counts as gone."""


def stands_still(row: NoticeImport) -> bool:
    """Whether it has stopped, or whoever worked on it has given no sign of life."""
    return bool(row.stopped) or (row.is_working and now() - row.touched_at > SILENCE)


@transaction.atomic
def carry_on(reader: Reader, row: NoticeImport) -> None:
    """Go on with an import that has stopped.

    Raises
    ------
    InvalidInput
        Not allowed, or it goes on already.
    """
    row = NoticeImport.objects.select_for_update().get(pk=row.pk)
    own = row.originator_id == reader.person.organisation_id
    if not (own and may(reader, "notices.import")):
        raise InvalidInput(_("None of your roles allows this."))
    if not stands_still(row):
        raise InvalidInput(_("It goes on already."))
    row.stopped, row.touched_at = "", now()
    row.save(update_fields=["stopped", "touched_at"])
    record(actor=reader.person, action="notices.carry_on", subject=row)
    transaction.on_commit(lambda: enqueue(row))


def _lines(content: bytes) -> int:
    """Lines of a plain file; of a packed one nobody knows until it is read."""
    return 0 if content[:2] == b"\x1f\x8b" else content.count(b"\n") + 1

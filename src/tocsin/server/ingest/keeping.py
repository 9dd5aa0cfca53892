"""Which live records are kept how long, and letting go what nobody needs any more.

Only the messages with records go, as they came, and only after the measurement was made of them:
the measurement holds every record and stays, and so does what detectors said. Nothing goes unless
two persons of the organisation have agreed on days for its class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.nuclear.classes import is_alarm
from tocsin.server.accounts.models import Organisation
from tocsin.server.alarms.facts import State
from tocsin.server.alarms.models import Alarm
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.duties.timers import each
from tocsin.server.ingest.enrolling import ACTION as DEVICES
from tocsin.server.ingest.models import Batch, LiveSurvey
from tocsin.server.ingest.retention_models import Gone, Hold, RecordClass, Retention
from tocsin.server.links.models import Link
from tocsin.server.marking.policy import Reader, decide, may
from tocsin.server.measurements.models import Analysis, Encounter, Measurement
from tocsin.server.typed import plain

ACTION = "ingest.retention"
ACTOR = "system:ingest"
LEAST_DAYS, MOST_DAYS = 1, 36_500
A_TURN = 20
"""Surveys that go in one turn of the timers: the others wait for the next."""
EVERY = timedelta(hours=1)
MOST_JUDGED = 500
"""Surveys that a page looks at, the oldest."""
HARMLESS = (State.INNOCENT.value, State.FALSE.value, State.EQUIPMENT_FAULT.value)
"""Verdicts after which a closed alarm needs its records no longer by itself."""


# ------------------------------------------------------------------------------------- agreeing
def rule_of(organisation: Organisation) -> Retention | None:
    """What holds now; None where everything is kept."""
    rule = Retention.objects.filter(organisation=organisation, agreed=True).order_by("-decided_at")
    return rule.first()


@transaction.atomic
def ask(
    reader: Reader, *, quiet_days: int | None, alarm_days: int | None, reason: str
) -> Retention:
    """Ask for days; where records may go by it, it holds only after another person has agreed.

    Raises
    ------
    InvalidInput
        Not allowed, no reason, or days out of range.
    """
    if not may(reader, ACTION):
        raise InvalidInput(_("None of your roles allows this."))
    reason = plain(reason)[:400]
    if not reason:
        raise InvalidInput(_("Say why."))
    for days in (quiet_days, alarm_days):
        if days is not None and not LEAST_DAYS <= days <= MOST_DAYS:
            raise InvalidInput(
                _("Give whole days from {least} to {most}, or nothing to keep them.").format(
                    least=LEAST_DAYS, most=MOST_DAYS
                )
            )
    at = now()
    keeps = quiet_days is None and alarm_days is None
    organisation = reader.person.organisation
    # who asks anew takes back what was asked before
    Retention.objects.filter(organisation=organisation, agreed=None).update(
        agreed=False, decided_at=at
    )
    row = Retention.objects.create(
        organisation=organisation,
        quiet_days=quiet_days,
        alarm_days=alarm_days,
        reason=reason,
        asked_by=reader.person,
        asked_at=at,
        agreed=True if keeps else None,
        decided_at=at if keeps else None,
    )
    record(
        actor=reader.person,
        action="ingest.retention_keep" if keeps else "ingest.retention_ask",
        subject=row,
        after={"quiet_days": quiet_days, "alarm_days": alarm_days},
        reason=reason,
    )
    return row


@transaction.atomic
def answer(reader: Reader, asked: Retention, *, agreed: bool) -> None:
    """Agree or refuse, as another person of the same organisation.

    Raises
    ------
    InvalidInput
        Not allowed, one's own wish, or answered before.
    """
    row = Retention.objects.select_for_update(of=("self",)).get(pk=asked.pk)
    if not may(reader, ACTION) or row.organisation_id != reader.person.organisation_id:
        raise InvalidInput(_("None of your roles allows this."))
    if row.agreed is not None:
        raise InvalidInput(_("This was answered before."))
    if agreed and row.asked_by_id == reader.person.pk:
        raise InvalidInput(_("Another person agrees to what you asked for."))
    row.agreed, row.decided_by, row.decided_at = agreed, reader.person, now()
    row.save(update_fields=["agreed", "decided_by", "decided_at"])
    record(
        actor=reader.person,
        action="ingest.retention_agree" if agreed else "ingest.retention_refuse",
        subject=row,
        after={"quiet_days": row.quiet_days, "alarm_days": row.alarm_days},
    )


@transaction.atomic
def hold(reader: Reader, survey: LiveSurvey, *, reason: str) -> None:
    """Keep the records of a survey, or no longer where they were held: whatever was agreed.

    Raises
    ------
    InvalidInput
        Not allowed, no reason, or the records are gone.
    """
    survey = LiveSurvey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    if not decide(reader, DEVICES, survey.device).allowed:
        raise InvalidInput(_("None of your roles allows this."))
    reason = plain(reason)[:400]
    if not reason:
        raise InvalidInput(_("Say why."))
    if Gone.objects.filter(survey=survey).exists():
        raise InvalidInput(_("The records are gone; the measurement is kept."))
    at = now()
    lifted = Hold.objects.filter(survey=survey, lifted_at=None).update(
        lifted_at=at, lifted_by=reader.person
    )
    if not lifted:
        Hold.objects.create(survey=survey, reason=reason, placed_by=reader.person, placed_at=at)
    record(
        actor=reader.person,
        action="ingest.hold_lift" if lifted else "ingest.hold",
        subject=survey,
        reason=reason,
    )


# -------------------------------------------------------------------------------------- judging
def class_of(survey: LiveSurvey) -> RecordClass:
    """What a survey with a measurement is to its records; in doubt they are needed."""
    if Hold.objects.filter(survey=survey, lifted_at=None).exists():
        return RecordClass.NEEDED
    measurement = Measurement.objects.filter(upload=survey.upload_id).first()
    if (
        survey.upload is None
        or measurement is None
        or not Analysis.objects.filter(measurement=measurement).exists()
    ):
        return RecordClass.NEEDED
    encounters = list(Encounter.objects.filter(analysis__measurement=measurement))
    said = [
        *survey.messages.exclude(said={}),
        *survey.server_messages.exclude(said={}),
    ]
    alarms = list(Alarm.objects.filter(encounter_id__in=[r.pk for r in (*encounters, *said)]))
    if any(a.state != State.CLOSED or a.verdict not in HARMLESS for a in alarms):
        return RecordClass.NEEDED
    own = {survey.pk, survey.upload_id, survey.upload.file_id, measurement.pk, measurement.file_id}
    own |= {row.pk for row in (*encounters, *said, *alarms)}
    own |= set(Analysis.objects.filter(measurement=measurement).values_list("pk", flat=True))
    if _linked_elsewhere(own):
        return RecordClass.NEEDED
    grave = any(is_alarm(e.source_class, neutron=e.neutron) for e in encounters) or any(
        is_alarm(m.said["class"], neutron=m.said["neutron"]) for m in said
    )
    return RecordClass.ALARM if grave or alarms else RecordClass.QUIET


def _linked_elsewhere(own: set[UUID]) -> bool:
    """Whether an incident, a case or other evidence hangs on any of these rows."""
    links = Link.objects.filter(Q(from_id__in=own) | Q(to_id__in=own))
    return any(not {a, b} <= own for a, b in links.values_list("from_id", "to_id"))


def _over(organisation: Organisation) -> QuerySet[LiveSurvey]:
    """Surveys whose measurement was made and whose records are here, the oldest first."""
    return (
        LiveSurvey.objects.filter(originator=organisation, upload__isnull=False, gone=None)
        .select_related("upload", "device")
        .order_by("last_at", "pk")
    )


def _days(rule: Retention | None, kind: RecordClass) -> int | None:
    if rule is None or kind == RecordClass.NEEDED:
        return None
    return rule.quiet_days if kind == RecordClass.QUIET else rule.alarm_days


def due(rule: Retention, at: datetime) -> Iterator[tuple[LiveSurvey, RecordClass]]:
    """Surveys whose records go now by a rule."""
    days = [d for d in (rule.quiet_days, rule.alarm_days) if d is not None]
    if not days:
        return
    for survey in _over(rule.organisation).filter(last_at__lt=at - timedelta(days=min(days))):
        kind = class_of(survey)
        kept = _days(rule, kind)
        if kept is not None and survey.last_at < at - timedelta(days=kept):
            yield survey, kind


@dataclass(slots=True)
class Outlook:
    """What is kept and what goes of one class.

    Attributes
    ----------
    days : int or None
        So long it is kept; None for ever.
    surveys, records, size_bytes : int
        All that are here.
    going : dict
        Surveys that go, by the day.
    """

    kind: RecordClass
    days: int | None
    surveys: int = 0
    records: int = 0
    size_bytes: int = 0
    going: dict[date, int] = field(default_factory=dict)


def outlook(organisation: Organisation, rule: Retention | None, at: datetime) -> list[Outlook]:
    """What a rule would let go and when, without letting anything go; of the oldest surveys."""
    rows = {kind: Outlook(kind, _days(rule, kind)) for kind in RecordClass}
    for survey in _over(organisation)[:MOST_JUDGED]:
        row = rows[class_of(survey)]
        records, size = _size(survey)
        row.surveys += 1
        row.records += records
        row.size_bytes += size
        if row.days is not None:
            day = max(survey.last_at + timedelta(days=row.days), at).date()
            row.going[day] = row.going.get(day, 0) + 1
    return list(rows.values())


def _size(survey: LiveSurvey) -> tuple[int, int]:
    """Records and bytes of a survey that are here."""
    found = Batch.objects.filter(survey=survey).aggregate(
        n=Sum(F("last") - F("first") + 1), size=Sum(Length("envelope"))
    )
    return int(found["n"] or 0), int(found["size"] or 0)


# ------------------------------------------------------------------------------------ letting go
def let_go_due(at: datetime) -> int:
    """Let go what is due in every organisation; how many surveys."""
    organisations = Retention.objects.filter(agreed=True).order_by()
    done = 0
    for pk in set(organisations.values_list("organisation", flat=True)):
        rule = rule_of(Organisation.objects.get(pk=pk))
        if rule is None:
            continue
        turn = []
        for survey, _kind in due(rule, at):
            turn.append(survey)
            if len(turn) == A_TURN:
                break
        done += each(turn, partial(_let_go, rule=rule, at=at))
    return done


class Turns:
    """Looks for what is due once an hour: to judge every old survey each second would be waste."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None

    def step(self, at: datetime) -> int:
        """A turn of the timers."""
        if self._looked_at is not None and at - self._looked_at < EVERY:
            return 0
        done = let_go_due(at)
        # a full turn has left the others to the next one
        self._looked_at = at if done < A_TURN else None
        return done


TURNS = Turns()


@transaction.atomic
def _let_go(survey: LiveSurvey, rule: Retention, at: datetime) -> int:
    """Delete the records of one survey and say so in the log, both or neither."""
    survey = LiveSurvey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    holds = rule_of(rule.organisation)
    kind = class_of(survey)
    kept = _days(rule, kind)
    # since it was looked at a person may have held it, or agreed on something else
    if holds is None or holds.pk != rule.pk or kept is None:
        return 0
    if survey.last_at >= at - timedelta(days=kept) or Gone.objects.filter(survey=survey).exists():
        return 0
    batches = Batch.objects.filter(survey=survey).order_by("first")
    sums = list(batches.values_list("sha256", flat=True))
    records, size = _size(survey)
    row = Gone(
        survey=survey,
        rule=rule,
        record_class=kind,
        records=records,
        batches=len(sums),
        size_bytes=size,
        sha256=sha256("\n".join(sums).encode()).hexdigest(),
        at=now(),
    )
    row.save()
    # the rows refuse it by their own manager; the database lets it pass where a row of Gone is
    QuerySet(Batch).filter(survey=survey).delete()
    record(
        actor=ACTOR,
        action="ingest.let_go",
        subject=survey,
        before={"records": records, "batches": len(sums), "sha256": row.sha256},
        after={"class": kind.value, "days": kept, "rule": str(rule.pk)},
        reason=rule.reason,
    )
    return 1

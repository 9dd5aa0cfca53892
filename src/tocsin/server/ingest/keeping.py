"""Which live records are kept how long, and letting go what nobody needs any more.

Only the messages with records go, as they came, and only after the measurement was made of them:
the measurement holds every record and stays, and so does what detectors said. Nothing goes unless
two persons of the organisation have agreed on days for its class.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet, Sum
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
from tocsin.server.ingest.beyond import is_needed
from tocsin.server.ingest.enrolling import ACTION as DEVICES
from tocsin.server.ingest.missing import records_missing
from tocsin.server.ingest.models import Batch, LiveSurvey
from tocsin.server.ingest.retention_models import Gone, Hold, RecordClass, Retention
from tocsin.server.links.models import Link
from tocsin.server.links.services import no_links_meanwhile
from tocsin.server.marking.policy import Reader, decide, for_figures, may
from tocsin.server.measurements.models import Analysis, Encounter, Measurement
from tocsin.server.typed import plain

ACTION = "ingest.retention"
ACTOR = "system:ingest"
LEAST_DAYS, MOST_DAYS = 1, 36_500
A_TURN = 20
"""Surveys of one organisation that one turn of the timers looks at, needed ones among them: calls
for alarms come after this step and wait for it."""
EVERY = timedelta(hours=1)
MOST_JUDGED = 500
"""Surveys that one page looks at, from the oldest on."""
HARMLESS = (State.INNOCENT.value, State.FALSE.value, State.EQUIPMENT_FAULT.value)
"""Verdicts after which a closed alarm needs its records no longer by itself."""

Place = tuple[datetime, UUID]
"""A survey in the order in which they are looked at: its last message, and its key."""
Going = dict[UUID, Place | None]


# ------------------------------------------------------------------------------------- agreeing
def rule_of(organisation: Organisation) -> Retention | None:
    """What holds now; None where everything is kept."""
    rule = Retention.objects.filter(organisation=organisation, agreed=True).order_by("-decided_at")
    return rule.first()


def _one_at_a_time(reader: Reader) -> Organisation:
    """The reader's organisation, for one decision: what was decided last is what holds."""
    rows = Organisation.objects.select_for_update(no_key=True)
    found: Organisation = rows.get(pk=reader.person.organisation_id)
    return found


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
    keeps = quiet_days is None and alarm_days is None
    organisation = _one_at_a_time(reader)
    at = now()
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
    _one_at_a_time(reader)
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
    if said and records_missing(survey):
        # a re-analysis finds by the numbers of the records what the device has told already
        return RecordClass.NEEDED
    own = {survey.pk, survey.upload_id, survey.upload.file_id, measurement.pk, measurement.file_id}
    own |= {row.pk for row in (*encounters, *said, *alarms)}
    own |= set(Analysis.objects.filter(measurement=measurement).values_list("pk", flat=True))
    if _linked_elsewhere(own) or is_needed(own):
        return RecordClass.NEEDED
    grave = any(is_alarm(e.source_class, neutron=e.neutron) for e in encounters) or any(
        is_alarm(m.said["class"], neutron=m.said["neutron"]) for m in said
    )
    if grave and not alarms:
        return RecordClass.NEEDED  # nobody has judged it: its alarm is not raised yet, or failed
    return RecordClass.ALARM if alarms else RecordClass.QUIET


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


def _old(rule: Retention, at: datetime, after: Place | None) -> list[LiveSurvey]:
    """The next surveys that are old enough to go by a rule, if they are not needed."""
    days = [d for d in (rule.quiet_days, rule.alarm_days) if d is not None]
    if not days:
        return []
    rows = _over(rule.organisation).filter(last_at__lt=at - timedelta(days=min(days)))
    if after is not None:
        last_at, pk = after
        rows = rows.filter(Q(last_at__gt=last_at) | Q(last_at=last_at, pk__gt=pk))
    return list(rows[:A_TURN])


def _goes(rule: Retention, survey: LiveSurvey, at: datetime) -> bool:
    kept = _days(rule, class_of(survey))
    return kept is not None and _from(survey) < at - timedelta(days=kept)


def _from(survey: LiveSurvey) -> datetime:
    """When the days of a survey begin: anew where a person has lifted a hold.

    Else one person alone could let go at once what another wanted to stay.
    """
    lifted = Hold.objects.filter(survey=survey).aggregate(last=Max("lifted_at"))["last"]
    return max(survey.last_at, lifted) if lifted is not None else survey.last_at


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


def over_for(reader: Reader) -> QuerySet[LiveSurvey]:
    """Surveys of the reader's organisation that the days are for, as far as the reader sees them.

    The oldest first. How many others there are is not for the reader to know.
    """
    return for_figures(reader, _over(reader.person.organisation))


def outlook(surveys: Iterable[LiveSurvey], rule: Retention | None, at: datetime) -> list[Outlook]:
    """What a rule would let go of these and when, without letting anything go."""
    rows = {kind: Outlook(kind, _days(rule, kind)) for kind in RecordClass}
    for survey in surveys:
        row = rows[class_of(survey)]
        records, size = _size(survey)
        row.surveys += 1
        row.records += records
        row.size_bytes += size
        if row.days is not None:
            day = max(_from(survey) + timedelta(days=row.days), at).date()
            row.going[day] = row.going.get(day, 0) + 1
    return list(rows.values())


def _size(survey: LiveSurvey) -> tuple[int, int]:
    """Records and bytes of a survey that are here."""
    found = Batch.objects.filter(survey=survey).aggregate(
        n=Sum(F("last") - F("first") + 1), size=Sum(Length("envelope"))
    )
    return int(found["n"] or 0), int(found["size"] or 0)


# ------------------------------------------------------------------------------------ letting go
def _with_rules() -> Going:
    """Organisations that have ever agreed on something, from their oldest survey on."""
    agreed = Retention.objects.filter(agreed=True).order_by()
    return dict.fromkeys(agreed.values_list("organisation", flat=True))


def let_go_due(at: datetime, going: Going | None = None) -> int:
    """Let go what is due; how many surveys.

    Parameters
    ----------
    at : datetime
        Now.
    going : dict, optional
        Organisations to look at, with the survey after which to go on; afterwards those of which
        something is left. By default the oldest surveys of all.
    """
    going = _with_rules() if going is None else going
    done = 0
    for pk, after in list(going.items()):
        del going[pk]
        rule = rule_of(Organisation.objects.get(pk=pk))
        if rule is None:
            continue
        rows = _old(rule, at, after)
        turn = [survey for survey in rows if _goes(rule, survey, at)]
        done += each(turn, partial(_let_go, rule=rule, at=at))
        if len(rows) == A_TURN:
            going[pk] = rows[-1].last_at, rows[-1].pk
    return done


class Turns:
    """Looks through what is old once an hour, some surveys in each turn.

    To judge every old survey at one stroke would hold up all other steps, calls among them.
    """

    def __init__(self) -> None:
        self._looked_at: datetime | None = None
        self._going: Going = {}

    def step(self, at: datetime) -> int:
        """A turn of the timers."""
        if not self._going:
            if self._looked_at is not None and at - self._looked_at < EVERY:
                return 0
            self._looked_at, self._going = at, _with_rules()
        return let_go_due(at, self._going)


TURNS = Turns()


@transaction.atomic
def _let_go(survey: LiveSurvey, rule: Retention, at: datetime) -> int:
    """Delete the records of one survey and say so in the log, both or neither."""
    survey = LiveSurvey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    # nothing is added to a survey whose row is held; what takes long comes before the lock
    batches = Batch.objects.filter(survey=survey).order_by("first")
    sums = list(batches.values_list("sha256", flat=True))
    records, size = _size(survey)
    if not no_links_meanwhile():
        return 0
    holds = rule_of(rule.organisation)
    kind = class_of(survey)
    kept = _days(rule, kind)
    # since it was looked at a person may have held it, or agreed on something else
    if holds is None or holds.pk != rule.pk or kept is None:
        return 0
    if _from(survey) >= at - timedelta(days=kept) or Gone.objects.filter(survey=survey).exists():
        return 0
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

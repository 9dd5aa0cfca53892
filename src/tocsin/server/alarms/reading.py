"""What a reader sees of alarms: lists with filters, queue times, statistics, one alarm's story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tocsin.server.alarms.configuration import Configuration
from tocsin.server.alarms.facts import Kind, State
from tocsin.server.alarms.models import Alarm, AlarmEvent, EntryKind, ResponseEntry
from tocsin.server.alarms.names import (
    EVENTS,
    GRAVITY,
    LEVELS,
    ROLES,
    STAGES,
    reason_title,
)
from tocsin.server.alarms.rules import STAGES as STAGE_OF
from tocsin.server.marking.policy import Reader, for_figures, visible
from tocsin.server.typed import plain

OPEN = "open"
QUEUE_ROWS = 2_000
"""Alarms from which waiting times are taken: the latest of the filtered ones."""


WITH_PLACE = Q(latitude__isnull=False, longitude__isnull=False)
"""Alarms of which it is known where."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to, as the address gives it; what makes no sense is left out."""

    state: str = OPEN
    source_class: str = ""
    trigger: str = ""
    grave: bool = False
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filter:
        """The filter of a query string."""
        return cls(
            state=plain(query.get("state", OPEN)),
            source_class=plain(query.get("class", "")),
            trigger=plain(query.get("trigger", "")),
            grave=query.get("grave") == "1",
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
            text=plain(query.get("text", ""))[:100],
        )

    def apply(self, rows: QuerySet[Alarm]) -> QuerySet[Alarm]:
        """Narrow rows down."""
        if self.state == OPEN:
            rows = rows.exclude(state=State.CLOSED)
        elif self.state in set(State):
            rows = rows.filter(state=self.state)
        if self.source_class:
            rows = rows.filter(source_class=self.source_class)
        if self.trigger:
            rows = rows.filter(trigger=self.trigger)
        if self.grave:
            rows = rows.filter(grave=True)
        if self.since:
            rows = rows.filter(raised_at__gte=self.since)
        if self.until:
            rows = rows.filter(raised_at__lt=self.until + timedelta(days=1))
        if self.text:
            rows = rows.filter(Q(title__icontains=self.text) | Q(instrument__icontains=self.text))
        return rows


def _day(text: str) -> datetime | None:
    try:
        day = datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None
    # days at the ends of the calendar have no day before or after them
    return day if day is not None and 1900 <= day.year <= 9000 else None


def alarms_for(reader: Reader) -> QuerySet[Alarm]:
    """Alarms that a reader may see."""
    return visible(reader, Alarm.objects.all())


def alarm_figures_for(reader: Reader) -> QuerySet[Alarm]:
    """The same alarms for counts and waiting times that show no alarm."""
    return for_figures(reader, Alarm.objects.all())


@dataclass(frozen=True, slots=True)
class Queue:
    """How long alarms wait and waited."""

    open: int
    unacknowledged: int
    overdue: int
    oldest_s: float | None
    to_acknowledge_s: tuple[float, float] | None
    """Median and 95th percentile."""
    to_close_s: tuple[float, float] | None
    measured_on: int


def queue_of(rows: QuerySet[Alarm], at: datetime) -> Queue:
    """Waiting times of the filtered alarms."""
    latest = list(
        rows.order_by("-raised_at").values_list("raised_at", "acknowledged_at", "closed_at")[
            :QUEUE_ROWS
        ]
    )
    waiting = rows.exclude(state=State.CLOSED)
    oldest = waiting.order_by("raised_at").values_list("raised_at", flat=True).first()
    return Queue(
        open=waiting.count(),
        unacknowledged=waiting.filter(state=State.RAISED).count(),
        overdue=waiting.filter(timer_due_at__lte=at).count(),
        oldest_s=(at - oldest).total_seconds() if oldest else None,
        to_acknowledge_s=_spread([(a - r).total_seconds() for r, a, _c in latest if a]),
        to_close_s=_spread([(c - r).total_seconds() for r, _a, c in latest if c]),
        measured_on=len(latest),
    )


def _spread(values: Sequence[float]) -> tuple[float, float] | None:
    """Median and 95th percentile by nearest rank."""
    if not values:
        return None
    ranked = sorted(values)
    return tuple(ranked[max(0, -(-len(ranked) * share // 100) - 1)] for share in (50, 95))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One event of an alarm as people read it."""

    number: int
    at: datetime
    what: str | Promise
    who: str
    role: str | Promise
    reason: str
    note: str
    evidence: tuple[str, ...]
    details: tuple[str, ...]
    grave: bool


def story(alarm: Alarm, configuration: Configuration) -> list[StoryLine]:
    """The events of an alarm in order."""
    rows = alarm.events.select_related("person").order_by("number")
    return [_line(row, configuration) for row in rows]


def _line(row: AlarmEvent, configuration: Configuration) -> StoryLine:
    details = []
    if row.confidence is not None:
        details.append(_("confidence {percent} %").format(percent=round(row.confidence * 100)))
    if row.cannot_exclude is not None:
        left = ", ".join(row.cannot_exclude)
        words = _("cannot exclude: {left}").format(left=left) if left else _("nothing else is left")
        details.append(words)
    if row.timer:
        details.append(str(STAGES.get(row.timer, row.timer)))
    details += [str(LEVELS.get(level, level)) for level in row.levels]
    if row.facts and row.facts["dose_rate_uSv_h"] is not None:
        details.append(f"{row.facts['dose_rate_uSv_h']} µSv/h")
    details += [f"→ {name}" for name in row.recipients]
    return StoryLine(
        number=row.number,
        at=row.at,
        what=EVENTS[Kind(row.kind)],
        who=row.person.name if row.person else "",
        role=ROLES.get(row.role, "") if row.role else "",  # type: ignore[call-overload]
        reason=reason_title(configuration, row.reason) if row.reason else "",
        note=row.note,
        evidence=tuple(row.evidence),
        details=tuple(details),
        grave=row.kind in (Kind.SAFETY_OVERRIDE, Kind.CONFIRMED, Kind.TIMER_EXPIRED),
    )


def gravity_names(alarm: Alarm) -> list[str | Promise]:
    """What makes an alarm grave, in words."""
    return [GRAVITY.get(code, code) for code in alarm.gravity]


def stage_name(alarm: Alarm) -> str | Promise:
    """What the running timer waits for; empty where none runs."""
    # a state that this version does not know has no timer here; its page says what is wrong
    stage = STAGE_OF.get(State(alarm.state), "") if alarm.state in set(State) else ""
    return STAGES.get(stage, "")


@dataclass(slots=True)
class Sheet:
    """The response sheet of an alarm."""

    entries: list[ResponseEntry]
    inside: list[str]
    """People who entered and have not left."""
    doses_uSv: list[tuple[str, float]]
    """Sum of the dosimeter readings of each person."""
    released: list[AlarmEvent] = field(default_factory=list)


def sheet_of(alarm: Alarm) -> Sheet:
    """Lines of the response sheet and what follows from them; corrected lines do not count."""
    entries = list(alarm.response.select_related("recorded_by", "corrects"))
    replaced = {entry.corrects_id for entry in entries if entry.corrects_id}
    valid = [entry for entry in entries if entry.pk not in replaced]
    inside: dict[str, bool] = {}
    doses: dict[str, float] = {}
    for entry in valid:
        if entry.kind in (EntryKind.ENTERED, EntryKind.LEFT):
            inside[entry.who] = entry.kind == EntryKind.ENTERED
        if entry.kind == EntryKind.DOSE and entry.value is not None:
            factor = 1000.0 if entry.unit == "mSv" else 1.0
            doses[entry.who] = doses.get(entry.who, 0.0) + factor * entry.value
    released = alarm.events.filter(kind=Kind.AREA_RELEASED).select_related("person")
    return Sheet(
        entries=entries,
        inside=[who for who, there in inside.items() if there],
        doses_uSv=sorted(doses.items()),
        released=list(released.order_by("number")),
    )


@dataclass(frozen=True, slots=True)
class Reasons:
    """How alarms were judged: counts by verdict and reason, and of what class they were."""

    total: int
    judged: int
    rows: tuple[tuple[str, str, int, float], ...]
    """Verdict, text of the reason, count, share of the judged."""
    by_class: tuple[tuple[str, int, int], ...]
    """Class, alarms, of them innocent."""


def reasons_of(rows: QuerySet[Alarm], configuration: Configuration) -> Reasons:
    """Statistics of the verdicts of the filtered alarms."""
    kinds = rows.order_by().values_list("verdict", "reason", "source_class")
    judged: Counter[tuple[str, str]] = Counter()
    classes: Counter[str] = Counter()
    innocent: Counter[str] = Counter()
    for verdict, reason, source_class, number in kinds.annotate(number=Count("pk")):
        classes[source_class] += number
        if verdict:
            judged[verdict, reason] += number
        if verdict == "innocent":
            innocent[source_class] += number
    count = judged.total()
    return Reasons(
        total=classes.total(),
        judged=count,
        rows=tuple(
            (verdict, reason_title(configuration, reason), n, n / count)
            for (verdict, reason), n in judged.most_common()
        ),
        by_class=tuple((name, n, innocent[name]) for name, n in classes.most_common()),
    )

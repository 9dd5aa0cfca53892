"""Writing what came of a file: measurement, analysis and encounters, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from tocsin.nuclear.classes import gravest
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.links.models import LinkKind
from tocsin.server.links.services import link
from tocsin.server.marking.highwater import Mark, mark_of
from tocsin.server.measurements.analysing import Answer, Stored, finite
from tocsin.server.measurements.beyond import was_presented
from tocsin.server.measurements.models import (
    Analysis,
    Chunk,
    Encounter,
    Instrument,
    Measurement,
    Outgoing,
    Reanalysis,
    State,
    Upload,
)
from tocsin.server.measurements.outbox import deliver_pending
from tocsin.server.measurements.services.turns import ANALYST
from tocsin.spectra import Recording


@transaction.atomic
def finish_upload(
    row: Upload, recording: Recording, kept: Stored, answer: Answer
) -> Measurement | None:
    """Write measurement, analysis and encounters of an upload at once.

    Returns
    -------
    Measurement or None
        None where another process has ended the work already.
    """
    row = Upload.objects.select_for_update().get(pk=row.pk)
    if row.state in (State.DONE, State.FAILED):
        return None
    mark = mark_of(row)
    measurement = _measurement(row, mark, recording, kept, answer)
    Chunk.objects.bulk_create(
        Chunk(
            measurement=measurement,
            first_record=part.first_record,
            records=part.records,
            summary=part.summary,
            spectra=part.spectra,
        )
        for part in kept.parts
    )
    analysis = _analysis(measurement, mark, answer, number=1, places=kept.places)
    at = now()
    Upload.objects.filter(pk=row.pk).update(
        state=State.DONE, progress=1.0, touched_at=at, finished_at=at
    )
    link(measurement, LinkKind.DERIVED, row.file, actor=ANALYST)
    record(
        actor=ANALYST,
        action="measurements.analyse",
        subject=measurement,
        after={
            "upload": str(row.pk),
            "sha256": row.sha256,
            "records": measurement.records,
            "encounters": measurement.encounter_count,
            "analysis": str(analysis.pk),
            "versions": answer.json["versions"],
        },
    )
    return measurement


def _measurement(
    row: Upload, mark: Mark, recording: Recording, kept: Stored, answer: Answer
) -> Measurement:
    said = answer.json
    start = recording.measured[0].start
    encounters = answer.analysis.encounters
    names = [n.name for e in encounters for n in e.nuclides]
    edges = kept.axis.edges_keV
    measurement = Measurement(
        **mark.fields(),
        originator=row.originator,
        created_at=now(),
        created_by=row.created_by,
        upload=row,
        file=row.file,
        sha256=row.sha256,
        title=(row.title or row.file.name)[:200],
        note=row.note,
        kind=kept.kind,
        file_format=recording.file_format[:40],
        instrument=_instrument(row, mark, recording),
        instrument_name=_instrument_name(recording),
        measured_at=_in_utc(start),
        start_text="" if start is None else _time_text(start),
        duration_s=finite(_duration_s(recording)),
        live_time_s=said["live_time_s"],
        records=kept.records,
        has_positions=any(r.position is not None for r in recording.measured),
        channels=kept.axis.channels,
        edges_keV=b"" if edges is None else edges.astype("<f8").tobytes(),
        warnings=said["warnings"],
        own_results=_own_results(recording),
        source_class=gravest(e.source_class for e in encounters) if encounters else "",
        nuclides=", ".join(dict.fromkeys(names))[:400],
        encounter_count=len(encounters),
    )
    measurement.save()
    mark.stamp(measurement)
    return measurement


def _time_text(moment: datetime) -> str:
    """ISO 8601; ``Z`` for UTC; no zone where the file names none."""
    if moment.tzinfo is None:
        return moment.isoformat()
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _in_utc(moment: datetime | None) -> datetime | None:
    """For sorting and filters alone a time without a zone is taken as UTC."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


def _duration_s(recording: Recording) -> float | None:
    first, last = recording.measured[0], recording.measured[-1]
    if (
        len(recording.measured) > 1
        and first.start is not None
        and last.start is not None
        and (first.start.tzinfo is None) == (last.start.tzinfo is None)
    ):
        return (last.start - first.start).total_seconds() + (last.real_time_s or 0.0)
    times = [r.real_time_s for r in recording.measured if r.real_time_s is not None]
    return sum(times) if times else None


def _instrument_name(recording: Recording) -> str:
    said = recording.instrument
    words = [w for w in (said.manufacturer, said.model) if w]
    return " ".join([*words, said.serial]).strip()[:400]


def _own_results(recording: Recording) -> list[dict[str, Any]]:
    """What the instrument itself concluded: shown as its own, never mixed with ours."""
    return [
        {
            "algorithm": " ".join(w for w in (r.algorithm_name, r.algorithm_version) if w)[:200],
            "nuclides": [
                {"name": n.name[:80], "confidence": n.confidence[:40]} for n in r.nuclides[:40]
            ],
            "alarms": [a[:200] for a in r.alarms[:40]],
        }
        for r in recording.results[:20]
    ]


def _instrument(row: Upload, mark: Mark, recording: Recording) -> Instrument | None:
    """The instrument as the organisation knows it; made with the first recording that names it."""
    said = recording.instrument
    if not (said.manufacturer or said.model or said.serial):
        return None
    held = Instrument.objects.filter(
        realm=mark.realm,
        originator=row.originator,
        level__lte=mark.level,
        manufacturer=said.manufacturer[:200],
        model=said.model[:200],
        serial=said.serial[:100],
    ).prefetch_related("compartments")
    for known in held:
        if {c.pk for c in known.compartments.all()} <= mark.compartments:
            return known
    fresh = Instrument.objects.create(
        **mark.fields(),
        originator=row.originator,
        created_at=now(),
        created_by=row.created_by,
        manufacturer=said.manufacturer[:200],
        model=said.model[:200],
        serial=said.serial[:100],
        instrument_class=said.instrument_class[:100],
        detectors=[d.name[:100] for d in said.detectors[:64]],
    )
    mark.stamp(fresh)
    record(
        actor=ANALYST,
        action="measurements.instrument",
        subject=fresh,
        after={"name": fresh.name},
        reason="named by a recording for the first time",
    )
    return fresh


def _analysis(
    measurement: Measurement,
    mark: Mark,
    answer: Answer,
    *,
    number: int,
    places: Sequence[int] = (),
    **more: Any,
) -> Analysis:
    """Write an answer with its encounters, and what apps above must hear of them."""
    analysis = Analysis(
        **mark.fields(),
        originator=measurement.originator,
        created_at=now(),
        created_by=more.pop("created_by", measurement.created_by),
        measurement=measurement,
        number=number,
        said=answer.json,
        statistic_name=answer.statistic_name,
        threshold=answer.threshold,
        arrays=answer.arrays,
        geojson=answer.geojson,
        **more,
    )
    analysis.save()
    mark.stamp(analysis)
    handed_on = Outgoing.objects.filter(encounter__analysis__measurement=measurement)
    presented = list(Encounter.objects.filter(pk__in=handed_on.values("encounter")))
    for count, (found, said) in enumerate(
        zip(answer.analysis.encounters, answer.json["encounters"], strict=True), start=1
    ):
        first, last, peak = found.first_record, found.last_record, found.peak_record
        if places:  # of a static file: the numbers count all records, ours the measured ones
            first, last, peak = 0, len(places) - 1, places.index(peak)
        encounter = Encounter(
            **mark.fields(),
            originator=measurement.originator,
            created_at=now(),
            created_by=analysis.created_by,
            analysis=analysis,
            number=count,
            first_record=first,
            last_record=last,
            peak_record=peak,
            source_class=found.source_class,
            neutron=found.neutron,
            said=said,
            reasons=list(found.reasons),
            statistic_name=found.statistic_name,
        )
        encounter.save()
        mark.stamp(encounter)
        # A re-analysis calls nobody again for what was presented before, but what was closed as
        # innocent must not hide something graver in the same records.
        known = any(e.overlaps(encounter) and e.is_as_grave_as(encounter) for e in presented)
        if not known and not was_presented(encounter):
            Outgoing.objects.create(encounter=encounter, made_at=now())
    transaction.on_commit(lambda: deliver_pending(now()), robust=True)
    return analysis


@transaction.atomic
def finish_reanalysis(row: Reanalysis, places: Sequence[int], answer: Answer) -> Analysis | None:
    """Write the answer of a re-analysis beside the others.

    Parameters
    ----------
    places : sequence of int
        Of a static recording, see :func:`tocsin.server.measurements.analysing.places_of`.

    Returns
    -------
    Analysis or None
        None where another process has ended the work already.
    """
    row = Reanalysis.objects.select_for_update().get(pk=row.pk)
    if row.state in (State.DONE, State.FAILED):
        return None
    # numbers of one measurement are given one after the other
    measurement = Measurement.objects.select_for_update().get(pk=row.measurement_id)
    latest = measurement.analyses.aggregate(n=Max("number"))["n"] or 0
    analysis = _analysis(
        measurement,
        mark_of(row),
        answer,
        number=latest + 1,
        places=places,
        created_by=row.created_by,
        background=row.background,
        settings=row.settings,
        reason=row.reason,
    )
    at = now()
    Reanalysis.objects.filter(pk=row.pk).update(
        state=State.DONE, progress=1.0, touched_at=at, finished_at=at, analysis=analysis
    )
    record(
        actor=ANALYST,
        action="measurements.analyse_again",
        subject=analysis,
        after={
            "measurement": str(measurement.pk),
            "number": analysis.number,
            "encounters": len(answer.analysis.encounters),
            "versions": answer.json["versions"],
        },
        reason=row.reason,
    )
    return analysis

"""Records that never came, of a survey that was ended by hand: numbers before and behind the gap.

The device counts every record that it measured. What is here is counted without those that are
missing, so that behind a gap the two differ by its length.
"""

from __future__ import annotations

from tocsin.field.envelope import open_envelope
from tocsin.field.wire import unpack_records
from tocsin.server.ingest.models import Batch, LiveSurvey


def as_sent(survey: LiveSurvey, first: int, last: int) -> dict[str, int]:
    """Records of the walk as the device counts them, from their numbers among those that are here.

    Parameters
    ----------
    survey : LiveSurvey
    first, last : int
        From 0, without the records before the walk, both ends included.
    """
    here = _here(survey)
    if not _missing(here):
        return {"first_record": first, "last_record": last}
    before = _before_the_walk(survey)
    return {
        "first_record": _number(here, first + before) - before,
        "last_record": _number(here, last + before) - before,
    }


def records_missing(survey: LiveSurvey) -> bool:
    """Whether there is a gap in the records that are here."""
    return _missing(_here(survey))


def _here(survey: LiveSurvey) -> list[tuple[int, int]]:
    """First and last number of each message with records that is here, in their order."""
    rows = Batch.objects.filter(survey=survey).order_by("first").values_list("first", "last")
    return [(begins, ends) for begins, ends in rows if ends >= begins]


def _missing(here: list[tuple[int, int]]) -> bool:
    return bool(here) and sum(e - b + 1 for b, e in here) != here[-1][1] + 1


def _number(here: list[tuple[int, int]], place: int) -> int:
    """Number in the lane of what stands at a place among the records that are here."""
    for first, last in here:
        if place <= last - first:
            return first + place
        place -= last - first + 1
    return here[-1][1]


def _before_the_walk(survey: LiveSurvey) -> int:
    """Records that came before the first of the walk: backgrounds and calibrations."""
    count = 0
    envelopes = Batch.objects.filter(survey=survey).order_by("first")
    for envelope in envelopes.values_list("envelope", flat=True).iterator():
        for record in unpack_records(open_envelope(bytes(envelope)).body).records:
            if record.is_measured:
                return count
            count += 1
    return count

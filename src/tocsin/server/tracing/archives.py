"""An import of public notices against everything that was published before, and against itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from django.db import transaction

from tocsin.linkage.link import EXPECTED_SHARE, WORLD, Pair, link
from tocsin.server.audit.services import record
from tocsin.server.incidents.models import Object
from tocsin.server.notices.models import NoticeImport
from tocsin.server.tracing.describing import OBJECT, Side, found_sides, missing_sides, side_of
from tocsin.server.tracing.matching import Match, sign_of
from tocsin.server.tracing.models import Candidate, CandidateState, Relation
from tocsin.server.tracing.services.comparing import LINKAGE, forget, keep

BATCH = 100

Tell = Callable[[int, int], None]


def compare_archive(row: NoticeImport, tell: Tell) -> dict[str, int]:
    """Compare found with lost, lost with lost and found with found, in the realm of an import.

    The whole realm is compared anew: a pair that did not change is not written again. Nobody is
    called for what was published.
    """
    missing = [side for side in missing_sides(row.realm) if side.kind == OBJECT]
    found = [side for side in found_sides(row.realm) if side.kind == OBJECT]
    counts = {"found and lost": 0, "reports of one thing": 0}
    total = len(found) + len(missing) + len(found)
    steps: tuple[tuple[Sequence[Side], Sequence[Side], Relation, int], ...] = (
        (found, missing, Relation.FOUND_LOST, 0),
        (missing, missing, Relation.REPORTS, len(found)),
        (found, found, Relation.REPORTS, len(found) + len(missing)),
    )
    for asked, sides, relation, before in steps:
        if not asked or not sides:
            continue
        pairs = list(
            link(
                [side.thing for side in asked],
                [side.thing for side in sides],
                done=_from(before, total, tell),
            )
        )
        name = "found and lost" if relation == Relation.FOUND_LOST else "reports of one thing"
        counts[name] += len(pairs)
        _keep_all(pairs, asked, sides, relation)
    with transaction.atomic():
        record(actor=LINKAGE, action="tracing.compare_archive", subject=row, after=dict(counts))
    return counts


def _from(before: int, total: int, tell: Tell) -> Callable[[int], None]:
    """Tells of a part as a part of the whole."""

    def told(done: int) -> None:
        tell(before + done, total)

    return told


def forget_undone(row: NoticeImport) -> None:
    """What an undone import brought is neither missing nor found any more."""
    open_ones = Candidate.objects.filter(
        realm=row.realm, state=CandidateState.OPEN, lost_kind=OBJECT, found_kind=OBJECT
    )
    named = set(open_ones.values_list("found_id", flat=True))
    named |= set(open_ones.values_list("lost_id", flat=True))
    for thing in Object.objects.filter(pk__in=named):
        if side_of(thing) is None:
            with transaction.atomic():
                forget(OBJECT, thing)


def _keep_all(
    pairs: Sequence[Pair], asked: Sequence[Side], sides: Sequence[Side], relation: Relation
) -> None:
    ours = {side.thing.number: side for side in asked}
    theirs = {side.thing.number: side for side in sides}
    prior = math.log2(EXPECTED_SHARE / (1.0 - EXPECTED_SHARE) / max(len(sides), WORLD))
    for start in range(0, len(pairs), BATCH):
        with transaction.atomic():
            for pair in pairs[start : start + BATCH]:
                one, other = ours[pair.a], theirs[pair.b]
                match = Match(one, other, pair, prior, sign_of(one, other))
                keep(match, relation, tell=False, leaf=False)

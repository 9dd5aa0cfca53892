"""Messages that have just come, read once for all surveys and not survey by survey."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

MOST_READ = 500
A_PART = 20
"""Messages that are in memory at once beside those that are kept."""
MOST_KEPT_BYTES = 64 << 20
"""Of messages in memory; what does not fit is found in the database by its number."""


class Fresh:
    """Records of the last moments, in the order in which they were written.

    It is a short way and not the truth: rows that two connections wrote at once may be seen in
    another order than they were counted, and are then missing here.
    """

    def __init__(self) -> None:
        self._seen: int | None = None
        self._kept: dict[UUID, dict[int, tuple[int, bytes]]] = {}
        self._bytes = 0

    def read(self) -> dict[UUID, int]:
        """Read what is new; of each survey that something waits for, its last record there."""
        from django.db.models import Max

        from tocsin.server.ingest.models import Batch

        if self._seen is None:
            # what was before is for whoever looks for gaps
            self._seen = Batch.objects.aggregate(last=Max("pk"))["last"] or 0
            return {}
        rows = Batch.objects.filter(pk__gt=self._seen).order_by("pk")
        columns = ("pk", "survey", "first", "last", "envelope")
        new = rows.values_list(*columns)[:MOST_READ].iterator(chunk_size=A_PART)
        for pk, survey, first, last, envelope in new:
            self._seen = pk
            if self._bytes < MOST_KEPT_BYTES:
                self._bytes += len(envelope)
                self._kept.setdefault(survey, {})[first] = last, bytes(envelope)
        return {pk: max(last for last, _e in one.values()) for pk, one in self._kept.items()}

    def take(self, survey: UUID, after: int, most: int) -> list[bytes]:
        """The messages of a survey that follow on a record without a gap; the others are let go.

        Parameters
        ----------
        survey : UUID
            Survey.
        after : int
            Number of the last record that is known, -1 for none.
        most : int
            So many messages at once; what follows stays.
        """
        kept = self._kept.pop(survey, {})
        self._bytes -= _weight(kept)
        taken: list[bytes] = []
        while len(taken) < most and (found := kept.pop(after + 1, None)) is not None:
            after, envelope = found
            taken.append(envelope)
        if len(taken) == most and kept:
            self._kept[survey] = kept
            self._bytes += _weight(kept)
        return taken

    def keep(self, through: Mapping[UUID, int]) -> None:
        """Let go what belongs to no survey in memory, or was heard.

        Parameters
        ----------
        through : mapping
            Of each survey in memory, the number of its last record that was heard.
        """
        for pk, kept in list(self._kept.items()):
            last = through.get(pk)
            if last is None or max(one for one, _e in kept.values()) <= last:
                del self._kept[pk]
                self._bytes -= _weight(kept)


def _weight(kept: Mapping[int, tuple[int, bytes]]) -> int:
    return sum(len(envelope) for _last, envelope in kept.values())

"""What was found before the register had it: new and corrected sources are held against the finds.

A find is sought in the register when it is entered. What the register gets to know afterwards is
compared here the other way round: by the numbers of new entries, among the few finds that have a
number. Those that fit are compared anew, each as if it had just been entered.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from tocsin.server.clock import now
from tocsin.server.incidents.models import Object
from tocsin.server.register.life import MISSING, Kind, Status
from tocsin.server.register.models import Source, Transaction
from tocsin.server.register.words import NUMBERS, words_of, words_of_numbers
from tocsin.server.tracing.describing import FINDS, OBJECT, SOURCE
from tocsin.server.tracing.models import Candidate, Tail
from tocsin.server.tracing.registered import LEAST_SIGNS, slips_of, sought_by
from tocsin.server.tracing.services.comparing import ask
from tocsin.server.tracing.services.following import AGAIN, MOST_ROWS

NAME = "registered"
"""Name of the tail."""
BATCH = 500

Row = tuple[str, UUID]


def seek_registered(_at: dt.datetime) -> int:
    """Have the finds compared that new or corrected entries may be; a step of the timers."""
    tail, _made = Tail.objects.get_or_create(name=NAME)
    last = Transaction.objects.order_by("-id").values_list("id", flat=True).first()
    if last is None or last == tail.upto:
        return 0
    entries = Transaction.objects.filter(Q(number=1) | Q(kind=Kind.CORRECTION))
    rows = entries.filter(id__gt=max(0, tail.upto - AGAIN), id__lte=last).order_by("id")
    fresh = list(rows.values_list("id", "source", "at")[: MOST_ROWS + AGAIN])
    _hold_against_finds({source: at for _pk, source, at in fresh})
    full = len(fresh) == MOST_ROWS + AGAIN
    Tail.objects.filter(pk=tail.pk).update(upto=fresh[-1][0] if full else last)
    return 1


def _hold_against_finds(written: dict[UUID, dt.datetime]) -> None:
    """Sources with the moment when they were last written."""
    wanted = sorted(written)
    finds: dict[str, _Finds] = {}
    for start in range(0, len(wanted), BATCH):
        sources = Source.objects.filter(pk__in=wanted[start : start + BATCH])
        for source in sources.exclude(status__in=(*MISSING, Status.WITHDRAWN)):
            if source.realm not in finds:
                finds[source.realm] = _Finds(source.realm)
            for kind, pk in finds[source.realm].like(source):
                # rows are read twice, and an entry may be committed long after its moment
                compared = Candidate.objects.filter(
                    found_kind=kind, found_id=pk, lost_kind=SOURCE, lost_id=source.pk
                ).filter(compared_at__gte=written[source.pk])
                if not compared.exists():
                    ask(kind, pk, now())


class _Finds:
    """Finds of a realm by the words of their numbers.

    Parameters
    ----------
    realm : str
    """

    def __init__(self, realm: str) -> None:
        self.by_word: dict[str, set[Row]] = defaultdict(set)
        objects = Object.objects.filter(
            realm=realm, source_id=None, in_incidents__incident__kind__in=FINDS
        ).exclude(serials=[])
        for pk, serials in objects.order_by().values_list("pk", "serials").distinct():
            self._add((OBJECT, pk), [row["value"] for row in serials])
        sources = Source.objects.filter(
            realm=realm, transactions__number=1, transactions__kind=Kind.FIND
        ).exclude(status__in=(*MISSING, Status.WITHDRAWN))
        for pk, *numbers in sources.order_by().values_list("pk", *NUMBERS):
            self._add((SOURCE, pk), numbers)

    def _add(self, row: Row, numbers: Iterable[str]) -> None:
        exact, _alike = sought_by(numbers)
        for word in exact:
            self.by_word[word].add(row)

    def like(self, source: Source) -> set[Row]:
        """Finds with a number that a source has, as it is written or with a slip."""
        if not self.by_word:
            return set()
        numbers = [getattr(source, name) for name in NUMBERS]
        words = words_of(numbers) | words_of_numbers(numbers)
        found: set[Row] = set()
        for word in words:
            if len(word) >= LEAST_SIGNS:
                # a slip of the one is a slip of the other
                for each in ({word} | slips_of(word)) & self.by_word.keys():
                    found |= self.by_word[each]
        return found - {(SOURCE, source.pk)}

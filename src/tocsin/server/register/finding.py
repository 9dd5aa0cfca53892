"""Finding sources by words, on an index of words that is kept beside the rows.

Each word that people tell a source by is a row of its own, written in the transaction that changes
the source, so that a search reads an index and never the register. What is looked for is the
beginning of a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from tocsin.server.marking.models import Release
from tocsin.server.register.many import insert_values
from tocsin.server.register.models import Source, Transaction, Word
from tocsin.server.register.words import (
    LONGEST,
    NUCLIDE,
    NUMBERS,
    TOLD_BY,
    bare,
    words_of,
    words_of_numbers,
)

BATCH = 500
RARE = 5000
"""Sources that are looked up and sorted at most."""
MOST_COUNTED = 100_000
"""Kept words that are counted to tell which of two is the rarer."""
LOOKED_AT = 2000
"""Entries of an index that SQLite looks at to count; enough to tell little from much."""
LAST = "\U0010ffff"


def beginning_with(rows: QuerySet[Word], text: str) -> QuerySet[Word]:
    """Kept words that begin with a text, by the index of either database."""
    if len(text) == 1:
        return rows.filter(word=text)
    if connection.vendor == "sqlite":
        # here LIKE reads the whole table, comparing goes by the index
        return rows.filter(word__gte=text, word__lt=text + LAST)
    return rows.filter(word__startswith=text)


def matching(text: str) -> Q:
    """Condition that a source has a word that begins so; no condition where nothing can be told."""
    wanted = bare(text)[:LONGEST]
    if not wanted:
        return Q()
    return _having(wanted)


def of_nuclide(text: str) -> Q:
    """Condition that a source holds a nuclide whose name begins so."""
    return _having((NUCLIDE + bare(text))[:LONGEST])


def _having(wanted: str) -> Q:
    """Condition that a source has a word that begins so, in the way that costs less.

    The sources of a rare word are looked up. Of a common one the list is gone through in its order
    until a part is full: to look up a third of a register and to sort it takes longer.
    """
    found = beginning_with(Word.objects.order_by(), wanted)
    if found[: RARE + 1].count() > RARE:
        return Q(Exists(found.filter(source=OuterRef("pk"))))
    return Q(pk__in=found.values("source_id"))


def with_words(rows: QuerySet[Source], text: str) -> QuerySet[Source]:
    """Sources that have a word for each word of a text."""
    wanted = [bare(chunk)[:LONGEST] for chunk in text.split()]
    sets = [beginning_with(Word.objects.order_by(), word) for word in wanted if word]
    common = [found for found in sets if found[: RARE + 1].count() > RARE]
    if len(common) > 1 and len(common) == len(sets):
        # few may have all of them, and would be sought through the whole register
        first, *others = sorted(common, key=lambda found: found[:MOST_COUNTED].count())
        for found in others:
            first = first.filter(Exists(found.filter(source=OuterRef("source"))))
        together = list(first.values_list("source_id", flat=True)[: RARE + 1])
        if len(together) <= RARE:
            return rows.filter(pk__in=together)
    for found in sets:
        if any(found is one for one in common):
            rows = rows.filter(Exists(found.filter(source=OuterRef("pk"))))
        else:
            rows = rows.filter(pk__in=found.values("source_id"))
    return rows


def keep_words(sources: Iterable[Source], *, fresh: bool = False) -> None:
    """Keep the words of sources as they are now, in the transaction that changes them.

    Parameters
    ----------
    sources : iterable of Source
        With their holders.
    fresh : bool
        They were entered in this transaction: nothing is kept of them yet.
    """
    rows = list(sources)
    if not fresh:
        pks = [row.pk for row in rows]
        for start in range(0, len(pks), BATCH):
            Word.objects.filter(source_id__in=pks[start : start + BATCH]).delete()
    field = Word._meta.get_field("source")
    pairs: list[tuple[str, Any]] = []
    for row in rows:
        key = field.get_db_prep_save(row.pk, connection)
        told = words_of((getattr(row, name) for name in TOLD_BY), row.nuclides)
        told |= words_of_numbers(getattr(row, name) for name in NUMBERS)
        pairs += ((word, key) for word in told | words_of((row.holder.name,)))
    # in the order of the index: what stands together is written together
    pairs.sort(key=itemgetter(0))
    # a model for each of so many small rows would take longer than the rest of an import
    insert_values(Word, ("word", "source_id"), pairs)


def count_tables() -> None:
    """Let the database count anew, after many rows: it chooses its ways by how much there is."""
    tables = (Source, Word, Transaction, Release)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA analysis_limit = {LOOKED_AT}")
        for table in tables:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table._meta.db_table)}")

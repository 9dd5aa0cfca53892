"""Words by which incidents are found: one row for each word, so that no list is read through."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from tocsin.server.incidents.models import Incident, IncidentWord
from tocsin.server.incidents.states import Known

LONGEST_WORD = 40
MOST_WORDS = 200
"""Words of one incident; a longer text is found by its first ones."""
MOST_ASKED = 8
FREQUENT = 2000
"""Rows of a word above which incidents are asked one by one, the latest first, until a page is
full."""
BATCH = 5000
LAST = chr(0x10FFFF)
_WORD = re.compile(r"\w+(?:[-/.]\w+)*")
_TEXTS = ("title", "place", "country", "detected_by", "summary")
_OBJECT_TEXTS = ("manufacturer", "model", "device_type", "form", "marks")


def words_in(texts: Iterable[str]) -> list[str]:
    """Words of texts as they are compared: small letters without accents, parts and whole.

    ``Cs-137`` gives ``cs-137``, ``cs137``, ``cs`` and ``137``, so that it is found in each writing.
    """
    found: dict[str, None] = {}
    for text in texts:
        for whole in _WORD.findall(_bare(text)):
            parts = re.split(r"[-/.]", whole)
            forms = [whole, "".join(parts), *parts] if len(parts) > 1 else [whole]
            for form in forms:
                if form:
                    found[form[:LONGEST_WORD]] = None
            if len(found) >= MOST_WORDS:
                return list(found)[:MOST_WORDS]
    return list(found)


def _bare(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.replace("\0", "").casefold())
    return "".join(sign for sign in spread if not unicodedata.combining(sign))


def words_of(incident: Incident, known: Known) -> list[str]:
    """Words of an incident: its own and those of its objects; none of any person."""
    texts = [incident.name, incident.external_id]
    for thing in known.objects:
        texts += _texts(thing.values, _OBJECT_TEXTS)
        texts += [row["value"] for row in thing.values.get("serials", ())]
        texts += thing.nuclides
    # the long text comes last: it is what is cut
    return words_in([*texts, *_texts(known.values, _TEXTS)])


def _texts(values: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [str(values[name]) for name in names if values.get(name)]


def index(words: Mapping[UUID, Iterable[str]], *, fresh: bool = False) -> None:
    """Write the words of incidents in place of those they had."""
    if not fresh:
        IncidentWord.objects.filter(incident__in=list(words)).delete()
    IncidentWord.objects.bulk_create(
        (IncidentWord(incident_id=pk, word=word) for pk, of in words.items() for word in of),
        batch_size=BATCH,
    )


def with_words(rows: QuerySet[Incident], text: str) -> QuerySet[Incident]:
    """Incidents that hold every word of a text, or words that begin with it."""
    return rows.filter(matching(text)) if text.strip() else rows


def matching(text: str) -> Q:
    """Condition that an incident holds every word of a text, or words that begin with it."""
    wanted = Q()
    for word in [w[:LONGEST_WORD] for w in _WORD.findall(_bare(text))[:MOST_ASKED]]:
        begun = IncidentWord.objects.filter(_begins(word))
        if begun[:FREQUENT].count() < FREQUENT:
            wanted &= Q(pk__in=begun.values("incident"))
        else:
            # so many that to gather them takes longer than to ask each incident of the list
            wanted &= Q(Exists(begun.filter(incident=OuterRef("pk"))))
    return wanted or Q(pk__in=())


def exactly(rows: QuerySet[Incident], word: str) -> QuerySet[Incident]:
    """Incidents that hold a word as it is, such as the name of a nuclide."""
    wanted = _bare(word)[:LONGEST_WORD]
    return rows.filter(pk__in=IncidentWord.objects.filter(word=wanted).values("incident"))


def _begins(word: str) -> Q:
    if connection.vendor == "postgresql":
        return Q(word__startswith=word)
    # LIKE of SQLite knows no index here; its order of text is that of the bytes
    return Q(word__gte=word, word__lt=word + LAST)

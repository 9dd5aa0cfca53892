"""What a reader sees of notices and of the files that brought them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from tocsin.server.marking.policy import Reader, visible
from tocsin.server.notices.models import KINDS, Notice, NoticeImport

LONGEST_TEXT = 100


def imports_for(reader: Reader) -> QuerySet[NoticeImport]:
    """Files of notices of the own organisation."""
    rows = visible(reader, NoticeImport.objects.select_related("created_by", "file"))
    return rows.filter(originator=reader.person.organisation_id)


def notices_for(reader: Reader) -> QuerySet[Notice]:
    """Notices as they were read last."""
    rows = visible(reader, Notice.objects.select_related("incident", "imported"))
    return rows.filter(replaced=False, withdrawn=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; what makes no sense narrows nothing.

    Parameters
    ----------
    kind : str
        One of ``KINDS``; ``losses`` for all but ``other``.
    text : str
        Words in number, nuclides or place.
    retracted : bool
    """

    kind: str = "losses"
    text: str = ""
    retracted: bool = False

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Filter:
        """Filter of the fields of a form."""
        kind = given.get("kind", "losses")
        return cls(
            kind=kind if kind in {*dict(KINDS), ""} else "losses",
            text=given.get("text", "").replace("\0", "").strip()[:LONGEST_TEXT],
            retracted=given.get("retracted") == "1",
        )

    def apply(self, rows: QuerySet[Notice]) -> QuerySet[Notice]:
        """The rows that it leaves."""
        if self.retracted:
            rows = rows.filter(retracted=True)
        elif self.kind == "losses":
            rows = rows.exclude(kind="other")
        elif self.kind:
            rows = rows.filter(kind=self.kind)
        for word in self.text.split():
            rows = rows.filter(
                Q(event_number__icontains=word)
                | Q(nuclides__icontains=word)
                | Q(place__icontains=word)
            )
        return rows

"""What hangs on a row by links, as far as the reader may see it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from tocsin.server.links.models import Link
from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, visible

NOUNS = (
    gettext_noop("alarm"),
    gettext_noop("analysis"),
    gettext_noop("encounter"),
    gettext_noop("incident"),
    gettext_noop("measurement"),
    gettext_noop("stored file"),
    gettext_noop("upload"),
)
"""Names of the models that are linked, so that they are translated."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A row at the other end of a link."""

    kind: str
    """How it hangs together, in words."""
    outgoing: bool
    """The link leads from the row looked at to this one."""
    noun: str
    name: str
    address: str
    """Its page, empty where it has none."""

    @property
    def title(self) -> str:
        """Noun and name in the reader's language, the noun once."""
        noun = gettext(self.noun)
        return self.name if self.name.startswith(noun) else f"{noun} {self.name}"


def linked_rows(reader: Reader, kind: str, pk: UUID) -> list[Linked]:
    """Rows linked to a row, in the order of linking; what may not be seen is not there."""
    ends = Q(from_kind=kind, from_id=pk) | Q(to_kind=kind, to_id=pk)
    found = []
    for link in visible(reader, Link.objects.filter(ends)):
        outgoing = link.from_kind == kind and link.from_id == pk
        other_kind = link.to_kind if outgoing else link.from_kind
        other_id = link.to_id if outgoing else link.from_id
        model = apps.get_model(other_kind)
        if not issubclass(model, Marked):
            continue
        row = visible(reader, model._default_manager.filter(pk=other_id)).first()
        if row is None:
            continue
        address = getattr(row, "get_absolute_url", None)
        found.append(
            Linked(
                kind=str(link.get_kind_display()),
                outgoing=outgoing,
                noun=str(model._meta.verbose_name),
                name=str(row),
                address=address() if address else "",
            )
        )
    return found

"""On what documents may hang, and who may hang them there: each app says it of its own rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.http import Http404

from tocsin.server.marking.models import Marked
from tocsin.server.marking.policy import Reader, decide


@dataclass(frozen=True, slots=True)
class Place:
    """Rows of one kind, as far as documents hang on them.

    Parameters
    ----------
    read : str
        Action that shows such a row, and so its documents.
    add : str
        Action that hangs a document on it.
    answers_for : callable, optional
        Whether somebody outside the originator's organisation may add, too: the holder of a source.
    """

    read: str
    add: str
    answers_for: Callable[[Reader, Any], bool] | None = None


PLACES: dict[str, Place] = {}
"""By ``app.model``."""


def open_for(
    noun: str,
    *,
    read: str,
    add: str,
    answers_for: Callable[[Reader, Any], bool] | None = None,
) -> None:
    """Let documents hang on rows of a kind; called when Django starts the app of that kind.

    Parameters
    ----------
    noun : str
        ``app.model`` in small letters, for example ``register.source``.
    read, add : str
        Actions, see :class:`Place`.
    answers_for : callable, optional
        See :class:`Place`.
    """
    PLACES[noun] = Place(read, add, answers_for)


def noun_of(row: Marked) -> str:
    """Kind of a row as documents name it."""
    return row._meta.label_lower


def carrier_for(reader: Reader, noun: str, pk: object) -> Marked:
    """The row on which documents hang, if the reader may see it.

    Raises
    ------
    Http404
        It is not there, not to be seen, or nothing hangs on its kind.
    """
    place = PLACES.get(noun)
    if place is None:
        raise Http404
    row = apps.get_model(noun)._default_manager.filter(pk=pk).first()
    if row is None or not decide(reader, place.read, row).allowed:
        raise Http404
    return row  # type: ignore[no-any-return]


def may_add(reader: Reader, row: Marked) -> bool:
    """Whether a person may hang a document on a row."""
    place = PLACES.get(noun_of(row))
    if place is None or not decide(reader, place.add, row).allowed:
        return False
    if row.originator_id == reader.person.organisation_id:
        return True
    return place.answers_for is not None and place.answers_for(reader, row)

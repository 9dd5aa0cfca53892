"""People of one organisation take turns, and nobody else waits for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db.models import QuerySet

import tocsin.server
from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.accounts.turns import one_at_a_time

OWN_FIELDS = {"accounts/services.py"}
"""Where an organisation itself is changed."""


@pytest.mark.django_db
def test_an_organisation_is_held_without_its_key(
    person: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every row that names it, as all that is marked, would wait to be written."""
    who: Person = person("officer")  # type: ignore[operator]
    held: list[object] = []
    lock = QuerySet.select_for_update

    def locking(rows: QuerySet[Organisation], **how: object) -> QuerySet[Organisation]:
        held.append(how.get("no_key"))
        return lock(rows, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(QuerySet, "select_for_update", locking)
    one_at_a_time(who.organisation_id)
    assert held == [True]


def test_turns_are_taken_in_one_way() -> None:
    root = Path(tocsin.server.__path__[0])
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"\bOrganisation\.objects\.select_for_update\(\)", path.read_text("utf-8"))
    }
    assert found == OWN_FIELDS

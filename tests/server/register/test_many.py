"""Many rows at once are the rows that the manager would have entered."""

from __future__ import annotations

import pytest
from django.forms.models import model_to_dict
from register_entries import GIVEN, TODAY

from tocsin.server.marking.policy import Reader
from tocsin.server.register.entries import entry_of
from tocsin.server.register.many import insert_new
from tocsin.server.register.models import Holder, Source, Transaction
from tocsin.server.register.services import new_rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("more", [{}, {"neutron": "yes", "remarks": "é — '\";"}])
def test_the_rows_are_those_of_the_manager(
    officer: Reader, holder: Holder, more: dict[str, str]
) -> None:
    entry = entry_of(GIVEN | more, today=TODAY)
    pairs = [new_rows(officer, entry, holder, imported=None) for _ in range(2)]
    (quick, its_step), (slow, other_step) = pairs
    insert_new([quick])
    insert_new([its_step])
    Source.objects.bulk_create([slow])
    Transaction.objects.bulk_create([other_step])
    first, second = Source.objects.get(pk=quick.pk), Source.objects.get(pk=slow.pk)
    for field in Source._meta.concrete_fields:
        if field.name != "id":
            assert getattr(first, field.attname) == getattr(second, field.attname), field.name
    steps = [source.transactions.get() for source in (first, second)]
    left_out = ["id", "source"]
    assert model_to_dict(steps[0], exclude=left_out) == model_to_dict(steps[1], exclude=left_out)
    assert not quick._state.adding


def test_nothing_is_entered_of_nothing() -> None:
    insert_new([])
    assert not Source.objects.exists()

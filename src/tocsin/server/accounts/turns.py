"""Taking turns: what people of one organisation must not do at once."""

from __future__ import annotations

from uuid import UUID

from tocsin.server.accounts.models import Organisation


def one_at_a_time(organisation: UUID) -> None:
    """Wait for whoever of an organisation does the same, until this transaction ends.

    Its row is held without its key: rows that name the organisation, as most do, are written
    meanwhile.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation)

"""Who must show a second factor."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings

from tocsin.server.accounts.models import Person


def needs_second_factor(person: Person) -> bool:
    """Whether a person must set up a second factor before anything else.

    Everyone must, except people of the exercise realm on a server started for demonstration.
    """
    if settings.TOCSIN.demonstration and person.is_exercise_only:
        return False
    return not is_mfa_enabled(person)

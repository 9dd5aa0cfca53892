"""The register of the fictional State: synthetic tables, brought by an officer who moves here."""

from __future__ import annotations

import numpy as np

from tocsin.scenario.register import NAMES, life_table, register_table, synthetic_register
from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.clock import now
from tocsin.server.marking.policy import reader_of
from tocsin.server.register.history import apply_with_life
from tocsin.server.register.holders import holder_named
from tocsin.server.register.imports import bring
from tocsin.server.register.models import Source
from tocsin.server.register.saved_views import keep_view

OFFICER = "register@authority.example"
SEED = 20261126
SOURCES = 4000
HOLDERS = 60


def fill_register(sources: int) -> None:
    """Bring the register of the State, unless there is one."""
    officer = reader_of(Person.objects.get(email=OFFICER))
    if Source.objects.filter(originator=officer.person.organisation_id).exists():
        return
    known = {name for _kind, name, _town in NAMES}
    for body in Organisation.objects.filter(kind="holder"):
        if body.name not in known:
            raise LookupError(f"state.json: {body.name} is no holder of the synthetic register")
        holder_named(officer, body.name, organisation=body)
    random = np.random.default_rng(SEED)
    made = synthetic_register(random, today=now().date(), sources=sources, holders=HOLDERS)
    table = bring(officer, register_table(made.items), name="register-of-the-state.csv")
    lives = life_table(made.items)
    apply_with_life(officer, table, lives, name="lives-of-the-sources.csv")
    keep_view(officer, "Held, category 1 to 3", {"status": "held", "category": "1-3"}, shared=True)

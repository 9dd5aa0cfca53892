"""The health page says what is not well."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from django.test import Client

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.health.condition import condition
from tocsin.server.serving.timers import beat_path


def faults() -> set[str]:
    return {str(r.name) for r in condition(now()) if not r.good}


def test_silent_timers_are_told(
    person: Callable[..., Person], signed_in: Callable[[Person], Client], data_folder: Path
) -> None:
    browser = signed_in(person("auditor"))
    assert b"needs a look" in browser.get("/server/").content
    assert "Timers, last beat" in faults()
    beat_path().parent.mkdir(parents=True)
    beat_path().touch()
    assert "Timers, last beat" not in faults()
    old = time.time() - 60
    os.utime(beat_path(), (old, old))
    assert "Timers, last beat" in faults()


def test_it_is_for_those_who_run_or_audit_the_server(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    assert signed_in(person("officer")).get("/server/").status_code == 403
    assert signed_in(person("auditor")).get("/server/").status_code == 200

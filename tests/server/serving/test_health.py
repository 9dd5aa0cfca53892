"""The health page says what is not well."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.clock import now
from tocsin.server.health.condition import STILL_S, condition
from tocsin.server.ingest.shedding import say_shed
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


@pytest.mark.django_db
def test_a_silent_or_late_detector_is_told(data_folder: Path) -> None:
    assert "Detector, last beat" in faults()
    beat = data_folder / "log" / "detector-beat"
    beat.parent.mkdir(parents=True)
    beat.write_text('{"behind_s": 0.0, "surveys": 3, "failures": 0}')
    assert not {f for f in faults() if f.startswith(("Detector", "Live"))}
    beat.write_text('{"behind_s": 31.0, "surveys": 3, "failures": 2}')
    assert {f for f in faults() if f.startswith(("Detector", "Live"))} == {
        "Detector, behind the instruments",
        "Live surveys that the detector could not hear",
    }
    old = time.time() - 60
    os.utime(beat, (old, old))
    # what it said last counts no longer: a dead detector is behind nobody
    beat.write_text('{"behind_s": 0.0, "surveys": 3, "failures": 0}')
    os.utime(beat, (old, old))
    told = {str(r.name): r for r in condition(now())}
    assert told["Detector, last beat"].value.startswith("not running (6")
    assert told["Detector, behind the instruments"].value == "hears nothing"
    assert not told["Detector, behind the instruments"].good
    assert STILL_S < 60.0


@pytest.mark.django_db
def test_what_is_left_undone_is_told_and_that_it_no_longer_is(data_folder: Path) -> None:
    name = "Left undone because too much comes in"

    def said() -> str:
        return next(r.value for r in condition(now()) if str(r.name) == name)

    assert said() == "nothing"
    say_shed(("map", "background"), 0)
    assert name in faults()
    assert said() == "the map is drawn less often; records wait on their devices; alarms are taken"
    say_shed((), 17)
    assert name not in faults()
    assert said().startswith("nothing any more since")
    say_shed(("one",), 17)
    assert said().startswith("alarms beyond the share of one device wait on it")
    say_shed((), 17)
    told = Leaf.objects.filter(action="ingest.shedding_ended").values_list("content", flat=True)
    assert [leaf["after"]["turned_away"] for leaf in told] == [0, 17, 0]
    assert Leaf.objects.filter(action="ingest.shedding").count() == 3

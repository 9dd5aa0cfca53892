"""What the backpacks of the live event hear, without a server; the whole event runs in the demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.errors import InvalidInput
from tocsin.field.agent import Agent
from tocsin.field.listening import Heard
from tocsin.field.simulated import simulated
from tocsin.nuclear import parse_nuclide
from tocsin.scenario.city import City
from tocsin.server.fiction import event, searching
from tocsin.server.fiction.event import Backpack, Event
from tocsin.server.fiction.playing import PlayStopped


def heard_by(walker: int) -> list[Heard]:
    feed = simulated(
        seed=event.SEED, walker=walker, duration_s=event.SHORT_S, sources=event.hidden()
    )
    heard: list[Heard] = []
    Agent(feed, live=False, spool=None, tell=print).run(feed.records, heard.append)
    return heard


def test_the_finder_names_the_source_while_walking_and_the_heap_calls_nobody() -> None:
    found = [h for h in heard_by(event.FINDER) if h.is_alarm]
    first = found[0]
    assert first.stage == "standing"
    assert first.record < event.FOUND_AFTER_S
    assert [n["name"] for n in first.said["nuclides"]] == [event.NUCLIDE]
    assert first.said["class"] == "industrial"

    heap = [h for h in heard_by(event.NATURAL) if h.stage == "closed"]
    assert heap
    assert not any(h.is_alarm for h in heap)

    walker, nuclide, _activity_Bq = event.PATIENTS[0]
    closed = [h for h in heard_by(walker) if h.stage == "closed"]
    assert [(h.said["class"], h.said["nuclides"][0]["name"]) for h in closed] == [
        ("medical", nuclide)
    ]


def test_everybody_can_walk_past_everything() -> None:
    """No way leads through a source, whatever the length of the event."""
    there = event.hidden()
    assert len({s.name for s in there}) == len(there) == 2 + len(event.PATIENTS)
    for walker in range(1, event.WALKERS + 1):
        try:
            City(event.SEED).scene(walker, duration_s=event.LONG_S, sources=there)
        except InvalidInput as error:
            pytest.fail(f"walker {walker}: {error}")


def test_the_scene_is_the_source_that_the_register_has() -> None:
    """What was stated 690 days ago leaves by decay what stands in the scene."""
    from tocsin.linkage.physics import DAY_S, decay_factor

    stated_Bq = float(searching.STATED.split()[0]) * 1e12
    left = stated_Bq * decay_factor(parse_nuclide(event.NUCLIDE), searching.MADE_DAYS_AGO * DAY_S)
    assert left == pytest.approx(event.RADIOGRAPHY_BQ, rel=0.02)


def test_what_stops_the_backpacks_is_told(tmp_path: Path) -> None:
    walking = Event(
        [Backpack(1, tmp_path)], "http://127.0.0.1:9", duration_s=event.SHORT_S, speed=0.0
    )
    walking.run()  # the folder holds no key
    with pytest.raises(PlayStopped, match="begin with tocsin field enroll"):
        searching._no_fault(walking)
    walking.fault = None
    with pytest.raises(PlayStopped, match="what team 1 kept"):
        searching._all_is_sent(walking)

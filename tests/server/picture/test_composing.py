"""The picture of a reader: states, tracks, alarms, candidates, and what it never shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.ingest.enrolling import revoke
from tocsin.server.ingest.models import LiveSurvey
from tocsin.server.ingest.receiving import receive
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.marking.services import release
from tocsin.server.picture import composing
from tocsin.server.picture.composing import Seen, figures, picture, recent
from tocsin.server.picture.runs import RUNS
from tocsin.server.picture.significance import RateTest
from tocsin.server.picture.trails import MOST_POINTS, Trail

pytestmark = pytest.mark.django_db


def shown(reader: Reader, seen: Seen | None = None) -> dict[str, Any]:
    """The picture now, as a viewer gets it."""
    given = picture(reader_of(reader.person, realm=reader.realm), seen or Seen())
    found: dict[str, Any] = json.loads(json.dumps(given))
    return found


def test_a_device_is_live_then_stale_then_silent_and_leaves_after_its_end(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    assert shown(officer)["devices"] == []
    pack.sends([300.0] * 2)
    (device,) = shown(officer)["devices"]
    assert (device["state"], device["age_s"], device["name"]) == ("live", 0.0, "Pack 1")
    assert device["latitude"] == pytest.approx(-75.0 + 3e-5, abs=1e-6)
    clock.move(seconds=5)
    assert shown(officer)["devices"][0]["state"] == "live"
    clock.move(seconds=1.5)
    assert shown(officer)["devices"][0]["state"] == "stale"
    assert figures(reader_of(officer.person)) == {"sending": 1, "silent": 0}
    clock.move(seconds=60)
    assert shown(officer)["devices"][0]["state"] == "silent"
    assert figures(reader_of(officer.person)) == {"sending": 0, "silent": 1}
    # a run that ended properly follows the one that broke off: nobody is missed any more
    pack.boot, pack.sent = "f" * 32, 0
    pack.sends([300.0] * 2, ends=True)
    assert figures(reader_of(officer.person)) == {"sending": 0, "silent": 0}
    assert shown(officer)["devices"][0]["state"] == "ended"
    clock.move(minutes=11)
    assert shown(officer)["devices"] == []


def test_a_message_of_the_detector_alone_does_not_make_old_records_new(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    pack.sends([300.0])
    clock.move(seconds=30)
    pack.says()
    (device,) = shown(officer)["devices"]
    assert (device["state"], device["age_s"]) == ("stale", 30.0)


def test_the_first_message_holds_the_whole_track_and_later_ones_what_is_new(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack, seen = walker(), Seen()
    pack.sends([300.0] * 40)
    (track,) = shown(officer, seen)["tracks"]
    assert (track["first"], len(track["points"])) == (0, 40)
    assert shown(officer, seen)["tracks"] == []
    clock.move(seconds=5)
    pack.sends([300.0] * 5)
    (track,) = shown(officer, seen)["tracks"]
    assert (track["first"], len(track["points"])) == (39, 6)
    (track,) = shown(officer)["tracks"]
    assert (track["first"], len(track["points"])) == (0, 45)


def test_a_rise_stands_out_from_its_own_background(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    quiet, hot = walker(1), walker(2)
    quiet.sends([900.0] * 60)
    hot.sends([200.0] * 57 + [600.0] * 3)
    tracks = {t["survey"]: [p[2] for p in t["points"]] for t in shown(officer)["tracks"]}
    by_name = {d["name"]: tracks[d["survey"]] for d in shown(officer)["devices"]}
    assert by_name["Pack 1"][:30] == [None] * 30
    assert max(v for v in by_name["Pack 1"] if v is not None) < 5
    assert min(by_name["Pack 2"][-3:]) > 10
    assert max(v for v in by_name["Pack 2"][:-3] if v is not None) < 5


def test_significance_of_a_quiet_walk_has_unit_spread() -> None:
    chance, test = np.random.default_rng(5), RateTest()
    values = [
        z for _ in range(3000) if (z := test.push(float(chance.poisson(50)), 1.0)[1]) is not None
    ]
    # the floor of natural variation makes it a little narrower: 50 counts have 7.1, the floor 1.5
    expected = 1.0 / np.sqrt(1.0 + (0.03 * 50) ** 2 / 50)
    assert np.std(values) == pytest.approx(expected, abs=4 * expected / np.sqrt(2 * len(values)))


def test_short_records_are_put_together_to_seconds(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    pack.sends([300.0] * 50, real_s=0.1)
    survey = LiveSurvey.objects.get()
    rows = recent(officer, survey.pk, -1)["rows"]
    assert [r["real_s"] for r in rows] == pytest.approx([1.0] * 5)
    assert sum(sum(r["bins"]) for r in rows) <= sum(r["counts"] for r in rows)
    assert sum(r["counts"] for r in rows) == pytest.approx(1500, abs=5 * 1500**0.5)


def test_recent_rows_come_once_with_their_energies(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    pack.sends([300.0] * 4)
    survey = LiveSurvey.objects.get()
    first = recent(officer, survey.pk, -1)
    edges = first["bin_edges_keV"]
    assert [len(r["bins"]) for r in first["rows"]] == [len(edges) - 1] * 4
    clock.move(seconds=4)
    pack.sends([300.0] * 2)
    later = recent(officer, survey.pk, first["rows"][-1]["n"])
    assert [r["n"] for r in later["rows"]] == [4, 5]
    assert later["measured_s"] == 6.0


def test_records_that_come_late_are_put_where_they_belong(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    pack.sends([300.0] * 3)
    lost = pack.sealed(pack.records([300.0] * 2), 3)
    pack.sends([300.0] * 3, skip=2)
    assert len(shown(officer)["tracks"][0]["points"]) == 6
    receive(lost)
    points = shown(officer)["tracks"][0]["points"]
    assert [p[0] for p in points] == sorted(p[0] for p in points)
    assert len(points) == 8


def test_a_device_that_catches_up_says_so(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    pack.sends([300.0], late_s=7200.0)
    assert shown(officer)["devices"][0]["behind_s"] == 7200
    pack.sends([300.0], late_s=2.0)
    assert shown(officer)["devices"][0]["behind_s"] is None


def test_an_alarm_names_nuclide_class_place_and_device(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    pack.sends([300.0] * 10)
    pack.says()
    told = shown(officer)
    (alarm,) = told["alarms"]
    assert alarm["nuclides"] == ["Cs-137"]
    assert alarm["class"] == "industrial"
    assert (alarm["latitude"], alarm["radius_m_95"]) == (-75.0, 12.0)
    assert alarm["survey"] == told["devices"][0]["survey"]
    assert alarm["address"].startswith("/alarms/")


def test_nothing_shows_to_who_may_not_see_it(
    officer: Reader, walker: Callable[..., Any], person: Callable[..., Person], clock: Any
) -> None:
    pack = walker(level=2)
    pack.sends([300.0] * 10)
    pack.says()
    for other in (person("officer", of="police", clearance=3), person("officer", clearance=1)):
        told = shown(reader_of(other))
        assert (told["devices"], told["tracks"], told["alarms"]) == ([], [], [])
    no_alarms = reader_of(person("licence_officer", clearance=2))
    assert shown(no_alarms)["alarms"] == []


@pytest.mark.parametrize("opened", [("device",), ("survey",), ("device", "survey")])
def test_a_device_shows_only_to_who_sees_it_and_its_survey(
    opened: tuple[str, ...],
    officer: Reader,
    walker: Callable[..., Any],
    person: Callable[..., Person],
    clock: Any,
) -> None:
    pack, boss = walker(), reader_of(person("supervisor", clearance=2))
    pack.sends([300.0] * 3)
    other = person("officer", of="police", clearance=3)
    rows = {"device": pack.device, "survey": LiveSurvey.objects.get()}
    for name in opened:
        release(boss, rows[name], other.organisation, reason="test")
    names = [d["name"] for d in shown(reader_of(other))["devices"]]
    assert names == (["Pack 1"] if len(opened) == 2 else [])


def test_a_revoked_device_leaves_the_picture(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    pack.sends([300.0])
    revoke(officer, pack.device, reason="lost")
    assert shown(officer)["devices"] == []


def test_a_look_is_bounded(
    officer: Reader, walker: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.server.picture.runs.MOST_BATCHES", 2)
    pack = walker()
    for _ in range(5):
        pack.sends([300.0] * 2)
    sizes = [len(shown(officer)["tracks"][0]["points"]) for _ in range(3)]
    assert sizes == [4, 8, 10]
    monkeypatch.setattr(composing, "MOST_DEVICES", 1)
    clock.move(seconds=1)
    walker(2).sends([300.0])
    assert [d["name"] for d in shown(officer)["devices"]] == ["Pack 2"]


def test_thinning_keeps_the_hottest_place() -> None:
    trail = Trail()
    for k in range(MOST_POINTS * 3):
        trail.add(-75.0 + 3e-5 * k, 60.0, 9.0 if k == 101 else 0.5)
    assert len(trail.points) <= MOST_POINTS
    assert max(p[2] or 0.0 for p in trail.points) == 9.0
    assert trail.epoch > 0
    assert trail.since(trail.epoch - 1, 50)[0] == 0
    latitudes = [p[0] for p in trail.points]
    assert latitudes == sorted(latitudes)


def test_after_a_restart_the_last_hour_is_read_again(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    pack.sends([300.0] * 5)
    clock.move(minutes=59)
    pack.sends([300.0] * 5)
    RUNS.forget()
    assert len(shown(officer)["tracks"][0]["points"]) == 10
    clock.move(minutes=2)
    pack.sends([300.0] * 5)
    RUNS.forget()
    assert len(shown(officer)["tracks"][0]["points"]) == 10
    assert now() == clock.at

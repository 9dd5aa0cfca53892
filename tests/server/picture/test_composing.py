"""The picture of a reader: states, tracks, alarms, candidates, and what it never shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.http import Http404

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.ingest.enrolling import revoke
from tocsin.server.ingest.models import Batch, LiveSurvey
from tocsin.server.ingest.receiving import receive
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.marking.services import release
from tocsin.server.picture import composing, runs
from tocsin.server.picture.composing import Seen, figures, picture, recent
from tocsin.server.picture.runs import RUNS, Spectra
from tocsin.server.picture.significance import RateTest
from tocsin.server.picture.streams import BEAT_S
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


def test_with_a_message_a_second_silence_is_stale_within_five_seconds(
    officer: Reader, walker: Callable[..., Any], clock: Any
) -> None:
    pack = walker()
    for _ in range(5):
        pack.sends([300.0])
        clock.move(seconds=1)
    # a message that is late by two seconds is no silence
    clock.move(seconds=2)
    (device,) = shown(officer)["devices"]
    assert (device["state"], device["stale_after_s"]) == ("live", 4.0)
    # the last came three seconds ago; the page is drawn once a second
    clock.move(seconds=5 - BEAT_S - 3 + 0.1)
    assert shown(officer)["devices"][0]["state"] == "stale"


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
    pack, seen = walker(), Seen()
    pack.sends([300.0] * 3)
    lost = pack.sealed(pack.records([300.0] * 2), 3)
    pack.sends([300.0] * 3, skip=2)
    assert len(shown(officer, seen)["tracks"][0]["points"]) == 6
    survey = LiveSurvey.objects.get()
    before = recent(officer, survey.pk, -1)
    receive(lost)
    points = shown(officer)["tracks"][0]["points"]
    assert [p[0] for p in points] == sorted(p[0] for p in points)
    assert len(points) == 8
    # who has seen the track before takes it anew, with the points that were filled in
    (track,) = shown(officer, seen)["tracks"]
    assert (track["first"], track["points"]) == (0, points)
    survey.refresh_from_db()
    after = recent(officer, survey.pk, -1)
    assert after["reading"] != before["reading"]
    assert len(after["rows"]) == 8


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
def test_what_a_device_measures_shows_to_whom_the_device_is_opened(
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
    found = shown(reader_of(other))
    tells = "device" in opened
    assert [d["name"] for d in found["devices"]] == (["Pack 1"] if tells else [])
    assert len(found["tracks"]) == tells
    assert figures(reader_of(other)) == {"sending": int(tells), "silent": 0}
    if tells:
        assert len(recent(reader_of(other), rows["survey"].pk, -1)["rows"]) == 3
        # what is measured above the clearance of who sees the device stays hidden
        LiveSurvey.objects.update(level=2)
        low = reader_of(person("officer", of="police", clearance=1))
        assert shown(low)["devices"] == []
        assert figures(low) == {"sending": 0, "silent": 0}
        rows["survey"].refresh_from_db()
    with pytest.raises(Http404):
        recent(reader_of(person("officer", of="police", clearance=0)), rows["survey"].pk, -1)


def test_devices_beyond_what_the_picture_holds_are_counted(
    officer: Reader, walker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    for number in (1, 2, 3):
        walker(number).sends([300.0])
        clock.move(seconds=1)
    assert shown(officer)["more_devices"] == 0
    monkeypatch.setattr(composing, "MOST_DEVICES", 2)
    told = shown(officer)
    assert [d["name"] for d in told["devices"]] == ["Pack 2", "Pack 3"]
    assert told["more_devices"] == 1


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


def test_spectra_of_many_small_batches_stay_within_their_bytes(
    walker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = walker()
    for _ in range(30):
        pack.sends([300.0])
    spectra = Spectra()
    keys = list(Batch.objects.order_by("first").values_list("pk", flat=True))
    reduced = spectra.of(keys[0])
    assert reduced is not None
    one = 256 + sum(part.nbytes for part in reduced)
    monkeypatch.setattr(runs, "MOST_SPECTRA_BYTES", 10 * one)
    for pk in keys:
        spectra.of(pk)
    assert list(spectra._held) == keys[-10:]
    monkeypatch.setattr(runs, "_reduced", lambda _envelope: pytest.fail("read again"))
    assert all(spectra.of(pk) is not None for pk in keys[-10:])

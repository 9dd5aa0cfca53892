"""The live picture and the replay of the real server in Chromium."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from live_server import PASSWORD, LiveServer
from watched import WatchedPage

from tocsin.field.envelope import seal
from tocsin.field.wire import pack_json, pack_records
from tocsin.sealing import SigningKey
from tocsin.spectra import EnergyCalibration, Instrument, Position, Record, Spectrum

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser]

OFFICER = "officer@customs.example"
PATIENCE_MS = 90_000
ENROL = """
import sys, django; django.setup()
from tocsin.server.accounts.models import Person
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.marking.policy import reader_of
officer = reader_of(Person.objects.get(email="officer@customs.example"))
enrol(officer, name=sys.argv[2], instrument="Maker Pack", public_key=sys.argv[3], level=1)
"""
ANALYSE = """
import sys, time, pathlib, django; django.setup()
from tocsin.server.accounts.models import Person
from tocsin.server.marking.policy import reader_of
from tocsin.server.measurements.models import Measurement
from tocsin.server.measurements.services import upload
officer = reader_of(Person.objects.get(email="officer@customs.example"))
walk = pathlib.Path(sys.argv[2])
row, fresh = upload(officer, walk.read_bytes(), name=walk.name, title="Walk of the harbour")
ends = time.monotonic() + 240
while not Measurement.objects.filter(upload=row).exists():
    if time.monotonic() > ends:
        sys.exit("not analysed in time")
    time.sleep(0.5)
print(Measurement.objects.get(upload=row).pk)
"""

PROPOSE = """
import sys, time, uuid, django; django.setup()
from tocsin.server.accounts.models import Person
from tocsin.server.accounts.services import grant
from tocsin.server.clock import now
from tocsin.server.marking.policy import reader_of
from tocsin.server.measurements.models import Measurement
from tocsin.server.measurements.reading import alarms_of, analysis_for
from tocsin.server.tracing.models import Candidate
officer = Person.objects.get(email="officer@customs.example")
boss = Person.objects.get(email="administrator@authority.example")
reader = reader_of(officer)
walk = Measurement.objects.get(pk=sys.argv[2])
ends = time.monotonic() + 120
while not (alarms := alarms_of(reader, analysis_for(reader, walk))):
    if time.monotonic() > ends:
        sys.exit("no alarm in time")
    time.sleep(0.5)
alarm = next(iter(alarms.values()))
Candidate.objects.create(
    realm=reader.realm, level=1, originator=officer.organisation, created_at=now(),
    relation="found_lost", found_kind="alarms.alarm", found_id=alarm,
    lost_kind="register.source", lost_id=uuid.uuid4(), state="open", zone="review",
    probability=0.612, found_title="found", lost_title="Camera of the yard", compared_at=now(),
)
grant(officer, "expert", actor=boss, reason="exercise")
"""


class Pack:
    """A device that sends to the running server, enrolled under a name that no other test uses."""

    def __init__(self, server: LiveServer, name: str) -> None:
        self.server, self.name = server, name
        self.key = SigningKey.generate(name.replace(" ", "-"))
        server.told(ENROL, name, str(self.key.verifier))
        self.sent = 0

    def sends(self, rates: Sequence[float]) -> None:
        """One batch of records of a second each, walking north."""
        chance = np.random.default_rng(self.sent)
        shape = np.exp(-np.arange(128) / 20.0)
        shape /= shape.sum()
        calibration = EnergyCalibration.polynomial([0.0, 24.0])
        records = [
            Record(
                spectra=(Spectrum(chance.poisson(rate * shape), 1.0, 1.0, calibration),),
                real_time_s=1.0,
                position=Position(-74.998 + 2e-5 * (self.sent + k), 60.012),
            )
            for k, rate in enumerate(rates)
        ]
        body = pack_records(records, Instrument("Maker", "Pack", "7", "Backpack"), "EXERCISE")
        self._post(body, "records", self.sent, self.sent + len(records) - 1)
        self.sent += len(records)

    def alarms(self) -> None:
        """Say that an encounter goes on."""
        at = datetime.now(UTC).isoformat()
        encounter = {
            "first_record": 60,
            "last_record": 69,
            "peak_record": 66,
            "start": at,
            "end": at,
            "statistic": 12.5,
            "threshold": 4.8,
            "false_alarm_rate_per_h": 1.0,
            "neutron": False,
            "dose_rate_uSv_h": None,
            "class": "industrial",
            "nuclear_material": False,
            "nuclides": [
                {"name": "Cs-137", "class": "industrial", "confidence": 0.97, "evidence": "662 keV"}
            ],
            "position": {"latitude": -74.9968, "longitude": 60.0121, "radius_m_95": 21.0},
            "activity_Bq": None,
        }
        said = {
            "stage": "standing",
            "number": 1,
            "record": 69,
            "statistic": 12.5,
            "threshold": 4.8,
            "encounter": encounter,
            "instrument": "Maker Pack 7",
            "realm": "EXERCISE",
            "versions": {"tocsin": "0.1.0", "algorithm": "1"},
        }
        self._post(pack_json(said), "alarms", 0, 0)

    def _post(self, body: bytes, lane: str, first: int, last: int) -> None:
        raw = seal(
            self.key,
            body,
            boot=self.key.verifier.public.hex()[:32],
            lane=lane,
            first=first,
            last=last,
            ends=False,
            device_time=datetime.now(UTC).isoformat(),
            monotonic_s=1.0,
        )
        request = urllib.request.Request(  # noqa: S310 - the test's own server
            f"{self.server.address}/api/1/ingest",
            data=raw,
            headers={"Content-Type": "application/octet-stream"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            assert answer.status == 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[LiveServer]:
    running = LiveServer(tmp_path_factory.mktemp("picture"))
    yield running
    running.close()


@pytest.fixture
def opened(chromium: Browser, server: LiveServer) -> Iterator[Callable[..., WatchedPage]]:
    """Maker of browsers in which the officer is signed in."""
    made: list[WatchedPage] = []

    def sign_in(*, width: int = 1280) -> WatchedPage:
        watched = WatchedPage(chromium, width=width)
        watched.context.set_default_timeout(PATIENCE_MS)
        made.append(watched)
        page = watched.page
        page.goto(f"{server.address}/account/login/")
        page.fill("input[name=login]", OFFICER)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{server.address}/")
        return watched

    yield sign_in
    for watched in made:
        watched.close()


def line_of(page: Page, name: str) -> Any:
    """The line of a device in the list."""
    return page.locator("#detectors tr").filter(has=page.get_by_role("button", name=name))


def test_a_device_is_live_raises_an_alarm_and_grows_stale(
    server: LiveServer, opened: Callable[..., WatchedPage], axe: str
) -> None:
    from playwright.sync_api import expect

    pack = Pack(server, "Live 41")
    watched = opened()
    page = watched.open(f"{server.address}/picture/", ready="#map[data-ready]")
    # A long batch: the next may come after two minutes, and until then the device is live.
    pack.sends([300.0] * 120)
    line = line_of(page, "Live 41")
    expect(line).to_contain_text("LIVE", timeout=PATIENCE_MS)
    expect(line).to_contain_text("σ")
    pack.alarms()
    alarm = page.locator(".alarms > li").filter(has_text="Live 41")
    expect(alarm).to_contain_text("Cs-137", timeout=PATIENCE_MS)
    expect(alarm).to_contain_text("95 % within 21 m")
    # the streets of the fictional city come as tiles, in pieces
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("a made-up city")
    expect(page.locator(".alarm-marker", has_text="Cs-137").first).to_be_visible()
    expect(page.locator(".device-marker", has_text="41")).to_be_visible()
    line.get_by_role("button").click()
    expect(page.locator("#charts-title")).to_have_text("Charts: Live 41")
    expect(page.locator("#strip canvas")).to_be_visible()
    expect(page.locator("#waterfall canvas.drawing")).to_be_visible()
    assert watched.axe_violations(axe) == []
    pack.sends([300.0])
    expect(line).to_contain_text("STALE", timeout=PATIENCE_MS)
    watched.check_is_quiet(server.address)
    alarm.get_by_role("link", name="Open the alarm").click()
    expect(page.locator("h1")).to_contain_text("A-")


def test_it_ends_with_the_session_and_shows_nothing_more(
    server: LiveServer, opened: Callable[..., WatchedPage]
) -> None:
    from playwright.sync_api import expect

    Pack(server, "Ending 52").sends([300.0] * 100)
    watched = opened()
    page = watched.open(f"{server.address}/picture/", ready="#map[data-ready]")
    expect(line_of(page, "Ending 52")).to_be_visible()
    other = watched.context.new_page()
    other.goto(f"{server.address}/account/logout/")
    other.locator("main form button").first.click()
    expect(page.locator("#stream-state")).to_contain_text("has ended", timeout=PATIENCE_MS)
    expect(line_of(page, "Ending 52")).to_have_count(0)


def a_message(devices: int) -> str:
    """One message of a stream, as the server writes it."""
    shown = [
        {
            "id": f"{n}",
            "survey": f"{n}",
            "name": f"Pack {n}",
            "instrument": "",
            "state": "live",
            "age_s": 0.0,
            "stale_after_s": 5.0,
            "behind_s": 7200 if n == 1 else None,
            "records": 9,
            "faults": 0,
            "rate_cps": 310.0,
            "expected_cps": 300.0,
            "significance": 0.6,
            "dose_rate_uSv_h": None,
            "latitude": -74.997,
            "longitude": 60.01 + 0.001 * n,
            "address": "/devices/",
        }
        for n in range(1, devices + 1)
    ]
    told = {
        "schema": "tocsin.picture/1",
        "at": "2026-03-03T12:00:00.000+00:00",
        "devices": shown,
        "tracks": [],
        "alarms": [],
        "more_devices": 3,
        "more_alarms": 0,
        "shed": False,
    }
    return f"data: {json.dumps(told)}\n\n"


def test_a_stream_that_stops_says_so_and_no_device_stays_live(
    server: LiveServer, opened: Callable[..., WatchedPage]
) -> None:
    from playwright.sync_api import expect

    answered: list[str] = []

    def answer(route: Route) -> None:
        # The first connection gives one picture and breaks; no further one comes about.
        if answered:
            route.abort()
            return
        answered.append(route.request.url)
        route.fulfill(content_type="text/event-stream", body=a_message(2))

    watched = opened()
    page = watched.page
    page.route("**/picture/stream", answer)
    watched.open(f"{server.address}/picture/", ready="#map[data-ready]")
    expect(page.locator("#stream-state")).to_contain_text("STALE", timeout=PATIENCE_MS)
    expect(page.locator("#counts")).to_contain_text("0 live, 2 STALE")
    expect(line_of(page, "Pack 1")).to_contain_text("2 hours ago")
    expect(line_of(page, "Pack 2")).to_contain_text("STALE")
    expect(page.locator("#detectors > .hint")).to_contain_text("3 more detectors are not shown")


@pytest.fixture(scope="module")
def survey(server: LiveServer, recordings: Path) -> str:
    """Key of a vehicle survey that was analysed."""
    return server.told(ANALYSE, str(recordings / "mobile_nsdd" / "Q67_Mobile.N42"))


@pytest.mark.recordings
def test_a_past_survey_is_played_paused_and_scrubbed_by_keys(
    server: LiveServer, survey: str, opened: Callable[..., WatchedPage], axe: str
) -> None:
    from playwright.sync_api import expect

    watched = opened()
    page = watched.open(f"{server.address}/picture/replay/", ready="html.scripted")
    page.locator("th a", has_text="Walk of the harbour").first.click()
    page.wait_for_url(f"**/picture/replay/{survey}/")
    page.locator("#map[data-ready]").wait_for(state="attached")
    expect(page.locator("#alarms .empty")).to_be_visible()
    page.fill("#speed", "1000")
    page.locator("#player button.primary").press("Enter")
    expect(page.locator("#player .clock")).to_contain_text("490 of 490 s", timeout=PATIENCE_MS)
    expect(page.locator("#player button.primary")).to_have_text("Play")
    expect(page.locator(".alarms > li").filter(has_text="Tc-99m")).to_be_visible()
    expect(page.locator(".alarm-marker", has_text="Tc-99m")).to_be_visible()
    expect(page.locator("#strip canvas")).to_be_visible()
    assert watched.axe_violations(axe) == []
    page.locator("#moment").press("Home")
    expect(page.locator("#player .clock")).to_contain_text("0 of 490 s")
    expect(page.locator(".alarms > li")).to_have_count(0)
    page.fill("#speed", "0.1")
    page.locator("#player button.primary").press("Enter")
    expect(page.locator("#player button.primary")).to_have_text("Pause")
    page.locator("#player button.primary").press("Enter")
    expect(page.locator("#player button.primary")).to_have_text("Play")
    watched.check_is_quiet(server.address)


@pytest.mark.recordings
def test_a_replay_shows_what_is_missing_beside_the_alarm(
    server: LiveServer, survey: str, opened: Callable[..., WatchedPage], axe: str
) -> None:
    from playwright.sync_api import expect

    server.told(PROPOSE, survey)
    watched = opened()
    page = watched.open(f"{server.address}/picture/replay/{survey}/", ready="#map[data-ready]")
    expect(page.locator(".alarms .candidates")).to_have_count(0)
    page.locator("#moment").press("End")
    beside = page.locator(".alarms > li .candidates")
    expect(beside).to_contain_text("Camera of the yard", timeout=PATIENCE_MS)
    expect(beside).to_contain_text("61.2 %")
    assert watched.axe_violations(axe) == []
    watched.check_is_quiet(server.address)


@pytest.mark.recordings
def test_pages_at_360_pixels(
    server: LiveServer, survey: str, opened: Callable[..., WatchedPage], axe: str
) -> None:
    watched = opened(width=360)
    for path in ("/picture/", "/picture/replay/", f"/picture/replay/{survey}/"):
        ready = "html.scripted" if path.endswith("replay/") else "#map[data-ready]"
        page = watched.open(f"{server.address}{path}", ready=ready)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert watched.axe_violations(axe) == [], path
    watched.check_is_quiet(server.address)

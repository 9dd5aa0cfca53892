"""Kill device and server in turn, two hundred times: the server ends with all that was told of."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.verify.device_at_work import EVERY
from tests.verify.test_kill import Server

from tocsin.sealing import SigningKey, write_key_file

KILLS = int(os.environ.get("TOCSIN_KILLS", "200"))
START = """
import sys
from pathlib import Path
from tocsin.server.serving.first_start import prepare_folder, start_django, migrate
data = Path(sys.argv[1]); prepare_folder(data)
start_django(data, TOCSIN_HTTPS="0", TOCSIN_DEMONSTRATION="1")
migrate()
"""
PREPARE = (
    START
    + """
from tocsin.server.fiction.population import populate
populate("a password for this run", sources=100)
from tocsin.server.accounts.models import Person
from tocsin.server.ingest.enrolling import enrol
from tocsin.server.marking.policy import reader_of
officer = reader_of(Person.objects.get(email="officer@customs.example"))
enrol(officer, name="killed", instrument="", public_key=sys.argv[2], level=1)
print(officer.realm)
"""
)
STATE = (
    START
    + """
import json
from tocsin.field.envelope import open_envelope
from tocsin.field.wire import unpack_records
from tocsin.server.ingest.models import Batch, Device, EdgeMessage, LiveSurvey, Refusal
device = Device.objects.get(name="killed")
records = []
for survey in LiveSurvey.objects.filter(device=device).order_by("pk"):
    numbers = []
    for batch in Batch.objects.filter(survey=survey).order_by("first"):
        found = unpack_records(open_envelope(bytes(batch.envelope)).body).records
        assert len(found) == batch.last - batch.first + 1
        numbers += [int(251 * r.spectra[0].counts[1] + r.spectra[0].counts[0]) for r in found]
    records.append([survey.complete, len(numbers) == survey.records, numbers])
alarms = list(EdgeMessage.objects.filter(survey__device=device).values_list("encounter", flat=True))
print(json.dumps({"surveys": records, "alarms": alarms, "refused": Refusal.objects.count()}))
"""
)


def run_on(data: Path, script: str, *arguments: str) -> str:
    """What a script on the data of a server says last."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(data), *arguments],
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        check=True,
    )
    return done.stdout.splitlines()[-1]


class Device:
    """The agent's process, started where it had come to, and killed."""

    def __init__(self, folder: Path, address: str, realm: str) -> None:
        self._command = [
            *(sys.executable, str(Path(__file__).with_name("device_at_work.py"))),
            *(str(folder), address),
        ]
        self._realm = realm
        self.told = 0
        self.last = ""
        self.began: list[int] = []

    def start(self) -> None:
        """Go on after the last record that was told of."""
        self.began.append(self.told)
        self._process = subprocess.Popen(
            [*self._command, str(self.told), self._realm], stdout=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip().isdigit() and line.endswith("\n"):
                self.told = int(line) + 1
            else:
                self.last = line.strip()

    def kill(self) -> None:
        """As an empty battery does."""
        self._process.kill()
        self.wait()

    def wait(self) -> None:
        """Until it is gone and all that it told of was read."""
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()


def judge(state: dict[str, Any], began: list[int], told: int) -> None:
    """What must hold of everything at the server.

    Parameters
    ----------
    state : dict
        Of :data:`STATE`.
    began : list of int
        The first record of each run, by the device's own count.
    told : int
        How many records the device has told of, all its runs together.
    """
    assert state["refused"] == 0
    runs = sorted((found for _c, _w, found in state["surveys"]), key=lambda found: found[:1])
    assert all(complete and whole for complete, whole, _found in state["surveys"])
    # every run is there, from the record with which it began, without a gap in it
    assert [found[0] if found else None for found in runs] == began
    assert all(found == list(range(found[0], found[0] + len(found))) for found in runs)
    # a run goes on where the one before was heard of last: one record may have been kept and not
    # told of when that was killed, and is measured once more; the last run was not killed
    for before, after in pairwise(runs):
        assert before[-1] in (after[0] - 1, after[0])
    assert runs[-1][-1] == told - 1
    # each message of the detector is there, and again only with a record that was measured again
    records = Counter(n for found in runs for n in found)
    messages = Counter(state["alarms"])
    assert set(messages) == {k + 1 for k in range(0, told, EVERY)}
    assert all(times <= records[number - 1] for number, times in messages.items())


GOOD: dict[str, Any] = {
    "refused": 0,
    "surveys": [[True, True, [0, 1, 2, 3]], [True, True, [3, 4, 5]], [True, True, [6, 7, 8]]],
    "alarms": [1, 8],
}
WRONG: dict[str, dict[str, Any]] = {
    "a record is lost at the end of a run": {
        "surveys": [[True, True, [0, 1, 2]], [True, True, [3, 4]], [True, True, [6, 7, 8]]]
    },
    "the last record is lost": {
        "surveys": [[True, True, [0, 1, 2]], [True, True, [3, 4, 5]], [True, True, [6, 7]]]
    },
    "a record that nobody measured": {
        "surveys": [[True, True, [0, 1, 2]], [True, True, [3, 4, 5]], [True, True, [6, 7, 8, 9]]]
    },
    "two records are there twice": {
        "surveys": [[True, True, [0, 1, 2, 3, 4]], [True, True, [3, 4, 5]], [True, True, [6, 7, 8]]]
    },
    "a run is missing": {"surveys": [[True, True, [0, 1, 2, 3, 4, 5]], [True, True, [6, 7, 8]]]},
    "a run is not complete": {
        "surveys": [[False, True, [0, 1, 2]], [True, True, [3, 4, 5]], [True, True, [6, 7, 8]]]
    },
    "a message is lost": {"alarms": [1]},
    "a message is there twice": {"alarms": [1, 8, 8]},
    "a message was refused": {"refused": 1},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_judgement_sees_what_is_wrong(wrong: str) -> None:
    began, told = [0, 3, 6], 9
    judge(GOOD, began, told)
    with pytest.raises(AssertionError):
        judge(GOOD | WRONG[wrong], began, told)


@pytest.mark.verify
def test_killed_devices_and_servers_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "device"
    folder.mkdir(mode=0o700)
    key = SigningKey.generate("killed")
    write_key_file(folder / "device.key", key)
    realm = run_on(data, PREPARE, str(key.verifier))
    server = Server(data)
    server.start()
    device = Device(folder, f"http://127.0.0.1:{server.port}", realm)
    device.start()
    chance = random.Random(11)  # noqa: S311 - moments of the kills
    try:
        for turn in range(KILLS):
            at, ends = device.told, time.monotonic() + 60.0
            while device.told < at + 5 and time.monotonic() < ends:
                time.sleep(0.01)
            assert device.told >= at + 5, f"turn {turn}: the device stands still: {device.last}"
            time.sleep(chance.uniform(0.0, 1.5))
            if turn % 2:
                server.kill()
                server.start()
            else:
                device.kill()
                device.start()
        (folder / "enough").touch()
        device.wait()
    finally:
        device.kill()
        server.kill()
    assert device.last == "sent"
    state = json.loads(run_on(data, STATE))
    numbers = [n for _complete, _whole, found in state["surveys"] for n in found]
    print(  # noqa: T201 - the figures of a long run
        f"{KILLS} kills, {len(state['surveys'])} runs, {device.told} records told of, "
        f"{len(numbers)} at the server, {len(state['alarms'])} messages, {state['refused']} refused"
    )
    assert len(device.began) == 1 + (KILLS + 1) // 2
    judge(state, device.began, device.told)

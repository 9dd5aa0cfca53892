"""Real surveys through detector, spool and wire: the encounters are those of the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tocsin import formats
from tocsin.detection import analyze
from tocsin.field.agent import Agent
from tocsin.field.envelope import open_envelope
from tocsin.field.listening import Heard
from tocsin.field.records import from_recording
from tocsin.field.spool import Spool
from tocsin.field.wire import unpack_records
from tocsin.sealing import SigningKey
from tocsin.spectra import Recording

KEY = SigningKey("pack-7", bytes(range(32)))
SHORT = "mobile_nsdd/Q345_Racetrack.n42"
LONG = (
    "mobile_nsdd/Q67_Mobile.N42",
    "uav_lednice/01_20190401_011419_DRONES-G_demo_measurement_PEI_data_rev3.csv",
    "radiacode_tools/K40.rcspg",
)


def check(path: Path, folder: Path) -> None:
    recording = formats.read(path)
    spool = Spool(folder / "spool.sqlite3", KEY, monotonic=lambda: 0.0)
    feed, heard = from_recording(recording), list[Heard]()
    Agent(feed, live=False, spool=spool, tell=print).run(feed.records, heard.append)
    got = Recording(())
    while (message := spool.next_message()) is not None:
        held = open_envelope(message.envelope)
        if held.header.lane == "records":
            part = unpack_records(held.body)
            whole = part if part.records else got
            got = replace(whole, records=got.records + part.records)
        spool.received(message)
    spool.close()
    assert sorted(map(repr, got.records)) == sorted(map(repr, recording.records))
    wanted = analyze(recording).to_json()["encounters"]
    assert [h.said for h in heard if h.stage == "closed"] == wanted
    # as the server keeps it
    kept = formats.read_bytes(formats.write_n42(got), file_name="survey.n42")
    assert analyze(kept).to_json()["encounters"] == wanted


@pytest.mark.recordings
def test_a_short_survey_gives_the_encounters_of_its_file(recordings: Path, tmp_path: Path) -> None:
    check(recordings / SHORT, tmp_path)


@pytest.mark.verify
@pytest.mark.recordings
@pytest.mark.parametrize("name", LONG)
def test_every_survey_gives_the_encounters_of_its_file(
    name: str, recordings: Path, tmp_path: Path
) -> None:
    check(recordings / name, tmp_path)

"""The fictional State, and the whole flow through a running server."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.server.accounts.models import Organisation, Person
from tocsin.server.audit.models import Leaf
from tocsin.server.fiction.population import description, populate
from tocsin.server.marking.models import Agreement


@pytest.mark.django_db
def test_the_state_is_made_once() -> None:
    people = populate("long enough for a demonstration", sources=200)
    leaves = Leaf.objects.count()
    assert len(people) == len(description()["people"]) == Person.objects.count()
    assert {p.realms[0] for p in Person.objects.all()} == {"EXERCISE"}
    assert not Agreement.objects.filter(receiver__kind="partner").exists()
    populate("another", sources=200)
    assert Leaf.objects.count() == leaves
    assert Organisation.objects.count() == len(description()["organisations"])


def test_the_demo_plays_the_flow_to_its_end(tmp_path: Path) -> None:
    """Upload, alarms, a verdict, an incident; twelve backpacks and what they find: over HTTP."""
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", "demo", "--headless", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    summary = re.search(
        r"Server: (\d+) alarms, (\d+) medical ones closed by one officer, (\d+) incidents",
        " ".join(done.stdout.split()),
    )
    assert summary is not None, done.stdout[-2000:]
    alarms, closed, incidents = map(int, summary.groups())
    assert alarms >= 2
    assert closed >= 1
    assert incidents == 1
    event = re.search(
        r"Event: 12 backpacks, (\d+) records, (\d+) alarms, (\d+) patients closed by one officer; "
        r"the stolen source found, confirmed, matched \((?:review|link)\) and recovered, "
        r"2 incidents closed",
        " ".join(done.stdout.split()),
    )
    assert event is not None, done.stdout[-2000:]
    records, live, patients = map(int, event.groups())
    assert live > patients >= 1
    with sqlite3.connect(tmp_path / "server" / "tocsin.sqlite3") as database:
        rows = database.execute("SELECT realm, count(*) FROM alarms_alarm GROUP BY realm")
        assert rows.fetchall() == [("EXERCISE", alarms + live)]
        kept = database.execute(
            "SELECT sum(last - first + 1) FROM ingest_batch JOIN ingest_livesurvey ON survey_id = "
            "ingest_livesurvey.id JOIN ingest_device ON device_id = ingest_device.id "
            "WHERE ingest_device.name LIKE 'Team %'"
        )
        assert kept.fetchone()[0] == records
        back = database.execute("SELECT status FROM register_source WHERE serial = 'K-8814'")
        assert back.fetchall() == [("stored",)]
        placed = database.execute("SELECT count(*) FROM audit_leaf WHERE position IS NOT NULL")
        assert placed.fetchone()[0] > 0, "the log's sequencer did not run"
    database.close()
    assert "Traceback" not in done.stderr

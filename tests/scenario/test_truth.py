from __future__ import annotations

import json

import numpy as np
import pytest

from tocsin.errors import InvalidInput
from tocsin.formats import read
from tocsin.scenario import Truth, read_truth, write_scenario
from tocsin.spectra import Recording

TOP = {
    "schema", "realm", "scene", "seed", "start", "records", "anchor", "background_rate_cps",
    "perturbation", "sources", "track", "versions",
}  # fmt: skip
SOURCE = {
    "name", "kind", "nuclides", "accepted_names", "class", "latitude", "longitude", "moves",
    "closest_record", "closest_time", "closest_distance_m", "activity_Bq",
    "massic_activity_Bq_kg", "shield", "peak_record", "peak_net_cps", "first_record",
    "last_record", "net_counts_expected", "net_counts_total",
}  # fmt: skip


def test_walk_and_truth_come_back_from_disk(demo, tmp_path):
    recording, truth = demo
    written = write_scenario(tmp_path / "new", recording, truth=truth)
    assert (written.walk.name, written.truth.name) == ("walk.n42", "walk.truth.json")
    back = read(written.walk)
    assert back.realm == "SYNTHETIC"
    assert back.records == recording.records
    assert back.instrument == recording.instrument
    assert back.uuid == recording.uuid
    # the file holds rounded figures: what comes back is written as the same bytes again
    assert read_truth(written.truth).to_text() == written.truth.read_text(encoding="utf-8")
    first = written.walk.read_bytes(), written.truth.read_bytes()
    write_scenario(tmp_path / "new", recording, truth=truth)
    assert (written.walk.read_bytes(), written.truth.read_bytes()) == first


def test_the_form_of_the_truth_is_stable(demo):
    _, truth = demo
    value = json.loads(truth.to_text())
    assert value["schema"] == "tocsin.scenario-truth/1"
    assert value["realm"] == "SYNTHETIC"
    assert set(value) == TOP
    assert all(set(s) == SOURCE for s in value["sources"])
    assert set(value["anchor"]) == {"latitude", "longitude", "note"}
    assert set(value["versions"]) == {"tocsin", "nuclide_library", "template_library"}
    assert value["seed"] == 7
    assert len(value["track"]) == value["records"] == truth.records
    assert [s["class"] for s in value["sources"]] == ["industrial", "medical", "norm"]


def test_the_track_is_true_and_the_file_is_not(demo):
    recording, truth = demo
    seen = [r.position for r in recording.records]
    pairs = [(p, t) for p, t in zip(seen, truth.track_deg, strict=True) if p is not None]
    north_m = np.array([(p.latitude_deg - t[0]) * 111_600 for p, t in pairs])
    assert 1.0 < north_m.std() < 6.0
    assert abs(north_m).max() < 20.0


@pytest.mark.parametrize(
    "value", [{}, [], {"schema": "tocsin.scenario-truth/1"}, {"schema": "tocsin.analysis/1"}]
)
def test_what_is_no_truth_is_refused(value):
    with pytest.raises(InvalidInput, match="truth file"):
        Truth.from_json(value)


def test_a_broken_truth_file_is_named(tmp_path):
    path = tmp_path / "broken.json"
    path.write_bytes(b'{"schema": ')
    with pytest.raises(InvalidInput, match=r"broken\.json"):
        read_truth(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match=r"broken\.json"):
        read_truth(path)


def test_a_real_recording_gets_no_truth(demo, tmp_path):
    recording, truth = demo
    live = Recording(records=recording.records, realm="LIVE")
    with pytest.raises(InvalidInput, match="SYNTHETIC"):
        write_scenario(tmp_path, live, truth=truth)
    assert not list(tmp_path.iterdir())

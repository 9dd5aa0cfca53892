"""What the survey page draws: true to the recording and to the contract."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.server.measurements.conftest import NATURAL, STATIC, SURVEY, TRACK

from tocsin.errors import NotFound
from tocsin.formats import read
from tocsin.nuclear import load_library
from tocsin.server.marking.policy import Reader
from tocsin.server.measurements import api_answers, survey_data
from tocsin.server.measurements.models import Measurement, Upload
from tocsin.spectra import rebin

pytestmark = pytest.mark.recordings

CONTRACT = Path(__file__).resolve().parents[3] / "web" / "src" / "survey" / "contract.ts"


@pytest.fixture
def survey(reader: Reader, bring: Callable[..., Upload]) -> Measurement:
    return bring(reader, SURVEY).measurement


def columns(m: Measurement) -> dict[str, Any]:
    return survey_data.survey(m, m.analyses.get(), alarms={})


def test_columns_are_those_of_the_recording(survey: Measurement, recordings: Path) -> None:
    said = columns(survey)
    records = read(recordings / SURVEY).measured
    assert said["records"] == len(records) == 490
    assert said["columns"]["gross"] == [r.total_counts for r in records]
    assert said["columns"]["neutron"] == [r.neutron_counts for r in records]
    assert said["columns"]["latitude"] == pytest.approx(
        [r.position.latitude_deg for r in records if r.position], abs=1e-7
    )
    assert said["columns"]["t_s"][:3] == [0, 1, 2]
    assert said["columns"]["dose_rate_uSv_h"] is None
    assert said["start"] == survey.start_text
    assert max(said["columns"]["statistic"]) > said["threshold"]
    calm = np.median(said["columns"]["background_cps"])
    assert calm == pytest.approx(np.median(said["columns"]["gross"]), rel=0.1)


@pytest.mark.parametrize(("first", "last"), [(0, 489), (128, 128), (250, 260), (255, 256)])
def test_a_spectrum_is_the_sum_of_its_records(
    survey: Measurement, recordings: Path, first: int, last: int
) -> None:
    said = survey_data.spectrum(survey, survey.analyses.get(), first, last)
    records = read(recordings / SURVEY).measured[first : last + 1]
    expected = np.sum([s.counts for r in records for s in r.spectra], axis=0)
    assert said["counts"] == expected.tolist()
    assert said["live_time_s"] == pytest.approx(sum(r.live_time_s or 0 for r in records), abs=1e-3)
    assert said["edges_keV"] == pytest.approx(records[0].spectra[0].edges_keV.tolist(), abs=1e-3)


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (3, 2), (0, 490), (490, None)])
def test_records_that_are_not_there_are_refused(
    survey: Measurement, first: int, last: int | None
) -> None:
    with pytest.raises(survey_data.OutOfRange):
        survey_data.spectrum(survey, survey.analyses.get(), first, last)


def test_background_stands_behind_an_encounter_and_nowhere_else(survey: Measurement) -> None:
    analysis = survey.analyses.get()
    encounter = analysis.encounters.get(number=1)
    there = survey_data.spectrum(survey, analysis, encounter.first_record, encounter.last_record)[
        "background"
    ]
    assert there["origin"] == "tracked"
    assert len(there["counts"]) == survey.channels
    rate = sum(there["counts"]) / there["live_time_s"]
    calm = np.median(columns(survey)["columns"]["gross"])
    assert rate == pytest.approx(calm, rel=0.2)
    assert survey_data.spectrum(survey, analysis, 200, 220)["background"] is None
    assert survey_data.spectrum(survey, analysis)["background"] is None


def test_waterfall_holds_every_count_between_its_edges(
    survey: Measurement, recordings: Path
) -> None:
    table = survey_data.waterfall(survey)
    raw = np.frombuffer(base64.b64decode(table["counts"]), dtype="<u2")
    cells = raw.reshape(table["rows"], table["bins"])
    assert (table["rows"], table["records_per_row"], table["axis"]) == (490, 1, "energy_keV")
    assert 200 < table["bins"] <= 256
    assert len(table["edges"]) == table["bins"] + 1
    assert np.all(np.diff(table["edges"]) > 0)
    records = read(recordings / SURVEY).measured
    edges = records[0].spectra[0].edges_keV
    counts = np.array([np.sum([s.counts for s in r.spectra], axis=0) for r in records])
    # what lies between first and last edge is all there; only counts of a channel that an edge
    # cuts may lie on either side of it
    new = np.array(table["edges"])
    expected = np.array([rebin(row, edges, new) for row in counts])
    inside = expected.sum(axis=1)
    assert np.abs(cells.sum(axis=1) - inside).max() <= counts.max()
    assert np.diff(new).min() > np.diff(edges).min() * 0.99, "a bin is narrower than a channel"
    spread = np.sqrt(expected.sum(axis=0) + 1)
    assert np.abs((cells.sum(axis=0) - expected.sum(axis=0)) / spread).max() < 5


def test_waterfall_is_grouped_where_less_room_is_asked_for(survey: Measurement) -> None:
    whole = survey_data.waterfall(survey)
    small = survey_data.waterfall(survey, bins=16, rows=100)
    assert (small["rows"], small["records_per_row"]) == (98, 5)
    assert 12 <= small["bins"] <= 16

    def total(table: dict[str, Any]) -> int:
        return int(np.frombuffer(base64.b64decode(table["counts"]), dtype="<u2").sum(dtype=int))

    # each of the 490 values is rounded to 0.1 ms
    assert sum(small["live_s"]) == pytest.approx(sum(whole["live_s"]), abs=490 * 5e-5)
    assert total(small) == pytest.approx(total(whole), rel=0.01)


def test_a_track_has_neither_spectrum_nor_waterfall(
    reader: Reader, bring: Callable[..., Upload]
) -> None:
    track = bring(reader, TRACK).measurement
    analysis = track.analyses.get()
    said = columns(track)
    assert (said["kind"], said["threshold"], said["columns"]["statistic"]) == ("track", None, None)
    assert said["columns"]["dose_rate_uSv_h"] is not None
    assert said["columns"]["gross"] is None
    assert max(said["columns"]["count_rate_cps"]) == pytest.approx(36.6, abs=0.1)
    assert survey_data.waterfall(track)["rows"] == 0
    assert survey_data.spectrum(track, analysis)["counts"] == []


def test_reference_lines_are_those_of_the_library_strongest_first() -> None:
    said = survey_data.reference_lines(["cs137", "Co-60", "Cs-137"])
    assert [n["name"] for n in said["nuclides"]] == ["Cs-137", "Co-60"]
    first = said["nuclides"][0]["lines"][0]
    assert first["emitter"] == "Ba-137m"
    assert first["energy_keV"] == pytest.approx(661.657, abs=0.01)
    for nuclide in said["nuclides"]:
        strengths = [line["intensity"] for line in nuclide["lines"]]
        assert strengths == sorted(strengths, reverse=True)
        assert len(strengths) <= 40
        assert all(line["origin"] for line in nuclide["lines"])
    assert load_library().version in said["library"]
    with pytest.raises(NotFound, match="Xx-999"):
        survey_data.reference_lines(["Cs-137", "Xx-999"])


def interfaces() -> dict[str, dict[str, str]]:
    """Fields of each interface of the browser's side, with nested objects left out."""
    text = CONTRACT.read_text(encoding="utf-8")
    found = {}
    text = text.replace("?:", ":")
    for name, body in re.findall(r"export interface (\w+) \{\n(.*?)\n\}", text, re.DOTALL):
        found[name] = dict(re.findall(r"^  (\w+): (.*?);?$", body, re.MULTILINE))
    return found


@pytest.mark.parametrize(
    ("interface", "schema"),
    [
        ("Survey", api_answers.SurveyOut),
        ("Encounter", api_answers.EncounterOut),
        ("Waterfall", api_answers.WaterfallOut),
        ("Spectrum", api_answers.SpectrumOut),
        ("ReferenceLine", api_answers.LineOut),
        ("ReferenceLines", api_answers.LinesOut),
    ],
)
def test_browser_and_server_hold_the_same_contract(interface: str, schema: Any) -> None:
    ours = {field.alias or name for name, field in schema.model_fields.items()}
    assert set(interfaces()[interface]) == ours


def test_every_value_of_an_answer_stands_in_the_contract(
    reader: Reader, bring: Callable[..., Upload]
) -> None:
    for name in (SURVEY, NATURAL, STATIC, TRACK):
        m = bring(reader, name).measurement
        analysis = m.analyses.get()
        for schema, answer in (
            (api_answers.SurveyOut, survey_data.survey(m, analysis, alarms={})),
            (api_answers.WaterfallOut, survey_data.waterfall(m)),
            (api_answers.SpectrumOut, survey_data.spectrum(m, analysis)),
            (
                api_answers.LinesOut,
                survey_data.reference_lines(survey_data.named_by(analysis)),
            ),
        ):
            through = schema.model_validate(answer).model_dump(by_alias=True, mode="json")
            assert through == answer

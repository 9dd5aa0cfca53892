"""The table for spreadsheets."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
from recordings_by_hand import small_survey

from tocsin.formats import write_csv
from tocsin.spectra import CountRate, GrossCounts, Record, Recording, Spectrum


def table(recording: Recording) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(write_csv(recording).decode("utf-8"), newline="")))


def test_one_row_per_record_with_all_that_the_columns_say() -> None:
    survey = small_survey(records=3, channels=8)
    rows = table(survey)
    assert len(rows) == 3
    for n, (row, record) in enumerate(zip(rows, survey.records, strict=True)):
        spectrum = record.spectra[0]
        assert record.start is not None
        assert record.position is not None
        assert row["record"] == str(n)
        assert row["start"] == record.start.isoformat()
        assert (row["real_time_s"], row["live_time_s"]) == ("1", "0.97")
        assert float(row["latitude_deg"]) == record.position.latitude_deg
        assert row["elevation_m"] == "300.25"
        assert row["gamma_counts"] == str(int(spectrum.total))
        assert row["neutron_counts"] == str(n % 3)
        assert row["dose_rate_uSv_h"] == "0.08"
        assert row["detector"] == "Aa1"
        assert [int(row[f"channel_{c}"]) for c in range(8)] == spectrum.counts.tolist()


def test_two_detectors_are_two_rows_and_nothing_counts_twice() -> None:
    spectra = (
        Spectrum(np.array([1, 2]), 1.0, 1.0, None, "a"),
        Spectrum(np.array([0.5, 2.0, -1.0]), None, None, None, "b"),
    )
    record = Record(spectra, real_time_s=1.0, gross_counts=(GrossCounts("n", 5.0),))
    rows = table(Recording((record,)))
    assert [r["record"] for r in rows] == ["0", "0"]
    assert [r["neutron_counts"] for r in rows] == ["5", ""]
    assert [r["gamma_counts"] for r in rows] == ["3", "1.5"]
    assert [r["channel_2"] for r in rows] == [None, "-1.0"] or rows[0]["channel_2"] in (None, "")
    assert [r["live_time_s"] for r in rows] == ["1", ""]


def test_a_record_without_spectrum_has_a_row() -> None:
    record = Record(gross_counts=(GrossCounts("n", 2.0),), real_time_s=1.0)
    (row,) = table(Recording((record,)))
    assert row["neutron_counts"] == "2"
    assert row["gamma_counts"] == ""


def test_a_rate_or_a_count_without_a_spectrum_is_in_the_table() -> None:
    rated = Record(count_rates=(CountRate(5.5, "g"),))
    counted = Record(gross_counts=(GrossCounts("g", 7.0, 5.0, kind="gamma"),), real_time_s=5.0)
    first, second = table(Recording((rated, counted)))
    assert (first["count_rate_cps"], first["gamma_counts"]) == ("5.5", "")
    assert (second["count_rate_cps"], second["gamma_counts"]) == ("", "7")


def test_a_detector_name_is_never_a_formula() -> None:
    survey = small_survey(records=1)
    for name in ("=1+1", "@x", "+x", "-x"):
        spectrum = dataclasses.replace(survey.records[0].spectra[0], detector=name)
        record = dataclasses.replace(survey.records[0], spectra=(spectrum,))
        (row,) = table(dataclasses.replace(survey, records=(record,)))
        assert row["detector"] == f"'{name}"


def test_an_empty_recording_is_a_header() -> None:
    assert write_csv(Recording(())).count(b"\r\n") == 1

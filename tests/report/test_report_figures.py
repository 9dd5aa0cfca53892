"""What the figures show: no spike lost, gaps as gaps, lines where their peaks are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_by_hand import CALIBRATION, N_CHANNEL, Made

from tocsin.report.drawing import Drawn
from tocsin.report.inert import inert, plain_label
from tocsin.report.spectrum_plot import _grouped, draw_spectrum, marked_lines, spread
from tocsin.report.strip_chart import draw_strip_chart
from tocsin.report.timeline import envelope, gaps_after, line_with_gaps, unit_for
from tocsin.report.track_map import LocalPlane, levels_of, round_length_m, track_of
from tocsin.report.waterfall import time_energy_image
from tocsin.spectra import EnergyCalibration, Position, Record, Spectrum


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=400),
    st.integers(1, 50),
)
def test_thinning_keeps_every_extreme(values: list[float], buckets: int) -> None:
    array = np.array(values)
    at = envelope(array, buckets)
    assert at.size <= max(2 * buckets + 2, 1)
    assert np.all(np.diff(at) > 0)
    assert {0, array.size - 1} <= set(at.tolist())
    if np.any(np.isfinite(array)):
        assert np.nanmax(array[at]) == np.nanmax(array)
        assert np.nanmin(array[at]) == np.nanmin(array)


def test_one_record_of_many_stays_on_the_strip_chart() -> None:
    values = np.ones(36_000)
    values[17_123] = 50.0
    x, y = line_with_gaps(np.arange(36_000.0), values, buckets=300)
    assert x[np.argmax(y)] == 17_123
    assert x.size < 700


def test_a_pause_breaks_the_line_where_it_is() -> None:
    time_s = np.concatenate((np.arange(50.0), 80 + np.arange(50.0)))
    assert gaps_after(time_s).tolist() == [49]
    x, y = line_with_gaps(time_s, np.ones(100), buckets=10)
    broken = np.flatnonzero(np.isnan(y))
    assert broken.size == 1
    assert x[broken[0] - 1] <= 49
    assert x[broken[0] + 1] >= 80


def test_two_missed_records_are_no_pause() -> None:
    assert gaps_after(np.array([0.0, 1, 2, 5, 6, 7])).size == 0


@pytest.mark.parametrize(("seconds", "name"), [(600, "s"), (3600, "min"), (90_000, "h")])
def test_unit_of_time_follows_the_length(seconds: float, name: str) -> None:
    assert unit_for(seconds).name == name


def test_waterfall_keeps_all_counts_of_the_shown_energies(survey: Made) -> None:
    records = survey.recording.measured
    time_s = survey.analysis.strip.time_s  # type: ignore[union-attr]
    for columns in (1000, 100):
        image = time_energy_image(records, time_s, columns=columns)
        assert image is not None
        assert image.rates.shape[1] <= columns
        low = image.scale_edges[0] ** 2
        inside = CALIBRATION.edges_keV(N_CHANNEL)[:-1] >= low
        inside &= CALIBRATION.edges_keV(N_CHANNEL)[1:] <= 3000.0
        expected = sum(float(r.spectra[0].counts[inside].sum()) for r in records)
        width_keV = np.diff(image.scale_edges**2)
        column_s = (image.end_s - image.begin_s) / image.rates.shape[1]
        drawn = np.nansum(image.rates * width_keV[:, None]) * column_s * 0.98
        # Columns do not end where records do, and the channel over the lower edge is cut.
        assert drawn == pytest.approx(expected, rel=0.02)


def test_waterfall_is_empty_in_a_pause_only(survey: Made) -> None:
    time_s = survey.analysis.strip.time_s  # type: ignore[union-attr]
    image = time_energy_image(survey.recording.measured, time_s)
    assert image is not None
    centre = (
        image.begin_s
        + (np.arange(image.rates.shape[1]) + 0.5)
        * (image.end_s - image.begin_s)
        / image.rates.shape[1]
    )
    empty = np.isnan(image.rates).all(axis=0)
    assert np.array_equal(empty, (centre > 337.0) & (centre < 361.0))


def test_waterfall_puts_a_peak_at_its_energy_under_any_calibration() -> None:
    counts = np.zeros(512, dtype=int)
    counts[300] = 1000
    wide = EnergyCalibration.polynomial([0.0, 662.0 / 300.5])
    half = EnergyCalibration.polynomial([0.0, 331.0 / 300.5])
    records = [
        Record((Spectrum(counts, 1.0, 1.0, wide),)),
        Record((Spectrum(counts, 1.0, 1.0, half),)),
        Record((Spectrum(counts, 1.0, 1.0, None),)),
    ]
    image = time_energy_image(records, np.arange(3.0))
    assert image is not None
    assert image.calibrated
    assert image.left_out == 1
    for column, energy_keV in ((0, 662.0), (2, 331.0)):
        row = int(np.nanargmax(image.rates[:, column]))
        low, high = image.scale_edges[row] ** 2, image.scale_edges[row + 1] ** 2
        assert low <= energy_keV <= high
    assert np.isnan(image.rates[:, 4:]).all()


def test_waterfall_without_energies_shows_channels() -> None:
    records = [Record((Spectrum(np.arange(64), 1.0, 1.0),)) for _ in range(12)]
    image = time_energy_image(records, np.arange(12.0))
    assert image is not None
    assert not image.calibrated
    assert image.scale_edges[-1] == 64


def test_lines_stand_on_the_files_own_scale(survey: Made) -> None:
    encounter = survey.analysis.encounters[0]
    assert encounter.spectrum is not None
    found, missing = marked_lines(encounter.nuclides, encounter.spectrum)
    assert (found.seen, found.at_keV, found.label) == (True, 653.8, "Cs-137 (Ba-137m) 661.7 keV")
    assert not missing.seen
    assert missing.at_keV == pytest.approx(32.19 / 1.012)


@given(st.lists(st.floats(0, 1), max_size=20))
def test_labels_keep_their_distance_order_and_frame(wanted: list[float]) -> None:
    places = spread(np.array(sorted(wanted)), low=0.0, high=1.0, step=0.04)
    assert np.all(np.diff(places) >= 0.04 - 1e-9)
    assert places.size == 0 or (places[0] >= -1e-9 and places[-1] <= 1 + 1e-9)


def test_labels_with_room_stay_at_their_line() -> None:
    wanted = np.array([0.1, 0.3, 0.9])
    assert np.allclose(spread(wanted, low=0.0, high=1.0, step=0.05), wanted)


def test_drawing_sums_whole_channels_and_loses_none(survey: Made) -> None:
    spectrum = survey.analysis.encounters[0].spectrum
    assert spectrum is not None
    for most in (2000, 300, 7):
        shown, size = _grouped(spectrum, most)
        assert shown.counts.sum() == spectrum.counts.sum()
        assert shown.counts.size <= most
        assert shown.edges_keV.size == shown.counts.size + 1
        assert size == -(-spectrum.counts.size // most)


def test_a_spectrum_without_counts_or_background_is_drawn(survey: Made) -> None:
    spectrum = survey.analysis.encounters[0].spectrum
    assert spectrum is not None
    nothing = dataclasses.replace(
        spectrum, counts=np.zeros(N_CHANNEL), background_counts=np.zeros(N_CHANNEL)
    )
    drawn = draw_spectrum(nothing, (), title="nothing", realm="LIVE")
    assert drawn.svg.startswith(b"<svg")
    assert "0 counts" in drawn.alternative


def test_figures_bear_any_realm_but_live(survey: Made) -> None:
    strip = survey.analysis.strip
    assert strip is not None
    marked = draw_strip_chart(survey.analysis, strip).svg
    live = draw_strip_chart(dataclasses.replace(survey.analysis, realm="LIVE"), strip).svg
    assert b"<!-- SYNTHETIC -->" in marked
    assert b"SYNTHETIC" not in live


def test_figures_hold_a_dark_theme_for_every_colour_they_use(survey: Made) -> None:
    import re

    from tocsin.report.drawing import PALETTE

    strip = survey.analysis.strip
    assert strip is not None
    text = draw_strip_chart(survey.analysis, strip).svg.decode()
    body = text[text.index("</style>") :]
    used = set(re.findall(r"(?:fill|stroke)(?:: |=\")(#[0-9a-f]{6})", body))
    assert used
    assert used <= {day for day, _ in PALETTE.values()}


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(
    ("role", "least"),
    [
        ("ink", 7.0),
        ("soft_ink", 4.5),
        ("threshold", 4.5),
        ("signal", 4.5),
        ("background", 4.5),
        ("model", 4.5),
        ("neutron", 4.5),
    ],
)
def test_lines_and_letters_stand_out_from_their_paper(role: str, least: float, theme: int) -> None:
    from tocsin.report.drawing import PALETTE

    a, b = _luminance(PALETTE[role][theme]), _luminance(PALETTE["paper"][theme])
    assert (max(a, b) + 0.05) / (min(a, b) + 0.05) >= least


def test_local_plane_measures_metres_even_across_the_date_line() -> None:
    plane = LocalPlane(60.0, 179.999)
    x, y = plane.metres(np.array([60.0, 60.001]), np.array([-179.999, 179.999]))
    # One degree of latitude is 111.195 km on this sphere; of longitude half of it at 60 degrees.
    assert x[0] == pytest.approx(0.002 * 111_195 / 2, rel=1e-4)
    assert y[1] == pytest.approx(111.195, rel=1e-4)
    assert x[1] == 0.0


def test_track_breaks_where_places_are_missing() -> None:
    places = [Position(50.0, 10.0 + 1e-5 * i) for i in range(30)]
    records = [Record(position=None if 10 <= i < 20 else p) for i, p in enumerate(places)]
    track = track_of(records, np.arange(30.0))
    assert track is not None
    assert track.breaks.tolist() == [10]
    assert track_of(records[:1], np.arange(1.0)) is None


def test_levels_count_in_thresholds() -> None:
    values = np.array([np.nan, -3.0, 2.4, 2.5, 5.0, 9.9, 10.0, 20.0, 1e9])
    assert levels_of(values, 5.0).tolist() == [0, 0, 0, 0, 1, 1, 2, 3, 3]


@pytest.mark.parametrize(("longest", "length"), [(9.9, 5), (10, 10), (49, 20), (0.3, 0.2)])
def test_scale_bar_has_a_round_length(longest: float, length: float) -> None:
    assert round_length_m(longest) == pytest.approx(length)


@given(st.text())
def test_inert_text_holds_nothing_invisible(text: str) -> None:
    import unicodedata

    shown = inert(text)
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in shown)
    assert "\n" not in shown
    assert all(" " <= c <= "~" for c in plain_label(text))


def test_long_text_is_cut_with_a_word_about_it() -> None:
    assert inert("x" * 10_000).endswith("(cut: 10000 characters in all)")
    assert len(inert("x" * 10_000)) < 700


def test_a_figure_shows_itself_in_a_notebook() -> None:
    assert Drawn(b"<svg/>", "words", "caption")._repr_svg_() == "<svg/>"

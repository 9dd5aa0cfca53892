"""Reference lines of the library: which, where, and never mistaken for what was found."""

from __future__ import annotations

import dataclasses

import numpy as np
from made_by_hand import Made

from tocsin.detection.analysis import Encounter, NuclideFinding
from tocsin.report.reference_lines import MOST_LINES, reference_lines
from tocsin.report.spectrum_plot import draw_channels, draw_spectrum, marked_lines
from tocsin.spectra import Record, Spectrum


def encounter(*names: str, source_class: str = "unknown") -> Encounter:
    nuclides = tuple(NuclideFinding(n, "industrial", 0.9, "shape") for n in names)
    plain = Encounter(0, 0, 0, None, None, 9.0, 5.0, None, "unknown", nuclides=nuclides)
    return dataclasses.replace(plain, source_class=source_class)  # type: ignore[arg-type]


def test_strongest_lines_of_what_was_named_by_shape() -> None:
    found = reference_lines(encounter("Cs-137", "Co-60"))
    assert [(r.nuclide, r.emitter, round(r.energy_keV, 1)) for r in found] == [
        ("Cs-137", "Ba-137m", 661.7),
        ("Co-60", "Co-60", 1332.5),
        ("Co-60", "Co-60", 1173.2),
    ]
    assert len(reference_lines(encounter("Eu-152"))) == MOST_LINES


def test_lines_that_were_looked_for_need_no_reference(static: Made) -> None:
    assert reference_lines(static.analysis.encounters[0]) == ()


def test_natural_material_without_a_name_gets_one_line_of_each_series() -> None:
    found = reference_lines(encounter(source_class="norm"))
    assert [(r.nuclide, r.emitter, round(r.energy_keV)) for r in found] == [
        ("K-40", "K-40", 1461),
        ("Ra-226", "Bi-214", 609),
        ("Ra-226", "Bi-214", 1764),
        ("Th-232", "Tl-208", 2615),
    ]
    assert reference_lines(encounter(source_class="unknown")) == ()


def test_a_name_that_the_library_does_not_hold_is_passed_over() -> None:
    assert reference_lines(encounter("Xx-1")) == ()


def test_reference_lines_stand_on_the_files_scale_and_say_what_they_are(survey: Made) -> None:
    spectrum = survey.analysis.encounters[0].spectrum
    assert spectrum is not None
    assert spectrum.gain == 1.012
    references = reference_lines(encounter("Cs-137"))
    (mark,) = marked_lines((), spectrum, references)
    assert mark.label == "Cs-137 (Ba-137m) 661.7 keV"
    assert mark.reference
    assert not mark.seen
    assert np.isclose(mark.at_keV, 661.657 / 1.012)
    drawn = draw_spectrum(spectrum, (), title="x", realm="LIVE", references=references)
    assert "Dashed lines: where the nuclide library puts" in drawn.caption
    assert "not confirmed" not in drawn.caption
    assert "0 lines found" in drawn.alternative


def test_spectra_without_energies_are_drawn_by_channel() -> None:
    def record(n: int, height: int) -> Record:
        counts = np.full(n, height)
        return Record((Spectrum(counts, 1.0, 1.0, None, "d"),))

    drawn = draw_channels([record(64, 1), record(64, 2), record(32, 9)], realm="LIVE")
    assert drawn is not None
    assert drawn.alternative == "Spectrum by channel: 192 counts in 64 channels."
    assert "sum of 2 spectra" in drawn.caption
    assert "1 spectrum of another length left out" in drawn.caption
    assert "No energy is shown" in drawn.caption
    assert draw_channels([Record()], realm="LIVE") is None

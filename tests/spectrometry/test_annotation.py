"""What a peak may be: the right lines foremost, detector effects at their places, no verdict."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_spectra import TruePeak, drawn, gaussian_counts

from tocsin.detectors import Resolution
from tocsin.nuclear import load_library
from tocsin.spectrometry import MeasuredSpectrum, analyze_peaks, annotate
from tocsin.spectrometry.xrays import xray_lines

CURVE = Resolution(0.6, 0.0018, 0.0)


def annotated(peaks: dict[float, float], *, top: float = 3000.0, crystal: str | None = None):
    """Candidates of each peak, by the energy that was put in, rounded."""
    random = np.random.default_rng(51)
    edges = np.linspace(0.0, top, 8193)
    expected = np.full(8192, 15.0)
    for e, area in peaks.items():
        expected += gaussian_counts(edges, TruePeak(e, area, float(CURVE.fwhm_keV(e))))
    analysis = analyze_peaks(drawn(expected, edges, random), CURVE)
    found = annotate(analysis, crystal=crystal)
    assert len(found) == len(analysis.peaks)
    true = np.array(sorted(peaks))
    return {
        round(float(true[int(np.argmin(np.abs(true - p.energy_keV)))])): c
        for p, c in zip(analysis.peaks, found, strict=True)
    }


def lines_of(name: str, *, least: float, below: float = 2900.0, scale: float = 1e5):
    """Peaks of a nuclide's lines in a detector whose efficiency falls as one over the energy."""
    lines = [x for x in load_library()[name].lines if x.intensity >= least]
    return {
        x.energy_keV: scale * x.intensity * 100.0 / x.energy_keV
        for x in lines
        if 60.0 < x.energy_keV < below
    }


@pytest.mark.parametrize(
    ("name", "least", "at"),
    [("Eu-152", 0.01, 1408), ("Ba-133", 0.01, 356), ("Co-60", 0.5, 1332), ("Sb-124", 0.02, 1691)],
)
def test_the_nuclide_that_made_the_peaks_is_foremost(name: str, least: float, at: int) -> None:
    found = annotated(lines_of(name, least=least))
    foremost = [c[0].label for c in found.values()]
    assert found[at][0].label == name
    assert sum(label == name for label in foremost) >= 0.8 * len(foremost)
    assert found[at][0].seen == found[at][0].expected > 0


def test_what_is_everywhere_stands_before_what_is_rare() -> None:
    """Natural lines and lead X-rays; Bi-208 and Bi-207 have lines at the same energies."""
    lead = {72.80: 1.2e4, 74.97: 2e4, 84.94: 6e3}
    natural = {238.632: 2e4, 583.187: 9e3, 1460.82: 2e4, 2614.511: 5e3}
    natural |= lines_of("Bi-214", least=0.01)
    found = annotated(lead | natural)
    for e, name in ((239, "Pb-212"), (583, "Tl-208"), (609, "Bi-214"), (1461, "K-40")):
        assert found[e][0].label == name
    assert found[2615][0].label == "Tl-208"
    assert found[75][0].label == "Pb Ka1"


def test_an_isomer_is_named_with_its_parent() -> None:
    found = annotated({661.657: 5e3})
    labels = [c.label for c in found[662]]
    assert "Ba-137m (Cs-137)" in labels


def test_a_nuclide_whose_other_lines_are_missing_loses_rank() -> None:
    """1332.5 keV alone: Co-60 would have 1173 keV beside it, and the reason says so."""
    alone, both = ({1332.492: 2e4}, {1173.228: 2e4, 1332.492: 2e4})
    (without,) = [c for c in annotated(alone)[1332] if c.label == "Co-60"]
    (with_it,) = [c for c in annotated(both)[1332] if c.label == "Co-60"]
    assert (without.seen, without.expected) == (0, 1)
    assert (with_it.seen, with_it.expected) == (1, 1)
    assert "0 of 1" in without.reason
    assert with_it.score > without.score + 3.0


def test_escape_sum_and_scatter_positions_are_named() -> None:
    line = 2614.511
    back = line / (1 + 2 * line / 510.999)
    found = annotated(
        {line: 2e4, line - 510.999: 1e3, line - 1021.998: 2e3, 583.187: 6e4, 583.187 + line: 300.0},
        top=3400.0,
    )
    kinds = {e: {c.kind for c in candidates} for e, candidates in found.items()}
    assert "single escape" in kinds[2104]
    assert "double escape" in kinds[1593]
    assert "sum" in kinds[3198]
    found = annotated({661.657: 2e4, 661.657 / (1 + 2 * 661.657 / 510.999): 3e3})
    assert "back-scatter" in {c.kind for c in found[184]}
    assert back < 240.0


def test_escape_of_a_line_beyond_the_spectrum_is_named() -> None:
    """Tl-208 with 2614.5 keV above the last channel: its double escape stands within."""
    peaks = lines_of("Tl-208", least=0.01, below=1800.0)
    peaks[2614.511 - 1021.998] = 1.5e3
    found = annotated(peaks, top=1900.0)
    assert any(c.kind == "double escape" and "2614.5" in c.label for c in found[1593])


def test_the_crystal_s_own_x_ray_escapes() -> None:
    found = annotated({122.06: 5e4, 122.06 - 28.6: 2e3}, crystal="NaI")
    assert any(c.kind == "x-ray escape" and c.label.endswith("I K") for c in found[93])
    without = annotated({122.06: 5e4, 122.06 - 28.6: 2e3})
    assert not any(c.kind == "x-ray escape" for c in without[93])


def test_lead_fluorescence_is_named_by_its_lines() -> None:
    lines = [x for x in xray_lines() if x.element == "Pb" and x.line in ("Ka1", "Ka2")]
    found = annotated({x.energy_keV: 8e3 * x.relative_intensity for x in lines})
    assert any(c.label == "Pb Ka1" and c.kind == "x-ray" for c in found[75])


def test_annihilation_is_named_before_any_nuclide() -> None:
    found = annotated({510.999: 5e3})
    assert found[511][0].kind == "annihilation"
    assert found[511][0].label == "e+ e-"


def test_candidates_are_in_order_and_near() -> None:
    for candidates in annotated(lines_of("Ba-133", least=0.02)).values():
        scores = [c.score for c in candidates]
        assert scores == sorted(scores, reverse=True)
        assert len(candidates) <= 12
        assert all(abs(c.offset_keV) < 3.0 for c in candidates)


def test_a_spectrum_in_channels_has_no_candidates() -> None:
    random = np.random.default_rng(52)
    edges = np.arange(1025.0)
    expected = np.full(1024, 20.0) + gaussian_counts(edges, TruePeak(300.0, 3e3, 12.0))
    counts = random.poisson(expected).astype(float)
    analysis = analyze_peaks(
        MeasuredSpectrum(counts, edges, unit="channel"), Resolution(0.0, 0.5, 0.0)
    )
    assert analysis.peaks
    assert annotate(analysis) == ((),) * len(analysis.peaks)


def test_the_table_of_x_rays_is_the_one_of_the_manifest() -> None:
    import hashlib
    import json
    from importlib import resources

    folder = resources.files("tocsin.spectrometry") / "data"
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, entry in manifest.items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert entry["source"]
        assert entry["licence"]
    lead = {x.line: x for x in xray_lines() if x.element == "Pb"}
    # Deslattes et al. 2003, doi 10.1103/RevModPhys.75.35: Pb Ka1 74.9700, Ka2 72.8049 keV.
    assert lead["Ka1"].energy_keV == pytest.approx(74.970, abs=0.002)
    assert lead["Ka2"].energy_keV == pytest.approx(72.805, abs=0.002)

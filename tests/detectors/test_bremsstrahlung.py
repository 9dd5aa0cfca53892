"""Bremsstrahlung of betas: yields, shapes of the betas, photons per decay."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.detectors import material
from tocsin.detectors.beta import beta_spectrum
from tocsin.detectors.bremsstrahlung import STOPPER, bremsstrahlung_photons, range_g_cm2
from tocsin.detectors.radiation_yield import radiation_yield
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV
from tocsin.detectors.transport.encounters import radiative_share
from tocsin.errors import InvalidInput, NotFound, OutOfDomain
from tocsin.nuclear import beta_branches, load_library
from tocsin.nuclear.companions import companion_rows
from tocsin.nuclear.names import split_nuclide

LIBRARY = load_library()
LOWEST_KEV = 10.0  # of the photon bins
STUFF = material(STOPPER)


@pytest.mark.parametrize(
    ("kinetic_keV", "radiated"),
    [
        # output of the NIST server for lead, read in a copy (github.com/yunuen-ce/PC_Topas_lead)
        (50.0, 6.055e-3),
        (100.0, 1.162e-2),
        (200.0, 2.118e-2),
        (500.0, 4.241e-2),
        (1000.0, 6.842e-2),
        (2000.0, 1.096e-1),
        (5000.0, 2.045e-1),
    ],
)
def test_yields_of_lead_are_those_of_estar(kinetic_keV: float, radiated: float) -> None:
    assert radiation_yield("Pb", kinetic_keV) == pytest.approx(radiated, rel=0.005)


@pytest.mark.parametrize(("element", "external_per_MeV"), [("Al", 4.8e-3), ("Fe", 9.2e-3)])
@pytest.mark.parametrize("kinetic_MeV", [0.5, 1.0, 2.0, 2.8])
def test_yields_lie_above_what_was_measured_outside(
    element: str, external_per_MeV: float, kinetic_MeV: float
) -> None:
    """Thick targets, 0.5 to 2.8 MeV: outside of them comes 4.8e-3 T of Al and 9.2e-3 T of Fe.

    Dance et al. 1968, J. Appl. Phys. 39, 2881 (abstract read). Electrons that are thrown back and
    photons that stay in the target are missing there.
    """
    inside = radiation_yield(element, 1000.0 * kinetic_MeV)
    assert 1.2 < inside / (external_per_MeV * kinetic_MeV) < 2.3


def test_yields_refuse_what_the_table_does_not_hold() -> None:
    with pytest.raises(NotFound, match="'gold'; known are Al, Fe, Pb, W"):
        radiation_yield("gold", 100.0)
    with pytest.raises(OutOfDomain, match="from 10 to 15000 keV"):
        radiation_yield("Fe", [100.0, 5.0])
    with pytest.raises(NotFound, match="no radiation yields"):
        bremsstrahlung_photons("P-32", library=LIBRARY, stopper="water")


def test_a_beta_spectrum_is_tilted_to_a_mean_and_no_further() -> None:
    kinetic, allowed = beta_spectrum(2278.5, points=400, daughter_z=40)
    own = float(allowed @ kinetic)
    _, same = beta_spectrum(2278.5, points=400, daughter_z=40, mean_keV=own)
    assert same == pytest.approx(allowed, rel=1e-6)
    for mean_keV in (0.7 * own, 1.2 * own, 1500.0):
        _, tilted = beta_spectrum(2278.5, points=400, daughter_z=40, mean_keV=mean_keV)
        assert tilted.sum() == pytest.approx(1)
        assert tilted @ kinetic == pytest.approx(mean_keV, rel=1e-6)
        # the logarithm of the factor is a straight line
        assert np.diff(np.log(tilted / allowed), 2) == pytest.approx(0, abs=1e-9)
    for wrong in (0.0, 2278.5, 3000.0):
        with pytest.raises(InvalidInput, match="no mean energy of"):
            beta_spectrum(2278.5, points=400, mean_keV=wrong)


@pytest.mark.parametrize("name", ["Sr-90", "Y-90", "P-32", "Cs-137", "Co-60", "Pa-234m", "Bi-214"])
def test_the_energy_of_the_photons_is_what_the_betas_radiate(name: str) -> None:
    """Against sums over branches, fine kinetic energies and fine photon energies from 10 keV on."""
    branches = beta_branches(name)
    wall = range_g_cm2(STOPPER, np.array([branches[0].end_keV]))
    expected = 0.0
    for branch in branches:
        z = split_nuclide(name)[0] + 1
        kinetic, shares = beta_spectrum(
            branch.end_keV, points=500, daughter_z=z, mean_keV=branch.mean_keV
        )
        kinetic, shares = kinetic[kinetic > LOWEST_KEV], shares[kinetic > LOWEST_KEV]
        for t, share in zip(kinetic, shares, strict=True):
            edges = np.linspace(LOWEST_KEV, t, 400)
            k = (edges[1:] + edges[:-1]) / 2
            photo = STUFF.coefficients(k).photo / STUFF.density_g_cm3
            out = np.exp(-photo * (wall - range_g_cm2(STOPPER, np.array([t])) / 2))
            energy = 2 * radiation_yield(STOPPER, t) * (t - k) / t * np.diff(edges) * out
            expected += branch.per_decay * share * float(energy.sum())
    photons = bremsstrahlung_photons(name, library=LIBRARY, age_s=0.0)
    assert photons @ PHOTON_CENTRES_KEV == pytest.approx(expected, rel=0.01)


def test_the_wall_takes_little_of_the_energy_and_most_of_the_softest_photons() -> None:
    photons = bremsstrahlung_photons("Y-90", library=LIBRARY, age_s=0.0)
    born = sum(
        b.per_decay * float(s @ (radiation_yield(STOPPER, t) * t))
        for b in beta_branches("Y-90")
        for t, s in [beta_spectrum(b.end_keV, points=100, daughter_z=40, mean_keV=b.mean_keV)]
    )
    assert 0.75 < photons @ PHOTON_CENTRES_KEV / born < 0.97
    per_keV = photons / np.diff(PHOTON_EDGES_KEV)
    at = [float(np.interp(e, PHOTON_CENTRES_KEV, per_keV)) for e in (25.0, 60.0, 120.0, 240.0)]
    # without the wall Kramers' law would rise to the lowest energies
    assert at[0] < 0.2 * at[1]
    assert at[1] > 0.8 * at[2] > at[3]


def test_yttrium_in_iron_radiates_what_the_textbook_says() -> None:
    """Evans' rule, share Z Q / 3000 of the energy of all betas, Q in MeV (read in a quotation)."""
    photons = bremsstrahlung_photons("Y-90", library=LIBRARY, age_s=0.0)
    share = float(photons @ PHOTON_CENTRES_KEV) / 932.4
    assert share == pytest.approx(26 * 2.2785 / 3000, rel=0.35)
    assert not photons[PHOTON_EDGES_KEV[:-1] > 2279.0].any()
    per_keV = photons / np.diff(PHOTON_EDGES_KEV)
    lit = per_keV[(PHOTON_EDGES_KEV[:-1] > 120) & (PHOTON_EDGES_KEV[1:] < 2200)]
    assert np.all(np.diff(lit) < 0)
    heavy = bremsstrahlung_photons("Y-90", library=LIBRARY, age_s=0.0, stopper="W")
    hard = PHOTON_CENTRES_KEV > 500
    assert heavy[hard].sum() > 1.8 * photons[hard].sum()


def test_every_emitter_of_the_table_of_betas_sends_out_bremsstrahlung() -> None:
    for row in companion_rows("betas.csv"):
        name, largest_keV = row["emitter"], float(row["largest_keV"])
        photons = bremsstrahlung_photons(name, library=LIBRARY, age_s=0.0)
        if largest_keV > 25.0:
            assert photons[PHOTON_CENTRES_KEV < largest_keV].any(), name
    assert not bremsstrahlung_photons("Am-241", library=LIBRARY, age_s=0.0).any()


def test_branches_hold_the_betas_of_the_nuclide() -> None:
    """The branches of the table carry the mean energy per decay that the table of betas states."""
    for row in companion_rows("betas.csv"):
        branches = beta_branches(row["emitter"])
        carried = sum(b.per_decay * b.mean_keV for b in branches)
        assert carried == pytest.approx(float(row["mean_keV"]), rel=5e-3), row["emitter"]
        assert all(0.0 < b.mean_keV < b.end_keV for b in branches), row["emitter"]
    ends = [(b.end_keV, b.per_decay) for b in beta_branches("Cs-137")]
    assert ends[0] == (pytest.approx(1175.6, abs=1.0), pytest.approx(0.056, abs=0.004))
    assert ends[1] == (pytest.approx(514.0, abs=1.0), pytest.approx(0.944, abs=0.004))


def test_the_chain_counts_with_its_age() -> None:
    fresh = bremsstrahlung_photons("Sr-90", library=LIBRARY, age_s=0.0)
    old = bremsstrahlung_photons("Sr-90", library=LIBRARY)
    daughter = bremsstrahlung_photons("Y-90", library=LIBRARY)
    assert not fresh[PHOTON_EDGES_KEV[:-1] > 546.0].any()
    # together they are in the thicker wall
    assert np.all(old <= (fresh + daughter) * 1.001)
    hard = PHOTON_CENTRES_KEV > 200
    assert old[hard] == pytest.approx((fresh + daughter)[hard], rel=0.02)
    # most of what a source of caesium radiates comes of its strong branch, all beyond of the other
    caesium = bremsstrahlung_photons("Cs-137", library=LIBRARY)
    high = PHOTON_EDGES_KEV[:-1] > 514.1
    assert 0 < caesium[high].sum() < 0.02 * caesium.sum()


def test_the_simple_formula_of_the_transport_holds_for_iron_above_one_mev() -> None:
    """6e-4 Z T over one plus itself, against ESTAR; below it is too low."""
    for kinetic_keV, ratio in ((200.0, 0.6), (500.0, 0.78), (1000.0, 0.9), (2000.0, 0.98)):
        simple = radiative_share.py_func(kinetic_keV, 26.0)
        assert simple / radiation_yield("Fe", kinetic_keV) == pytest.approx(ratio, abs=0.02)

"""Nuclides whose signature is a continuum: bremsstrahlung of betas, spontaneous fission."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tocsin.nuclear.companions import companion_rows
from tocsin.nuclear.library import NuclideLibrary, load_library

BETA_OVER_PHOTONS = 100.0
"""Energy of the beta particles over that of the photons from which the continuum is taken as the
signature: a convention. Steel turns about a hundredth of the energy of betas of one MeV into
photons, so that from here on the continuum carries about as much energy as all lines."""
LEAST_BETA_KEV = 150.0
"""Largest beta energy below which the continuum hardly leaves a capsule: a convention."""
LEAST_PHOTON_KEV = 20.0
"""Photons below it do not count: they hardly leave a capsule."""
CARRIER_PART = 0.1
"""Members of a chain that carry this part of the beta energy are named."""

SPONTANEOUS_FISSION = frozenset(
    (
        "U-238 Pu-238 Pu-240 Pu-242 Pu-244 Cm-242 Cm-244 Cm-246 Cm-248 Cf-250 Cf-252 Fm-254 Fm-257"
    ).split()
)
"""Nuclides of which amounts are met whose fission neutrons and gammas can be seen. The list is
ours; that each has a branch of spontaneous fission is compared with ICRP-107 by the tests."""


@dataclass(frozen=True, slots=True)
class Continuum:
    """A continuum that shows a nuclide, where its lines are few or none.

    Attributes
    ----------
    kind : str
        ``bremsstrahlung`` or ``spontaneous fission``.
    carriers : tuple of str
        Members of the chain that make it.
    beta_mean_keV, photons_keV : float or None
        Mean energy of beta particles, and of photons of 20 keV or more, per decay of the named
        nuclide; None for fission.
    beta_largest_keV : float or None
        End of the beta spectrum, where the continuum ends too; None for fission.
    neutrons : bool
        Whether neutrons come with it.
    meaning : str
        What to expect in a spectrum.
    verification : str
        How far the statement is checked.
    """

    kind: str
    carriers: tuple[str, ...]
    beta_mean_keV: float | None
    photons_keV: float | None
    beta_largest_keV: float | None
    neutrons: bool
    meaning: str
    verification: str


@cache
def _betas() -> dict[str, tuple[float, float]]:
    """Mean energy per decay and largest energy of the betas, in keV, by emitter."""
    return {
        row["emitter"]: (float(row["mean_keV"]), float(row["largest_keV"]))
        for row in companion_rows("betas.csv")
    }


def continua(
    name: str, *, age_s: float | None = None, library: NuclideLibrary | None = None
) -> tuple[Continuum, ...]:
    """Continua that are the signature of a nuclide with its progeny; empty where lines are.

    Parameters
    ----------
    name : str
        Nuclide in any customary spelling.
    age_s : float, optional
        As in ``NuclideLibrary.lines``: None takes the progeny in equilibrium.
    library : NuclideLibrary, optional
        The shipped library by default.

    Returns
    -------
    tuple of Continuum
        Bremsstrahlung where the betas carry ``BETA_OVER_PHOTONS`` times the energy of the photons
        and reach ``LEAST_BETA_KEV``; spontaneous fission for the nuclides of the list.

    Raises
    ------
    InvalidInput, NotFound
        If the name is none, or not in the library.

    Examples
    --------
    >>> continua("Sr-90")[0].carriers
    ('Sr-90', 'Y-90')
    """
    chosen = library if library is not None else load_library()
    canonical = chosen[name].name
    found = []
    ratios = chosen.activity_ratios(canonical, age_s=age_s)
    carried = {n: r * _betas()[n][0] for n, r in ratios.items() if n in _betas() and r > 0.0}
    energy_keV = sum(carried.values())
    photons_keV = sum(
        line.energy_keV * line.intensity
        for line in chosen.lines(canonical, age_s=age_s)
        if line.energy_keV >= LEAST_PHOTON_KEV
    )
    carriers = tuple(n for n, part in carried.items() if part >= CARRIER_PART * energy_keV)
    largest_keV = max((_betas()[n][1] for n in carriers), default=0.0)
    if energy_keV > BETA_OVER_PHOTONS * photons_keV and largest_keV >= LEAST_BETA_KEV:
        found.append(
            Continuum(
                kind="bremsstrahlung",
                carriers=carriers,
                beta_mean_keV=energy_keV,
                photons_keV=photons_keV,
                beta_largest_keV=largest_keV,
                neutrons=False,
                meaning="a smooth fall from low energies to the end of the beta spectrum, without "
                "peaks, steeper the lighter the material that stops the betas",
                verification="beta energies read; the limits are conventions",
            )
        )
    if canonical in SPONTANEOUS_FISSION:
        found.append(
            Continuum(
                kind="spontaneous fission",
                carriers=(canonical,),
                beta_mean_keV=None,
                photons_keV=None,
                beta_largest_keV=None,
                neutrons=True,
                meaning="neutrons, prompt gammas as a fall far beyond 3 MeV, and the lines that "
                "neutrons excite in what stands around",
                verification="branch confirmed in a second evaluation; its share is not given",
            )
        )
    return tuple(found)

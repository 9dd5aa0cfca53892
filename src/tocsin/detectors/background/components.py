"""Background components of a detector: counts per channel, and how they move with the instrument.

Deposits are drawn once on a fine grid, before resolution. Energy scale, peak width and the layers
around the crystal come afterwards, with derivatives in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import ndtr

from tocsin.detectors.background.fields import cosmic_field
from tocsin.detectors.background.origins import LAYER_NODES, SIZE_NODES, drawn, known_beside
from tocsin.detectors.background.simulated import SimulatedField
from tocsin.detectors.model import FWHM_PER_SIGMA, DetectorModel
from tocsin.errors import InvalidInput
from tocsin.nuclear import NuclideLibrary

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

REACH = 5.0  # standard deviations of a peak that are drawn
BEND_KEV = 1460.82  # where a bent energy scale keeps its place, beside zero
WIDTH_KEV = 661.66  # where the slope of the width turns


@dataclass(frozen=True, slots=True)
class Instrument:
    """How an instrument departs from its model and its file.

    A channel edge that the file puts at ``E`` is at ``E + offset + gain E + bend E (E/1461 - 1)``;
    peak widths are those of the model times ``exp(width) (E / 662)^width_slope``; there is
    ``exp(layers)`` times as much matter around the crystal, whose lengths are ``exp(size)`` times
    those of the model.

    Parameters
    ----------
    offset_keV, gain, bend : float
        Energy scale; ``bend`` is what light that is not proportional leaves of a straight scale.
    width, width_slope : float
        Peak width.
    layers : float
        Logarithm of the amount of the layers, within -1.39 to 2.77 (a quarter to sixteen times).
    size : float
        Logarithm of the lengths of the crystal, within -0.223 to 0.223 (0.8 to 1.25).
    """

    offset_keV: float = 0.0
    gain: float = 0.0
    bend: float = 0.0
    width: float = 0.0
    width_slope: float = 0.0
    layers: float = 0.0
    size: float = 0.0

    def values(self) -> FloatArray:
        """The numbers in the order of the fields."""
        return np.array([getattr(self, f.name) for f in fields(self)], dtype=np.float64)

    @staticmethod
    def of(values: ArrayLike) -> Instrument:
        """From numbers in the order of the fields."""
        return Instrument(*np.asarray(values, dtype=np.float64).tolist())


PARAMETERS = tuple(f.name for f in fields(Instrument))
REACHES = {"layers": np.log(LAYER_NODES), "size": np.log(SIZE_NODES)}
"""Places of the two numbers that were drawn; between them the polynomial through all."""


class BackgroundComponents:
    """Components of one detector model on one set of channels.

    Parameters
    ----------
    model : DetectorModel
        The detector; photons come evenly from all directions.
    edges_keV : (n_channel + 1,) float
        Rising channel edges as the file states them.
    library : NuclideLibrary
        Where the lines come from.
    altitude_m : float
        Above the sea, for cosmic photons.
    beside : sequence of str
        Nuclides that are known to be near, for example the check source of the instrument.
    simulated : SimulatedField, optional
        Photon transport through the whole detector stands for its answer to the fields, for every
        amount of layers; without it the deterministic response of the bare crystal does. The first
        time for a detector this takes minutes.

    Attributes
    ----------
    response : str
        ``"simulated"`` or ``"deterministic"``.
    components : tuple of Component
        In the order of the rows of :meth:`counts`.

    Raises
    ------
    InvalidInput
        When the edges do not rise, or reach no energy between 30 and 3000 keV; for a nuclide
        beside that emits no photons.
    NotFound, OutOfDomain
        For a nuclide or crystal without data, or an altitude out of range.

    Notes
    -----
    Valid from 30 to 3000 keV. What is left out: bremsstrahlung of beta emitters in the ground,
    scatter in the instrument itself, cosmic neutrons and electrons, light that is not proportional
    within one event, and everything the response leaves out. Lines beside, X-rays of lead, alphas
    of the crystal with their levels, photons above 3000 keV and what another size of the crystal
    changes follow from the deterministic response in any case; gammas of La-138 are followed where
    ``simulated`` is given.
    """

    def __init__(
        self,
        model: DetectorModel,
        edges_keV: ArrayLike,
        *,
        library: NuclideLibrary,
        altitude_m: float = 0.0,
        beside: Sequence[str] = (),
        simulated: SimulatedField | None = None,
    ) -> None:
        edges = np.asarray(edges_keV, dtype=np.float64)
        if edges.ndim != 1 or edges.size < 3 or not np.all(np.isfinite(edges)):
            raise InvalidInput("edges_keV must be one-dimensional, finite, for 2 channels or more")
        if not np.all(np.diff(edges) > 0):
            raise InvalidInput("edges_keV must rise from channel to channel")
        if edges[-1] < 100.0 or edges[0] > 2000.0:
            raise InvalidInput(
                f"channels from {edges[0]:g} to {edges[-1]:g} keV see no natural background: "
                "check the energy calibration"
            )
        # what can be refused at once is refused before anything is drawn, which takes a while
        near = known_beside(tuple(beside), library)
        cosmic_field(float(altitude_m))
        self.model = model
        self.edges_keV = edges
        grid, self.components, self._deposits = drawn(
            model, library, float(altitude_m), near, simulated
        )
        self.response = "deterministic" if simulated is None else "simulated"
        self._centres = (grid[1:] + grid[:-1]) / 2

    def deposits(self, instrument: Instrument) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Deposits ``(component, grid)``, and their derivatives by ``layers`` and by ``size``."""
        layers, by_layers = _between("layers", instrument.layers)
        size, by_size = _between("size", instrument.size)

        def mixed(s: FloatArray, w: FloatArray) -> FloatArray:
            return np.asarray(np.einsum("csln,s,l->cn", self._deposits, s, w, optimize=True))

        value = mixed(size, layers)
        some = value > 0
        return (
            np.maximum(value, 0.0),
            np.where(some, mixed(size, by_layers), 0.0),
            np.where(some, mixed(by_size, layers), 0.0),
        )

    def energies(self, instrument: Instrument) -> FloatArray:
        """Channel edges in true energy, keV."""
        e = self.edges_keV
        bent = e * (e / BEND_KEV - 1)
        true = e + instrument.offset_keV + instrument.gain * e + instrument.bend * bent
        return np.asarray(np.maximum.accumulate(true))

    def sigma_keV(self, instrument: Instrument) -> FloatArray:
        """Width of the peaks at the deposits, one standard deviation."""
        model = self.model.fwhm_keV(self._centres) / FWHM_PER_SIGMA
        ratio = self._centres / WIDTH_KEV
        return np.asarray(model * np.exp(instrument.width) * ratio**instrument.width_slope)

    def counts(self, instrument: Instrument | None = None) -> FloatArray:
        """Counts per second for an amount of one of each, ``(component, n_channel)``."""
        instrument = instrument or Instrument()
        value, _, _ = self.deposits(instrument)
        share = self._share(self._reached(instrument))
        return np.asarray((share @ value.T).T)

    def derivatives(self, amounts: FloatArray, instrument: Instrument) -> FloatArray:
        """Derivative of the counts of a mixture by every number of the instrument.

        With ``F(e)`` the counts below true energy ``e``, counts are differences of ``F`` over a
        channel: ``dF/de`` times the shift of the edge for offset, gain and bend, and
        ``dF/d(log sigma) = -sum_j d_j z_j phi(z_j)``, ``z = (e - E_j) / sigma_j``, for the width.

        Parameters
        ----------
        amounts : (component,) float
            Amount of each component.
        instrument : Instrument
            Where.

        Returns
        -------
        (7, n_channel) float
            In the order of ``PARAMETERS``.
        """
        value, by_layers, by_size = self.deposits(instrument)
        reached = self._reached(instrument)
        share = self._share(reached)
        row, column, z, sigma = reached
        phi = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        shape = (self.edges_keV.size, self._centres.size)
        density = sparse.csr_array((phi / sigma[column], (row, column)), shape=shape)
        stretch = sparse.csr_array((-z * phi, (row, column)), shape=shape)
        mixed = amounts @ value
        at = density @ mixed
        e = self.edges_keV
        logs = np.log(self._centres / WIDTH_KEV)
        edge_rows = (
            at,
            at * e,
            at * e * (e / BEND_KEV - 1),
            stretch @ mixed,
            stretch @ (mixed * logs),
        )
        rows = [np.diff(row) for row in edge_rows]
        return np.stack([*rows, share @ (amounts @ by_layers), share @ (amounts @ by_size)])

    def _reached(self, instrument: Instrument) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        """Edges that each deposit reaches: edge, deposit, distance in widths; all widths."""
        edges, sigma = self.energies(instrument), self.sigma_keV(instrument)
        first = np.searchsorted(edges, self._centres - REACH * sigma)
        last = np.searchsorted(edges, self._centres + REACH * sigma)
        first, last = np.maximum(first - 1, 0), np.minimum(last + 1, edges.size)
        count = np.maximum(last - first, 0)
        column = np.repeat(np.arange(self._centres.size), count)
        row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        row = row + np.repeat(first, count)
        return row, column, (edges[row] - self._centres[column]) / sigma[column], sigma

    def _share(
        self, reached: tuple[IntArray, IntArray, FloatArray, FloatArray]
    ) -> sparse.csr_array:
        """Share of every deposit ``(channel, grid)`` in each channel."""
        row, column, z, _ = reached
        below = ndtr(z)
        same = column[1:] == column[:-1]
        return sparse.csr_array(
            ((below[1:] - below[:-1])[same], (row[:-1][same], column[:-1][same])),
            shape=(self.edges_keV.size - 1, self._centres.size),
        )


def _between(name: str, at: float) -> tuple[FloatArray, FloatArray]:
    """Lagrange weights of the places of a number, and their derivatives."""
    nodes = REACHES[name]
    if not nodes[0] - 1e-9 <= at <= nodes[-1] + 1e-9:
        raise InvalidInput(f"{name} must lie within {nodes[0]:.3f} and {nodes[-1]:.3f}, not {at!r}")
    weights, slopes = np.zeros(nodes.size), np.zeros(nodes.size)
    for k in range(nodes.size):
        others = np.delete(nodes, k)
        below = np.prod(nodes[k] - others)
        weights[k] = np.prod(at - others) / below
        slopes[k] = sum(np.prod(at - np.delete(others, j)) for j in range(others.size)) / below
    return weights, slopes

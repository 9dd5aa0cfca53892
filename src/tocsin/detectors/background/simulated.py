"""What simulated photons of fields leave in a detector, before resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.background.born import born_inside
from tocsin.detectors.background.fields import Field
from tocsin.detectors.construction import Construction
from tocsin.detectors.even_field import EvenField
from tocsin.detectors.photon_matrix import PEAKS_KEV, PhotonMatrix
from tocsin.detectors.photon_matrix_build import (
    MatrixSettings,
    Progress,
    matrix_key,
    photon_matrix,
)
from tocsin.detectors.response import PHOTON_CENTRES_KEV, PHOTON_EDGES_KEV, Deposit

FloatArray = NDArray[np.float64]

FIELD_SETTINGS = MatrixSettings(energies=60, histories=100_000)
AT_ONCE = 64  # rows of the matrix that are held in memory together


@dataclass(frozen=True)
class SimulatedField:
    """A detector whose answer to photons from all sides is simulated, layers and all.

    Two are equal where what photons meet, the settings and the transport are the same.

    Parameters
    ----------
    detector : Construction
        How it is built.
    settings : MatrixSettings
        How finely and how long it is simulated, for every amount of layers.
    progress : callable, optional
        Told how many energies of how many are done, of the matrices for all amounts of layers;
        never where all of them are kept already.
    """

    detector: Construction = field(compare=False)
    settings: MatrixSettings = FIELD_SETTINGS
    progress: Progress | None = field(default=None, compare=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        key = matrix_key(self.detector, EvenField(), self.settings)
        object.__setattr__(self, "key", key)

    def seen(
        self, fields: Sequence[Field], edges_keV: FloatArray, amounts_of_layers: Sequence[float]
    ) -> FloatArray:
        """Deposits per second of fields of amount one behind multiples of the detector's layers.

        Photons of 20 to 3000 keV only; those outside leave nothing here.

        Parameters
        ----------
        fields : sequence of Field
            Photon fields.
        edges_keV : (m + 1,) float
            Rising edges of the bins of deposited energy, none below zero.
        amounts_of_layers : sequence of float
            Layers over those of the file.

        Returns
        -------
        (field, amount, m) float
        """
        out = np.zeros((len(fields), len(amounts_of_layers), edges_keV.size - 1))
        for k, amount in enumerate(amounts_of_layers):
            around = EvenField(amount)
            told = self._progress_of(k, len(amounts_of_layers))
            matrix = photon_matrix(self.detector, around, self.settings, progress=told)
            out[:, k] = _seen(fields, matrix, edges_keV) * around.area_cm2(self.detector)
        return out

    def _progress_of(self, number: int, matrices: int) -> Progress | None:
        """What a matrix tells, as part of all."""
        whole = self.progress
        if whole is None:
            return None
        return lambda done, of: whole(number * of + done, matrices * of)

    def born(self, energies_keV: FloatArray, *, layers: float) -> Deposit:
        """What photons born in the crystal leave in it, behind a multiple of the layers."""
        return born_inside(self.detector, layers, energies_keV, self.settings)


def above(fields: Sequence[Field], highest_keV: float) -> list[Field]:
    """Photons of more than an energy, which no row of the matrix holds."""
    out = []
    for one in fields:
        photons = one.photons
        line = photons.energies_keV > highest_keV
        rest = replace(
            photons,
            energies_keV=photons.energies_keV[line],
            intensities=photons.intensities[line],
            continuum=np.where(PHOTON_CENTRES_KEV > highest_keV, photons.continuum, 0.0),
        )
        out.append(replace(one, photons=rest))
    return out


def _seen(fields: Sequence[Field], matrix: PhotonMatrix, edges_keV: FloatArray) -> FloatArray:
    """Deposits ``(field, m)`` per photon of the source, times the photons of the fields."""
    low, high = matrix.energies_keV[0], matrix.energies_keV[-1]
    centres = PHOTON_CENTRES_KEV
    bins = np.flatnonzero((centres >= low) & (centres <= high))
    weights = np.stack([one.photons.continuum[bins] for one in fields])
    out = np.zeros((len(fields), edges_keV.size - 1))
    widths = np.diff(PHOTON_EDGES_KEV)
    for start in range(0, bins.size, AT_ONCE):
        at = bins[start : start + AT_ONCE]
        rows = matrix.rows(centres[at], edges_keV)
        counts = rows.continuum
        for peak, missing in enumerate(PEAKS_KEV):
            # a bin of photons makes a box, not a peak
            lowest = PHOTON_EDGES_KEV[at, None] - missing
            box = np.clip((edges_keV - lowest) / widths[at, None], 0.0, 1.0)
            counts += rows.peaks[:, peak : peak + 1] * np.diff(box, axis=1)
        out += weights[:, start : start + AT_ONCE] @ counts
    groups: dict[bytes, list[int]] = {}
    for j, one in enumerate(fields):
        groups.setdefault(one.photons.energies_keV.tobytes(), []).append(j)
    for members in groups.values():
        energies = fields[members[0]].photons.energies_keV
        lit = np.flatnonzero((energies >= low) & (energies <= high))
        for start in range(0, lit.size, AT_ONCE):
            at = lit[start : start + AT_ONCE]
            strong = np.stack([fields[j].photons.intensities[at] for j in members])
            out[members] += strong @ _line_rows(matrix, energies[at], edges_keV)
    return out


def _line_rows(matrix: PhotonMatrix, energies_keV: FloatArray, edges_keV: FloatArray) -> FloatArray:
    """Deposits ``(line, m)`` of one photon of every energy; a peak lies in the two nearest bins."""
    rows = matrix.rows(energies_keV, edges_keV)
    out = rows.continuum
    centres = (edges_keV[1:] + edges_keV[:-1]) / 2
    line = np.arange(energies_keV.size)
    for peak, missing in enumerate(PEAKS_KEV):
        at = energies_keV - missing
        inside = (at > centres[0]) & (at < centres[-1])
        place = np.interp(at[inside], centres, np.arange(centres.size))
        low = np.minimum(place.astype(np.int64), centres.size - 2)
        upper, area = place - low, rows.peaks[inside, peak]
        out[line[inside], low] += area * (1 - upper)
        out[line[inside], low + 1] += area * upper
    return out

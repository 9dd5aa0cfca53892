"""Shapes that are looked for in an instrument's spectra, and the natural shapes looked past."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.analysis import FloatArray
from tocsin.detection.candidates import Candidate
from tocsin.detection.response_matrix import ResponseMatrix, response_matrix
from tocsin.detection.slices import Grid
from tocsin.detection.source_fields import source_fields, wanted
from tocsin.detectors import DetectorModel, Shield, model_for
from tocsin.nuclear import NuclideLibrary, load_library
from tocsin.nuclear.classes import SourceClass
from tocsin.spectra import Instrument

# A few layers are enough to notice that something is there.
_SEARCH_SHIELDS = (0, 2, 7)
# Shapes closer than this (cosine in the metric of the background) are one shape for the search.
_SAME_SHAPE = 0.985
_CONTINUUM_KEV = (25.0, 40.0, 65.0, 110.0, 200.0, 400.0, 900.0)
# X-ray machines of security, medicine and radiography: voltages in kV, the steps so that two
# neighbours together stand for what lies between, behind light, middling and heavy filters. One
# that lets less through than _TUBE_PASSES would leave nothing to see of a real machine.
_TUBE_KV = np.geomspace(60.0, 450.0, 14)
_TUBE_FILTERS = (
    Shield("Al", 0.5),
    Shield("Fe", 1.5),
    Shield("Fe", 5.0),
    Shield("Fe", 15.0),
    Shield("Pb", 1.1),
    Shield("Pb", 3.0),
)
_TUBE_PASSES = 1e-3
_LINE_ENERGIES_KEV = np.geomspace(40.0, 2700.0, 40)
# Usual parts of the natural background in 30-3000 keV: a prior only has to be roughly right.
_PRIOR_PARTS = (0.25, 0.25, 0.42, 0.08)
# Natural, so no shape of its own is needed to find them: the lines and the total rate do.
_NATURAL = frozenset({"K-40", "Ra-226", "Th-232", "Ra-224"})


@dataclass(frozen=True, slots=True, eq=False)
class ShapeBank:
    """Expected shapes in the bins of the statistics, each with sum one.

    Attributes
    ----------
    names : tuple of str
        Name of each shape to be looked for.
    shapes : (n_shape, n_bin) float
        Nuclides bare and shielded, and single lines for what no library holds.
    series : (3, n_bin) float
        Potassium, uranium series and thorium series.
    prior_shape : (n_bin,) float
        Generic natural background.
    """

    names: tuple[str, ...]
    shapes: FloatArray
    series: FloatArray
    prior_shape: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class CandidateShapes:
    """Expected spectra of one nuclide, sum one each.

    Rows are bare and behind several shields; then, marked by ``without_peaks``, what comes by way
    of the ground, back from behind, and only partly absorbed.
    """

    name: str
    nuclide_class: SourceClass
    tier: str
    rows: FloatArray
    without_peaks: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ShapeLibrary:
    """All shapes of one instrument on one set of bins.

    Attributes
    ----------
    candidates : tuple of CandidateShapes
        What can be named.
    lines : (n_line, n_bin) float
        Responses to single energies, for what no library holds.
    scatter : (n_scatter, n_bin) float
        The same behind much scattering matter.
    series : (3, n_bin) float
        Potassium, uranium series, thorium series.
    continuum : (n_continuum, n_bin) float
        Photons without lines, ``exp(-E / T)``: bremsstrahlung, deep scatter.
    tubes : (n_filter, n_voltage, n_bin) float
        X-ray machines, rising voltages behind each filter; zero where nothing can be seen.
    """

    edges_keV: FloatArray
    candidates: tuple[CandidateShapes, ...]
    lines: FloatArray
    scatter: FloatArray
    series: FloatArray
    continuum: FloatArray
    tubes: FloatArray


def build_bank(instrument: Instrument, grid: Grid) -> ShapeBank:
    """Bank of an instrument on a grid."""
    return _bank(_model(instrument, grid), tuple(grid.edges_keV.tolist()))


def build_shape_library(instrument: Instrument, grid: Grid) -> ShapeLibrary:
    """Library for identification of an instrument on a grid."""
    return _library(_model(instrument, grid), tuple(grid.edges_keV.tolist()))


def _model(instrument: Instrument, grid: Grid) -> DetectorModel:
    edges = grid.fine_edges_keV
    return model_for(instrument, n_channel=edges.size - 1, edges_keV=edges)


@lru_cache(maxsize=16)
def _bank(model: DetectorModel, edges_keV: tuple[float, ...]) -> ShapeBank:
    matrix = response_matrix(model, edges_keV)
    series, cosmic = matrix.natural()
    prior = np.asarray(_PRIOR_PARTS) @ np.vstack([series, cosmic])
    names: list[str] = []
    shapes: list[FloatArray] = []
    nuclides = load_library()
    fields = source_fields(nuclides)
    for candidate in wanted(nuclides):
        if candidate.tier not in ("common", "strategic"):
            continue
        field = fields.nuclides[candidate.name]
        for k in _SEARCH_SHIELDS:
            shape = _unit(field.direct[field.shields.index(k)] @ matrix.beam)
            if shape is not None and not _known(shape, shapes, prior):
                names.append(candidate.name)
                shapes.append(shape)
    for energy in _line_energies(matrix):
        shape = _unit(matrix.line(float(energy)))
        if shape is not None and not _known(shape, shapes, prior):
            names.append(f"line {energy:.0f} keV")
            shapes.append(shape)
    return ShapeBank(tuple(names), np.array(shapes), series, prior)


@lru_cache(maxsize=16)
def _library(model: DetectorModel, edges_keV: tuple[float, ...]) -> ShapeLibrary:
    matrix = response_matrix(model, edges_keV)
    nuclides = load_library()
    fields = source_fields(nuclides)
    candidates = []
    for candidate in wanted(nuclides):
        field = fields.nuclides[candidate.name]
        rows = [
            _unit(row)
            for row in (
                *(field.direct @ matrix.beam),
                field.by_ground @ matrix.around,
                field.back @ matrix.around,
                *(field.sharp @ matrix.partial),
            )
        ]
        kept = [k for k, r in enumerate(rows) if r is not None]
        if kept:
            candidates.append(
                CandidateShapes(
                    candidate.name,
                    _class(nuclides, candidate),
                    candidate.tier,
                    np.array([rows[k] for k in kept]),
                    np.array([k >= len(field.shields) for k in kept]),
                )
            )
    energies = _line_energies(matrix)
    single = [_unit(matrix.line(float(e))) for e in energies]
    thick = [_unit(row) for row in fields.deep @ matrix.around]
    return ShapeLibrary(
        matrix.edges_keV,
        tuple(candidates),
        np.array([x for x in single if x is not None]),
        np.array([x for x in thick if x is not None]),
        matrix.natural()[0],
        np.array([x / x.sum() for x in map(matrix.exponential, _CONTINUUM_KEV)]),
        _tubes(matrix),
    )


def _tubes(matrix: ResponseMatrix) -> FloatArray:
    """X-ray machines on the bins; voltages of which too little is seen are left zero."""
    out = np.zeros((len(_TUBE_FILTERS), len(_TUBE_KV), matrix.edges_keV.size - 1))
    for f, filter_ in enumerate(_TUBE_FILTERS):
        for v, voltage in enumerate(_TUBE_KV):
            bare, behind = matrix.tube(float(voltage), None), matrix.tube(float(voltage), filter_)
            shape = _unit(behind)
            if shape is not None and behind.sum() > _TUBE_PASSES * bare.sum():
                out[f, v] = shape
    return out


def _class(nuclides: NuclideLibrary, candidate: Candidate) -> SourceClass:
    """Class of a nuclide found alone: uranium without radium is refined, hence industrial."""
    if candidate.name in _NATURAL:
        return "norm"
    if candidate.name == "U-238":
        return "industrial"
    classes: dict[str, SourceClass] = {
        "snm": "snm",
        "industrial": "industrial",
        "medical": "medical",
        "norm": "norm",
    }
    found = nuclides[candidate.name].classes
    return classes.get(found[0], "industrial") if found else "industrial"


def _unit(shape: FloatArray) -> FloatArray | None:
    """Scaled to a sum of one; None where nothing falls into the bins."""
    total = float(shape.sum())
    return shape / total if total > 1e-9 else None


def _known(shape: FloatArray, shapes: list[FloatArray], prior: FloatArray) -> bool:
    if not shapes:
        return False
    others = np.array(shapes)
    weight = 1.0 / prior
    cosine = (
        (others * weight) @ shape / np.sqrt(((others**2) @ weight) * float((shape**2) @ weight))
    )
    return bool(cosine.max() > _SAME_SHAPE)


def _line_energies(matrix: ResponseMatrix) -> FloatArray:
    inside = (_LINE_ENERGIES_KEV > matrix.edges_keV[0]) & (
        _LINE_ENERGIES_KEV < matrix.edges_keV[-1]
    )
    return np.asarray(_LINE_ENERGIES_KEV[inside])

"""How one synthetic instrument differs from the nominal one that an analysis may assume.

A test in which the fit uses the very shapes that made the data flatters the fit. Each recording
therefore draws its own resolution, gain and scatter, and bends each natural component by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tocsin.scenario.geometry import FloatArray
from tocsin.scenario.street import COMPONENTS

TILT_PIVOT_KEV = 662.0


@dataclass(frozen=True, slots=True)
class PerturbationRanges:
    """Ranges from which a recording draws its own detector, all our own choice.

    They cover what differs between two crystals of one type and two walls of one street.

    Parameters
    ----------
    resolution : (float, float)
        The width of a line is so many times the nominal one, least and highest.
    scatter : (float, float)
        Amount of photons scattered from ground and body over that of the detectors' standard
        scene, least and highest.
    gain_offset_sd : float
        Standard deviation of the constant error of the stated calibration, as a fraction.
    tilt_sd : float
        Standard deviation of the exponent ``q`` of each natural component.
    source_tilt_sd : float
        The same of all sources together (scatter near the source and the instrument).
    rate_sd : float
        Standard deviation (of the logarithm) of the mean rate of each natural component.
    """

    resolution: tuple[float, float] = (0.94, 1.12)
    scatter: tuple[float, float] = (0.4, 1.2)
    gain_offset_sd: float = 0.004
    tilt_sd: float = 0.06
    source_tilt_sd: float = 0.08
    rate_sd: float = 0.12


@dataclass(frozen=True, slots=True)
class Perturbation:
    """The detector of one recording.

    Parameters
    ----------
    resolution : float
        Width of a line over the nominal one.
    scatter : float
        Scatter from ground and body over that of the standard scene.
    gain_offset : float
        Constant part of ``gain - 1``.
    tilts : tuple of four float
        Exponents of the natural components: a shape is multiplied by ``(E / 662 keV)^-q``.
    source_tilt : float
        Exponent of the sources.
    rate_factors : tuple of four float
        Mean rates of the natural components over those of the scene.
    """

    resolution: float = 1.0
    scatter: float = 0.7
    gain_offset: float = 0.0
    tilts: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    source_tilt: float = 0.0
    rate_factors: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)

    @classmethod
    def draw(
        cls, rng: np.random.Generator, *, ranges: PerturbationRanges | None = None
    ) -> Perturbation:
        """Detector of one recording, drawn from the ranges."""
        r = ranges or PerturbationRanges()
        tilts = r.tilt_sd * rng.standard_normal(len(COMPONENTS))
        factors = np.exp(r.rate_sd * rng.standard_normal(len(COMPONENTS)))
        return cls(
            resolution=float(rng.uniform(*r.resolution)),
            scatter=float(rng.uniform(*r.scatter)),
            gain_offset=float(r.gain_offset_sd * rng.standard_normal()),
            tilts=(float(tilts[0]), float(tilts[1]), float(tilts[2]), float(tilts[3])),
            source_tilt=float(r.source_tilt_sd * rng.standard_normal()),
            rate_factors=(
                float(factors[0]),
                float(factors[1]),
                float(factors[2]),
                float(factors[3]),
            ),
        )

    def background(self, shapes: FloatArray, edges_keV: FloatArray) -> FloatArray:
        """Shapes ``(4, n)`` of the natural components, bent, each of sum 1."""
        bent = np.stack([tilted(s, edges_keV, q) for s, q in zip(shapes, self.tilts, strict=True)])
        return np.asarray(bent / bent.sum(axis=1, keepdims=True), dtype=np.float64)

    def source(self, shapes: FloatArray, edges_keV: FloatArray) -> FloatArray:
        """Shapes ``(d, n)`` of a source, bent; their sums are kept."""
        sums = shapes.sum(axis=1, keepdims=True)
        out = tilted(shapes, edges_keV, self.source_tilt)
        new = out.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(out * sums, new, out=np.zeros_like(out), where=new > 0))

    def summary(self) -> dict[str, float]:
        """The drawn values by name, for the truth file."""
        out = {
            "resolution": self.resolution,
            "scatter": self.scatter,
            "gain_offset": self.gain_offset,
            "source_tilt": self.source_tilt,
        }
        for name, tilt, factor in zip(COMPONENTS, self.tilts, self.rate_factors, strict=True):
            out[f"tilt_{name}"] = tilt
            out[f"rate_{name}"] = factor
        return out


def tilted(shapes: FloatArray, edges_keV: FloatArray, exponent: float) -> FloatArray:
    """Shapes times ``(E / 662 keV)^-exponent`` at the middle of each channel."""
    middle = np.maximum((edges_keV[1:] + edges_keV[:-1]) / 2.0, 10.0)
    return np.asarray(shapes * (middle / TILT_PIVOT_KEV) ** -exponent, dtype=np.float64)

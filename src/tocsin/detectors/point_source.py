"""Absolute efficiency for a point source on the axis: photons followed, beside straight rays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.detectors.attenuation import material
from tocsin.detectors.construction import Bore, Construction, Layer
from tocsin.detectors.geometry import Crystal
from tocsin.detectors.model import crystal_response
from tocsin.detectors.point_scene import point_scene
from tocsin.detectors.transport import simulate
from tocsin.errors import InvalidInput, OutOfDomain

FloatArray = NDArray[np.float64]

LOW_KEV, HIGH_KEV = 20.0, 3000.0
LEAST_CM, MOST_CM = 0.1, 10_000.0
N_ANGLE = 24  # Gauss nodes between two corners of the body
N_SIDE = 40  # Gauss nodes along each half side of a box
ATTENUATION_UNCERTAINTY = 0.01
"""Of every interaction coefficient: sources agree within 0.4 per cent, tables within 1."""
MODEL_UNCERTAINTY = 0.02
"""Of the transport itself; half of what its peak differs from that of rays and the response to a
parallel beam, which handle electrons in another way, is added in quadrature."""
HISTORIES = 400_000
SEED = 20261127
LEAST_SEEN = 1e-300
"""Chances below are taken as this one, so that ratios of them stay numbers."""
STEP = 0.01  # relative step of the derivative with respect to the lengths of the crystal


@dataclass(frozen=True, slots=True)
class PointEfficiency:
    """Absolute efficiencies per photon emitted, each of the shape of the energies.

    ``relative_uncertainty`` is the standard uncertainty of the peak efficiency: counting of the
    simulation, what the model file states, the attenuation data and the transport. ``statistical``
    is the first of them alone.
    """

    energies_keV: FloatArray
    full_energy_peak: FloatArray
    total: FloatArray
    relative_uncertainty: FloatArray
    statistical: FloatArray


def point_efficiency(
    detector: Construction,
    *,
    distance_cm: float,
    energies_keV: ArrayLike,
    histories: int = HISTORIES,
) -> PointEfficiency:
    """Efficiency for a point source on the axis, in air, by the photon transport.

    All layers and the bore are in the scene; photons that they scatter into the crystal count in
    ``total``. What air and surroundings scatter in from aside does not. The same question gives the
    same answer, bit for bit.

    Parameters
    ----------
    detector : Construction
        The detector.
    distance_cm : float
        From the source to the front face of the detector (not of its crystal), 0.1 to 10,000 cm.
    energies_keV : (k,) float
        Photon energies within 20 to 3000 keV.
    histories : int
        Photons followed for each energy.

    Returns
    -------
    PointEfficiency
        Per photon emitted.

    Raises
    ------
    InvalidInput
        When there is no energy, or the distance is not a number.
    OutOfDomain
        When an energy or the distance lies outside the range of validity.
    """
    e = _checked(distance_cm, energies_keV)
    scene, source = point_scene(detector, distance_cm=distance_cm)
    tally = simulate(scene, source, e, histories, seed=SEED)
    by_rays = ray_efficiency(detector, distance_cm=distance_cm, energies_keV=e)
    # through a thick layer no simulated photon may come: the rays know how few do
    seen = tally.full_energy.value > 0.0
    peak = np.where(seen, tally.full_energy.value, by_rays.full_energy_peak)
    total = np.maximum(tally.total.value, peak)
    statistical = tally.full_energy.sigma / peak
    apart = np.abs(by_rays.full_energy_peak / peak - 1) / 2
    parts = [
        statistical,
        by_rays.relative_uncertainty,
        np.full_like(e, MODEL_UNCERTAINTY),
        apart,
    ]
    together = np.asarray(np.sqrt(sum(part**2 for part in parts)))
    return PointEfficiency(e, peak, total, together, statistical)


def ray_efficiency(
    detector: Construction, *, distance_cm: float, energies_keV: ArrayLike
) -> PointEfficiency:
    r"""Efficiency by straight rays: the oracle of the transport, and fast.

    .. math::
        \epsilon_t = \frac{1}{4\pi} \int e^{-\sum_k \mu_k x_k(\Omega) - \mu_a d / \cos\theta}
            \left( 1 - e^{-\mu L(\Omega)} \right) d\Omega , \qquad
        \epsilon_p = \epsilon_t \frac{P}{T}

    with the front layers :math:`x_k`, air :math:`\mu_a` on the way :math:`d`, the path :math:`L` in
    the crystal (its bore left out), and the share :math:`P/T` of interacting photons that count in
    the peak, taken from the response to a parallel beam. Arguments and errors are those of
    :func:`point_efficiency`.

    Returns
    -------
    PointEfficiency
        ``total`` counts photons whose first interaction lies in the crystal; the uncertainty is
        that of the model file and the attenuation data alone.
    """
    e = _checked(distance_cm, energies_keV)
    total = _total(detector, distance_cm, e)
    peak = total * _peak_share(detector, e)
    spread = _uncertainty(detector, distance_cm, e, total, peak)
    return PointEfficiency(e, peak, total, spread, np.zeros_like(e))


def _checked(distance_cm: float, energies_keV: ArrayLike) -> FloatArray:
    """Energies as an array; refuses what lies outside the range of validity."""
    e = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
    if e.ndim != 1 or not e.size:
        raise InvalidInput("name at least one energy in keV")
    if not (np.all(np.isfinite(e)) and np.all(e >= LOW_KEV) and np.all(e <= HIGH_KEV)):
        wrong = next(float(v) for v in e if not LOW_KEV <= v <= HIGH_KEV)
        raise OutOfDomain(
            f"{wrong:g} keV lies outside the range of validity, {LOW_KEV:g} to {HIGH_KEV:g} keV"
        )
    if not np.isfinite(distance_cm):
        raise InvalidInput(f"the distance must be a number of centimetres, not {distance_cm}")
    if not LEAST_CM <= distance_cm <= MOST_CM:
        raise OutOfDomain(
            f"a distance of {distance_cm:g} cm lies outside the range of validity, {LEAST_CM:g} to "
            f"{MOST_CM:g} cm from the front face"
        )
    return e


def _peak_share(detector: Construction, e: FloatArray) -> FloatArray:
    deposit = crystal_response(detector.material, detector.crystal).deposit(e)
    return np.asarray(deposit.peaks[:, 0] / deposit.interacting)


def _total(
    detector: Construction, distance_cm: float, e: FloatArray, *, mu_factor: float = 1.0
) -> FloatArray:
    """Chance of an interaction in the crystal without one before it."""
    cosine, chord, weight = rays(detector.crystal, detector.bore, distance_cm + detector.front_cm)
    before = material("air").coefficients(e).interaction * distance_cm
    for layer in detector.layers:
        before = before + layer.attenuation_per_cm(e) * layer.front_cm
    mu = material(detector.material).coefficients(e).interaction * mu_factor
    # every ray that meets the crystal passes the fronts of all layers: it leaves the axis all the
    # way, and they are at least as wide
    passed = np.exp(-before[:, None] / cosine[None, :])
    seen = (passed * -np.expm1(-mu[:, None] * chord[None, :])) @ weight
    return np.asarray(np.maximum(seen, LEAST_SEEN))


def _uncertainty(
    detector: Construction,
    distance_cm: float,
    e: FloatArray,
    total: FloatArray,
    peak: FloatArray,
) -> FloatArray:
    """Relative standard uncertainty of the peak efficiency by sizes, layers and attenuation."""
    parts = []
    denser = _total(detector, distance_cm, e, mu_factor=1 + ATTENUATION_UNCERTAINTY)
    parts.append(np.asarray(denser / total - 1))
    if detector.crystal_relative_uncertainty:
        larger = replace(detector, crystal=_scaled(detector.crystal, 1 + STEP))
        grown = _total(larger, distance_cm, e) * _peak_share(larger, e)
        parts.append((grown / peak - 1) / STEP * detector.crystal_relative_uncertainty)
    crystal = detector.crystal
    half = crystal.face_cm[0] / 2
    # a typical slope of the rays to the face
    slope = np.hypot(1.0, half / 2 / (distance_cm + detector.front_cm))
    parts.extend(_layer_uncertainty(layer, e, slope) for layer in detector.layers)
    moved = sum((x.front_cm * x.relative_uncertainty) ** 2 for x in detector.layers) ** 0.5
    if moved:
        shifted = _total(detector, distance_cm + STEP, e)
        parts.append((shifted / total - 1) / STEP * moved)
    return np.asarray(np.sqrt(sum(part**2 for part in parts)))


def _layer_uncertainty(layer: Layer, e: FloatArray, slope: float) -> FloatArray:
    optical = layer.attenuation_per_cm(e) * layer.front_cm * slope
    return np.asarray(optical * layer.relative_uncertainty)


def _scaled(crystal: Crystal, factor: float) -> Crystal:
    a, b = crystal.face_cm
    return Crystal(crystal.shape, crystal.depth_cm * factor, (a * factor, b * factor))


def rays(
    crystal: Crystal, bore: Bore | None, distance_cm: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    r"""Directions from a point on the axis that meet a crystal.

    Parameters
    ----------
    crystal : Crystal
        Met on its front face.
    bore : Bore or None
        Hole from the back.
    distance_cm : float
        From the point to the front face of the crystal.

    Returns
    -------
    cosine, chord_cm, weight : (n,) float
        Cosine to the axis, path in the crystal, and share of all directions; the weights sum to
        the solid angle over :math:`4\pi`.
    """
    if crystal.shape == "box":
        return _box_rays(crystal, distance_cm)
    radius = crystal.face_cm[0] / 2
    back = distance_cm + crystal.depth_cm
    corners = [1.0, np.cos(np.arctan2(radius, distance_cm)), np.cos(np.arctan2(radius, back))]
    if bore is not None:
        for z in (back, back - bore.depth_cm):
            corners.append(np.cos(np.arctan2(bore.diameter_cm / 2, z)))
    lowest = corners[1]
    edges = np.unique([c for c in corners if c >= lowest])
    node, node_weight = np.polynomial.legendre.leggauss(N_ANGLE)
    low, high = edges[:-1, None], edges[1:, None]
    cosine = (low + (node + 1) / 2 * (high - low)).ravel()
    weight = (node_weight / 2 * (high - low)).ravel() / 2
    sine = np.sqrt(np.maximum(1 - cosine**2, 0.0))
    end = np.minimum(back / cosine, radius / np.maximum(sine, 1e-300))
    chord = end - distance_cm / cosine
    if bore is not None:
        start = (back - bore.depth_cm) / cosine
        inner = np.minimum(back / cosine, bore.diameter_cm / 2 / np.maximum(sine, 1e-300))
        chord = chord - np.maximum(inner - start, 0.0)
    return cosine, chord, weight


def _box_rays(crystal: Crystal, distance_cm: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """As :func:`rays`, over a quarter of the face, split where a ray leaves by another side."""
    back = distance_cm + crystal.depth_cm
    node, node_weight = np.polynomial.legendre.leggauss(N_SIDE)

    def along(side_cm: float) -> tuple[FloatArray, FloatArray]:
        half = side_cm / 2
        # beyond this place on the face a ray leaves by the side, before it by the back
        bend = half * distance_cm / back
        parts = ((0.0, bend), (bend, half))
        at = np.concatenate([a + (node + 1) / 2 * (b - a) for a, b in parts])
        weight = np.concatenate([node_weight / 2 * (b - a) for a, b in parts])
        return at, weight

    x, wx = along(crystal.face_cm[0])
    y, wy = along(crystal.face_cm[1])
    gx, gy = np.meshgrid(x, y, indexing="ij")
    far = np.sqrt(gx**2 + gy**2 + distance_cm**2)
    cosine = distance_cm / far
    # the ray is (gx, gy, distance) * t with t = 1 on the face
    reach = np.minimum(back / distance_cm, crystal.face_cm[0] / 2 / gx)
    reach = np.minimum(reach, crystal.face_cm[1] / 2 / gy)
    chord = far * (reach - 1)
    weight = 4 * wx[:, None] * wy[None, :] * cosine / far**2 / (4 * np.pi)
    return cosine.ravel(), chord.ravel(), weight.ravel()

"""The bodies of a detector and a point source before it, for the photon transport."""

from __future__ import annotations

from tocsin.detectors.construction import Construction
from tocsin.detectors.construction_check import LARGEST_DENSITY_G_CM3, VACUUM
from tocsin.detectors.transport import Body, PointSource, Scene
from tocsin.errors import InvalidInput

SENSITIVE = "crystal"
APART_CM = 1e-6
"""Added to every layer on every side, so that no two surfaces fall together where a layer has no
thickness."""
AROUND_CM = 50.0  # of air around source and detector


def point_scene(detector: Construction, *, distance_cm: float) -> tuple[Scene, PointSource]:
    """Nested bodies, inside out, in air, and the source on the axis.

    The front face of the crystal is the plane ``z = 0``; the source lies at negative ``z``.

    Parameters
    ----------
    detector : Construction
        The detector.
    distance_cm : float
        From the source to the front face of the detector.

    Returns
    -------
    Scene, PointSource
        The source is aimed at the outermost layer: photons that air scatters back into the detector
        from outside of that cone are left out.
    """
    inner, (front, side, back) = detector_body(detector)
    source = (0.0, 0.0, -(distance_cm + front))
    far = distance_cm + front + detector.crystal.depth_cm + back + side
    far += max(detector.crystal.face_cm) + AROUND_CM
    world = Body("air", "sphere", (far,), "air", children=(inner,))
    return Scene(world, SENSITIVE), PointSource(source, aim=inner.name)


def detector_body(
    detector: Construction, *, denser: float = 1.0
) -> tuple[Body, tuple[float, float, float]]:
    """Nested bodies of a detector, and how thick its layers are in front, beside and behind, in cm.

    The front face of the crystal is the plane ``z = 0``; it looks towards negative ``z``.
    ``denser`` is the density of all layers over the stated one.

    Raises
    ------
    InvalidInput
        When a layer states a density that no matter has.
    """
    hole: tuple[Body, ...] = ()
    if detector.bore is not None:
        depth = detector.bore.depth_cm - APART_CM
        middle = detector.crystal.depth_cm - APART_CM - depth / 2
        radius = detector.bore.diameter_cm / 2
        hole = (Body("bore", "cylinder", (radius, depth), VACUUM, (0.0, 0.0, middle)),)
    inner = _around(detector, SENSITIVE, detector.material, (0.0, 0.0, 0.0), hole, None)
    front = side = back = 0.0
    for number, layer in enumerate(detector.layers):
        front += layer.front_cm + APART_CM
        side += layer.side_cm + APART_CM
        back += layer.back_cm + APART_CM
        if not 0 <= layer.density_g_cm3 <= LARGEST_DENSITY_G_CM3:
            raise InvalidInput(
                f"layer {layer.part!r}: density {layer.density_g_cm3} g/cm3 is out of range"
            )
        density = layer.density_g_cm3 * denser or None
        name = f"{number} {layer.part}"
        inner = _around(detector, name, layer.material, (front, side, back), (inner,), density)
    return inner, (front, side, back)


def _around(
    detector: Construction,
    name: str,
    material: str,
    thick_cm: tuple[float, float, float],
    children: tuple[Body, ...],
    density_g_cm3: float | None,
) -> Body:
    """The crystal's own shape, grown by what lies around it in front, beside and behind."""
    front, side, back = thick_cm
    a, b = detector.crystal.face_cm
    length = detector.crystal.depth_cm + front + back
    centre = (0.0, 0.0, length / 2 - front)
    if detector.crystal.shape == "cylinder":
        size: tuple[float, ...] = (a / 2 + side, length)
        return Body(name, "cylinder", size, material, centre, children, "z", density_g_cm3)
    size = (a + 2 * side, b + 2 * side, length)
    return Body(name, "box", size, material, centre, children, density_g_cm3=density_g_cm3)

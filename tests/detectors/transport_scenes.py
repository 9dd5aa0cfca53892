"""Scenes that the tests and the bench of the photon transport share."""

from tocsin.detectors.transport import Body, PointSource, Scene

INCH = 2.54


def bare_nai(distance_cm: float = 10.0) -> tuple[Scene, PointSource]:
    """A bare 3x3 in NaI in vacuum, front face at z = 0, and a point on its axis before it."""
    crystal = Body("crystal", "cylinder", (1.5 * INCH, 3 * INCH), "NaI", (0, 0, 1.5 * INCH))
    world = Body("world", "sphere", (100.0,), "vacuum", children=(crystal,))
    return Scene(world, "crystal"), PointSource((0.0, 0.0, -distance_cm), aim="crystal")


def thin_ball(material: str, *, density_g_cm3: float) -> tuple[Scene, PointSource]:
    """A ball so thin that photons meet it once, and a point in its centre."""
    ball = Body("ball", "sphere", (1.0,), material, density_g_cm3=density_g_cm3)
    world = Body("world", "sphere", (2.0,), "vacuum", children=(ball,))
    return Scene(world, "ball"), PointSource((0.0, 0.0, 0.0))

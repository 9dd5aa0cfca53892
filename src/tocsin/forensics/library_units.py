"""Units of characteristics and coverage factors: everything to one unit and to k = 1.

Only units whose meaning is beyond doubt are known. A percentage or ``ppm`` without saying of what
is refused: mass per mass of uranium, of initial uranium and of sample are different quantities and
never convert into each other.
"""

from __future__ import annotations

from tocsin.errors import InvalidInput

_MASS = {"kg": 1e3, "g": 1.0, "mg": 1e-3, "ug": 1e-6, "µg": 1e-6, "ng": 1e-9, "pg": 1e-12}
_PER = {"t": 1e6, "kg": 1e3, "g": 1.0}
# Basis of a mass fraction: uranium, initial uranium, initial heavy metal, plutonium, sample.
_BASES = ("U", "Ui", "HMi", "Pu", "sample")
_PLAIN = {
    "1": ("number", 1.0),
    "atom/atom": ("atom ratio", 1.0),
    "g/g": ("mass ratio", 1.0),
    "Bq/Bq": ("activity ratio", 1.0),
    "at%": ("atom fraction", 1e-2),
    "wt%": ("mass fraction of the element", 1e-2),
    "Bq/g": ("activity of the sample", 1.0),
    "kBq/g": ("activity of the sample", 1e3),
    "Bq/kg": ("activity of the sample", 1e-3),
    "permil": ("number", 1e-3),
}


def parse_unit(unit: str) -> tuple[str, float]:
    """Dimension and size of a unit.

    Parameters
    ----------
    unit : str
        ``mg/gUi``, ``ug/gU``, ``ng/gsample``, ``atom/atom``, ``at%``, ``Bq/g``, ...

    Returns
    -------
    dimension : str
        Units convert only within one dimension.
    factor : float
        Value of one such unit in the base unit of the dimension.

    Raises
    ------
    InvalidInput
        When the unit is not known, with what is.
    """
    if unit in _PLAIN:
        return _PLAIN[unit]
    mass, slash, rest = unit.partition("/")
    if slash and mass in _MASS:
        for per in sorted(_PER, key=len, reverse=True):
            basis = rest[len(per) :]
            if rest.startswith(per) and basis in _BASES:
                return f"mass per mass of {basis}", _MASS[mass] / _PER[per]
    raise InvalidInput(
        f"unit {unit!r} is not known: give {', '.join(_PLAIN)} or a mass per mass with its basis, "
        f"such as ug/gU (bases {', '.join(_BASES)})"
    )


def conversion_factor(unit: str, wanted: str) -> float:
    """Factor by which values in ``unit`` are multiplied to be in ``wanted``.

    Raises
    ------
    InvalidInput
        When the two are of different dimensions.
    """
    if unit == wanted:
        return 1.0
    (dimension, factor), (other, size) = parse_unit(unit), parse_unit(wanted)
    if dimension != other:
        raise InvalidInput(f"{unit} ({dimension}) cannot become {wanted} ({other})")
    return factor / size


def standard_uncertainty(
    uncertainty: float | None, *, relative_percent: bool, k: float | None, value: float
) -> float | None:
    """Stated uncertainty as one standard uncertainty (k = 1), in the unit of the value.

    Parameters
    ----------
    uncertainty : float or None
        As stated; None or 0 means that none is known (no measurement has none).
    relative_percent : bool
        True if stated in percent of the value.
    k : float or None
        Coverage factor. Where it is not stated 1 is taken: the wider reading.
    value : float
        Value the uncertainty belongs to.
    """
    if uncertainty is None or uncertainty == 0.0:
        return None
    if uncertainty < 0:
        raise InvalidInput(f"an uncertainty must not be negative: {uncertainty}")
    if k is not None and k <= 0:
        raise InvalidInput(f"the coverage factor k must be positive, not {k}")
    u = uncertainty * value / 100.0 if relative_percent else uncertainty
    return u / (k or 1.0)

"""From measured values to the vectors that are compared: logarithms, ratios, their covariance.

A *table* holds one row per sample. Values are natural logarithms, so that a relative uncertainty
is an uncertainty, and carry a full covariance of measurement: two ratios with one nuclide in
common are correlated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import InvalidInput
from tocsin.forensics.library_entries import Entry, MeasuredValue

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Table:
    """Vectors of samples with what is known of each part.

    Attributes
    ----------
    names : tuple of str
        The p features.
    values : array, shape (n, p)
        Natural logarithms; 0 where not observed.
    observed : bool array, shape (n, p)
        Measured and found.
    upper : array, shape (n, p)
        Logarithm of the detection limit of a non-detect, infinite elsewhere.
    covariance : array, shape (n, p, p)
        Of measurement (k = 1), of the logarithms.
    random_design, fixed_design : array, shapes (n, q) and (n, c)
        Covariates whose coefficients differ between sources (the first column is 1) and those
        with one coefficient for all.
    samples, sources, lots, groups : tuple of str
        Names, one per row.
    """

    names: tuple[str, ...]
    values: Array
    observed: Mask
    upper: Array
    covariance: Array
    random_design: Array
    fixed_design: Array
    samples: tuple[str, ...]
    sources: tuple[str, ...]
    lots: tuple[str, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def censored(self) -> Mask:
        """Parts known only to lie below a limit."""
        found: Mask = np.isfinite(self.upper) & ~self.observed
        return found

    def rows(self, chosen: Mask | NDArray[np.intp]) -> Table:
        """Some of the rows, by mask or index."""
        index = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        words = (self.samples, self.sources, self.lots, self.groups)
        samples, sources, lots, groups = (tuple(w[i] for i in index) for w in words)
        return Table(
            self.names,
            self.values[index],
            self.observed[index],
            self.upper[index],
            self.covariance[index],
            self.random_design[index],
            self.fixed_design[index],
            samples,
            sources,
            lots,
            groups,
        )

    def without_feature(self, name: str) -> Table:
        """The same rows as if one feature had not been measured."""
        column = self.names.index(name)
        observed, upper = self.observed.copy(), self.upper.copy()
        observed[:, column] = False
        upper[:, column] = np.inf
        return replace(self, observed=observed, upper=upper)


def usual_uncertainties(entries: Sequence[Entry]) -> dict[str, float]:
    """Median uncertainty of the logarithm of each characteristic, over the values that state one.

    It stands for values that state none; a characteristic for which nobody states one gets 0, and
    the spread within sources then holds its measurement as well.
    """
    known: dict[str, list[float]] = {}
    for entry in entries:
        for name, value in entry.values.items():
            stated = known.setdefault(name, [])
            if (u := value.log_uncertainty) is not None:
                stated.append(u)
    return {name: float(np.median(u)) if u else 0.0 for name, u in known.items()}


def plain_table(
    entries: Sequence[Entry], names: Sequence[str], usual: Mapping[str, float]
) -> Table:
    """Logarithms of the characteristics themselves.

    Parameters
    ----------
    entries : sequence of Entry
        One row each.
    names : sequence of str
        Characteristics, in the order of the columns.
    usual : mapping of str to float
        Uncertainty of the logarithm where none is stated, see ``usual_uncertainties``.
    """
    n, p = len(entries), len(names)
    values, variance = np.zeros((n, p)), np.zeros((n, p))
    observed, upper = np.zeros((n, p), dtype=np.bool_), np.full((n, p), np.inf)
    for i, entry in enumerate(entries):
        for j, name in enumerate(names):
            value = entry.values.get(name)
            if value is None:
                continue
            if value.less_than:
                upper[i, j] = math.log(value.value)
                continue
            observed[i, j] = True
            values[i, j] = math.log(value.value)
            variance[i, j] = _log_uncertainty(value, usual.get(name, 0.0)) ** 2
    covariance = np.zeros((n, p, p))
    covariance[:, np.arange(p), np.arange(p)] = variance
    return _table(names, values, observed, upper, covariance, np.ones((n, 1)), entries)


def _log_uncertainty(value: MeasuredValue, usual: float) -> float:
    stated = value.log_uncertainty
    return usual if stated is None else stated


def _table(
    names: Sequence[str],
    values: Array,
    observed: Mask,
    upper: Array,
    covariance: Array,
    random_design: Array,
    entries: Sequence[Entry],
    fixed_design: Array | None = None,
) -> Table:
    return Table(
        tuple(names),
        values,
        observed,
        upper,
        covariance,
        random_design,
        np.zeros((len(entries), 0)) if fixed_design is None else fixed_design,
        tuple(e.sample for e in entries),
        tuple(e.source for e in entries),
        tuple(e.lot for e in entries),
        tuple(e.group for e in entries),
    )


@dataclass(frozen=True, slots=True)
class Ratio:
    """A feature of spent fuel: the logarithm of a nuclide, or of a ratio of two.

    Attributes
    ----------
    name, above, below : str
        ``below`` is empty for a concentration.
    """

    name: str
    above: str
    below: str = ""


# U-236 formed per atom of U-235 destroyed. Only a coordinate: the median of U-236 over declared
# initial less remaining U-235 is 0.17 in the development part of SFCOMPO, 0.14 to 0.21 by reactor.
CAPTURE_SHARE = 0.17
INITIAL = "initial U-235"
CORE = (
    Ratio("Pu-239", "Pu239"),
    Ratio("Pu-240/Pu-239", "Pu240", "Pu239"),
    Ratio("Pu-241/Pu-239", "Pu241", "Pu239"),
    Ratio("Pu-242/Pu-240", "Pu242", "Pu240"),
)
URANIUM = (Ratio("U-234/U-235", "U234", "U235"),)
NEODYMIUM = (
    Ratio("Nd-145/Nd-146", "Nd145", "Nd146"),
    Ratio("Nd-150/Nd-148", "Nd150", "Nd148"),
)


def has_depletion(entry: Entry) -> bool:
    """Whether U-235 and U-236 were found, without which nothing says how far fuel was burnt."""
    return all(
        name in entry.values and not entry.values[name].less_than for name in ("U235", "U236")
    )


def spent_fuel_table(
    entries: Sequence[Entry],
    usual: Mapping[str, float],
    ratios: Sequence[Ratio] = CORE,
    *,
    slopes: bool = True,
) -> Table:
    r"""Features of spent fuel at given depletion, which is where reactors differ.

    Initial U-235 is estimated as :math:`e = {}^{235}U + {}^{236}U / s` with the capture share
    :math:`s` of 0.17, depletion as :math:`d = \ln(e / {}^{235}U)`, which grows with fluence. Every
    feature follows :math:`\ln d`: how much plutonium, and how heavy, at which depletion tells the
    hardness of the spectrum, while the burnup itself, which is no property of a reactor, is taken
    out.

    Parameters
    ----------
    entries : sequence of Entry
        Each with U-235 and U-236 (``has_depletion``), concentrations in mg/gUi.
    usual : mapping of str to float
        Uncertainty of the logarithm where none is stated.
    ratios : sequence of Ratio
        Features beside the initial U-235.
    slopes : bool
        True: slope in :math:`\ln d` of each source, common curvature (for naming a source).
        False: one common slope (for types of reactors, of which some have two reactors only).

    Raises
    ------
    InvalidInput
        When an entry has no U-235 or U-236.
    """
    n, p = len(entries), len(ratios) + 1
    values, covariance = np.zeros((n, p)), np.zeros((n, p, p))
    observed, upper = np.zeros((n, p), dtype=np.bool_), np.full((n, p), np.inf)
    depth = np.zeros(n)
    for i, entry in enumerate(entries):
        if not has_depletion(entry):
            raise InvalidInput(f"sample {entry.sample!r} has no U-235 or no U-236")
        found = entry.values
        u235, u236 = found["U235"].value, found["U236"].value / CAPTURE_SHARE
        initial = u235 + u236
        depth[i] = math.log(math.log(initial / u235))
        values[i, 0], observed[i, 0] = math.log(initial), True
        rows: list[dict[str, float]] = [{"U235": u235 / initial, "U236": u236 / initial}]
        for j, ratio in enumerate(ratios, start=1):
            above, below = found.get(ratio.above), found.get(ratio.below)
            rows.append({ratio.above: 1.0, ratio.below: -1.0})
            if above is None or (ratio.below and (below is None or below.less_than)):
                continue
            value = math.log(above.value / (below.value if below is not None else 1.0))
            if above.less_than:
                upper[i, j] = value
            else:
                values[i, j], observed[i, j] = value, True
        covariance[i] = _propagated(rows, found, usual, observed[i])
    design = np.column_stack([np.ones(n), depth] if slopes else [np.ones(n)])
    fixed = (depth**2 if slopes else depth)[:, None]
    names = (INITIAL, *(r.name for r in ratios))
    return _table(names, values, observed, upper, covariance, design, entries, fixed)


def _propagated(
    rows: Sequence[Mapping[str, float]],
    found: Mapping[str, MeasuredValue],
    usual: Mapping[str, float],
    observed: Mask,
) -> Array:
    """Covariance of features from independent uncertainties of the nuclides."""
    nuclides = sorted({k for row in rows for k in row if k in found})
    u = np.array([_log_uncertainty(found[k], usual.get(k, 0.0)) for k in nuclides])
    jacobian = np.array([[row.get(k, 0.0) for k in nuclides] for row in rows])
    jacobian[~observed] = 0.0
    scaled = jacobian * u
    covariance: Array = scaled @ scaled.T
    return covariance

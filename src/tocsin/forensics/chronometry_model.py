"""The model of one age: from a measured ratio and half-lives to a time, with all sensitivities."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tocsin.errors import InvalidInput, OutOfDomain
from tocsin.forensics.chronometry_chain import find_chain
from tocsin.forensics.chronometry_data import atomic_mass_u
from tocsin.forensics.chronometry_growth import FloatArray
from tocsin.forensics.chronometry_kinetics import LONGEST_MEAN_LIVES, Kinetics
from tocsin.forensics.chronometry_measurement import Initial, Measurement, Ratio
from tocsin.forensics.halflives import HalfLife, HalfLifeSet
from tocsin.forensics.uncertainty import Input

Samples = Mapping[str, FloatArray]


class AgeModel:
    """One chronometer as a function of its inputs.

    Parameters
    ----------
    measurement : Measurement
        What was measured.
    half_lives : HalfLifeSet
        Half-lives to use.
    number : int
        Place in the case, so that inputs of its own are told from those of others.

    Raises
    ------
    NotFound, InvalidInput
        For an unknown pair, or the activity of a stable daughter.
    """

    def __init__(
        self, measurement: Measurement, half_lives: HalfLifeSet, *, number: int = 0
    ) -> None:
        self.measurement = measurement
        chain = measurement.chain or find_chain(measurement.parent, measurement.daughter)
        self.chain = chain
        self.half_lives: dict[str, HalfLife] = {n: half_lives[n] for n in chain.members}
        self.number = number
        self._parent_by_activity, self._daughter_by_activity, self._scale = self._kinds()
        self.initial = measurement.initial or Initial(0.0)
        self.inputs, self.correlations = self._all_inputs()
        self._best = {one.key: np.array([one.value]) for one in self.inputs}

    @property
    def is_ratio(self) -> bool:
        """Whether a ratio was measured, not two amounts."""
        return isinstance(self.measurement.measured, Ratio)

    def _kinds(self) -> tuple[bool, bool, float]:
        """Whether parent and daughter are given by activity, and the constant factor to atoms."""
        measured = self.measurement.measured
        parent, daughter = self.chain.parent, self.chain.daughter
        if isinstance(measured, Ratio):
            scale = 1.0
            if measured.kind == "mass":
                scale = atomic_mass_u(parent) / atomic_mass_u(daughter)
            by_activity = measured.kind == "activity"
            self._no_activity_of_stable(by_activity)
            return by_activity, by_activity, scale
        units = (measured.parent.unit, measured.daughter.unit)
        parent_by, daughter_by = (u.kind == "activity" for u in units)
        self._no_activity_of_stable(daughter_by)
        # With a decay constant of 1/y the atoms per unit lack only the true constant.
        sizes = [
            u.atoms(n, constant_per_y=1.0) for u, n in zip(units, (parent, daughter), strict=True)
        ]
        return parent_by, daughter_by, sizes[1] / sizes[0]

    def _no_activity_of_stable(self, by_activity: bool) -> None:
        if by_activity and self.chain.stable_daughter:
            raise InvalidInput(
                f"{self.chain.daughter} is stable and has no activity: state atoms or mass"
            )

    def _all_inputs(self) -> tuple[tuple[Input, ...], dict[tuple[str, str], float]]:
        measured = self.measurement.measured
        correlations: dict[tuple[str, str], float] = {}
        found: list[Input] = []
        if isinstance(measured, Ratio):
            common = [p.relative_standard_uncertainty * measured.value for p in measured.shared]
            own = math.sqrt(max(0.0, measured.standard_uncertainty**2 - sum(c * c for c in common)))
            found.append(Input(self._own("ratio"), "ratio", measured.value, own))
            found += [Input(f"shared {p.name}", p.name, 0.0, 1.0) for p in measured.shared]
        else:
            for what, amount in (("daughter", measured.daughter), ("parent", measured.parent)):
                key, name = self._own(f"{what} amount"), f"{what} amount"
                found.append(Input(key, name, amount.value, amount.standard_uncertainty))
            if measured.correlation:
                pair = (self._own("daughter amount"), self._own("parent amount"))
                correlations[pair] = measured.correlation
        initial = self.initial
        if initial.value or initial.standard_uncertainty:
            found.append(
                Input(
                    self._own("initial"),
                    "initial daughter",
                    initial.value,
                    initial.standard_uncertainty,
                )
            )
        for nuclide, half in self.half_lives.items():
            sigma = half.standard_uncertainty_y or 0.0
            name = f"half-life of {nuclide}"
            found.append(Input(name, name, half.value_y, sigma, positive=True))
        found += [
            Input(b.name, b.name, b.fraction, b.standard_uncertainty) for b in self.chain.branchings
        ]
        return tuple(found), correlations

    def _own(self, name: str) -> str:
        return f"{name} #{self.number}"

    def kinetics(self, samples: Samples) -> Kinetics:
        """The chain with the half-lives and fractions of samples."""
        constants = {n: math.log(2.0) / samples[f"half-life of {n}"] for n in self.chain.members}
        shape = constants[self.chain.parent].shape
        fractions = {e: np.full(shape, f) for e, f in self.chain.fractions.items()}
        for branching in self.chain.branchings:
            moved = samples[branching.name] - branching.fraction
            for daughter, sign in ((branching.daughter, 1.0), (branching.main_daughter, -1.0)):
                edge = (branching.nuclide, daughter or "")
                if edge in fractions:
                    fractions[edge] = np.maximum(0.0, fractions[edge] + sign * moved)
        return Kinetics(self.chain, constants, fractions)

    def _factor(self, kinetics: Kinetics) -> FloatArray:
        """Atom ratio per measured ratio."""
        factor = np.full_like(kinetics.constants_per_y[self.chain.parent], self._scale)
        if self._parent_by_activity:
            factor = factor * kinetics.constants_per_y[self.chain.parent]
        if self._daughter_by_activity:
            factor = factor / kinetics.constants_per_y[self.chain.daughter]
        return factor

    def _measured(self, samples: Samples) -> FloatArray:
        """Ratio in its own kind."""
        measured = self.measurement.measured
        if isinstance(measured, Ratio):
            value = samples[self._own("ratio")]
            moved = np.ones_like(value)
            for part in measured.shared:
                moved += part.relative_standard_uncertainty * samples[f"shared {part.name}"]
            return value * moved
        return samples[self._own("daughter amount")] / samples[self._own("parent amount")]

    def _initial(self, samples: Samples) -> FloatArray:
        key = self._own("initial")
        if key in samples:
            return np.maximum(0.0, samples[key])
        return np.zeros_like(samples[f"half-life of {self.chain.parent}"])

    def ages_y(self, samples: Samples, *, near_y: float) -> FloatArray:
        """Age for each sample of the inputs around an age; infinite where none fits."""
        kinetics = self.kinetics(samples)
        factor = self._factor(kinetics)
        ratio, initial = factor * self._measured(samples), factor * self._initial(samples)
        return kinetics.ages_near(ratio, initial, near_y)

    def measured_ratio(self) -> float:
        """Best estimate of the measured ratio, in its own kind."""
        return float(self._measured(self._best)[0])

    def ratio_uncertainty(self) -> float:
        """Standard uncertainty of the measured ratio, in its own kind."""
        measured = self.measurement.measured
        if isinstance(measured, Ratio):
            return measured.standard_uncertainty
        relative = [a.standard_uncertainty / a.value for a in (measured.daughter, measured.parent)]
        cross = 2 * measured.correlation * relative[0] * relative[1]
        variance = relative[0] ** 2 + relative[1] ** 2 - cross
        return self.measured_ratio() * math.sqrt(max(0.0, variance))

    def equilibrium_ratio(self) -> float:
        """Ratio that the growth approaches, in the kind of the measured one; may be infinite."""
        kinetics = self.kinetics(self._best)
        return float((kinetics.equilibrium() / self._factor(kinetics))[0])

    def ratio_at(self, age_y: float) -> float:
        """Ratio after a time, in the kind of the measured one: the ingrowth curve."""
        kinetics = self.kinetics(self._best)
        factor = self._factor(kinetics)
        initial = factor * self._initial(self._best)
        return float((kinetics.total(np.array([float(age_y)]), initial) / factor)[0])

    def age_of(self, ratio: float) -> float:
        """Age in y for a ratio of the measured kind, at the best estimates of all else.

        Raises
        ------
        OutOfDomain
            If no age gives this ratio, or two do.
        """
        kinetics = self.kinetics(self._best)
        factor = self._factor(kinetics)
        wanted, initial = factor * ratio, factor * self._initial(self._best)
        if not self.chain.is_single_step and initial.any():
            self._refuse_two_answers(kinetics, wanted, initial, ratio)
        age = float(kinetics.age(wanted, initial)[0])
        if math.isinf(age):
            raise OutOfDomain(self._beyond(ratio))
        if age < 0.0:
            raise OutOfDomain(self._below(ratio))
        return age

    def _refuse_two_answers(
        self, kinetics: Kinetics, wanted: FloatArray, initial: FloatArray, ratio: float
    ) -> None:
        bottom = kinetics.lowest_point_y(initial)
        longest = LONGEST_MEAN_LIVES / kinetics.constants_per_y[self.chain.parent]
        if bottom[0] >= 0.999 * longest[0]:
            raise OutOfDomain(
                f"the initial {self.chain.daughter} exceeds equilibrium: the ratio only falls, and "
                "an age cannot be told from it"
            )
        if wanted[0] < kinetics.total(bottom, initial)[0]:
            raise OutOfDomain(self._below(ratio))
        if bottom[0] > 0.0 and wanted[0] < initial[0]:
            later = float(kinetics.age(wanted, initial)[0])
            low, high = 0.0, float(bottom[0])
            for _ in range(100):
                middle = 0.5 * (low + high)
                falls_to = kinetics.total(np.array([middle]), initial)[0]
                low, high = (middle, high) if falls_to > wanted[0] else (low, middle)
            raise OutOfDomain(
                f"two ages give this ratio with this initial {self.chain.daughter}: {low:.6g} y "
                f"and {later:.6g} y; another chronometer must decide"
            )

    def _beyond(self, ratio: float) -> str:
        limit = self.equilibrium_ratio()
        if math.isinf(limit):
            return (
                f"ratio {self.chain.daughter}/{self.chain.parent} = {ratio:.6g} needs an age at "
                f"which nothing of {self.chain.parent} is left: check the kind of the ratio"
            )
        return (
            f"ratio {self.chain.daughter}/{self.chain.parent} = {ratio:.6g} lies beyond secular "
            f"equilibrium ({limit:.6g}): no age gives it. Check parent, daughter and kind of the "
            "ratio, and whether the sample holds daughter of another origin"
        )

    def _below(self, ratio: float) -> str:
        return (
            f"ratio {self.chain.daughter}/{self.chain.parent} = {ratio:.6g} lies below what is "
            f"left of the initial daughter ({self.initial.value:.6g} at the start): check the "
            "initial daughter and its kind"
        )

    def sensitivities(self, age_y: float) -> dict[str, float]:
        """Derivatives of the age by every input, by key.

        From F(t, inputs) = measured atom ratio: dt/dx = (d ratio/dx - dF/dx) / (dF/dt).
        """
        kinetics = self.kinetics(self._best)
        age = np.array([age_y])
        factor = self._factor(kinetics)
        value, start = self._measured(self._best), self._initial(self._best)
        initial = factor * start
        parent, daughter = self.chain.parent, self.chain.daughter
        rise = kinetics.rise_per_y(age, initial)
        fade = np.exp(kinetics.decline_per_y() * age)
        result: dict[str, float] = {}
        by_ratio = factor / rise
        self._add_measured(result, float(by_ratio[0]), float(value[0]))
        if self._own("initial") in self._best:
            result[self._own("initial")] = float((-factor * fade / rise)[0])
        by_constant = kinetics.constant_sensitivities(age)
        for nuclide, constant in kinetics.constants_per_y.items():
            moved = -by_constant[nuclide]
            remaining = factor * value - initial * fade
            if nuclide == parent:
                moved = moved - initial * age * fade
                if self._parent_by_activity:
                    moved = moved + remaining / constant
            if nuclide == daughter:
                moved = moved + initial * age * fade
                if self._daughter_by_activity:
                    moved = moved - remaining / constant
            half = self.half_lives[nuclide].value_y
            result[f"half-life of {nuclide}"] = float((-constant / half * moved / rise)[0])
        for name, change in kinetics.fraction_sensitivities(age).items():
            result[name] = float((-change / rise)[0])
        return result

    def _add_measured(self, result: dict[str, float], by_ratio: float, value: float) -> None:
        measured = self.measurement.measured
        if isinstance(measured, Ratio):
            result[self._own("ratio")] = by_ratio
            for part in measured.shared:
                result[f"shared {part.name}"] = (
                    by_ratio * value * part.relative_standard_uncertainty
                )
            return
        result[self._own("daughter amount")] = by_ratio * value / measured.daughter.value
        result[self._own("parent amount")] = -by_ratio * value / measured.parent.value

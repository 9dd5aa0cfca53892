"""Ingrowth of a daughter along a chain, in numbers: forward, inverse and sensitivities.

Everything works on arrays, one element per sample of a Monte-Carlo run; times are in years of
365.2422 days, ratios are atoms of the daughter per atom of the parent.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.forensics.chronometry_chain import Chain, Edge
from tocsin.forensics.chronometry_growth import FloatArray, exponential_difference

_CHUNK = 4096  # samples solved together: they fit into the processor's cache
_NEWTON_STEPS = 8
_LAST_STEP = 1e-4  # of the age; the method squares the error, so about 1e-8 is left after it
_SHORTEST = 1e-40  # times are looked for down to this part of the longest

LONGEST_MEAN_LIVES = 600.0
"""Ages are looked for up to this many mean lives of the parent: of one mole nothing is left after
55, and the exponential function of a double ends at 709."""

Arrays = Mapping[str, FloatArray]
Fractions = Mapping[Edge, FloatArray]


@dataclass(frozen=True, slots=True)
class Kinetics:
    """A chain with its numbers: decay constants and fractions, each a value or one per sample.

    Attributes
    ----------
    chain : Chain
        The paths.
    constants_per_y : mapping of str to array
        Decay constants of the radioactive members, all of the same shape (m,).
    fractions : mapping of (str, str) to array
        Branching fractions, same shape.
    """

    chain: Chain
    constants_per_y: Arrays
    fractions: Fractions

    @classmethod
    def of_values(cls, chain: Chain, constants_per_y: Mapping[str, float]) -> Kinetics:
        """Numbers without samples: every array has one element."""
        return cls(
            chain,
            {n: np.array([constants_per_y[n]]) for n in chain.members},
            {edge: np.array([f]) for edge, f in chain.fractions.items()},
        )

    def _constant(self, name: str) -> FloatArray:
        if name in self.constants_per_y:
            return self.constants_per_y[name]
        return np.zeros_like(self.constants_per_y[self.chain.parent])

    def _rates(self, path: tuple[str, ...]) -> FloatArray:
        """Product of fractions and decay constants of all members but the last."""
        product = np.ones_like(self.constants_per_y[self.chain.parent])
        for step in itertools.pairwise(path):
            product = product * self.fractions[step] * self._constant(step[0])
        return product

    def _nodes(self, path: tuple[str, ...], age_y: FloatArray) -> FloatArray:
        parent = self.constants_per_y[self.chain.parent]
        return np.stack([(parent - self._constant(name)) * age_y for name in path])

    def decline_per_y(self) -> FloatArray:
        """Exponent of a daughter that was there at the start, relative to the parent."""
        return self.constants_per_y[self.chain.parent] - self._constant(self.chain.daughter)

    def grown(self, age_y: FloatArray) -> FloatArray:
        """Atom ratio daughter to parent that has grown from the pure parent."""
        total = np.zeros_like(age_y)
        for path in self.chain.paths:
            power = age_y ** (len(path) - 1)
            total += self._rates(path) * power * exponential_difference(self._nodes(path, age_y))
        return total

    def growth_rate(self, age_y: FloatArray) -> FloatArray:
        """Derivative of ``grown`` by time, in 1/y: the same without the node of the parent."""
        total = np.zeros_like(age_y)
        for path in self.chain.paths:
            power = age_y ** (len(path) - 2)
            nodes = self._nodes(path, age_y)[1:]
            total += self._rates(path) * power * exponential_difference(nodes)
        return total

    def equilibrium(self) -> FloatArray:
        """Atom ratio that the growth approaches; infinite where it goes on for ever."""
        parent = self.constants_per_y[self.chain.parent]
        total = np.zeros_like(parent)
        for path in self.chain.paths:
            term = self._rates(path)
            for name in path[1:]:
                gap = self._constant(name) - parent
                with np.errstate(divide="ignore"):
                    term = np.where(gap > 0.0, term / np.maximum(gap, 0.0), np.inf)
            total += term
        return total

    def constant_sensitivities(self, age_y: FloatArray) -> dict[str, FloatArray]:
        """Derivatives of ``grown`` by each decay constant, in y.

        The derivative of a divided difference by a node is the difference with that node doubled.
        """
        parent = self.chain.parent
        result = {name: np.zeros_like(age_y) for name in self.chain.members}
        for path in self.chain.paths:
            rates = self._rates(path)
            nodes = self._nodes(path, age_y)
            power = age_y ** (len(path) - 1)
            value = rates * power * exponential_difference(nodes)
            for position, name in enumerate(path):
                if name in result and position < len(path) - 1:
                    result[name] += value / self._constant(name)
                if position == 0:
                    continue
                doubled = exponential_difference(np.vstack([nodes, nodes[position]]))
                moved = rates * power * age_y * doubled
                result[parent] += moved
                if name in result:
                    result[name] -= moved
        return result

    def fraction_sensitivities(self, age_y: FloatArray) -> dict[str, FloatArray]:
        """Derivatives of ``grown`` by each branching of the chain, the main mode giving way."""
        shares = {edge: np.zeros_like(age_y) for edge in self.chain.fractions}
        for path in self.chain.paths:
            power = age_y ** (len(path) - 1)
            value = self._rates(path) * power * exponential_difference(self._nodes(path, age_y))
            for step in itertools.pairwise(path):
                shares[step] += value / self.fractions[step]
        nothing = np.zeros_like(age_y)
        return {
            b.name: shares.get((b.nuclide, b.daughter), nothing)
            - shares.get((b.nuclide, b.main_daughter or ""), nothing)
            for b in self.chain.branchings
        }

    def age_of_growth(self, ratio: FloatArray) -> FloatArray:
        """Time in y after which the pure parent has grown this atom ratio.

        Parameters
        ----------
        ratio : array, shape (m,)
            Atom ratios. Below zero, which only samples of a measurement can be, the answer is that
            of the same ratio above zero with a minus sign.

        Returns
        -------
        array, shape (m,)
            Infinite where the ratio lies at or beyond equilibrium, or where more than
            ``LONGEST_MEAN_LIVES`` of the parent would be needed.
        """
        if self.chain.is_single_step:
            size = self._age_of_one_step(np.abs(ratio), np.zeros_like(ratio))
        else:
            size = self._age_by_search(np.abs(ratio))
        return np.copysign(size, ratio)

    def _age_of_one_step(self, ratio: FloatArray, initial: FloatArray) -> FloatArray:
        """Closed form for two members, in a form that loses nothing for equal constants."""
        slope = self.decline_per_y()
        (fraction,) = self.fractions.values()
        rate = self.constants_per_y[self.chain.parent] * fraction + initial * slope
        with np.errstate(divide="ignore", invalid="ignore"):
            x = (ratio - initial) * slope / rate
            factor = np.where(np.abs(x) < 1e-300, 1.0, np.log1p(x) / x)
            age = (ratio - initial) / rate * factor
        longest = LONGEST_MEAN_LIVES / self.constants_per_y[self.chain.parent]
        return np.where((x > -1.0) & (age <= longest), age, np.inf)

    def _age_by_search(self, ratio: FloatArray) -> FloatArray:
        longest = LONGEST_MEAN_LIVES / self.constants_per_y[self.chain.parent]
        answer = np.where(ratio == 0.0, 0.0, np.inf)
        possible = (ratio > 0.0) & (ratio < self.equilibrium()) & (ratio < self.grown(longest))
        if possible.any():
            part = self._chosen(possible)
            wanted = ratio[possible]
            bracket = part._bracket(wanted, longest[possible])
            answer[possible] = part._search(wanted, np.zeros_like(wanted), *bracket)
        return answer

    def ages_near(self, ratio: FloatArray, initial: FloatArray, near_y: float) -> FloatArray:
        """The same as ``age`` for samples around a known age, faster, to 1e-7 of the age.

        Newton's method from that age on; samples that do not settle are searched in full.
        """
        if self.chain.is_single_step or not near_y > 0.0:
            return self.age(ratio, initial)
        answer = np.empty_like(ratio)
        for start in range(0, ratio.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            numbers = self._part(part)
            answer[part] = numbers._near(ratio[part], initial[part], near_y)
        return answer

    def _part(self, part: slice) -> Kinetics:
        return Kinetics(
            self.chain,
            {n: v[part] for n, v in self.constants_per_y.items()},
            {e: v[part] for e, v in self.fractions.items()},
        )

    def _near(self, ratio: FloatArray, initial: FloatArray, near_y: float) -> FloatArray:
        age = np.full_like(ratio, near_y)
        settled = np.zeros(ratio.shape, dtype=np.bool_)
        longest = LONGEST_MEAN_LIVES / self.constants_per_y[self.chain.parent]
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            for _ in range(_NEWTON_STEPS):
                value = self.total(age, initial)
                step = np.log(ratio / value) * value / (age * self.rise_per_y(age, initial))
                settled = np.abs(step) < _LAST_STEP
                # Where a step is wild the full search will do it.
                age = np.where(np.abs(step) < 1.0, age * np.exp(step), near_y)
                age = np.minimum(age, longest)
                if bool(settled.all()):
                    return age
        left = ~settled
        age[left] = self._chosen(left).age(ratio[left], initial[left])
        return age

    def _chosen(self, which: NDArray[np.bool_]) -> Kinetics:
        return Kinetics(
            self.chain,
            {n: v[which] for n, v in self.constants_per_y.items()},
            {e: v[which] for e, v in self.fractions.items()},
        )

    def _search(
        self, ratio: FloatArray, initial: FloatArray, low: FloatArray, high: FloatArray
    ) -> FloatArray:
        """Newton's method in log ratio over log time, kept inside a bracket that closes.

        ``grown`` rises strictly (it is an integral of a positive function over a growing domain),
        and so does ``total`` from its lowest point on.
        """
        log_ratio = np.log(ratio)
        age = np.sqrt(low) * np.sqrt(high)
        for _ in range(200):
            value = self.total(age, initial)
            above = value > ratio
            high = np.where(above, age, high)
            low = np.where(above, low, age)
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                slope = age * self.rise_per_y(age, initial) / value
                guess = age * np.exp((log_ratio - np.log(value)) / slope)
            inside = (guess > low) & (guess < high)
            # A step that leaves the bracket halves it, unless it is the last digit that leaves.
            middle = np.where(high - low <= 4e-15 * high, age, np.sqrt(low) * np.sqrt(high))
            new = np.where(inside, guess, middle)
            settled = np.abs(new - age) <= 4e-15 * age
            age = new
            if bool(settled.all()):
                break
        return age

    def _bracket(self, ratio: FloatArray, longest_y: FloatArray) -> tuple[FloatArray, FloatArray]:
        shortest = min(self.chain.paths, key=len)
        steps = len(shortest) - 1
        rates = self._rates(shortest)
        start = (ratio / rates) ** (1.0 / steps) * math.factorial(steps) ** (1.0 / steps)
        high = np.minimum(np.maximum(start, np.finfo(float).tiny), longest_y)
        low = high.copy()
        while (short := self.grown(high) < ratio).any():
            high = np.where(short, np.minimum(high * 4.0, longest_y), high)
        while (far := self.grown(low) > ratio).any():
            low = np.where(far, low / 4.0, low)
        return low, high

    def total(self, age_y: FloatArray, initial: FloatArray) -> FloatArray:
        """Atom ratio after a time, where ``initial`` was there at the start."""
        return self.grown(age_y) + initial * np.exp(self.decline_per_y() * age_y)

    def rise_per_y(self, age_y: FloatArray, initial: FloatArray) -> FloatArray:
        """Derivative of ``total`` by time, in 1/y."""
        slope = self.decline_per_y()
        return self.growth_rate(age_y) + initial * slope * np.exp(slope * age_y)

    def lowest_point_y(self, initial: FloatArray) -> FloatArray:
        """Time at which ``total`` is lowest: zero where it rises from the start.

        The rate is that of the ingrowth less a fading exponential; it changes sign at most once,
        from falling to rising.
        """
        longest = LONGEST_MEAN_LIVES / self.constants_per_y[self.chain.parent]
        falls = self.rise_per_y(np.full_like(longest, np.finfo(float).tiny), initial) < 0.0
        if not falls.any():
            return np.zeros_like(longest)
        low, high = np.log(_SHORTEST * longest), np.log(longest)
        for _ in range(60):
            middle = 0.5 * (low + high)
            up = self.rise_per_y(np.exp(middle), initial) >= 0.0
            high = np.where(up, middle, high)
            low = np.where(up, low, middle)
        return np.where(falls, np.exp(high), 0.0)

    def age(self, ratio: FloatArray, initial: FloatArray) -> FloatArray:
        """Time in y for a ratio, where ``initial`` was there at the start.

        Parameters
        ----------
        ratio, initial : array, shape (m,)
            Atom ratios now and at the start.

        Returns
        -------
        array, shape (m,)
            On the rising side of ``total``. Infinite where the ratio is beyond what it approaches.
            Below its lowest point, which only samples of a measurement can be, that point; with
            two members the closed form, which is then negative.
        """
        if not initial.any():
            return self.age_of_growth(ratio)
        if self.chain.is_single_step:
            return self._age_of_one_step(ratio, initial)
        longest = LONGEST_MEAN_LIVES / self.constants_per_y[self.chain.parent]
        bottom = self.lowest_point_y(initial)
        answer = np.where(self.total(longest, initial) <= ratio, np.inf, bottom)
        possible = np.isfinite(answer) & (self.total(bottom, initial) < ratio)
        if possible.any():
            part = self._chosen(possible)
            low = np.maximum(bottom, _SHORTEST * longest)[possible]
            answer[possible] = part._search(
                ratio[possible], initial[possible], low, longest[possible]
            )
        return answer

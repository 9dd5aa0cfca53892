"""Decay and ingrowth in branching chains (Bateman equations), free of cancellation.

The closed solution of H. Bateman (Proc. Cambridge Phil. Soc. 15 (1910) 423) subtracts numbers that
agree to many digits when chain members have similar or very unlike half-lives. The sums are small,
so they are done in 150-digit decimal arithmetic instead of in floating point: every activity
that is not vanishing is then right to the last bit of the input.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tocsin.errors import InvalidInput, NotFound

EQUILIBRIUM_LONGEST_s = 10.0 * 365.2422 * 86400.0
"""Progeny that live longer are not taken as in equilibrium: the time since separation of sources
and ores that people meet in the field is rarely known to be several times longer. Ten years keeps
Ra-228 (5.75 y) in the thorium series and leaves Pb-210 (22 y) out of the radium series."""

EQUILIBRIUM_PART = 0.5
"""Progeny that live longer than this part of the named nuclide's half-life are left out: they would
reach equilibrium only after the named nuclide has decayed by more than half."""

_DIGITS = 150
_APART = Decimal("1e-25")  # decay constants nearer than this (relative) are moved apart by it


@dataclass(frozen=True, slots=True)
class Branch:
    """Part of the decays of a chain member that lead to a daughter."""

    daughter: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Member:
    """A chain member: half-life in s and its branches to other members."""

    half_life_s: float
    branches: tuple[Branch, ...]


def _context() -> decimal.Context:
    """Arithmetic of the solver; results too small for it become zero without a signal."""
    return decimal.Context(prec=_DIGITS, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[])


def _ordered(members: Mapping[str, Member]) -> list[str]:
    """Members so that parents come before their daughters."""
    order: list[str] = []
    state: dict[str, int] = {}
    for root in members:
        stack = [(root, False)]
        while stack:
            name, done = stack.pop()
            if done:
                state[name] = 2
                order.append(name)
                continue
            if state.get(name) == 2:
                continue
            if state.get(name) == 1:
                raise InvalidInput(f"the decay chain of {root} runs in a circle at {name}")
            state[name] = 1
            stack.append((name, True))
            stack += [
                (b.daughter, False) for b in _known(members, name) if state.get(b.daughter) != 2
            ]
    order.reverse()
    return order


def _known(members: Mapping[str, Member], name: str) -> Iterable[Branch]:
    """Branches of a member that stay inside the chain."""
    return (b for b in members[name].branches if b.daughter in members)


def _constants(members: Mapping[str, Member], order: list[str]) -> list[Decimal]:
    """Decay constants in 1/s, moved apart where they coincide."""
    constants: list[Decimal] = []
    ln2 = Decimal(2).ln()
    for name in order:
        half = members[name].half_life_s
        if not (math.isfinite(half) and half > 0.0):
            raise InvalidInput(f"half-life of {name} must be positive and finite, not {half!r} s")
        value = ln2 / Decimal(half)
        while any(abs(value - other) <= _APART * other for other in constants):
            value *= 1 + 2 * _APART
        constants.append(value)
    return constants


def solve(
    members: Mapping[str, Member], initial_Bq: Mapping[str, float], *, elapsed_s: float
) -> dict[str, Decimal]:
    r"""Activities of all members after a time.

    With :math:`N_i(t) = \sum_{j \le i} C_{ij} e^{-\lambda_j t}` the coefficients follow from the
    parents' (:math:`k \to i` with fraction :math:`b_{ki}`):
    :math:`C_{ij} = \sum_k b_{ki} \lambda_k C_{kj} / (\lambda_i - \lambda_j)` and
    :math:`C_{ii} = N_i(0) - \sum_{j<i} C_{ij}`; the activity is :math:`\lambda_i N_i`.

    Parameters
    ----------
    members : mapping of str to Member
        Every member of the chains; daughters that are not in it end a chain.
    initial_Bq : mapping of str to float
        Activities at time zero, zero or more.
    elapsed_s : float
        Time, zero or more.

    Returns
    -------
    dict of str to Decimal
        Activities in Bq, parents first.

    Raises
    ------
    InvalidInput
        For a negative or infinite time or activity, or a chain that runs in a circle.
    NotFound
        If an initial activity names something that is not a member.

    References
    ----------
    H. Bateman, Proc. Cambridge Phil. Soc. 15 (1910) 423-427.
    """
    if not (math.isfinite(elapsed_s) and elapsed_s >= 0.0):
        raise InvalidInput(f"elapsed_s must be finite and zero or more, not {elapsed_s!r}")
    for name, activity in initial_Bq.items():
        if name not in members:
            raise NotFound(f"{name} is not a member of the decay chain")
        if not (math.isfinite(activity) and activity >= 0.0):
            raise InvalidInput(f"activity of {name} must be finite and zero or more: {activity!r}")
    with decimal.localcontext(_context()):
        order = _ordered(members)
        place = {name: i for i, name in enumerate(order)}
        constants = _constants(members, order)
        inflow: list[dict[int, Decimal]] = [{} for _ in order]  # exponent -> rate into the member
        result: dict[str, Decimal] = {}
        decayed = [(-c * Decimal(elapsed_s)).exp() for c in constants]
        for i, name in enumerate(order):
            start = Decimal(initial_Bq.get(name, 0.0)) / constants[i]
            coefficients = {j: r / (constants[i] - constants[j]) for j, r in inflow[i].items()}
            own = start - sum(coefficients.values(), Decimal(0))
            if own:
                coefficients[i] = own
            for branch in _known(members, name):
                rates = inflow[place[branch.daughter]]
                factor = Decimal(branch.fraction) * constants[i]
                for j, c in coefficients.items():
                    rates[j] = rates.get(j, Decimal(0)) + factor * c
            amount = sum((c * decayed[j] for j, c in coefficients.items()), Decimal(0))
            # below the working precision a difference may end up negative
            result[name] = max(Decimal(0), constants[i] * amount)
    return result


def equilibrium_ratios(name: str, members: Mapping[str, Member]) -> dict[str, float]:
    r"""Activity ratios of the progeny that are in equilibrium in practice.

    A daughter counts if its half-life is at most ``EQUILIBRIUM_LONGEST_s`` and at most
    ``EQUILIBRIUM_PART`` of the named nuclide's; a chain ends at the first that does not. Its ratio
    is that of transient equilibrium,
    :math:`R_d = \lambda_d / (\lambda_d - \lambda) \sum_k b_{kd} R_k`.

    Parameters
    ----------
    name : str
        The named nuclide.
    members : mapping of str to Member
        It and its progeny.

    Returns
    -------
    dict of str to float
        Activity per activity of the named nuclide, which has 1.
    """
    half = members[name].half_life_s
    limit = min(EQUILIBRIUM_LONGEST_s, EQUILIBRIUM_PART * half)
    ratios = {name: 1.0}
    for current in _ordered(members):
        if current not in ratios:
            continue
        for branch in _known(members, current):
            daughter_half = members[branch.daughter].half_life_s
            if daughter_half > limit:
                continue
            growth = half / (half - daughter_half)
            before = ratios.get(branch.daughter, 0.0)
            ratios[branch.daughter] = before + branch.fraction * ratios[current] * growth
    return ratios


def aged_ratios(name: str, members: Mapping[str, Member], *, age_s: float) -> dict[str, float]:
    """Activity ratios of the progeny in a sample that was pure ``age_s`` ago.

    Parameters
    ----------
    name : str
        The named nuclide.
    members : mapping of str to Member
        It and its progeny.
    age_s : float
        Time since the nuclide was pure.

    Returns
    -------
    dict of str to float
        Activity per present activity of the named nuclide, which has 1.

    Raises
    ------
    InvalidInput
        If the age is negative, not finite, or more than 1000 half-lives.
    """
    if not (math.isfinite(age_s) and age_s >= 0.0):
        raise InvalidInput(f"age_s must be finite and zero or more, not {age_s!r}")
    if age_s > 1000.0 * members[name].half_life_s:
        raise InvalidInput(f"after {age_s:.4g} s nothing of {name} is left to refer to")
    activities = solve(members, {name: 1.0}, elapsed_s=age_s)
    with decimal.localcontext(_context()):
        now = activities[name]
        return {n: float(a / now) for n, a in activities.items()} | {name: 1.0}

"""Decay chains as sets of paths from a parent to a daughter, with their branching fractions."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import NuclideLibrary, load_library, parse_nuclide

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Branching:
    """A branching fraction that may vary; the main mode of the nuclide takes what it gives.

    Attributes
    ----------
    nuclide, daughter : str
        The branch.
    main_daughter : str or None
        Daughter of the most probable mode, whose fraction changes by the opposite amount; None
        for fission.
    fraction : float
        Probability per decay.
    standard_uncertainty : float
        Of the fraction.
    """

    nuclide: str
    daughter: str
    main_daughter: str | None
    fraction: float
    standard_uncertainty: float

    @property
    def name(self) -> str:
        """Name of this input in budgets."""
        return f"branching of {self.nuclide} to {self.daughter}"


@dataclass(frozen=True, slots=True)
class Chain:
    """All decay paths from a parent to a daughter.

    Attributes
    ----------
    parent, daughter : str
        Canonical names.
    paths : tuple of tuple of str
        Every path, each from parent to daughter.
    fractions : mapping of (str, str) to float
        Branching fraction of each step.
    stable_daughter : bool
        The daughter is stable, or lives longer than 1e19 s.
    branchings : tuple of Branching
        Fractions whose uncertainty counts.
    """

    parent: str
    daughter: str
    paths: tuple[tuple[str, ...], ...]
    fractions: Mapping[Edge, float]
    stable_daughter: bool
    branchings: tuple[Branching, ...]

    @property
    def members(self) -> tuple[str, ...]:
        """Radioactive members, the parent first."""
        found = dict.fromkeys(name for path in self.paths for name in path)
        if self.stable_daughter:
            del found[self.daughter]
        return tuple(found)

    @property
    def is_single_step(self) -> bool:
        """Whether the daughter comes from the parent in one step only."""
        return self.paths == ((self.parent, self.daughter),)


def find_chain(parent: str, daughter: str, *, library: NuclideLibrary | None = None) -> Chain:
    """The chain between two nuclides of the library.

    Parameters
    ----------
    parent, daughter : str
        Names in any customary spelling; the daughter may be stable.
    library : NuclideLibrary, optional
        Source of decay modes; the shipped library by default.

    Returns
    -------
    Chain
        With every path.

    Raises
    ------
    NotFound
        If the parent is not in the library, or the daughter not among its progeny.
    InvalidInput
        If both are the same.
    """
    return _found_chain(
        parse_nuclide(parent),
        parse_nuclide(daughter),
        library if library is not None else load_library(),
    )


@functools.lru_cache(maxsize=512)
def _found_chain(parent: str, daughter: str, library: NuclideLibrary) -> Chain:
    parent = library[parent].name
    if parent == daughter:
        raise InvalidInput(f"parent and daughter are both {parent}: name two different nuclides")
    reach = _leading_to(parent, daughter, library)
    paths = tuple(_paths(parent, daughter, library, reach))
    if not paths:
        raise NotFound(_no_pair(parent, daughter, library))
    edges = {edge for path in paths for edge in itertools.pairwise(path)}
    fractions: dict[Edge, float] = {}
    for nuclide, child in sorted(edges):
        modes = library[nuclide].decay_modes
        fractions[nuclide, child] = sum(m.branching for m in modes if m.daughter == child)
    stable = daughter not in library
    branchings = tuple(_branchings(sorted({n for n, _ in edges}), edges, library))
    return Chain(parent, daughter, paths, fractions, stable, branchings)


def direct_chain(parent: str, daughter: str, *, library: NuclideLibrary | None = None) -> Chain:
    """Two members only, every decay of the parent giving the daughter.

    The form of most published formulas: short-lived members in between and rare branches are left
    out. For comparison with such values, not for results.
    """
    full = find_chain(parent, daughter, library=library)
    edge = (full.parent, full.daughter)
    return Chain(full.parent, full.daughter, (edge,), {edge: 1.0}, full.stable_daughter, ())


def _no_pair(parent: str, daughter: str, library: NuclideLibrary) -> str:
    progeny = [n for n in library.members(parent) if n != parent]
    if daughter in library and parent in library.members(daughter):
        return f"{daughter} is the parent of {parent}, not its daughter: exchange them"
    shown = ", ".join(progeny[:8]) + (", ..." if len(progeny) > 8 else "")
    ends = {
        m.daughter
        for n in (parent, *progeny)
        for m in library[n].decay_modes
        if m.daughter and m.daughter not in library
    }
    stable = ", ".join(sorted(ends)[:4])
    return (
        f"{daughter} does not grow from {parent}; progeny of {parent}: "
        f"{shown + '; ' if shown else ''}stable ends: {stable or 'none'}"
    )


def _leading_to(parent: str, daughter: str, library: NuclideLibrary) -> set[str]:
    """Members of the chain from which the daughter can be reached."""
    members = library.members(parent)
    children = {n: {m.daughter for m in library[n].decay_modes if m.daughter} for n in members}
    reach = {daughter}
    grown = True
    while grown:
        more = {n for n, c in children.items() if c & reach and n != daughter} - reach
        reach |= more
        grown = bool(more)
    return reach


def _paths(
    start: str, daughter: str, library: NuclideLibrary, reach: set[str]
) -> Iterator[tuple[str, ...]]:
    if start not in reach:
        return
    waiting: list[tuple[str, ...]] = [(start,)]
    while waiting:
        path = waiting.pop()
        if path[-1] == daughter:
            yield path
            continue
        children = dict.fromkeys(m.daughter for m in library[path[-1]].decay_modes if m.daughter)
        waiting += [(*path, c) for c in reversed(list(children)) if c in reach]


def _branchings(
    nuclides: list[str], edges: set[Edge], library: NuclideLibrary
) -> Iterator[Branching]:
    for nuclide in nuclides:
        modes = library[nuclide].decay_modes
        main, *others = modes
        for mode in others:
            sigma = mode.standard_uncertainty
            if sigma is None and len(modes) == 2:
                sigma = main.standard_uncertainty
            touched = (nuclide, mode.daughter) in edges or (nuclide, main.daughter) in edges
            if mode.daughter is None or not sigma or not touched:
                continue
            yield Branching(nuclide, mode.daughter, main.daughter, mode.branching, sigma)

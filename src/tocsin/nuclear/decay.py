"""Activities of nuclides and all their progeny after a time."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.errors import InvalidInput
from tocsin.nuclear.bateman import Member, solve
from tocsin.nuclear.library import NuclideLibrary, load_library


def activities(
    initial_Bq: Mapping[str, float],
    *,
    elapsed_s: float,
    library: NuclideLibrary | None = None,
) -> dict[str, float]:
    """Activities of the given nuclides and all their progeny after ``elapsed_s``.

    Parameters
    ----------
    initial_Bq : mapping of str to float
        Activities at time zero by nuclide, in any customary spelling; zero or more.
    elapsed_s : float
        Time in s, zero or more.
    library : NuclideLibrary, optional
        Source of half-lives and branching; the shipped library by default.

    Returns
    -------
    dict of str to float
        Activity in Bq of every chain member by canonical name, parents first. Stable ends of
        chains and spontaneous fission are not listed.

    Raises
    ------
    InvalidInput
        For a negative or infinite activity or time, a name that is none, or one given twice.
    NotFound
        For a nuclide that is not in the library.

    Notes
    -----
    Valid for any half-lives and times; see ``tocsin.nuclear.bateman`` for the method.

    Examples
    --------
    >>> grown = activities({"Sr-90": 1000.0}, elapsed_s=30 * 86400.0)
    >>> round(grown["Y-90"])
    998
    """
    chosen = library if library is not None else load_library()
    members: dict[str, Member] = {}
    start: dict[str, float] = {}
    for written, activity in initial_Bq.items():
        name = chosen[written].name
        if name in start:
            raise InvalidInput(f"{name} is given twice")
        start[name] = float(activity)
        members |= chosen.members(name)
    solved = solve(members, start, elapsed_s=elapsed_s)
    return {name: float(activity) for name, activity in solved.items()}

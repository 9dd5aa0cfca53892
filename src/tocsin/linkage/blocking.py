"""Which pairs are worth comparing: an index of keys that two descriptions of one thing share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from tocsin.linkage.serial_likeness import SHORTEST_PART, slip_keys
from tocsin.linkage.things import Thing

FULL = 400
"""A key that more things of the list share tells too little and is passed over; another key must
bring the pair. Serial numbers themselves are followed up to fifty times as many."""

FORTNIGHT = 14
"""Days in one step of the keys by time."""


def keys_of(thing: Thing, *, asking: bool) -> Iterator[tuple[str, str]]:
    """Keys of one thing, each with its class.

    Parameters
    ----------
    thing : Thing
        What to index or to ask for.
    asking : bool
        Whether the keys are to ask with: then the fortnights before and after are asked for too.

    Yields
    ------
    tuple of str and str
        Class (``serial``, ``slip``, ``part``, ``licence``, ``where and when``) and key.
    """
    for serial, _ in thing.serials:
        keys = slip_keys(serial)
        yield "serial", keys[0]
        for key in keys[1:]:
            yield "slip", key
        if len(serial) >= SHORTEST_PART:
            yield "part", "<" + serial[:SHORTEST_PART]
            yield "part", ">" + serial[-SHORTEST_PART:]
    # The day of a registered thing (no kind) is that of its activity, not of a loss.
    if thing.kind in ("", "other") or thing.day is None:
        return
    steps = (-1, 0, 1) if asking else (0,)
    nuclides = "+".join(sorted(thing.nuclides))
    for step in steps:
        fortnight = thing.day // FORTNIGHT + step
        if thing.licence:
            yield "licence", f"{thing.licence}@{fortnight}"
        if thing.holder:
            yield "licence", f"{thing.holder}@{fortnight}"
        if thing.state and nuclides:
            yield "where and when", f"{thing.state}/{nuclides}@{fortnight}"


def _number(kind: str, key: str) -> int:
    return hash((kind, key)) & 0x7FFF_FFFF_FFFF_FFFF


class Index:
    """Things by their keys, in two sorted arrays.

    Parameters
    ----------
    things : iterable of Thing
        The list to ask.

    Notes
    -----
    A key is kept as a 63-bit number; two keys that fell on one number would only bring a pair
    more to compare. Memory is 12 bytes a key, some 25 keys for a thing with two serials.
    """

    def __init__(self, things: Iterable[Thing]) -> None:
        numbers: list[npt.NDArray[np.int64]] = []
        owners: list[npt.NDArray[np.int32]] = []
        batch: list[int] = []
        places: list[int] = []
        for place, thing in enumerate(things):
            for kind, key in keys_of(thing, asking=False):
                batch.append(_number(kind, key))
                places.append(place)
            if len(batch) > 1_000_000:
                numbers.append(np.array(batch, dtype=np.int64))
                owners.append(np.array(places, dtype=np.int32))
                batch, places = [], []
        numbers.append(np.array(batch, dtype=np.int64))
        owners.append(np.array(places, dtype=np.int32))
        keys, things_of = np.concatenate(numbers), np.concatenate(owners)
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self._owners = things_of[order]

    def candidates(self, thing: Thing) -> tuple[list[int], list[int]]:
        """Places of the things that share a key with this one.

        Parameters
        ----------
        thing : Thing
            What to ask for.

        Returns
        -------
        tuple of list of int
            Those that share more than the key of a slip or a number that very many have, and those
            that share only that; each in order of the list.
        """
        strong: set[int] = set()
        weak: set[int] = set()
        for kind, key in keys_of(thing, asking=True):
            number = _number(kind, key)
            first = int(np.searchsorted(self._keys, number, side="left"))
            last = int(np.searchsorted(self._keys, number, side="right"))
            many = last - first > FULL
            if not many or (kind == "serial" and last - first <= 50 * FULL):
                found = self._owners[first:last].tolist()
                (weak if kind == "slip" or many else strong).update(found)
        return sorted(strong), sorted(weak - strong)

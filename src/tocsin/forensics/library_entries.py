"""What a library of known material holds: values with uncertainty, entries, the library itself.

An *entry* is one analysed sample. Its *source* is what a comparison asks about (a mine, a reactor,
a plant), its *class* the kind of source (a reactor type, a process), its *lot* the independent
portion of the source it was taken from: entries of one lot are never split between training and
test. What was not measured is absent; what was not found carries its detection limit.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tocsin.errors import InvalidInput

REALMS = ("LIVE", "EXERCISE", "SYNTHETIC", "PUBLIC")
STAGES = ("ore", "concentrate", "uranium", "fresh_fuel", "spent_fuel", "plutonium", "other")


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """One characteristic of one sample, in the unit of the library.

    Attributes
    ----------
    value : float
        Positive; the detection limit where ``less_than``.
    standard_uncertainty : float or None
        One standard uncertainty (k = 1), same unit; None where none was given.
    less_than : bool
        True for a non-detect: only ``value`` as an upper limit is known.
    method, laboratory, date : str
        Provenance as reported, empty where unknown.
    results : int
        Number of reported results that this value combines.
    """

    value: float
    standard_uncertainty: float | None = None
    less_than: bool = False
    method: str = ""
    laboratory: str = ""
    date: str = ""
    results: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0):
            raise InvalidInput(f"a characteristic must be positive and finite, not {self.value}")
        u = self.standard_uncertainty
        if u is not None and not (math.isfinite(u) and u > 0):
            raise InvalidInput(f"a standard uncertainty must be positive and finite, not {u}")

    @property
    def log_uncertainty(self) -> float | None:
        r"""Standard uncertainty of the logarithm, :math:`\sqrt{\ln(1 + u^2/x^2)}`."""
        if self.standard_uncertainty is None:
            return None
        return math.sqrt(math.log1p((self.standard_uncertainty / self.value) ** 2))


@dataclass(frozen=True, slots=True)
class Entry:
    """One analysed sample of a known source.

    Attributes
    ----------
    sample : str
        Name of the sample, unique in its library.
    source, lot, group : str
        Source, lot within the source, class of the source (empty where there is none).
    values : mapping of str to MeasuredValue
        By characteristic; absent means not measured.
    facts : mapping of str to float
        Declared facts of the sample that are no measured characteristics, for example
        ``burnup_GWd_t`` and ``enrichment_percent``.
    """

    sample: str
    source: str
    lot: str
    group: str
    values: Mapping[str, MeasuredValue]
    facts: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Library:
    """A set of entries with one unit for each characteristic.

    Attributes
    ----------
    name, stage, realm : str
        ``stage`` is one of ``STAGES``, ``realm`` one of ``REALMS``.
    provenance : str
        Where the data come from and on what terms.
    units : mapping of str to str
        Unit of each characteristic.
    entries : tuple of Entry
        In the order of the files.
    notes : tuple of str
        What reading changed or left out, one line each.
    """

    name: str
    stage: str
    realm: str
    provenance: str
    units: Mapping[str, str]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise InvalidInput(f"stage {self.stage!r} is not one of {', '.join(STAGES)}")
        if self.realm not in REALMS:
            raise InvalidInput(f"realm {self.realm!r} is not one of {', '.join(REALMS)}")
        if not self.entries:
            raise InvalidInput(f"library {self.name!r} holds no entry")
        names = [e.sample for e in self.entries]
        if len(set(names)) != len(names):
            twice = next(n for n in names if names.count(n) > 1)
            raise InvalidInput(f"sample {twice!r} occurs twice in library {self.name!r}")
        groups: dict[str, str] = {}
        for entry in self.entries:
            if groups.setdefault(entry.source, entry.group) != entry.group:
                raise InvalidInput(f"source {entry.source!r} has two classes")

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources, sorted."""
        return tuple(sorted({e.source for e in self.entries}))

    @property
    def sha256(self) -> str:
        """Hash of the content: the same entries give the same hash, whatever the file."""
        content = [
            [
                e.sample,
                e.source,
                e.lot,
                e.group,
                sorted(
                    (k, v.value, v.standard_uncertainty, v.less_than) for k, v in e.values.items()
                ),
                sorted(e.facts.items()),
            ]
            for e in sorted(self.entries, key=lambda e: e.sample)
        ]
        text = json.dumps([self.stage, self.realm, sorted(self.units.items()), content])
        return hashlib.sha256(text.encode()).hexdigest()

    def without_sources(self, sources: Iterable[str]) -> Library:
        """The same library without some sources."""
        gone = set(sources)
        return Library(
            self.name,
            self.stage,
            self.realm,
            self.provenance,
            self.units,
            tuple(e for e in self.entries if e.source not in gone),
            self.notes,
        )


def combine_results(results: list[MeasuredValue]) -> MeasuredValue:
    r"""Several reported results of one characteristic of one sample as one value.

    The mean of the logarithms :math:`\bar y`, so that no laboratory is preferred; its variance
    is the larger of the internal :math:`\sum u_i^2 / n^2` and the external
    :math:`\sum (y_i - \bar y)^2 / (n (n - 1))`, so that laboratories that disagree widen the
    result. Detected results prevail over non-detects; of non-detects alone the lowest limit
    stands.

    Parameters
    ----------
    results : list of MeasuredValue
        At least one, all in one unit.

    Returns
    -------
    MeasuredValue
        With ``results`` counting those combined.
    """
    found = [r for r in results if not r.less_than]
    if not found:
        lowest = min(results, key=lambda r: r.value)
        return lowest if len(results) == 1 else _of(lowest.value, None, True, results)
    if len(found) == 1:
        return found[0]
    n = len(found)
    logs = [math.log(r.value) for r in found]
    mean = math.fsum(logs) / n
    known = [u for r in found if (u := r.log_uncertainty) is not None]
    # A result without uncertainty is taken to be as uncertain as the others on average.
    internal = math.fsum(u * u for u in known) / len(known) / n if known else 0.0
    external = math.fsum((y - mean) ** 2 for y in logs) / (n * (n - 1))
    variance = max(internal, external)
    value = math.exp(mean)
    u = value * math.sqrt(math.expm1(variance)) if variance > 0 else None
    return _of(value, u, False, found)


def _of(
    value: float, u: float | None, less_than: bool, results: list[MeasuredValue]
) -> MeasuredValue:
    def joined(words: Iterable[str]) -> str:
        return "; ".join(sorted({w for w in words if w}))

    return MeasuredValue(
        value,
        u,
        less_than,
        joined(r.method for r in results),
        joined(r.laboratory for r in results),
        joined(r.date for r in results),
        len(results),
    )

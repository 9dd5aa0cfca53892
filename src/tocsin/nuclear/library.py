"""The nuclide library: half-lives, decay modes, classes and emission lines, with their sources."""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

from tocsin.errors import InvalidInput, NotFound, ParseError
from tocsin.nuclear.bateman import Branch, Member, aged_ratios, equilibrium_ratios
from tocsin.nuclear.names import parse_nuclide

SCHEMA = "tocsin.nuclides/1"
FACILITY_BASIS = "facility"
"""Class basis of nuclides that are rarely met outside of reactors and accelerators."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a quantity.

    Attributes
    ----------
    source : str
        Key of ``NuclideLibrary.sources``.
    value : float
        Value in the unit of the quantity.
    standard_uncertainty : float or None
        One standard uncertainty, same unit; None where the source gives none.
    """

    source: str
    value: float
    standard_uncertainty: float | None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity with its preferred value and all evaluations, the preferred one first.

    Attributes
    ----------
    unit : str
        Unit of all values.
    evaluations : tuple of Evaluation
        At least one; the first is preferred.
    """

    unit: str
    evaluations: tuple[Evaluation, ...]

    @property
    def value(self) -> float:
        """Preferred value."""
        return self.evaluations[0].value

    @property
    def standard_uncertainty(self) -> float | None:
        """Standard uncertainty of the preferred value."""
        return self.evaluations[0].standard_uncertainty

    @property
    def source(self) -> str:
        """Source key of the preferred value."""
        return self.evaluations[0].source


@dataclass(frozen=True, slots=True)
class DecayMode:
    """One way a nuclide decays.

    Attributes
    ----------
    mode : str
        ``beta-``, ``ec/beta+``, ``alpha``, ``it`` or ``sf``.
    daughter : str or None
        Canonical name; None for spontaneous fission.
    branching : float
        Probability per decay; the modes of a nuclide sum to one.
    standard_uncertainty : float or None
        Of the branching.
    source : str
        Source key.
    """

    mode: str
    daughter: str | None
    branching: float
    standard_uncertainty: float | None
    source: str


@dataclass(frozen=True, slots=True)
class EmissionLine:
    """One photon line.

    Attributes
    ----------
    energy_keV : float
        Photon energy.
    energy_uncertainty_keV : float or None
        Standard uncertainty of the energy.
    intensity : float
        Photons per decay: of the emitter in ``Nuclide.lines``, of the named nuclide in
        ``NuclideLibrary.lines``. Annihilation may exceed one, up to two.
    intensity_uncertainty : float or None
        Standard uncertainty of the intensity, same reference.
    emitter : str
        The nuclide whose decay emits the photon.
    kind : str
        ``gamma``, ``x-ray`` or ``annihilation``.
    source : str
        Source key of the intensity.
    evaluations : tuple of Evaluation
        Intensities of other evaluations, same reference.
    """

    energy_keV: float
    energy_uncertainty_keV: float | None
    intensity: float
    intensity_uncertainty: float | None
    emitter: str
    kind: str
    source: str
    evaluations: tuple[Evaluation, ...] = ()

    def scaled(self, factor: float) -> EmissionLine:
        """The same line with intensity and uncertainties multiplied by ``factor``."""
        unc = self.intensity_uncertainty
        return replace(
            self,
            intensity=self.intensity * factor,
            intensity_uncertainty=None if unc is None else unc * factor,
            evaluations=tuple(
                Evaluation(
                    e.source,
                    e.value * factor,
                    None if e.standard_uncertainty is None else e.standard_uncertainty * factor,
                )
                for e in self.evaluations
            ),
        )


@dataclass(frozen=True, slots=True)
class Nuclide:
    """A radionuclide: a ground state or an isomer that lives at least 10 s.

    Attributes
    ----------
    name : str
        Canonical name.
    z, a : int
        Atomic and mass number.
    isomer : str
        Empty for the ground state, else ``m`` or ``n``.
    half_life : Quantity
        In seconds, with evaluations.
    decay_modes : tuple of DecayMode
        Most probable first.
    classes : tuple of str
        ``snm``, ``industrial``, ``medical``, ``norm``; primary first; empty for mere progeny.
    class_basis : str
        Key of ``NuclideLibrary.class_bases``: where the class comes from, and whether verified.
    nuclear_material : bool
        Whether it is uranium, plutonium, neptunium or thorium under nuclear material accounting.
    lines : tuple of EmissionLine
        By energy, photons per decay of this nuclide, without progeny.
    """

    name: str
    z: int
    a: int
    isomer: str
    half_life: Quantity
    decay_modes: tuple[DecayMode, ...]
    classes: tuple[str, ...]
    class_basis: str
    nuclear_material: bool
    lines: tuple[EmissionLine, ...]

    @property
    def customary(self) -> bool:
        """Whether it is met in use or in nature: it has a class, and not by facilities alone."""
        return bool(self.classes) and self.class_basis != FACILITY_BASIS

    @property
    def half_life_s(self) -> float:
        """Preferred half-life in s."""
        return self.half_life.value

    @property
    def decay_constant_per_s(self) -> float:
        """Natural logarithm of 2 over the preferred half-life, in 1/s."""
        return math.log(2.0) / self.half_life.value


class NuclideLibrary:
    """All nuclides of one edition of the data file; immutable, safe to share.

    Parameters
    ----------
    document : dict
        Parsed content of ``nuclides.json``.
    version : str
        Edition and hash, as reports print it.
    """

    def __init__(self, document: dict[str, Any], *, version: str) -> None:
        if document.get("schema") != SCHEMA:
            raise ParseError(
                f"nuclide library has schema {document.get('schema')!r}, {SCHEMA!r} is needed",
                code="schema",
                file="nuclides.json",
            )
        self.version = version
        self.edition: str = document["edition"]
        self.sources: dict[str, dict[str, str]] = document["sources"]
        self.class_bases: dict[str, dict[str, str]] = document["class_bases"]
        self._raw: dict[str, dict[str, Any]] = document["nuclides"]
        self.names: tuple[str, ...] = tuple(self._raw)
        self._built: dict[str, Nuclide] = {}
        self._equilibrium: dict[str, dict[str, float]] = {}

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        try:
            return parse_nuclide(name) in self._raw
        except InvalidInput:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, name: str) -> Nuclide:
        """Nuclide by name in any customary spelling.

        Raises
        ------
        InvalidInput
            If the text names no nuclide.
        NotFound
            If the nuclide is not in the library; near matches are named.
        """
        found = self._built.get(name)
        if found is not None:
            return found
        canonical = parse_nuclide(name)
        if canonical not in self._raw:
            raise NotFound(self._missing(canonical))
        if canonical not in self._built:
            self._built[canonical] = _nuclide(canonical, self._raw[canonical])
        return self._built[canonical]

    def _missing(self, name: str) -> str:
        """Message for a nuclide that is not there."""
        same = [n for n in self.names if n.split("-")[0] == name.split("-")[0]]
        near = difflib.get_close_matches(name, same or self.names, n=5, cutoff=0.5) or same[:5]
        hint = f"; near: {', '.join(near)}" if near else ""
        return f"{name} is not in the nuclide library {self.version}{hint}"

    def members(self, name: str) -> dict[str, Member]:
        """The nuclide and all its progeny in the library, for the decay solvers."""
        found: dict[str, Member] = {}
        waiting = [self[name].name]
        while waiting:
            current = waiting.pop()
            if current in found:
                continue
            nuclide = self[current]
            branches = tuple(
                Branch(m.daughter, m.branching)
                for m in nuclide.decay_modes
                if m.daughter is not None and m.daughter in self._raw
            )
            found[current] = Member(nuclide.half_life_s, branches)
            waiting += [b.daughter for b in branches]
        return found

    def lines(
        self,
        name: str,
        *,
        progeny: bool = True,
        age_s: float | None = None,
        min_intensity: float = 0.0,
    ) -> tuple[EmissionLine, ...]:
        """Photon lines per decay of the named nuclide, by energy.

        Parameters
        ----------
        name : str
            Nuclide in any customary spelling.
        progeny : bool
            Whether to add the progeny's lines; each line keeps its emitter.
        age_s : float, optional
            Time since the nuclide was pure. None takes the progeny that are in equilibrium in
            practice: those with a half-life of at most 10 years and at most half that of the
            named nuclide, the chain ending at the first that fails, at the activity ratio of
            transient equilibrium.
        min_intensity : float
            Lines below this many photons per decay of the named nuclide are left out.

        Returns
        -------
        tuple of EmissionLine
            Uncertainties are those of the emitter's intensity, scaled; the uncertainty of the
            activity ratio is not included.

        Raises
        ------
        NotFound, InvalidInput
            For an unknown name; for an age that is negative, not finite, or so long that nothing
            of the named nuclide is left.
        """
        if not min_intensity >= 0.0:
            raise InvalidInput(f"min_intensity must be zero or more, not {min_intensity!r}")
        nuclide = self[name]
        ratios = self.activity_ratios(nuclide.name, age_s=age_s) if progeny else {nuclide.name: 1.0}
        found = [
            line if ratio == 1.0 else line.scaled(ratio)
            for emitter, ratio in ratios.items()
            if ratio > 0.0
            for line in self[emitter].lines
        ]
        kept = (line for line in found if line.intensity >= min_intensity)
        return tuple(sorted(kept, key=lambda x: (x.energy_keV, x.emitter, x.kind)))

    def activity_ratios(self, name: str, *, age_s: float | None = None) -> dict[str, float]:
        """Activity of the nuclide and its progeny, relative to the nuclide's own activity.

        Parameters
        ----------
        name : str
            Nuclide in any customary spelling.
        age_s : float, optional
            As in ``lines``.

        Returns
        -------
        dict of str to float
            By canonical name; the named nuclide has 1.
        """
        canonical = self[name].name
        if age_s is not None:
            return aged_ratios(canonical, self.members(canonical), age_s=age_s)
        if canonical not in self._equilibrium:
            self._equilibrium[canonical] = equilibrium_ratios(canonical, self.members(canonical))
        return dict(self._equilibrium[canonical])


def _nuclide(name: str, raw: dict[str, Any]) -> Nuclide:
    """Build one nuclide from its entry in the data file."""
    return Nuclide(
        name=name,
        z=raw["z"],
        a=raw["a"],
        isomer=raw["isomer"],
        half_life=Quantity("s", tuple(Evaluation(*row) for row in raw["half_life_s"])),
        decay_modes=tuple(DecayMode(*row) for row in raw["decay_modes"]),
        classes=tuple(raw["classes"]),
        class_basis=raw["class_basis"],
        nuclear_material=raw["nuclear_material"],
        lines=tuple(_line(name, row) for row in raw["lines"]),
    )


def _line(emitter: str, row: list[Any]) -> EmissionLine:
    """Build one line from its row in the data file."""
    energy, energy_unc, intensity, intensity_unc, kind, source, *more = row
    others = tuple(Evaluation(*one) for one in more[0]) if more else ()
    return EmissionLine(energy, energy_unc, intensity, intensity_unc, emitter, kind, source, others)


@functools.lru_cache(maxsize=1)
def load_library() -> NuclideLibrary:
    """Load the nuclide library that ships with Tocsin (cached).

    Returns
    -------
    NuclideLibrary
        The library; its content is checked against the sha256 in the manifest.

    Raises
    ------
    ParseError
        If the data file does not match its manifest or has another schema.
    """
    folder = resources.files("tocsin.nuclear") / "data"
    content = (folder / "nuclides.json").read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(content).hexdigest()
    if digest != manifest["files"]["nuclides.json"]:
        raise ParseError(
            "the nuclide library does not match its manifest; reinstall Tocsin or rebuild it",
            code="checksum",
            file="nuclides.json",
        )
    document = json.loads(content)
    return NuclideLibrary(document, version=f"{document['edition']}+{digest[:8]}")

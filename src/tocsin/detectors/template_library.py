"""Template libraries: expected spectra of many nuclides behind many layers, in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.array_archive import archive_bytes, read_archive
from tocsin.detectors.simulated_response import Expected
from tocsin.errors import NotFound, ParseError

SCHEMA = "tocsin.template-library/1"
_ARRAYS = ("edges_keV", "counts", "sigma")
_SURROUNDINGS = "surroundings"


@dataclass(frozen=True, eq=False)
class TemplateLibrary:
    """Expected counts per decay of nuclides behind layers, for one detector and one distance.

    Parameters
    ----------
    edges_keV : (m + 1,) float64
        Channel edges.
    counts, sigma : (nuclide, shielding, m) float32
        Expected counts per decay of the named nuclide, and one standard deviation of the
        simulation alone (not of data, sizes or models).
    manifest : dict
        ``nuclides`` (name, age, members of the chain with their activities, photons left out) and
        ``shieldings`` in the order of the arrays; detector, distance, seeds, hashes, editions of
        the data; ``resolution`` and ``light`` of the detector; ``warnings``, sentences for a
        reader; ``counting``, electronics, what of them is not known, rate and live shares, where
        the templates were recorded at a rate; ``surroundings``, the scene, where their counts are
        there.
    surroundings : (nuclide, shielding, m) float32, optional
        Expected counts per decay of photons that ground and a body behind the detector scatter into
        it; not part of ``counts``.
    """

    edges_keV: NDArray[np.float64]
    counts: NDArray[np.float32]
    sigma: NDArray[np.float32]
    manifest: dict[str, Any]
    surroundings: NDArray[np.float32] | None = None

    @property
    def nuclides(self) -> tuple[str, ...]:
        """Names in the order of the arrays."""
        return tuple(entry["name"] for entry in self.manifest["nuclides"])

    @property
    def shieldings(self) -> tuple[str, ...]:
        """Names in the order of the arrays."""
        return tuple(entry["name"] for entry in self.manifest["shieldings"])

    def template(self, nuclide: str, shielding: str = "bare") -> Expected:
        """One spectrum, by the names of the library.

        Returns
        -------
        Expected
            Counts per decay and channel with their standard deviation, and the live share.

        Raises
        ------
        NotFound
            When the library does not hold it; the message lists what it holds.
        """
        at = self._place(nuclide, shielding)
        return Expected(
            self.counts[at].astype(np.float64),
            self.sigma[at].astype(np.float64),
            float(self._live_share[at]),
        )

    def scattered(self, nuclide: str, shielding: str = "bare") -> NDArray[np.float64]:
        """Counts per decay that come by way of the surroundings, to be added to the template.

        The scene is a convention; a measured spectrum asks for an amplitude of its own.

        Raises
        ------
        NotFound
            When the library does not hold it, or was built without surroundings.
        """
        at = self._place(nuclide, shielding)
        if self.surroundings is None:
            raise NotFound("the library was built without surroundings: build it with them")
        return np.asarray(self.surroundings[at], dtype=np.float64)

    def _place(self, nuclide: str, shielding: str) -> tuple[int, int]:
        for word, name, known in (
            ("nuclide", nuclide, self.nuclides),
            ("shielding", shielding, self.shieldings),
        ):
            if name not in known:
                raise NotFound(f"the library holds no {word} {name!r}; it has {', '.join(known)}")
        return self.nuclides.index(nuclide), self.shieldings.index(shielding)

    @property
    def _live_share(self) -> NDArray[np.float64]:
        """Of every template, (nuclide, shielding); ones where no rate was asked."""
        shape = self.counts.shape[:2]
        counting = self.manifest.get("counting")
        if counting is None:
            return np.ones(shape)
        try:
            shares = np.asarray(counting["live_share"], dtype=np.float64)
        except (KeyError, TypeError, ValueError):
            return np.empty(0)
        return shares

    def to_bytes(self) -> bytes:
        """The library as an NPZ file with its manifest; the same library gives the same bytes."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        if self.surroundings is not None:
            arrays[_SURROUNDINGS] = self.surroundings
        return archive_bytes(arrays, self.manifest | {"schema": SCHEMA})

    @classmethod
    def load(cls, path: Path) -> TemplateLibrary:
        """Library from a file.

        Raises
        ------
        ParseError
            When the file is none of a library, is damaged, or its parts do not fit together.
        """
        arrays, manifest = read_archive(path, schema=SCHEMA, wanted=_ARRAYS)
        manifest = {k: v for k, v in manifest.items() if k not in ("schema", "sha256")}
        found = cls(
            arrays["edges_keV"],
            arrays["counts"],
            arrays["sigma"],
            manifest,
            arrays.get(_SURROUNDINGS),
        )
        if not found._fits():
            reason = "its manifest and its arrays do not fit together: build it again"
            raise ParseError(reason, code="library", file=str(path))
        return found

    def _fits(self) -> bool:
        for key in ("nuclides", "shieldings"):
            entries = self.manifest.get(key)
            if not isinstance(entries, list) or not all(
                isinstance(e, dict) and isinstance(e.get("name"), str) for e in entries
            ):
                return False
        live = self._live_share
        if live.shape != self.counts.shape[:2] or not np.all((live > 0) & (live <= 1)):
            return False
        edges = self.edges_keV
        shape = (len(self.nuclides), len(self.shieldings), edges.size - 1)
        return (
            edges.ndim == 1
            and edges.dtype == np.float64
            and edges.size > 2
            and bool(np.all(np.diff(edges) > 0))
            and all(
                a.dtype == np.float32
                and a.shape == shape
                and bool(np.all(np.isfinite(a)) and np.all(a >= 0))
                for a in (self.counts, self.sigma, self.surroundings)
                if a is not None
            )
            and (self.surroundings is not None) == (_SURROUNDINGS in self.manifest)
        )

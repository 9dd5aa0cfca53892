"""Build the tables beside the nuclide library: coincidences, betas, neutron-induced lines.

Development time only, after ``build_nuclide_library.py`` and in the same environment, with
``pyEGAF==1.0.14`` (Evaluated Gamma-ray Activation File) besides:

    python scripts/build_companion_tables.py

What the tables hold and how they are made is told in docs/science/nuclide-library.md. The table of
weak lines stands beside them and in the same manifest: ``build_weak_lines.py``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from build_nuclide_library import DATA, ROOT, SOURCE_TEXT, digest, package_file, rounded
from nuclide_cascades import coincident_pairs
from nuclide_continua import beta_energies, strong_branches
from nuclide_neutrons import activation_rows, capture_rows, scatter_rows
from nuclide_sources import Sources

SELECTION = ROOT / "scripts" / "neutron_line_selection.json"
EGAF = {
    "title": "Evaluated Gamma-ray Activation File (EGAF), as shipped in pyEGAF 1.0.14",
    "edition": "2024-12",
    "publisher": "International Atomic Energy Agency and Lawrence Berkeley National Laboratory",
    "licence": "public data, citation requested; the package is BSD-licensed",
    "verification": "read; anchor energies compared with ENSDF where a decay emits the same line",
}


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with a head line; empty where a value is not known."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    return out.getvalue()


def coincidences(nuclides: dict[str, Any], sources: Sources) -> str:
    """Pairs of photons of one decay."""
    rows = [
        (name, pair.low_keV, pair.high_keV, rounded(pair.per_decay, 4), pair.kind, "ensdf")
        for name, raw in nuclides.items()
        for pair in coincident_pairs(sources.schemes(name), raw["lines"])
    ]
    return table(("emitter", "low_keV", "high_keV", "per_decay", "kind", "source"), rows)


def betas(nuclides: dict[str, Any], sources: Sources) -> str:
    """Energies of beta particles per decay."""
    rows = []
    for name in nuclides:
        found = beta_energies(sources.schemes(name))
        if found is not None:
            mean = "allowed shape" if found.computed else "ensdf"
            values = (rounded(found.mean_keV, 5), rounded(found.largest_keV, 5))
            rows.append((name, *values, "ensdf", mean))
    columns = ("emitter", "mean_keV", "largest_keV", "source", "mean_from")
    return table(columns, rows)


def branches(nuclides: dict[str, Any], sources: Sources) -> str:
    """Branches of beta-minus decay."""
    rows = []
    for name in nuclides:
        for one in strong_branches(sources.schemes(name)):
            values = (rounded(x, 6) for x in (one.end_keV, one.mean_keV, one.per_decay))
            rows.append((name, *values, "ensdf", "allowed shape" if one.computed else "ensdf"))
    return table(("emitter", "end_keV", "mean_keV", "per_decay", "source", "mean_from"), rows)


def main() -> None:
    """Write the tables and their manifest."""
    sources = Sources(
        package_file("paceENSDF", "ENSDF_JSON"),
        package_file("actigamma", "data", "lines_decay_2012.min.json"),
    )
    library = (DATA / "nuclides.json").read_bytes()
    nuclides = json.loads(library)["nuclides"]
    selection = json.loads(SELECTION.read_text(encoding="utf-8"))
    captured, read = capture_rows(package_file("pyEGAF", "EGAF_JSON"), selection["capture"])
    scattered, used = scatter_rows(sources, selection["scatter"])
    neutron = [*captured, *scattered, *activation_rows(nuclides, selection["activation"])]
    neutron.sort(key=lambda row: (row.energy_keV, row.target))
    columns = tuple(type(neutron[0]).__dataclass_fields__)
    texts = {
        "coincidences.csv": coincidences(nuclides, sources),
        "betas.csv": betas(nuclides, sources),
        "beta_branches.csv": branches(nuclides, sources),
        "neutron_lines.csv": table(columns, [[getattr(r, c) for c in columns] for r in neutron]),
    }
    for name, text in texts.items():
        (DATA / name).write_text(text, encoding="utf-8")
    weak = (DATA / "weak_lines.csv").read_text(encoding="utf-8")
    files: set[Path] = {p for n in nuclides for p in sources.files.get(n.rstrip("mn"), [])} | used
    manifest = {
        "schema": "tocsin.manifest/1",
        "built_by": "scripts/build_companion_tables.py",
        "files": {
            name: hashlib.sha256(t.encode()).hexdigest()
            for name, t in (texts | {"weak_lines.csv": weak}).items()
        },
        "computed_with": {"nuclides.json": hashlib.sha256(library).hexdigest()},
        "sources": {
            "ensdf": {**SOURCE_TEXT["ensdf"], "input_sha256": digest(sorted(files))},
            "egaf": {**EGAF, "input_sha256": digest(read)},
        },
    }
    target = DATA / "companions.json"
    target.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    print({name: text.count("\n") - 1 for name, text in texts.items()})


if __name__ == "__main__":
    main()

"""Write the table of atomic masses that turns mass ratios into atom ratios.

A development-time script. The masses are those of AME2020 (M. Wang et al., Chinese Physics C 45
(2021) 030003) as the package periodictable 2.1.0 (public domain) holds them. It needs an
environment of its own::

    python3.11 -m venv ../build-env
    ../build-env/bin/pip install periodictable==2.1.0 -e .
    ../build-env/bin/python scripts/build_atomic_masses.py

Every nuclide of the nuclide library and every daughter its decay modes name gets its ground-state
mass; isomers share it (their excitation is below 2e-5 of the mass).
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import periodictable

from tocsin.nuclear import load_library
from tocsin.nuclear.names import SYMBOLS, split_nuclide

FOLDER = Path(__file__).resolve().parents[1] / "src/tocsin/forensics/data/chronometry"


def ground_states() -> list[str]:
    """Ground states of the library's nuclides and of their daughters, by Z and A."""
    library = load_library()
    names = set(library)
    for name in library:
        names |= {mode.daughter for mode in library[name].decay_modes if mode.daughter}
    places = sorted({split_nuclide(name)[:2] for name in names})
    return [f"{SYMBOLS[z]}-{a}" for z, a in places]


def main() -> None:
    """Write ``atomic_masses.csv`` and its line in the manifest."""
    rows = ["nuclide,mass_u"]
    for name in ground_states():
        z, a, _ = split_nuclide(name)
        rows.append(f"{name},{periodictable.elements[z][a].mass!r}")
    content = ("\n".join(rows) + "\n").encode()
    (FOLDER / "atomic_masses.csv").write_bytes(content)
    path = FOLDER / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"]["atomic_masses.csv"] = sha256(content).hexdigest()
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(rows) - 1} masses")


if __name__ == "__main__":
    main()

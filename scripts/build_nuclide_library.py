"""Build ``src/tocsin/nuclear/data/nuclides.json`` from ENSDF and UKDD-12 (development time only).

Run it in an environment of its own, outside the repository, that holds ``paceENSDF==0.6.3``
(2.4 GB, ENSDF of September 2023) and ``actigamma==0.1.5`` (UKDD-12); neither is needed at run time:

    python scripts/build_nuclide_library.py            # writes the data file and the manifest
    python scripts/build_nuclide_library.py --review   # also prints where the two sources disagree

What it does, with the reasons, is told in docs/science/nuclide-library.md.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuclide_schemes import (
    PARTICLE,
    annihilation,
    check_norm,
    feeding,
    isomers_of,
    scheme_lines,
    short_isomers,
)
from nuclide_sources import (
    SYMBOLS,
    Line,
    MATCH_keV,
    Scheme,
    Sources,
    nearest,
    seconds,
    split_name,
    ukdd_lines,
)

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "src" / "tocsin" / "nuclear" / "data"
SELECTION = ROOT / "scripts" / "nuclide_selection.json"
EDITION = "2026.2"
ABSOLUTE_CUT = 1e-5  # lines kept: at least this many photons per decay ...
RELATIVE_CUT = 1e-3  # ... or this part of the emitter's strongest line of that kind
FLOOR = 1e-9
LOWEST_keV = 5.0
MINOR_BRANCH = 0.01  # below it a branch without photon normalisation does not spoil the rest
CONVERTED_keV = 30.0  # below it nearly all gammas of heavy nuclides are converted
HEAVY_Z = 80  # from here on ...
L_XRAYS_keV = 20.0  # ... L X-rays lie below this energy and hide gammas
# what ENSDF's other branches leave of these is spontaneous fission; of others it is rounding
FISSIONING = {"Pu-244", "Cm-246", "Cm-248", "Cf-250", "Cf-252", "Fm-254", "Fm-257"}
GAP_PART = 0.01  # a UKDD-12 gamma that ENSDF lacks is added above this part of the strongest


@dataclass
class Nuclide:
    """What goes into the data file for one nuclide."""

    name: str
    half_lives: list[tuple[str, float, float | None]]
    modes: list[dict[str, Any]]
    lines: list[Line]
    origin: str


class Builder:
    """Builds the nuclides of the selection and all their unstable progeny."""

    def __init__(self, sources: Sources, selection: dict[str, Any]) -> None:
        self.sources, self.selection = sources, selection
        self.built: dict[str, Nuclide] = {}
        self.isomer_lines: dict[str, tuple[float, str, list[Line]]] = {}
        self.isomer_half: dict[str, tuple[float, float | None]] = {}
        self.notes: list[str] = []

    def build(self) -> dict[str, Nuclide]:
        """Close the selection over its progeny and build every member."""
        waiting = list(self.selection)
        while waiting:
            name = waiting.pop()
            if name in self.built:
                continue
            if not self.sources.unstable(name):
                raise SystemExit(f"{name}: no half-life in either source")
            self.built[name] = self.one(name)
            for mode in self.built[name].modes:
                if mode["daughter"] and self.sources.unstable(mode["daughter"]):
                    waiting.append(mode["daughter"])
        for name, nuclide in self.built.items():
            self.finish(name, nuclide)
        return dict(sorted(self.built.items(), key=lambda item: split_name(item[0])))

    def one(self, name: str) -> Nuclide:
        """Modes and ENSDF lines of one nuclide; isomers' lines are set aside for ``finish``."""
        schemes = self.sources.schemes(name)
        half_lives: list[tuple[str, float, float | None]] = []
        if schemes:
            half_lives.append(("ensdf", schemes[0].half_life_s, schemes[0].half_life_unc_s))
        ukdd = self.sources.half_life_ukdd(name)
        if ukdd:
            half_lives.append(("ukdd-12", ukdd, None))
        for note in (check_norm(s, name, self.sources) for s in schemes):
            self.notes += [note] if note else []
        modes = self.modes(name, schemes)
        lines: list[Line] = []
        usable = bool(schemes) and all(
            s.photon_norm_known
            or not any(lv["gammaDecay"] for lv in s.levels)
            or (s.branching_known and s.branching < MINOR_BRANCH)
            for s in schemes
        )
        for scheme in schemes:
            direct, of_isomer = (
                scheme_lines(scheme, self.sources) if scheme.photon_norm_known else ([], {})
            )
            lines += direct if usable else []
            self.keep_isomers(name, scheme, of_isomer)
        positron = annihilation(schemes)
        lines += [positron] if positron and usable else []
        return Nuclide(name, half_lives, modes, lines, "ensdf" if usable else "ukdd-12")

    def keep_isomers(self, name: str, scheme: Scheme, of_isomer: dict[str, list[Line]]) -> None:
        """Remember half-life and lines of isomers, from the parent that feeds them most."""
        isomers = isomers_of(scheme, self.sources)
        for index, isomer in isomers.items():
            level = next(one for one in scheme.levels if one["levelIndex"] == index)
            half = seconds(level["isomerDecay"][0]) if level["isomerDecay"] else None
            if half:
                self.isomer_half.setdefault(isomer, half)
            fed = feeding(scheme, index, isomers)[0]
            if isomer in of_isomer and fed > self.isomer_lines.get(isomer, (0.0,))[0]:
                self.isomer_lines[isomer] = (fed, name, of_isomer[isomer])

    def modes(self, name: str, schemes: list[Scheme]) -> list[dict[str, Any]]:
        """Decay modes with daughters; fractions sum to one."""
        isomer = split_name(name)[2]
        modes: list[dict[str, Any]] = []
        whole = sum(s.branching for s in schemes)
        if not schemes:
            return self.modes_ukdd(name)
        shares: dict[str, float] = {}
        if whole > 1.02:  # a data set without a branching record: shares from UKDD-12's particles
            ukdd = {m["mode"]: m["branching"] for m in self.modes_ukdd(name)}
            shares = {s.mode: ukdd.get(PARTICLE[s.mode][2], 0.0) for s in schemes}
            self.notes.append(
                f"{name}: ENSDF branches sum to {whole:.4f}, shares from UKDD-12 {shares}"
            )
        for scheme in schemes:
            label = PARTICLE[scheme.mode][2]
            ground = f"{SYMBOLS[scheme.daughter_z]}-{scheme.daughter_a}"
            share = shares[scheme.mode] if shares else scheme.branching
            rest = share
            isomers = isomers_of(scheme, self.sources)
            for index, child in isomers.items():
                fed, fed_unc = feeding(scheme, index, isomers)
                if 0.0 < share - fed < min(0.02, 2.0 * fed_unc):
                    fed = share  # the scheme does not resolve the small remainder
                if fed > 1e-6:
                    rest -= fed
                    modes.append(mode_row(label, child, fed, fed_unc))
            if rest > 1e-7:
                modes.append(mode_row(label, ground, rest, scheme.branching_unc))
        remainder = 1.0 - whole
        if isomer and remainder > 1e-6:
            modes.append(mode_row("it", self.below(name), remainder, None))
        elif name in FISSIONING and remainder > 1e-4:
            modes.append(mode_row("sf", None, remainder, None))
        total = sum(m["branching"] for m in modes)
        if abs(total - 1.0) > 0.02:
            self.notes.append(f"{name}: ENSDF branches sum to {total:.4f}, scaled to 1")
        for mode in modes:
            mode["branching"] /= total
        return sorted(modes, key=lambda m: -m["branching"])

    def below(self, name: str) -> str:
        """The state an isomeric transition leads to: from the second isomer to the first."""
        first = f"{name[:-1]}m"
        return first if name.endswith("n") and self.sources.half_life_ukdd(first) else name[:-1]

    def modes_ukdd(self, name: str) -> list[dict[str, Any]]:
        """Modes where ENSDF has no data set of this parent: from UKDD-12's particles."""
        z, a, isomer = split_name(name)
        if isomer:
            return [mode_row("it", self.below(name), 1.0, None, "ukdd-12")]
        rows = []
        for block, label, dz, da in (
            ("beta", "beta-", 1, 0),
            ("ec", "ec/beta+", -1, 0),
            ("alpha", "alpha", -2, -4),
        ):
            table = self.sources.ukdd[name].get(block, {}).get("lines")
            if table:
                part = sum(i * n for i, n in zip(table["intensities"], table["norms"], strict=True))
                rows.append(mode_row(label, f"{SYMBOLS[z + dz]}-{a + da}", part, None, "ukdd-12"))
        total = sum(r["branching"] for r in rows)
        if not rows or abs(total - 1.0) > 0.05:
            self.notes.append(f"{name}: UKDD-12 branches sum to {total:.4f}")
        for row in rows:
            row["branching"] /= total
        return rows

    def finish(self, name: str, nuclide: Nuclide) -> None:
        """Isomers' own lines, X-rays, gaps, second evaluations, cuts."""
        if name in self.isomer_half and not any(s == "ensdf" for s, *_ in nuclide.half_lives):
            nuclide.half_lives.insert(0, ("ensdf", *self.isomer_half[name]))
        other = ukdd_lines(self.sources, name)
        pure_it = all(m["mode"] == "it" for m in nuclide.modes)
        if pure_it and name in self.isomer_lines:
            self.derive_isomer(name, nuclide, other)
        if nuclide.origin == "ukdd-12":
            nuclide.lines = nuclide.lines or [x for x in other if x.kind != "x-ray"]
        else:
            self.fill_gaps(name, nuclide, other)
        nuclide.lines = [x for x in nuclide.lines if not self.repeats_isomer(nuclide, x)]
        nuclide.lines += self.x_rays(name, nuclide, other)
        attach(nuclide.lines, other)
        for line in nuclide.lines:
            if exchange_doubtful(line):
                self.notes.append(f"{name}: {line.energy} keV taken from UKDD-12, {line.also}")
        heavy = split_name(name)[0] >= HEAVY_Z
        for line in [x for x in nuclide.lines if heavy and lone_low_energy(x)]:
            nuclide.lines.remove(line)
            self.notes.append(f"{name}: {line.energy} keV {line.intensity:.3g} dropped, L X-rays")
        nuclide.lines = sorted(cut(nuclide.lines), key=lambda x: (x.energy, x.kind))

    def derive_isomer(self, name: str, nuclide: Nuclide, other: list[Line]) -> None:
        """Lines of a pure-IT isomer from its parent's data set, if they agree with UKDD-12."""
        fed, parent, lines = self.isomer_lines[name]
        strongest = max(lines, key=lambda x: x.intensity)
        twin = nearest(strongest, [x for x in other if x.kind == "gamma"])
        if twin and abs(strongest.intensity / twin.intensity - 1.0) < 0.03 and fed > 0.05:
            nuclide.lines = [*lines]
            nuclide.origin = "ensdf"
            self.notes.append(f"{name}: lines derived from {parent} (feeding {fed:.4f})")

    def fill_gaps(self, name: str, nuclide: Nuclide, other: list[Line]) -> None:
        """Add strong UKDD-12 gammas that the ENSDF data sets lack (unplaced, equilibrium, IT)."""
        gammas = [x for x in other if x.kind == "gamma"]
        if not gammas:
            return
        strongest = max(x.intensity for x in gammas)
        for line in gammas:
            if line.intensity < GAP_PART * strongest or line.intensity < ABSOLUTE_CUT:
                continue
            window = max(2.0, 3.0 * (line.energy_unc or 0.0))  # old energies are coarse
            if self.is_isomers(nuclide, line) or self.is_forbidden(name, line):
                continue
            if not any(abs(x.energy - line.energy) < window for x in nuclide.lines):
                nuclide.lines.append(line)
                self.notes.append(
                    f"{name}: gap filled, {line.energy:.2f} keV {line.intensity:.3g} from UKDD-12"
                )

    def x_rays(self, name: str, nuclide: Nuclide, other: list[Line]) -> list[Line]:
        """X-rays of UKDD-12, with those of short-lived isomers whose gammas ENSDF has here.

        UKDD-12 files them under the isomer (Os-191 and Ir-191m, 4.9 s).
        """
        found = {x.energy: x for x in other if x.kind == "x-ray"}
        if nuclide.origin == "ensdf":
            for scheme in self.sources.schemes(name):
                for isomer, fed in short_isomers(scheme, self.sources).items():
                    theirs = ukdd_lines(self.sources, isomer)
                    gammas = [x for x in theirs if x.kind == "gamma"]
                    strongest = max(gammas, key=lambda x: x.intensity, default=None)
                    if strongest is None or nearest(strongest, other):
                        continue  # nothing there, or UKDD-12 has it under this nuclide as well
                    self.notes.append(f"{name}: X-rays of {isomer} added ({fed:.4f})")
                    for line in theirs:
                        if line.kind == "x-ray":
                            found[line.energy] = added(found.get(line.energy), line, fed)
        return list(found.values())

    def repeats_isomer(self, nuclide: Nuclide, line: Line) -> bool:
        """Whether a line equals what an isomer that this nuclide feeds emits (Th-234, 73.9 keV)."""
        for mode in nuclide.modes:
            child = mode["daughter"]
            if child and child[-1] in "mn" and line.kind == "gamma":
                twin = nearest(
                    line, [x for x in ukdd_lines(self.sources, child) if x.kind == "gamma"]
                )
                if twin and abs(line.intensity / (mode["branching"] * twin.intensity) - 1.0) < 0.15:
                    return True
        return False

    def is_forbidden(self, name: str, line: Line) -> bool:
        """Whether ENSDF knows the transition as E0, which emits no photon."""
        return any(
            gamma["multipolarity"] == "E0" and abs(float(gamma["gammaEnergy"]) - line.energy) < 3.0
            for scheme in self.sources.schemes(name)
            for level in scheme.levels
            for gamma in level["gammaDecay"]
        )

    def is_isomers(self, nuclide: Nuclide, line: Line) -> bool:
        """Whether UKDD-12 files under this nuclide what an isomer that it feeds emits.

        A nuclide may emit the same line directly as well (Mo-99 and Tc-99m, 140.5 keV): then its
        own part is clearly smaller than what comes by the isomer.
        """
        for mode in nuclide.modes:
            child = mode["daughter"]
            if child and child[-1] in "mn":
                twin = nearest(
                    line, [x for x in ukdd_lines(self.sources, child) if x.kind == "gamma"]
                )
                if twin and line.intensity > 0.5 * mode["branching"] * twin.intensity:
                    return True
        return False


def mode_row(
    mode: str, daughter: str | None, branching: float, unc: float | None, source: str = "ensdf"
) -> dict[str, Any]:
    """One decay mode as it is written."""
    return {
        "mode": mode,
        "daughter": daughter,
        "branching": branching,
        "uncertainty": unc or None,
        "source": source,
    }


def added(known: Line | None, line: Line, factor: float) -> Line:
    """A line with another one of the same energy, taken ``factor`` times, added."""
    unc = (line.intensity_unc or 0.0) * factor
    before = known.intensity if known else 0.0
    before_unc = (known.intensity_unc if known else None) or 0.0
    return Line(
        line.energy,
        line.energy_unc,
        before + line.intensity * factor,
        math.hypot(unc, before_unc) or None,
        line.kind,
        line.source,
    )


def attach(lines: list[Line], others: list[Line]) -> None:
    """Give each line the other evaluation's intensity, one to one, the likeliest pairs first."""
    pairs = []
    for i, line in enumerate(lines):
        for j, other in enumerate(others):
            gap = abs(line.energy - other.energy)
            if line.kind == other.kind and line.source != other.source and gap < MATCH_keV:
                ratio = abs(math.log(line.intensity / other.intensity))
                pairs.append((ratio + gap / MATCH_keV, i, j))
    used_lines: set[int] = set()
    used_others: set[int] = set()
    for _, i, j in sorted(pairs):
        if i not in used_lines and j not in used_others:
            used_lines.add(i)
            used_others.add(j)
            lines[i].also[others[j].source] = (others[j].intensity, others[j].intensity_unc)


def exchange_doubtful(line: Line) -> bool:
    """Prefer UKDD-12 where ENSDF's intensity cannot be that of the photon; both stay on record.

    That is the case if it differs by more than a factor of two and its level emits more than what
    feeds it (Pu-242, 103.5 keV), or if it is five times higher at an energy where nearly all
    transitions are converted (Ac-225, 10.6 keV: L X-rays).
    """
    twin = line.also.get("ukdd-12")
    if twin is None or line.kind != "gamma" or line.source != "ensdf":
        return False
    ratio = line.intensity / twin[0]
    wrong = line.doubtful and not 0.5 < ratio < 2.0
    if not wrong and not (ratio > 5.0 and line.energy < CONVERTED_keV):
        return False
    line.also = {"ensdf": (line.intensity, line.intensity_unc)}
    line.intensity, line.intensity_unc = twin
    line.source = "ukdd-12"
    return True


def lone_low_energy(line: Line) -> bool:
    """Whether a strong ENSDF gamma among the L X-rays is unknown to UKDD-12 (Th-229, 11.1 keV)."""
    known = line.kind != "gamma" or line.source != "ensdf" or bool(line.also)
    return not known and line.energy < L_XRAYS_keV and line.intensity > 0.01


def cut(lines: list[Line]) -> list[Line]:
    """Drop lines below the stated intensity and energy cuts."""
    kept = []
    for kind in ("gamma", "x-ray", "annihilation"):
        group = [x for x in lines if x.kind == kind and x.energy >= LOWEST_keV]
        top = max((x.intensity for x in group), default=0.0)
        limit = max(FLOOR, min(ABSOLUTE_CUT, RELATIVE_CUT * top))
        kept += [x for x in group if x.intensity >= limit]
    return kept


def rounded(value: float | None, digits: int = 6) -> float | None:
    """Shorten for a stable, readable file."""
    return None if value is None else float(f"{value:.{digits}g}")


def as_json(nuclide: Nuclide, selection: dict[str, Any]) -> str:
    """One nuclide, one line per mode and per photon."""
    z, a, isomer = split_name(nuclide.name)
    chosen = selection.get(nuclide.name)
    out = [f'  "{nuclide.name}": {{']
    head = {"z": z, "a": a, "isomer": isomer}
    out.append(f'   "z": {head["z"]}, "a": {head["a"]}, "isomer": "{head["isomer"]}",')
    out.append(f'   "classes": {json.dumps(chosen["classes"] if chosen else [])},')
    out.append(f'   "class_basis": {json.dumps(chosen["basis"] if chosen else "progeny")},')
    material = bool(chosen and chosen["nuclear_material"])
    out.append(f'   "nuclear_material": {json.dumps(material)},')
    halves = [[s, rounded(v, 8), rounded(u, 4)] for s, v, u in nuclide.half_lives]
    out.append(f'   "half_life_s": {json.dumps(halves)},')
    modes = [
        json.dumps(
            [
                m["mode"],
                m["daughter"],
                rounded(m["branching"], 9),
                rounded(m["uncertainty"], 3),
                m["source"],
            ]
        )
        for m in nuclide.modes
    ]
    out.append('   "decay_modes": [\n    ' + ",\n    ".join(modes) + "],")
    lines = []
    for x in nuclide.lines:
        also = [[s, rounded(v), rounded(u, 3)] for s, (v, u) in sorted(x.also.items())]
        row = [
            *(rounded(x.energy, 8), rounded(x.energy_unc, 3), rounded(x.intensity)),
            *(rounded(x.intensity_unc, 3), x.kind, x.source),
        ]
        lines.append(json.dumps([*row, also] if also else row))
    out.append('   "lines": [' + ("\n    " + ",\n    ".join(lines) if lines else "") + "]")
    return "\n".join(out) + "\n  }"


COLUMNS = {
    "half_life_s": ["source", "value", "standard_uncertainty"],
    "decay_modes": ["mode", "daughter", "branching", "standard_uncertainty", "source"],
    "lines": [
        *("energy_keV", "energy_uncertainty_keV", "intensity", "intensity_uncertainty"),
        *("kind", "source", "other_evaluations [source, intensity, uncertainty]"),
    ],
}
SOURCE_TEXT = {
    "ensdf": {
        "title": "Evaluated Nuclear Structure Data File (ENSDF), as parsed by paceENSDF 0.6.3",
        "edition": "September 2023",
        "publisher": "National Nuclear Data Center, Brookhaven National Laboratory",
        "licence": "public data, citation requested; the parser is BSD-licensed",
        "verification": "anchor lines compared with the second evaluation and published values",
    },
    "ukdd-12": {
        "title": "UKDD-12 decay library, as shipped in actigamma 0.1.5 (decay_2012)",
        "edition": "2012",
        "publisher": "UK Atomic Energy Authority",
        "licence": "Apache-2.0, copyright UKAEA",
        "verification": "anchor lines compared with ENSDF",
    },
}


def digest(paths: list[Path]) -> str:
    """One sha256 over the files read, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def write(built: dict[str, Nuclide], selection: dict[str, Any], sources: Sources) -> None:
    """Write the data file and its manifest."""
    bases = {
        **selection["bases"],
        "progeny": {
            "text": "In the library only as progeny of another nuclide; takes no class of its own.",
            "verification": "not applicable",
        },
    }
    head = {
        "schema": "tocsin.nuclides/1",
        "edition": EDITION,
        "columns": COLUMNS,
        "sources": {
            k: {"title": v["title"], "edition": v["edition"]} for k, v in SOURCE_TEXT.items()
        },
        "class_bases": bases,
    }
    text = json.dumps(head, indent=1)[:-2] + ',\n "nuclides": {\n'
    text += ",\n".join(as_json(n, selection["nuclides"]) for n in built.values()) + "\n }\n}\n"
    target = DATA / "nuclides.json"
    target.write_text(text, encoding="utf-8")
    read = [p for name in built for p in sources.files.get(name.rstrip("mn"), [])]
    digests = {"ensdf": digest(sorted(set(read))), "ukdd-12": digest([sources.ukdd_path])}
    manifest = {
        "schema": "tocsin.manifest/1",
        "edition": EDITION,
        "files": {target.name: hashlib.sha256(text.encode()).hexdigest()},
        "nuclides": len(built),
        "lines": sum(len(n.lines) for n in built.values()),
        "built_by": "scripts/build_nuclide_library.py",
        "sources": {k: {**v, "input_sha256": digests[k]} for k, v in SOURCE_TEXT.items()},
    }
    (DATA / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def review(builder: Builder) -> None:
    """Print what a person should look at."""
    for note in sorted(builder.notes):
        print("note:", note)
    for name, nuclide in builder.built.items():
        gammas = [x for x in nuclide.lines if x.kind == "gamma"]
        if not gammas:
            print(f"no gamma: {name} ({nuclide.origin})")
            continue
        if nuclide.origin == "ukdd-12":
            print(f"wholly UKDD-12: {name}")
        for line in sorted(gammas, key=lambda x: -x.intensity)[:4]:
            for value, _ in line.also.values():
                if abs(value / line.intensity - 1.0) > 0.05:
                    print(
                        f"differs: {name} {line.energy:.2f} keV {line.intensity:.4g} / {value:.4g}"
                    )
            if not line.also and line.source == "ensdf":
                print(f"only in ENSDF: {name} {line.energy:.2f} keV {line.intensity:.4g}")
        values = [v for _, v, _ in nuclide.half_lives]
        if len(values) == 2 and abs(values[0] / values[1] - 1.0) > 0.02:
            print(f"half-lives differ: {name} {values}")


def package_file(package: str, *parts: str) -> Path:
    """A path inside an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed in this environment (see the docstring)")
    return Path(spec.origin).parent.joinpath(*parts)


def main() -> None:
    """Command line of the build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--review", action="store_true", help="print what to look at")
    arguments = parser.parse_args()
    sources = Sources(
        package_file("paceENSDF", "ENSDF_JSON"),
        package_file("actigamma", "data", "lines_decay_2012.min.json"),
    )
    selection = json.loads(SELECTION.read_text(encoding="utf-8"))
    builder = Builder(sources, selection["nuclides"])
    built = builder.build()
    write(built, selection, sources)
    if arguments.review:
        review(builder)
    print(f"{len(built)} nuclides, {sum(len(n.lines) for n in built.values())} lines")


if __name__ == "__main__":
    main()

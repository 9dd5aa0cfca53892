"""A case for comparison as JSON, and the answer as JSON: the contract ``tocsin.compare/1``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tocsin
from tocsin.errors import InvalidInput, ParseError
from tocsin.forensics.burnup import Burnup, burnups
from tocsin.forensics.calibration import misleading_rates
from tocsin.forensics.calibration_scale import SCALE_NAME
from tocsin.forensics.compare import FALSE_REJECTION, Comparison, compare
from tocsin.forensics.composition import has_depletion
from tocsin.forensics.library_entries import REALMS, Entry, Library
from tocsin.forensics.library_tables import read_json, values_of_json
from tocsin.forensics.reactor import TypeIndication, indicate

CASE_SCHEMA = "tocsin.compare-case/1"
ANSWER_SCHEMA = "tocsin.compare/1"
_CASE_KEYS = {"schema", "case", "realm", "samples"}
_SAMPLE_KEYS = {"sample", "values", "facts"}
STATEMENT = (
    "A likelihood ratio says how much more probable the measured values are if the material comes "
    "from the named source than if it comes from another source of the population. It is no "
    "probability that the material comes from there."
)


@dataclass(frozen=True, slots=True)
class Case:
    """Samples of one found material.

    Attributes
    ----------
    name, realm : str
        As stated.
    samples : tuple of Entry
        In the units of the library; without source, lot and class.
    """

    name: str
    realm: str
    samples: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class CaseComparison:
    """Everything that is said of a case.

    Attributes
    ----------
    case, library : Case, Library
        What was compared.
    realm : str
        Of the answer.
    comparison : Comparison
        Sources.
    reactor_types : tuple of TypeIndication
        By sample, where the library is of spent fuel with types and the samples allow it.
    burnups : tuple of (str, tuple of Burnup)
        By sample, likewise.
    """

    case: Case
    library: Library
    realm: str
    comparison: Comparison
    reactor_types: tuple[TypeIndication, ...]
    burnups: tuple[tuple[str, tuple[Burnup, ...]], ...]


def read_case(path: Path, library: Library) -> Case:
    """Read a case; values are converted to the units of the library.

    Raises
    ------
    ParseError
        Naming what is wrong.
    """
    if not path.is_file():
        raise ParseError("is no file", code="absent", file=str(path))
    found, file = read_json(path), path.name
    _check_keys(found, _CASE_KEYS, "case", file)
    if found.get("schema") != CASE_SCHEMA:
        raise ParseError(f"schema is not {CASE_SCHEMA!r}", code="layout", file=file)
    realm = found.get("realm", "LIVE")
    if realm not in REALMS:
        raise ParseError(f"realm is not one of {', '.join(REALMS)}", code="value", file=file)
    items = found.get("samples")
    if not isinstance(items, list) or not items:
        raise ParseError("has no list `samples`", code="layout", file=file)
    samples = []
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise ParseError(f"sample {number} is no object", code="layout", file=file)
        _check_keys(item, _SAMPLE_KEYS, f"sample {number}", file)
        name = str(item.get("sample", f"sample {number}"))
        values = values_of_json(item.get("values"), library.units, file=file, where=name)
        samples.append(Entry(name, "case", "case", "", values, _facts(item, name, file)))
    names = [s.sample for s in samples]
    if len(set(names)) != len(names):
        raise ParseError("two samples have the same name", code="value", file=file)
    return Case(str(found.get("case", path.stem)), realm, tuple(samples))


def _check_keys(found: dict[str, Any], allowed: set[str], where: str, file: str) -> None:
    extra = sorted(set(found) - allowed)
    if extra:
        raise ParseError(
            f"{where}: {extra[0]!r} is not known here: {', '.join(sorted(allowed))}",
            code="layout",
            file=file,
        )


def _facts(item: dict[str, Any], name: str, file: str) -> dict[str, float]:
    facts = item.get("facts", {})
    if not isinstance(facts, dict) or any(
        isinstance(v, bool) or not isinstance(v, (int, float)) for v in facts.values()
    ):
        raise ParseError(f"{name}: facts must be numbers by name", code="value", file=file)
    return {str(k): float(v) for k, v in facts.items()}


def joint_realm(case: str, library: str) -> str:
    """Realm of an answer: that of the case; a live case is never compared with invented material.

    Raises
    ------
    InvalidInput
        When the case is LIVE or PUBLIC and the library is not real.
    """
    if case in ("LIVE", "PUBLIC") and library in ("EXERCISE", "SYNTHETIC"):
        raise InvalidInput(f"a {case} case cannot be compared with a library of realm {library}")
    return case


def answer_case(
    case: Case,
    library: Library,
    *,
    false_rejection: float = FALSE_REJECTION,
    fold_done: Callable[[int, int], None] | None = None,
) -> CaseComparison:
    """Compare a case; for spent fuel also indicate reactor type and burnup."""
    realm = joint_realm(case.realm, library.realm)
    comparison = compare(
        case.samples, library, false_rejection=false_rejection, fold_done=fold_done
    )
    types: tuple[TypeIndication, ...] = ()
    burnt: list[tuple[str, tuple[Burnup, ...]]] = []
    if library.stage == "spent_fuel":
        burnt = [(s.sample, burnups(s, library)) for s in case.samples]
        fit_for_types = [s for s in case.samples if has_depletion(s)]
        if fit_for_types and len({e.group for e in library.entries if e.group}) > 1:
            try:
                types = indicate(fit_for_types, library)
            except InvalidInput as error:
                comparison = replace(
                    comparison, warnings=(*comparison.warnings, f"no reactor type: {error}")
                )
    return CaseComparison(case, library, realm, comparison, types, tuple(burnt))


def as_json(answer: CaseComparison) -> dict[str, Any]:
    """The answer as a JSON value, contract ``tocsin.compare/1``."""
    c, library = answer.comparison, answer.library
    v = c.validation
    same, different = misleading_rates(v.log_ratios_calibrated)
    return {
        "schema": ANSWER_SCHEMA,
        "realm": answer.realm,
        "case": answer.case.name,
        "library": {
            "name": library.name,
            "stage": library.stage,
            "realm": library.realm,
            "provenance": library.provenance,
            "sha256": library.sha256,
            "entries": len(library.entries),
            "sources": len(library.sources),
        },
        "outcome": c.outcome,
        "consistent_sources": list(c.consistent_sources),
        "p_in_library": c.p_in_library,
        "false_rejection": c.false_rejection,
        "samples": [{"sample": s, "p_in_library": p} for s, p in c.p_of_sample],
        "self_consistency_log10_lr": c.self_consistency_log10_lr,
        "characteristics": list(c.characteristics),
        "sources": [
            {
                "source": s.source,
                "class": s.group,
                "outcome": s.outcome,
                "log10_lr": s.log10_lr,
                "log10_lr_standard_uncertainty": s.log10_lr_uncertainty,
                "log10_lr_raw": s.log10_lr_raw,
                "words": s.words,
                "p_typical": s.p_typical,
            }
            for s in c.sources
        ],
        "sensitivity": [
            {
                "source": s.source,
                "characteristic": s.characteristic,
                "contribution_log10": s.contribution,
                "log10_lr_without": s.log10_lr_without,
                "z": s.z,
            }
            for s in c.sensitivity
        ],
        "contrary": list(c.contrary),
        "reactor_types": [
            {
                "sample": t.sample,
                "indicated": t.indicated,
                "probabilities": dict(t.probabilities),
                "probabilities_equal_prior": dict(t.probabilities_equal),
                "p_typical": t.p_typical,
                "types_with_one_reactor": list(t.single_reactor_types),
            }
            for t in answer.reactor_types
        ],
        "burnups": [
            {
                "sample": sample,
                "method": b.method,
                "GWd_t": b.value_GWd_t,
                "low_95_GWd_t": b.low_95_GWd_t,
                "high_95_GWd_t": b.high_95_GWd_t,
                "basis": b.basis,
            }
            for sample, found in answer.burnups
            for b in found
        ],
        "validation": {
            "known_samples": len(v.known),
            "unknown_samples": len(v.unknown),
            "unknown_rejected_at_5_percent": v.rejected(0.05),
            "auroc_unknown": v.auroc(),
            "cllr": v.cllr_calibrated,
            "cllr_raw": v.cllr_raw,
            "cllr_min": v.cllr_min,
            "misleading_same_source": same,
            "misleading_different_source": different,
        },
        "verbal_scale": SCALE_NAME,
        "statement": STATEMENT,
        "warnings": [*library.notes, *c.warnings],
        "versions": {"tocsin": tocsin.__version__, "library": library.sha256[:16]},
    }

"""Importer of the public export of SFCOMPO-2.0, the spent-fuel compositions of OECD/NEA.

The export has one row per reported result. What it leaves open is settled here, once and stated:

- A sample is (reactor, sample reference); its lot is the fuel rod (reactor, assembly, rod).
- ``Concentration`` (mg per g of initial uranium) is used.
- Uncertainties are divided by their coverage factor; without one, k = 1 is taken (the wider
  reading). An uncertainty of 0 is none.
- A concentration of 0 is not measured: it has no detection limit. 1e-7 and 2e-7 mg/gUi, values of
  one digit that repeat, are non-detects below the value plus one unit of that digit.
- Several results of one nuclide in one sample are combined (``combine_results``).
- Element totals (a bare symbol) are left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tocsin.errors import InvalidInput, ParseError
from tocsin.forensics.library_entries import Entry, Library, MeasuredValue, combine_results
from tocsin.forensics.library_units import standard_uncertainty

UNIT = "mg/gUi"
_COLUMNS = (
    *("ReactorName", "ReactorType", "Fuel type", "Burnup", "BurnupUnit", "Enrichment"),
    *("EnrichmentUnit", "SampleRef", "Measurement", "Isotope", "Value", "Unit", "Concentration"),
    *("ConcentrationUnit", "Sigma", "Uncertainty", "UncertaintyUnit"),
)
_EXPECTED = {
    "BurnupUnit": "GW*d/tUi",
    "EnrichmentUnit": "wt%",
    "Measurement": "Isotopic Concentration",
    "ConcentrationUnit": "mg/gUi",
}
_ONE_DIGIT = 1e-7
_PROVENANCE = (
    "OECD Nuclear Energy Agency, SFCOMPO-2.0 Spent Fuel Isotopic Composition database, "
    "https://www.oecd-nea.org/sfcompo; terms of use of the NEA apply"
)


def is_sfcompo_header(row: Mapping[str, str]) -> bool:
    """Whether a table has the columns of the export."""
    return tuple(row) == _COLUMNS


def sfcompo_library(rows: Sequence[tuple[int, Mapping[str, str]]], *, file: str) -> Library:
    """Library of stage ``spent_fuel``, realm ``PUBLIC``, from the rows of the export.

    Parameters
    ----------
    rows : sequence of (int, mapping)
        Line number and cells by column.
    file : str
        Name for error messages.
    """
    results: dict[tuple[str, str], dict[str, list[MeasuredValue]]] = {}
    heads: dict[tuple[str, str], tuple[str, float, float]] = {}
    counts = {"zero": 0, "tiny": 0, "element": 0}
    for line, row in rows:
        for column, wanted in _EXPECTED.items():
            if row[column] != wanted:
                raise ParseError(
                    f"line {line}: {column} is {row[column]!r}, not {wanted!r}",
                    code="value",
                    file=file,
                )
        key = (row["ReactorName"], row["SampleRef"])
        burnup, enrichment = (_number(row[c], line, file) for c in ("Burnup", "Enrichment"))
        this = (row["ReactorType"], burnup, enrichment)
        if heads.setdefault(key, this) != this:
            raise ParseError(
                f"line {line}: sample {key} has two types, burnups or enrichments",
                code="value",
                file=file,
            )
        if not any(c.isdigit() for c in row["Isotope"]):
            counts["element"] += 1
            continue
        value = _number(row["Concentration"], line, file)
        if value == 0.0:
            counts["zero"] += 1
            continue
        one_digit = value in (_ONE_DIGIT, 2 * _ONE_DIGIT)
        counts["tiny"] += one_digit
        try:
            measured = (
                MeasuredValue(value + _ONE_DIGIT, less_than=True)
                if one_digit
                else MeasuredValue(value, _uncertainty(row, value, line, file))
            )
        except InvalidInput as error:
            raise ParseError(f"line {line}: {error}", code="value", file=file) from error
        results.setdefault(key, {}).setdefault(row["Isotope"], []).append(measured)
    entries = tuple(
        Entry(
            f"{reactor}|{reference}",
            reactor,
            "|".join(reference.split("|")[:3]),
            heads[reactor, reference][0],
            {name: combine_results(found) for name, found in values.items()},
            {
                "burnup_GWd_t": heads[reactor, reference][1],
                "enrichment_percent": heads[reactor, reference][2],
            },
        )
        for (reactor, reference), values in results.items()
    )
    several = sum(len(found) > 1 for values in results.values() for found in values.values())
    notes = (
        f"{several} nuclides with several results combined (mean of logs)",
        f"{counts['zero']} concentrations of 0 left out, {counts['tiny']} taken as non-detects, "
        f"{counts['element']} element totals left out",
    )
    units = {name: UNIT for e in entries for name in e.values}
    return Library("SFCOMPO-2.0", "spent_fuel", "PUBLIC", _PROVENANCE, units, entries, notes)


def _number(cell: str, line: int, file: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise ParseError(f"line {line}: {cell!r} is no number", code="value", file=file)
    return number


def _uncertainty(row: Mapping[str, str], value: float, line: int, file: str) -> float | None:
    if not row["Uncertainty"]:
        return None
    if row["UncertaintyUnit"] != "%":
        raise ParseError(
            f"line {line}: uncertainty unit {row['UncertaintyUnit']!r}", code="value", file=file
        )
    return standard_uncertainty(
        _number(row["Uncertainty"], line, file),
        relative_percent=True,
        k=_number(row["Sigma"], line, file) if row["Sigma"] else None,
        value=value,
    )

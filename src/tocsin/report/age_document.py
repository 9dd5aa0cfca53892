"""The dating report as a document: set as a web page or as a PDF."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import tocsin
from tocsin.forensics import CaseAnswer, Concordance, ModelAge
from tocsin.nuclear import load_library
from tocsin.report.age_wording import (
    AGE_LIMITS,
    AGE_SENSITIVE,
    age_text,
    age_tone,
    category_text,
    concordance_text,
    date_text,
    half_life_text,
    monte_carlo_text,
    reference_date_text,
    shift_text,
    source_age_text,
    verdict_of_ages,
)
from tocsin.report.document import (
    Block,
    Document,
    bullets,
    facts,
    figure,
    heading,
    paragraph,
    signatures,
    small,
    table,
    verdict_box,
)
from tocsin.report.wording import REALM_WORDS, digits, moment_text


def age_document(answer: CaseAnswer, *, sha256: str, created: dt.datetime) -> Document:
    """Document of a dating case.

    Parameters
    ----------
    answer : CaseAnswer
        From ``answer_case``.
    sha256 : str
        Hash of the case's bytes.
    created : datetime
        Time of the report, with its zone.

    Returns
    -------
    Document
        Answer, figures, each chronometer with its budget, concordance, sealed source, limits.
    """
    case = answer.case
    halves = case.half_lives
    blocks: list[Block] = [
        verdict_box(verdict_of_ages(answer), age_tone(answer)),
        small(AGE_SENSITIVE),
        facts(
            [
                ("Half-life set", f"{halves.name}: {halves.title} ({halves.edition})"),
                ("Nuclide library", load_library().version),
                ("SHA-256 of the case", sha256),
                ("Report made", moment_text(created)),
            ]
        ),
        *_figures(answer),
    ]
    for number, age in enumerate(answer.ages, start=1):
        blocks += _age(number, age)
    if answer.concordance is not None:
        blocks += _concordance(answer.concordance, answer)
    if case.source is not None:
        blocks += _source(answer)
    blocks += [
        heading("Limits of validity"),
        bullets(AGE_LIMITS),
        signatures(
            "Signatures",
            "Both have read the case, the assumptions and the contrary evidence.",
            ("Analyst", "Second reader"),
        ),
    ]
    words = REALM_WORDS.get(case.realm, "realm not known to this version")
    return Document(
        title=case.title or "Age of material",
        realm=case.realm,
        banner="" if case.realm == "LIVE" else f"{case.realm}: {words}",
        provenance=f"Tocsin {tocsin.__version__}, case {sha256[:16]}",
        blocks=blocks,
        created=created,
    )


def _figures(answer: CaseAnswer) -> Iterator[Block]:
    # Matplotlib takes a good part of a second to import: only who draws pays for it.
    from tocsin.report.age_figures import draw_ages, draw_ingrowth

    realm = answer.case.realm
    for drawn in (draw_ages(answer, realm=realm), draw_ingrowth(answer.ages, realm=realm)):
        if drawn is not None:
            yield figure(drawn)


def _age(number: int, age: ModelAge) -> list[Block]:
    rows: list[tuple[str, object]] = [
        ("Age", age_text(age)),
        ("Date", date_text(age)),
        ("Measured ratio", digits(age.model.measured_ratio(), significant=6)),
        ("Reference date", reference_date_text(age.model.measurement.measured_on)),
        ("Assumes", age.assumes),
    ]
    if age.monte_carlo is not None:
        rows.append(("Monte Carlo", monte_carlo_text(age)))
    rows += [("Note", note) for note in age.notes]
    blocks: list[Block] = [heading(f"{number}. {age.name}"), facts(rows)]
    if age.warnings:
        blocks.append(bullets(f"{w.code}: {w.message}" for w in age.warnings))
    if age.budget:
        blocks += table(
            "Budget: what each input contributes to the standard uncertainty of the age",
            ("Input", "Value", "u (k = 1)", "Contribution (y)", "Share of variance"),
            [
                (
                    line.name,
                    f"{line.value:.6g}",
                    f"{line.standard_uncertainty:.2g}",
                    f"{line.contribution:+.2g}",
                    f"{100 * line.share:.2f} %",
                )
                for line in age.budget
            ],
            right=[1, 2, 3, 4],
        )
    blocks += table(
        f"Half-lives, set {age.half_life_set}",
        ("Nuclide", "Half-life, its state and source"),
        [(h.nuclide, half_life_text(h)) for h in age.half_lives],
        widths=[0, 1],
    )
    if age.alternatives:
        blocks += table(
            "The same ratio with other half-life sets",
            ("Set", "Age (y)", "Change"),
            [(a.half_life_set, f"{a.age_y:.6g}", shift_text(a.shift_d)) for a in age.alternatives],
            right=[1, 2],
        )
    return blocks


def _concordance(found: Concordance, answer: CaseAnswer) -> list[Block]:
    blocks: list[Block] = [heading("Concordance"), paragraph(concordance_text(found))]
    if found.differences:
        blocks += table(
            "Differences of ages, in units of their standard uncertainty in the last column",
            ("Ages", "Difference (y)", "u (y)", "Difference / u"),
            [
                (
                    f"{answer.ages[d.first].name} less {answer.ages[d.second].name}",
                    f"{d.difference_y:+.4g}",
                    f"{d.standard_uncertainty_y:.2g}",
                    f"{d.zeta:+.2f}",
                )
                for d in found.differences
            ],
            right=[1, 2, 3],
        )
    if found.reasons:
        blocks += [paragraph("Possible reasons:"), bullets(found.reasons)]
    if found.warnings:
        blocks.append(bullets(f"{w.code}: {w.message}" for w in found.warnings))
    return blocks


def _source(answer: CaseAnswer) -> list[Block]:
    source = answer.case.source
    if source is None:
        return []
    rows: list[tuple[str, object]] = [
        ("Activity", f"{source.activity_Bq.value:.4g} Bq"),
        ("Reference date", reference_date_text(source.measured_on)),
    ]
    if answer.category is not None:
        rows.append(("Category", category_text(answer.category)))
    blocks: list[Block] = [heading(f"Sealed source: {source.nuclide}"), facts(rows)]
    if answer.source_ages:
        blocks += table(
            "Possible dates; they assume that nothing was lost from the source or added to it",
            ("Candidate", "Age and date"),
            [(age.label, source_age_text(age)) for age in answer.source_ages],
            widths=[1, 2],
        )
    return blocks

"""The PDF report: archival, complete, the same each time, and safe from the file's text."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re

import numpy as np
import pypdf
import pytest
from hostile import hostile_survey
from made_by_hand import Made

from tocsin.detection.analysis import EncounterSpectrum
from tocsin.report import render_pdf
from tocsin.report.document import Document, table
from tocsin.report.residual_plot import draw_residuals, residuals
from tocsin.report.typeset import printable, typeset

MADE = dt.datetime(2026, 5, 4, 10, 30, tzinfo=dt.UTC)


def pages(data: bytes) -> list[str]:
    """Text of each page with white space folded."""
    reader = pypdf.PdfReader(io.BytesIO(data))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


@pytest.fixture(scope="module")
def survey_pdf(survey: Made) -> bytes:
    return render_pdf(survey.analysis, survey.recording, created=MADE)


def test_it_declares_the_archival_standard_and_structure(survey_pdf: bytes) -> None:
    reader = pypdf.PdfReader(io.BytesIO(survey_pdf))
    metadata = reader.root_object["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert reader.root_object["/Lang"] == "en"
    figures = re.findall(rb"/S\s*/Figure", _all_objects(reader))
    assert len(figures) >= 3


def _all_objects(reader: pypdf.PdfReader) -> bytes:
    found = []
    for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values())) + 2):
        try:
            found.append(repr(reader.get_object(number)).encode())
        except pypdf.errors.PdfReadError:
            continue
    return re.sub(rb"'", b"", b"\n".join(found)).replace(b": ", b" ")


def test_nothing_in_it_runs_or_calls_out(survey_pdf: bytes) -> None:
    reader = pypdf.PdfReader(io.BytesIO(survey_pdf))
    text = _all_objects(reader)
    for word in (b"/JavaScript", b"/Launch", b"/URI", b"/EmbeddedFile", b"/OpenAction"):
        assert word not in text


def test_every_page_carries_realm_hash_and_number(survey: Made, survey_pdf: bytes) -> None:
    texts = pages(survey_pdf)
    assert len(texts) > 1
    for number, text in enumerate(texts, start=1):
        assert survey.analysis.realm in text
        assert survey.analysis.sha256 in text
        assert f"{number} / {len(texts)}" in text


def test_answer_reasons_lines_and_signatures_are_printed(survey: Made, survey_pdf: bytes) -> None:
    text = " ".join(pages(survey_pdf))
    assert "2026-05-04 10:30:00 UTC" in text
    for encounter in survey.analysis.encounters:
        for nuclide in encounter.nuclides:
            assert nuclide.name in text
            for line in nuclide.lines:
                assert f"{line.energy_keV:.1f}" in text
        for reason in encounter.reasons:
            assert reason[:40] in text
    for word in ("Warnings", "Versions", "Limits of validity", "Analyst", "Second reader"):
        assert word in text


def test_the_same_analysis_gives_the_same_bytes(survey: Made, survey_pdf: bytes) -> None:
    assert render_pdf(survey.analysis, survey.recording, created=MADE) == survey_pdf
    later = render_pdf(survey.analysis, survey.recording, created=MADE + dt.timedelta(days=1))
    assert later != survey_pdf


def test_text_of_a_file_is_shown_and_never_obeyed() -> None:
    made = hostile_survey()
    analysis = dataclasses.replace(made.analysis, file='#panic("x") $x$ *b* #sys.inputs @a <b> `c`')
    text = " ".join(pages(render_pdf(analysis, made.recording, created=MADE)))
    assert '#panic("x") $x$ *b* #sys.inputs @a <b> `c`' in text
    assert "<script>document.title" in text
    assert "\\u202e" in text  # a reversal of reading order becomes its code
    assert "<U+6F22>" in text  # a character without a glyph becomes its code


def test_a_character_without_a_glyph_becomes_its_code() -> None:
    assert printable("Cs-137 µ é Ж α ±") == "Cs-137 µ é Ж α ±"
    assert printable("漢") == "<U+6F22>"


def test_a_long_table_says_what_it_leaves_out() -> None:
    blocks = table("all", ["n"], [[i] for i in range(507)])
    document = Document("t", "LIVE", "", "", blocks, MADE)
    text = " ".join(pages(typeset(document)))
    assert "7 more rows are left out." in text
    assert " 499 " in text
    assert " 500 " not in text


def _spectrum(counts: np.ndarray, model: np.ndarray | None) -> EncounterSpectrum:
    edges = np.linspace(0.0, 2000.0, counts.size + 1)
    return EncounterSpectrum(edges, counts, np.zeros_like(counts), 10.0, model)


def test_residuals_of_the_right_model_are_standard_normal() -> None:
    model = 400.0 * np.exp(-np.arange(1000) / 150.0)
    values = []
    for seed in range(40):
        drawn = np.random.default_rng(seed).poisson(model).astype(float)
        made = residuals(_spectrum(drawn, model))
        assert made is not None
        assert made[0].size == made[1].size + 1
        values.append(made[1])
    pulls = np.concatenate(values)
    assert abs(pulls.mean()) < 4.0 / np.sqrt(pulls.size)
    assert abs(pulls.var() - 1.0) < 4.0 * np.sqrt(2.0 / pulls.size) + 0.01


def test_no_residuals_without_a_model_or_counts() -> None:
    assert residuals(_spectrum(np.ones(50), None)) is None
    assert (
        draw_residuals(_spectrum(np.zeros(50), np.full(50, 0.1)), title="x", realm="LIVE") is None
    )

"""The comparison of two spectra on a page, on paper and as JSON."""

from __future__ import annotations

import datetime as dt
import io
import json

import numpy as np
import pypdf
import pytest

from tocsin.report.difference_report import (
    ComparedFile,
    difference_document,
    difference_json,
    difference_verdict,
)
from tocsin.report.typeset import typeset
from tocsin.report.webpage import render_page
from tocsin.spectrometry.difference import Difference, compare_spectra
from tocsin.spectrometry.measured import MeasuredSpectrum

MADE = dt.datetime(2026, 5, 4, 10, 30, 0, 123456, tzinfo=dt.UTC)
EDGES = np.linspace(0.0, 3000.0, 1025)
HOSTILE = "<script>alert(1)</script> #panic() $x$ é"


def difference(*, peak: float) -> Difference:
    mean = 3e4 * np.exp(-EDGES[:-1] / 400.0) / 137.0
    random = np.random.default_rng(5)
    more = mean.copy()
    more[220:232] += peak / 12.0
    spectra = [
        MeasuredSpectrum(random.poisson(m).astype(float), EDGES, live_time_s=50.0)
        for m in (more, mean)
    ]
    return compare_spectra(*spectra)


def files(name: str = "a.n42") -> tuple[ComparedFile, ComparedFile]:
    return ComparedFile(name, "a" * 64, 1, 50.0, 1e4), ComparedFile("b.n42", "b" * 64, 2, None, 9e3)


def test_the_verdict_tells_a_difference_from_none() -> None:
    assert difference_verdict(difference(peak=0.0)).startswith("No difference of rates is seen")
    assert difference_verdict(difference(peak=4000.0)).startswith("The rates differ in")


@pytest.mark.parametrize("realm", ["LIVE", "SYNTHETIC"])
def test_page_and_paper_hold_the_same_facts_and_obey_no_file(realm: str) -> None:
    answer = difference(peak=4000.0)
    document = difference_document(answer, files(HOSTILE), realm=realm, created=MADE)
    html = render_page(document)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    reader = pypdf.PdfReader(io.BytesIO(typeset(document)))
    paper = " ".join(" ".join(p.extract_text() for p in reader.pages).split())
    assert HOSTILE in paper
    for region in answer.regions:
        text = f"{region.low_keV:.1f} to {region.high_keV:.1f}"
        assert text in html
        assert text in paper
    assert realm in html
    assert realm in paper
    assert "Signature" in paper
    assert "2026-05-04 10:30:00 UTC" in paper


def test_json_is_plain_and_holds_no_infinity() -> None:
    answer = difference(peak=4000.0)
    value = json.loads(json.dumps(difference_json(answer, files(), realm="LIVE"), allow_nan=False))
    assert value["schema"] == "tocsin.difference/1"
    assert value["p_value"] < 1e-6
    assert [f["file"] for f in value["files"]] == ["a.n42", "b.n42"]
    assert len(value["regions"]) == len(answer.regions) > 0

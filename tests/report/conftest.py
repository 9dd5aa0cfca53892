"""Analyses made by hand for the tests of the report."""

from __future__ import annotations

import pytest
from made_by_hand import Made, static_made, survey_made


@pytest.fixture(scope="session")
def survey() -> Made:
    """A survey with an alarm of Cs-137, a natural encounter, neutrons, a pause and a track."""
    return survey_made(n_record=420)


@pytest.fixture(scope="session")
def static() -> Made:
    """A long spectrum with Co-60 named."""
    return static_made()


@pytest.fixture(scope="session")
def survey_page(survey: Made) -> str:
    """HTML report of the survey."""
    from tocsin.report import render_html

    return render_html(survey.analysis, survey.recording)

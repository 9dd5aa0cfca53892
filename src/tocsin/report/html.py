"""The HTML report: one self-contained file without script that loads nothing."""

from __future__ import annotations

import datetime as dt

from tocsin.detection.analysis import Analysis
from tocsin.nuclear.classes import GRAVITY
from tocsin.report.inert import inert
from tocsin.report.markup import Markup, element, joined
from tocsin.report.page import page
from tocsin.report.sections import (
    closing,
    encounter_section,
    encounters_section,
    figure,
    opening,
    realm_banner,
    recording_section,
    warnings_section,
)
from tocsin.report.timeline import times_s
from tocsin.report.wording import SENSITIVE, headline, moment_text
from tocsin.spectra import Recording

# Spectra drawn at most: the gravest and strongest encounters. Every encounter keeps its text.
MAX_SPECTRA = 8


def render_html(
    analysis: Analysis,
    recording: Recording | None = None,
    *,
    created: dt.datetime | None = None,
    max_spectra: int = MAX_SPECTRA,
) -> str:
    """Report of one analysis as a complete HTML document.

    Parameters
    ----------
    analysis : Analysis
        The answer.
    recording : Recording, optional
        What was analysed; without it waterfall, track and remarks are left out.
    created : datetime, optional
        Time of the report, printed where it is given. Left out by default so that the same
        analysis gives the same bytes.
    max_spectra : int
        Encounters whose spectrum is drawn, gravest class and largest statistic first.

    Returns
    -------
    str
        HTML under a content security policy that allows no script, no connection and no style but
        its own. All text of the file is escaped and made visible (see ``inert``).
    """
    body = joined(
        element(
            "header",
            realm_banner(analysis),
            element("div", opening(analysis), class_="opening"),
        ),
        element(
            "main",
            encounters_section(analysis),
            warnings_section(analysis),
            _overview(analysis, recording),
            *_encounters(analysis, recording, max_spectra),
            recording_section(analysis, recording),
            closing(analysis),
        ),
        element("footer", _provenance(analysis, created)),
    )
    return page(f"{analysis.realm} – {inert(analysis.file, limit=120)}", body)


def _provenance(analysis: Analysis, created: dt.datetime | None) -> Markup:
    parts = [
        f"Realm {analysis.realm}.",
        f"File {inert(analysis.file, limit=200)}, SHA-256 {analysis.sha256}.",
        f"Tocsin {analysis.versions.get('tocsin', 'of unknown version')}.",
    ]
    if created is not None:
        parts.append(f"Report made {moment_text(created)}.")
    return element("p", " ".join([*parts, SENSITIVE]))


def _overview(analysis: Analysis, recording: Recording | None) -> Markup | None:
    """Time series and track of a survey."""
    if analysis.kind != "survey":
        return None
    # Matplotlib takes a good part of a second to import: only who draws pays for it.
    from tocsin.report.strip_chart import draw_strip_chart
    from tocsin.report.track_map import draw_track
    from tocsin.report.waterfall import draw_waterfall

    parts: list[Markup] = []
    if analysis.strip is not None and analysis.strip.time_s.size:
        drawn = draw_strip_chart(analysis, analysis.strip)
        parts += [element("h2", "Strip chart", id="strip"), _shown(drawn)]
    if recording is not None:
        records = recording.measured
        time_s = times_s(analysis, records)
        image = draw_waterfall(analysis, records, time_s)
        if image is not None:
            parts += [element("h2", "Waterfall", id="waterfall"), _shown(image)]
        track = draw_track(analysis, records, time_s)
        parts.append(element("h2", "Track", id="track"))
        parts.append(
            _shown(track)
            if track is not None
            else element("p", "The file holds no places (or only one): no track can be drawn.")
        )
    return element("section", *parts) if parts else None


def _shown(drawn: object) -> Markup:
    from tocsin.report.drawing import Drawn

    if not isinstance(drawn, Drawn):
        return Markup("")
    return figure(drawn.svg, drawn.alternative, drawn.caption)


def _encounters(analysis: Analysis, recording: Recording | None, max_spectra: int) -> list[Markup]:
    """Details of each encounter, then the static spectrum where no encounter shows one."""
    from tocsin.report.reference_lines import reference_lines
    from tocsin.report.spectrum_plot import draw_channels, draw_spectrum

    survey = analysis.kind == "survey"
    order = sorted(
        range(len(analysis.encounters)),
        key=lambda i: (
            GRAVITY.index(analysis.encounters[i].source_class),
            -analysis.encounters[i].statistic,
        ),
    )
    chosen = set(order[:max_spectra])
    sections = []
    pictured = 0
    for index, encounter in enumerate(analysis.encounters):
        picture = None
        spectrum = encounter.spectrum
        if spectrum is None and not survey:
            spectrum = analysis.spectrum
        if spectrum is not None and index in chosen:
            title = f"encounter {index + 1}, {headline(encounter)}"
            picture = _shown(
                draw_spectrum(
                    spectrum,
                    encounter.nuclides,
                    title=title,
                    realm=analysis.realm,
                    static=not survey,
                    references=reference_lines(encounter),
                )
            )
            pictured += 1
        elif spectrum is not None:
            picture = element("p", f"Spectrum not drawn: only the {max_spectra} gravest are.")
        sections.append(encounter_section(index + 1, encounter, analysis, picture=picture))
    if not pictured and analysis.spectrum is not None:
        drawn = draw_spectrum(
            analysis.spectrum, (), title="the recording", realm=analysis.realm, static=not survey
        )
        sections.append(_spectrum_section(drawn))
    elif not pictured and not survey and recording is not None:
        by_channel = draw_channels(recording.measured, realm=analysis.realm)
        if by_channel is not None:
            sections.append(_spectrum_section(by_channel))
    return sections


def _spectrum_section(drawn: object) -> Markup:
    return element("section", element("h2", "Spectrum", id="spectrum"), _shown(drawn))

"""The PDF report: what an analyst checks, signs and keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from tocsin.detection.analysis import (
    Analysis,
    Encounter,
    EncounterSpectrum,
    LineEvidence,
    NuclideFinding,
)
from tocsin.report.document import (
    Block,
    Document,
    Tone,
    bullets,
    facts,
    figure,
    heading,
    signatures,
    small,
    table,
    verdict_box,
)
from tocsin.report.typeset import typeset
from tocsin.report.wording import (
    BACKGROUND_WORDS,
    CLASS_WORDS,
    LIMITS,
    REALM_WORDS,
    SENSITIVE,
    activity_text,
    class_text,
    confidence_text,
    digits,
    duration_text,
    headline,
    moment_text,
    nuclide_names,
    place_text,
    records_text,
    span_text,
    statistic_text,
    verdict,
)
from tocsin.spectra import Recording

NOT_KNOWN = "not known"


def render_pdf(
    analysis: Analysis,
    recording: Recording | None = None,
    *,
    created: dt.datetime,
    extra: Sequence[Block] = (),
) -> bytes:
    """Report of one analysis as PDF/A-2a.

    Parameters
    ----------
    analysis : Analysis
        The answer.
    recording : Recording, optional
        What was analysed; without it waterfall and track are left out.
    created : datetime
        Time of the report, with its zone.
    extra : sequence of Block
        Further sections (for example a table of all peaks) before the versions.

    Returns
    -------
    bytes
        The document; the same for the same analysis, time and versions.
    """
    words = REALM_WORDS.get(analysis.realm, "realm not known to this version")
    blocks: list[Block] = [
        verdict_box(verdict(analysis), _tone(analysis)),
        small(SENSITIVE),
        _file_facts(analysis, recording, created),
    ]
    if analysis.warnings:
        blocks += [
            heading("Warnings"),
            bullets(f"{w.code}: {w.message}" for w in analysis.warnings),
        ]
    blocks += _overview(analysis, recording)
    for number, encounter in enumerate(analysis.encounters, start=1):
        blocks += _encounter(analysis, number, encounter)
    if not analysis.encounters and analysis.spectrum is not None:
        blocks += [
            heading("Spectrum"),
            *_spectrum(analysis, analysis.spectrum, (), "the recording"),
        ]
    blocks += extra
    blocks += _closing(analysis)
    return typeset(
        Document(
            title=f"Analysis of {analysis.file or 'a recording'}",
            realm=analysis.realm,
            banner="" if analysis.realm == "LIVE" else f"{analysis.realm}: {words}",
            provenance=f"Tocsin {analysis.versions.get('tocsin', '')}   SHA-256 {analysis.sha256}",
            blocks=blocks,
            created=created,
        )
    )


def _tone(analysis: Analysis) -> Tone:
    if any(e.is_alarm for e in analysis.encounters):
        return "alarm"
    return "note" if analysis.warnings else "calm"


def _file_facts(analysis: Analysis, recording: Recording | None, created: dt.datetime) -> Block:
    instrument = analysis.instrument
    name = " ".join(filter(None, (instrument.manufacturer, instrument.model)))
    detectors = ", ".join(filter(None, (d.name for d in instrument.detectors[:16])))
    survey = analysis.kind == "survey"
    rows: list[tuple[str, object]] = [
        ("File", analysis.file),
        ("SHA-256", analysis.sha256),
        ("Format", (recording.file_format if recording else "") or "not stated"),
        ("Kind", "survey (time series)" if survey else "static spectrum"),
        ("Records analysed", str(analysis.records)),
        ("Live time", duration_text(analysis.live_time_s)),
        ("Background", BACKGROUND_WORDS.get(analysis.background_used, analysis.background_used)),
        ("Instrument", name or "not stated"),
        ("Serial number", instrument.serial or "not stated"),
        ("Detectors", detectors or "not stated"),
        ("Report made", moment_text(created)),
    ]
    return facts(rows)


def _overview(analysis: Analysis, recording: Recording | None) -> list[Block]:
    """Table of encounters, time series and track of a survey."""
    if analysis.kind != "survey":
        return []
    from tocsin.report.strip_chart import draw_strip_chart
    from tocsin.report.timeline import times_s
    from tocsin.report.track_map import draw_track
    from tocsin.report.waterfall import draw_waterfall

    blocks: list[Block] = []
    if analysis.encounters:
        rows = [
            (
                number,
                class_text(e.source_class),
                nuclide_names(e),
                statistic_text(e),
                span_text(e) if e.start else records_text(e),
                NOT_KNOWN if e.location is None else place_text(e.location),
            )
            for number, e in enumerate(analysis.encounters, start=1)
        ]
        blocks.append(heading("Encounters"))
        blocks += table(
            "All encounters in order of time.",
            ["No.", "Class", "Nuclides", "Statistic", "Time", "Place"],
            rows,
            widths=[0, 1.2, 1.3, 1.6, 1.6, 1.8],
        )
    if analysis.strip is not None and analysis.strip.time_s.size:
        blocks += [heading("Strip chart"), figure(draw_strip_chart(analysis, analysis.strip))]
    if recording is None:
        return blocks
    records = recording.measured
    time_s = times_s(analysis, records)
    waterfall = draw_waterfall(analysis, records, time_s)
    if waterfall is not None:
        blocks += [heading("Waterfall"), figure(waterfall)]
    track = draw_track(analysis, records, time_s)
    if track is not None:
        blocks += [heading("Track"), figure(track)]
    return blocks


def _encounter(analysis: Analysis, number: int, encounter: Encounter) -> list[Block]:
    survey = analysis.kind == "survey"
    rows: list[tuple[str, object]] = [("Class", class_text(encounter.source_class))]
    if survey:
        rows += [("Time", span_text(encounter)), ("Records", records_text(encounter))]
    rows.append(("Statistic", statistic_text(encounter)))
    if encounter.dose_rate_uSv_h is not None:
        rows.append(("Dose rate", f"{digits(encounter.dose_rate_uSv_h)} µSv/h"))
    rows.append(("Neutrons", "above background" if encounter.neutron else "not above background"))
    place, activity = encounter.location, encounter.activity
    if survey:
        rows.append(("Place", NOT_KNOWN if place is None else place_text(place)))
    rows.append(("Activity", NOT_KNOWN if activity is None else activity_text(activity)))
    title = f"Encounter {number}: {headline(encounter)}" if survey else headline(encounter)
    blocks: list[Block] = [heading(title), facts(rows)]
    if encounter.nuclides:
        blocks += _nuclides(encounter.nuclides)
    spectrum = encounter.spectrum or (None if survey else analysis.spectrum)
    if spectrum is not None:
        blocks += _spectrum(analysis, spectrum, encounter.nuclides, title)
    if encounter.reasons:
        blocks += [
            heading("What else was considered, and why it was not named", level=3),
            bullets(encounter.reasons),
        ]
    lines = [(n, line) for n in encounter.nuclides for line in n.lines]
    if lines:
        blocks += _lines(lines)
    return blocks


def _nuclides(nuclides: Sequence[NuclideFinding]) -> list[Block]:
    rows = [
        (n.name, CLASS_WORDS.get(n.nuclide_class, n.nuclide_class), confidence_text(n), n.evidence)
        for n in nuclides
    ]
    return table(
        "Nuclides named, the probability that each is present, and what speaks for it.",
        ["Nuclide", "Class", "Confidence", "Evidence"],
        rows,
        widths=[0, 0, 0, 1],
        right=[2],
    )


def _spectrum(
    analysis: Analysis,
    spectrum: EncounterSpectrum,
    nuclides: tuple[NuclideFinding, ...],
    title: str,
) -> list[Block]:
    from tocsin.report.residual_plot import draw_residuals
    from tocsin.report.spectrum_plot import draw_spectrum

    static = analysis.kind != "survey"
    drawn = draw_spectrum(spectrum, nuclides, title=title, realm=analysis.realm, static=static)
    blocks = [figure(drawn)]
    residuals = draw_residuals(spectrum, title=title, realm=analysis.realm)
    if residuals is not None:
        blocks.append(figure(residuals))
    return blocks


def _lines(lines: Sequence[tuple[NuclideFinding, LineEvidence]]) -> list[Block]:
    rows = []
    for nuclide, line in lines:
        at = line.found_energy_keV
        net = f"{digits(line.net_counts)} ± {digits(line.net_counts_uncertainty, significant=2)}"
        rows.append(
            (
                nuclide.name,
                line.emitter or nuclide.name,
                f"{line.energy_keV:.1f}",
                digits(100 * line.intensity),
                "not seen" if at is None else f"{at:.1f}",
                net,
                f"{line.significance:.1f}",
            )
        )
    return table(
        "Lines compared. Intensity: photons per 100 decays, from the nuclide library. Net counts "
        "with one standard uncertainty; significance is their ratio.",
        ["Nuclide", "Emitter", "Energy (keV)", "Intensity (%)", "Peak at (keV)", "Net counts", "σ"],
        rows,
        widths=[1, 1, 1, 1, 1, 1.4, 0.6],
        right=[2, 3, 4, 5, 6],
    )


def _closing(analysis: Analysis) -> list[Block]:
    return [
        heading("Versions"),
        facts((name.replace("_", " "), v) for name, v in analysis.versions.items()),
        heading("Limits of validity"),
        bullets(LIMITS),
        signatures(
            "Signatures",
            "The analyst has looked at the spectra and agrees with the answer, or has written the "
            "difference beside it. The second reader has come to an own answer first.",
            ("Analyst", "Second reader"),
        ),
    ]

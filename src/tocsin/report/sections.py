"""Sections of the HTML report: each takes the answer and gives markup."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

from tocsin.detection.analysis import Analysis, Encounter, LineEvidence, NuclideFinding
from tocsin.report.inert import inert
from tocsin.report.markup import Markup, element, joined
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
    nuclide_names,
    ordered_reasons,
    place_text,
    records_text,
    span_text,
    statistic_text,
    verdict,
)
from tocsin.spectra import Instrument, InstrumentResult, Recording

NOT_KNOWN = "not known"
# Rows of one table; a hostile or noisy file must not make a report nobody can open.
MAX_ROWS = 500
# Reasons in full size; what else was considered follows smaller.
MAX_REASONS = 8


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]], *, label: str
) -> Markup:
    """Table with a caption in a frame of its own that scrolls where the page is narrow."""
    head = element("tr", *(element("th", h, scope="col") for h in heads))
    body = [element("tr", *(_cell(c) for c in row)) for row in rows]
    hidden = len(body) - MAX_ROWS
    note = element("p", f"{hidden} more rows are left out.") if hidden > 0 else None
    return joined(
        element(
            "div",
            element(
                "table",
                element("caption", element("span", caption, class_="caption")),
                element("thead", head),
                element("tbody", *body[:MAX_ROWS]),
            ),
            class_="scroll",
            role="region",
            aria_label=label,
            tabindex="0",
        ),
        note,
    )


def _cell(content: object) -> Markup:
    if isinstance(content, Markup):
        return content if content.startswith("<td") else element("td", content, class_="words")
    text = inert(content)
    return element("td", text, class_="words") if len(text) > 28 else element("td", text)


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """Names and values below each other."""
    return element("dl", *(joined(element("dt", n), element("dd", v)) for n, v in pairs))


def figure(svg: bytes, alternative: str, caption: str) -> Markup:
    """Figure as an image of static SVG inside the file; its own frame scrolls on a phone."""
    source = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
    image = element("img", src=source, alt=alternative)
    return element(
        "figure",
        element("div", image, class_="scroll", role="region", aria_label=alternative, tabindex="0"),
        element("figcaption", caption),
    )


def realm_banner(analysis: Analysis) -> Markup:
    """Realm in words over everything else; unmistakable unless the data are a live measurement."""
    words = REALM_WORDS.get(analysis.realm, "realm not known to this version")
    unreal = "" if analysis.realm in ("LIVE", "PUBLIC") else " realm-unreal"
    return element("p", f"{analysis.realm}: {words}", class_=f"realm{unreal}")


def opening(analysis: Analysis) -> Markup:
    """Title, verdict and how to treat the report."""
    # Green only where nothing qualifies the answer: a warning can mean that it could not be given.
    tone = "note" if analysis.warnings else "calm"
    if any(e.is_alarm for e in analysis.encounters):
        tone = "alarm"
    return joined(
        element("h1", f"Analysis of {inert(analysis.file, limit=200) or 'a recording'}"),
        element("p", verdict(analysis), class_=f"verdict verdict-{tone}"),
        element("p", SENSITIVE, class_="sensitive"),
    )


def warnings_section(analysis: Analysis) -> Markup | None:
    """What the reader should know before trusting the answer."""
    if not analysis.warnings:
        return None
    shown = analysis.warnings[:MAX_ROWS]
    items = [element("li", element("code", w.code), " ", w.message) for w in shown]
    return element(
        "section",
        element("h2", "Warnings", id="warnings"),
        element("div", element("ul", *items), class_="warnings"),
    )


def encounters_section(analysis: Analysis) -> Markup:
    """Table of all encounters, each with a link to its details."""
    heading = element("h2", "Encounters", id="encounters")
    if not analysis.encounters:
        return element("section", heading, element("p", "None."))
    survey = analysis.kind == "survey"
    caption = "What the spectrum shows above its background: statistic and threshold."
    if survey:
        caption = (
            "All encounters in order of time. Statistic: largest value, threshold, and the "
            "false-alarm rate for which the threshold is set."
        )
    heads = ["No.", "Class", "Nuclides (confidence)", "Statistic"]
    heads += ["Time and records", "Place"] if survey else []
    rows = [_encounter_row(n, e, survey) for n, e in enumerate(analysis.encounters, start=1)]
    return element(
        "section",
        heading,
        table(
            caption,
            heads,
            rows,
            label="Table of encounters",
        ),
    )


def _encounter_row(number: int, encounter: Encounter, survey: bool) -> list[object]:
    row: list[object] = [
        element("td", element("a", str(number), href=f"#encounter-{number}")),
        element("td", kind_mark(encounter)),
        ", ".join(f"{inert(n.name)} ({confidence_text(n)})" for n in encounter.nuclides)
        or nuclide_names(encounter),
        statistic_text(encounter),
    ]
    if survey:
        place = NOT_KNOWN if encounter.location is None else place_text(encounter.location)
        when = element("div", span_text(encounter)) if encounter.start else None
        row += [joined(when, element("div", records_text(encounter))), place]
    return row


def kind_mark(encounter: Encounter) -> Markup:
    """Class as symbol and word, and whether it is an alarm."""
    alarm = encounter.is_alarm
    kind = element(
        "span",
        class_text(encounter.source_class),
        class_=f"kind kind-{'alarm' if alarm else 'norm'}",
    )
    more = ["alarm" if alarm else "no alarm"]
    more += ["nuclear material"] if encounter.nuclear_material else []
    more += ["with neutrons"] if encounter.neutron else []
    return joined(kind, " ", element("span", f"({', '.join(more)})"))


def encounter_section(
    number: int, encounter: Encounter, analysis: Analysis, *, picture: Markup | None
) -> Markup:
    """One encounter with its facts, reasons, spectrum and lines.

    What was not measured is not said to be quiet: neutrons have a line only where a neutron
    detector was read.
    """
    survey = analysis.kind == "survey"
    strip = analysis.strip
    pairs: list[tuple[str, object]] = [("Class", kind_mark(encounter))]
    if survey:
        pairs += [("Time", span_text(encounter)), ("Records", records_text(encounter))]
    name = f"; {inert(encounter.statistic_name)}" if encounter.statistic_name else ""
    pairs.append(("Statistic", statistic_text(encounter) + name))
    if encounter.dose_rate_uSv_h is not None:
        pairs.append(("Dose rate", f"{digits(encounter.dose_rate_uSv_h)} µSv/h"))
    if encounter.neutron:
        pairs.append(("Neutrons", "above background"))
    elif strip is not None and strip.neutron_rate_cps is not None:
        pairs.append(("Neutrons", "not above background"))
    place, activity = encounter.location, encounter.activity
    if survey or place is not None:
        pairs.append(("Place", NOT_KNOWN if place is None else place_text(place)))
    pairs.append(("Activity", "not estimated" if activity is None else activity_text(activity)))
    return element(
        "section",
        element("h2", f"Encounter {number}: {headline(encounter)}", id=f"encounter-{number}"),
        facts(pairs),
        _nuclide_table(encounter.nuclides, number),
        _reasons(encounter.reasons),
        picture,
        _line_table(encounter, number),
        class_="encounter",
    )


def _reasons(reasons: Sequence[str]) -> Markup | None:
    """Reasons as a list; a long list goes on in small print, so that a page prints whole."""
    if not reasons:
        return None
    reasons = ordered_reasons(reasons)
    first = element("ul", *(element("li", r) for r in reasons[:MAX_REASONS]))
    rest = reasons[MAX_REASONS:MAX_ROWS]
    more = element("ul", *(element("li", r) for r in rest), class_="dense") if rest else None
    return joined(element("h3", "Reasons"), first, more)


def _nuclide_table(nuclides: Sequence[NuclideFinding], number: int) -> Markup | None:
    if not nuclides:
        return None
    rows = [
        (n.name, CLASS_WORDS.get(n.nuclide_class, n.nuclide_class), confidence_text(n), n.evidence)
        for n in nuclides
    ]
    return table(
        "Nuclides named, the probability that each is present, and what speaks for it.",
        ["Nuclide", "Class", "Confidence", "Evidence"],
        rows,
        label=f"Nuclides of encounter {number}",
    )


def _line_table(encounter: Encounter, number: int) -> Markup | None:
    rows = [_line_row(n, line) for n in encounter.nuclides for line in n.lines]
    if not rows:
        return None
    return table(
        "Lines compared. Intensity: photons per 100 decays, from the nuclide library. Net counts "
        "with one standard uncertainty; significance is their ratio.",
        [
            "Nuclide",
            "Emitter",
            "Energy (keV)",
            "Intensity (%)",
            "Confirmed",
            "Peak at (keV)",
            "Net counts",
            "Significance (σ)",
        ],
        rows,
        label=f"Lines of encounter {number}",
    )


def _line_row(nuclide: NuclideFinding, line: LineEvidence) -> list[object]:
    at = line.found_energy_keV
    net = f"{digits(line.net_counts)} ± {digits(line.net_counts_uncertainty, significant=2)}"
    return [
        nuclide.name,
        line.emitter or nuclide.name,
        f"{line.energy_keV:.1f}",
        digits(100 * line.intensity),
        "yes" if at is not None else "no",
        "–" if at is None else f"{at:.1f}",
        element("td", net, class_="keep"),
        f"{line.significance:.1f}",
    ]


def recording_section(analysis: Analysis, recording: Recording | None) -> Markup:
    """File, instrument and what the file itself says."""
    shown = analysis.instrument
    pairs: list[tuple[str, object]] = [
        ("File", inert(analysis.file)),
        ("SHA-256", element("code", analysis.sha256)),
    ]
    if recording is not None and recording.file_format:
        pairs.append(("Format", recording.file_format))
    pairs += [
        ("Kind", "survey (time series)" if analysis.kind == "survey" else "static spectrum"),
        ("Records analysed", str(analysis.records)),
        ("Live time", duration_text(analysis.live_time_s)),
        ("Background", BACKGROUND_WORDS.get(analysis.background_used, analysis.background_used)),
        ("Instrument", _instrument_name(shown)),
        ("Instrument class", shown.instrument_class or "not stated"),
        ("Serial number", shown.serial or "not stated"),
        ("Detectors", _detectors(shown)),
    ]
    if shown.versions:
        pairs.append(("Instrument versions", ", ".join(f"{n} {v}" for n, v in shown.versions)))
    remarks = recording.remarks[:20] if recording is not None else ()
    remarks_list = element("ul", *(element("li", r) for r in remarks)) if remarks else None
    return element(
        "section",
        element("h2", "Recording and instrument", id="recording"),
        facts(pairs),
        element("h3", "Remarks in the file") if remarks else None,
        remarks_list,
        _own_results(recording.results if recording is not None else ()),
    )


def _instrument_name(instrument: Instrument) -> str:
    return " ".join(filter(None, (instrument.manufacturer, instrument.model))) or "not stated"


def _detectors(instrument: Instrument, *, most: int = 16) -> str:
    names = [
        " ".join(filter(None, (d.name, f"({d.kind})" if d.kind else "")))
        for d in instrument.detectors
    ]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(n for n in names[:most] if n) + more or "not stated"


def _own_results(results: Sequence[InstrumentResult]) -> Markup | None:
    rows = [
        (
            " ".join(filter(None, (r.algorithm_name, r.algorithm_version))) or "not stated",
            ", ".join(filter(None, (f"{n.name} {n.confidence}".strip() for n in r.nuclides)))
            or "none",
            "; ".join(r.alarms) or "none",
        )
        for r in results
    ]
    if not rows:
        return None
    return joined(
        element("h3", "What the instrument itself reported"),
        table(
            "Written into the file by the instrument or another program. It took no part in this "
            "analysis.",
            ["Algorithm", "Nuclides", "Alarms"],
            rows,
            label="Results of the instrument",
        ),
    )


def closing(analysis: Analysis) -> Markup:
    """Versions and limits of validity."""
    versions = facts((name.replace("_", " "), v) for name, v in analysis.versions.items())
    return joined(
        element("section", element("h2", "Versions", id="versions"), versions, class_="versions"),
        element(
            "section",
            element("h2", "Limits of validity", id="limits"),
            element("ul", *(element("li", text) for text in LIMITS)),
        ),
    )

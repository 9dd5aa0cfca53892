"""The words of a report: verdict, classes, numbers with units, times and places.

Terminal and HTML say the same thing because both take it from here.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from tocsin.detection.analysis import (
    ActivityEstimate,
    Analysis,
    Encounter,
    Location,
    NuclideFinding,
)
from tocsin.report.inert import inert

LIMITS = (
    "Tocsin is a prototype. It is not endorsed by the IAEA and has not been certified by anybody.",
    "A report without an alarm does not show that no source is there: a weak, distant or shielded "
    "source can stay below the threshold.",
    "Confidence is the probability, as the program estimates it, that a nuclide is present. A "
    "person trained in spectrometry confirms the answer before anybody acts on it.",
    "A natural (NORM) encounter is reported and is no alarm.",
)

SENSITIVE = (
    "Detection results are sensitive information: store and share this report by your national "
    "rules."
)

# Shape and word go together so that a class can be told without colour.
CLASS_SYMBOLS = {"snm": "◆", "unknown": "?", "industrial": "■", "medical": "+", "norm": "●"}
CLASS_WORDS = {
    "snm": "special nuclear material",
    "unknown": "unknown",
    "industrial": "industrial",
    "medical": "medical",
    "norm": "natural (NORM)",
}
BACKGROUND_WORDS = {
    "file": "a separate background file",
    "record": "background record of the same file",
    "tracked": "tracked along the survey",
    "none": "none available",
}
REALM_WORDS = {
    "LIVE": "live measurement",
    "EXERCISE": "exercise: no real event",
    "SYNTHETIC": "computed data, not measured",
    "PUBLIC": "public data",
}
_MINUTE_S, _HOUR_S = 60.0, 3600.0


def counted(number: int, noun: str, plural: str = "") -> str:
    """Number with its noun: ``1 alarm``, ``2 alarms``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def class_text(source_class: str) -> str:
    """Symbol and word of a class."""
    word = CLASS_WORDS.get(source_class, inert(source_class))
    return f"{CLASS_SYMBOLS.get(source_class, '?')} {word}"


def nuclide_names(encounter: Encounter) -> str:
    """Names in the order given, or what is known where none is named."""
    if encounter.nuclides:
        return ", ".join(inert(n.name) for n in encounter.nuclides)
    if encounter.neutron:
        return "neutrons, no nuclide named"
    return "no nuclide named"


def headline(encounter: Encounter) -> str:
    """``Cs-137 (industrial)``: who it is and of which class."""
    named = nuclide_names(encounter) if encounter.nuclides else ""
    word = CLASS_WORDS.get(encounter.source_class, inert(encounter.source_class))
    named_word = "natural, NORM" if encounter.source_class == "norm" else word
    text = f"{named} ({named_word})" if named else f"unidentified ({named_word})"
    if encounter.nuclear_material:
        text += ", nuclear material"
    if encounter.neutron:
        text += ", with neutrons" if named else ", neutrons"
    return text


# Warnings after which no nuclide can be named: their words stand in the place of the answer.
UNANSWERABLE = frozenset({"uncalibrated", "no_spectrum", "rewritten", "subtracted"})


def why_unanswered(analysis: Analysis) -> str:
    """Why a static spectrum could not be judged at all; empty where it was judged."""
    if analysis.kind != "static" or analysis.encounters:
        return ""
    return next((w.message for w in analysis.warnings if w.code in UNANSWERABLE), "")


def verdict(analysis: Analysis) -> str:
    """The answer in plain words, in one or a few sentences."""
    unanswered = why_unanswered(analysis)
    if unanswered:
        warned = counted(len(analysis.warnings), "warning")
        return f"No answer, which is no all-clear: {inert(unanswered)}. {warned}."
    alarms = [e for e in analysis.encounters if e.is_alarm]
    natural = len(analysis.encounters) - len(alarms)
    if alarms:
        sentences = [f"{counted(len(alarms), 'alarm')}: {_listed(alarms)}."]
    elif natural:
        sentences = ["No alarm."]
    elif analysis.kind == "survey":
        sentences = ["No alarm: nothing rose above the threshold."]
        if any(w.code in UNANSWERABLE for w in analysis.warnings):
            sentences.append("Only total rates could be judged.")
    else:
        sentences = ["No alarm: nothing was identified above background."]
    if natural:
        sentences.append(f"{counted(natural, 'natural (NORM) encounter')}.")
    if analysis.warnings:
        sentences.append(f"{counted(len(analysis.warnings), 'warning')}.")
    return " ".join(sentences)


def _listed(alarms: Sequence[Encounter], *, most: int = 4) -> str:
    words = [headline(e) for e in alarms[:most]]
    if len(alarms) > most:
        words.append(f"and {len(alarms) - most} more")
    return "; ".join(words)


def ordered_reasons(reasons: Sequence[str]) -> list[str]:
    """Reasons for the answer and against it first, then what was considered and not named."""
    return sorted(reasons, key=lambda reason: " not named: " in reason)


def statistic_text(encounter: Encounter) -> str:
    """Statistic, threshold and the false-alarm rate that the threshold stands for."""
    text = f"{digits(encounter.statistic)} (threshold {digits(encounter.threshold)}"
    rate = encounter.false_alarm_rate_per_h
    if rate is not None:
        text += f", {digits(rate)} false {'alarm' if rate == 1 else 'alarms'} per hour"
    return text + ")"


def confidence_text(finding: NuclideFinding) -> str:
    """Probability in per cent; never 100 %, for no estimate is certain.

    Number and sign stay on one line (no-break space).
    """
    percent = 100.0 * finding.confidence
    if not math.isfinite(percent):
        return "not stated"
    if percent > 99.9:
        return ">\N{NO-BREAK SPACE}99.9\N{NO-BREAK SPACE}%"
    decimals = 1 if percent >= 99.05 or percent < 10 else 0
    return f"{percent:.{decimals}f}\N{NO-BREAK SPACE}%"


def digits(value: float | None, *, significant: int = 3) -> str:
    """Number with so many significant digits; ``not known`` for None or not finite."""
    if value is None or not math.isfinite(value):
        return "not known"
    size = abs(value)
    if size >= 10.0**significant and size < 1e6:
        return f"{value:.0f}"
    return f"{value:.{significant}g}"


def duration_text(seconds: float | None) -> str:
    """Seconds, with minutes or hours beside them where that reads better."""
    if seconds is None or not math.isfinite(seconds):
        return "not known"
    text = f"{digits(seconds, significant=4)} s"
    if seconds >= 2 * _HOUR_S:
        return f"{text} ({seconds / _HOUR_S:.1f} h)"
    if seconds >= 2 * _MINUTE_S:
        return f"{text} ({seconds / _MINUTE_S:.1f} min)"
    return text


def becquerel_text(value_Bq: float, *, significant: int = 3) -> str:
    """Activity with the prefix that keeps the number short: ``310 MBq``."""
    if not math.isfinite(value_Bq):
        return "not known"
    for size, unit in ((1e12, "TBq"), (1e9, "GBq"), (1e6, "MBq"), (1e3, "kBq")):
        if abs(value_Bq) >= size:
            return f"{value_Bq / size:.{significant}g} {unit}"
    return f"{value_Bq:.{significant}g} Bq"


def activity_text(activity: ActivityEstimate) -> str:
    """Activity, its 95 % interval and what it assumes."""
    return (
        f"{becquerel_text(activity.value_Bq)} (95 %: {becquerel_text(activity.low_95_Bq)} to "
        f"{becquerel_text(activity.high_95_Bq)}), assumes {inert(activity.assumes)}"
    )


def place_text(location: Location) -> str:
    """Latitude and longitude with the radius of the 95 % region."""
    return f"{coordinates_text(location.latitude_deg, location.longitude_deg)}, " + (
        f"within {digits(location.radius_m_95)} m (95 %)"
    )


def coordinates_text(latitude_deg: float, longitude_deg: float) -> str:
    """Degrees with five decimals, about one metre."""
    north = "N" if latitude_deg >= 0 else "S"
    east = "E" if longitude_deg >= 0 else "W"
    return f"{abs(latitude_deg):.5f}° {north}, {abs(longitude_deg):.5f}° {east}"


def moment_text(moment: dt.datetime | None) -> str:
    """Date and time in UTC, or as written where the file names no zone."""
    if moment is None:
        return "not known"
    if moment.tzinfo is None:
        return moment.strftime("%Y-%m-%d %H:%M:%S") + " (zone not stated)"
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span_text(encounter: Encounter) -> str:
    """From when to when, the date once."""
    start, end = encounter.start, encounter.end
    if start is None or end is None or end <= start:
        return moment_text(start)
    first, last = moment_text(start), moment_text(end)
    if first[:10] == last[:10]:
        return f"{first[:19]} to {last[11:]}"
    return f"{first} to {last}"


def records_text(encounter: Encounter) -> str:
    """Range of records and the strongest of them."""
    if encounter.first_record == encounter.last_record:
        return f"record {encounter.first_record}"
    return (
        f"records {encounter.first_record} to {encounter.last_record}, "
        f"strongest {encounter.peak_record}"
    )

"""One table over many recordings: what was found in each, or why it could not be read."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

import tocsin
from tocsin.detection.analysis import Analysis
from tocsin.nuclear.classes import GRAVITY
from tocsin.report.document import Block, Document, Tone, heading, small, table, verdict_box
from tocsin.report.inert import inert
from tocsin.report.typeset import typeset
from tocsin.report.webpage import render_page
from tocsin.report.wording import (
    REALM_WORDS,
    SENSITIVE,
    class_text,
    confidence_text,
    counted,
    digits,
    headline,
    moment_text,
    why_unanswered,
)

HEADS = ("File", "Answer", "Class", "Nuclides", "Statistic", "Live time (s)", "Warnings")
# A cell that begins with one of these would be run as a formula by a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One file: its analysis, or the reason why there is none."""

    file: str
    analysis: Analysis | None
    error: str = ""

    @property
    def word(self) -> str:
        """``alarm``, ``clear``, ``no answer`` or ``not read``."""
        if self.analysis is None:
            return "not read"
        if any(e.is_alarm for e in self.analysis.encounters):
            return "alarm"
        return "no answer" if why_unanswered(self.analysis) else "clear"


def summary_bytes(lines: Sequence[SummaryLine], ending: str, *, created: dt.datetime) -> bytes:
    """The table as ``.csv``, ``.html`` or ``.pdf``."""
    if ending == ".csv":
        return _csv(lines, created).encode()
    document = summary_document(lines, created=created)
    return render_page(document).encode() if ending == ".html" else typeset(document)


def summary_document(lines: Sequence[SummaryLine], *, created: dt.datetime) -> Document:
    """The table as a document; realms are told apart and never counted together."""
    realms = sorted({line.analysis.realm for line in lines if line.analysis is not None})
    blocks: list[Block] = [small(SENSITIVE)]
    for realm in realms:
        chosen = [ln for ln in lines if ln.analysis is not None and ln.analysis.realm == realm]
        alarms = sum(line.word == "alarm" for line in chosen)
        text = f"{counted(len(chosen), 'recording')}, {counted(alarms, 'recording')} with alarms."
        tone: Tone = "alarm" if alarms else "calm"
        blocks += [heading(f"{realm}: {REALM_WORDS.get(realm, realm)}"), verdict_box(text, tone)]
        blocks += table(
            "Gravest class and all nuclides of each file; the reports of single files have the "
            "reasons.",
            HEADS,
            [_row(line) for line in chosen],
            widths=[2.2, 0.8, 1.1, 2.2, 0.9, 0.9, 1.8],
            right=[4, 5],
        )
    unread = [line for line in lines if line.analysis is None]
    if unread:
        blocks += [heading("Not read"), verdict_box(counted(len(unread), "file"), "note")]
        blocks += table(
            "Files without an answer and the reason.",
            ("File", "Reason"),
            [(line.file, line.error) for line in unread],
            widths=[1, 2],
        )
    unreal = [r for r in realms if r != "LIVE"]
    return Document(
        title=f"Summary of {counted(len(lines), 'file')}",
        realm=" + ".join(realms) or "LIVE",
        banner=f"contains {', '.join(unreal)} data" if unreal else "",
        provenance=f"Tocsin {tocsin.__version__}, made {moment_text(created)}",
        blocks=blocks,
        created=created,
    )


def _row(line: SummaryLine) -> list[str]:
    analysis = line.analysis
    if analysis is None:
        return [line.file, line.word, "", "", "", "", line.error]
    encounters = analysis.encounters
    gravest = min((e.source_class for e in encounters), key=GRAVITY.index, default=None)
    named: dict[str, str] = {}
    for encounter in encounters:
        for nuclide in encounter.nuclides:
            named.setdefault(nuclide.name, f"{nuclide.name} ({confidence_text(nuclide)})")
    found = ", ".join(named.values())
    if not found and encounters:
        found = "; ".join(headline(e) for e in encounters[:3])
    strongest = max((e.statistic for e in encounters), default=None)
    warnings = dict.fromkeys(w.code for w in analysis.warnings)
    return [
        line.file,
        line.word,
        class_text(gravest) if gravest else "",
        found,
        "" if strongest is None else digits(strongest),
        "" if analysis.live_time_s is None else digits(analysis.live_time_s, significant=4),
        ", ".join(warnings),
    ]


def _csv(lines: Sequence[SummaryLine], created: dt.datetime) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*HEADS, "Error", "Realm", "SHA-256", "Tocsin", "Made", "Marking"])
    for line in lines:
        analysis = line.analysis
        more = [
            line.error,
            analysis.realm if analysis else "",
            analysis.sha256 if analysis else "",
            tocsin.__version__,
            created.isoformat(timespec="seconds"),
            SENSITIVE,
        ]
        row = _row(line)
        if analysis is None:
            row[-1] = ""
        writer.writerow([_safe(cell) for cell in row + more])
    return out.getvalue()


def _safe(cell: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    text = inert(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text

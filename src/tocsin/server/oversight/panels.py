"""What oversight adds to the pages of sources and holders of the register."""

from __future__ import annotations

from tocsin.server.marking.policy import Reader, may
from tocsin.server.oversight.allowed import answers_for, oversees
from tocsin.server.oversight.levels import places_of
from tocsin.server.oversight.models import FindingStep, InspectionStep
from tocsin.server.oversight.reading import (
    discrepancies_for,
    findings_for,
    inspections_for,
    last_looks,
    late_findings,
    parts_for,
)
from tocsin.server.register.beyond import Panel
from tocsin.server.register.models import Holder, Source

MOST_SHOWN = 5


def source_panel(reader: Reader, source: Source) -> Panel | None:
    """Who last looked at a source, and what is open about it."""
    if not may(reader, "oversight.answer"):
        return None
    found = discrepancies_for(reader).filter(source=source, settlement=None)
    values = {
        "source": source,
        "looks": last_looks(reader, source),
        "open": found[:MOST_SHOWN],
    }
    return Panel("oversight/source_panel.html", values)


def holder_panel(reader: Reader, holder: Holder) -> Panel | None:
    """Inspections, corrective actions, goals and the reconciliation of a holder."""
    if not may(reader, "oversight.answer"):
        return None
    inspections = inspections_for(reader).filter(holder=holder)
    findings = findings_for(reader).filter(holder=holder).exclude(state=FindingStep.CLOSED)
    part = parts_for(reader).filter(holder=holder).order_by("-reconciliation__year").first()
    officer = oversees(reader, holder)
    places = (
        [place for place in places_of(reader, holder, figures=True) if place.level is not None]
        if officer and may(reader, "oversight.read")
        else []
    )
    values = {
        "holder": holder,
        "officer": officer,
        "answers": answers_for(reader, holder, holder),
        "last": inspections.filter(state=InspectionStep.DONE).order_by("-done_on").first(),
        "next": inspections.filter(state=InspectionStep.PLANNED).order_by("planned_on").first(),
        "open": findings.count(),
        "late": late_findings(findings, reader.at.date()).count(),
        "findings": findings[:MOST_SHOWN],
        "unsettled": discrepancies_for(reader).filter(holder=holder, settlement=None).count(),
        "part": part,
        "answered": part.said_here + part.said_not if part is not None else 0,
        "places": places,
        "to_look": sum(place.to_look for place in places),
    }
    return Panel("oversight/holder_panel.html", values)

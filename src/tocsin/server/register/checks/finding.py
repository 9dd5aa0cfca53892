"""What a check finds, and the kinds of it: what they mean, how grave they are, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.server.register.beyond import CHECKS, Severity
from tocsin.server.register.models import Source


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check sees in a source.

    Parameters
    ----------
    kind : str
        Key of ``KINDS``, or kind of a check of an app above.
    source : Source
    why : str
        What is seen, in words.
    """

    kind: str
    source: Source
    why: str


@dataclass(frozen=True, slots=True)
class KindOfFinding:
    """A kind of findings.

    Parameters
    ----------
    label : str
        What is found.
    todo : str
        What a person is to do about it.
    severity : Severity
    """

    label: str | Promise
    todo: str | Promise
    severity: Severity


KINDS: dict[str, KindOfFinding] = {
    "sent_never_received": KindOfFinding(
        _("sent, and never confirmed by the receiver"),
        _("Ask the receiver. If it never came, report a loss."),
        Severity.GRAVE,
    ),
    "received_never_sent": KindOfFinding(
        _("received, and never reported as sent"),
        _("Ask the former holder; file the missing transfer, or withdraw the second entry."),
        Severity.GRAVE,
    ),
    "unit_slip": KindOfFinding(
        _("an activity in another unit"),
        _("Look at the certificate and correct the entry, or declare the report wrong."),
        Severity.GRAVE,
    ),
    "nuclide_and_model": KindOfFinding(
        _("a nuclide that its model does not have"),
        _("Look at the certificate and correct the nuclide or the model."),
        Severity.GRAVE,
    ),
    "not_exempt": KindOfFinding(
        _("reported as below exemption, and above it by decay"),
        _("Declare the report wrong; the source is still to be controlled."),
        Severity.GRAVE,
    ),
    "after_the_end": KindOfFinding(
        _("something was reported of a source that was gone or missing"),
        _("Find out which of the reports is wrong, and declare it so."),
        Severity.GRAVE,
    ),
    "duplicate_serial": KindOfFinding(
        _("the same serial number of one maker and model twice"),
        _("Compare both with their certificates; correct the number that was copied."),
        Severity.WRONG,
    ),
    "entered_twice": KindOfFinding(
        _("one source in two entries"),
        _("Compare both; withdraw the entry that is too many."),
        Severity.WRONG,
    ),
    "decay_mismatch": KindOfFinding(
        _("an activity that does not follow from the first by decay"),
        _("Look at the certificate: reference date, activity, nuclide; correct what is wrong."),
        Severity.WRONG,
    ),
    "impossible_date": KindOfFinding(
        _("dates that contradict each other"),
        _("Look at the papers and correct the date."),
        Severity.WRONG,
    ),
    "practice_and_category": KindOfFinding(
        _("practice and category do not fit"),
        _("Ask the holder what the source is used for; correct the practice or the activity."),
        Severity.WRONG,
    ),
    "serial_mistyped": KindOfFinding(
        _("a serial number that has not the form of those of its model"),
        _("Read the number on the certificate again, O and 0, I and 1 above all."),
        Severity.WRONG,
    ),
    "holder_twice": KindOfFinding(
        _("a holder under two names"),
        _("Correct the holder of the sources; leave one name."),
        Severity.WRONG,
    ),
    "place_far": KindOfFinding(
        _("a position far from all others of the holder"),
        _("Look for a lost sign, or latitude and longitude exchanged; correct the position."),
        Severity.WRONG,
    ),
    "no_serial": KindOfFinding(
        _("no serial number at all"),
        _("Ask the holder to read it; else write how the source can be told from others."),
        Severity.NOTE,
    ),
    "place_missing": KindOfFinding(
        _("no place is known"),
        _("Ask the holder where it is."),
        Severity.WRONG,
    ),
    "storage_over": KindOfFinding(
        _("stored longer than permitted"),
        _("Decide with the holder what becomes of it."),
        Severity.NOTE,
    ),
    "licence_over": KindOfFinding(
        _("the licence of the holder has ended"),
        _("Renew the licence, or see that the sources go."),
        Severity.WRONG,
    ),
    "no_category": KindOfFinding(
        _("no category can be told"),
        _("Look whether the nuclide is right; there is no verified D value for it."),
        Severity.NOTE,
    ),
}
"""Kinds of findings, in the order in which they are shown."""


def all_kinds() -> dict[str, KindOfFinding]:
    """Kinds of findings, those of apps above among them."""
    return KINDS | {c.kind: KindOfFinding(c.label, c.todo, c.severity) for c in CHECKS}

"""What a person or a table says of a source, checked field by field before anything is kept."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import CURIE_Bq, source_nuclide
from tocsin.server.register import particulars
from tocsin.server.register.life import FIRST, Kind, Status
from tocsin.server.register.models import MOST_NUCLIDES
from tocsin.server.register.practices import NAMES
from tocsin.server.typed import plain

EARLIEST = dt.date(1900, 1, 1)
"""Before it nobody made radioactive sources."""
UNITS_Bq = {
    "bq": 1.0,
    "kbq": 1e3,
    "mbq": 1e6,
    "gbq": 1e9,
    "tbq": 1e12,
    "pbq": 1e15,
    "ci": CURIE_Bq,
    "mci": 1e-3 * CURIE_Bq,
    "uci": 1e-6 * CURIE_Bq,
    "µci": 1e-6 * CURIE_Bq,
    "μci": 1e-6 * CURIE_Bq,
    "kci": 1e3 * CURIE_Bq,
}
"""Becquerels by unit as people write it; letters of any case, so that M is mega before Bq and milli
before Ci."""

MONTHS = 12
MIDNIGHT = re.compile(r"[T ]00:00(:00)?(\.0+)?Z?$")
"""What spreadsheets write behind a day."""
SLASHED = "%d/%m/%Y"
DAY_FORMS = (
    (re.compile(r"\d{4}-\d{1,2}-\d{1,2}"), "%Y-%m-%d"),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}"), "%d.%m.%Y"),
    (re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}"), SLASHED),
)
MISLEADING_UNITS = frozenset({"MCi", "mBq"})
"""A slip of a billion: nobody holds a megacurie, nobody registers a millibecquerel."""
LONGEST_HOLDER = 200
AHEAD_OF_UTC = dt.timedelta(hours=14)
"""A day begins so much earlier than in UTC where it begins first."""

TEXT_FIELDS: dict[str, tuple[str | Promise, int]] = {
    "reference": (gettext_lazy("number in the register"), 60),
    "manufacturer": (gettext_lazy("maker"), 120),
    "model": (gettext_lazy("model"), 120),
    "serial": (gettext_lazy("serial number"), 100),
    "device": (gettext_lazy("device"), 200),
    "device_serial": (gettext_lazy("serial number of the device"), 100),
    "place": (gettext_lazy("place"), 200),
    **particulars.TEXTS,
}
DATE_FIELDS: dict[str, str | Promise] = {
    "made_on": gettext_lazy("made"),
    "leak_test_on": gettext_lazy("last leak test"),
    **particulars.DATES,
}
BEGAN = {
    Kind.MANUFACTURE: "made_on",
    Kind.IMPORT: "received_on",
    Kind.RECEIPT: "received_on",
    Kind.FIND: "received_on",
}
"""The day on which it came into the register's care, by how it came; a registration has none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A source as it is to be registered.

    Parameters
    ----------
    holder : str
        Name of the holder.
    contents : list of dict
        ``nuclide``, ``activity_Bq``, ``reference_date`` each.
    text : dict
        Values of ``TEXT_FIELDS``.
    dates : dict
        Values of ``DATE_FIELDS``.
    practice : str
        Code of a practice, or empty.
    latitude, longitude : float or None
        In degrees.
    others : dict
        Values of ``particulars.OTHERS``.
    came : Kind
        How it came: one of ``FIRST``.
    note : str
        What is said of that.
    """

    holder: str
    contents: list[dict[str, Any]]
    text: dict[str, str] = field(default_factory=dict)
    dates: dict[str, dt.date | None] = field(default_factory=dict)
    practice: str = ""
    latitude: float | None = None
    longitude: float | None = None
    others: dict[str, Any] = field(default_factory=dict)
    came: Kind = Kind.REGISTRATION
    note: str = ""


def entry_of(given: Mapping[str, str], *, today: dt.date) -> Entry:
    """A checked entry of what was typed or stood in a row of a table.

    Parameters
    ----------
    given : mapping of str to str
        ``holder``, ``nuclide``, ``activity``, ``unit``, ``reference_date`` and the other fields.
        Several nuclides of one source are divided by semicolons, their activities and dates too.
    today : date
        The day of reporting: nothing in the register lies after it.

    Raises
    ------
    InvalidInput
        With all that is wrong, one after the other.
    """
    faults: list[str] = []

    def tried(make: Any, *args: Any) -> Any:
        try:
            return make(*args)
        except (InvalidInput, NotFound) as error:
            faults.append(str(error))
            return None

    values = {name: plain(str(value)) for name, value in given.items()}
    holder = values.get("holder", "")
    if not holder:
        faults.append(_("the holder is missing"))
    if len(holder) > LONGEST_HOLDER:
        faults.append(
            _("{field}: longer than {n} characters").format(field=_("holder"), n=LONGEST_HOLDER)
        )
    contents = tried(_contents, values, today) or []
    text = {name: values.get(name, "") for name in TEXT_FIELDS}
    for name, (label, most) in TEXT_FIELDS.items():
        if len(text[name]) > most:
            faults.append(_("{field}: longer than {n} characters").format(field=label, n=most))
    dates = {
        name: tried(day_of, values.get(name, ""), label, _latest(name, today))
        for name, label in DATE_FIELDS.items()
    }
    others = {
        name: tried(read, values[name]) if values.get(name) else nothing
        for name, (_label, read, nothing) in particulars.OTHERS.items()
    }
    came = tried(_came, values.get("came", "")) or Kind.REGISTRATION
    note = values.get("note", "")[:4000]
    if not faults:
        faults += particulars.contradictions(text | dates | others)
        began = BEGAN.get(came)
        if began is not None and dates[began] is None:
            faults.append(
                _("{what}: the day is missing ({field})").format(
                    what=came.label, field=DATE_FIELDS[began]
                )
            )
        if came is Kind.FIND and not note:
            faults.append(_("say where, how and by whom it was found"))
    status = values.get("status", "")
    if status and status.casefold() not in {"in_use", str(Status.IN_USE.label).casefold()}:
        faults.append(
            _("status “{status}”: enter it as in use, then report what happened to it").format(
                status=status[:40]
            )
        )
    practice = values.get("practice", "")
    if practice:
        practice = tried(_practice, practice) or ""
    latitude = tried(_degrees, values.get("latitude", ""), 90.0, _("latitude"))
    longitude = tried(_degrees, values.get("longitude", ""), 180.0, _("longitude"))
    if (latitude is None) != (longitude is None) and not faults:
        faults.append(_("latitude and longitude belong together"))
    if faults:
        raise InvalidInput("; ".join(faults))
    return Entry(holder, contents, text, dates, practice, latitude, longitude, others, came, note)


def day_of(text: str, label: str | Promise, today: dt.date) -> dt.date | None:
    """A day that is typed or stands in a table; None where the text is empty.

    Raises
    ------
    InvalidInput
        It is none, or lies in the future or before there were sources.
    """
    if not text:
        return None
    day = None
    written = MIDNIGHT.sub("", text.strip())
    for pattern, form in DAY_FORMS:
        found = pattern.fullmatch(written)
        if found is None:
            continue
        if form == SLASHED:
            # 03/04 is March in one country and April in another: only what can be one thing is read
            first, second = int(found[1]), int(found[2])
            if first <= MONTHS and second <= MONTHS and first != second:
                raise InvalidInput(
                    _("{field}: “{text}” may be two days; write it as 2026-01-31").format(
                        field=label, text=text[:40]
                    )
                )
            form = "%m/%d/%Y" if second > MONTHS else SLASHED
        try:
            day = dt.datetime.strptime(written, form).date()  # noqa: DTZ007 a day has no zone
        except ValueError:
            continue
    if day is None:
        raise InvalidInput(
            _("{field}: “{text}” is no day; write it as 2026-01-31").format(
                field=label, text=text[:40]
            )
        )
    if day > today:
        raise InvalidInput(_("{field}: {day} lies in the future").format(field=label, day=day))
    if day < EARLIEST:
        raise InvalidInput(_("{field}: {day} is too long ago").format(field=label, day=day))
    return day


def activity_of(text: str, unit: str) -> float:
    """Activity in Bq of a number with its unit, in the same cell or beside it.

    Raises
    ------
    InvalidInput
        It is no number, not more than zero, or without a known unit.
    """
    written = text.replace("\u00a0", " ").strip()
    number = written.rstrip("BbqQCciIkKMmGgTtPpuUµμ ")
    inside = written[len(number) :].strip() or unit
    factor = UNITS_Bq.get(inside.strip().lower())
    if factor is None or inside.strip() in MISLEADING_UNITS:
        raise InvalidInput(
            _(
                "activity: “{unit}” is no unit of activity; write Bq, MBq, GBq, TBq, Ci or mCi"
            ).format(unit=inside[:20])
        )
    try:
        value = float(_decimal(number)) * factor
    except ValueError:
        raise InvalidInput(_("activity: “{text}” is no number").format(text=text[:40])) from None
    if not (math.isfinite(value) and value > 0.0):
        raise InvalidInput(_("activity: must be more than zero"))
    return value


def _decimal(number: str) -> str:
    """A number as Python reads it: of two kinds of marks the last is the decimal one.

    Raises
    ------
    InvalidInput
        A single comma before three digits, which divides thousands in one country and decimals in
        another.
    """
    digits = re.sub(r"[ '\u202f]", "", number)
    commas, points = digits.count(","), digits.count(".")
    if commas and points:
        mark = max(",.", key=digits.rfind)
        other = "." if mark == "," else ","
        return digits.replace(other, "").replace(mark, ".") if digits.count(mark) == 1 else "no"
    if commas == 1:
        if re.fullmatch(r"-?[1-9]\d{0,2},\d{3}", digits):
            raise InvalidInput(
                _("activity: “{text}” may be two numbers; write it without a comma").format(
                    text=number[:40]
                )
            )
        return digits.replace(",", ".")
    if commas and re.fullmatch(r"-?\d{1,3}(,\d{3})+", digits):
        return digits.replace(",", "")
    return digits


def _contents(values: Mapping[str, str], today: dt.date) -> list[dict[str, Any]]:
    names = _parts(values.get("nuclide", ""))
    activities = _parts(values.get("activity", ""))
    days = _parts(values.get("reference_date", ""))
    if not names:
        raise InvalidInput(_("the nuclide is missing"))
    if len(names) > MOST_NUCLIDES:
        raise InvalidInput(_("more than {n} nuclides in one source").format(n=MOST_NUCLIDES))
    if len(activities) != len(names):
        raise InvalidInput(
            _("{n} nuclides and {m} activities: one each").format(n=len(names), m=len(activities))
        )
    if len(days) == 1:
        days *= len(names)
    if len(days) != len(names):
        raise InvalidInput(_("the reference date of the activity is missing"))
    found = []
    for name, activity, day in zip(names, activities, days, strict=True):
        when = day_of(day, _("reference date"), today)
        if when is None:
            raise InvalidInput(_("the reference date of the activity is missing"))
        found.append(
            {
                "nuclide": source_nuclide(name),
                "activity_Bq": activity_of(activity, values.get("unit", "")),
                "reference_date": when.isoformat(),
            }
        )
    return found


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _latest(name: str, today: dt.date) -> dt.date:
    return dt.date.max if name in particulars.AHEAD else today


def _came(text: str) -> Kind:
    if not text:
        return Kind.REGISTRATION
    found = next((kind for kind in FIRST if kind.value == text.casefold()), None)
    if found is None:
        raise InvalidInput(_("how it came: “{text}” is not known").format(text=text[:40]))
    return found


def _practice(text: str) -> str:
    known = _practices(get_language() or "")
    wanted = text.casefold()
    code = known.get(wanted.replace(" ", "_")) or known.get(wanted)
    if code is None:
        raise InvalidInput(_("practice: “{text}” is not known").format(text=text[:40]))
    return code


@lru_cache(maxsize=8)
def _practices(_language: str) -> dict[str, str]:
    """Codes of practices by themselves and by their names in the language that is spoken now."""
    found: dict[str, str] = {}
    for code, name in NAMES.items():
        found.setdefault(code, code)
        found.setdefault(str(name).casefold(), code)
    return found


def _degrees(text: str, most: float, label: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise InvalidInput(
            _("{field}: “{text}” is no number").format(field=label, text=text[:40])
        ) from None
    if not (math.isfinite(value) and abs(value) <= most):
        raise InvalidInput(
            _("{field}: {value} degrees cannot be").format(field=label, value=text[:40])
        )
    return value

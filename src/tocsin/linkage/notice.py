"""From the text of a notice to fields: what, which, how much, where, with the passages shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tocsin.errors import InvalidInput
from tocsin.linkage.activity_mentions import ActivityMention, find_activities, material_activities
from tocsin.linkage.device_types import find_device_types
from tocsin.linkage.kind import Kind, find_kind
from tocsin.linkage.maker_mentions import find_makers, find_models
from tocsin.linkage.nuclide_mentions import NuclideMention, find_nuclides
from tocsin.linkage.passages import passage
from tocsin.linkage.place import find_place
from tocsin.linkage.serial_mentions import SerialMention, find_serials
from tocsin.linkage.wording import clean, read_wording

SCHEMA = "tocsin.notice/1"
MOST_OF_A_FIELD = 200
"""Values given of one field: a list of two hundred lost signs is read, a flood is not."""

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_LOSS_DUTY = re.compile(r"20\.2201|74\.11\b")
# A holder is shown only with a word that a person's name does not have.
_ORGANISATION = re.compile(
    r"\b(?:inc|llc|llp|lp|ltd|corp\w*|co|company|companies|university|college|hospital|center|"
    r"centre|clinic|medical|health\w*|"
    r"engineer\w*|testing|laborator\w*|labs?|services?|technolog\w*|industr\w*|consult\w*|"
    r"associates|construction|department|dept|"
    r"army|navy|air force|state|city|county|group|systems?|international|inspection|steel|"
    r"paper|chemical|energy|power|"
    r"pharmac\w*|materials?|geotechnical|environmental|stores?|airlines?|institute|foundation|"
    r"school|district|authority|"
    r"manufactur\w*|products?|refin\w*|plant|mining|resources|express|corps|administration|"
    r"agency|u\.?s\.?)\b",
    re.I,
)
_PERSON_TITLE = re.compile(
    r"\b(?:dr|mr|mrs|ms|m\.?d|d\.?o|ph\.?d|d\.?d\.?s|d\.?v\.?m|prof)\b\.?", re.I
)
_RECOVERED = re.compile(
    r"\b(?:recovered|found|located|returned|retrieved)\b(?![^.]{0,25}\b(?:missing|stolen|to be "
    r"missing)\b)",
    re.I,
)
_NOT_RECOVERED = re.compile(
    r"\b(?:not|never|without|unable|un)\b[^.]{0,25}$|\bif\b[^.]{0,30}$|\breward\b[^.]{0,60}$", re.I
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notice says.

    Attributes
    ----------
    event_number : str
        Its number.
    kind : {"lost", "stolen", "found", "abandoned", "other"}
        What it is about.
    nuclides : tuple of str
        Canonical names, in the order of the text.
    activities : tuple of ActivityMention
        Of the material, each once.
    manufacturers, models : tuple of str
        Canonical names of makers; models as written, in capitals.
    serials : tuple of SerialMention
        Each once.
    device_types : tuple of str
        What kind of device, the first named first.
    place, state : str
        In words, and the code of the State; empty where unknown.
    date, reported : str or None
        Days of the event and of the notice, ``YYYY-MM-DD``.
    holder, licence : str or None
        An organisation; None where it could be a person.
    retracted, recovered : bool
        Whether the notice was taken back, and whether the thing came back.
    updates : int
        How many updates it had.
    passages : tuple of dict
        ``{"field", "value", "text"}``: the words each value was read from.
    """

    event_number: str
    kind: Kind
    nuclides: tuple[str, ...] = ()
    activities: tuple[ActivityMention, ...] = ()
    manufacturers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    serials: tuple[SerialMention, ...] = ()
    device_types: tuple[str, ...] = ()
    place: str = ""
    state: str = ""
    date: str | None = None
    reported: str | None = None
    holder: str | None = None
    licence: str | None = None
    retracted: bool = False
    recovered: bool = False
    updates: int = 0
    passages: tuple[dict[str, str], ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The JSON object of the contract ``tocsin notice --json``."""
        return {
            "event_number": self.event_number,
            "kind": self.kind,
            "nuclides": list(self.nuclides),
            "activities": [_activity_json(a) for a in self.activities],
            "manufacturers": list(self.manufacturers),
            "models": list(self.models),
            "serials": [{"value": s.value, "of": s.of} for s in self.serials],
            "device_types": list(self.device_types),
            "place": self.place,
            "state": self.state,
            "date": self.date,
            "reported": self.reported,
            "holder": self.holder,
            "licence": self.licence,
            "retracted": self.retracted,
            "recovered": self.recovered,
            "updates": self.updates,
            "passages": list(self.passages),
        }


def _activity_json(mention: ActivityMention) -> dict[str, Any]:
    row: dict[str, Any] = {
        "nuclide": mention.nuclide,
        "Bq": float(f"{mention.activity_Bq:.6g}"),
        "text": mention.text,
    }
    if mention.low_Bq is not None:
        row["low_Bq"] = float(f"{mention.low_Bq:.6g}")
    return row


def event_number_of(record: Mapping[str, Any]) -> str:
    """The number of a notice as text.

    Parameters
    ----------
    record : mapping
        One object of a feed.

    Returns
    -------
    str
        Not empty, one line.

    Raises
    ------
    InvalidInput
        If there is none, or it is neither a number nor a text.
    """
    number = record.get("event_number")
    if isinstance(number, bool) or not isinstance(number, int | float | str):
        raise InvalidInput(
            '"event_number" must be a number or a text'
            if number is not None
            else '"event_number" is missing'
        )
    if isinstance(number, float):
        if not number.is_integer():
            raise InvalidInput(f'"event_number" is {number!r}: a whole number or a text is wanted')
        number = int(number)
    text = " ".join(clean(str(number)).split())
    if not text or len(text) > 100:
        raise InvalidInput('"event_number" is empty or longer than 100 characters')
    return text


def _day(value: object) -> str | None:
    match = _DATE.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day = (int(g) for g in match.groups())
    return match[0] if 1900 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31 else None


def _holder(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    name = " ".join(clean(value).split())[:80]
    if not _ORGANISATION.search(name) or _PERSON_TITLE.search(name):
        return None
    return name


def _licence(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    text = " ".join(clean(value).split())[:40]
    return text if any(c.isdigit() for c in text) and not re.search(r"[a-z]{4,}", text) else None


def _cites_loss(sections: object) -> bool:
    if not isinstance(sections, list):
        return False
    for section in sections:
        words = (
            " ".join(str(v) for v in section.values())
            if isinstance(section, dict)
            else str(section)
        )
        if _LOSS_DUTY.search(words):
            return True
    return False


def read_notice(record: Mapping[str, Any]) -> Notice:
    """Read the fields of one notice from its text.

    Parameters
    ----------
    record : mapping
        One object of a feed: ``event_number`` and ``event_text`` at least. Also read where they are
        there and of the right type: ``event_date``, ``notification_date``, ``city``, ``county``,
        ``state``, ``licensee``, ``license_number``, ``cfr_sections``. Everything else is ignored.

    Returns
    -------
    Notice
        Names of persons are in none of its fields.

    Raises
    ------
    InvalidInput
        If the number or the text is missing or of a wrong type. A text that is null or empty is a
        notice that says nothing.

    Notes
    -----
    The rules are described in docs/science/notices.md, with what they reach on a labelled sample.
    """
    if not isinstance(record, Mapping):
        raise InvalidInput("a notice must be a JSON object")
    number = event_number_of(record)
    if "event_text" not in record:
        raise InvalidInput(f'notice {number}: "event_text" is missing')
    raw = record["event_text"]
    if raw is not None and not isinstance(raw, str):
        raise InvalidInput(
            f'notice {number}: "event_text" must be a text, not {type(raw).__name__}'
        )
    wording = read_wording(raw or "")
    text = wording.body
    kind = find_kind(wording, loss_cited=_cites_loss(record.get("cfr_sections")))
    mentions = find_nuclides(text)
    activities = material_activities(find_activities(text, mentions))[:MOST_OF_A_FIELD]
    serials = find_serials(text, mentions)[:MOST_OF_A_FIELD]
    makers = find_makers(text)
    models = [m for m in find_models(text) if not any(s.start <= m[1] < s.end for s in serials)]
    place, state = find_place(record.get("city"), record.get("county"), record.get("state"), text)
    first_mentions: dict[str, NuclideMention] = {}
    for mention in mentions:
        first_mentions.setdefault(mention.nuclide, mention)
    passages = [
        {
            "field": "kind",
            "value": kind.kind,
            "text": _kind_passage(text, kind.rule, kind.start, kind.end),
        }
    ]
    passages += [_shown(text, "nuclides", n, m.start, m.end) for n, m in first_mentions.items()]
    passages += [_shown(text, "activities", a.text, a.start, a.end) for a in activities]
    passages += [_shown(text, "serials", s.value, s.at, s.end) for s in serials]
    passages += [_shown(text, "manufacturers", m.name, a, b) for m, a, b in makers]
    passages += [_shown(text, "models", c, a, b) for c, a, b in models]
    return Notice(
        event_number=number,
        kind=kind.kind,
        nuclides=tuple(first_mentions)[:MOST_OF_A_FIELD],
        activities=tuple(activities),
        manufacturers=tuple(m.name for m, _, _ in makers),
        models=tuple(c for c, _, _ in models)[:MOST_OF_A_FIELD],
        serials=tuple(serials),
        device_types=tuple(find_device_types(text)),
        place=place,
        state=state,
        date=_day(record.get("event_date")),
        reported=_day(record.get("notification_date")) or _day(record.get("report_date")),
        holder=_holder(record.get("licensee")),
        licence=_licence(record.get("license_number")),
        retracted=wording.retracted,
        recovered=kind.kind in ("lost", "stolen", "found") and _is_recovered(text),
        updates=sum(part.kind != "first" for part in wording.parts),
        passages=tuple(passages),
    )


def _shown(text: str, name: str, value: str, start: int, end: int) -> dict[str, str]:
    return {
        "field": name,
        "value": value,
        "text": passage(text, start, min(end, start + 160), keep=True),
    }


def _kind_passage(text: str, rule: str, start: int, end: int) -> str:
    if end <= start:
        return rule
    return f"{rule}: {passage(text, start, min(end, start + 160), keep=False)}"


def _is_recovered(text: str) -> bool:
    """Whether the words say that what was missing came back."""
    for match in _RECOVERED.finditer(text):
        if not _NOT_RECOVERED.search(text[max(0, match.start() - 60) : match.start()]):
            return True
    return False

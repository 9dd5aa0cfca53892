"""Where something happened: from the fields of a notice, or else from its words."""

from __future__ import annotations

import re

STATES: dict[str, str] = dict(
    pair.split("=")
    for pair in (
        "alabama=AL alaska=AK arizona=AZ arkansas=AR california=CA colorado=CO connecticut=CT "
        "delaware=DE "
        "florida=FL georgia=GA hawaii=HI idaho=ID illinois=IL indiana=IN iowa=IA kansas=KS "
        "kentucky=KY "
        "louisiana=LA maine=ME maryland=MD massachusetts=MA michigan=MI minnesota=MN "
        "mississippi=MS missouri=MO "
        "montana=MT nebraska=NE nevada=NV ohio=OH oklahoma=OK oregon=OR pennsylvania=PA "
        "tennessee=TN texas=TX "
        "utah=UT vermont=VT virginia=VA washington=WA wisconsin=WI wyoming=WY guam=GU "
        "new_hampshire=NH new_jersey=NJ new_mexico=NM new_york=NY north_carolina=NC "
        "north_dakota=ND "
        "rhode_island=RI south_carolina=SC south_dakota=SD west_virginia=WV puerto_rico=PR "
        "district_of_columbia=DC"
    ).split()
)
"""Postal codes of the United States Postal Service by name of the State (blanks as underscores)."""

_CODES = set(STATES.values())
_NAMES = "|".join(sorted((n.replace("_", " ") for n in STATES), key=len, reverse=True))
# A preposition before the town: "Smith, MD" is a physician, "in Salisbury, MD" is a place.
_TOWN = re.compile(
    r"\b(?:[Ii]n|[Nn]ear|[Aa]t|IN|NEAR|AT|[Ll]ocated in|outside(?: of)?) "
    r"(?P<town>[A-Z][A-Za-z.']+(?: [A-Z][A-Za-z.']+){0,2}), ?"
    rf"(?P<state>[A-Z]{{2}}\b|(?i:{_NAMES})\b)"
)
_PLAIN = re.compile(r"[^A-Za-z .'-]")


def _code(state: str) -> str:
    if state.upper() in _CODES:
        return state.upper()
    return STATES.get(state.lower().replace(" ", "_"), "")


def _tidy(name: object) -> str:
    if not isinstance(name, str):
        return ""
    words = " ".join(_PLAIN.sub(" ", name).split())[:40]
    return words.title() if words.isupper() or words.islower() else words


def find_place(city: object, county: object, state: object, text: str) -> tuple[str, str]:
    """The place of a notice in words, and the code of its State.

    Parameters
    ----------
    city, county, state : object
        Fields of the notice; whatever is no text is ignored.
    text : str
        Cleaned text, read where the fields are empty.

    Returns
    -------
    tuple of str and str
        For example ``("Salisbury, MD", "MD")``; empty where nothing is known.
    """
    code = _code(state.strip()) if isinstance(state, str) else ""
    town = _tidy(city) or (f"{_tidy(county)} County" if _tidy(county) else "")
    if not town or not code:
        for match in _TOWN.finditer(text):
            said = _code(match["state"])
            if said and (not code or said == code):
                return f"{town or _tidy(match['town'])}, {said}", said
    return ", ".join(part for part in (town, code) if part), code

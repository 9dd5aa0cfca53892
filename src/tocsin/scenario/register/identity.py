"""Mistakes in who and what a source is: numbers, names, places, practices, limits.

Also those that nothing in the register contradicts, so that no check can find them.
"""

from __future__ import annotations

import re

from tocsin.scenario.register.holders import SyntheticHolder
from tocsin.scenario.register.lives import Item, Step
from tocsin.scenario.register.mistakes import Book, Mistake

LOOK_ALIKE = {"0": "O", "1": "I", "5": "S", "8": "B", "2": "Z"}
"""Digits that are read as letters."""
NOT_READABLE = (
    *("", "", "", "", "n/a", "unknown", "-", "?", "none", "not readable", "illegible"),
    *("0", "0000", "XXXX", "no number", "TBD", "s/n", "see certificate"),
)
"""What stands where no number is known."""
NOWHERE = ("", "", "", "unknown", "-", "?", "n/a", "various", "to be confirmed")
PLACED = frozenset({"move", "receipt", "recovery", "disuse"})
"""Steps that say anew where a source is."""
OTHER_PRACTICE = {
    "portable_gauge": "fixed_gauge_low",
    "fixed_gauge_low": "fixed_gauge_high",
    "fixed_gauge_high": "fixed_gauge_low",
    "radiography": "fixed_gauge_high",
    "brachytherapy_high": "brachytherapy_low",
    "brachytherapy_low": "brachytherapy_high",
    "xrf": "electron_capture",
    "electron_capture": "xrf",
    "calibration": "research",
    "research": "calibration",
    "irradiator": "teletherapy",
    "teletherapy": "irradiator",
    "well_logging": "radiography",
    "static_eliminator": "fixed_gauge_low",
    "other": "research",
}
"""What is taken for what: neighbours in a list, and words that sound alike."""
OTHER_NUCLIDE = {
    "Cs-137": ("Cs-134", "Co-60"),
    "Co-60": ("Co-57", "Cs-137"),
    "Ir-192": ("Se-75", "Co-60"),
    "Se-75": ("Ir-192",),
    "Am-241": ("Am-243", "Cm-244"),
    "Am-241/Be": ("Cf-252", "Ra-226"),
    "Sr-90": ("Sr-89", "Kr-85"),
    "Kr-85": ("Sr-90",),
    "Pm-147": ("Tl-204", "Kr-85"),
    "Ni-63": ("Fe-55", "H-3"),
    "Fe-55": ("Fe-59", "Cd-109"),
    "Cd-109": ("Co-57", "Fe-55"),
    "Co-57": ("Co-60", "Cd-109"),
    "Po-210": ("Am-241",),
    "Na-22": ("Na-24", "Co-60"),
}
"""Nuclides that are written for others."""


def duplicate_serial(book: Book) -> list[Mistake]:
    """The number of another source of the model, as copying a row down leaves it."""

    def others(i: Item) -> list[Item]:
        return [o for o in book.siblings(i) if o.serial and not (o.ended() and i.ended())]

    item = book.pick(lambda i: bool(i.serial) and bool(others(i)))
    if item is None:
        return []
    near = sorted(others(item), key=lambda o: abs(int(o.reference[2:]) - int(item.reference[2:])))
    twin = near[0]
    book.touched.add(twin.reference)  # it stays as it is, else nothing contradicts the copy
    item.serial = twin.serial
    if book.random.random() < 0.3:
        item.serial = _written_otherwise(book, item.serial)
    return [Mistake("duplicate_serial", "copied", (item.reference,), (twin.reference,))]


def entered_twice(book: Book) -> list[Mistake]:
    """One source on two lists, its number written in two ways."""
    item = book.pick(lambda i: _digits(i.serial) >= 3 and not i.ended())
    if item is None:
        return []
    twin = book.copy(item)
    how = book.one_of(
        ((0.4, "look-alikes"), (0.35, "written otherwise"), (0.25, "prefix left out"))
    )
    if how == "look-alikes":
        twin.serial = _look_alike(book, item.serial) or item.serial
    elif how == "written otherwise":
        twin.serial = _written_otherwise(book, item.serial)
    else:
        twin.serial = re.sub(r"^[A-Z]+\d*-|^[A-Z]+", "", item.serial) or item.serial
    return [Mistake("entered_twice", how, (item.reference, twin.reference))]


def serial_mistyped(book: Book) -> list[Mistake]:
    """A number that is none of the maker's: a letter for a digit, a digit too few or too many."""
    item = book.pick(lambda i: _digits(i.serial) >= 3)
    if item is None:
        return []
    how = book.one_of(((0.6, "letter for digit"), (0.2, "digit lost"), (0.2, "digit doubled")))
    right = item.serial
    at = [i for i, c in enumerate(right) if c.isdigit()]
    place = at[int(book.random.integers(1, len(at)))]
    if how == "letter for digit":
        item.serial = _look_alike(book, right) or right[:place] + "O" + right[place + 1 :]
    elif how == "digit lost":
        item.serial = right[:place] + right[place + 1 :]
    else:
        item.serial = right[:place] + right[place] + right[place:]
    forms = {_form(item.model.serial), _form(item.model.older_serial)}
    hidden = "it looks like a number of the model" if _form(item.serial) in forms else ""
    hidden = hidden or book.alone(item)
    return [Mistake("serial_mistyped", how, (item.reference,), undetectable=hidden)]


def no_serial(book: Book) -> list[Mistake]:
    """No number, or words in its place."""
    item = book.pick(lambda i: bool(i.serial))
    if item is None:
        return []
    item.serial = NOT_READABLE[int(book.random.integers(len(NOT_READABLE)))]
    item.device_serial = ""
    for step in item.steps:
        step.device = (step.device[0], "")
    return [Mistake("no_serial", f"“{item.serial}”", (item.reference,))]


def place_missing(book: Book) -> list[Mistake]:
    """No place, or words in its stead."""
    words = NOWHERE[int(book.random.integers(len(NOWHERE)))]
    if book.random.random() < 0.3:

        def fits(i: Item) -> bool:
            placed = _placed(i)
            return bool(placed) and placed[-1].kind == "receipt" and not i.ended()

        item = book.pick(fits)
        if item is not None:
            [s for s in item.steps if s.kind == "receipt"][-1].place = words
            return [Mistake("place_missing", f"receipt with “{words}”", (item.reference,))]
    item = book.pick(lambda i: not i.ended() and not _placed(i))
    if item is None:
        return []
    item.place, item.latitude, item.longitude = words, None, None
    if book.random.random() < 0.2:
        item.latitude = item.longitude = 0.0
        return [Mistake("place_missing", f"“{words}” at 0, 0", (item.reference,))]
    return [Mistake("place_missing", f"“{words}”", (item.reference,))]


def place_far(book: Book) -> list[Mistake]:
    """A position with a slip: sign, order, a digit."""

    def fits(i: Item) -> bool:
        stays = not i.ended() and not _placed(i) and not any(s.holder for s in i.steps)
        return stays and i.latitude is not None

    item = book.pick(fits)
    if item is None or item.latitude is None or item.longitude is None:
        return []
    how = book.one_of(((0.4, "sign"), (0.3, "order"), (0.3, "digit")))
    lat, lon = item.latitude, item.longitude
    if how == "sign":
        item.longitude = -lon
    elif how == "order":
        item.latitude, item.longitude = lon, lat
    else:
        item.latitude = lat + float(book.random.choice([-10.0, 10.0, 20.0, -9.0, 9.0, 30.0]))
    others = [
        o
        for o in book.items
        if o.holder == item.holder and o.latitude is not None and o.reference not in book.touched
    ]
    hidden = "" if len(others) >= 2 else "the holder has no other position to compare with"
    return [Mistake("place_far", how, (item.reference,), undetectable=hidden)]


def practice_and_category(book: Book) -> list[Mistake]:
    """Another practice than that of the source."""
    item = book.pick(lambda i: i.practice in OTHER_PRACTICE)
    if item is None:
        return []
    item.practice = OTHER_PRACTICE[item.practice]
    used = item.practice in item.model.practices
    hidden = "the model is used for both" if used else book.alone(item)
    return [Mistake("practice_and_category", item.practice, (item.reference,), (), hidden)]


def nuclide_and_model(book: Book) -> list[Mistake]:
    """Another nuclide than that of the model."""
    item = book.pick(lambda i: i.nuclides[0] in OTHER_NUCLIDE)
    if item is None:
        return []
    others = OTHER_NUCLIDE[item.nuclides[0]]
    wrong = others[int(book.random.integers(len(others)))]
    item.nuclides = (wrong, *item.nuclides[1:])
    fits = item.nuclides in item.model.choices
    hidden = "the model is made with both" if fits else book.alone(item)
    return [Mistake("nuclide_and_model", wrong, (item.reference,), undetectable=hidden)]


def holder_twice(book: Book) -> list[Mistake]:
    """Some sources of a holder under a name that is written in another way."""

    def stays(i: Item) -> bool:
        return not any(s.holder for s in i.steps) and not i.ended()

    first = book.pick(lambda i: stays(i) and i.holder in book.maker.by_name)
    if first is None:
        return []
    name = first.holder
    found = [first]
    for _ in range(int(book.random.integers(0, 4))):
        more = book.pick(lambda i: i.holder == name and stays(i))
        if more is not None:
            found.append(more)
    wrong, how = _other_name(book, name)
    for item in found:
        item.holder = wrong
    parties = tuple(i.reference for i in book.items if i.last_holder() == name)
    return [Mistake("holder_twice", how, tuple(i.reference for i in found), parties)]


SHORT = {
    "Hospital": "Hosp.",
    "Laboratory": "Lab.",
    "Institute": "Inst.",
    "University": "Univ.",
    "Company": "Co.",
    "National": "Nat.",
    "Services": "Svcs.",
    "Inspection": "Insp.",
    "Directorate": "Dir.",
}


def _other_name(book: Book, name: str) -> tuple[str, str]:
    words = name.split()
    ways: list[tuple[str, str]] = [(f"{name} Ltd", "legal form"), (f"The {name}", "article")]
    short = [(w, SHORT[w]) for w in words if w in SHORT]
    if short:
        ways += [(name.replace(*short[0]), "abbreviated")] * 3
    if " and " in name:
        ways += [(name.replace(" and ", " & "), "ampersand")] * 2
    if len(words) == 2 and not words[1].isdigit():
        ways.append((f"{words[1]}, {words[0]}", "order of words"))
    ways.append(("-".join(words[:2]) + "".join(f" {w}" for w in words[2:]), "hyphen"))
    long = [w for w in words if len(w) >= 6 and w.isalpha()]
    if long:
        word = long[int(book.random.integers(len(long)))]
        at = int(book.random.integers(1, len(word) - 2))
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        lost = word[:at] + word[at + 1 :]
        if swapped != word:
            ways += [(name.replace(word, swapped), "letters swapped")] * 2
        ways += [(name.replace(word, lost), "letter lost")] * 2
    return ways[int(book.random.integers(len(ways)))]


def plausible_serial(book: Book) -> list[Mistake]:
    """A wrong digit: a number that the maker could have given."""
    item = book.pick(lambda i: _digits(i.serial) >= 3)
    if item is None:
        return []
    at = [i for i, c in enumerate(item.serial) if c.isdigit()]
    known = {o.serial for o in book.of_model[item.model.maker, item.model.model]}
    for _ in range(50):
        place = at[int(book.random.integers(len(at)))]
        wrong = item.serial[:place] + str(int(book.random.integers(10))) + item.serial[place + 1 :]
        if wrong not in known:
            item.serial = wrong
            why = "nobody else has the number, and the maker could have given it"
            return [Mistake("plausible_serial", "digit", (item.reference,), undetectable=why)]
    return []


def plausible_place(book: Book) -> list[Mistake]:
    """Another room of the holder than that where it stands."""
    item = book.pick(lambda i: bool(i.place) and i.holder in book.maker.by_name)
    if item is None:
        return []
    item.place = book.maker.by_name[item.holder].room(book.random)
    why = "the holder has that room"
    return [Mistake("plausible_place", "room", (item.reference,), undetectable=why)]


def plausible_date(book: Book) -> list[Mistake]:
    """The day of a leak test, some days off."""

    def tests(i: Item) -> list[Step]:
        early = i.steps[0].happened_on
        return [
            s
            for s in i.steps
            if s.kind == "leak_test" and (s.happened_on - early).days > 20 and not s.stated_Bq
        ]

    item = book.pick(lambda i: bool(tests(i)))
    if item is None:
        return []
    step = tests(item)[0]
    step.happened_on -= book.days(1, 9)
    why = "the day is possible"
    return [Mistake("plausible_date", "days", (item.reference,), undetectable=why)]


def plausible_holder(book: Book) -> list[Mistake]:
    """Listed with another holder that has such sources too."""

    def others(i: Item) -> list[SyntheticHolder]:
        return [h for h in book.maker.holders if h.kind in i.model.holders and h.name != i.holder]

    item = book.pick(
        lambda i: not _placed(i) and not any(s.holder for s in i.steps) and bool(others(i))
    )
    if item is None:
        return []
    choices = others(item)
    other = choices[int(book.random.integers(len(choices)))]
    item.holder, item.place = other.name, other.room(book.random)
    item.latitude = item.longitude = None
    why = "the other holder has such sources"
    return [Mistake("plausible_holder", "wrong row", (item.reference,), undetectable=why)]


def test_never_made(book: Book) -> list[Mistake]:
    """A leak test that is reported and was not made."""
    item = book.pick(lambda i: any(s.kind == "leak_test" for s in i.steps))
    if item is None:
        return []
    why = "the report looks like every other"
    return [Mistake("test_never_made", "invented", (item.reference,), undetectable=why)]


def _look_alike(book: Book, serial: str) -> str:
    """The number with a digit that was read as a letter; empty where there is no such digit."""
    at = [i for i, c in enumerate(serial) if c in LOOK_ALIKE]
    if not at:
        return ""
    place = at[int(book.random.integers(len(at)))]
    return serial[:place] + LOOK_ALIKE[serial[place]] + serial[place + 1 :]


def _written_otherwise(book: Book, serial: str) -> str:
    ways = (
        serial.lower(),
        serial.replace("-", "").replace("/", ""),
        serial.replace("-", " "),
        f"{serial[:2]} {serial[2:]}",
        f"{serial[:-3]}-{serial[-3:]}",
    )
    return ways[int(book.random.integers(len(ways)))]


def _placed(item: Item) -> list[Step]:
    """Steps after the first that say where it is."""
    return [s for s in item.steps[1:] if s.kind in PLACED]


def _digits(serial: str) -> int:
    return sum(c.isdigit() for c in serial)


def _form(serial: str) -> str:
    return re.sub(r"\d|#|y", "9", serial)

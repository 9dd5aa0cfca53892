"""The catalogue against what is found and what is registered: which model could it be, does it fit.

Nothing here reads the database: models are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, NotFound
from tocsin.nuclear import source_nuclide
from tocsin.server.holdings.models import CatalogueModel
from tocsin.server.register.models import Source

MOST_ANSWERS = 50
OUTSIDE = 10.0
"""Factor beyond the usual range of a model at which an entry is said not to fit: sources are made
to order beyond the range of a catalogue, and the smallest slip of a unit, MBq for mCi, is 37."""


@dataclass(frozen=True, slots=True)
class Find:
    """What is known of a thing that was found.

    Parameters
    ----------
    nuclide : str
        Canonical name, or empty.
    words : tuple of str
        What it looks like, what is engraved on it; small letters.
    serial : str
        A serial number or the part of it that can be read.
    """

    nuclide: str = ""
    words: tuple[str, ...] = ()
    serial: str = ""

    @classmethod
    def of(cls, nuclide: str, words: str, serial: str) -> Find:
        """What a person has typed.

        Raises
        ------
        InvalidInput
            The nuclide is none.
        """
        name = ""
        if nuclide.strip():
            try:
                name = source_nuclide(nuclide.strip())
            except (InvalidInput, NotFound) as error:
                raise InvalidInput(str(error)) from error
        found = tuple(dict.fromkeys(re.findall(r"\w{2,}", words.casefold())))[:20]
        return cls(name, found, serial.strip()[:100])

    @property
    def empty(self) -> bool:
        """Whether nothing is asked."""
        return not (self.nuclide or self.words or self.serial)


@dataclass(frozen=True, slots=True)
class Answer:
    """A model that it could be.

    Parameters
    ----------
    model : CatalogueModel
    fits : tuple of str
        What speaks for it, in words.
    against : tuple of str
        What speaks against it.
    """

    model: CatalogueModel
    fits: tuple[str, ...]
    against: tuple[str, ...]


def could_be(find: Find, models: Iterable[CatalogueModel]) -> list[Answer]:
    """Models for which something speaks: those with nothing against them first."""
    answers = [answer for model in models if (answer := _answer(find, model)).fits]
    answers.sort(key=lambda a: (len(a.against), -len(a.fits), str(a.model)))
    return answers[:MOST_ANSWERS]


def _answer(find: Find, model: CatalogueModel) -> Answer:
    fits, against = [], []
    if find.nuclide and model.nuclides:
        if find.nuclide in model.nuclides:
            fits.append(_("contains {nuclide}").format(nuclide=find.nuclide))
        else:
            against.append(
                _("contains {others}, not {nuclide}").format(
                    others=", ".join(model.nuclides), nuclide=find.nuclide
                )
            )
    told = " ".join(
        (*model.maker.names, model.name, *model.aliases, model.looks, model.note)
    ).casefold()
    seen = [word for word in find.words if word in told]
    if seen:
        fits.append(_("described with: {words}").format(words=", ".join(seen)))
    if find.serial and model.serial_form:
        form = model.serial_form
        if serial_fits(find.serial, form):
            fits.append(_("the serial number fits the form {form}").format(form=form))
        else:
            against.append(_("serial numbers have the form {form}").format(form=form))
    return Answer(model, tuple(fits), tuple(against))


def serial_fits(part: str, form: str) -> bool:
    """Whether a serial number or a readable part of it can stand in a form of serial numbers.

    In the form ``#`` is a digit and ``@`` a letter; everything else stands for itself, whatever
    its case, blanks and dashes left out. Several forms are divided by ``|``.

    Examples
    --------
    >>> serial_fits("A12", "@####-X"), serial_fits("345x", "@####-X"), serial_fits("12-7", "@##")
    (True, True, False)
    >>> serial_fits("12-7", "@## | ###")
    True
    """
    given = _bare(part)
    return bool(given) and any(_stands_in(given, _bare(each)) for each in form.split("|"))


def _stands_in(given: str, wanted: str) -> bool:
    return any(
        all(_same(sign, wanted[start + n]) for n, sign in enumerate(given))
        for start in range(len(wanted) - len(given) + 1)
    )


def _bare(text: str) -> str:
    return re.sub(r"[\s\-./]", "", text.casefold())


def _same(sign: str, place: str) -> bool:
    if place == "#":
        return sign.isdigit()
    if place == "@":
        return sign.isalpha()
    return sign == place


def model_of(source: Source, models: Sequence[CatalogueModel]) -> CatalogueModel | None:
    """The model of source that an entry names by maker and model, under any of their names."""
    maker, name = _bare(source.manufacturer), _bare(source.model)
    if not (maker and name):
        return None
    for model in models:
        if (
            model.kind == "source"
            and name in map(_bare, (model.name, *model.aliases))
            and maker in map(_bare, model.maker.names)
        ):
            return model
    return None


def misfits(source: Source, model: CatalogueModel) -> list[str]:
    """What of an entry does not fit what the catalogue says of its model."""
    said = []
    given = {content["nuclide"]: content["activity_Bq"] for content in source.contents}
    strange = sorted(set(given) - set(model.nuclides))
    if model.nuclides and strange:
        said.append(
            _("{nuclides} is not among {known} of the catalogue").format(
                nuclides=", ".join(strange), known=", ".join(model.nuclides)
            )
        )
    most = max(given.values(), default=0.0)
    if model.most_Bq is not None and most > OUTSIDE * model.most_Bq:
        said.append(
            _("{activity} Bq is more than {n} times the usual most").format(
                activity=f"{most:.3g}", n=f"{OUTSIDE:g}"
            )
        )
    if model.least_Bq is not None and most * OUTSIDE < model.least_Bq:
        said.append(
            _("{activity} Bq is less than a {n}th of the usual least").format(
                activity=f"{most:.3g}", n=f"{OUTSIDE:g}"
            )
        )
    if source.serial and model.serial_form and not serial_fits(source.serial, model.serial_form):
        said.append(_("serial numbers have the form {form}").format(form=model.serial_form))
    return said

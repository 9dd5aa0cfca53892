"""The catalogue: models entered, changed, and brought as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput, NotFound
from tocsin.formats.confined_table import read_table
from tocsin.nuclear import source_nuclide
from tocsin.server.accounts.models import Level
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.holdings.models import MODEL_KINDS, CatalogueModel, Maker
from tocsin.server.holdings.services.writing import require_keeper, words
from tocsin.server.marking.models import Tlp
from tocsin.server.marking.policy import Reader, decide
from tocsin.server.register.entries import activity_of
from tocsin.server.register.holders import Refused
from tocsin.server.typed import plain

COLUMNS = (
    *("kind", "maker", "maker_aliases", "country", "model", "aliases", "nuclides"),
    *("least_activity", "most_activity", "serial_form", "looks", "note", "said_by"),
)
"""Columns of the table, as it is exported and brought again."""
MOST_ROWS = 5000
MOST_NAMES = 20


class Known(Refused):
    """The model is in the catalogue already."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model as it is to be written.

    Parameters
    ----------
    kind : str
        ``source`` or ``device``.
    maker, country : str
    maker_aliases, aliases : list of str
        Other names of maker and model.
    name : str
    nuclides : list of str
        Canonical names.
    least_Bq, most_Bq : float or None
        Usual activity.
    serial_form : str
        ``#`` for a digit, ``@`` for a letter.
    looks, note : str
    said_by : str
        Who says so: a catalogue, a certificate, a person of the maker.
    """

    kind: str
    maker: str
    name: str
    said_by: str
    country: str = ""
    maker_aliases: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    nuclides: tuple[str, ...] = ()
    least_Bq: float | None = None
    most_Bq: float | None = None
    serial_form: str = ""
    looks: str = ""
    note: str = ""


def entry_of(given: Mapping[str, str]) -> ModelEntry:
    """A checked entry of what was typed or stood in a row of a table; lists divided by semicolons.

    Raises
    ------
    InvalidInput
        With all that is wrong, one after the other.
    """
    faults: list[str] = []
    text = {name: plain(str(given.get(name) or "")) for name in COLUMNS}

    def tried(make: Any, *args: Any) -> Any:
        try:
            return make(*args)
        except (InvalidInput, NotFound) as error:
            faults.append(str(error))
            return None

    kind = text["kind"].casefold()
    labels = {str(label).casefold(): code for code, label in MODEL_KINDS}
    kind = labels.get(kind, kind)
    if kind not in dict(MODEL_KINDS):
        faults.append(_("kind: write source or device"))
    for name, label in (
        ("maker", _("maker")),
        ("model", _("model")),
        ("said_by", _("who says so")),
    ):
        if not text[name]:
            faults.append(_("{field}: is missing").format(field=label))
    nuclides = [tried(source_nuclide, part) for part in _list(text["nuclides"])]
    least = tried(activity_of, text["least_activity"], "") if text["least_activity"] else None
    most = tried(activity_of, text["most_activity"], "") if text["most_activity"] else None
    if least is not None and most is not None and least > most:
        faults.append(_("the least usual activity is more than the most"))
    if faults:
        raise InvalidInput("; ".join(faults))
    return ModelEntry(
        kind=kind,
        maker=text["maker"][:120],
        name=text["model"][:120],
        said_by=text["said_by"][:200],
        country=text["country"][:80],
        maker_aliases=tuple(_list(text["maker_aliases"])),
        aliases=tuple(_list(text["aliases"])),
        nuclides=tuple(dict.fromkeys(nuclides)),
        least_Bq=least,
        most_Bq=most,
        serial_form=text["serial_form"][:80],
        looks=text["looks"][:400],
        note=text["note"][:2000],
    )


@transaction.atomic
def enter_model(reader: Reader, entry: ModelEntry) -> CatalogueModel:
    """Enter a model, and its maker where nobody bears that name.

    Raises
    ------
    Known
        The model is there already.
    Refused
        Not allowed.
    """
    require_keeper(reader)
    maker = _maker(reader, entry)
    known = CatalogueModel.objects.filter(maker=maker, kind=entry.kind, name__iexact=entry.name)
    if known.exists():
        raise Known(_("{name} is in the catalogue already.").format(name=known[0]))
    model = CatalogueModel.objects.create(
        **_mark(reader), maker=maker, kind=entry.kind, name=entry.name, **_described(entry)
    )
    record(actor=reader.person, action="holdings.model", subject=model, after=_told(model))
    return model


@transaction.atomic
def change_model(
    reader: Reader, model: CatalogueModel, entry: ModelEntry, *, reason: str
) -> CatalogueModel:
    """Change what the catalogue says of a model; the log keeps what it said before.

    Raises
    ------
    Refused
        Not allowed, without a reason, or another model bears this name.
    """
    model = CatalogueModel.objects.select_for_update().select_related("maker").get(pk=model.pk)
    require_keeper(reader)
    if (
        model.originator_id != reader.person.organisation_id
        or not decide(reader, "register.write", model).allowed
    ):
        raise Refused(_("None of your roles allows this."))
    note = words(reason, needed=_("Say why it is changed."))
    before = _told(model)
    maker = _maker(reader, entry)
    others = CatalogueModel.objects.filter(maker=maker, kind=entry.kind, name__iexact=entry.name)
    if others.exclude(pk=model.pk).exists():
        raise Refused(_("{name} is in the catalogue already.").format(name=others[0]))
    model.maker, model.kind, model.name = maker, entry.kind, entry.name
    for name, value in _described(entry).items():
        setattr(model, name, value)
    model.save()
    record(
        actor=reader.person,
        action="holdings.change_model",
        subject=model,
        before=before,
        after=_told(model),
        reason=note,
    )
    return model


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a table.

    Parameters
    ----------
    entered, known : int
        Rows that are new, and rows whose model is there already and was left as it is.
    faults : tuple of (int, str)
        Line and what is wrong; with one of them nothing was entered.
    """

    entered: int
    known: int
    faults: tuple[tuple[int, str], ...]


def bring(reader: Reader, content: bytes) -> Brought:
    """Enter the models of a table, all or none.

    Raises
    ------
    Refused
        Not allowed, or too many rows.
    ParseError
        It is no table.
    """
    require_keeper(reader)
    table = read_table(content)
    if len(table.rows) > MOST_ROWS:
        raise Refused(_("More than {n} rows.").format(n=MOST_ROWS))
    missing = [name for name in ("kind", "maker", "model", "said_by") if name not in table.header]
    if missing:
        raise Refused(_("Columns are missing: {names}.").format(names=", ".join(missing)))
    entries: list[ModelEntry] = []
    faults: list[tuple[int, str]] = []
    for line, row in zip(table.lines, table.rows, strict=True):
        try:
            entries.append(entry_of(dict(zip(table.header, row, strict=True))))
        except InvalidInput as error:
            faults.append((line, str(error)))
    if faults:
        return Brought(0, 0, tuple(faults))
    return _entered(reader, entries)


@transaction.atomic
def _entered(reader: Reader, entries: list[ModelEntry]) -> Brought:
    fresh = 0
    for entry in entries:
        try:
            with transaction.atomic():
                enter_model(reader, entry)
        except Known:
            continue
        fresh += 1
    return Brought(fresh, len(entries) - fresh, ())


def _maker(reader: Reader, entry: ModelEntry) -> Maker:
    own = Maker.objects.filter(originator=reader.person.organisation_id, realm=reader.realm)
    wanted = entry.maker.casefold()
    known = next((m for m in own if wanted in (n.casefold() for n in m.names)), None)
    if known is None:
        known = Maker.objects.create(
            **_mark(reader), name=entry.maker, aliases=[], country=entry.country
        )
        record(
            actor=reader.person,
            action="holdings.maker",
            subject=known,
            after={"name": known.name},
        )
    aliases = [*known.aliases, *(a for a in entry.maker_aliases if a not in known.names)]
    if aliases != known.aliases or (entry.country and entry.country != known.country):
        before = {"aliases": known.aliases, "country": known.country}
        known.aliases, known.country = aliases[:MOST_NAMES], entry.country or known.country
        known.save()
        record(
            actor=reader.person,
            action="holdings.change_maker",
            subject=known,
            before=before,
            after={"aliases": known.aliases, "country": known.country},
            reason="with a model",
        )
    return known


def _mark(reader: Reader) -> dict[str, Any]:
    if reader.person.clearance < Level.RESTRICTED:
        raise Refused(_("The level is above your own clearance."))
    return {
        "realm": reader.realm,
        "level": Level.RESTRICTED.value,
        "tlp": Tlp.AMBER.value,
        "originator": reader.person.organisation,
        "created_at": now(),
        "created_by": reader.person,
    }


def _described(entry: ModelEntry) -> dict[str, Any]:
    values = asdict(entry)
    for name in ("kind", "maker", "name", "country", "maker_aliases"):
        del values[name]
    return values | {"aliases": list(entry.aliases), "nuclides": list(entry.nuclides)}


def _told(model: CatalogueModel) -> dict[str, Any]:
    names = (
        *("kind", "name", "aliases", "nuclides", "least_Bq", "most_Bq", "serial_form"),
        *("looks", "note", "said_by"),
    )
    return {name: getattr(model, name) for name in names} | {"maker": model.maker.name}


def _list(text: str) -> list[str]:
    return [part.strip()[:120] for part in text.split(";") if part.strip()][:MOST_NAMES]


def cells_of(model: CatalogueModel) -> tuple[str, ...]:
    """A model as a row of the table of ``COLUMNS``."""

    def activity(value: float | None) -> str:
        return "" if value is None or not math.isfinite(value) else f"{value!r} Bq"

    return (
        model.kind,
        model.maker.name,
        "; ".join(model.maker.aliases),
        model.maker.country,
        model.name,
        "; ".join(model.aliases),
        "; ".join(model.nuclides),
        activity(model.least_Bq),
        activity(model.most_Bq),
        model.serial_form,
        model.looks,
        model.note,
        model.said_by,
    )

"""The catalogue: curated, brought and taken as a table, asked about finds and entries."""

from __future__ import annotations

import pytest

from tocsin.errors import InvalidInput
from tocsin.server.accounts.models import Level
from tocsin.server.audit.models import Leaf
from tocsin.server.holdings.catalogue import Find, could_be, misfits, model_of, serial_fits
from tocsin.server.holdings.models import CatalogueModel, Maker
from tocsin.server.holdings.panels import unlike_catalogue
from tocsin.server.holdings.reading import models_for
from tocsin.server.holdings.services.catalogue import (
    COLUMNS,
    bring,
    cells_of,
    change_model,
    enter_model,
    entry_of,
)
from tocsin.server.marking.policy import Reader
from tocsin.server.register.checking import result_for
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Source

ROW = {
    "kind": "source",
    "maker": "Ostrava Iso",
    "maker_aliases": "OI; Ostrava Isotopes",
    "model": "IR-7",
    "aliases": "IR7; IR 7A",
    "nuclides": "Ir-192; se75",
    "least_activity": "1.85 TBq",
    "most_activity": "100 Ci",
    "serial_form": "IR#### | @####",
    "looks": "steel capsule 6 x 15 mm on a braided cable",
    "said_by": "catalogue of 2019",
}
OTHER = ROW | {
    "maker": "Halden",
    "maker_aliases": "",
    "model": "HG-5",
    "aliases": "",
    "nuclides": "Cs-137",
    "least_activity": "",
    "most_activity": "400 MBq",
    "serial_form": "H5-####",
    "looks": "yellow gauge with a rod",
}


@pytest.fixture
def model(officer: Reader) -> CatalogueModel:
    """A model of the source of these tests."""
    return enter_model(officer, entry_of(ROW))


def test_a_model_is_kept_as_it_was_typed(model: CatalogueModel) -> None:
    assert model.nuclides == ["Ir-192", "Se-75"]
    assert (model.least_Bq, model.most_Bq) == (1.85e12, pytest.approx(3.7e12))
    assert model.maker.aliases == ["OI", "Ostrava Isotopes"]
    assert model.level == Level.RESTRICTED


def test_faults_are_told_all_at_once() -> None:
    wrong = ROW | {"kind": "cat", "nuclides": "Xx-1", "said_by": "", "least_activity": "9 TBq"}
    with pytest.raises(InvalidInput) as told:
        entry_of(wrong | {"most_activity": "1 GBq"})
    for part in ("kind", "Xx", "who says so", "more than the most"):
        assert part in str(told.value)


def test_one_maker_by_all_its_names(officer: Reader, model: CatalogueModel) -> None:
    second = enter_model(officer, entry_of(ROW | {"maker": "oi", "model": "SE-3", "country": "CZ"}))
    assert second.maker_id == model.maker_id
    assert Maker.objects.get().country == "CZ"
    with pytest.raises(Refused, match="already"):
        enter_model(officer, entry_of(ROW | {"model": "ir-7"}))


def test_changes_need_a_reason_and_an_officer(
    officer: Reader, works: Reader, model: CatalogueModel
) -> None:
    new = entry_of(ROW | {"looks": "ring"})
    with pytest.raises(Refused):
        change_model(officer, model, new, reason=" ")
    with pytest.raises(Refused):
        change_model(works, model, new, reason="x")
    assert change_model(officer, model, new, reason="seen one").looks == "ring"
    assert Leaf.objects.get(action="holdings.change_model").subject_id == str(model.pk)


def test_a_table_that_leaves_comes_back_the_same(officer: Reader, model: CatalogueModel) -> None:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerow(cells_of(model))
    writer.writerow([OTHER.get(name, "") for name in COLUMNS])
    told = bring(officer, out.getvalue().encode())
    assert (told.entered, told.known, told.faults) == (1, 1, ())
    again = {cells_of(m) for m in models_for(officer)}
    told = bring(officer, out.getvalue().encode())
    assert (told.entered, told.known) == (0, 2)
    assert {cells_of(m) for m in models_for(officer)} == again


def test_with_one_fault_nothing_of_a_table_is_entered(officer: Reader) -> None:
    table = "kind,maker,model,said_by,nuclides\nsource,A,1,me,Cs-137\nsource,A,2,me,Zz-9\n"
    told = bring(officer, table.encode())
    assert told.entered == 0
    assert [line for line, _fault in told.faults] == [3]
    assert not CatalogueModel.objects.exists()
    with pytest.raises(Refused, match="Columns are missing"):
        bring(officer, b"maker,model\nA,1\n")


@pytest.mark.parametrize(
    ("part", "form", "fits"),
    [
        ("IR1001", "IR####", True),
        ("ir-1001", "IR####", True),
        ("100", "IR####", True),
        ("IR10011", "IR####", False),
        ("1R1001", "IR####", False),
        ("4711", "H5-#### | ####", True),
        ("", "####", False),
        ("-", "####", False),
    ],
)
def test_serial_numbers_and_their_forms(part: str, form: str, fits: bool) -> None:
    assert serial_fits(part, form) is fits


def test_what_a_find_could_be(officer: Reader, model: CatalogueModel) -> None:
    gauge = enter_model(officer, entry_of(OTHER))
    rows = list(models_for(officer))
    answers = could_be(Find.of("Ir-192", "capsule on a cable", "IR10"), rows)
    assert [a.model for a in answers] == [model]
    assert len(answers[0].fits) == 3
    answers = could_be(Find.of("Cs137", "", ""), rows)
    assert [a.model for a in answers] == [gauge]
    # the word speaks for the gauge and the nuclide against it: it stands behind the other
    answers = could_be(Find.of("Ir-192", "yellow", ""), rows)
    assert [a.model for a in answers] == [model, gauge]
    assert answers[1].against
    assert could_be(Find.of("", "zeppelin", ""), rows) == []
    assert Find.of("", " ", "").empty
    with pytest.raises(InvalidInput):
        Find.of("nothing", "", "")


def test_an_entry_is_compared_with_its_model(
    officer: Reader, model: CatalogueModel, source: Source
) -> None:
    assert model_of(source, [model]) == model
    source.manufacturer, source.model = "ostrava isotopes", "IR7"
    assert model_of(source, [model]) == model
    assert misfits(source, model) == []
    assert list(unlike_catalogue([source], source.since)) == []
    source.contents[0]["activity_Bq"] = 3.7e15
    source.serial = "7-XX"
    said = misfits(source, model)
    assert len(said) == 2
    assert [s for s, _why in unlike_catalogue([source], source.since)] == [source]
    source.contents[0] |= {"nuclide": "Co-60", "activity_Bq": 1e9}
    assert len(misfits(source, model)) == 3


def test_who_is_not_cleared_is_refused_and_not_told_that_all_is_there(officer: Reader) -> None:
    officer.person.clearance = Level.OPEN
    table = "kind,maker,model,said_by\nsource,A,1,me\n"
    with pytest.raises(Refused, match="clearance"):
        bring(officer, table.encode())


def test_people_of_a_holder_are_not_told_what_the_catalogue_says(
    officer: Reader, works: Reader, model: CatalogueModel, source: Source
) -> None:
    Source.objects.filter(pk=source.pk).update(serial="7-XX")
    told = [len(result_for(reader, 20).shown["unlike_catalogue"]) for reader in (officer, works)]
    assert told == [1, 0]

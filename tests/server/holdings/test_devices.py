"""Devices: sources go in and out, and what befalls a device befalls what is in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

import pytest
from register_entries import GIVEN, TODAY

from tocsin.server.accounts.models import Person
from tocsin.server.audit.models import Leaf
from tocsin.server.holdings.models import Device, Inside, Kind, Step
from tocsin.server.holdings.reading import counted, devices_for, inside, life_of
from tocsin.server.holdings.services import devices
from tocsin.server.holdings.services.devices import (
    DeviceEntry,
    correct_device,
    possible,
    put_in,
    register_device,
    report_device,
    take_out,
)
from tocsin.server.holdings.together import together
from tocsin.server.incidents.models import Incident
from tocsin.server.marking.immutable import WrittenOnce
from tocsin.server.marking.models import Release
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.register.entries import entry_of
from tocsin.server.register.holders import Refused, change_holder, holder_named
from tocsin.server.register.life import Status
from tocsin.server.register.models import Holder, Outgoing, Source
from tocsin.server.register.services import register_source

ENTRY = DeviceEntry("Ostrava Iso", "Projector 9", "P-77", "radiography", "Harbour, hall 3")


@pytest.fixture
def device(officer: Reader, source: Source) -> Device:
    """An empty projector of the holder of the source."""
    return register_device(officer, source.holder.name, ENTRY)


@pytest.fixture
def second(officer: Reader, source: Source) -> Source:
    """Another source of the same holder."""
    given = GIVEN | {"serial": "IR1002", "activity": "1.1 TBq"}
    return register_source(officer, entry_of(given, today=TODAY))


@pytest.fixture
def loaded(officer: Reader, device: Device, source: Source, second: Source) -> Device:
    """The projector with both sources in it."""
    put_in(officer, device, source, happened_on=TODAY)
    put_in(officer, device, second, happened_on=TODAY)
    return device


def test_the_register_hears_that_a_source_was_put_in(
    works: Reader, device: Device, source: Source
) -> None:
    put_in(works, device, source, happened_on=TODAY)
    source.refresh_from_db()
    assert (source.device, source.device_serial) == ("Ostrava Iso Projector 9", "P-77")
    assert source.transactions.last().kind == "installation"
    assert [s.pk for s in inside(works, device)] == [source.pk]


def test_a_source_is_in_one_device_at_most_and_comes_out_again(
    officer: Reader, device: Device, source: Source
) -> None:
    other = register_device(officer, source.holder.name, DeviceEntry(serial="P-78"))
    put_in(officer, device, source, happened_on=TODAY)
    with pytest.raises(Refused, match=device.name):
        put_in(officer, other, source, happened_on=TODAY)
    with pytest.raises(Refused, match="not in this device"):
        take_out(officer, other if other.insides.exists() else device, _none(), happened_on=TODAY)
    take_out(officer, device, source, happened_on=TODAY)
    put_in(officer, other, source, happened_on=TODAY)
    assert not Inside.objects.filter(device=device).exists()


def _none() -> Source:
    return Source()


def test_what_is_in_a_device_counts_together(loaded: Device, officer: Reader) -> None:
    whole = together(counted(inside(officer, loaded)), dt.date(2026, 1, 15))
    # 3.7 TBq and 1.1 TBq of Ir-192 with D = 0.08 TBq (EPR-D-VALUES)
    assert whole.found.ratio_A_over_D == pytest.approx((3.7 + 1.1) / 0.08, rel=1e-9)
    assert whole.found.category == 2
    assert len(whole.parts) == 2


@pytest.mark.parametrize("by", ["officer", "works"])
def test_a_lost_device_has_lost_its_sources_in_one_step(
    by: str, request: pytest.FixtureRequest, loaded: Device
) -> None:
    reader: Reader = request.getfixturevalue(by)
    before = Step.objects.filter(row_id=loaded.pk).count()
    step = report_device(
        reader, loaded, Kind.LOSS, happened_on=TODAY, note="The van was empty this morning."
    )
    assert Step.objects.filter(row_id=loaded.pk).count() == before + 1
    sources = [i.source for i in loaded.insides.select_related("source")]
    assert [s.status for s in sources] == [Status.LOST, Status.LOST]
    assert sorted(step.after["sources"]) == sorted(s.name for s in sources)
    # each is told to the apps above, which open its incident
    told = Outgoing.objects.filter(transaction__kind="loss")
    assert {o.transaction.source_id for o in told} == {s.pk for s in sources}
    for source in sources:
        assert loaded.name in source.transactions.last().note
    loaded.refresh_from_db()
    assert loaded.status == Status.LOST
    assert counted(sources) == []


def test_each_lost_source_gets_its_incident(
    works: Reader, loaded: Device, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        report_device(works, loaded, Kind.THEFT, happened_on=TODAY, note="Broken window.")
    wanted = {i.source_id for i in loaded.insides.all()}
    assert set(Incident.objects.values_list("source_id", flat=True)) == wanted


def test_a_loss_that_the_register_refuses_for_one_source_reports_nothing(
    works: Reader, loaded: Device
) -> None:
    with pytest.raises(Refused):
        report_device(works, loaded, Kind.LOSS, happened_on=TODAY, note=" \0 ")
    early = dt.date(2026, 1, 1)  # before the sources were made
    with pytest.raises(Refused, match="S-"):
        report_device(works, loaded, Kind.LOSS, happened_on=early, note="gone")
    loaded.refresh_from_db()
    assert loaded.status == Status.IN_USE
    assert not Outgoing.objects.exists()


def test_a_recovered_device_brings_its_sources_back(works: Reader, loaded: Device) -> None:
    report_device(works, loaded, Kind.LOSS, happened_on=TODAY, note="gone")
    report_device(
        works, loaded, Kind.RECOVERY, happened_on=TODAY, note="In the second van.", place="Hall 4"
    )
    sources = [i.source for i in loaded.insides.select_related("source")]
    assert {(s.status, s.place) for s in sources} == {(Status.STORED, "Hall 4")}


def test_a_device_goes_to_another_holder_with_its_sources_and_out_of_sight(
    officer: Reader, works: Reader, loaded: Device, person: Callable[..., Person]
) -> None:
    other = reader_of(person("holder", of="quarry", clearance=2))
    holder_named(officer, "Quarry", organisation=other.person.organisation)
    with pytest.raises(Refused, match="No holder"):
        report_device(works, loaded, Kind.TRANSFER, happened_on=TODAY, receiver="Nobody")
    report_device(works, loaded, Kind.TRANSFER, happened_on=TODAY, receiver="Quarry")
    assert not devices_for(works).exists()
    theirs = devices_for(other).get()
    assert len(inside(other, theirs)) == 2
    assert life_of(other, theirs) == []
    report_device(other, theirs, Kind.RECEIPT, happened_on=TODAY, place="Pit 1")
    theirs.refresh_from_db()
    assert (theirs.sent_on, theirs.place) == (None, "Pit 1")
    assert not any(s.awaits_receipt for s in inside(other, theirs))


def test_strangers_and_holders_may_not_what_is_for_officers(
    works: Reader, device: Device, person: Callable[..., Person]
) -> None:
    stranger = reader_of(person("register_officer", of="neighbour", clearance=3))
    assert possible(stranger, device) == []
    assert Kind.CORRECTION not in possible(works, device)
    with pytest.raises(Refused):
        report_device(works, device, Kind.DISPOSAL, happened_on=TODAY)
    with pytest.raises(Refused):
        register_device(works, "Harbour Works", DeviceEntry(serial="x"))
    with pytest.raises(Refused):
        correct_device(works, device, ENTRY, reason="x", seen=1)


def test_a_device_with_sources_in_it_is_not_disposed_of(officer: Reader, loaded: Device) -> None:
    with pytest.raises(Refused, match="sources in it"):
        report_device(officer, loaded, Kind.DISPOSAL, happened_on=TODAY, note="scrap")


def test_the_same_device_is_not_entered_twice(officer: Reader, device: Device) -> None:
    with pytest.raises(Refused, match="there already"):
        register_device(officer, device.holder.name, ENTRY)
    with pytest.raises(Refused, match="Give maker"):
        register_device(officer, device.holder.name, DeviceEntry(place="somewhere"))


def test_corrections_keep_what_was_and_need_what_was_seen(officer: Reader, device: Device) -> None:
    with pytest.raises(Refused, match="why"):
        correct_device(officer, device, ENTRY, reason="", seen=1)
    with pytest.raises(Refused, match="meantime"):
        correct_device(officer, device, ENTRY, reason="x", seen=0)
    fixed = DeviceEntry("Ostrava Iso", "Projector 9", "P-79", "radiography", "Hall 3")
    step = correct_device(officer, device, fixed, reason="read again", seen=1)
    assert step.before == {"serial": "P-77", "place": "Harbour, hall 3"}
    assert Leaf.objects.filter(action="holdings.correction").count() == 1
    with pytest.raises(WrittenOnce):
        step.delete()


def test_who_works_for_a_holder_counts_when_a_device_is_written(
    officer: Reader,
    works: Reader,
    source: Source,
    person: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another officer may give the holder to others between the reading and the writing."""
    mill = person("holder", of="mill", clearance=2).organisation
    receiver = holder_named(officer, "Receiver")
    read_before = {
        name: Holder.objects.select_related("organisation").get(pk=row.pk)
        for name, row in (("here", source.holder), ("there", receiver))
    }
    change = partial(change_holder, officer, address="", licence="", licence_until=None)
    change(source.holder, organisation=mill)
    change(receiver, organisation=works.person.organisation)
    monkeypatch.setattr(devices, "holder_named", lambda *_given: read_before["here"])
    device = register_device(officer, source.holder.name, ENTRY)
    opened = Release.objects.filter(row_id=device.pk, ended_at=None)
    assert [row.receiver for row in opened] == [mill]
    monkeypatch.setattr(devices, "receiver_named", lambda *_given: read_before["there"])
    report_device(officer, device, Kind.TRANSFER, happened_on=TODAY, receiver="Receiver")
    assert [row.receiver for row in opened.all()] == [works.person.organisation]

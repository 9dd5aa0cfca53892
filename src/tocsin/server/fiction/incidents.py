"""Incidents of the fictional State: of each kind one or more, with what is done with them.

All of it is invented; no place, person or organisation exists.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.incidents.imports import bring
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.notification import make_notification, mark_sent
from tocsin.server.incidents.opening import Draft, Later, ObjectDraft, ReportDraft, open_many
from tocsin.server.incidents.persons import note_person
from tocsin.server.incidents.releasing import ask_release, decide_release
from tocsin.server.incidents.statements import put_object
from tocsin.server.incidents.tasks import give_task
from tocsin.server.incidents.watching import watch
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.models import Compartment
from tocsin.server.marking.policy import reader_of
from tocsin.server.marking.services import add_compartment
from tocsin.server.register.models import Source

CONTACT, DEPUTY = "contact@authority.example", "deputy@authority.example"
ORIGIN = "fiction"
CIRCLE = "CASE-NORTH"
EDITION = "2024"
RELEASED = (
    *("kind", "interval", "country", "status", "recovered", "group", "transport"),
    *("object.kind", "object.contents", "object.category"),
)
# days ago, kind, title, place, latitude, longitude, in transport, group, came back after days,
# nuclide, GBq, maker, model, serial
ROWS: tuple[tuple[Any, ...], ...] = (
    (1180, "theft", "Gauge taken from a parked van", "Salt Quay", 14.7, -17.3, True, "II", 41,
     ("Cs-137", 0.3, "Fennwick", "DG-40", "F4-20817")),
    (1096, "loss", "Sources missing after a clinic was closed", "Harrow Mill", 15.1, -16.2, False,
     "III", None, ("Ra-226", 0.05, "", "", "")),
    (990, "detection", "Portal of a scrap yard: a source in a load", "Iron Ford", 14.2, -15.9, True,
     "III", 2, ("Co-60", 1.1, "Ostrava Iso", "K-2", "88-114")),
    (951, "find", "Lead pot found in a field", "North Ridge", 15.8, -15.1, False, "III", 0,
     ("Cs-137", 0.9, "Fennwick", "DG-40", "F4-19002")),
    (880, "scam", "Material offered that was not radioactive", "Ferry Town", 13.9, -16.6, False,
     "I", None, None),
    (764, "sale", "Offer of a source on the net", "Ferry Town", 13.9, -16.6, False, "I", None,
     ("Am-241", 3.7, "Ostrava Iso", "AB-3", "AB-3361")),
    (702, "theft", "Radiography container taken at a rest area", "Dry Bridge", 14.5, -16.0, True,
     "II", 9, ("Ir-192", 1900.0, "Kestrel", "R-880", "K-7731")),
    (615, "possession", "Source kept in a workshop without a licence", "Salt Quay", 14.7, -17.3,
     False, "I", 0, ("Sr-90", 1.5, "", "", "")),
    (540, "disposal", "Smoke detectors in household waste", "Harrow Mill", 15.1, -16.2, False,
     "III", 0, ("Am-241", 0.00004, "", "", "")),
    (433, "detection", "Contaminated steel in a container", "Harbour of Salt Quay", 14.7, -17.4,
     True, "III", 0, ("Co-60", 0.02, "", "", "")),
    (351, "attempt", "Attempt to break open a store, nothing taken", "Iron Ford", 14.2, -15.9,
     False, "II", None, ("Co-60", 90.0, "Kestrel", "T-12", "T12-0440")),
    (270, "loss", "Well logging source left in a borehole", "Deep Well 4", 16.0, -14.0, False,
     "III", None, ("Am-241", 740.0, "Ostrava Iso", "WL-18", "W-5512")),
    (186, "theft", "Moisture gauge stolen from a pick-up", "Dry Bridge", 14.5, -16.0, True, "II",
     None, ("Cs-137", 0.3, "Fennwick", "DG-40", "F4-31290")),
    (97, "find", "Gauge handed in at a police station", "Iron Ford", 14.2, -15.9, False, None, 0,
     ("Cs-137", 0.3, "Fennwick", "DG-40", "F4-20817")),
    (44, "sabotage", "Shutter of an irradiator blocked on purpose", "Harrow Mill", 15.1, -16.2,
     False, "II", None, ("Co-60", 42000.0, "Kestrel", "G-200", "G-0031")),
    (12, "other", "Transport papers without a source", "Ferry Town", 13.9, -16.6, True, None, None,
     None),
    (3, "loss", "Calibration source not found at stocktaking", "Salt Quay", 14.7, -17.3, False,
     None, None, ("Cs-137", 0.004, "Fennwick", "C-1", "C1-7005")),
)  # fmt: skip
TABLE = (
    "Title,Event number,Incident date,Reported,Type,Place,Country,Nuclide,Activity,Unit\n"
    "Gauge lost on a building site,XB-17,2025-04-02,2025-04-05,loss,Low Town,XB,Cs-137,0.3,GBq\n"
    "Parcel without a sender,XB-18,2025-09-14,2025-09-14,find,Post of Low Town,XB,Ra-226,2,MBq\n"
    "A row with faults,XB-19,yesterday,,tea,,XB,,,\n"
)


def fill_incidents() -> None:
    """Enter the incidents of the State, unless they are there."""
    contact = Person.objects.get(email=CONTACT)
    deputy = reader_of(Person.objects.get(email=DEPUTY))
    if Incident.objects.filter(originator=contact.organisation_id).exclude(external_id="").exists():
        return
    carrier = Source.objects.filter(originator=contact.organisation_id).first()
    if carrier is None:
        return
    compartment = Compartment.objects.filter(code=CIRCLE).first() or add_compartment(
        reader_of(contact), code=CIRCLE, name="Case of the gauges"
    )
    made = open_many(
        contact,
        [_draft(number, *row) for number, row in enumerate(ROWS, start=1)],
        mark=Mark("EXERCISE", 1, frozenset(), "AMBER"),
        originator=contact.organisation,
        origin=ORIGIN,
        subject=carrier,
    )
    reader = reader_of(contact)
    first, found = made[0], made[13]
    same = first.with_objects.get().object
    own = found.with_objects.get().object
    put_object(contact, found, own, holds=False, evidence="it is the one of the earlier theft")
    put_object(contact, found, same, evidence="same maker, model and serial number")
    _release_and_notify(reader, deputy, made[6])
    ask_release(reader, made[12], ["kind", "object.serials"], audience="public", reason="appeal")
    for incident in (made[12], made[16]):
        until = now().date() + dt.timedelta(days=5)
        give_task(deputy, incident, what="ask the scrap yards", who=contact, until=until)
    watch(reader, "serial", "F4-31290")
    watch(reader, "incident", str(made[12].pk))
    note_person(
        reader,
        made[12],
        part="witness",
        note="A guard saw a grey car. The name is with the police.",
        purpose="to be heard by the police",
        keep_until=now().date() + dt.timedelta(days=365),
        compartment=compartment,
    )
    bring(reader, TABLE.encode(), name="incidents-of-the-neighbour.csv")


def _release_and_notify(reader: Any, deputy: Any, incident: Incident) -> None:
    asked = ask_release(reader, incident, list(RELEASED), audience="partners", reason="to be told")
    decide_release(deputy, asked, approve=True)
    form = make_notification(
        reader, incident, kind="initial", contact="Office of the point of contact, +00 0 000"
    )
    mark_sent(reader, form, to="partner States")
    make_notification(
        reader, incident, kind="update", contact="Office of the point of contact, +00 0 000"
    )


def _draft(
    number: int,
    days: int,
    kind: str,
    title: str,
    place: str,
    latitude: float,
    longitude: float,
    transport: bool,
    group: str | None,
    back: int | None,
    thing: tuple[Any, ...] | None,
) -> Draft:
    happened = now() - dt.timedelta(days=days)
    known = min(happened + dt.timedelta(days=1 + days % 9), now())
    values: dict[str, Any] = {
        "title": title,
        "kind": kind,
        "status": "notified",
        "interval": {
            "from": (happened - dt.timedelta(hours=days % 40)).isoformat(),
            "to": happened.isoformat(),
        },
        "place": place,
        "country": "XA",
        "position": [latitude, longitude],
        "transport": transport,
        "summary": f"{title}. Invented for the exercise.",
    }
    later: list[tuple[int, dict[str, Any], str]] = []
    if group is not None:
        # at first nothing was known; a change of group is what vintages are for
        first = "II" if group == "III" else group
        values["group"] = {"edition": EDITION, "group": first}
        later.append((30, {"status": "confirmed"}, "confirmed by the authority"))
        if first != group:
            stated = {"group": {"edition": EDITION, "group": group}}
            later.append((60, stated, "no sign of a purpose"))
    if back is not None:
        day = (happened + dt.timedelta(days=back)).date().isoformat()
        share = {"share": "all", "on": day, "where": place}
        later.append((max(back, 1), {"recovered": share}, "brought to the store"))
    elif thing is not None:
        values["recovered"] = {"share": "none", "on": None}
    return Draft(
        values=values,
        objects=(_object(happened.date(), *thing),) if thing is not None else (),
        report=ReportDraft(
            channel="organisation" if number % 3 else "person",
            title=title,
            said_by="an office of the State",
            original=f"{title}. {place}.",
            reliability="reliable" if number % 2 else "unsure",
        ),
        reason="report of the day",
        known_at=known,
        later=tuple(
            Later(known + dt.timedelta(days=after), said, why)
            for after, said, why in sorted(later, key=lambda row: row[0])
            if known + dt.timedelta(days=after) <= now()
        ),
        external_id=f"XA-{number:03d}",
    )


def _object(
    day: dt.date, nuclide: str, gigabecquerels: float, maker: str, model: str, serial: str
) -> ObjectDraft:
    return ObjectDraft(
        {
            "kind": "device" if model else "source",
            "manufacturer": maker or None,
            "model": model or None,
            "serials": [{"value": serial, "of": "device"}] if serial else None,
            "contents": [
                {
                    "nuclide": nuclide,
                    "activity_Bq": gigabecquerels * 1e9,
                    "reference_date": day.isoformat(),
                }
            ],
        },
        evidence="as it was described",
    )

"""What is missing in the fictional State, its alert sheet, and notices of a neighbour: invented."""

from __future__ import annotations

import datetime as dt
from importlib.resources import files

from tocsin.server.accounts.models import Person
from tocsin.server.clock import now
from tocsin.server.marking.policy import reader_of
from tocsin.server.notices.models import NoticeImport
from tocsin.server.notices.services import bring
from tocsin.server.register.entries import entry_of
from tocsin.server.register.life import Kind
from tocsin.server.register.services import register_source, report
from tocsin.server.tracing.models import AlertSheet
from tocsin.server.tracing.services.sheets import issue_sheet

OFFICER = "register@authority.example"
CALL = "Duty office of the authority of the Exercise State, extension 100 (no real number)"
DAYS = 5
"""Since when it is missing."""


def fill_tracing() -> None:
    """A radiography source stolen in transport with its alert sheet, and a file of notices."""
    officer = reader_of(Person.objects.get(email=OFFICER))
    own = officer.person.organisation_id
    today = now().date()
    if not AlertSheet.objects.filter(originator=own).exists():
        made = today - dt.timedelta(days=60)
        given = {
            "holder": "Harbour Works 7",
            "nuclide": "Ir-192",
            "activity": "3.7 TBq",
            "reference_date": made.isoformat(),
            "manufacturer": "Ostrava Iso",
            "model": "IR-7",
            "serial": "IR7-2291",
            "device": "Projector P-880",
            "device_serial": "P880-0417",
            "place": "Harbour",
            "latitude": "14.68",
            "longitude": "-17.43",
            "made_on": made.isoformat(),
        }
        source = register_source(officer, entry_of(given, today=today))
        report(
            officer,
            source,
            Kind.THEFT,
            happened_on=today - dt.timedelta(days=DAYS),
            note="taken with the van in which it was",
        )
        looks = "Yellow box with a handle, some 40 cm long, 25 kg"
        issue_sheet(officer, source, call=CALL, where="Road from the harbour", looks=looks)
    if not NoticeImport.objects.filter(originator=own).exists():
        feed = files("tocsin.server.fiction") / "data" / "notices.jsonl"
        bring(officer, feed.read_bytes(), name="notices-of-the-neighbour.jsonl")

"""What a reader may count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.incidents.groups import PRESENT, groups
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.reading import as_known_on, incident_figures_for
from tocsin.server.incidents.states import Known
from tocsin.server.marking.policy import Reader, visible
from tocsin.server.statistics.counting import YEARS_SHOWN, Figures, figures
from tocsin.server.statistics.models import FactSheet

FIELDS = ("kind", "group", "status", "interval", "transport", "recovered", "country")
"""Fields of incidents that are counted."""
YEARS = (1900, 2200)
MOST_YEARS = 60
LEAST_YEARS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What is counted.

    Parameters
    ----------
    known_on : date
        Day whose knowledge counts.
    last_year, years : int
        Last year of the tables, and how many they show; 0 as many as hold something.
    edition : str
        Of the definitions of groups.
    country : str
        Only where it happened there; empty for all.
    """

    known_on: dt.date
    last_year: int
    years: int = 0
    edition: str = PRESENT
    country: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str], today: dt.date) -> Asked:
        """From the parameters of an address.

        Raises
        ------
        InvalidInput
            One of them cannot be.
        """
        try:
            day = dt.date.fromisoformat(given.get("known_on") or today.isoformat())
            last = int(given.get("last_year") or day.year)
            years = int(given.get("years") or 0)
        except ValueError:
            raise InvalidInput(_("a day is written as 2026-01-31 and a year as 2026")) from None
        if day > today:
            raise InvalidInput(_("What will be known later cannot be counted now."))
        if day.year < YEARS[0]:
            raise InvalidInput(_("a day is written as 2026-01-31 and a year as 2026"))
        if not YEARS[0] <= last <= YEARS[1] or not 0 <= years <= MOST_YEARS:
            raise InvalidInput(_("Tables show 1 to {n} years.").format(n=MOST_YEARS))
        edition = given.get("edition") or PRESENT
        if edition not in {of for of, _code in groups()}:
            raise InvalidInput(_("There is no such edition of the definitions."))
        country = (given.get("country") or "").strip().upper()[:2]
        return cls(day, last, years, edition, country)

    @property
    def query(self) -> str:
        """As the end of an address."""
        return urlencode(
            {
                "known_on": self.known_on.isoformat(),
                "last_year": self.last_year,
                "years": self.years,
                "edition": self.edition,
                "country": self.country,
            }
        )


def counted_rows(reader: Reader) -> QuerySet[Incident]:
    """Incidents of which a reader may know the numbers."""
    return incident_figures_for(reader)


def count(reader: Reader, asked: Asked, *, recorded_until: dt.datetime | None = None) -> Figures:
    """Count what a reader may see, as known on a day."""
    known = as_known_on(
        counted_rows(reader), asked.known_on, recorded_until=recorded_until, fields=FIELDS
    )
    if asked.country:
        known = [i for i in known if i.country == asked.country]
    years = asked.years or _years_of(known, asked.last_year)
    return figures(known, known_on=asked.known_on, last_year=asked.last_year, years=years)


def _years_of(known: list[Known], last_year: int) -> int:
    """Years since the first incident, within what a page usually shows."""
    first = min((i.year for i in known if i.year is not None), default=last_year)
    return min(max(last_year - first + 1, LEAST_YEARS), YEARS_SHOWN)


def sheets_for(reader: Reader) -> QuerySet[FactSheet]:
    """Fact sheets that a reader may see."""
    return visible(reader, FactSheet.objects.all())

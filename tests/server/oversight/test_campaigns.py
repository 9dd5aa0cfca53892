"""Search campaigns for orphan sources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tocsin.server.accounts.models import Person
from tocsin.server.marking.policy import Reader, reader_of
from tocsin.server.oversight.models import Campaign, Discovery, Outcome, Reason
from tocsin.server.oversight.reading import campaigns_for
from tocsin.server.oversight.services import searching
from tocsin.server.register.holders import Refused
from tocsin.server.register.models import Source

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 3, 3)


@pytest.fixture
def campaign(officer: Reader) -> Campaign:
    """A search at a mill that is closed."""
    return searching.begin(
        officer,
        title="Old paper mill",
        area="Riverside, works by the weir",
        reason=Reason.LAST_HOLDER,
        history="Level gauges were licensed until 1994; the firm is gone.",
    )


def test_from_the_first_lead_to_what_was_learned(
    officer: Reader, campaign: Campaign, sources: list[Source]
) -> None:
    lead = searching.add_lead(officer, campaign, said_by="former foreman", what="in the cellar")
    searching.add_search(
        officer,
        campaign,
        place="cellar of the mill",
        on=TODAY,
        searched_by="search team",
        means="backpack",
        outcome=Outcome.FOUND,
    )
    searching.add_discovery(officer, campaign, what="two level gauges", on=TODAY, source=sources[0])
    with pytest.raises(Refused, match="Open leads: 1"):
        searching.end(officer, campaign, result="found", lessons="ask foremen first")
    searching.end_lead(officer, lead, result="true: two gauges")
    with pytest.raises(Refused, match="closed"):
        searching.end_lead(officer, lead, result="again")
    row = searching.end(officer, campaign, result="two found", lessons="ask foremen first")
    assert row.closed_by == officer.person
    with pytest.raises(Refused, match="This campaign is closed"):
        searching.add_lead(officer, row, said_by="neighbour", what="more")


def test_what_is_not_complete_is_refused(officer: Reader, campaign: Campaign) -> None:
    with pytest.raises(Refused, match="who told it"):
        searching.add_lead(officer, campaign, said_by="", what="x")
    with pytest.raises(Refused, match="future"):
        searching.add_discovery(officer, campaign, what="can", on=TODAY + dt.timedelta(days=3))
    with pytest.raises(Refused, match="with what"):
        searching.add_search(
            officer,
            campaign,
            place="cellar",
            on=TODAY,
            searched_by="team",
            means="",
            outcome=Outcome.NOTHING,
        )


def test_a_find_names_its_entry_of_the_register(
    officer: Reader,
    campaign: Campaign,
    sources: list[Source],
    signed_in: Callable[[Person], Client],
) -> None:
    browser = signed_in(officer.person)
    address = reverse("oversight:found_new", args=[campaign.pk])
    given = {"what": "gauge", "on": "2026-03-03", "source": "S-00000000"}
    assert "no such source" in browser.post(address, given).content.decode()
    browser.post(address, given | {"source": sources[1].name.lower()})
    assert Discovery.objects.get().source == sources[1]
    page = browser.get(campaign.get_absolute_url()).content.decode()
    assert sources[1].name in page
    table = browser.get(reverse("oversight:campaign_steps_csv", args=[campaign.pk]))
    assert f"find,2026-03-03,,gauge,,{sources[1].name}" in table.content.decode()


def test_campaigns_are_for_the_authority(
    works: Reader, campaign: Campaign, person: Callable[..., Person]
) -> None:
    assert not campaigns_for(works).exists()
    other = reader_of(person("register_officer", of="neighbour", kind="regulator", clearance=2))
    assert not campaigns_for(other).exists()
    with pytest.raises(Refused, match="roles"):
        searching.add_lead(other, campaign, said_by="a", what="b")

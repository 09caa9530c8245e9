"""No report denies danger: item 9 and C-SSRS of all forms, and what is open, on each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest
from flask.testing import FlaskClient

from services.rules.trend.numbers import REPORTS
from tests.builders.alerts import do, open_alert
from tests.builders.calls import made, post
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.world import ClinicWorld, Person


@pytest.fixture(autouse=True)
def _new_edition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the date: the edition that names the forms."""
    monkeypatch.setattr(type(REPORTS), "at", lambda self, _instant: self.newest)


def item9(client: FlaskClient, person: Person, instrument: str) -> dict:
    query = {"instrument": instrument}
    answer = client.get("/v1/me/trend", headers=person.headers, query_string=query)
    return made(answer, 200)["item9"]


def first_page(client: FlaskClient, person: Person, instrument: str = "phq9") -> str:
    headers = person.headers | {"Accept": "application/pdf"}
    query = {"instrument": instrument}
    answer = client.get("/v1/me/trend", headers=headers, query_string=query)
    page = pypdfium2.PdfDocument(answer.data)[0]
    return " ".join(page.get_textpage().get_text_range().split())


@pytest.mark.parametrize("instrument", ["phq9", "phq9-daily", "gad7"])
def test_item_9_of_the_daily_form_is_on_every_report(
    client: FlaskClient, clinic: ClinicWorld, instrument: str
):
    ada = clinic.patient()
    post(client, ada, phq9(0, recorded_at=ago(days=3)))
    post(client, ada, phq9(3, instrument="phq9-daily"))
    post(client, ada, cssrs("q1", "q2", recorded_at=ago(days=1)))
    found = item9(client, ada, instrument)
    assert (found["highest"], found["days_since_positive"]) == (3, 0)
    assert (found["highest_form"], found["last_positive_form"]) == ("phq9-daily", "phq9-daily")
    assert [one["form"] for one in found["cssrs"]] == ["cssrs-screener"]
    words = first_page(client, ada, instrument)
    assert "0 whenever it was answered" not in words
    assert "highest ever 3 (" in words
    assert "Alerts open at the data cut (1)" in words
    assert words.index("critical") < words.index("In figures")


def test_without_danger_it_says_so_of_all_forms(client: FlaskClient, clinic: ClinicWorld):
    ada = clinic.patient()
    post(client, ada, phq9(0))
    words = first_page(client, ada)
    assert "0 whenever it was answered on any form, which is no proof of safety" in words
    assert "Alerts open at the data cut (0)" in words


def test_what_was_resolved_before_the_cut_is_not_open(client: FlaskClient, clinic: ClinicWorld):
    ada = clinic.patient()
    alert_id = open_alert(client, ada)
    ended = do(client, clinic.staff(), alert_id, "resolve", disposition="emergency_services")
    assert ended.status_code == 200
    assert "Alerts open at the data cut (1)" in first_page(client, ada)  # nothing came in since
    post(client, ada, phq9(0))
    assert "Alerts open at the data cut (0)" in first_page(client, ada)


def test_a_report_of_the_first_edition_stays_as_it_was(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
):
    long_ago = datetime.now(UTC) - timedelta(days=400)
    monkeypatch.setattr(type(REPORTS), "at", lambda self, _instant: self.known[0])
    ada = clinic.patient()
    post(client, ada, phq9(3, instrument="phq9-daily", recorded_at=long_ago.isoformat()))
    post(client, ada, phq9(0))
    found = item9(client, ada, "phq9")
    assert found == {
        "last_positive_on": None,
        "days_since_positive": None,
        "highest": 0,
        "cssrs": [],
    }
    assert "open at the data cut" not in first_page(client, ada)

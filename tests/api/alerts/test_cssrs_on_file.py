"""History that is known is no news: after a lifetime C-SSRS the next one asks what is new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.builders.alerts import REASON, do
from tests.builders.calls import made, post
from tests.builders.entries import ago, cssrs, phq9, since_last
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person

LIFETIME, SINCE_LAST = "cssrs-screener", "cssrs-since-last-contact"


def asked(client: FlaskClient, person: Person, alert_id: str) -> Any:
    """Resolve with a standing plan."""
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    plan = {"until": until, "reason": REASON}
    body = {"disposition": "safe_plan_made", "standing_plan": plan}
    return do(client, person, alert_id, "resolve", **body)


def decided(person: Person) -> set[str]:
    """The rules that fired for the entry that was decided last."""
    stored = rows(person, "SELECT decided FROM decisions ORDER BY decided_at DESC LIMIT 1")
    return {one["rule"] for one in stored[0]["decided"] if one["fired"]}


def next_of(answer: Any) -> str | None:
    found: str | None = made(answer)["safety"].get("next_instrument")
    return found


def due(client: FlaskClient, person: Person) -> list[tuple[str, str]]:
    items = made(client.get("/v1/me/due", headers=person.headers), 200)["items"]
    return [
        (item["instrument"], item["status"]) for item in items if item["reason"] == "after_item9"
    ]


def test_the_lifetime_form_is_asked_until_one_is_complete(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    assert due(client, pat) == []
    assert next_of(post(client, pat, phq9(1, recorded_at=ago(minutes=9)))) == LIFETIME
    post(client, pat, cssrs(answers={"q1": 0}))
    assert next_of(post(client, pat, phq9(1, recorded_at=ago(minutes=8)))) == LIFETIME
    post(client, pat, since_last(recorded_at=ago(minutes=7)))
    form = phq9(1, recorded_at=ago(minutes=6))
    assert next_of(post(client, pat, form)) == LIFETIME
    assert due(client, pat) == [(LIFETIME, "due")]
    post(client, pat, cssrs(recorded_at=ago(minutes=5)))
    assert due(client, pat) == [(LIFETIME, "answered")]
    assert next_of(post(client, pat, phq9(1, recorded_at=ago(minutes=4)))) == SINCE_LAST
    assert due(client, pat) == [(SINCE_LAST, "due")]
    shown = made(client.get(f"/v1/check-ins/{form['id']}", headers=pat.headers), 200)
    assert shown["safety"]["next_instrument"] == SINCE_LAST


def test_old_behaviour_is_news_once(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    first = cssrs("q6")
    assert made(post(client, pat, first))["score"]["band"] == "moderate"
    assert decided(pat) == {"S4"}
    assert [alert["severity"] for alert in alerts(pat)] == ["high"]
    change = {"id": str(uuid4()), "answers": first["answers"], "reason": "again"}
    made(post(client, pat, change, f"/v1/check-ins/{first['id']}/amend"))
    assert len(rows(pat, "SELECT 1 FROM alert_occurrences")) == 1
    post(client, pat, cssrs("q6"))
    assert decided(pat) == set()
    post(client, pat, cssrs("q2", "q3", "q6"))
    assert decided(pat) == {"S4"}
    post(client, pat, cssrs("q6", "q6b"))
    assert decided(pat) == {"S3"}
    post(client, pat, since_last("q6"))
    assert decided(pat) == {"S3"}


def test_a_question_that_is_left_out_stays_open_whatever_is_on_file(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    made(post(client, pat, cssrs("q6")))
    left_out = cssrs()
    left_out["answers"] |= {"q6": None, "q6b": 0}
    made(post(client, pat, left_out))
    assert rows(pat, "SELECT cssrs_level FROM check_ins ORDER BY revision DESC LIMIT 1") == [
        {"cssrs_level": "unknown"}
    ]
    assert decided(pat) == {"S9"}


@pytest.mark.parametrize(
    ("yes", "rules"),
    [
        ((), set()),
        (("q1",), {"S5"}),
        (("q2", "q3"), {"S4"}),
        (("q2", "q4"), {"S3"}),
        (("q2", "q5"), {"S3"}),
        (("q6",), {"S3"}),
    ],
)
def test_what_is_new_since_the_last_one_counts_in_full(
    client: FlaskClient, clinic: ClinicWorld, yes: tuple[str, ...], rules: set[str]
) -> None:
    pat = clinic.patient()
    post(client, pat, since_last(*yes))
    assert decided(pat) == rules


def test_known_history_does_not_bar_a_standing_plan(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff, ada = clinic.staff(), clinic.patient()
    post(client, ada, cssrs("q6", recorded_at=ago(minutes=50)))
    (first,) = alerts(ada)
    do(client, staff, str(first["id"]), "resolve", disposition="safe_plan_made")
    for after in (since_last(), cssrs("q6")):
        post(client, ada, phq9(1, recorded_at=ago(minutes=9)))
        (alert,) = [one for one in alerts(ada) if one["status"] != "resolved"]
        post(client, ada, after)
        assert asked(client, staff, str(alert["id"])).status_code == 200
        post(client, ada, phq9(2))
        (alert,) = [one for one in alerts(ada) if one["status"] != "resolved"]
        do(client, staff, str(alert["id"]), "resolve", disposition="safe_plan_made")


def test_behaviour_since_the_last_one_bars_it(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff, ada = clinic.staff(), clinic.patient()
    post(client, ada, phq9(1, recorded_at=ago(minutes=9)))
    (alert,) = alerts(ada)
    post(client, ada, since_last("q6"))
    assert asked(client, staff, str(alert["id"])).status_code == 422


def test_a_report_shows_what_each_form_itself_says(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    for days in (4, 2):
        form = cssrs("q6", recorded_at=ago(days=days))
        assert made(post(client, pat, form))["score"]["band"] == "moderate"
    report = made(client.get("/v1/me/trend?instrument=phq9", headers=pat.headers), 200)
    assert [one["level"] for one in report["item9"]["cssrs"]] == ["moderate", "moderate"]

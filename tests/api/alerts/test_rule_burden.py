"""What each rule cost and gave: pages that got out, times to act, and the share of noise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Interval, literal, update

from models import Alert, Notification
from services.unit_of_work import transaction
from tests.builders.alerts import do, open_alert
from tests.builders.calls import post
from tests.builders.entries import ago
from tests.builders.world import ClinicWorld, Person


def asked(client: FlaskClient, person: Person, **span: str) -> Any:
    return client.get("/v1/alerts/rules", query_string=span, headers=person.headers)


def by_rule(client: FlaskClient, person: Person, **span: str) -> dict[str, dict[str, Any]]:
    answer = asked(client, person, **span)
    assert answer.status_code == 200, answer.json
    return {row["rule"]: row for row in answer.json["items"]}


def opened_before(clinic: ClinicWorld, alert_id: str, **before: float) -> None:
    """Move the opening of an alert back; what was done with it stays where it is."""
    with clinic.app.app_context(), transaction(clinic.id) as session:
        session.execute(
            update(Alert)
            .where(Alert.id == alert_id)
            .values(triggered_at=Alert.triggered_at - literal(timedelta(**before), Interval))
        )


def sent(worker_app: Flask, clinic: ClinicWorld, alert_id: str) -> None:
    with worker_app.app_context(), transaction(clinic.id) as session:
        session.execute(
            update(Notification)
            .where(Notification.alert_id == alert_id, Notification.kind == "page")
            .values(state="sent")
        )


def test_each_rule_with_its_pages_times_and_noise(
    client: FlaskClient, worker_app: Flask, clinic: ClinicWorld
):
    staff, other = clinic.staff(), clinic.staff("on_call")
    taken, useless, false_alarm, still_open = (
        open_alert(client, clinic.patient()) for _ in range(4)
    )
    help_asked = {"id": str(uuid4()), "recorded_at": ago(seconds=0)}
    asks = post(client, clinic.patient(), help_asked, "/v1/help-requests")
    assert asks.status_code == 201
    for minutes, one in ((10, taken), (20, useless)):
        opened_before(clinic, one, minutes=minutes)
        assert do(client, staff, one, "acknowledge").status_code == 200
    for one in (taken, still_open):
        sent(worker_app, clinic, one)
    done = do(client, staff, taken, "resolve", disposition="safe_plan_made")
    assert done.status_code == 200
    opened_before(clinic, false_alarm, hours=1)
    ended = do(client, staff, false_alarm, "resolve", disposition="false_alarm", note="a slip")
    assert ended.status_code == 200
    for person, useful in ((staff, False), (other, True), (clinic.staff(), False)):
        given = do(client, person, useless, "feedback", useful=useful)
        assert given.status_code == 200
    found = by_rule(client, staff)
    rule = found[next(name for name in found if found[name]["alerts"] == 4)]
    assert (rule["open"], rule["occurrences"], rule["pages"]) == (2, 4, 2)
    assert (rule["judged"], rule["noise"], rule["noise_percent"]) == (3, 2, 66.7)
    assert rule["time_to_acknowledge"]["n"] == 2
    assert 895 <= rule["time_to_acknowledge"]["median_s"] <= 960
    assert rule["time_to_resolve"]["n"] == 2
    (other_rule,) = (row for row in found.values() if row is not rule)
    assert (other_rule["alerts"], other_rule["judged"]) == (1, 0)
    assert other_rule["noise_percent"] is None
    assert other_rule["time_to_acknowledge"] == {"n": 0, "median_s": None, "p90_s": None}


def test_a_useful_one_that_nobody_resolved_is_judged_and_no_noise(
    client: FlaskClient, clinic: ClinicWorld
):
    staff, alert_id = clinic.staff(), open_alert(client, clinic.patient())
    assert do(client, staff, alert_id, "feedback", useful=True).status_code == 200
    (rule,) = by_rule(client, staff).values()
    assert (rule["judged"], rule["noise"], rule["noise_percent"]) == (1, 0, 0.0)


def test_only_alerts_of_the_span_and_of_the_own_clinic(client: FlaskClient, clinic, world):
    staff, elsewhere = clinic.staff("on_call"), world.clinic()
    open_alert(client, elsewhere.patient())
    old = open_alert(client, clinic.patient())
    assert len(by_rule(client, staff)) == 1
    opened_before(clinic, old, days=31)
    assert by_rule(client, staff) == {}
    assert len(by_rule(client, staff, **{"from": ago(days=40), "to": ago(days=1)})) == 1


def test_a_drill_is_no_rule_s_burden(client: FlaskClient, clinic: ClinicWorld):
    started = post(client, clinic.admin, {"severity": "critical"}, "/v1/clinic/drills")
    assert started.status_code == 201, started.json
    assert by_rule(client, clinic.staff()) == {}
    open_alert(client, clinic.patient())
    (rule,) = by_rule(client, clinic.staff()).values()
    assert rule["alerts"] == 1


@pytest.mark.parametrize(
    ("span", "field"),
    [
        ({"from": ago(days=1), "to": ago(days=2)}, "from"),
        ({"from": ago(days=401)}, "to"),
        ({"from": "yesterday"}, "from"),
    ],
)
def test_a_span_that_cannot_be_is_named(client: FlaskClient, clinic, span, field):
    answer = asked(client, clinic.admin, **span)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]


def test_patients_have_no_business_here(client: FlaskClient, clinic: ClinicWorld):
    assert asked(client, clinic.patient()).status_code == 403

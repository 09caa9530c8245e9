"""The worklist: what waits for somebody is never cut, and nobody sees what is not theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from tests.builders.alerts import do, listed, open_alert, set_alert
from tests.builders.calls import post
from tests.builders.entries import cssrs
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, World

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def test_not_resolved_come_first_then_the_tier_then_the_oldest(
    client: FlaskClient, clinic: ClinicWorld
):
    staff = clinic.staff()
    high = open_alert(client, clinic.patient(), 1)
    first, second = (open_alert(client, clinic.patient(), 3) for _ in range(2))
    unknown = open_alert(client, clinic.patient(), None)
    ended = open_alert(client, clinic.patient(), 2)
    assert do(client, staff, ended, "resolve", disposition="safe_plan_made").status_code == 200
    do(client, staff, second, "acknowledge")
    assert listed(client, staff) == [first, second, high, unknown, ended]
    set_alert(clinic, second, triggered_at=LONG_AGO)
    assert listed(client, staff) == [second, first, high, unknown, ended]


def test_whatever_waits_stands_on_the_first_page_and_nothing_is_cut(
    client: FlaskClient, clinic: ClinicWorld
):
    staff = clinic.staff()
    ended = [open_alert(client, clinic.patient(), 1) for _ in range(4)]
    for alert_id in ended:
        do(client, staff, alert_id, "resolve", disposition="safe_plan_made")
    waiting = [open_alert(client, clinic.patient(), 2) for _ in range(3)]
    pages, cursor = [], None
    for _ in range(4):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/v1/alerts", query_string=query, headers=staff.headers).json
        pages.append([item["id"] for item in answer["items"]])
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert pages == [waiting, ended[:2], ended[2:]]
    assert cursor is None


def test_resolved_ones_fill_the_first_page_and_go_on_from_there(
    client: FlaskClient, clinic: ClinicWorld
):
    staff = clinic.staff()
    ended = [open_alert(client, clinic.patient(), 1) for _ in range(2)]
    for alert_id in ended:
        do(client, staff, alert_id, "resolve", disposition="safe_plan_made")
    waiting = open_alert(client, clinic.patient(), 2)
    query = {"limit": 2}
    first = client.get("/v1/alerts", query_string=query, headers=staff.headers).json
    assert [item["id"] for item in first["items"]] == [waiting, ended[0]]
    assert listed(client, staff, limit=2, cursor=first["next_cursor"]) == [ended[1]]


def test_filters_narrow_by_status_severity_and_patient(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    critical, high = open_alert(client, ada, 2), open_alert(client, clinic.patient(), 1)
    do(client, staff, high, "acknowledge")
    assert listed(client, staff, status="triggered") == [critical]
    assert listed(client, staff, status="acknowledged") == [high]
    assert listed(client, staff, status="resolved") == []
    assert listed(client, staff, severity="high") == [high]
    assert listed(client, staff, patient_id=ada.patient_id) == [critical]
    for query in ({"status": "open"}, {"severity": "grave"}, {"limit": 0}, {"cursor": "x"}):
        answer = client.get("/v1/alerts", query_string=query, headers=staff.headers)
        assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")


def test_each_role_lists_what_is_theirs(client: FlaskClient, world: World):
    clinic, other = world.clinic(), world.clinic()
    member, outsider, on_call = clinic.staff(), clinic.staff(), clinic.staff("on_call")
    teamed = clinic.patient(care_team=[member.user_id])
    alert_id, foreign = open_alert(client, teamed), open_alert(client, other.patient())
    for person, seen in (
        (member, [alert_id]),
        (outsider, []),
        (on_call, [alert_id]),
        (clinic.admin, [alert_id]),
        (other.staff(), [foreign]),
    ):
        assert listed(client, person) == seen
    answer = client.get("/v1/alerts", headers=teamed.headers)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    assert client.get("/v1/alerts").status_code == 401


def test_a_filter_that_names_a_stranger_gives_an_empty_list(client: FlaskClient, world: World):
    clinic, other = world.clinic(), world.clinic()
    patient = other.patient()
    open_alert(client, patient)
    assert listed(client, clinic.staff(), patient_id=patient.patient_id) == []


def test_rows_name_no_patient_and_the_read_is_recorded(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient("Ada Quagga", phone="+33 5550199")
    open_alert(client, ada)
    answer = client.get("/v1/alerts", headers=staff.headers)
    assert "Quagga" not in answer.text
    assert "5550199" not in answer.text
    (row,) = answer.json["items"]
    assert row["family"] == "suicide_risk"
    assert row["occurrence_count"] == 1
    assert row["triggered_at"].endswith("Z")
    query = "SELECT actor_id FROM audit_entries WHERE action = 'alerts_listed'"
    assert [entry["actor_id"] for entry in rows(staff, query)] == [staff.user_id]


def test_a_lowered_alert_moves_down(client: FlaskClient, clinic: ClinicWorld):
    staff, ada = clinic.staff(), clinic.patient()
    hour_ago = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    lowered, critical = (
        open_alert(client, ada, 2, recorded_at=hour_ago),
        open_alert(client, clinic.patient(), 2),
    )
    assert listed(client, staff) == [lowered, critical]
    assert post(client, ada, cssrs()).status_code == 201
    assert listed(client, staff) == [critical, lowered]

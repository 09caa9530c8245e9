"""A stamp from years before the patient was known: it pages, and counts on a clinician's word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.trends.histories import faults
from tests.builders.world import ClinicWorld, Person

LONG_AGO = "1970-01-01T00:00:30Z"


def trend(client: FlaskClient, staff: Person, pat: Person, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/patients/{pat.patient_id}/trend{query}", headers=staff.headers)
    assert answer.status_code == 200
    return {name: value for name, value in answer.json.items() if name != "generated_at"}


def status(pat: Person) -> dict[str, Any]:
    return dict(rows(pat, "SELECT * FROM patient_status")[0])


def state(client: FlaskClient, who: Person, form_id: str, at: datetime) -> TestResponse:
    body = {"recorded_at": at.isoformat(), "reason": "They told me on the phone."}
    return post(client, who, body, f"/v1/check-ins/{form_id}/time")


def test_a_stamp_of_1970_pages_and_counts_nowhere_until_a_clinician_says_when(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, sam = clinic.patient(), clinic.staff("clinician")
    form = phq9(item9=3, others=2, recorded_at=LONG_AGO, timezone="Europe/Paris")
    first = post(client, pat, form)
    assert first.status_code == 201
    assert "implausible_time" in first.json["flags"]
    assert first.json["safety"]["level"] == "crisis"
    alerts = rows(pat, "SELECT severity FROM alerts")
    assert [row["severity"] for row in alerts] == ["critical"]

    before = trend(client, sam, pat)
    assert (before["series"], before["baseline"]["value"]) == ([], None)
    assert before["adherence"]["answered"] == 0
    row = status(pat)
    assert [row["last_check_in_at"], row["last_item9_on"], row["last_item9"]] == [None] * 3
    # The risk is not older than its receipt.
    assert row["item9_positive_at"].year >= 2026
    with clinic.app.app_context():
        assert faults(pat) == []


def test_a_clinicians_word_counts_from_its_revision_on(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, sam = clinic.patient(), clinic.staff("clinician")
    form = phq9(item9=3, others=2, recorded_at=LONG_AGO, timezone="Europe/Paris")
    first = post(client, pat, form)
    before = trend(client, sam, pat)
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    for who, code in ((pat, 403), (clinic.admin, 403), (clinic.staff("on_call"), 403)):
        assert state(client, who, form["id"], at).status_code == code
    assert state(client, sam, str(uuid4()), at).status_code == 404
    assert state(client, sam, form["id"], at + timedelta(hours=1)).status_code == 422
    assert status(pat)["revision"] == before["data_cut"]["revision"]

    answer = state(client, sam, form["id"], at)
    assert answer.status_code == 200
    assert answer.json["recorded_at"] == LONG_AGO
    assert "implausible_time" in answer.json["flags"]
    after = trend(client, sam, pat)
    assert [(row["mood_day"], row["value"]) for row in after["series"]] == [
        (answer.json["mood_day"], first.json["score"]["total"])
    ]
    assert after["data_cut"]["revision"] == before["data_cut"]["revision"] + 1
    assert trend(client, sam, pat, f"?cut={before['data_cut']['revision']}") == before
    with clinic.app.app_context():
        assert faults(pat) == []
    audited = rows(pat, "SELECT object_id FROM audit_entries WHERE action = 'check_in_time_stated'")
    assert [str(row["object_id"]) for row in audited] == [form["id"]]

    # The same again changes nothing; another instant would change what a cut has shown.
    assert state(client, sam, form["id"], at).status_code == 200
    assert state(client, sam, form["id"], at - timedelta(hours=1)).status_code == 422
    assert status(pat)["revision"] == after["data_cut"]["revision"]
    assert post(client, pat, form).data == first.data


def test_versions_share_one_time_and_a_refresh_is_no_word_for_it(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, sam = clinic.patient(), clinic.staff("clinician")
    form = phq9(others=2, recorded_at=LONG_AGO)
    post(client, pat, form)
    change = {"id": str(uuid4()), "answers": phq9(others=1)["answers"], "reason": "a slip"}
    amended = post(client, pat, change, f"/v1/check-ins/{form['id']}/amend")
    assert "implausible_time" in amended.json["flags"]
    token = pat.tokens(datetime.now(UTC))["refresh_token"]
    refreshed = client.post("/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})
    assert refreshed.status_code == 200
    assert trend(client, sam, pat)["series"] == []

    at = datetime.now(UTC) - timedelta(minutes=5)
    assert state(client, sam, change["id"], at).status_code == 200
    assert [row["value"] for row in trend(client, sam, pat)["series"]] == [8]
    again = {"id": str(uuid4()), "answers": phq9(others=0)["answers"], "reason": "another"}
    amended = post(client, pat, again, f"/v1/check-ins/{form['id']}/amend")
    assert "implausible_time" not in amended.json["flags"]
    assert [row["value"] for row in trend(client, sam, pat)["series"]] == [0]
    with clinic.app.app_context():
        assert faults(pat) == []


def test_a_time_that_nobody_doubts_stays(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, sam = clinic.patient(), clinic.staff("clinician")
    form = phq9(recorded_at=datetime.now(UTC).isoformat())
    post(client, pat, form)
    answer = state(client, sam, form["id"], datetime.now(UTC) - timedelta(days=1))
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["recorded_at"])


def test_a_word_may_name_any_time_of_a_life_and_none_that_no_calendar_can_count_back_from(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    sam = clinic.staff("clinician")
    for instant, code in (
        ("0001-01-01T00:00:00Z", 422),
        ("0001-01-01T00:00:00+23:59", 422),
        ("0000-01-01T00:00:00Z", 422),
        ("1930-06-01T12:00:00Z", 200),
        ("1970-01-01T00:00:00Z", 200),
    ):
        pat = clinic.patient()
        form = phq9(item9=2, recorded_at=LONG_AGO)
        post(client, pat, form)
        body = {"recorded_at": instant, "reason": "They told me."}
        answer = post(client, sam, body, f"/v1/check-ins/{form['id']}/time")
        assert answer.status_code == code, instant
        assert trend(client, sam, pat)["patient_id"] == str(pat.patient_id)

"""The caseload of treated patients: who needs somebody today, and in which order."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.caseload.worklist.listing import list_caseload
from services.caseload.worklist.statement import CaseloadFilter
from services.paging import encode_cursor
from services.rules.mood_days import mood_day_at
from tests.builders.caseload import caseload, many, names, set_status
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person, World
from tests.fixtures.statements import statements_sent

PARIS = ZoneInfo("Europe/Paris")


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def today(plus: int = 0) -> date:
    """The running mood day in Paris, or one some days from it."""
    return mood_day_at(datetime.now(UTC), PARIS) + timedelta(days=plus)


def accepted_long_ago(patient: Person) -> None:
    """Their days count from then on."""
    query = (
        "UPDATE patients SET accepted_at = now() - interval '90 days' WHERE id = :id RETURNING id"
    )
    rows(patient, query, id=patient.patient_id)


def pause(patient: Person, first: date, last: date) -> None:
    """These days are not due, and the status says so."""
    values = {"id": patient.patient_id, "last": last}
    rows(
        patient,
        "UPDATE patients SET status = 'paused', paused_until = :last WHERE id = :id RETURNING id",
        **values,
    )
    if rows(patient, "UPDATE patient_pauses SET to_on = :last RETURNING id", **values):
        return
    rows(
        patient,
        "INSERT INTO patient_pauses (clinic_id, id, patient_id, from_on, to_on, revision)"
        " VALUES (:clinic, :pause, :id, :first, :last, 1) RETURNING id",
        clinic=patient.actor.clinic_id,
        pause=uuid4(),
        first=first,
        **values,
    )


def treated(patient: Person, **more: Any) -> None:
    """The last session was six days ago on the clinic's clock (which may have changed since)."""
    last = datetime.now(PARIS) - timedelta(days=6)
    set_status(
        patient,
        **{
            "last_session_id": uuid4(),
            "last_session_at": last.astimezone(UTC),
            "sessions_in_course": 5,
            **more,
        },
    )


def begun(hours: float) -> dict[str, Any]:
    """A session was planned for so many hours ago, and nobody has written about it since."""
    started, figures = ago(hours=hours).isoformat(), {"wearing_off_on": None}
    figures |= {"maintenance_due_on": None, "last_session_at": started, "next_session_at": None}
    forecast = json.dumps([{"from": started, "figures": figures}])
    return {"next_session_at": ago(hours=hours), "daily_forecast": forecast}


def give_alert(patient: Person, family: str, severity: str) -> None:
    """As a rule would have opened it."""
    rows(
        patient,
        "INSERT INTO alerts (clinic_id, id, patient_id, family, rule, rule_version, severity,"
        " ladder_severity, triggered_at, newest_occurrence_at) VALUES (:clinic, :id, :patient,"
        " :family, :family, 'v', :severity, :severity, now(), now()) RETURNING id",
        clinic=patient.actor.clinic_id,
        id=uuid4(),
        patient=patient.patient_id,
        family=family,
        severity=severity,
    )


def test_a_row_says_where_a_patient_stands_between_sessions(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, session_id = clinic.patient(), uuid4()
    planned = ago(days=-3)
    treated(
        pat,
        last_session_id=session_id,
        wearing_off_on=today(-2),
        maintenance_due_on=today(2),
        non_response=True,
        next_session_at=planned,
        next_session_id=uuid4(),
    )
    (row,) = caseload(client, clinic.staff())
    last = row["last_session"]
    assert (last["id"], last["days_ago"]) == (str(session_id), 6)
    assert datetime.fromisoformat(last["started_at"]) < ago(days=5)
    assert datetime.fromisoformat(row["next_session_at"]) == planned
    assert row["next_session_at"].endswith("Z")
    assert row["wearing_off_on"] == today(-2).isoformat()
    assert (row["non_response"], row["maintenance_due_on"]) == (True, today(2).isoformat())
    assert row["reason"] == (
        f"wearing off since {today(-2)}, 4 days after the last session; no response after 5"
        " sessions; maintenance due in 2 days; no check-in yet, invitation accepted less than a"
        " day ago; PHQ-9 not known"
    )


def test_an_administrator_sees_nothing_of_the_treatment(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient("first")
    clinic.patient("second")
    treated(pat, wearing_off_on=today(-2), non_response=True, maintenance_due_on=today(-2))
    give_alert(pat, "m3", "medium")
    row, _ = caseload(client, clinic.admin)
    assert row["last_session"] is None
    assert not {"next_session_at", "wearing_off_on", "non_response"} & row.keys()
    assert "maintenance_due_on" not in row
    assert row["reason"] == "medium alert open"


def test_of_several_alerts_the_most_severe_is_named(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    for family, severity in (("m2", "medium"), ("u1", "high"), ("silence", "high")):
        give_alert(pat, family, severity)
    (row,) = caseload(client, clinic.staff())
    assert row["reason"].startswith("3 alerts open, the highest high: silence; ")


def test_risk_first_then_what_the_treatment_needs(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    made = {
        name: clinic.patient(name, **fields)
        for name, fields in {
            "quiet": {},
            "maintenance": {},
            "came long ago": {"risk_at_intake": True},
            "non-response": {},
            "wearing off": {},
            "came lately": {"risk_at_intake": True},
            "recent risk": {},
            "silent": {},
            "alert": {},
        }.items()
    }
    treated(made["maintenance"], maintenance_due_on=today(-1))
    treated(made["non-response"], non_response=True)
    treated(made["wearing off"], wearing_off_on=today(-1))
    set_status(made["recent risk"], item9_positive_at=ago(days=1), last_item9_on=today(-1))
    accepted_long_ago(made["silent"])
    set_status(made["silent"], item9_positive_at=ago(days=5), last_item9_on=today(-4))
    give_alert(made["alert"], "n2", "low")
    rows(
        staff,
        "UPDATE users SET created_at = now() - interval '15 days' WHERE id = :id RETURNING id",
        id=made["came long ago"].user_id,
    )
    expected = ["alert", "silent", "recent risk", "came lately", "wearing off", "non-response"]
    expected += ["maintenance", "came long ago", "quiet"]
    assert names(client, staff) == expected


@pytest.mark.parametrize(
    ("standing", "counts"),
    [
        ({"wearing_off_on": today(-1)}, True),
        ({"wearing_off_on": today(-1), **begun(1)}, False),
        ({"wearing_off_on": today(-1), **begun(-1)}, True),
        ({"wearing_off_on": today(-1), "last_session_at": ago(days=91)}, False),
        ({"non_response": True, "last_session_at": ago(days=91)}, False),
        ({"maintenance_due_on": today(-1), "last_session_at": ago(days=91)}, True),
        ({"maintenance_due_on": today(-1), **begun(1)}, False),
        ({"maintenance_due_on": today()}, False),
        ({"item9_positive_at": ago(days=13)}, True),
        ({"cssrs_moderate_at": ago(days=20), "last_cssrs_on": today(-20)}, True),
        ({"cssrs_moderate_at": ago(days=20), "last_cssrs_on": today(-3)}, False),
        ({"cssrs_moderate_at": ago(days=31), "last_cssrs_on": today(-31)}, False),
    ],
)
def test_what_lifts_a_patient(
    client: FlaskClient, clinic: ClinicWorld, standing: dict[str, Any], counts: bool
) -> None:
    other, pat = clinic.patient("other"), clinic.patient("pat")
    accepted_long_ago(other)  # comes first among equals: was there before
    accepted_long_ago(pat)
    treated(pat, **standing)
    assert names(client, clinic.staff()) == (["pat", "other"] if counts else ["other", "pat"])


def test_a_pause_is_no_silence_and_ends_by_itself(client: FlaskClient, clinic: ClinicWorld) -> None:
    silent = {"cssrs_moderate_at": ago(days=20), "last_cssrs_on": today(-20)}
    other, paused = clinic.patient("other"), clinic.patient("pat")
    accepted_long_ago(other)
    accepted_long_ago(paused)
    set_status(paused, **silent)
    for until, order in ((today(), ["other", "pat"]), (today(-4), ["pat", "other"])):
        pause(paused, today(-19), until)
        assert names(client, clinic.staff()) == order
        reason = next(
            row["reason"] for row in caseload(client, clinic.staff()) if row["name"] == "pat"
        )
        assert reason.startswith("paused") == (order[0] == "other")


def test_the_order_follows_the_day_of_each_zone(app: Flask) -> None:
    """At 15:00 UTC it is the next mood day on Kiritimati (UTC+14): there maintenance is overdue."""
    now = datetime.now(UTC).replace(hour=15, minute=0)
    clinic = World(app, now=now).clinic()
    clinic.patient("Paris")
    far = clinic.patient("Kiritimati", timezone="Pacific/Kiritimati")
    treated(far, maintenance_due_on=now.date())
    staff = clinic.staff()
    with clinic.app.app_context():
        first, _ = list_caseload(staff.actor, CaseloadFilter(), now)["items"]
    assert first["name"] == "Kiritimati"
    assert first["reason"].startswith(f"maintenance due since {now.date()}")


STANDINGS = st.fixed_dictionaries(
    {
        "item9_positive_at": st.sampled_from([None, ago(days=13.999), ago(days=2)]),
        "last_item9_on": st.sampled_from([None, today(-4), today()]),
        "wearing_off_on": st.sampled_from([None, today(-1)]),
        "non_response": st.booleans(),
        "maintenance_due_on": st.sampled_from([None, today(-1)]),
        "trend_status": st.sampled_from([None, "worse", "remission"]),
        "last_check_in_at": st.sampled_from([None, ago(days=1), ago(days=3)]),
        "daily_slope": st.sampled_from([None, -0.1, 1.7]),
    }
)


NOTHING_PLANNED: dict[str, Any] = {"next_session_at": None, "daily_forecast": "[]"}
PLANNED = st.sampled_from([NOTHING_PLANNED, begun(-1 / 30), begun(1 / 30)])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    everybody=st.lists(st.tuples(STANDINGS, PLANNED), min_size=9, max_size=9),
    sort=st.sampled_from(["risk", "silence", "trend", "name"]),
    limit=st.integers(1, 4),
    minutes=st.lists(st.integers(0, 5), min_size=9, max_size=9),
)
def test_no_row_is_lost_or_doubled_between_pages_while_time_goes_on(
    ward: list[Person], everybody: list[Any], sort: str, limit: int, minutes: list[int]
) -> None:
    """Sessions begin and risk becomes old while somebody reads page after page."""
    staff, *patients = ward
    for patient, (standing, planned) in zip(patients, everybody, strict=True):
        treated(patient, **standing, **planned)
    now, cursor, read = datetime.now(UTC), None, []
    with staff.app.app_context():
        whole = list_caseload(staff.actor, CaseloadFilter(sort=sort), now)["items"]
        for passed in minutes:
            page = list_caseload(staff.actor, CaseloadFilter(sort, limit=limit, cursor=cursor), now)
            read += [row["id"] for row in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
            now += timedelta(minutes=passed)
    assert read == [row["id"] for row in whole]
    assert set(read) == {patient.patient_id for patient in patients}


@pytest.fixture
def ward(clinic: ClinicWorld) -> list[Person]:
    """A clinician, and nine patients of three names; two of them with open alerts."""
    patients = [clinic.patient(f"Name {number % 3}") for number in range(9)]
    for patient in patients:
        accepted_long_ago(patient)
    give_alert(patients[4], "m3", "medium")
    give_alert(patients[7], "suicide_risk", "critical")
    return [clinic.staff(), *patients]


def test_an_instant_in_a_cursor_cannot_lead_astray(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    clinic.patient()
    for year in (1, 9999):
        at = datetime(year, 1, 1, tzinfo=UTC)
        cursor = encode_cursor(at, 0, 0, 0, 0, at, uuid4())
        answer = client.get(f"/v1/patients?cursor={cursor}", headers=staff.headers)
        assert answer.status_code == 200


def test_more_patients_need_no_more_statements(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    clinic.patient()
    caseload(client, staff)  # the first use of a pair is written down
    counts = []
    for _ in range(2):
        with statements_sent(clinic.app) as sent:
            caseload(client, staff)
        counts.append(len(sent))
        many(clinic, 30)
    assert counts[0] == counts[1] > 0

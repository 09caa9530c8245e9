"""Break-glass: one patient outside one's view, for an hour and for a reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import undefer
from werkzeug.test import TestResponse

from models import Notification
from services.accounts.letters import letter_of
from services.break_glass import AT_MOST, break_glass, list_openings
from services.caseload.patient.profile import get_patient
from services.channels.base import short_id
from services.clock import utcnow
from services.exceptions import Forbidden, NotFound
from services.unit_of_work import transaction
from tests.builders.alerts import open_alert
from tests.builders.calls import made, post, refused
from tests.builders.entries import phq9
from tests.builders.pages.console import console_of
from tests.builders.stored import entries, rows
from tests.builders.world import ClinicWorld, Person, World

REASON = "found unwell in the car park"


@pytest.fixture
def ada(clinic: ClinicWorld) -> Person:
    """A patient with a care team of one."""
    return clinic.patient("Ada Quagga", mrn="M-77", care_team=[clinic.staff(name="Tim").user_id])


def asks(client: FlaskClient, person: Person, **named: Any) -> TestResponse:
    body = {"reason": REASON, **{name: str(value) for name, value in named.items()}}
    return post(client, person, body, "/v1/break-glass")


def reads(client: FlaskClient, person: Person, ada: Person) -> list[int]:
    """Every kind of thing that is read about a patient."""
    one = f"/v1/patients/{ada.patient_id}"
    paths = (one, f"{one}/care-team", f"{one}/trend", f"{one}/courses", f"{one}/due")
    return [client.get(path, headers=person.headers).status_code for path in paths]


def listed(client: FlaskClient, person: Person, path: str) -> list[str]:
    items = made(client.get(path, headers=person.headers), 200)["items"]
    return [item["id"] for item in items]


@pytest.mark.parametrize("role", ["clinician", "on_call"])
def test_it_opens_exactly_that_patient(
    client: FlaskClient, clinic: ClinicWorld, ada: Person, role: str
) -> None:
    eve = clinic.patient("Eve Quagga", care_team=[clinic.staff().user_id])
    sam, bob = clinic.staff(role), clinic.staff(role)
    assert reads(client, sam, ada) == [404] * 5
    opened = made(asks(client, sam, patient_id=ada.patient_id))
    assert opened["patient_id"] == str(ada.patient_id)
    assert reads(client, sam, ada) == [200] * 5
    assert reads(client, sam, eve) == reads(client, bob, ada) == [404] * 5


def test_it_opens_alerts_and_entries_and_lists_nobody_in_the_caseload(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    sam = clinic.staff()
    alert = open_alert(client, ada)
    hers = f"?patient_id={ada.patient_id}"
    seen = ("/v1/alerts", f"/v1/check-ins{hers}")
    assert [len(listed(client, sam, path)) for path in seen] == [0, 0]
    made(asks(client, sam, mrn="M-77"))
    assert [len(listed(client, sam, path)) for path in seen] == [1, 1]
    assert post(client, sam, {}, f"/v1/alerts/{alert}/acknowledge").status_code == 200
    assert post(client, sam, phq9() | {"patient_id": str(ada.patient_id)}).status_code == 201
    assert listed(client, sam, "/v1/patients") == []


def test_it_opens_nothing_that_outlasts_the_hour(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    sam, one = clinic.staff(), f"/v1/patients/{ada.patient_id}"
    made(asks(client, sam, patient_id=ada.patient_id))
    team = {"user_ids": [str(sam.user_id)]}
    for method, path, body in (
        ("PUT", f"{one}/care-team", team),
        ("PATCH", one, {"status": "discharged"}),
        ("POST", f"{one}/invitations", {}),
    ):
        answer = client.open(path, method=method, json=body, headers=sam.headers)
        assert refused(answer, 403) == {"code": "forbidden"}


def test_no_plan_that_spares_pages_is_set_in_it(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    sam, alert = clinic.staff(), f"/v1/alerts/{open_alert(client, ada)}"
    made(asks(client, sam, patient_id=ada.patient_id))
    may = client.get(alert, headers=sam.headers).json["may"]
    assert (may["act"], may["resolve"], may["standing_plan"]) == (True, True, False)
    plan = {"until": (utcnow() + timedelta(days=3)).isoformat(), "reason": "quagga"}
    ending = {"disposition": "safe_plan_made"}
    with_plan = post(client, sam, ending | {"standing_plan": plan}, f"{alert}/resolve")
    assert refused(with_plan, 403) == {"code": "forbidden"}
    assert post(client, sam, ending, f"{alert}/resolve").status_code == 200


def test_it_ends_by_the_clock(client: FlaskClient, clinic: ClinicWorld, ada: Person) -> None:
    sam, began = clinic.staff(), utcnow()
    made(asks(client, sam, patient_id=ada.patient_id))
    (grant,) = rows(sam, "SELECT granted_at, ends_at FROM view_grants")
    assert grant["ends_at"] - grant["granted_at"] == timedelta(hours=1)
    assert grant["granted_at"] >= began
    second = timedelta(seconds=1)
    with clinic.app.app_context():
        assert get_patient(sam.actor, ada.patient_id, grant["ends_at"] - second)
        with pytest.raises(NotFound):
            get_patient(sam.actor, ada.patient_id, grant["ends_at"])


def test_a_clock_that_was_ahead_opens_nobody_for_longer_and_shuts_nobody_out(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    sam, now = clinic.staff(), utcnow()
    with clinic.app.app_context():
        for _ in range(AT_MOST):
            break_glass(sam.actor, REASON, now + timedelta(hours=5), patient_id=ada.patient_id)
    assert reads(client, sam, ada) == [404] * 5
    made(asks(client, sam, patient_id=ada.patient_id))
    assert reads(client, sam, ada) == [200] * 5


def test_deactivation_ends_it_for_good(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    sam, path = clinic.staff(), "/v1/users/{}"
    made(asks(client, sam, patient_id=ada.patient_id))
    for active in (False, True):
        address = path.format(sam.user_id)
        made(client.patch(address, json={"active": active}, headers=clinic.admin.headers), 200)
    query = "SELECT count(*) AS open FROM view_grants WHERE ends_at > now()"
    assert rows(clinic.admin, query)[0]["open"] == 0


def test_strangers_get_404_and_other_roles_403(
    client: FlaskClient, clinic: ClinicWorld, world: World, ada: Person
) -> None:
    south = world.clinic("South Clinic").staff()
    sam = clinic.staff()
    for person, named, status in (
        (south, {"patient_id": ada.patient_id}, 404),
        (south, {"mrn": "M-77"}, 404),
        (sam, {"patient_id": uuid4()}, 404),
        (sam, {"mrn": "M-7"}, 404),
        (clinic.admin, {"mrn": "M-77"}, 403),
        (ada, {"mrn": "M-77"}, 403),
    ):
        assert asks(client, person, **named).status_code == status
    assert rows(sam, "SELECT id FROM view_grants") == entries(sam, "glass_broken") == []


@pytest.mark.parametrize(
    "body",
    [
        {"reason": REASON},
        {"reason": REASON, "mrn": "M-77", "patient_id": str(uuid4())},
        {"mrn": "M-77"},
        {"mrn": "M-77", "reason": "   "},
        {"mrn": "M-77", "reason": "x" * 501},
    ],
)
def test_one_patient_and_a_reason_are_needed(
    client: FlaskClient, clinic: ClinicWorld, body: dict[str, Any]
) -> None:
    assert post(client, clinic.staff(), body, "/v1/break-glass").status_code == 422


def test_the_reason_and_every_read_stand_in_the_audit(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    sam = clinic.staff()
    made(asks(client, sam, patient_id=ada.patient_id))
    assert reads(client, sam, ada)[0] == 200
    path = f"/v1/audit?patient_id={ada.patient_id}"
    found = made(client.get(path, headers=clinic.admin.headers), 200)["items"]
    by_sam = [one for one in found if one["actor_id"] == str(sam.user_id)]
    assert [one["action"] for one in by_sam] == [
        *("due_read", "courses_read", "trend_read", "care_team_read", "patient_read"),
        "glass_broken",
    ]
    assert by_sam[-1]["detail"] == {"reason": REASON}
    console = console_of(clinic.app, clinic.admin)
    console.open(f"/clinic/audit?person={sam.user_id}")
    assert f"glass broken: {REASON}" in console.text


def test_the_reason_is_nowhere_in_plain_words(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    made(asks(client, clinic.staff(), patient_id=ada.patient_id))
    for table in ("audit_details", "audit_entries"):
        stored = rows(clinic.admin, f"SELECT t::text AS row FROM {table} t")  # noqa: S608 - ours
        assert [row for row in stored if "car park" in row["row"]] == [], table
    (grant,) = rows(clinic.admin, "SELECT reason FROM view_grants")
    assert grant["reason"]
    assert REASON.encode() not in bytes(grant["reason"])


def test_a_second_one_within_the_hour_is_recorded_and_extends_nothing(
    clinic: ClinicWorld, ada: Person
) -> None:
    sam, now = clinic.staff(), utcnow()
    letters = "SELECT count(*) AS n FROM notifications WHERE kind = 'letter'"

    def opened(minutes: int, why: str) -> datetime:
        at = now + timedelta(minutes=minutes)
        ends: datetime = break_glass(sam.actor, why, at, patient_id=ada.patient_id)["expires_at"]
        return ends

    with clinic.app.app_context():
        first = opened(0, "collapsed")
        (sent,) = rows(clinic.admin, letters)
        assert opened(59, "still here") == first == now + timedelta(hours=1)
        assert rows(clinic.admin, letters) == [sent]
        with pytest.raises(NotFound):
            get_patient(sam.actor, ada.patient_id, first)
        # It is over: another hour, of which the administrators hear.
        assert opened(60, "collapsed again") == now + timedelta(hours=2)
        assert rows(clinic.admin, letters)[0]["n"] == 2 * sent["n"] > 0
        get_patient(sam.actor, ada.patient_id, now + timedelta(minutes=61))
        listed = list_openings(clinic.admin.actor, now + timedelta(minutes=61))
        with pytest.raises(Forbidden):
            list_openings(sam.actor, now)
    assert len(entries(sam, "glass_broken")) == 3
    assert [(one["reason"], one["done"]) for one in listed] == [
        ("collapsed again", [("patient_read", 1)]),
        *(("still here", []), ("collapsed", [])),
    ]


def test_administrators_read_who_opened_whom_and_why(
    client: FlaskClient, world: World, clinic: ClinicWorld, ada: Person
) -> None:
    sam = clinic.staff(name="Sam Zebra")
    made(asks(client, sam, patient_id=ada.patient_id))
    reads(client, sam, ada)
    page = console_of(clinic.app, clinic.admin, "/clinic/break-glass")
    for words in ("Sam Zebra", "Ada Quagga", REASON, "open until", "trend read"):
        assert words in page.text, words
    (entry,) = entries(clinic.admin, "break_glass_read")
    assert entry["about_ids"] == [ada.patient_id]
    other = console_of(clinic.app, world.clinic().admin, "/clinic/break-glass")
    assert "Nobody has broken the glass" in other.text


def test_administrators_hear_of_it_without_patient_data(
    client: FlaskClient, clinic: ClinicWorld, ada: Person, worker_app: Flask
) -> None:
    sam, other = clinic.staff(name="Sam Zebra"), clinic.staff("admin")
    made(asks(client, sam, patient_id=ada.patient_id))
    query = select(Notification).where(Notification.kind == "letter")
    with worker_app.app_context(), transaction() as session:
        letters = session.scalars(query.options(undefer(Notification.sealed_code))).all()
        found = {
            row.user_id: letter_of(row.id, "a@b.test", str(row.sealed_code), row.expires_at)
            for row in letters
            if row.expires_at and (row.sealed_code or "").startswith("{")
        }
    assert found.keys() == {clinic.admin.user_id, other.user_id}
    for letter in found.values():
        assert letter.address == "a@b.test"
        assert short_id(ada.patient_id) in letter.text
        assert "Sam Zebra" in letter.text
        for hidden in (REASON, "M-77", "Ada", str(ada.patient_id)):
            assert hidden not in f"{letter.subject} {letter.text}"


def test_reading_through_a_clinic_is_slowed_down(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    sam = clinic.staff()
    for _ in range(AT_MOST):
        made(asks(client, sam, patient_id=ada.patient_id))
    answer = asks(client, sam, patient_id=ada.patient_id)
    assert refused(answer, 429) == {"code": "rate_limited"}
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert made(asks(client, clinic.staff(), patient_id=ada.patient_id))

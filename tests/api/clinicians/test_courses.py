"""Courses and other treatment alongside: who may enter them, versions, refusals, exactly once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from tests.builders.calls import made, refused
from tests.builders.stored import revision, rows
from tests.builders.trends.chart import a_course, a_session
from tests.builders.ward import MORNING, Ward
from tests.builders.world import Person, World

OTHER = {"name": "sertraline", "kind": "antidepressant", "started_on": "2025-01-31"}


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch)


def test_a_change_is_a_new_version_and_no_change_is_none(ward: Ward) -> None:
    course = ward.course(indication="TRD", protocol="v2")
    path = f"{ward.path}/courses/{course}"
    before = revision(ward.pat)
    same = made(ward.patch(path, {"phase": "induction", "protocol": "v2"}), 200)
    assert (same["version"], revision(ward.pat)) == (1, before)
    changed = made(ward.patch(path, {"ended_on": "2025-07-01", "new_baseline": True}), 200)
    assert (changed["version"], revision(ward.pat)) == (2, before + 1)
    assert changed["indication"] == "TRD"
    assert ward.get(f"{ward.path}/courses")["items"] == [changed]
    assert refused(ward.patch(path, {"ended_on": "2025-06-01"})) == {
        "ended_on": ["Must not be before `started_on`."]
    }
    assert refused(ward.patch(path, {"started_on": "2025-07-02"}))
    versions = rows(ward.pat, "SELECT version FROM course_versions ORDER BY version")
    assert [row["version"] for row in versions] == [1, 2]
    ward.check_cache()


def test_a_course_counts_the_sessions_that_were_not_cancelled(ward: Ward) -> None:
    course = ward.course()
    ids = [ward.session(course, MORNING - timedelta(days=day))["id"] for day in (3, 2, 1)]
    ward.change(ids[1], cancelled=True)
    (shown,) = ward.get(f"{ward.path}/courses")["items"]
    assert shown["sessions"] == 2
    assert [ward.get(f"{ward.path}/sessions/{one}")["number"] for one in ids] == [1, None, 2]


def test_the_list_is_newest_first_page_by_page(ward: Ward) -> None:
    days = ["2025-03-01", "2025-05-01", "2025-04-01", "2025-04-01"]
    made_courses = [(day, ward.course(started_on=day)) for day in days]
    expected = [each for _, each in sorted(made_courses, reverse=True)]
    page = ward.get(f"{ward.path}/courses?limit=2")
    rest = ward.get(f"{ward.path}/courses?limit=2&cursor={page['next_cursor']}")
    assert [one["id"] for one in page["items"] + rest["items"]] == expected
    assert refused(ward.client.get(f"{ward.path}/courses?cursor=W10", headers=ward.staff.headers))


KINDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("courses", a_course(), {"phase": "maintenance"}),
    ("concomitant-treatments", OTHER, {"name": "lithium"}),
    (
        "screenings",
        {"screened_on": "2025-06-01", "contraindications": ["psychosis"]},
        {"contraindications": []},
    ),
]


@pytest.mark.parametrize(("kind", "body", "change"), KINDS, ids=[row[0] for row in KINDS])
def test_an_id_of_the_clients_is_stored_once(
    ward: Ward, kind: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    path, body = f"{ward.path}/{kind}", body | {"id": str(uuid4())}
    first = ward.post(path, body)
    ward.later(hours=30)
    again = ward.post(path, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data
    assert made(first)["id"] == body["id"]
    conflict = made(ward.post(path, body | change), 409)
    assert (conflict["code"], conflict["stored"]) == ("content_conflict", made(first))
    other = ward.clinic.patient()
    elsewhere = f"/v1/patients/{other.patient_id}/{kind}"
    assert refused(ward.post(elsewhere, body), 409) == {"code": "id_taken"}
    far = World(ward.pat.app, ward.now).clinic()
    theirs = f"/v1/patients/{far.patient().patient_id}/{kind}"
    assert refused(ward.post(theirs, body, far.staff()), 409) == {"code": "id_taken"}
    assert len(ward.get(path)["items"]) == 1


@pytest.mark.parametrize(("kind", "body", "change"), KINDS, ids=[row[0] for row in KINDS])
def test_an_id_that_the_server_made_cannot_be_taken_by_a_client(
    ward: Ward, kind: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    path = f"{ward.path}/{kind}"
    known = made(ward.post(path, body))["id"]
    assert refused(ward.post(path, body | {"id": known}), 409) == {"code": "id_taken"}
    assert len(ward.get(path)["items"]) == 1


def people(ward: Ward) -> dict[str, tuple[Person, int, int]]:
    """Who asks, what reading answers, what writing answers."""
    team = {"user_ids": [str(ward.staff.user_id)]}
    path = f"{ward.path}/care-team"
    made(ward.client.put(path, json=team, headers=ward.staff.headers), 200)
    far = ward.world.clinic()
    return {
        "the patient": (ward.pat, 403, 403),
        "another patient": (ward.clinic.patient(), 403, 403),
        "a clinician outside the team": (ward.clinic.staff(), 404, 404),
        "on call without an alert": (ward.clinic.staff("on_call"), 404, 403),
        "the admin": (ward.clinic.admin, 403, 403),
        "a clinician of another clinic": (far.staff(), 404, 404),
        "the admin of another clinic": (far.admin, 403, 403),
    }


def test_who_may_read_and_write_what(ward: Ward) -> None:
    course = ward.course()
    session = ward.session(course, MORNING)["id"]
    one = f"{ward.path}/sessions/{session}"
    ward.screen()
    readable = {
        f"{ward.path}/courses": a_course(),
        f"{ward.path}/sessions": a_session(course, MORNING - timedelta(days=1)),
        f"{one}/vitals": ward.set_of("pre"),
        f"{one}/decisions": {"kind": "clearance", "outcome": "not_cleared"},
        f"{ward.path}/screenings": {"screened_on": "2025-06-01"},
        f"{ward.path}/concomitant-treatments": OTHER,
    }
    for name, (person, reads, writes) in people(ward).items():
        for path, body in readable.items():
            answer = ward.client.get(path, headers=person.headers)
            assert answer.status_code == reads, (name, path)
            assert ward.post(path, body, person).status_code == writes, (name, path)
        assert ward.client.get(one, headers=person.headers).status_code == reads, name
        assert ward.patch(one, {"cancelled": True}, person).status_code == writes, name
        path = f"{ward.path}/courses/{course}"
        assert ward.patch(path, {"phase": "maintenance"}, person).status_code == writes, name
    on_call = ward.clinic.staff("on_call")
    ward.report("chest_pain")
    for path in (*readable, one):
        assert ward.client.get(path, headers=on_call.headers).status_code == 200, path
    for path, body in readable.items():
        assert ward.post(path, body).status_code == 201, path
        nowhere = path.replace(str(ward.pat.patient_id), str(uuid4()))
        assert ward.post(nowhere, body).status_code == 404, path
        assert ward.client.get(path).status_code == 401
    assert ward.get(one)["cancelled"] is False


def test_another_treatment_stops_once(ward: Ward) -> None:
    path = f"{ward.path}/concomitant-treatments"
    known = made(ward.post(path, OTHER))
    assert known["stopped_on"] is None
    assert refused(ward.patch(f"{path}/{known['id']}", {"stopped_on": "2025-01-30"}))
    before = revision(ward.pat)
    for _ in range(2):
        stopped = made(ward.patch(f"{path}/{known['id']}", {"stopped_on": "2025-05-01"}), 200)
        assert stopped == known | {"stopped_on": "2025-05-01"}
        assert revision(ward.pat) == before + 1
    assert refused(ward.patch(f"{path}/{uuid4()}", {"stopped_on": "2025-05-01"}), 404)
    assert ward.get(path)["items"] == [stopped]


NASTY: list[tuple[str, str, dict[str, Any], str]] = [
    ("no product", "courses", a_course(product=None), "product"),
    ("unknown product", "courses", a_course(product="lsd"), "product"),
    ("NUL", "courses", a_course(indication="a\x00"), "indication"),
    ("no day", "courses", a_course(started_on="2025-02-30"), "started_on"),
    ("an instant", "courses", a_course(started_on="2025-06-02T00:00:00Z"), "started_on"),
    ("a number", "courses", a_course(started_on=20250602), "started_on"),
    ("end first", "courses", a_course(ended_on="2025-06-01"), "ended_on"),
    ("true", "courses", a_course(maintenance_interval_days=True), "maintenance_interval_days"),
    ("huge", "courses", a_course(maintenance_interval_days=10**40), "maintenance_interval_days"),
    ("yes", "courses", a_course(new_baseline="yes"), "new_baseline"),
    ("field", "courses", a_course(colour="blue"), "colour"),
    (
        "code",
        "screenings",
        {"screened_on": "2025-06-01", "contraindications": ["x\x00"]},
        "contraindications.0",
    ),
    ("future", "screenings", {"screened_on": "9999-12-31"}, "screened_on"),
    (
        "expired",
        "screenings",
        {"screened_on": "2025-06-01", "expires_on": "2025-05-31"},
        "expires_on",
    ),
    ("invisible", "concomitant-treatments", OTHER | {"name": "\u200b"}, "name"),
    ("stop first", "concomitant-treatments", OTHER | {"stopped_on": "2025-01-30"}, "stopped_on"),
]


@pytest.mark.parametrize(
    ("name", "kind", "body", "field"), NASTY, ids=[f"{r[1]} {r[0]}" for r in NASTY]
)
def test_what_cannot_be_is_named_and_not_stored(
    ward: Ward, name: str, kind: str, body: dict[str, Any], field: str
) -> None:
    assert list(refused(ward.post(f"{ward.path}/{kind}", body))) == [field], name
    assert ward.get(f"{ward.path}/{kind}")["items"] == []


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_break_nothing(ward: Ward, day: str) -> None:
    course = ward.course(started_on=day, maintenance_interval_days=365)
    ward.session(course, MORNING)
    ward.answer("phq9-daily", 9)
    ward.answer("phq9", 20)
    ward.trend()
    ward.get("/v1/me/due", ward.pat)
    ward.get("/v1/patients")
    ward.check_cache()

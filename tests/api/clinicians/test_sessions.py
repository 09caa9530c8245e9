"""Sessions: entered, planned, corrected, cancelled; refusals, versions, driving and M4."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from tests.builders.calls import made, refused
from tests.builders.stored import revision, rows
from tests.builders.trends.chart import a_session
from tests.builders.ward import MORNING, Ward


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch)


def test_a_change_is_a_new_version_and_no_change_is_none(ward: Ward) -> None:
    course = ward.course()
    known = ward.session(course, MORNING, dose={"value": 0.5, "unit": "mg/kg"}, weight_kg=71.5)
    path, before = f"{ward.path}/sessions/{known['id']}", revision(ward.pat)
    unchanged = {"started_at": "2025-06-02T10:00:00+02:00", "route": "iv", "ended_at": None}
    assert made(ward.patch(path, unchanged), 200) == known
    assert made(ward.patch(path, {}), 200) == known
    assert revision(ward.pat) == before
    changed = ward.change(known["id"], dose={"value": 40, "unit": "mg"})
    assert (changed["version"], changed["dose"]) == (2, {"value": 40.0, "unit": "mg"})
    assert changed["weight_kg"] == 71.5
    assert revision(ward.pat) == before + 1
    assert ward.change(known["id"], cancelled=True)["flags"] == []
    back = ward.change(known["id"], cancelled=False)
    assert back == changed | {"version": 4}
    assert ward.get(path) == back
    assert len(rows(ward.pat, "SELECT 1 FROM treatment_session_versions")) == 4
    ward.check_cache()


def test_an_earlier_cut_still_sees_the_old_session(ward: Ward) -> None:
    ward.answer(total=20)
    known = ward.session(ward.course(), ward.later(days=1))
    ward.later(days=3)
    ward.answer(total=8)
    ward.answer("phq9-daily", 8)
    for instrument in ("phq9", "phq9-daily"):
        before = ward.trend(f"instrument={instrument}")
        cut = before["data_cut"]["revision"]
        ward.later(hours=1)
        ward.change(known["id"], started_at=(MORNING - timedelta(days=1)).isoformat())
        ward.later(days=1)
        ward.change(known["id"], cancelled=True)
        then = ward.trend(f"instrument={instrument}&cut={cut}")
        assert then["content_hash"] == before["content_hash"]
        assert then | {"generated_at": 0} == before | {"generated_at": 0}
        now = ward.trend(f"instrument={instrument}")
        assert now["sessions"] == []
        assert now["content_hash"] != before["content_hash"]
        assert len(then["sessions"]) == 1
        ward.change(known["id"], cancelled=False)


NASTY: list[tuple[dict[str, Any], str]] = [
    ({"product": None}, "product"),
    ({"supervision": None}, "supervision"),
    ({"route": None}, "route"),
    ({"route": "rectal"}, "route"),
    ({"started_at": "2025-06-02T08:00:00"}, "started_at"),
    ({"started_at": None}, "started_at"),
    ({"started_at": "2026-06-04T08:00:00Z"}, "started_at"),
    ({"started_at": "9999-12-31T23:59:59-14:00"}, "started_at"),
    ({"ended_at": "2025-06-02T07:59:59Z"}, "ended_at"),
    ({"ended_at": "2025-06-03T08:00:01Z"}, "ended_at"),
    ({"weight_kg": 19.9}, "weight_kg"),
    ({"weight_kg": 400.1}, "weight_kg"),
    ({"weight_kg": "70"}, "weight_kg"),
    ({"weight_kg": "NaN"}, "weight_kg"),
    ({"weight_kg": True}, "weight_kg"),
    ({"dose": {"value": 0, "unit": "mg"}}, "dose.value"),
    ({"dose": {"value": 100_001, "unit": "mg"}}, "dose.value"),
    ({"dose": {"value": "35", "unit": "mg"}}, "dose.value"),
    ({"dose": {"value": -1e-300, "unit": "mg"}}, "dose.value"),
    ({"dose": {"value": 35}}, "dose.unit"),
    ({"dose": {"value": 35, "unit": ""}}, "dose.unit"),
    ({"dose": {"value": 35, "unit": "m\x00g"}}, "dose.unit"),
    ({"dose": 35}, "dose"),
    ({"cancelled": "no"}, "cancelled"),
    ({"course_id": "00000000-0000-4000-8000-000000000000"}, "course_id"),
    ({"course_id": "x"}, "course_id"),
    ({"colour": "blue"}, "colour"),
]


@pytest.mark.parametrize(("changes", "field"), NASTY, ids=[str(row[0])[:40] for row in NASTY])
def test_what_cannot_be_is_named_and_not_stored(
    ward: Ward, changes: dict[str, Any], field: str
) -> None:
    course = ward.course()
    path = f"{ward.path}/sessions"
    errors = refused(ward.post(path, a_session(course, MORNING) | changes))
    assert list(errors) == [field]
    assert ward.get(path)["items"] == []
    known = ward.session(course, MORNING)
    required = {name: value for name, value in changes.items() if value is not None}
    if required:
        assert ward.patch(f"{path}/{known['id']}", required).status_code == 422
    assert ward.get(f"{path}/{known['id']}") == known


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_numbers_that_json_does_not_know(ward: Ward, number: str) -> None:
    body = b'{"weight_kg": %s}' % number.encode()
    headers = ward.staff.headers | {"Content-Type": "application/json"}
    answer = ward.client.post(f"{ward.path}/sessions", data=body, headers=headers)
    assert answer.status_code in (400, 422)


def test_a_course_is_the_patients_own(ward: Ward) -> None:
    other, here = ward.clinic.patient(), ward.course()
    theirs = f"/v1/patients/{other.patient_id}/sessions"
    errors = refused(ward.post(theirs, a_session(here, MORNING)))
    assert errors == {"course_id": ["No such course of this patient."]}
    known = ward.session(here, MORNING)["id"]
    for path in (f"{theirs}/{known}", f"{ward.path}/sessions/{uuid4()}"):
        assert refused(ward.client.get(path, headers=ward.staff.headers), 404)
        assert refused(ward.patch(path, {"cancelled": True}), 404)
        assert refused(ward.post(f"{path}/vitals", ward.set_of("pre")), 404)
        decision = {"kind": "clearance", "outcome": "not_cleared"}
        assert refused(ward.post(f"{path}/decisions", decision), 404)
    assert rows(ward.world.clinic().patient(), "SELECT 1 FROM treatment_sessions") == []


def test_two_sessions_never_start_at_the_same_moment(ward: Ward) -> None:
    course = ward.course()
    one, two = ward.session(course, MORNING), ward.session(course, MORNING + timedelta(hours=1))
    same = {"started_at": ["This patient has another session that starts then."]}
    assert refused(ward.post(f"{ward.path}/sessions", a_session(course, MORNING))) == same
    path = f"{ward.path}/sessions/{two['id']}"
    assert refused(ward.patch(path, {"started_at": "2025-06-02T10:00:00+02:00"})) == same
    ward.change(one["id"], cancelled=True)
    assert ward.change(two["id"], started_at=MORNING.isoformat())["version"] == 2
    assert refused(ward.patch(f"{ward.path}/sessions/{one['id']}", {"cancelled": False})) == same


def test_two_people_who_enter_it_at_once_enter_one(ward: Ward) -> None:
    body, app = a_session(ward.course(), MORNING), ward.pat.app

    def send(_: int) -> int:
        path = f"{ward.path}/sessions"
        return app.test_client().post(path, json=body, headers=ward.staff.headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(send, range(8))) == {201: 1, 422: 7}
    ward.check_cache()


def test_an_id_of_the_clients_is_stored_once(ward: Ward) -> None:
    course, path = ward.course(), f"{ward.path}/sessions"
    body = a_session(
        course, MORNING, id=str(uuid4()), weight_kg=70, dose={"value": 35, "unit": "mg"}
    )
    first = ward.post(path, body)
    ward.change(body["id"], weight_kg=71)
    same = body | {"started_at": "2025-06-02T13:30:00+05:30", "weight_kg": 70.0, "ended_at": None}
    again = ward.post(path, same)
    assert (first.status_code, again.status_code, first.data) == (201, 200, again.data)
    conflict = made(ward.post(path, body | {"weight_kg": 71}), 409)
    assert (conflict["code"], conflict["stored"]) == ("content_conflict", made(first))
    other = f"/v1/patients/{ward.clinic.patient().patient_id}/sessions"
    assert refused(ward.post(other, body), 409) == {"code": "id_taken"}
    known = ward.session(course, MORNING + timedelta(hours=9))["id"]
    body = a_session(course, MORNING + timedelta(hours=10), id=known)
    assert refused(ward.post(path, body), 409) == {"code": "id_taken"}
    assert len(ward.get(path)["items"]) == 2


# Zone, end of the session on the wall clock there, first moment at which driving is allowed.
DRIVING: list[tuple[str, str, str]] = [
    ("Europe/Paris", "2025-06-02T16:00:00+02:00", "2025-06-03T14:00:00Z"),
    ("Europe/Paris", "2025-06-02T06:30:00+02:00", "2025-06-03T06:00:00Z"),
    ("Asia/Kolkata", "2025-06-02T07:59:00+05:30", "2025-06-03T02:30:00Z"),
    ("Asia/Kolkata", "2025-06-02T08:01:00+05:30", "2025-06-03T02:31:00Z"),
    # The clocks go back at 02:00 on 2 November: 24 hours end at 07:30, the morning counts.
    ("America/New_York", "2024-11-02T08:30:00-04:00", "2024-11-03T13:00:00Z"),
    ("America/New_York", "2024-11-02T09:30:00-04:00", "2024-11-03T13:30:00Z"),
    # And forward on 9 March: from 07:30 on, 24 hours end at 08:30.
    ("America/New_York", "2025-03-08T07:30:00-05:00", "2025-03-09T12:30:00Z"),
    ("America/New_York", "2025-03-08T06:30:00-05:00", "2025-03-09T12:00:00Z"),
]


@pytest.mark.parametrize(("zone", "ended", "until"), DRIVING)
def test_until_when_not_to_drive(
    app: Flask,
    clean_database: None,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    ended: str,
    until: str,
) -> None:
    end = datetime.fromisoformat(ended)
    ward = Ward(app, monkeypatch, now=end.astimezone(UTC), timezone=zone)
    start = end - timedelta(minutes=40)
    known = ward.session(ward.course(), start)
    assert known["driving_restriction_until"] == until, "40 minutes, as nobody said"
    changed = ward.change(known["id"], ended_at=ended)
    assert changed["driving_restriction_until"] == until
    assert ward.get("/v1/me/due", ward.pat)["driving_restriction_until"] == until
    tms = ward.session(
        ward.course(product="tms"), start - timedelta(days=1), product="tms", route=None
    )
    assert tms["driving_restriction_until"] is None
    report = made(ward.report("drove_within_restriction"))
    (kept,) = ward.decided(report["id"], "E6")
    assert datetime.fromisoformat(kept["inputs"]["restricted_until"]) == datetime.fromisoformat(
        until
    )


def test_the_list_shows_planned_and_cancelled_ones_page_by_page(ward: Ward) -> None:
    course = ward.course()
    at = [MORNING + timedelta(days=day) for day in (-1, 2, 0, 1)]
    ids = {moment: ward.session(course, moment)["id"] for moment in at}
    ward.change(ids[at[0]], cancelled=True)
    expected = [ids[moment] for moment in sorted(at, reverse=True)]
    page = ward.get(f"{ward.path}/sessions?limit=3")
    rest = ward.get(f"{ward.path}/sessions?limit=3&cursor={page['next_cursor']}")
    assert [one["id"] for one in page["items"] + rest["items"]] == expected
    planned = page["items"][0]
    assert "not_cleared" not in planned["flags"], "there is time to clear it"
    ward.check_cache()


def test_a_session_a_lifetime_ago_breaks_nothing_and_an_earlier_one_is_refused(
    ward: Ward,
) -> None:
    course, path = ward.course(), f"{ward.path}/sessions"
    for year in (1, 1925):
        moment = datetime(year, 6, 1, tzinfo=UTC)
        errors = refused(ward.post(path, a_session(course, moment)))
        assert errors == {"started_at": ["Must not be more than a hundred years ago."]}
    known = ward.session(course, datetime(1925, 7, 1, tzinfo=UTC))
    assert "entered_late" in known["flags"]
    for instrument in ("phq9", "phq9-daily"):
        ward.answer(instrument)
        ward.trend(f"instrument={instrument}")
    ward.report("nausea")
    ward.get("/v1/me/due", ward.pat)
    ward.change(known["id"], started_at=MORNING.isoformat())
    ward.check_cache()


def test_a_session_that_turns_out_to_be_tms_leaves_no_driving_lock_to_be_missed(
    ward: Ward,
) -> None:
    def watched() -> list[str]:
        return [row["kind"] for row in rows(ward.pat, "SELECT kind FROM session_follow_ups")]

    session = ward.session(ward.course(), ward.now - timedelta(hours=3))["id"]
    assert sorted(watched()) == ["driving_lock", "follow_up"]
    ward.change(session, product="tms", route=None)
    assert watched() == ["follow_up"]
    ward.change(session, cancelled=True)
    assert watched() == []

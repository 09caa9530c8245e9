"""Schedules over the wire: who may, what is shown, and a past that no change writes anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from tests.builders.calls import made, refused
from tests.builders.paging.rota import Rota, stamp
from tests.builders.world import World

# A Monday in winter; the clocks of New York go forward on 8 March.
MORNING = datetime(2026, 3, 2, 13, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def rota(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Rota:
    return Rota(app, monkeypatch, MORNING, "America/New_York")


def changed(rota: Rota, schedule: str, **changes: Any) -> dict[str, Any]:
    return made(rota.call("PATCH", f"schedules/{schedule}", changes), 200)


def test_a_schedule_is_shown_as_it_was_entered(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben, kind="weekly", length=2, handover="wed 17:30")
    shown = rota.get(f"schedules/{schedule}")
    assert shown == {
        "id": schedule,
        "name": "Nights",
        "timezone": "America/New_York",
        "rotation": {
            "kind": "weekly",
            "length": 2,
            "handover": "wed 17:30",
            "members": [str(rota.ann.user_id), str(rota.ben.user_id)],
        },
        "from_at": "2026-03-02T13:00:00Z",
        "planned": [],
        "created_at": "2026-03-02T13:00:00Z",
    }
    other = rota.schedule(name="Days")
    assert [each["id"] for each in rota.get("schedules")["items"]] == [other, schedule]
    first = rota.get("schedules", limit="1")
    assert [each["id"] for each in first["items"]] == [other]
    then = rota.get("schedules", limit="1", cursor=first["next_cursor"])
    assert [each["id"] for each in then["items"]] == [schedule]


def test_the_turns_follow_the_wall_clock_over_a_night_that_skips_the_hand_over(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben, handover="02:30")
    saturday = datetime(2026, 3, 7, 5, tzinfo=UTC)
    assert rota.shifts(schedule, saturday, saturday + 3 * DAY) == [
        ("Ann", "2026-03-07T07:30:00Z"),
        ("Ben", "2026-03-08T07:00:00Z"),  # 02:30 is skipped: the gap ends at 07:00 UTC
        ("Ann", "2026-03-09T06:30:00Z"),
        ("Ben", "2026-03-10T05:00:00Z"),
    ]


def test_shifts_come_in_pages(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    query = {"from": stamp(MORNING), "to": stamp(MORNING + 5 * DAY)}
    path = f"schedules/{schedule}/shifts"
    whole = rota.get(path, **query)
    assert whole["next_cursor"] is None
    assert len(whole["items"]) == 5
    first = rota.get(path, limit="2", **query)
    then = rota.get(path, limit="3", cursor=first["next_cursor"], **query)
    assert first["items"] + then["items"] == whole["items"]
    assert then["next_cursor"] is None
    assert whole["items"][0] == {
        "user_id": str(rota.ann.user_id),
        "name": "Ann Quagga",
        "from_at": "2026-03-02T13:00:00Z",
        "to_at": "2026-03-03T13:00:00Z",
        "source": "rotation",
    }


def test_a_changed_rotation_leaves_the_past_as_it_was(rota: Rota) -> None:
    """Ben is on call when it changes, stays so, and what was before is as before."""
    schedule = rota.schedule(rota.ann, rota.ben)
    rota.later(hours=25)
    before = rota.shifts(schedule, MORNING, rota.now)
    members = [str(each.user_id) for each in (rota.cem, rota.ben)]
    shown = changed(rota, schedule, rotation={"members": members})
    assert shown["rotation"]["members"] == members
    assert shown["rotation"]["handover"] == "08:00"
    assert rota.shifts(schedule, MORNING, rota.now) == before
    assert rota.shifts(schedule, rota.now, rota.now + 2 * DAY) == [
        ("Ben", "2026-03-04T13:00:00Z"),
        ("Cem", "2026-03-05T13:00:00Z"),
        ("Ben", "2026-03-05T14:00:00Z"),
    ]


def test_a_change_may_be_planned_and_a_later_one_replaces_it(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    start = MORNING + 3 * DAY
    shown = changed(rota, schedule, rotation={"kind": "weekly"}, from_at=stamp(start))
    assert shown["rotation"]["kind"] == "daily"
    (planned,) = shown["planned"]
    assert (planned["rotation"]["kind"], planned["from_at"]) == ("weekly", "2026-03-05T13:00:00Z")
    shown = changed(rota, schedule, timezone="Europe/Paris", name="Nights of Paris")
    assert (shown["timezone"], shown["name"], shown["planned"]) == (
        "Europe/Paris",
        "Nights of Paris",
        [],
    )


def test_a_schedule_may_begin_later(rota: Rota) -> None:
    """Until then it is a gap; a change without a start changes it from its beginning."""
    body = {
        "name": "From Thursday",
        "timezone": "UTC",
        "from_at": stamp(MORNING + 3 * DAY),
        "rotation": {
            "kind": "hours",
            "length": 12,
            "handover": "13:00",
            "members": [str(rota.ann.user_id)],
        },
    }
    schedule = made(rota.call("POST", "schedules", body))["id"]
    assert [(gap["schedule_id"], gap["to_at"]) for gap in rota.get("coverage")["items"]] == [
        (schedule, "2026-03-05T13:00:00Z")
    ]
    changed(rota, schedule, rotation={"members": [str(rota.ben.user_id)]})
    assert rota.shifts(schedule, MORNING, MORNING + 4 * DAY) == [
        ("Ben", "2026-03-06T01:00:00Z"),
        ("Ben", "2026-03-06T13:00:00Z"),
    ]


def test_an_ended_schedule_is_gone_and_its_rows_are_kept(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    assert rota.call("DELETE", f"schedules/{schedule}").status_code == 204
    assert rota.get("schedules")["items"] == []
    assert rota.get("now")["items"] == []
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/shifts"),
        ("GET", "/overrides"),
        ("GET", "/calendar-links"),
    ):
        answer = rota.call(method, f"schedules/{schedule}{path}", {} if method == "PATCH" else None)
        assert answer.status_code == 404, (method, path)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"handover": "8:00"}, "rotation.handover"),
        ({"handover": "24:00"}, "rotation.handover"),
        ({"handover": "mon 08:00"}, "rotation.handover"),
        ({"kind": "weekly", "handover": "Mon 08:00"}, "rotation.handover"),
        ({"kind": "daily", "length": 91}, "rotation.length"),
        ({"length": 0}, "rotation.length"),
        ({"members": [str(uuid4())]}, "rotation.members"),
        ({"kind": "monthly"}, "rotation.kind"),
        ({"first": 1}, "rotation.first"),
    ],
)
def test_a_rotation_that_cannot_be(rota: Rota, changes: dict[str, Any], field: str) -> None:
    schedule = rota.schedule(rota.ann)
    answer = rota.call("PATCH", f"schedules/{schedule}", {"rotation": changes})
    assert list(refused(answer)) == [field]


def test_members_are_active_staff_of_the_clinic_each_once(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    path = f"schedules/{schedule}"
    pat = rota.clinic.patient()
    for members in ([pat.user_id], [rota.ann.user_id, rota.ann.user_id]):
        body = {"rotation": {"members": [str(each) for each in members]}}
        assert list(refused(rota.call("PATCH", path, body))) == ["rotation.members"]
    for body, field in (
        ({"timezone": "UTC+03:00"}, "timezone"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"from_at": stamp(MORNING + 400 * DAY)}, "from_at"),
        ({"name": None}, "name"),
    ):
        assert list(refused(rota.call("PATCH", path, body))) == [field]


def test_a_span_has_bounds(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    for query, field in (
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, "to"),
        ({"from": "2026-03-02T00:00:00Z", "to": "2028-03-02T00:00:00Z"}, "to"),
        ({"from": "0001-01-01T00:00:00Z"}, "from"),
        ({"to": "9999-12-31T23:59:59Z"}, "to"),
        ({"cursor": "x"}, "cursor"),
    ):
        for path in (f"schedules/{schedule}/shifts", "coverage"):
            assert list(refused(rota.call("GET", path, **query))) == [field]
    assert list(refused(rota.call("GET", "now", at="1900-01-01T00:00:00Z"))) == ["at"]


def test_who_may(rota: Rota) -> None:
    """Administrators write, all staff read, patients and other clinics see nothing."""
    schedule = rota.schedule(rota.ann)
    body = {
        "name": "Mine",
        "timezone": "UTC",
        "rotation": {"kind": "daily", "length": 1, "handover": "08:00", "members": []},
    }
    pat, doc = rota.clinic.patient(), rota.clinic.staff("clinician")
    for person in (rota.ann, doc, pat):
        assert rota.call("POST", "schedules", body, person).status_code == 403
        assert rota.call("PATCH", f"schedules/{schedule}", {}, person).status_code == 403
        assert rota.call("DELETE", f"schedules/{schedule}", None, person).status_code == 403
    for path in ("schedules", f"schedules/{schedule}", f"schedules/{schedule}/shifts", "now"):
        assert rota.call("GET", path, None, doc).status_code == 200
        assert rota.call("GET", path, None, pat).status_code == 403
    stranger = World(rota.clinic.app, rota.now).clinic("South Clinic").admin
    assert rota.get("schedules", stranger)["items"] == []
    assert rota.call("GET", f"schedules/{schedule}", None, stranger).status_code == 404


def test_fifty_schedules_are_enough(rota: Rota, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.on_call.stored.MAX_SCHEDULES", 1)
    rota.schedule(rota.ann)
    body = {
        "name": "Too many",
        "timezone": "UTC",
        "rotation": {"kind": "daily", "length": 1, "handover": "08:00", "members": []},
    }
    assert list(refused(rota.call("POST", "schedules", body))) == ["name"]

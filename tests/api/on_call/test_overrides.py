"""Covers, absences, whoever leaves: who may enter them, the gaps they open, and now and next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.builders.calls import made, refused
from tests.builders.paging.rota import Rota, stamp
from tests.builders.stored import rows
from tests.builders.world import Person

MORNING = datetime(2026, 6, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def rota(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Rota:
    return Rota(app, monkeypatch, MORNING, "UTC")


def patch_user(rota: Rota, person: Person, **body: Any) -> dict[str, Any]:
    path = f"/v1/users/{person.user_id}"
    headers = rota.admin.headers_at(rota.now)
    return made(rota.client.patch(path, json=body, headers=headers), 200)


def gaps(rota: Rota) -> list[tuple[str, str]]:
    return [(gap["from_at"], gap["to_at"]) for gap in rota.get("coverage")["items"]]


def test_a_cover_takes_a_span_and_gives_it_back(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    cover = rota.override(
        schedule, rota.cem, MORNING + DAY / 2, MORNING + DAY, reason="swapped with Ann"
    )
    assert cover["gaps"] == []
    assert (cover["kind"], cover["reason"], cover["name"]) == (
        "cover",
        "swapped with Ann",
        "Cem Quagga",
    )
    with_cover = [
        ("Ann", "2026-06-01T20:00:00Z"),
        ("Cem", "2026-06-02T08:00:00Z"),
        ("Ben", "2026-06-03T08:00:00Z"),
    ]
    assert rota.shifts(schedule, MORNING, MORNING + 2 * DAY) == with_cover
    rota.later(hours=18)
    path = f"schedules/{schedule}/overrides"
    (shown,) = rota.get(path)["items"]
    assert shown == {name: cover[name] for name in cover if name != "gaps"}
    assert rota.call("DELETE", f"{path}/{cover['id']}").status_code == 204
    assert (
        rota.shifts(schedule, MORNING, MORNING + 2 * DAY)
        == [
            *with_cover[:1],
            ("Cem", "2026-06-02T02:00:00Z"),  # what has been stays
            ("Ann", "2026-06-02T08:00:00Z"),
            *with_cover[2:],
        ]
    )
    assert refused(rota.call("DELETE", f"{path}/{cover['id']}")) == {
        "override_id": ["It is over, and what was is not written anew."]
    }


def test_one_that_is_taken_back_before_it_begins_never_was(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    path = f"schedules/{schedule}/overrides"
    cover = rota.override(schedule, rota.ben, MORNING + DAY, MORNING + 2 * DAY)
    kept = rota.override(schedule, rota.ben, MORNING + 3 * DAY, MORNING + 4 * DAY)
    last = rota.override(schedule, rota.cem, MORNING + 3 * DAY, MORNING + 4 * DAY)
    assert rota.call("DELETE", f"{path}/{cover['id']}").status_code == 204
    assert rota.call("DELETE", f"{path}/{cover['id']}").status_code == 404
    first = rota.get(path, limit="1")
    then = rota.get(path, limit="1", cursor=first["next_cursor"])
    shown = [each["id"] for page in (first, then) for each in page["items"]]
    assert (shown, then["next_cursor"]) == ([last["id"], kept["id"]], None)
    assert {name for name, _ in rota.shifts(schedule, MORNING, MORNING + 2 * DAY)} == {"Ann"}


def test_an_absence_passes_the_turn_on_or_names_the_gap(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    span = MORNING + 4 * DAY, MORNING + 5 * DAY
    assert rota.override(schedule, rota.ann, *span, kind="away")["gaps"] == []
    assert rota.shifts(schedule, *span) == [("Ben", "2026-06-06T08:00:00Z")]
    (gap,) = rota.override(schedule, rota.ben, *span, kind="away")["gaps"]
    assert gap == {
        "schedule_id": schedule,
        "name": "Nights",
        "from_at": "2026-06-05T08:00:00Z",
        "to_at": "2026-06-06T08:00:00Z",
    }
    assert gaps(rota) == [("2026-06-05T08:00:00Z", "2026-06-06T08:00:00Z")]


def test_staff_enter_and_take_back_their_own(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben)
    path = f"schedules/{schedule}/overrides"
    span = {"from_at": stamp(MORNING + DAY), "to_at": stamp(MORNING + 2 * DAY)}
    mine, theirs = ({"user_id": str(each.user_id)} | span for each in (rota.ann, rota.ben))
    doc, pat = rota.clinic.staff("clinician"), rota.clinic.patient()
    made(rota.call("POST", path, {"user_id": str(doc.user_id)} | span, doc))
    own = made(rota.call("POST", path, mine, rota.ann))
    assert rota.call("POST", path, theirs, rota.ann).status_code == 403
    assert rota.call("POST", path, mine, pat).status_code == 403
    assert rota.call("DELETE", f"{path}/{own['id']}", None, rota.ben).status_code == 403
    assert rota.call("DELETE", f"{path}/{own['id']}", None, rota.ann).status_code == 204


def test_spans_and_people_that_cannot_be(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    path = f"schedules/{schedule}/overrides"
    good = {
        "user_id": str(rota.ben.user_id),
        "from_at": stamp(MORNING - DAY),
        "to_at": stamp(MORNING + DAY),
    }
    for change, field in (
        ({"to_at": stamp(MORNING)}, "to_at"),
        ({"from_at": stamp(MORNING + 2 * DAY)}, "to_at"),
        ({"to_at": stamp(MORNING + 367 * DAY)}, "to_at"),
        ({"to_at": "9999-12-31T00:00:00Z"}, "to_at"),
        ({"user_id": str(rota.clinic.patient().user_id)}, "user_id"),
        ({"kind": "left"}, "kind"),
    ):
        assert list(refused(rota.call("POST", path, good | change))) == [field]
    assert made(rota.call("POST", path, good))["from_at"] == "2026-06-01T08:00:00Z"


def test_deactivating_somebody_names_the_gap_that_it_opens(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann, rota.ben, kind="weekly", handover="mon 08:00")
    rota.schedule(rota.cem, name="Days")
    rota.later(days=1)
    before = rota.shifts(schedule, MORNING, rota.now)
    answer = patch_user(rota, rota.ann, active=False)
    spans = [
        ("2026-06-02T08:00:00Z", "2026-06-08T08:00:00Z"),
        ("2026-06-15T08:00:00Z", "2026-06-22T08:00:00Z"),
        ("2026-06-29T08:00:00Z", "2026-06-30T08:00:00Z"),
    ]
    assert [(gap["from_at"], gap["to_at"]) for gap in answer["on_call_gaps"]] == spans
    assert gaps(rota) == spans
    assert rota.shifts(schedule, MORNING, rota.now) == before
    assert rota.get("now")["items"][0]["now"] is None
    (left,) = rota.get(f"schedules/{schedule}/overrides")["items"]
    assert (left["kind"], left["to_at"]) == ("left", None)
    path = f"schedules/{schedule}/overrides/{left['id']}"
    assert rota.call("DELETE", path).status_code == 404
    rota.later(days=1)
    assert "on_call_gaps" not in patch_user(rota, rota.ann, active=True)
    assert gaps(rota) == []
    assert patch_user(rota, rota.cem, roles=["on_call", "clinician"])["roles"]


def test_whoever_has_no_duty_leaves_no_gap_and_a_coming_cover_is_one(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    assert patch_user(rota, rota.ben, active=False)["on_call_gaps"] == []
    rota.override(schedule, rota.ann, MORNING + DAY, MORNING + 2 * DAY, kind="away")
    rota.override(schedule, rota.cem, MORNING + DAY, MORNING + 2 * DAY)
    (gap,) = patch_user(rota, rota.cem, active=False)["on_call_gaps"]
    assert gap["from_at"] == "2026-06-02T08:00:00Z"


def test_now_and_next(rota: Rota) -> None:
    nights = rota.schedule(rota.ann, rota.ben)
    days = rota.schedule(name="Days")
    shown = rota.get("now", at=stamp(MORNING + DAY / 2))
    assert shown["at"] == "2026-06-01T20:00:00Z"
    first, second = shown["items"]
    assert (first["schedule_id"], first["now"]["name"], first["next"]["name"]) == (
        nights,
        "Ann Quagga",
        "Ben Quagga",
    )
    assert (first["now"]["to_at"], first["next"]["to_at"]) == (
        "2026-06-02T08:00:00Z",
        "2026-06-03T08:00:00Z",
    )
    assert (second["schedule_id"], second["now"], second["next"]) == (days, None, None)


def test_gaps_come_in_pages(rota: Rota) -> None:
    rota.schedule(rota.ann, rota.ben)
    patch_user(rota, rota.ann, active=False)
    whole = rota.get("coverage")["items"]
    assert len(whole) == 14
    first = rota.get("coverage", limit="9")
    then = rota.get("coverage", limit="9", cursor=first["next_cursor"])
    assert first["items"] + then["items"] == whole


def test_a_reason_is_kept_encrypted(rota: Rota) -> None:
    schedule = rota.schedule(rota.ann)
    rota.override(schedule, rota.ben, MORNING, MORNING + DAY, reason="a broken leg")
    (row,) = rows(rota.admin, "SELECT reason FROM on_call_overrides")
    assert b"broken" not in bytes(row["reason"])

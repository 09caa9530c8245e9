"""A check-in's session is worked out when it is read: late entries, corrections, any order."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.builders.calls import made
from tests.builders.trends.chart import a_course
from tests.builders.ward import MORNING, Ward


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch)


def of_form(ward: Ward, form_id: str) -> Any:
    return ward.get(f"/v1/check-ins/{form_id}", ward.pat)["session"]


def test_a_later_check_in_carries_its_session_and_the_hours_since(ward: Ward) -> None:
    course = ward.course()
    assert ward.answer()["session"] is None
    first = ward.session(course, ward.now)["id"]
    assert ward.answer()["session"] == {"id": first, "hours_since": 0.0}
    ward.session(course, ward.now + timedelta(days=1))
    ward.later(hours=7, minutes=20)
    assert ward.answer("phq9-daily")["session"] == {"id": first, "hours_since": 7.33}
    early = (ward.now - timedelta(hours=8)).isoformat()
    assert ward.answer(recorded_at=early)["session"] is None
    answer = made(ward.report("nausea"))
    assert answer["session"] == {"id": first, "hours_since": 7.33}
    ward.later(days=1)
    assert ward.answer()["session"]["hours_since"] == 7.33, "the planned one has begun"


def test_the_first_answer_stays_and_reading_shows_what_is_true_now(ward: Ward) -> None:
    course, form = ward.course(), ward.form("phq9-daily")
    first = ward.post("/v1/check-ins", form, ward.pat)
    assert made(first)["session"] is None

    known = ward.session(course, MORNING - timedelta(hours=5))["id"]
    again = ward.post("/v1/check-ins", form, ward.pat)
    assert (again.status_code, again.data) == (200, first.data)
    assert of_form(ward, form["id"]) == {"id": known, "hours_since": 5.0}
    (listed,) = ward.get("/v1/check-ins", ward.pat)["items"]
    assert listed["session"] == {"id": known, "hours_since": 5.0}

    ward.change(known, started_at=(MORNING - timedelta(hours=2)).isoformat())
    assert of_form(ward, form["id"]) == {"id": known, "hours_since": 2.0}
    ward.change(known, started_at=(MORNING + timedelta(seconds=1)).isoformat())
    assert of_form(ward, form["id"]) is None
    earlier = ward.session(course, MORNING - timedelta(days=2))["id"]
    assert of_form(ward, form["id"]) == {"id": earlier, "hours_since": 48.0}
    ward.change(earlier, cancelled=True)
    assert of_form(ward, form["id"]) is None
    assert ward.post("/v1/check-ins", form, ward.pat).data == first.data
    ward.check_cache()


def test_the_trend_the_due_list_and_the_caseload_move_with_a_session(ward: Ward) -> None:
    ward.at(MORNING + timedelta(days=1))
    ward.answer("phq9-daily", 15)
    ward.at(MORNING + timedelta(days=5))
    ward.answer("phq9-daily", 5)
    bare = seen(ward)
    known = ward.session(ward.course(), MORNING + timedelta(days=3))["id"]
    with_it = seen(ward)
    assert [one["id"] for one in with_it["trend"]["sessions"]] == [known]
    assert with_it["trend"]["sessions"][0]["effect"] is None, "one day is no nadir"
    assert with_it["caseload"]["last_session"] is not None
    assert with_it["due"] != bare["due"]
    ward.change(known, cancelled=True)
    assert seen(ward)["due"] == bare["due"]
    assert seen(ward)["trend"]["series"] == bare["trend"]["series"]
    assert seen(ward)["caseload"]["last_session"] is None
    ward.change(known, cancelled=False)
    assert settled(seen(ward)) == settled(with_it)
    ward.check_cache()


def seen(ward: Ward) -> dict[str, Any]:
    """What the doors show of the patient."""
    (row,) = ward.get("/v1/patients")["items"]
    return {
        "trend": ward.trend("instrument=phq9-daily"),
        "phq9": ward.trend("instrument=phq9"),
        "due": ward.get("/v1/me/due", ward.pat),
        "forms": ward.get("/v1/check-ins", ward.pat)["items"],
        "sessions": ward.get(f"{ward.path}/sessions")["items"],
        "courses": ward.get(f"{ward.path}/courses")["items"],
        "caseload": row,
    }


OF_THE_WRITING = frozenset(
    (
        "generated_at",
        "content_hash",
        "revision",
        "version",
        "entered_at",
        "received_at",
        "opened_at",
        "triggered_at",
        "email",
    )
)


def settled(document: Any) -> Any:
    """Without what says only when and in which order it was written."""
    if isinstance(document, dict):
        return {
            name: settled(value) for name, value in document.items() if name not in OF_THE_WRITING
        }
    return [settled(one) for one in document] if isinstance(document, list) else document


Write = Callable[[Ward, str], None]
COURSE_ID = "00000000-0000-4000-8000-{:012d}"
DAY = timedelta(days=1)
# Days after the morning, the total of the day; sessions on days 4, 8 and (planned) 20.
FORMS = [(1, 16), (2, 15), (3, 17), (5, 6), (6, 7), (9, 12), (10, 4)]
SESSIONS = [4, 8, 11, 20]


def form_writes(number: int) -> list[Write]:
    """One write a day, and the last amended."""

    def send(day: int, total: int) -> Write:
        at = (MORNING + day * DAY).isoformat()
        form_id = COURSE_ID.format(number * 1000 + day)

        def write(ward: Ward, _course: str) -> None:
            ward.answer("phq9-daily", total, id=form_id, recorded_at=at)

        return write

    return [send(day, total) for day, total in FORMS]


def session_writes(number: int) -> list[list[Write]]:
    """Chains of writes that keep their own order: entered wrongly, corrected, taken back."""

    def enter(day: float, key: int) -> Write:
        body = {"id": COURSE_ID.format(number * 1000 + 500 + key)}

        def write(ward: Ward, course: str) -> None:
            ward.session(course, MORNING + day * DAY, **body)

        return write

    def change(key: int, **fields: Any) -> Write:
        session_id = COURSE_ID.format(number * 1000 + 500 + key)
        return lambda ward, _course: void(ward.change(session_id, **fields))

    right = (MORNING + 8 * DAY).isoformat()
    return [
        [enter(4, 4)],
        [enter(7.5, 8), change(8, started_at=right)],
        [enter(11, 11), change(11, cancelled=True)],
        [enter(20, 20)],
    ]


def void(_anything: object) -> None:
    """A write gives nothing back."""


def write_all(ward: Ward, number: int, order: list[int]) -> dict[str, Any]:
    """A patient of her own, written in this order; what the doors then show, without her ids."""
    ward.at(MORNING)
    ward.pat = ward.clinic.patient("Same Quagga")
    # More than 48 hours after the last form: what is entered late raises no alert of worsening.
    ward.at(MORNING + 13 * DAY)
    course = COURSE_ID.format(number * 1000 + 999)
    made(ward.post(f"{ward.path}/courses", a_course(id=course)))
    waiting = [[one] for one in form_writes(number)] + session_writes(number)
    for place in order:
        chain = waiting[place % len(waiting)]
        chain.pop(0)(ward, course)
        if not chain:
            waiting.remove(chain)
    assert waiting == []
    ward.check_cache()
    shown = seen_of(ward)
    text = json.dumps(settled(shown), sort_keys=True)
    text = text.replace(str(ward.pat.patient_id), "patient")
    for key in range(1000):
        text = text.replace(COURSE_ID.format(number * 1000 + key), f"id {key}")
    return json.loads(text)  # type: ignore[no-any-return]


def seen_of(ward: Ward) -> dict[str, Any]:
    """As `seen`, of this patient among others."""
    rows = ward.get("/v1/patients?limit=500")["items"]
    (mine,) = [row for row in rows if row["id"] == str(ward.pat.patient_id)]
    documents = ("trend?instrument=phq9-daily", "trend", "sessions", "courses")
    shown = {name: ward.get(f"{ward.path}/{name}") for name in documents}
    shown["due"] = ward.get("/v1/me/due", ward.pat)
    shown["forms"] = ward.get("/v1/check-ins", ward.pat)["items"]
    return shown | {"caseload": mine}


WRITES = len(FORMS) + 2 + len(SESSIONS)


@settings(
    max_examples=6,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(order=st.lists(st.integers(0, 10_000), min_size=WRITES, max_size=WRITES))
def test_the_order_of_entry_never_matters(ward: Ward, order: list[int]) -> None:
    number = next(NUMBERS)
    expected = EXPECTED.setdefault(id(ward), write_all(ward, number, [0] * WRITES))
    assert write_all(ward, number + 1, order) == expected


NUMBERS = iter(range(2, 10_000, 2))
EXPECTED: dict[int, dict[str, Any]] = {}

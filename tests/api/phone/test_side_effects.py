"""Side effects through HTTP: stored once, decided, answered, paged, amended, replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from services.intake.deciding import side_effects
from services.intake.replay import replay, undecided
from tests.builders.broken import broken
from tests.builders.calls import made, refused
from tests.builders.stored import newest_alert, rows
from tests.builders.ward import MORNING, Ward
from tests.builders.world import World


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch, country="US", timezone="America/New_York")


def stored(ward: Ward) -> int:
    return len(rows(ward.pat, "SELECT 1 FROM side_effect_reports"))


def rules_of(ward: Ward, entry_id: str) -> set[str]:
    """What was decided about a report, fired or not."""
    found = rows(ward.pat, "SELECT decided FROM decisions WHERE entry_id = :id", id=entry_id)
    return {one["rule"] for row in found for one in row["decided"]}


def test_the_table_of_exactly_once(ward: Ward) -> None:
    body = ward.effects(
        ("nausea", 2), "dizziness", note="quagga", vitals={"systolic": 120, "diastolic": 80}
    )
    first = ward.post("/v1/side-effects", body, ward.pat)
    ward.later(hours=5)
    ward.session(ward.course(), MORNING - timedelta(hours=2))
    same = body | {
        "id": body["id"].upper(),
        "session_id": None,
        "recorded_at": "2025-06-02T10:00:00+02:00",
    }
    again = ward.post("/v1/side-effects", same, ward.pat)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data, "what was true then"
    assert made(first)["session"] is None

    other = made(ward.post("/v1/side-effects", body | {"effects": []}, ward.pat), 409)
    assert (other["code"], other["stored"]) == ("content_conflict", made(first))
    stranger = ward.clinic.patient()
    taken = made(ward.post("/v1/side-effects", body, stranger), 409)
    assert taken["code"] == "id_taken"
    assert "stored" not in taken
    assert "quagga" not in str(taken)
    elsewhere = ward.world.clinic().patient()
    assert made(ward.post("/v1/side-effects", body, elsewhere), 409) == taken
    assert stored(ward) == 1
    now = ward.get(f"/v1/side-effects/{body['id']}", ward.pat)
    assert now["session"]["hours_since"] == 2.0
    ward.check_cache()


def test_one_report_16_times_at_once_is_one_row(ward: Ward) -> None:
    body, app = ward.effects("chest_pain"), ward.pat.app

    def send(_: int) -> Any:
        return app.test_client().post("/v1/side-effects", json=body, headers=ward.pat.headers)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(16)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 15}
    assert len({answer.data for answer in answers}) == 1
    assert stored(ward) == 1
    assert [row["first_tier"] for row in ward.occurrences("E1")] == ["critical"]


def effect(**changes: Any) -> dict[str, Any]:
    return {"effects": [{"code": "nausea", "grade": 1} | changes]}


MALFORMED: list[tuple[str, dict[str, Any], str]] = [
    ("grade 5", effect(grade=5), "effects.0.grade"),
    ("grade 0", effect(grade=0), "effects.0.grade"),
    ("grade in quotes", effect(grade="2"), "effects.0.grade"),
    ("grade with a fraction", effect(grade=2.0), "effects.0.grade"),
    ("grade true", effect(grade=True), "effects.0.grade"),
    ("grade beyond all", effect(grade=10**30), "effects.0.grade"),
    ("no grade", {"effects": [{"code": "nausea"}]}, "effects.0.grade"),
    ("unknown code", effect(code="quagga"), "effects.0.code"),
    ("NUL in the code", effect(code="nausea\x00"), "effects.0.code"),
    (
        "end before onset",
        effect(onset_at="2025-06-02T08:00:00Z", ended_at="2025-06-02T07:59:59Z"),
        "effects.0.ended_at",
    ),
    ("onset without offset", effect(onset_at="2025-06-02T08:00:00"), "effects.0.onset_at"),
    ("recorded without offset", {"recorded_at": "2025-06-02T08:00:00"}, "recorded_at"),
    ("not recorded", {"recorded_at": None}, "recorded_at"),
    ("nothing said", {"effects": []}, "effects"),
    ("half a pressure", {"vitals": {"systolic": 120}}, "vitals.diastolic"),
    ("pressure of a giraffe", {"vitals": {"systolic": 301, "diastolic": 80}}, "vitals.systolic"),
    ("another's session", {"session_id": str(uuid4())}, "session_id"),
    ("unknown field", {"colour": "blue"}, "colour"),
    ("101 effects", {"effects": [{"code": "nausea", "grade": 1}] * 101}, "effects"),
]


@pytest.mark.parametrize(("name", "changes", "field"), MALFORMED, ids=[row[0] for row in MALFORMED])
def test_what_cannot_be_read_is_named_and_not_stored(
    ward: Ward, name: str, changes: dict[str, Any], field: str
) -> None:
    errors = refused(ward.post("/v1/side-effects", ward.effects("nausea") | changes, ward.pat))
    assert list(errors) == [field], name
    assert stored(ward) == 0
    assert rows(ward.pat, "SELECT 1 FROM record_ids WHERE kind = 'side_effects'") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"recorded_at": "0001-01-01T00:00:00+14:00"},
        {"recorded_at": "9999-12-31T23:59:59-14:00"},
        effect(onset_at="0001-01-01T00:00:00+14:00", ended_at="9999-12-31T23:59:59-14:00"),
        {"timezone": "Nowhere/Land"},
        {"timezone": None},
        {"note": "😀" * 10_000},
    ],
)
def test_strange_times_and_words_are_taken(ward: Ward, changes: dict[str, Any]) -> None:
    ward.session(ward.course(), ward.now - timedelta(hours=3))
    body = ward.effects("nausea", vitals={"systolic": 185, "diastolic": 99}) | changes
    answer = made(ward.post("/v1/side-effects", body, ward.pat))
    assert {"E1", "E2", "E5", "E6", "U1", "B1"} <= rules_of(ward, answer["id"])
    ward.get(f"/v1/side-effects/{answer['id']}")
    ward.trend()
    ward.check_cache()


def test_who_may_write_and_read(ward: Ward) -> None:
    on_call, admin = ward.clinic.staff("on_call"), ward.clinic.admin
    pid = str(ward.pat.patient_id)
    staffs = ward.effects("nausea", patient_id=pid)
    answer = made(ward.post("/v1/side-effects", staffs))
    assert answer["flags"] == ["entered_by_staff"]
    assert refused(ward.post("/v1/side-effects", ward.effects("nausea"))) == {
        "patient_id": ["Staff name the patient."]
    }
    list_path, one = f"/v1/side-effects?patient_id={pid}", f"/v1/side-effects/{answer['id']}"
    for person in (on_call, admin):
        assert refused(
            ward.post("/v1/side-effects", ward.effects("nausea", patient_id=pid), person), 403
        )
    for path in (list_path, one):
        assert refused(ward.client.get(path, headers=admin.headers), 403)
    assert ward.get(list_path, on_call)["items"] == []
    assert refused(ward.client.get(one, headers=on_call.headers), 404)

    ward.report("chest_pain")
    assert len(ward.get(list_path, on_call)["items"]) == 2
    assert ward.get(one, on_call)["versions"][0]["by"] == str(ward.staff.user_id)
    rows(
        ward.pat,
        "UPDATE alerts SET status = 'resolved', resolved_at = :at, next_at = NULL RETURNING id",
        at=ward.now,
    )
    ward.later(days=7, seconds=1)
    assert ward.get(list_path, ward.clinic.staff("on_call"))["items"] == []

    made(
        ward.client.put(
            f"{ward.path}/care-team",
            json={"user_ids": [str(ward.staff.user_id)]},
            headers=ward.staff.headers,
        ),
        200,
    )
    outside, stranger = ward.clinic.staff(), ward.clinic.patient()
    far = World(ward.pat.app, ward.now).clinic().staff()
    for person in (outside, stranger, far):
        assert ward.get(list_path, person)["items"] == []
        assert refused(ward.client.get(one, headers=person.headers), 404)
        amend = {"id": str(uuid4()), "effects": [], "reason": "no"}
        assert refused(ward.post(f"{one}/amend", amend, person), 404)
    for person in (outside, stranger, far):
        assert refused(
            ward.post("/v1/side-effects", ward.effects("nausea", patient_id=pid), person), 404
        )


def test_the_list_is_newest_first_page_by_page(ward: Ward) -> None:
    sent = []
    for hours in (3, 1, 2, 1):
        at = (ward.now - timedelta(hours=hours)).isoformat()
        sent.append((at, str(made(ward.report("nausea", recorded_at=at))["id"])))
    expected = [each for _, each in sorted(sent, reverse=True)]
    page = ward.get("/v1/side-effects?limit=3", ward.pat)
    rest = ward.get(f"/v1/side-effects?limit=3&cursor={page['next_cursor']}", ward.pat)
    assert [one["id"] for one in page["items"] + rest["items"]] == expected
    assert rest["next_cursor"] is None
    assert refused(ward.client.get("/v1/side-effects?cursor=x", headers=ward.pat.headers))


def test_a_discharged_patient_is_accepted_in_an_emergency_only(ward: Ward) -> None:
    made(ward.patch(ward.path, {"status": "discharged"}), 200)
    problem = made(ward.report(("nausea", 2)), 403)
    assert problem["code"] == "not_followed"
    assert stored(ward) == 0
    answer = made(ward.report("chest_pain"))
    assert answer["safety"]["level"] == "crisis"
    assert answer["safety"]["resources"][0]["phone"] == "911"
    assert "no longer reads" in answer["safety"]["monitoring"]
    assert ward.alerts() == [("e1", "critical")]
    assert stored(ward) == 1
    again = amend(ward, answer["id"], "chest_pain")
    assert again["safety"]["level"] == "crisis", "the same emergency is taken, and answered, again"
    assert len(ward.occurrences("E1")) == 1
    body = {"id": str(uuid4()), "effects": [], "reason": "better"}
    assert made(ward.post(f"/v1/side-effects/{answer['id']}/amend", body, ward.pat), 403)


@pytest.mark.parametrize(
    ("country", "number"), [("US", "911"), ("IN", "112"), ("AU", "000"), ("GB", "999")]
)
def test_the_card_names_the_emergency_number_of_the_country(
    app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch, country: str, number: str
) -> None:
    ward = Ward(app, monkeypatch, country=country)
    safety = made(ward.report(("nausea", 4)))["safety"]
    assert safety["level"] == "crisis"
    assert number in safety["message"]
    assert number in safety["resources"][0]["phone"]


def amend(ward: Ward, report_id: str, *effects: Any, **more: Any) -> dict[str, Any]:
    whole = ward.effects(*effects)["effects"]
    body = {"id": str(uuid4()), "effects": whole, "reason": "looked again", **more}
    return made(ward.post(f"/v1/side-effects/{report_id}/amend", body, ward.pat))


def test_an_amendment_pages_what_is_new_in_it(ward: Ward) -> None:
    answer = made(ward.report("chest_pain"))
    same = amend(ward, answer["id"], "chest_pain", ("nausea", 1))
    assert ward.decided(same["id"], "E1")[0]["inputs"]["held"] == "earlier_version"
    assert len(ward.occurrences("E1")) == 1
    assert same["safety"] is not None, "who says it again is told again"
    more = amend(ward, same["id"], "chest_pain", "seizure")
    assert more["safety"]["level"] == "crisis"
    assert len(ward.occurrences("E1")) == 2
    ward.later(minutes=1)
    body = {"id": str(uuid4()), "effects": [], "reason": "by mistake"}
    path = f"/v1/side-effects/{answer['id']}/amend"
    void = ward.post(path, body, ward.pat)
    assert made(void)["effects"] == []
    again = ward.post(path, body, ward.pat)
    assert (again.status_code, again.data) == (200, void.data)
    conflict = made(ward.post(path, body | {"reason": "else"}, ward.pat), 409)
    assert conflict["code"] == "content_conflict"
    for version in (answer["id"], more["id"], body["id"]):
        shown = ward.get(f"/v1/side-effects/{version}", ward.pat)
        assert shown["effects"] == []
        assert shown["safety"] is None
        assert [one["reason"] for one in shown["versions"]] == [
            None,
            "looked again",
            "looked again",
            "by mistake",
        ]
        assert [one["id"] for one in shown["versions"]][-1] == body["id"]
    assert len(ward.get("/v1/side-effects", ward.pat)["items"]) == 1
    assert ward.alerts() == [("e1", "critical")], "an alert ends by a person only"
    assert refused(
        ward.post(
            path, body | {"id": str(uuid4()), "effects": [{"code": "nausea", "grade": 9}]}, ward.pat
        )
    )
    ward.check_cache()


@pytest.mark.parametrize(
    ("effects", "news"),
    [
        ([("chest_pain", 2), ("nausea", 1)], False),
        ([("chest_pain", 1), "seizure"], False),
        (["seizure"], False),
        ([("chest_pain", 3), "seizure"], True),
        ([("chest_pain", 2), ("seizure", 4)], True),
        ([("chest_pain", 2), "fainting"], True),
    ],
)
def test_an_emergency_is_news_when_an_amendment_names_another_or_a_graver_one(
    ward: Ward, effects: list[Any], news: bool
) -> None:
    answer = made(ward.report(("chest_pain", 2), "seizure"))
    changed = amend(ward, answer["id"], *effects)
    assert changed["safety"]["level"] == "crisis"
    assert len(ward.occurrences("E1")) == 1 + news


def test_an_amended_pressure_speaks_only_once(ward: Ward) -> None:
    made(ward.report(vitals={"systolic": 190, "diastolic": 100}))
    ward.later(minutes=2)
    answer = made(ward.report("nausea"))
    amend(ward, answer["id"], "nausea", vitals={"systolic": 190, "diastolic": 100})
    assert ward.alerts() == [("e2", "high")]
    amend(ward, answer["id"], "nausea", vitals={"systolic": 191, "diastolic": 100})
    assert len(ward.occurrences("E2")) == 1


def test_rules_that_raise_never_silence_an_emergency(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(side_effects, "effects_decisions", broken)
        answer = made(ward.report("chest_pain"))
        assert answer["safety"]["level"] == "crisis"
        assert ward.alerts() == [("e1", "critical")]
        harmless = made(ward.report(("urinary_pain", 2)))
        assert harmless["safety"] is None
    (failed,) = rows(ward.pat, "SELECT family, severity FROM alerts WHERE patient_id IS NULL")
    assert tuple(failed.values()) == ("rules_failed", "medium")
    waiting = in_clinic(ward, lambda: undecided(ward.clinic.id, MORNING))
    assert {str(one.entry_id) for one in waiting} == {answer["id"], harmless["id"]}

    ward.later(hours=1)
    for entry in waiting:
        in_clinic(ward, lambda entry=entry: replay(entry, ward.now))
    assert in_clinic(ward, lambda: undecided(ward.clinic.id, MORNING)) == []
    assert ward.alerts() == [("e1", "critical"), ("u1", "medium")]
    assert len(ward.occurrences("E1")) == 1, "it was paged already"
    ward.check_cache()


def in_clinic(ward: Ward, what: Callable[[], Any]) -> Any:
    with ward.pat.app.app_context():
        return what()


def test_the_alert_shows_what_was_reported_and_in_which_session(ward: Ward) -> None:
    ward.session(ward.course(), ward.now - timedelta(hours=1))
    made(ward.report("chest_pain"))
    shown = ward.get(f"/v1/alerts/{newest_alert(ward.pat)}")
    assert (shown["family"], shown["rule"], shown["severity"]) == ("e1", "E1", "critical")
    assert shown["occurrences"][0]["rule"] == "E1"


def test_the_list_of_codes_is_for_everybody_who_is_logged_in(ward: Ward) -> None:
    for person in (ward.pat, ward.staff, ward.clinic.admin, ward.clinic.staff("on_call")):
        shown = ward.get("/v1/side-effects/codes", person)
        assert [one["grade"] for one in shown["grades"]] == [1, 2, 3, 4]
        assert shown["grades"][0]["label"].startswith("Mild: ")
        urgent = {one["code"] for one in shown["effects"] if one["emergency"]}
        assert urgent == {
            "chest_pain",
            "breathless",
            "fainting",
            "severe_headache",
            "vision_loss",
            "seizure",
        }
    assert ward.client.get("/v1/side-effects/codes").status_code == 401


def test_what_staff_enter_for_a_patient_is_recorded(ward: Ward) -> None:
    hers = {"patient_id": str(ward.pat.patient_id)}
    made(ward.report("nausea"))
    report = made(ward.report("nausea", person=ward.staff, **hers))
    made(ward.post("/v1/check-ins", ward.form() | hers))
    query = "SELECT action, object_id FROM audit_entries WHERE patient_id = :patient ORDER BY id"
    found = rows(ward.pat, query, patient=ward.pat.patient_id)[-2:]
    assert [row["action"] for row in found] == ["side_effects_written", "check_in_written"]
    assert str(found[0]["object_id"]) == report["id"]

"""A treatment day through the public doors: who may begin, what pages, who may go home."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from tests.builders.calls import made, refused
from tests.builders.ward import MORNING, Ward
from tests.builders.workers import Pager, channels_to, worker_on
from tests.fixtures.mail import MailServer

NURSE = "ward@hospital.test"


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    ward = Ward(app, monkeypatch, country="US", timezone="America/New_York")
    ward.clinic.contact(f"mailto:{NURSE}")
    return ward


@pytest.fixture
def pager(worker_app: Flask, smtp_server: MailServer, ward: Ward) -> Pager:
    worker = worker_on(worker_app, channels_to(smtp_server.receiver.port), lambda: ward.now)
    return Pager(worker, smtp_server.inbox)


@pytest.fixture
def session(ward: Ward) -> str:
    """An infusion planned for half an hour from now."""
    planned = ward.session(ward.course(), ward.now.replace(minute=30))
    return str(planned["id"])


def paged(pages: list[tuple[str, str]], *addresses: str) -> None:
    """High pages to these, and nothing about the person in them."""
    assert sorted(address for address, _ in pages) == sorted(addresses)
    for _, subject in pages:
        assert "high" in subject
        assert "quagga" not in subject


def flags(ward: Ward, session: str) -> list[str]:
    found: list[str] = ward.get(f"{ward.path}/sessions/{session}")["flags"]
    return found


def outcome_words(ward: Ward, session: str, reason: str | None = None) -> dict[str, Any]:
    return refused(ward.decide(session, "clearance", "cleared", reason=reason))


def test_nobody_is_cleared_against_the_screening(ward: Ward, session: str) -> None:
    assert flags(ward, session) == ["screening_missing"]
    ward.vitals(session, "pre")
    assert outcome_words(ward, session) == {"outcome": ["no screening on file"]}

    ward.screen("intracerebral_haemorrhage_history")
    assert flags(ward, session) == ["contraindication"]
    (words,) = outcome_words(ward, session, reason="benefit outweighs it")["outcome"]
    assert words.startswith("contraindicated: Intracerebral haemorrhage")

    ward.later(minutes=1)
    ward.screen("psychosis")
    assert list(outcome_words(ward, session)) == ["reason"]
    assert list(outcome_words(ward, session, reason="   ")) == ["reason"]
    cleared = made(ward.decide(session, "clearance", "cleared", reason="remitted for years"))
    assert cleared["found"] == ["to be weighed: Psychosis, now or in the history"]
    assert ward.get(f"{ward.path}/sessions/{session}")["clearance"] == "cleared"

    ward.check_cache()


def test_nobody_is_cleared_without_vital_signs_before_dosing(ward: Ward, session: str) -> None:
    ward.screen()
    assert outcome_words(ward, session) == {"outcome": ["no vital signs before dosing"]}
    ward.vitals(session, "pre")
    assert made(ward.decide(session, "clearance", "cleared"))["found"] == []


def test_a_later_high_pressure_takes_the_clearance_back(ward: Ward, session: str) -> None:
    ward.screen()
    ward.vitals(session, "pre")
    made(ward.decide(session, "clearance", "cleared"))
    ward.later(minutes=5)
    ward.vitals(session, "pre", systolic=150, diastolic=95)
    assert ward.get(f"{ward.path}/sessions/{session}")["clearance"] == "not_cleared"

    ward.later(minutes=5)
    made(ward.decide(session, "clearance", "cleared", reason="138/88 after ten minutes' rest"))
    assert ward.get(f"{ward.path}/sessions/{session}")["clearance"] == "cleared"


def test_the_day_from_a_high_pressure_to_the_way_home(
    ward: Ward, session: str, pager: Pager
) -> None:
    cleared_with_a_reason(ward, session, pager)
    a_crisis_after_dosing(ward, session, pager)
    home_against_the_rules(ward, session)
    ward.check_cache()


def cleared_with_a_reason(ward: Ward, session: str, pager: Pager) -> None:
    assert pager.new_pages() == []
    ward.screen()
    taken = ward.vitals(session, "pre", systolic=150, diastolic=95)
    (finding,) = taken["findings"]
    assert (finding["rule"], finding["severity"]) == ("E3", "high")
    assert "written reason" in finding["text"]
    assert ward.alerts() == [("e3", "high")]
    paged(pager.new_pages(), ward.staff.email)

    high = "pressure before dosing was 150/95 mmHg (above 140/90)"
    assert outcome_words(ward, session) == {"reason": [high]}
    ward.later(minutes=20)
    ward.vitals(session, "pre", systolic=138, diastolic=88)
    assert outcome_words(ward, session) == {"reason": [high]}, "the first reading still stands"
    cleared = made(ward.decide(session, "clearance", "cleared", reason="calmed down, 138/88"))
    assert cleared["found"] == [high]
    assert cleared["reason"] == "calmed down, 138/88"
    ward.check_cache()


def a_crisis_after_dosing(ward: Ward, session: str, pager: Pager) -> None:
    ward.later(minutes=50)  # 40 minutes after the start
    taken = ward.vitals(session, "post", systolic=183, diastolic=88, heart_rate=130, spo2=97)
    assert [one["rule"] for one in taken["findings"]] == ["E4"]
    assert taken["flags"] == ["heart_rate_high", "crisis_pressure"]
    assert ward.alerts() == [("e3", "high"), ("e4", "high")]
    # Nobody took the first one within five minutes.
    paged(pager.new_pages(), ward.staff.email, NURSE)

    ward.later(minutes=5)
    taken = ward.vitals(session, "post", systolic=185, diastolic=125)
    assert [one["rule"] for one in taken["findings"]] == ["E2", "E4"]
    assert ward.alerts()[-1] == ("e2", "high")
    ward.later(minutes=1)
    answer = made(ward.report("chest_pain"))
    assert answer["safety"]["level"] == "crisis"
    assert "911" in answer["safety"]["message"]
    assert answer["safety"]["resources"][0]["phone"] == "911"
    assert dict(ward.alerts()) == {
        "e3": "high",
        "e4": "high",
        "e2": "critical",
        "e1": "critical",
    }
    assert [subject for _, subject in pager.new_pages() if "critical" in subject]
    ward.check_cache()


def home_against_the_rules(ward: Ward, session: str) -> None:
    words = refused(ward.decide(session, "discharge", "discharged"))
    assert words["outcome"] == ["no vital signs at discharge"]
    assert "the driving restriction is not acknowledged" in words["reason"]
    assert "the systolic pressure rose too far after dosing" in words["reason"]
    assert any("120 minutes" in word for word in words["reason"])

    ward.later(hours=2)
    ward.vitals(session, "discharge", sedation=5)
    words = refused(ward.decide(session, "discharge", "discharged"))
    assert list(words) == ["reason"]
    gone = made(ward.decide(session, "discharge", "discharged", reason="cardiologist saw her"))
    assert sorted(gone["found"]) == sorted(words["reason"])
    assert ("e6", "low") in ward.alerts()
    shown = ward.get(f"{ward.path}/sessions/{session}")
    assert (shown["clearance"], shown["discharge"]) == ("cleared", "discharged")
    assert "not_cleared" not in shown["flags"]
    ward.check_cache()

    ward.later(hours=3)
    drove = made(ward.report("drove_within_restriction"))
    assert drove["safety"] is None
    assert ("e6", "medium") in ward.alerts()
    assert [str(row["first_tier"]) for row in ward.occurrences("E6")] == ["low", "medium"]
    ward.check_cache()


def test_a_quiet_day_needs_no_reason_and_opens_nothing(
    ward: Ward, session: str, pager: Pager
) -> None:
    ward.screen()
    ward.vitals(session, "pre")
    made(ward.decide(session, "clearance", "cleared"))
    ward.later(minutes=70)
    ward.vitals(session, "post", systolic=135, diastolic=85, sedation=4, dissociation=12)
    ward.later(minutes=90)
    ward.vitals(session, "discharge", sedation=5, spo2=98)
    assert refused(ward.decide(session, "discharge", "discharged")) == {
        "reason": ["the driving restriction is not acknowledged"]
    }
    made(ward.decide(session, "driving_restriction", "acknowledged"))
    gone = made(ward.decide(session, "discharge", "discharged"))
    assert gone["found"] == []
    assert ward.alerts() == []
    assert pager.new_pages() == []
    asked = ward.get(f"{ward.path}/sessions/{session}/decisions")["items"]
    kinds = [one["kind"] for one in asked]
    assert sorted(kinds) == ["clearance", "discharge", "driving_restriction"]
    ward.check_cache()


def test_a_single_crisis_reading_pages_nobody_and_a_second_one_does(
    ward: Ward, session: str, pager: Pager
) -> None:
    ward.later(minutes=75)
    first = ward.vitals(session, "during", systolic=185, diastolic=125)
    assert (first["findings"], first["flags"]) == ([], ["crisis_pressure"])
    ward.later(seconds=59)
    assert ward.vitals(session, "during", systolic=185, diastolic=125)["findings"] == []
    ward.later(seconds=1)
    third = ward.vitals(session, "during", systolic=179, diastolic=120)
    assert [(one["rule"], one["severity"]) for one in third["findings"]] == [("E2", "high")]
    paged(pager.new_pages(), ward.staff.email, NURSE)
    assert ward.get(f"{ward.path}/sessions/{session}/vitals")["items"][0] == third


def test_a_session_that_was_entered_afterwards_says_what_was_missing(ward: Ward) -> None:
    course = ward.course(product="esketamine")
    late = ward.session(course, MORNING - timedelta(days=10), supervision="unsupervised")
    expected = ["entered_late", "not_cleared", "product_differs", "screening_missing"]
    assert late["flags"] == [*expected, "unsupervised"]
    assert ward.alerts() == [], "a flag is no alert"
    cancelled = ward.change(late["id"], cancelled=True)
    assert (cancelled["flags"], cancelled["number"]) == ([], None)
    assert cancelled["driving_restriction_until"] is None
    errors = refused(ward.post(f"{ward.path}/sessions/{late['id']}/vitals", ward.set_of("pre")))
    assert errors == {"session_id": ["This session was cancelled."]}
    ward.check_cache()


def test_a_screening_that_has_expired_clears_nobody(ward: Ward) -> None:
    ward.screen(expires_on="2025-06-03")
    course = ward.course()
    for days, words in ((1, None), (2, "the screening expired after 2025-06-03")):
        ward.at(MORNING + timedelta(days=days))
        session = str(ward.session(course, ward.now)["id"])
        ward.vitals(session, "pre")
        if words is None:
            made(ward.decide(session, "clearance", "cleared"))
            continue
        assert flags(ward, session) == ["not_cleared", "screening_expired"]
        assert outcome_words(ward, session, reason="well known") == {"outcome": [words]}


def test_a_decision_is_stored_once(ward: Ward, session: str) -> None:
    wrong = ward.decide(session, "clearance", "discharged")
    assert refused(wrong) == {"outcome": ["Must be one of: cleared, not_cleared."]}
    ward.vitals(session, "discharge")
    body = {"id": str(uuid4()), "reason": "has to catch a train"}
    first, again = (ward.decide(session, "discharge", "discharged", **body) for _ in "12")
    assert (first.status_code, again.status_code, first.data) == (201, 200, again.data)
    assert len(ward.occurrences("E6")) == 1
    other = ward.decide(session, "discharge", "kept", **body)
    assert made(other, 409)["stored"] == made(first)
    server_made = made(ward.decide(session, "discharge", "kept"))["id"]
    taken = ward.decide(session, "discharge", "kept", id=server_made)
    assert refused(taken, 409) == {"code": "id_taken"}
    ward.change(session, cancelled=True)
    late = ward.decide(session, "clearance", "not_cleared")
    assert refused(late) == {"session_id": ["This session was cancelled."]}
    assert ward.decide(session, "discharge", "discharged", **body).data == first.data

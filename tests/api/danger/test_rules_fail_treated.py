"""A fault in anything about a treatment costs the patient neither her answer nor her alert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from services.intake.replay import replay, undecided
from tests.builders.broken import broken
from tests.builders.calls import made
from tests.builders.trends.chart import spread
from tests.builders.ward import MORNING, Ward

DANGER = spread("phq9", 24) | {"q9": 2}


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    ward = Ward(app, monkeypatch)
    ward.answer("phq9", 18)
    course = ward.course()
    ward.session(course, MORNING + timedelta(hours=1))
    ward.session(course, MORNING + timedelta(days=6))
    ward.at(MORNING + timedelta(days=2))
    return ward


def check_in(ward: Ward) -> Any:
    return ward.post("/v1/check-ins", ward.form("phq9-daily", answers=DANGER), ward.pat)


def amendment(ward: Ward) -> Any:
    form = ward.answer("phq9-daily", 3)["id"]
    body = {"id": str(uuid4()), "answers": DANGER, "reason": "a slip"}
    return ward.post(f"/v1/check-ins/{form}/amend", body, ward.pat)


def help_request(ward: Ward) -> Any:
    body = {"id": str(uuid4()), "recorded_at": ward.now.isoformat()}
    return ward.post("/v1/help-requests", body, ward.pat)


def emergency(ward: Ward) -> Any:
    return ward.report("chest_pain", ("nausea", 3), session_id=str(uuid4()))


FAULTS = [
    "services.intake.deciding.known.read_treatment",
    "services.patients.history.treatments.in_order",
    "services.rules.courses.Treatment.until",
    "services.intake.deciding.series.find_zone",
    "services.rules.figures.baseline.baseline_anchor",
    "services.rules.decide.check_in.last_window",
    "services.intake.deciding.series.entries_of_json",
    "services.intake.deciding.series.load_alert_history",
    "services.intake.deciding.side_effects.rule_report",
    "services.intake.deciding.side_effects.history_on",
    "services.intake.deciding.side_effects.EpisodeQuery.pressures_found",
    "services.rules.side_effects.report.ReportedEffect.is_emergency",
    "services.rules.decide.side_effects.e2",
    "services.intake.versions.session_before",
    "services.intake.versions.hours_since",
    "services.intake.storing.store.medical_advice",
    "services.intake.storing.store.medical_card",
]
SENT = {
    "suicide_risk": [check_in, amendment, help_request],
    "e1": [emergency],
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("family", "send"), [(family, send) for family, sent in SENT.items() for send in sent]
)
def test_danger_is_stored_and_pages_whatever_raises(
    ward: Ward,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    family: str,
    send: Callable[[Ward], Any],
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(fault, broken)
        answer = made(send(ward))
    assert answer["safety"]["level"] == "crisis"
    assert (family, "critical") in ward.alerts()
    replay_all(ward)
    ward.check_cache()


def replay_all(ward: Ward) -> int:
    """Decide again whatever waits for it; afterwards nothing does."""
    with ward.pat.app.app_context():
        found = undecided(ward.clinic.id, MORNING)
        for entry in found:
            replay(entry, ward.now)
        assert undecided(ward.clinic.id, MORNING) == []
    return len(found)


def test_replay_finds_what_an_unreadable_treatment_hid(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("services.intake.deciding.known.read_treatment", broken)
        made(ward.report(("dizziness", 2)))
        assert ward.alerts() == []
        with ward.pat.app.app_context():
            (entry,) = undecided(ward.clinic.id, MORNING)
            with pytest.raises(RuntimeError):
                replay(entry, ward.now)
    assert replay_all(ward) == 1
    assert ward.alerts() == [("e5", "high")]


def test_an_emergency_does_not_hide_the_words_of_its_note_from_the_replay(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("services.rules.danger.triage.triage", broken)
        made(ward.report("chest_pain", ("nausea", 3), note="I want to kill myself"))
    assert ward.alerts() == [("e1", "critical"), ("e5", "high")]
    assert replay_all(ward) == 1
    assert sorted(ward.alerts()) == [
        ("e1", "critical"),
        ("e5", "high"),
        ("suicide_risk", "medium"),
    ]
    assert [len(ward.occurrences(rule)) for rule in ("E1", "E5")] == [1, 1], "said once"


def test_blood_in_the_urine_does_not_hide_the_words_of_its_note_from_the_replay(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    blood = dict.fromkeys(("q1", "q2", "q3", "q4"), 0) | {"q5": 1}
    form = ward.form("urinary", 0, answers=blood, note="I want to kill myself")
    with monkeypatch.context() as patch:
        patch.setattr("services.rules.danger.triage.triage", broken)
        made(ward.post("/v1/check-ins", form, ward.pat))
    assert ward.alerts() == [("u1", "high")]
    assert replay_all(ward) == 1
    assert sorted(ward.alerts()) == [("suicide_risk", "medium"), ("u1", "high")]
    assert len(ward.occurrences("U1")) == 1, "said once"

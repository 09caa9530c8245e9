"""What an answer sets off: tiers, cards, re-tiering, notes, worsening, and decisions kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from services.intake.check_in import record_check_in
from services.intake.forms import CheckInForm
from services.intake.replay import replay, undecided
from services.rules.danger import triage
from services.rules.danger.numbers import RULES_VERSION
from tests.builders.broken import broken
from tests.builders.calls import post
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person

TIERS: list[tuple[str, dict[str, Any], str | None, str | None]] = [
    ("item 9 of 3", phq9(item9=3), "critical", "crisis"),
    ("item 9 of 2", phq9(item9=2), "critical", "crisis"),
    ("item 9 of 1", phq9(item9=1), "high", "support"),
    ("item 9 of 1 on a total of 1", phq9(item9=1, others=0), "high", "support"),
    ("item 9 of 1 on a partial form", phq9(answers={"q9": 1}), "high", "support"),
    ("item 9 of 0", phq9(item9=0), None, None),
    ("item 9 declined", phq9(item9="declined"), "medium", "support"),
    ("item 9 left out", phq9(item9=None), "medium", "support"),
    (
        "the daily form counts the same",
        phq9(item9=2, instrument="phq9-daily"),
        "critical",
        "crisis",
    ),
    ("a note with crisis terms", phq9(note="I want to kill myself"), "medium", "support"),
    ("a note of an attempt", phq9(note="I tried to hang myself"), "high", "support"),
    ("a note that denies a thought", phq9(note="no suicidal thoughts"), None, None),
    ("such a note beside a 1", phq9(item9=1, note="I want to die"), "high", "support"),
    ("C-SSRS intent", cssrs("q1", "q2", "q4"), "critical", "crisis"),
    ("C-SSRS method", cssrs("q1", "q2", "q3"), "high", "support"),
    ("C-SSRS wish", cssrs("q1"), "medium", "support"),
    ("C-SSRS none", cssrs(), None, None),
    (
        "C-SSRS unfinished",
        phq9(instrument="cssrs-screener", answers={"q1": 0, "q2": 1}),
        "high",
        "support",
    ),
]


@pytest.mark.parametrize(("name", "body", "tier", "card"), TIERS, ids=[row[0] for row in TIERS])
def test_each_answer_has_its_tier_and_card(
    client: FlaskClient,
    clinic: ClinicWorld,
    name: str,
    body: dict[str, Any],
    tier: str | None,
    card: str | None,
) -> None:
    pat = clinic.patient()
    answer = post(client, pat, body | {"id": str(uuid4())})
    assert answer.json is not None
    safety = answer.json["safety"]
    assert (safety and safety["level"]) == card
    assert [alert["severity"] for alert in alerts(pat)] == ([tier] if tier else []), name
    paged = rows(pat, "SELECT 1 FROM notifications WHERE kind = 'page'")
    assert len(paged) == (1 if tier in ("critical", "high") else 0)
    (decision,) = rows(pat, "SELECT * FROM decisions")
    assert decision["tier"] == tier
    assert decision["rule_version"] == RULES_VERSION
    assert {row["rule"] for row in decision["decided"]} >= triage.CONDITIONS.keys()


def test_the_card_names_clinic_country_and_hours(client: FlaskClient, clinic: ClinicWorld) -> None:
    answer = post(client, clinic.patient(), phq9(item9=3))
    assert answer.json is not None
    safety = answer.json["safety"]
    assert safety["next_instrument"] == "cssrs-screener"
    assert any(resource.get("phone") for resource in safety["resources"])
    assert "safe" not in str(safety).lower()


def test_a_complete_cssrs_lowers_what_came_before(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    post(client, pat, phq9(item9=3, recorded_at=ago(minutes=9)))
    assert [alert["severity"] for alert in alerts(pat)] == ["critical"]
    post(client, pat, cssrs(recorded_at=ago(minutes=5)))
    (alert,) = alerts(pat)
    assert (alert["severity"], alert["status"]) == ("high", "triggered")
    (occurrence,) = rows(pat, "SELECT first_tier, tier FROM alert_occurrences")
    assert dict(occurrence) == {"first_tier": "critical", "tier": "high"}
    (state,) = rows(pat, "SELECT ladder_severity, page_severity FROM alerts")
    assert dict(state) == {"ladder_severity": "critical", "page_severity": "critical"}
    post(client, pat, phq9(item9=2))
    assert [alert["severity"] for alert in alerts(pat)] == ["critical"], "raising is at once"


def test_a_late_or_staff_cssrs_lowers_nothing(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    post(client, pat, phq9(item9=2, recorded_at=ago(minutes=9)))
    post(client, pat, cssrs(recorded_at=ago(days=3)))
    post(client, clinic.staff("clinician"), cssrs(patient_id=str(pat.patient_id)))
    assert [alert["severity"] for alert in alerts(pat)] == ["critical"]


def test_a_good_answer_never_closes_an_alert(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    post(client, pat, phq9(item9=1))
    post(client, pat, phq9(item9=0, others=0))
    (alert,) = alerts(pat)
    assert (alert["status"], alert["severity"]) == ("triggered", "high")


def test_unknown_item_9_after_risk_is_high(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    post(client, pat, phq9(item9=1, recorded_at=ago(days=13)))
    post(client, pat, phq9(item9="declined"))
    found = rows(pat, "SELECT rule, tier FROM alert_occurrences ORDER BY received_at")
    assert [tuple(row.values()) for row in found] == [("S2", "high"), ("S6a", "high")]


def test_reliable_worsening_goes_to_the_morning_mail(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    for days, others in ((40, 1), (26, 1), (12, 1)):
        _past(pat, days, others)
    post(client, pat, phq9(others=2, answers={f"q{i}": 2 for i in range(1, 9)} | {"q9": 0}))
    assert alerts(pat) == [], "one reading up 8 is not yet a sign"
    post(client, pat, phq9(answers={f"q{i}": 2 for i in range(1, 9)} | {"q9": 0}))
    assert alerts(pat) == [], "nor are two on one day"
    pat2 = clinic.patient()
    for days, others in ((40, 1), (26, 1), (12, 1)):
        _past(pat2, days, others)
    post(client, pat2, phq9(answers={f"q{i}": 3 for i in range(1, 9)} | {"q9": 0}))
    (alert,) = alerts(pat2)
    assert (alert["family"], alert["severity"]) == ("m1", "high"), "24 points"
    assert len(rows(pat2, "SELECT 1 FROM notifications WHERE kind = 'page'")) == 1


def _past(pat: Person, days: int, others: int) -> None:
    """An answer that came in on time, so many days ago."""
    at = datetime.now(UTC) - timedelta(days=days)
    answers = {f"q{item}": others for item in range(1, 9)} | {"q9": 0}
    with pat.app.app_context():
        record_check_in(
            pat.actor, CheckInForm(uuid4(), "phq9", answers, at, "Europe/Paris"), None, at
        )


def test_rules_that_raise_lose_nothing_and_are_replayed(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat, other = clinic.patient(), clinic.patient()

    with monkeypatch.context() as patch:
        patch.setattr(triage, "triage", broken)
        risky = post(client, pat, phq9(item9=2))
        assert risky.json is not None
        assert risky.json["safety"]["level"] == "crisis"
        for _ in range(3):
            assert post(client, other, phq9(item9=0)).status_code == 201
        assert post(client, other, phq9(item9="declined")).status_code == 201
    assert [alert["severity"] for alert in alerts(pat)] == ["critical"]
    assert alerts(other) == []
    (failed,) = rows(pat, "SELECT * FROM alerts WHERE family = 'rules_failed'")
    assert (failed["severity"], failed["occurrence_count"]) == ("medium", 4)
    with pat.app.app_context():
        found = undecided(clinic.id, datetime.now(UTC) - timedelta(hours=1))
        assert len(found) == 5
        for entry in found:
            replay(entry, datetime.now(UTC))
        assert undecided(clinic.id, datetime.now(UTC) - timedelta(hours=1)) == []
    assert [alert["severity"] for alert in alerts(other)] == ["medium"], "the declined item 9"
    assert [alert["occurrence_count"] for alert in alerts(pat)] == [1]
    scored = rows(pat, "SELECT total FROM check_ins ORDER BY received_at")
    assert [row["total"] for row in scored] == [10, 8, 8, 8, None]
    assert all(
        rows(pat, "SELECT replayed_at FROM rules_failures")[n]["replayed_at"] for n in range(4)
    )

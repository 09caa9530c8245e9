"""Rules that raise: what the fallback keeps safe around the answer itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from services.intake.replay import replay, undecided
from services.rules.danger import triage
from tests.builders.broken import broken
from tests.builders.calls import post
from tests.builders.entries import cssrs, phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person


def give_plan(client: FlaskClient, clinic: ClinicWorld, pat: Person) -> None:
    """A standing plan in force since an hour, as the resolve of an alert leaves it."""
    form = phq9(item9=1)
    post(client, pat, form)
    rows(
        pat,
        "UPDATE alerts SET status = 'resolved', resolved_at = now(), next_at = NULL RETURNING id",
    )
    since = datetime.now(UTC) - timedelta(hours=1)
    with_reason = rows(pat, "SELECT first_answer FROM record_ids LIMIT 1")[0]["first_answer"]
    rows(
        pat,
        "INSERT INTO standing_plans (clinic_id, id, patient_id, alert_id, check_in_id, set_by,"
        " set_at, until_at, reason) SELECT :clinic, :id, :patient, id, :form, :by, :since, :until,"
        " :reason FROM alerts RETURNING id",
        clinic=clinic.id,
        id=uuid4(),
        patient=pat.patient_id,
        form=form["id"],
        by=clinic.admin.user_id,
        since=since,
        until=since + timedelta(days=9),
        reason=with_reason,
    )


ENDINGS: list[tuple[str, dict[str, Any], str | None]] = [
    ("item 9 of 2", {"item9": 2}, "item9_critical"),
    ("item 9 of 1", {"item9": 1}, None),
    ("item 9 of 0", {"item9": 0}, None),
    ("item 9 declined", {"item9": "declined"}, "item9_unknown"),
    ("another form", {"instrument": "gad7", "answers": {"q1": 3}}, None),
    ("C-SSRS method", cssrs("q1", "q2", "q3"), "cssrs_above_low"),
    ("C-SSRS unfinished", cssrs() | {"answers": {"q1": 0}}, "cssrs_above_low"),
    ("C-SSRS none", cssrs(), None),
]


@pytest.mark.parametrize(("name", "body", "reason"), ENDINGS, ids=[row[0] for row in ENDINGS])
def test_a_standing_plan_ends_without_the_rules_too(
    client: FlaskClient,
    clinic: ClinicWorld,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    body: dict[str, Any],
    reason: str | None,
) -> None:
    pat = clinic.patient()
    give_plan(client, clinic, pat)
    monkeypatch.setattr(triage, "triage", broken)
    sent = phq9(**body) if "id" not in body else body | {"id": str(uuid4())}
    assert post(client, pat, sent).status_code == 201
    (plan,) = rows(pat, "SELECT ended_because FROM standing_plans")
    assert plan["ended_because"] == reason, name


def test_a_help_request_ends_the_plan_without_the_rules_too(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat = clinic.patient()
    give_plan(client, clinic, pat)
    monkeypatch.setattr(triage, "triage", broken)
    asked = {"id": str(uuid4()), "recorded_at": datetime.now(UTC).isoformat()}
    assert post(client, pat, asked, "/v1/help-requests").status_code == 201
    (plan,) = rows(pat, "SELECT ended_because FROM standing_plans")
    assert plan["ended_because"] == "help_request"


def test_an_amendment_keeps_the_highest_item_9_without_the_rules_too(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triage, "triage", broken)
    pat = clinic.patient()
    form = phq9(item9=3)
    post(client, pat, form)
    change = {"id": str(uuid4()), "answers": {"q9": 0}, "reason": "slip"}
    assert post(client, pat, change, f"/v1/check-ins/{form['id']}/amend").status_code == 201
    found = rows(pat, "SELECT q9, q9_highest FROM check_ins ORDER BY version")
    assert [tuple(row.values()) for row in found] == [(3, 3), (0, 3)]
    (status,) = rows(pat, "SELECT last_item9 FROM patient_status WHERE last_item9 IS NOT NULL")
    assert status["last_item9"] == 3


@pytest.mark.parametrize("staffed", ["[]", '["nonsense"]', '[{"days": ["x"], "from": "25:00"}]'])
def test_settings_that_cannot_be_read_cost_no_card(
    client: FlaskClient, clinic: ClinicWorld, staffed: str
) -> None:
    pat = clinic.patient()
    rows(pat, "UPDATE clinics SET staffed = CAST(:staffed AS jsonb) RETURNING id", staffed=staffed)
    answer = post(client, pat, phq9(item9=3))
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["safety"]["level"] == "crisis"
    assert [alert["severity"] for alert in alerts(pat)] == ["critical"]


@pytest.mark.parametrize(
    "ladder", ["null", "[]", '{"critical": 5}', '{"critical": {"next_after_s": "soon"}}']
)
def test_a_ladder_that_cannot_be_read_costs_neither_page_nor_reading(
    client: FlaskClient, clinic: ClinicWorld, ladder: str
) -> None:
    pat = clinic.patient()
    rows(pat, "UPDATE clinics SET ladder = CAST(:ladder AS jsonb) RETURNING id", ladder=ladder)
    assert post(client, pat, phq9(item9=3)).status_code == 201
    assert [alert["severity"] for alert in alerts(pat)] == ["critical"]
    assert client.get("/v1/check-ins", headers=pat.headers).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        "services.rules.danger.triage.triage",
        "services.rules.danger.triage.card_level",
        "services.intake.storing.store.card",
        "services.intake.storing.store.next_instrument",
    ],
)
@pytest.mark.parametrize(("item9", "tier"), [(1, "high"), (2, "critical")])
def test_danger_in_a_refused_request_pages_without_the_rules_too(
    client: FlaskClient,
    clinic: ClinicWorld,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    item9: int,
    tier: str,
) -> None:
    pat = clinic.patient()
    with monkeypatch.context() as patch:
        patch.setattr(fault, broken)
        answer = post(client, pat, phq9(item9=item9) | {"unknown": 1})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["safety"]["level"] == ("crisis" if tier == "critical" else "support")
    assert "did not reach" not in answer.json["safety"]["monitoring"]
    found = [(alert["family"], alert["severity"]) for alert in alerts(pat)]
    assert found == [("unreadable_risk", tier)]
    with pat.app.app_context():
        since = datetime.now(UTC) - timedelta(hours=1)
        for entry in undecided(clinic.id, since):
            replay(entry, datetime.now(UTC))
        assert undecided(clinic.id, since) == []
    assert [alert["occurrence_count"] for alert in alerts(pat)] == [1]


def test_a_replay_ends_the_plan_that_the_rules_would_have_ended(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat = clinic.patient()
    give_plan(client, clinic, pat)
    rows(pat, "UPDATE standing_plans SET until_at = set_at + interval '1 minute' RETURNING id")
    with monkeypatch.context() as patch:
        patch.setattr(triage, "triage", broken)
        post(client, pat, phq9(item9=0))
    now = datetime.now(UTC)
    with pat.app.app_context():
        for entry in undecided(clinic.id, now - timedelta(hours=1)):
            replay(entry, now)
    (plan,) = rows(pat, "SELECT ended_because FROM standing_plans")
    assert plan["ended_because"] == "until_passed"

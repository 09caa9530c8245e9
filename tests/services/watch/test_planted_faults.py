"""Faults planted by the superuser, apart from the watcher's code: each is named within one run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.rules.escalation import lifecycle
from tests.builders.calls import made
from tests.builders.entries import cssrs
from tests.builders.paging.watched import Watched
from tests.builders.scene import Scene
from tests.builders.trends.chart import Chart

Plant = Callable[[Scene, Watched, UUID], None]


def alert_deleted(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM notification_attempts")
    for table in ("notifications", "alert_events", "alert_occurrences", "alerts"):
        watched.spoil("DELETE FROM " + table)  # noqa: S608 -- ours


def only_the_alert_deleted(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM alerts WHERE id = %s", alert_id)


def never_sent(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM notification_attempts")
    watched.spoil("DELETE FROM notifications WHERE alert_id = %s", alert_id)
    watched.spoil(
        "UPDATE alerts SET page_severity = NULL, page_round = 0, page_step = 0 WHERE id = %s",
        alert_id,
    )


def outbox_cleared(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM notification_attempts")
    watched.spoil("DELETE FROM notifications")


def newest_round_cleared(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE notifications SET page_round = 0 WHERE alert_id = %s", alert_id)


def pages_stuck(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil(
        "UPDATE notifications SET state = 'pending', sent_at = NULL, due_at = %s",
        scene.now + timedelta(days=1),
    )
    scene.later(seconds=61)
    scene.work()


def sent_too_late(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE notifications SET sent_at = created_at + interval '61 s'")


def step_overdue(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE alerts SET next_at = %s", scene.now - timedelta(seconds=61))


def stands_still(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE alerts SET next_at = NULL")


def tier_lowered(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE alerts SET severity = 'medium'")


def ladder_lowered(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE alerts SET ladder_severity = 'low'")


def stored_too_low(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE alert_occurrences SET first_tier = 'high', tier = 'high'")


def occurrence_lowered(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE alert_occurrences SET tier = 'high'")


def wrong_family(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE alerts SET family = 'm1'")


def no_worker(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM worker_heartbeats")


def worker_gone(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("UPDATE worker_heartbeats SET beat_at = now() - interval '61 s'")


def worker_ahead(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    """It died, and then the database's clock was set back."""
    watched.spoil("UPDATE worker_heartbeats SET beat_at = now() + interval '1 hour'")


def occurrence_gone(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM alert_occurrences WHERE alert_id = %s", alert_id)


def owned_for_ever(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    watched.spoil("UPDATE alerts SET ack_expires_at = ack_expires_at + interval '1 year'")


def never_wakes(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    watched.spoil("UPDATE alerts SET next_at = NULL")


def owned_too_long(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    watched.spoil("UPDATE alerts SET next_at = next_at + interval '2 hours'")
    scene.later(minutes=62)
    scene.work()


def owned_by_nobody(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    watched.spoil("UPDATE alerts SET acknowledged_by = NULL")


def resolved_by_nobody(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil(
        "UPDATE alerts SET status = 'resolved', resolved_at = triggered_at, next_at = NULL"
    )


def answer_gone(scene: Scene, watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM check_ins")


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (alert_deleted, ["answer_without_alert", "decision_without_alert"]),
        (
            only_the_alert_deleted,
            ["alert_missing", "answer_without_alert", "decision_without_alert"],
        ),
        (never_sent, ["never_paged"]),
        (outbox_cleared, ["outbox_cleared"]),
        (newest_round_cleared, ["outbox_cleared"]),
        (pages_stuck, ["not_reached"]),
        (sent_too_late, ["reached_late"]),
        (step_overdue, ["step_overdue"]),
        (stands_still, ["no_next_step"]),
        (tier_lowered, ["alert_tier_too_low"]),
        (ladder_lowered, ["alert_tier_too_low"]),
        (stored_too_low, ["answer_tier_too_low"]),
        (occurrence_lowered, ["lowered_without_reason"]),
        (wrong_family, ["answer_without_alert"]),
        (no_worker, ["no_worker_seen"]),
        (worker_gone, ["no_worker_seen"]),
        (worker_ahead, ["no_worker_seen"]),
        (
            occurrence_gone,
            ["answer_without_alert", "decision_without_alert", "occurrences_missing"],
        ),
        (owned_for_ever, ["acknowledgement_endless"]),
        (never_wakes, ["acknowledgement_endless"]),
        (owned_too_long, ["acknowledgement_endless", "acknowledgement_outlived"]),
        (owned_by_nobody, ["ended_by_nobody"]),
        (resolved_by_nobody, ["ended_by_nobody"]),
        (answer_gone, ["answer_missing"]),
    ],
)
def test_a_fault_is_named_within_one_run(
    scene: Scene, watched: Watched, plant: Plant, found: list[str]
) -> None:
    alert_id = scene.answer()
    scene.work()
    watched.keep(scene)
    assert watched.keep(scene).findings == ()
    plant(scene, watched, alert_id)
    assert watched.kinds(scene) == found


def test_a_help_request_without_an_alert_is_named(scene: Scene, watched: Watched) -> None:
    scene.ask_for_help(scene.clinic.patient())
    scene.work()
    assert watched.kinds(scene) == []
    for table in ("decisions", "alert_occurrences"):
        watched.spoil("DELETE FROM " + table)  # noqa: S608 -- ours
    assert watched.kinds(scene) == ["answer_without_alert", "occurrences_missing"]


def test_a_refused_body_without_an_alert_is_named(scene: Scene, watched: Watched) -> None:
    chart = scene.chart(scene.clinic.patient())
    form = chart.form(answers={"q9": 3}, instrument="phq9", nonsense=1)
    assert chart.post("/v1/check-ins", form, chart.pat).status_code == 422
    scene.work()
    assert watched.kinds(scene) == []
    watched.spoil("DELETE FROM alert_occurrences")
    found = ["answer_without_alert", "decision_without_alert", "occurrences_missing"]
    assert watched.kinds(scene) == found


@pytest.fixture
def planned(scene: Scene, watched: Watched) -> Chart:
    """A patient with a standing plan that spares an item 9 of 1."""
    chart = scene.chart(scene.clinic.patient())
    chart.answer(answers={**chart.form(total=1)["answers"], "q9": 1})
    chart.at(scene.now + timedelta(minutes=30))
    made(chart.post("/v1/check-ins", cssrs("q1", recorded_at=chart.now.isoformat()), chart.pat))
    chart.later(minutes=5)
    (alert,) = chart.get(f"/v1/alerts?patient_id={chart.pat.patient_id}")["items"]
    until = (chart.now + timedelta(days=7)).isoformat()
    plan = {"until": until, "reason": "stable for years"}
    ending = {"disposition": "safe_plan_made", "standing_plan": plan}
    made(chart.post(f"/v1/alerts/{alert['id']}/resolve", ending), 200)
    chart.later(hours=1)
    chart.answer(answers={**chart.form(total=1)["answers"], "q9": 1})
    scene.now = chart.now
    scene.work()
    assert watched.kinds(scene) == []
    return chart


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("until_at = set_at + interval '15 days'", ["plan_invalid"]),
        ("set_by = gen_random_uuid()", ["plan_invalid"]),
        ("check_in_id = gen_random_uuid()", ["plan_invalid"]),
        ("set_at = set_at + interval '25 hours'", ["answer_without_alert", "plan_invalid"]),
        ("ended_at = set_at + interval '1 s'", ["spared_without_plan"]),
        ("until_at = set_at + interval '1 s'", ["spared_without_plan"]),
    ],
)
def test_a_plan_that_was_tampered_with_is_named(
    scene: Scene, watched: Watched, planned: Chart, change: str, found: list[str]
) -> None:
    watched.spoil("UPDATE standing_plans SET " + change)  # noqa: S608 -- ours
    assert watched.kinds(scene) == found


@pytest.mark.parametrize("change", ['{"q4": 1}', '{"q3": null, "q2": 1}'])
def test_a_plan_upon_another_answer_than_was_given_is_named(
    scene: Scene, watched: Watched, planned: Chart, change: str
) -> None:
    watched.spoil(
        "UPDATE check_in_contents SET answers = answers || %s::jsonb"
        " WHERE check_in_id IN (SELECT check_in_id FROM standing_plans)",
        change,
    )
    assert watched.kinds(scene) == [
        "answer_without_alert",
        "lowered_without_reason",
        "plan_invalid",
    ]


def test_a_plan_that_was_revived_after_its_end_is_named(
    scene: Scene, watched: Watched, planned: Chart
) -> None:
    planned.later(minutes=1)
    planned.answer(answers={**planned.form(total=1)["answers"], "q9": "declined"})
    scene.now = planned.now
    scene.work()
    assert watched.kinds(scene) == []
    watched.spoil("UPDATE standing_plans SET ended_at = NULL, ended_because = NULL")
    assert watched.kinds(scene) == ["plan_not_ended"]
    scene.later(days=100)
    watched.keep(scene)
    watched.spoil("UPDATE watch_runs SET settled_at = %s", scene.now)
    for _ in range(5):  # a round through the past finds it for ever
        scene.later(minutes=1)
        run = watched.keep(scene, goes_on=True)
    assert "plan_not_ended" in run.row["kinds"]


def test_whoever_has_an_alert_needs_no_page_of_it(scene: Scene, watched: Watched) -> None:
    alert_id = scene.answer()
    scene.work()
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    watched.spoil("UPDATE notifications SET sent_at = NULL, state = 'failed_permanently'")
    watched.spoil("DELETE FROM alert_events")
    scene.later(seconds=61)
    scene.work()
    assert watched.kinds(scene) == []


def test_an_occurrence_of_another_time_counts_for_its_answer(
    scene: Scene, watched: Watched
) -> None:
    """As a replay writes it."""
    scene.answer()
    scene.work()
    runs = [watched.keep(scene), watched.keep(scene)]
    assert not any(run.findings for run in runs)
    watched.spoil("UPDATE watch_runs SET settled_at = %s", scene.now)
    watched.spoil("UPDATE alert_occurrences SET received_at = received_at - interval '2 days'")
    assert watched.kinds(scene) == []


def test_an_answer_that_is_to_be_decided_again_needs_no_alert_yet(
    scene: Scene, watched: Watched
) -> None:
    """Item 9 declined while the rules failed: counted, and told to the administrator."""
    scene.answer(tier="medium")
    scene.work()
    for table in ("decisions", "alert_occurrences", "alert_events", "alerts"):
        watched.spoil("DELETE FROM " + table)  # noqa: S608 -- ours
    assert watched.kinds(scene) == ["answer_without_alert"]
    watched.spoil(
        "INSERT INTO rules_failures (clinic_id, patient_id, entry_id, alert_id, rule_version,"
        " failed_at) SELECT clinic_id, patient_id, id, id, 'x', received_at FROM check_ins"
    )
    assert watched.kinds(scene) == []


def test_answers_that_nobody_decided_again_are_named_after_a_day(
    scene: Scene, watched: Watched
) -> None:
    pat, alert_id = scene.clinic.patient(), uuid4()
    with watched.superuser() as connection:
        connection.execute(
            "INSERT INTO alerts (clinic_id, id, family, rule, rule_version, severity, triggered_at,"
            " newest_occurrence_at, ladder_severity) VALUES (%s, %s, 'rules_failed',"
            " 'rules_failed', 'x', 'medium', %s, %s, 'medium')",
            (scene.clinic.id, alert_id, scene.now, scene.now),
        )
        connection.execute(
            "INSERT INTO rules_failures (clinic_id, patient_id, entry_id, alert_id, rule_version,"
            " failed_at) VALUES (%s, %s, %s, %s, 'x', %s)",
            (scene.clinic.id, pat.patient_id, uuid4(), alert_id, scene.now),
        )
    assert watched.kinds(scene) == []
    scene.later(hours=25)
    scene.work()
    assert watched.kinds(scene) == ["rules_not_replayed"]

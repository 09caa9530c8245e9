"""An alert opens, grows and is re-tiered inside the transaction of the entry that caused it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from models import Contact
from models.base import new_id
from services.alerts.chain import load_chain
from services.alerts.opening import (
    NOTHING_LOWERED,
    NewOccurrence,
    Opened,
    load_open_alert,
    lower,
    open_or_add,
)
from services.patients.status.lock import lock_patient
from services.rules.decision import Tier
from services.unit_of_work import execute_writes, transaction
from tests.builders.scene import FAMILY, Scene


def occurrence(tier: str, now: datetime) -> NewOccurrence:
    """A positive item 9 that was received now."""
    return NewOccurrence(
        new_id(), "S1", "item9", now, now, 2, None, Tier.from_word(tier), interrupts=False
    )


def add(
    scene: Scene,
    patient_id: UUID,
    tier: str = "critical",
    lowered: Mapping[UUID, Tier] = NOTHING_LOWERED,
) -> Opened:
    """A qualifying entry, as the intake writes it; it may lower the older occurrences."""
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        lock_patient(session, patient_id)
        opened = open_or_add(
            load_open_alert(session, patient_id, FAMILY, scene.now),
            [occurrence(tier, scene.now)],
            patient_id=patient_id,
            clinic_id=scene.clinic.id,
            family=FAMILY,
            rule_version="test-1",
            chain=load_chain(session, scene.clinic.id),
            now=scene.now,
            revision=1,
            lowered=lowered,
        )
        execute_writes(session, opened.writes)
        return opened


def answer(scene: Scene, patient_id: UUID, tier: str = "critical") -> UUID:
    """The alert on which such an entry stands."""
    return add(scene, patient_id, tier).alert_id


def test_a_critical_alert_stands_with_its_occurrence_timeline_and_first_page(scene: Scene):
    patient = scene.clinic.patient().patient_id
    alert_id = answer(scene, patient)
    alert = scene.alert(alert_id)
    assert (alert.severity, alert.status, alert.family) == ("critical", "triggered", FAMILY)
    assert (alert.patient_id, alert.rule, alert.occurrence_count) == (patient, "S1", 1)
    assert scene.events(alert_id) == ["triggered", "page_queued"]
    (page,) = scene.notifications()
    assert (page.kind, page.alert_id, page.page_round, page.page_step) == ("page", alert_id, 1, 1)
    assert (page.state, page.severity, page.due_at) == ("pending", "critical", scene.now)
    (open_alert,) = scene.occurrences(alert_id)
    assert (open_alert.tier, open_alert.first_tier, open_alert.item9) == ("critical", "critical", 2)


def test_a_second_answer_adds_to_the_open_alert_and_pages_again(scene: Scene):
    patient = scene.clinic.patient().patient_id
    alert_id = answer(scene, patient, "high")
    scene.later(minutes=5)
    assert answer(scene, patient, "critical") == alert_id
    alert = scene.alert(alert_id)
    assert (alert.severity, alert.occurrence_count) == ("critical", 2)
    assert alert.newest_occurrence_at == scene.now
    assert scene.pages() == [(2, 1, "pending")]  # nobody has seen the first one yet
    assert [each.severity for each in scene.notifications()] == ["critical"]
    assert scene.events(alert_id)[2:] == ["occurrence_added", "tier_raised", "page_still_unsent"]


def test_medium_and_low_queue_nothing(scene: Scene):
    answer(scene, scene.clinic.patient().patient_id, "medium")
    answer(scene, scene.clinic.patient().patient_id, "low")
    assert scene.pages() == []


def test_two_patients_have_an_alert_each(scene: Scene):
    one, two = scene.clinic.patient().patient_id, scene.clinic.patient().patient_id
    assert answer(scene, one) != answer(scene, two)


def test_a_cssrs_that_is_no_occurrence_only_lowers(scene: Scene):
    patient = scene.clinic.patient().patient_id
    alert_id = answer(scene, patient)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        open_alert = load_open_alert(session, patient, FAMILY, scene.now)
        assert open_alert is not None
        assert lower(open_alert, {}, now=scene.now) == []
        execute_writes(
            session, lower(open_alert, {open_alert.occurrences[0].id: Tier.HIGH}, now=scene.now)
        )
    alert = scene.alert(alert_id)
    assert (alert.severity, alert.ladder_severity) == ("high", "critical")
    (kept,) = scene.occurrences(alert_id)
    assert (kept.tier, kept.first_tier) == ("high", "critical")
    assert scene.events(alert_id)[-1] == "tier_lowered"
    assert scene.pages() == [(1, 1, "pending")]


def test_lowering_one_of_two_leaves_the_alert_as_high_as_the_other(scene: Scene):
    patient = scene.clinic.patient().patient_id
    alert_id = answer(scene, patient)
    answer(scene, patient)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        open_alert = load_open_alert(session, patient, FAMILY, scene.now)
        assert open_alert is not None
        execute_writes(
            session, lower(open_alert, {open_alert.occurrences[0].id: Tier.HIGH}, now=scene.now)
        )
    assert scene.alert(alert_id).severity == "critical"
    assert [each.tier for each in scene.occurrences(alert_id)] == ["high", "critical"]


def test_one_answer_may_lower_older_occurrences_and_be_one_itself(scene: Scene):
    patient = scene.clinic.patient().patient_id
    alert_id = answer(scene, patient)
    scene.work()
    scene.later(minutes=5)
    (older,) = scene.occurrences(alert_id)
    opened = add(scene, patient, "medium", {older.id: Tier.HIGH})
    assert opened.pages
    alert = scene.alert(alert_id)
    assert (alert.severity, alert.ladder_severity, alert.occurrence_count) == (
        "high",
        "critical",
        2,
    )
    assert [each.tier for each in scene.occurrences(alert_id)] == ["high", "medium"]
    assert "tier_lowered" in scene.events(alert_id)


def test_with_nobody_but_the_last_resort_it_is_paged_first_and_the_timeline_says_so(scene: Scene):
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(Contact).where(~Contact.last_resort).values(active=False))
    alert_id = answer(scene, scene.clinic.patient().patient_id)
    assert scene.events(alert_id) == ["triggered", "no_one_on_call", "page_queued"]
    assert scene.pages() == [(1, 1, "pending")]

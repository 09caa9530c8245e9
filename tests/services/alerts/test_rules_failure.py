"""When the rules raise: one counted alert a clinic and rule version, and one page to the admin."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

from sqlalchemy import select, update

from models import Contact, RulesFailure
from services.alerts.chain import load_chain
from services.alerts.rules_failure import count_rules_failure
from services.rules.escalation import lifecycle
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.fixtures.mail import MailServer


def fail(
    scene: Scene, patient_id: UUID, version: str = "s-1", entry_id: UUID | None = None
) -> UUID:
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        return count_rules_failure(
            session,
            clinic_id=scene.clinic.id,
            patient_id=patient_id,
            entry_id=entry_id or uuid4(),
            rule_version=version,
            chain=load_chain(session, scene.clinic.id),
            now=scene.now,
        )


def test_failures_are_counted_on_one_alert_and_the_last_resort_is_paged_once(
    scene: Scene, smtp_server: MailServer
):
    patient_id, entries = scene.clinic.patient().patient_id, [uuid4() for _ in range(12)]
    (alert_id,) = {fail(scene, patient_id, entry_id=entry) for entry in entries}
    alert = scene.alert(alert_id)
    assert (alert.family, alert.severity, alert.patient_id) == ("rules_failed", "medium", None)
    assert alert.occurrence_count == 12
    assert scene.events(alert_id) == ["triggered", "page_queued"]
    scene.work()
    assert [mail["X-Received-For"] for mail in smtp_server.inbox] == [scene.clinic.admin.email]
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        kept = session.scalars(select(RulesFailure.entry_id).order_by(RulesFailure.entry_id))
        assert list(kept) == sorted(entries)


def test_another_rule_version_and_another_time_are_other_alerts(scene: Scene):
    patient_id = scene.clinic.patient().patient_id
    first, other = fail(scene, patient_id), fail(scene, patient_id, "s-2")
    assert first != other
    scene.change(first, lifecycle.resolved)
    assert fail(scene, patient_id) not in (first, other)


def test_entries_of_many_patients_at_once_are_all_counted(scene: Scene):
    patients = [scene.clinic.patient().patient_id for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        (alert_id,) = set(pool.map(lambda patient: fail(scene, patient), patients * 5))
    assert scene.alert(alert_id).occurrence_count == 20
    assert len(scene.notifications()) == 1


def test_it_is_in_the_next_morning_mail_too(scene: Scene, smtp_server: MailServer):
    alert_id = fail(scene, scene.clinic.patient().patient_id)
    scene.work()
    scene.now = scene.alert(alert_id).next_at
    scene.work()
    assert len(smtp_server.inbox) == 2


def test_a_clinic_without_a_last_resort_still_counts(scene: Scene):
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(Contact).values(last_resort=False))
    alert_id = fail(scene, scene.clinic.patient().patient_id)
    assert scene.events(alert_id) == ["triggered"]
    assert scene.notifications() == []

"""No revision is used twice: a phone and a printed report mean the same write for ever."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from werkzeug.test import TestResponse

from models import PatientStatus
from services.clock import utcnow
from services.patients.revisions import REVISIONS_OF_A_NUMBERING, skip_lost_revisions
from services.unit_of_work import transaction
from tests.builders.alerts import do, open_alert
from tests.builders.calls import made, refused
from tests.builders.entries import ago
from tests.builders.phone.copy import Phone, listed, same
from tests.builders.phone.sync import check_in, sync
from tests.builders.world import ClinicWorld, Person, log_in
from tests.fixtures.databases.restored import Backup, Service


def many(count: int) -> list[dict[str, Any]]:
    return [check_in(recorded_at=ago(hours=one)) for one in range(1, count + 1)]


def printed(service: Service, staff: Person, pat: Person, cut: int | str = "") -> TestResponse:
    """The report of a patient, at a revision."""
    assert staff.actor.clinic_id is not None
    with service.app.app_context():
        reader = log_in(service.app, staff.actor.clinic_id, staff.user_id, utcnow())
    asked = f"/v1/patients/{pat.patient_id}/trend?instrument=phq9&cut={cut}"
    return service.client.get(asked.removesuffix("&cut="), headers=reader.headers)


def test_a_phone_that_read_what_is_lost_begins_anew(
    backup: Backup, service: Service, hospital: ClinicWorld
) -> None:
    pat, sent, lost = hospital.patient(), many(2), many(3)
    sync(service.client, pat, *sent)
    backup.take()
    sync(service.client, pat, *lost)
    phone = Phone(service.client, pat)
    phone.catch_up()
    with backup.restored() as restored:
        assert restored.run("restore", "finish")[0] == 0
        # Before the phone asks, more has come in than was lost.
        sync(restored.client, pat, *many(9))
        asked = f"/v1/changes?cursor={phone.cursor}"
        answer = restored.client.get(asked, headers=pat.headers)
        assert refused(answer).keys() == {"cursor"}
        again = Phone(restored.client, pat, limit=3)
        again.catch_up()
        assert same(again.copy, listed(restored.client, pat))
        assert len(again.copy) == 11
        assert again.catch_up() == []


def test_a_report_of_what_is_lost_is_of_nothing_and_the_others_stay_as_they_were(
    backup: Backup, service: Service, hospital: ClinicWorld
) -> None:
    pat, staff = hospital.patient(), hospital.staff()
    alert_id = open_alert(service.client, pat)
    seen = do(service.client, hospital.staff("on_call"), alert_id, "acknowledge")
    assert seen.status_code == 200, "a revision without an entry of its own"
    kept = made(printed(service, staff, pat), 200)
    backup.take()
    sync(service.client, pat, *many(3))
    lost = made(printed(service, staff, pat), 200)
    assert lost["data_cut"]["revision"] > kept["data_cut"]["revision"]
    with backup.restored() as restored:
        for _ in range(2):
            assert restored.run("restore", "finish")[0] == 0
        sync(restored.client, pat, *many(9))
        same_again = made(printed(restored, staff, pat, kept["data_cut"]["revision"]), 200)
        assert same_again["content_hash"] == kept["content_hash"]
        assert refused(printed(restored, staff, pat, lost["data_cut"]["revision"])).keys() == {
            "cut"
        }
        newest = made(printed(restored, staff, pat), 200)["data_cut"]["revision"]
        assert made(printed(restored, staff, pat, newest), 200)["data_cut"]["revision"] == newest
        assert newest > 2 * REVISIONS_OF_A_NUMBERING


def test_two_restores_to_one_instant_count_on_from_different_numbers(
    service: Service, hospital: ClinicWorld
) -> None:
    """The first one was to the wrong instant, and the service had been opened meanwhile."""
    hospital.patient()
    begun = []
    for timeline in (2, 3):
        with service.app.app_context(), transaction(hospital.id) as session:
            session.execute(update(PatientStatus).values(revision=57))
            for _ in range(3):
                skip_lost_revisions(session, hospital.id, timeline)
                begun += session.scalars(select(PatientStatus.revision))
    assert begun == sorted(set(begun))

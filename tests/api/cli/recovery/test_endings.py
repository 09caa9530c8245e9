"""What was ended after the instant that is restored to does not come back to life."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.http.audited import RECORDED
from services.auditing.checkpoints import SealError
from services.auditing.endings import ENDINGS, EndingEntry, keep_endings, read_endings
from services.clock import utcnow
from tests.builders.alerts import do, open_alert
from tests.builders.calls import made, post
from tests.builders.entries import ago
from tests.builders.world import ClinicWorld, Person, log_in
from tests.fixtures.databases.restored import Backup, Service


def refreshed(service: Service, token: str) -> tuple[int, Any]:
    answer = service.client.post("/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.get_json()


def token_of(person: Person) -> str:
    return str(person.tokens(utcnow())["refresh_token"])


def erase(service: Service, clinic: ClinicWorld, patient: Person) -> None:
    path = f"/v1/patients/{patient.patient_id}/erasure"
    asked = made(post(service.client, clinic.admin, {"reason": "they asked"}, path))["id"]
    second = clinic.staff("admin").headers
    made(service.client.post(f"/v1/erasures/{asked}/confirm", headers=second), 200)


def sealed(service: Service) -> str:
    """The file of endings, once all is sealed."""
    assert service.run("audit", "seal", "--once")[0] == 0
    return str(service.settings.data_dir / "audit_endings")


def test_who_was_erased_is_erased_again_whatever_is_open(
    backup: Backup, service: Service, hospital: ClinicWorld
) -> None:
    gone, stays = hospital.patient(), hospital.patient()
    alert_id = open_alert(service.client, gone)
    backup.take()
    staff = hospital.staff("on_call", "clinician")
    do(service.client, staff, alert_id, "acknowledge")
    ended = do(service.client, staff, alert_id, "resolve", disposition="false_alarm", note="a slip")
    assert ended.status_code == 200
    erase(service, hospital, gone)
    endings = sealed(service)
    with backup.restored() as restored:
        ids = "SELECT id FROM patients"
        assert {one for (one,) in restored.rows(ids)} == {gone.patient_id, stays.patient_id}
        code, shown = restored.run("restore", "verify", "--endings", endings)
        assert (code, "NO   endings" in shown) == (1, True)
        code, shown = restored.run("restore", "finish", "--endings", endings)
        assert (code, "erased again 1" in shown) == (0, True), shown
        assert "0 pages of 0 open alerts" in shown, "nobody is paged about who is gone"
        code, shown = restored.run("restore", "verify", "--endings", endings)
        assert code == 0, shown
        assert restored.rows(ids) == [(stays.patient_id,)]
        assert restored.run("restore", "finish", "--endings", endings)[0] == 0, "again"


def test_a_log_in_that_was_ended_stays_so_and_no_other_phone_is_locked_out(
    backup: Backup, service: Service, hospital: ClinicWorld
) -> None:
    lost, moved_on, idle = (hospital.patient() for _ in range(3))
    nurse = hospital.staff("on_call")
    tokens = {one: token_of(one) for one in (lost, moved_on, idle, nurse)}
    backup.take()
    assert service.client.post("/v1/auth/logout", headers=lost.headers).status_code == 204
    code, newer = refreshed(service, tokens[moved_on])
    assert code == 200
    endings = sealed(service)
    with backup.restored() as restored:
        assert restored.run("restore", "finish", "--endings", endings)[0] == 0
        assert restored.run("restore", "verify", "--endings", endings)[0] == 0
        assert refreshed(restored, tokens[lost])[0] == 401
        assert refreshed(restored, tokens[nurse])[0] == 401, "the staff logs in anew"
        assert refreshed(restored, tokens[idle])[0] == 200
        code, newest = refreshed(restored, newer["refresh_token"])
        assert code == 200, "its pair is not in the backup, and it is in order"
        header = {"Authorization": f"Bearer {newest['access_token']}"}
        assert restored.client.get("/v1/me", headers=header).status_code == 200
        again = restored.run("restore", "finish", "--endings", endings)
        assert (again[0], "log-ins ended again 0" in again[1]) == (0, True), again[1]
        assert refreshed(restored, tokens[moved_on])[0] == 401, "a copy of the older one"
        assert refreshed(restored, newest["refresh_token"])[0] == 401, "which ends the log-in"


def test_what_only_a_person_can_do_again_is_named(
    backup: Backup, service: Service, hospital: ClinicWorld
) -> None:
    leaver = hospital.staff("clinician")
    backup.take()
    path, body = f"/v1/users/{leaver.user_id}", {"active": False}
    changed = service.client.patch(path, json=body, headers=hospital.admin.headers)
    assert changed.status_code == 200
    with backup.restored() as restored:
        shown = restored.run("restore", "finish", "--endings", sealed(service))[1]
    assert f"look at it, and do it again: user_changed {leaver.user_id}" in shown


def change_whom_a_page_reaches(service: Service, clinic: ClinicWorld) -> dict[str, str]:
    """Each kind of change once: its action, and what it was about."""
    client, admin, ann = service.client, clinic.admin, clinic.staff("clinician", "on_call")
    changed = {}

    def change(action: str, method: str, path: str, body: Any = None, about: str = "") -> str:
        answer = client.open(path, method=method, json=body, headers=admin.headers)
        assert answer.status_code in (200, 201, 204), answer.json
        made_id = "" if answer.status_code == 204 else answer.json.get("id", "")
        changed[action] = about or made_id
        return str(made_id)

    mail = {"address": "mailto:night@clinic.example"}
    contact = change("contact_added", "POST", "/v1/clinic/contacts", mail)
    change("contact_removed", "DELETE", f"/v1/clinic/contacts/{contact}", about=contact)
    change("last_resort_replaced", "PUT", "/v1/clinic/contacts/last-resort", mail)
    change("clinic_changed", "PATCH", "/v1/clinic", {"timezone": "Europe/Berlin"})
    methods = f"/v1/users/{ann.user_id}/contact-methods"
    pager = {"kind": "apprise", "address": "jsons://p.example"}
    method = change("contact_method_added", "POST", methods, pager)
    order, hers = {"method_ids": [method]}, str(ann.user_id)
    change("contact_methods_ordered", "PUT", f"{methods}/order", order, hers)
    change("contact_method_removed", "DELETE", f"{methods}/{method}", about=method)
    turns = {"kind": "daily", "length": 1, "handover": "08:00", "members": [hers]}
    nights = {"name": "Nights", "timezone": "Europe/Paris", "rotation": turns}
    schedule = change("schedule_made", "POST", "/v1/on-call/schedules", nights)
    path = f"/v1/on-call/schedules/{schedule}"
    change("schedule_changed", "PATCH", path, {"name": "Late"}, schedule)
    span = {"from_at": ago(hours=-2), "to_at": ago(hours=-4), "user_id": hers}
    cover = change("override_made", "POST", f"{path}/overrides", span)
    change("override_ended", "DELETE", f"{path}/overrides/{cover}", about=cover)
    steps = {"steps": [{"delay_s": 300, "targets": [{"everyone": True}]}], "repeat": True}
    change("policy_changed", "PUT", "/v1/on-call/policies/high", steps, "of")
    change("schedule_ended", "DELETE", path, about=schedule)
    patient = str(clinic.patient().patient_id)
    team = {"user_ids": [hers]}
    answer = client.put(f"/v1/patients/{patient}/care-team", json=team, headers=ann.headers)
    assert answer.status_code == 200, answer.json
    return changed | {"care_team_changed": patient}


def test_each_change_of_whom_a_page_reaches_is_named(
    backup: Backup, service: Service, hospital: ClinicWorld
) -> None:
    backup.take()
    changed = change_whom_a_page_reaches(service, hospital)
    with backup.restored() as restored:
        endings = sealed(service)
        code, shown = restored.run("restore", "finish", "--endings", endings)
        named = [f"look at it, and do it again: {what} {id_}" for what, id_ in changed.items()]
        assert (code, [words for words in named if words not in shown]) == (0, []), shown
        assert f"do it again: policy_changed of clinic {hospital.id}" in shown
        assert f"by account {hospital.admin.user_id}" in shown, "who knows what it was"
        code, shown = restored.run("restore", "verify", "--endings", endings)
    assert code == 0, shown
    assert " that only a person can do again, as restore finish names them" in shown


def test_staff_that_was_invited_is_named_and_patients_are_not(tmp_path: Path) -> None:
    keep = keep_endings(tmp_path / "endings")
    nurse = ending(utcnow(), "user_invited")
    keep([nurse, ending(utcnow(), "user_invited") | {"patient_id": uuid4()}])
    assert read_endings(tmp_path / "endings") == [EndingEntry.of_entry(nurse)]


# Routes of the paging's own, and of the people who are paged.
PAGED_BY = re.compile(
    r"/(clinic|on-call|contact-methods|users|invitations|email|care-team|push)\b|/enter/team"
)
# What is done there and leaves whom a page reaches as it was.
NOT_PAGING = {
    *("drill_started", "calendar_link_made", "calendar_link_revoked"),
    *("language_reviewed", "language_review_ended", "erasure_withdrawn"),
    *("address_change_asked", "device_invited", "invitation_answered_again"),
}


def test_no_change_of_whom_a_page_reaches_is_forgotten() -> None:
    """A new action on these routes is an ending, or is named above."""
    found = {
        action
        for route, actions in RECORDED.items()
        for action in actions
        if not route.startswith("GET ") and PAGED_BY.search(route) and "_read" not in action
    }
    assert found - ENDINGS.keys() == NOT_PAGING
    entries = [EndingEntry.of_entry(ending(utcnow(), action)) for action in found & ENDINGS.keys()]
    done_again = {entry.action for entry in entries if not entry.needs_a_person}
    assert done_again == {"patient_erased", "second_factor_reset", "invitation_accepted"}


def ending(at: datetime, action: str = "logged_out") -> dict[str, Any]:
    ids = {name: uuid4() for name in ("clinic_id", "id", "actor_id", "object_id")}
    return {"at": at, "action": action, "patient_id": None, **ids}


def test_the_file_survives_a_power_cut_and_refuses_what_is_none(tmp_path: Path) -> None:
    path, now = tmp_path / "endings", utcnow()
    keep = keep_endings(path)
    first, second, other = ending(now), ending(now), ending(now, "patient_read")
    keep([first, other])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"at": "20')
    assert read_endings(path) == [EndingEntry.of_entry(first)], "a line without its end is none"
    keep([first, second])
    assert read_endings(path) == [EndingEntry.of_entry(first), EndingEntry.of_entry(second)]
    path.write_bytes(whole + b"quagga\n")
    with pytest.raises(SealError, match="cannot be read as endings"):
        read_endings(path)


def test_each_sealed_ending_is_put_down_before_it_is_sealed(
    service: Service, hospital: ClinicWorld
) -> None:
    service.settings.data_dir.joinpath("audit_endings").mkdir()
    assert (
        service.client.post("/v1/auth/logout", headers=hospital.patient().headers).status_code
        == 204
    )
    with pytest.raises(OSError, match="audit_endings"):
        service.run("audit", "seal", "--once")
    assert service.rows("SELECT count(*) FROM audit_entries WHERE seq IS NOT NULL") == [(0,)]


# What no request records, or one that is refused.
BESIDE_ROUTES = {"token_reused", "sign_in_unlinked", "sign_in_provider_removed"}


def test_each_ending_is_an_action_that_somebody_records() -> None:
    recorded = {action for actions in RECORDED.values() for action in actions}
    assert recorded | BESIDE_ROUTES >= ENDINGS.keys()


def test_an_invitation_that_replaced_a_lost_phone_still_does(
    backup: Backup, service: Service, hospital: ClinicWorld
) -> None:
    patient = hospital.patient()
    token = token_of(patient)
    backup.take()
    path = f"/v1/patients/{patient.patient_id}/invitations"
    asked = made(post(service.client, hospital.admin, {"end_old_devices": True}, path))
    made(service.client.post("/v1/invitations/accept", json={"code": asked["code"]}))
    assert refreshed(service, token)[0] == 401
    with backup.restored() as restored:
        endings = sealed(service)
        assert restored.run("restore", "finish", "--endings", endings)[0] == 0
        assert refreshed(restored, token)[0] == 401
        with restored.app.app_context():
            new = log_in(restored.app, hospital.id, patient.user_id, utcnow())
        assert restored.run("restore", "finish", "--endings", endings)[0] == 0
        assert refreshed(restored, token_of(new))[0] == 200, "who logged in since, stays"

"""One alert: its facts, and what each role sees of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, insert

from api.embedded.urls import DatabaseUrls
from models import DigestAlert, Notification, NotificationAttempt
from models.base import new_id
from services.alerts.chain import load_chain
from services.alerts.rules_failure import count_rules_failure
from services.clock import utcnow
from services.unit_of_work import transaction
from tests.builders.alerts import do, open_alert, read
from tests.builders.calls import post
from tests.builders.entries import ago, cssrs, phq9
from tests.builders.stored import audited, newest_alert, rows
from tests.builders.world import ClinicWorld, Person, World

CONTACTS = {
    "phone": "+33 65 5550199",
    "address": "1 rue Quagga",
    "emergency_contact": {"name": "Eve Quagga", "phone": "+33 65 5550199", "relation": "sister"},
}


def test_the_facts_say_what_was_answered_and_how_old_it_is(
    client: FlaskClient, clinic: ClinicWorld
):
    ada = clinic.patient()
    form = phq9(2, recorded_at=ago(minutes=90, seconds=5))
    post(client, ada, form)
    alert = read(client, clinic.staff(), newest_alert(ada)).json
    assert alert["evidence"]["check_in_id"] == form["id"]
    assert alert["evidence"]["age_minutes"] in (90, 91)
    found = {k: alert["evidence"][k] for k in ("instrument", "item9", "cssrs", "version")}
    assert found == {"instrument": "phq9", "item9": 2, "cssrs": None, "version": 1}
    recorded = datetime.fromisoformat(alert["evidence"]["recorded_at"])
    assert recorded == datetime.fromisoformat(form["recorded_at"])
    assert alert["evidence"]["received_at"] > alert["evidence"]["recorded_at"]
    assert (alert["family"], alert["rule"], alert["severity"]) == ("suicide_risk", "S1", "critical")
    assert alert["status"] == "triggered"
    (occurrence,) = alert["occurrences"]
    assert (occurrence["rule"], occurrence["check_in_id"]) == ("S1", form["id"])
    assert (alert["may"]["act"], alert["may"]["resolve"]) == (True, True)


def test_the_evidence_is_the_gravest_and_of_equals_the_newest(
    client: FlaskClient, clinic: ClinicWorld
):
    ada, staff = clinic.patient(), clinic.staff()
    first, again, grave, mild = phq9(3), phq9(3), phq9(2), phq9(1)
    for form in (first, again, grave, mild):
        post(client, ada, form)
    alert = read(client, staff, newest_alert(ada)).json
    assert alert["evidence"]["check_in_id"] == again["id"]
    others = [(one["item9"], one["count"]) for one in alert["evidence"]["others"]]
    assert others == [(2, 1), (1, 1)]
    ids = [each["check_in_id"] for each in alert["occurrences"]]
    assert ids == [first["id"], again["id"], grave["id"], mild["id"]]


def test_an_amendment_is_named_by_its_own_version(client: FlaskClient, clinic: ClinicWorld):
    ada, form = clinic.patient(), phq9(1)
    post(client, ada, form)
    amended = {"id": str(uuid4()), "answers": {"q9": 3}, "reason": "quagga"}
    assert post(client, ada, amended, f"/v1/check-ins/{form['id']}/amend").status_code == 201
    evidence = read(client, clinic.staff(), newest_alert(ada)).json["evidence"]
    assert (evidence["check_in_id"], evidence["version"]) == (amended["id"], 2)
    assert (evidence["item9"], evidence["rule"]) == (3, "S1")


def test_a_help_request_is_evidence_without_a_form(client: FlaskClient, clinic: ClinicWorld):
    ada = clinic.patient()
    asked = {"id": str(uuid4()), "recorded_at": ago(minutes=3)}
    assert post(client, ada, asked, "/v1/help-requests").status_code == 201
    alert = read(client, clinic.staff(), newest_alert(ada)).json
    evidence = alert["evidence"]
    assert (evidence["check_in_id"], evidence["instrument"], evidence["version"]) == (None,) * 3
    assert evidence["age_minutes"] == 3
    assert alert["occurrences"][0]["rule"] == "S8"


def test_a_cssrs_shows_its_level(client: FlaskClient, clinic: ClinicWorld):
    ada = clinic.patient()
    post(client, ada, cssrs("q1", "q2", "q3"))
    evidence = read(client, clinic.staff(), newest_alert(ada)).json["evidence"]
    assert (evidence["instrument"], evidence["cssrs"]) == ("cssrs-screener", "moderate")
    assert evidence["item9"] is None


def test_the_patient_can_be_called_and_it_says_what_time_it_is_there(
    client: FlaskClient, clinic: ClinicWorld
):
    ada = clinic.patient("Ada Quagga", timezone="Asia/Kolkata", **CONTACTS)
    patient = read(client, clinic.staff(), open_alert(client, ada)).json["patient"]
    assert patient.pop("local_time")[-6:] == "+05:30"
    expected = {"name": "Ada Quagga", "timezone": "Asia/Kolkata", "contact_missing": False}
    dialled = "tel:+33-6-55-55-01-99"
    place = {"clinic_name": "North Clinic", "emergency_number": "112", "abroad": True}
    assert patient == CONTACTS | expected | place | {"dial": dialled, "dial_contact": dialled}
    bare = read(client, clinic.staff(), open_alert(client, clinic.patient())).json["patient"]
    assert bare["contact_missing"] is True


def test_the_escalation_names_no_address(client: FlaskClient, clinic: ClinicWorld):
    clinic.contact("mailto:night@clinic.example")
    clinic.contact("https://pager.clinic.example/hook")
    alert = read(client, clinic.staff(), open_alert(client, clinic.patient())).json
    assert alert["escalation"]["step"] == 1
    assert alert["escalation"]["target"] == "contact 2 (webhook)"
    assert alert["escalation"]["next_at"].endswith("Z")
    (page,) = alert["notifications"]
    assert (page["channel"], page["contact"]) == ("email", "contact 1 (email)")
    assert (page["state"], page["attempts"]) == ("pending", [])
    kinds = [event["kind"] for event in alert["timeline"]]
    assert kinds == ["triggered", "page_queued"]
    assert "clinic.example" not in str(alert)


def test_every_attempt_to_deliver_is_shown(
    client: FlaskClient, clinic: ClinicWorld, database_urls: DatabaseUrls
):
    alert_id = open_alert(client, clinic.patient())
    (page,) = read(client, clinic.staff(), alert_id).json["notifications"]
    tried = {"clinic_id": clinic.id, "notification_id": UUID(page["id"]), "at": utcnow()}
    engine = create_engine(database_urls.admin)
    with engine.begin() as connection:
        for outcome in ("connection_refused", "sent"):
            row = insert(NotificationAttempt).values(id=new_id(), outcome=outcome, **tried)
            connection.execute(row)
    engine.dispose()
    (page,) = read(client, clinic.staff(), alert_id).json["notifications"]
    assert [each["outcome"] for each in page["attempts"]] == ["connection_refused", "sent"]
    assert all(each["at"].endswith("Z") for each in page["attempts"])


def test_strangers_and_unknown_ids_are_404_and_patients_403(client: FlaskClient, world: World):
    clinic, other = world.clinic(), world.clinic()
    member = clinic.staff()
    ada = clinic.patient(care_team=[member.user_id])
    alert_id = open_alert(client, ada)
    assert read(client, member, alert_id).status_code == 200
    for person in (clinic.staff(), other.staff(), other.admin, other.staff("on_call")):
        for what in ("acknowledge", "notes", "resolve", "feedback"):
            bodies = {"notes": {"text": "x"}, "resolve": {"disposition": "safe_plan_made"}}
            body = bodies.get(what, {"useful": True})
            assert do(client, person, alert_id, what, **body).status_code == 404
        assert read(client, person, alert_id).status_code == 404
    assert read(client, member, str(uuid4())).status_code == 404
    for id_ in (alert_id, str(uuid4())):
        assert read(client, ada, id_).status_code == 403
        assert do(client, ada, id_, "acknowledge").status_code == 403


@pytest.mark.parametrize("role", ["clinician", "on_call"])
def test_those_who_may_act_see_everything_and_the_read_is_recorded(
    client: FlaskClient, clinic: ClinicWorld, role: str
):
    staff, ada = clinic.staff(role), clinic.patient(**CONTACTS)
    alert_id = open_alert(client, ada)
    alert = read(client, staff, alert_id).json
    assert {"evidence", "patient"} <= alert.keys()
    assert audited(staff, alert_id) == ["alert_read"]


def test_an_admin_who_was_not_paged_sees_neither_evidence_nor_patient_and_may_not_act(
    client: FlaskClient, clinic: ClinicWorld
):
    clinic.contact("mailto:night@clinic.example")
    ada = clinic.patient("Ada Quagga", **CONTACTS)
    alert_id = open_alert(client, ada)
    do(client, clinic.staff(), alert_id, "notes", text="what she said, quagga")
    answer = read(client, clinic.admin, alert_id)
    assert answer.status_code == 200
    assert not {"evidence", "patient", "unreadable"} & answer.json.keys()
    nothing = {"act": False, "resolve": False, "dispositions": [], "hand_over_to": []}
    nothing["standing_plan"] = False
    assert answer.json["may"] == nothing
    assert "uagga" not in answer.text.replace("Sam Quagga", "")
    assert do(client, clinic.admin, alert_id, "acknowledge").status_code == 403
    assert do(client, clinic.admin, alert_id, "notes", text="x").status_code == 403
    assert do(client, clinic.admin, alert_id, "feedback", useful=True).status_code == 403
    assert audited(clinic.admin, alert_id)[-1] == "alert_read"


def test_an_admin_who_was_paged_breaks_glass_and_sees_what_whoever_acts_sees(
    client: FlaskClient, clinic: ClinicWorld
):
    ada = clinic.patient("Ada Quagga", **CONTACTS)
    alert_id = open_alert(client, ada)  # nobody else is on the chain
    alert = read(client, clinic.admin, alert_id).json
    assert alert["patient"]["phone"] == CONTACTS["phone"]
    assert alert["evidence"]["item9"] == 2
    acts = {"act": True, "resolve": False, "dispositions": [], "hand_over_to": []}
    acts["standing_plan"] = False
    assert alert["may"] == acts
    assert audited(clinic.admin, alert_id) == ["alert_read", "break_glass"]
    assert do(client, clinic.admin, alert_id, "acknowledge").status_code == 200
    noted = do(client, clinic.admin, alert_id, "notes", text="called her, quagga")
    assert noted.status_code == 201
    assert audited(clinic.admin, alert_id).count("break_glass") == 3
    own = read(client, clinic.admin, alert_id).json["timeline"][-1]
    assert (own["kind"], own["text"]) == ("note", "called her, quagga")
    refused = do(client, clinic.admin, alert_id, "resolve", disposition="safe_plan_made")
    assert refused.status_code == 403


def test_a_page_to_the_admins_own_address_counts_whoever_the_contact_belongs_to(
    client: FlaskClient, clinic: ClinicWorld, database_urls: DatabaseUrls
):
    clinic.contact("mailto:night@clinic.example")
    clinic.contact(f"mailto:{clinic.admin.email.upper()}")
    alert_id = open_alert(client, clinic.patient())
    assert do(client, clinic.admin, alert_id, "acknowledge").status_code == 403
    query = "SELECT id FROM contacts WHERE position = 2"
    contact = rows(clinic.admin, query)[0]["id"]
    queue_mail(database_urls, clinic, alert_id, contact_id=contact)
    assert do(client, clinic.admin, alert_id, "acknowledge").status_code == 200


def test_a_morning_mail_to_the_admins_account_counts_as_paged(
    client: FlaskClient, clinic: ClinicWorld, database_urls: DatabaseUrls
):
    clinic.contact("mailto:night@clinic.example")
    alert_id = open_alert(client, clinic.patient(), None)
    assert do(client, clinic.admin, alert_id, "acknowledge").status_code == 403
    queue_mail(database_urls, clinic, alert_id, user_id=clinic.admin.user_id)
    assert do(client, clinic.admin, alert_id, "acknowledge").status_code == 200
    (mail,) = read(client, clinic.staff(), alert_id).json["notifications"]
    assert mail["contact"] == "care team (email)"


def queue_mail(urls: DatabaseUrls, clinic: ClinicWorld, alert_id: str, **to: UUID) -> None:
    """A morning mail that carries the alert, as the worker writes it."""
    mail_id, now = new_id(), utcnow()
    mail = {
        "clinic_id": clinic.id,
        "kind": "digest",
        "page_round": 0,
        "page_step": 0,
        "channel": "email",
        "severity": "medium",
    }
    engine = create_engine(urls.admin)
    with engine.begin() as connection:
        connection.execute(
            insert(Notification).values(**mail, **to, id=mail_id, created_at=now, due_at=now)
        )
        carried = {"notification_id": mail_id, "alert_id": UUID(alert_id)}
        connection.execute(insert(DigestAlert).values(clinic_id=clinic.id, **carried))
    engine.dispose()


def test_a_clinician_who_is_admin_too_sees_in_full_only_whom_they_treat(
    client: FlaskClient, clinic: ClinicWorld
):
    clinic.contact("mailto:night@clinic.example")
    both = clinic.staff("clinician", "admin")
    mine = open_alert(client, clinic.patient(care_team=[both.user_id]))
    not_mine = open_alert(client, clinic.patient(care_team=[clinic.staff().user_id]))
    assert "evidence" in read(client, both, mine).json
    assert "evidence" not in read(client, both, not_mine).json


def rules_failed(clinic: ClinicWorld, patient: Person) -> tuple[str, str]:
    """An alert of failed rules; its id and that of the entry."""
    entry_id = new_id()
    with clinic.app.app_context(), transaction(clinic.id) as session:
        alert_id = count_rules_failure(
            session,
            clinic_id=clinic.id,
            patient_id=patient.patient_id,
            entry_id=entry_id,
            rule_version="test-1",
            chain=load_chain(session, clinic.id),
            now=utcnow(),
        )
    return str(alert_id), str(entry_id)


def test_an_alert_without_a_patient_is_everybodys(client: FlaskClient, clinic: ClinicWorld):
    ada = clinic.patient()
    alert_id, entry_id = rules_failed(clinic, ada)
    for person in (clinic.staff(), clinic.staff("on_call"), clinic.staff("admin"), clinic.admin):
        alert = read(client, person, alert_id).json
        assert (alert["patient_id"], alert["patient"], alert["evidence"]) == (None, None, None)
        assert [each["check_in_id"] for each in alert["occurrences"]] == [entry_id]
        assert (alert["may"]["act"], alert["may"]["resolve"]) == (True, True)
    assert read(client, ada, alert_id).status_code == 403
    assert "break_glass" not in audited(clinic.admin, alert_id)
    assert do(client, clinic.admin, alert_id, "acknowledge").status_code == 200
    ended = do(client, clinic.admin, alert_id, "resolve", disposition="other", note="repaired")
    assert (ended.status_code, ended.json["status"]) == (200, "resolved")
    assert ended.json["resolution"]["note"] == "repaired"


def test_refused_bodies_are_shown_to_those_who_may_act_only(
    client: FlaskClient, clinic: ClinicWorld
):
    ada = clinic.patient()
    for number in range(6):
        body = phq9(3, unknown_field=f"<b>quagga {number}</b>")
        assert post(client, ada, body).status_code == 422
    alert_id = newest_alert(ada)
    alert = read(client, clinic.staff(), alert_id).json
    assert alert["family"] == "unreadable_risk"
    shown = [each["body"] for each in alert["unreadable"]]
    assert len(shown) == 5
    assert "<b>quagga 5</b>" in shown[0]
    assert "quagga 0" not in str(shown)
    not_paged = clinic.staff("admin")
    assert "unreadable" not in read(client, not_paged, alert_id).json

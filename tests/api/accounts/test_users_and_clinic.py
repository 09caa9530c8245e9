"""What an administrator changes, and what it does at once."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from models import CareTeamMember, Contact, TokenFamily
from services.clock import utcnow
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, World, made_up_email


def patch_user(client: FlaskClient, clinic: ClinicWorld, user_id: object, **body: object):
    return client.patch(f"/v1/users/{user_id}", json=body, headers=clinic.admin.headers)


def test_deactivation_holds_from_the_next_request(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff("clinician")
    refresh = {"Authorization": f"Bearer {staff.tokens(utcnow())['refresh_token']}"}
    assert client.get("/v1/me", headers=staff.headers).status_code == 200
    assert patch_user(client, clinic, staff.user_id, active=False).json["active"] is False
    assert client.get("/v1/me", headers=staff.headers).status_code == 401
    assert client.post("/v1/auth/refresh", headers=refresh).status_code == 401


def test_reactivation_revives_no_old_log_in(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff("clinician")
    refresh = {"Authorization": f"Bearer {staff.tokens(utcnow())['refresh_token']}"}
    patch_user(client, clinic, staff.user_id, active=False)
    patch_user(client, clinic, staff.user_id, active=True)
    assert client.post("/v1/auth/refresh", headers=refresh).status_code == 401
    with clinic.app.app_context(), transaction(clinic.id) as session:
        reasons = session.scalars(
            select(TokenFamily.revoked_reason).where(TokenFamily.user_id == staff.user_id)
        ).all()
    assert reasons == ["deactivated"]


def test_a_role_change_ends_the_access_token_and_the_refresh_brings_the_new_roles(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff = clinic.staff("clinician")
    refresh = {"Authorization": f"Bearer {staff.tokens(utcnow())['refresh_token']}"}
    assert patch_user(client, clinic, staff.user_id, roles=["on_call"]).status_code == 200
    assert client.get("/v1/me", headers=staff.headers).status_code == 401
    pair = client.post("/v1/auth/refresh", headers=refresh).json
    fresh = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.get("/v1/me", headers=fresh).json["roles"] == ["on_call"]


def test_the_last_administrator_stays(client: FlaskClient, clinic: ClinicWorld) -> None:
    for body in ({"active": False}, {"roles": ["clinician"]}):
        answer = patch_user(client, clinic, clinic.admin.user_id, **body)
        assert (answer.status_code, answer.json["code"]) == (409, "last_admin")
    assert client.get("/v1/me", headers=clinic.admin.headers).json["roles"] == ["admin"]


def test_an_administrator_who_never_logged_in_is_no_replacement(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    body = {"email": made_up_email(), "name": "New Quagga", "roles": ["admin"]}
    assert (
        client.post("/v1/invitations", json=body, headers=clinic.admin.headers).status_code == 201
    )
    answer = patch_user(client, clinic, clinic.admin.user_id, active=False)
    assert answer.json["code"] == "last_admin"


def test_the_last_resort_is_handed_to_another_administrator(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    second = clinic.staff("admin")
    assert patch_user(client, clinic, clinic.admin.user_id, active=False).status_code == 200
    with clinic.app.app_context(), transaction(clinic.id) as session:
        resort = session.scalars(select(Contact).where(Contact.last_resort)).one()
        assert (resort.user_id, resort.address) == (second.user_id, second.email)


def test_a_team_whose_last_active_clinician_leaves_is_emptied(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    first, second = clinic.staff("clinician"), clinic.staff("clinician")
    shared = clinic.patient(care_team=[first.user_id, second.user_id])
    alone = clinic.patient(care_team=[first.user_id])
    patch_user(client, clinic, first.user_id, active=False)
    with clinic.app.app_context(), transaction(clinic.id) as session:
        teams = session.scalars(select(CareTeamMember.patient_id)).all()
    assert alone.patient_id not in teams
    assert shared.patient_id in teams


def test_a_patient_account_takes_no_staff_role(client: FlaskClient, clinic: ClinicWorld) -> None:
    patient = clinic.patient()
    answer = patch_user(client, clinic, patient.user_id, roles=["clinician"])
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["roles"])
    assert (
        patch_user(client, clinic, patient.user_id, roles=["patient", "admin"]).status_code == 422
    )


def test_an_account_of_another_clinic_is_not_there(
    client: FlaskClient, clinic: ClinicWorld, world: World
) -> None:
    stranger = world.clinic().staff("clinician")
    assert patch_user(client, clinic, stranger.user_id, active=False).status_code == 404


def test_users_are_listed_newest_first_in_pages(client: FlaskClient, clinic: ClinicWorld) -> None:
    made = [clinic.staff("clinician") for _ in range(3)]
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/users", query_string=query, headers=clinic.admin.headers).json
        seen += [user["id"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [str(p.user_id) for p in reversed(made)] + [str(clinic.admin.user_id)]


def test_only_administrators_see_accounts_of_patients(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    patient, on_call = clinic.patient(), clinic.staff("on_call")
    listed = client.get("/v1/users", headers=on_call.headers)
    assert str(patient.user_id) not in listed.text
    assert patient.email not in listed.text
    assert str(patient.user_id) in client.get("/v1/users", headers=clinic.admin.headers).text


CHANGES = {
    "name": "South",
    "timezone": "Asia/Kolkata",
    "country": "IN",
    "phone": "+91 5550199",
    "staffed": [{"days": ["mon", "fri"], "from": "08:00", "to": "24:00"}],
    "holidays": ["2026-12-25"],
    "monitoring_text": "Read on working days.",
    "cssrs_texts": {"q1": "Own words"},
    "language": "nl",
    "second_factor": "off",
}


def test_every_setting_can_be_changed_and_read_back(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    answer = client.patch("/v1/clinic", json=CHANGES, headers=clinic.admin.headers)
    assert answer.status_code == 200, answer.json
    read = client.get("/v1/clinic", headers=clinic.staff("on_call").headers).json
    assert {name: read[name] for name in CHANGES} == CHANGES
    assert read["ladder"] == {
        "critical": {"next_after_s": 600, "ack_expires_s": 3600},
        "high": {"next_after_s": 14400, "ack_expires_s": 43200},
    }


def test_a_ladder_is_changed_number_by_number(client: FlaskClient, clinic: ClinicWorld) -> None:
    body = {"ladder": {"critical": {"next_after_s": 60}}}
    ladder = client.patch("/v1/clinic", json=body, headers=clinic.admin.headers).json["ladder"]
    assert ladder["critical"] == {"next_after_s": 60, "ack_expires_s": 3600}
    assert ladder["high"] == {"next_after_s": 14400, "ack_expires_s": 43200}


def test_null_and_an_empty_text_take_a_setting_away(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    given = "+33 5550199"
    for phone, kept in ((given, given), (None, None), (given, given), ("", None)):
        body = {"phone": phone}
        answer = client.patch("/v1/clinic", json=body, headers=clinic.admin.headers)
        assert answer.json["phone"] == kept


REFUSED = [
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"country": "XX"}, "country"),
    ({"country": "fr"}, "country"),
    ({"staffed": [{"days": ["mon"], "from": "8", "to": "17:00"}]}, "staffed.0.from"),
    ({"staffed": [{"days": ["mon"], "from": "24:00", "to": "17:00"}]}, "staffed"),
    ({"staffed": [{"days": [], "from": "08:00", "to": "17:00"}]}, "staffed.0.days"),
    ({"holidays": ["25.12.2026"]}, "holidays.0"),
    ({"cssrs_texts": {"q9": "no such item"}}, "cssrs_texts.q9.key"),
    ({"second_factor": "always"}, "second_factor"),
    ({"ladder": {"critical": {"next_after_s": 0}}}, "ladder.critical.next_after_s"),
    ({"ladder": {"critical": {"next_after_s": 3601}}}, "ladder.critical.next_after_s"),
    ({"ladder": {"critical": {"ack_expires_s": 14401}}}, "ladder.critical.ack_expires_s"),
    ({"ladder": {"medium": {}}}, "ladder.medium"),
    ({"name": "a\x00b"}, "name"),
    ({"colour": "red"}, "colour"),
]


def test_settings_that_cannot_be_are_named(client: FlaskClient, clinic: ClinicWorld) -> None:
    for body, path in REFUSED:
        answer = client.patch("/v1/clinic", json=body, headers=clinic.admin.headers)
        assert (answer.status_code, list(answer.json["errors"])) == (422, [path]), body


def test_the_chain_grows_before_the_last_resort_which_is_replaced_never_removed(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    admin = clinic.admin.headers
    clinic.contact("https://hooks.example/page")
    added = client.post(
        "/v1/clinic/contacts", json={"address": "mailto:n@c.example"}, headers=admin
    )
    assert added.status_code == 201
    chain = client.get("/v1/clinic/contacts", headers=admin).json["items"]
    addresses = [link["address"] for link in chain]
    assert addresses == ["https://hooks.example/page", "n@c.example", clinic.admin.email]
    seen_by_staff = client.get("/v1/clinic/contacts", headers=clinic.staff("on_call").headers).json
    assert seen_by_staff["items"][0]["address"] is None

    last = chain[-1]["id"]
    assert client.delete(f"/v1/clinic/contacts/{last}", headers=admin).status_code == 422
    first = chain[1]["id"]
    assert client.delete(f"/v1/clinic/contacts/{first}", headers=admin).status_code == 204
    assert client.delete(f"/v1/clinic/contacts/{first}", headers=admin).status_code == 404
    replaced = client.put(
        "/v1/clinic/contacts/last-resort", json={"address": "mailto:z@c.example"}, headers=admin
    )
    assert replaced.json["address"] == "z@c.example"
    webhook = {"address": "http://169.254.169.254/"}
    assert client.post("/v1/clinic/contacts", json=webhook, headers=admin).status_code == 422

"""Accepting an invitation: once, and again for the same device after a lost answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from models import AuditDetail, AuditEntry, Notification, Patient, User
from services.accounts.accept import Acceptance, accept
from services.accounts.letters import DEVICE, expire_letters, letter_of
from services.accounts.own_account import change_password, get_me, list_devices
from services.accounts.passwords import matches
from services.accounts.tokens.families import Grant
from services.accounts.tokens.refresh import Presented, refresh
from services.exceptions import Invalid, InvitationInvalid, RateLimited, Unauthenticated
from services.membership.invitations import InvitationForm, Invited, invite, invite_device
from services.membership.users import change_user
from services.patients.record import enrol
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, Person, World, log_in, made_up_email

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PASSWORD, OTHER = "correct horse battery", "another long password"
ADDRESS = "192.0.2.1"


@pytest.fixture
def early(world: World) -> Iterator[ClinicWorld]:
    with world.app.app_context():
        yield World(world.app, START).clinic()


def invited(clinic: ClinicWorld, *roles: str) -> Invited:
    form = InvitationForm(made_up_email(), "Pat Quagga", roles or ("patient",))
    return invite(clinic.admin.actor, form, START)


def take(code: str, at: datetime = START, **fields: str | None) -> Grant:
    return accept(Acceptance(code, **fields), ADDRESS, at)


def is_invalid(code: str, at: datetime = START, **fields: str | None) -> bool:
    try:
        take(code, at, **fields)
    except InvitationInvalid:
        return True
    return False


AGAIN = [
    # first acceptance, second one, how much later, does it answer
    ({"device_id": "a"}, {"device_id": "a"}, MINUTE, True),
    ({"device_id": "a"}, {"device_id": "a"}, HOUR, True),
    ({"device_id": "a"}, {"device_id": "a"}, HOUR + MINUTE, False),
    ({"device_id": "a"}, {"device_id": "b"}, MINUTE, False),
    ({"device_id": "a"}, {}, MINUTE, False),
    ({"device_id": ""}, {"device_id": ""}, MINUTE, False),
    ({}, {}, MINUTE, False),
    ({}, {"device_id": "a"}, MINUTE, False),
    ({"device_id": "a"}, {"device_id": "a", "password": PASSWORD}, MINUTE, False),
    ({"device_id": "a", "password": PASSWORD}, {"device_id": "a"}, MINUTE, False),
    (
        {"device_id": "a", "password": PASSWORD},
        {"device_id": "a", "password": OTHER},
        MINUTE,
        False,
    ),
    (
        {"device_id": "a", "password": PASSWORD},
        {"device_id": "a", "password": PASSWORD},
        MINUTE,
        True,
    ),
]


@pytest.mark.parametrize(("first", "second", "later", "answers"), AGAIN)
def test_the_same_code_again_row_by_row(
    early: ClinicWorld,
    first: dict[str, str],
    second: dict[str, str],
    later: timedelta,
    answers: bool,
) -> None:
    code = invited(early).code
    take(code, **first)
    assert is_invalid(code, START + later, **second) is not answers


def test_a_second_answer_voids_the_earlier_pair_and_changes_nothing_else(
    early: ClinicWorld,
) -> None:
    code = invited(early).code
    lost = take(code, device_id="a", timezone="Asia/Kolkata").actor
    renewed = take(code, START + MINUTE, device_id="a", timezone="Europe/Paris").actor
    assert (renewed.family_id, renewed.epoch) == (lost.family_id, lost.epoch)
    assert get_me(renewed, START + MINUTE).timezone == "Asia/Kolkata"
    assert is_invalid(code, START + 2 * MINUTE, device_id="a")  # the pair was used
    with pytest.raises(Unauthenticated):
        get_me(lost, START + 3 * MINUTE)
    with pytest.raises(Unauthenticated):
        get_me(renewed, START + 4 * MINUTE)  # whoever held the voided pair had a copy


def test_unknown_spent_expired_and_switched_off_codes_are_refused_alike(
    early: ClinicWorld,
) -> None:
    spent, expired, off = (invited(early) for _ in range(3))
    take(spent.code)
    change_user(early.admin.actor, off.user_id, START, active=False)
    assert is_invalid("0000-0000-0000-0000")
    assert is_invalid("")
    assert is_invalid(spent.code)
    assert is_invalid(expired.code, START + timedelta(days=7))
    assert is_invalid(off.code)
    assert not is_invalid(invited(early).code, START + timedelta(days=7) - MINUTE)


def test_a_code_may_be_typed_carelessly(early: ClinicWorld) -> None:
    code = invited(early).code
    careless = " " + code.lower().replace("-", " ").replace("0", "o").replace("1", "l") + " "
    assert take(careless).actor.patient_id is not None


@pytest.mark.parametrize(
    "between",
    [*"\u2010\u2011\u2013\u2014\u2212\u00ad\u00a0\u2007\u202f\u200b\ufeff\u3000_.\n", " - "],
)
def test_whatever_a_mail_makes_of_the_hyphens_does_not_count(
    early: ClinicWorld, between: str
) -> None:
    code = invited(early).code.replace("-", between)
    assert take(f"{between}{code}{between}").actor.patient_id is not None


def test_staff_need_a_password_and_the_code_is_not_spent_without(early: ClinicWorld) -> None:
    code = invited(early, "clinician").code
    with pytest.raises(Invalid) as refused:
        take(code)
    assert list(refused.value.errors) == ["password"]
    assert take(code, password=PASSWORD).actor.roles == {"clinician"}


def test_an_acceptance_sets_zone_and_the_first_day(early: ClinicWorld) -> None:
    grant = take(invited(early).code, START + HOUR, timezone="Asia/Kolkata")
    with transaction(early.id) as session:
        patient = session.scalars(select(Patient).where(Patient.id == grant.actor.patient_id)).one()
        assert (patient.timezone, patient.accepted_at) == ("Asia/Kolkata", START + HOUR)


@pytest.mark.parametrize(
    ("reported", "kept"),
    [
        ("GMT+03:00", "UTC+03:00"),
        ("Etc/GMT+3", "Etc/GMT+3"),
        ("Asia/Beijing", "Asia/Shanghai"),
        ("US/Pacific-New", "America/Los_Angeles"),
        ("Mars/" + "x" * 900, None),
        ("", None),
    ],
)
def test_no_phone_is_kept_out_for_the_name_of_its_zone(
    client: FlaskClient, clinic: ClinicWorld, reported: str, kept: str | None
) -> None:
    body = {"email": made_up_email(), "name": "Pat", "roles": ["patient"], "timezone": reported}
    invited_as = client.post("/v1/invitations", json=body, headers=clinic.admin.headers).json
    asked = f"/v1/patients/{invited_as['patient_id']}"
    assert client.get(asked, headers=clinic.admin.headers).json["timezone"] == (
        kept or "Europe/Paris"
    )
    body = {"code": invited_as["code"], "timezone": reported}
    answer = client.post("/v1/invitations/accept", json=body)
    assert answer.status_code == 201
    assert client.get(asked, headers=clinic.admin.headers).json["timezone"] == (
        kept or "Europe/Paris"
    )
    entered = {"name": "Pam", "timezone": reported, "born_on": "1990-01-01"}
    answer = client.post("/v1/patients", json=entered, headers=clinic.admin.headers)
    assert (answer.status_code, answer.json["timezone"]) == (201, kept or "Europe/Paris")


def test_wrong_codes_delay_wrong_codes_and_never_a_right_one(early: ClinicWorld) -> None:
    good = invited(early).code
    waits = []
    for _ in range(40):
        try:
            is_invalid("WRONG")
        except RateLimited as limited:
            waits.append(limited.retry_after_s)
    assert len(waits) == 30
    assert max(waits) <= 30
    assert take(good).actor.patient_id is not None
    is_invalid("WRONG", START + timedelta(seconds=30))


def test_a_new_device_of_a_known_patient_may_end_the_old_ones(early: ClinicWorld) -> None:
    old = early.patient()
    kept = invite_device(early.admin.actor, old.patient_id, START)
    assert take(kept.code).actor.patient_id == old.patient_id
    assert get_me(old.actor, START).id == old.user_id

    lost = invite_device(early.admin.actor, old.patient_id, START, end_old_devices=True)
    assert get_me(old.actor, START).id == old.user_id  # until the new one is there
    new = take(lost.code).actor
    with pytest.raises(Unauthenticated):
        get_me(old.actor, START)
    assert get_me(new, START).patient_id == old.patient_id


def test_a_code_puts_no_password_in_the_place_of_the_patients_own(early: ClinicWorld) -> None:
    """An administrator who hands a code out to themselves gets no log-in that lasts."""
    patient = take(invited(early).code, password=PASSWORD).actor
    assert patient.patient_id is not None
    assert is_invalid(
        invite_device(early.admin.actor, patient.patient_id, START).code, password="another one"
    )
    own = take(invite_device(early.admin.actor, patient.patient_id, START).code, password=PASSWORD)
    assert own.actor.patient_id == patient.patient_id
    with transaction(early.id) as session:
        kept = session.scalars(select(User.password_hash).where(User.id == patient.user_id)).one()
    assert matches(PASSWORD, kept)


def test_the_patient_hears_of_a_further_device(early: ClinicWorld) -> None:
    patient = early.patient()
    letters = select(Notification.kind, Notification.expires_at).where(
        Notification.user_id == patient.user_id
    )
    audited = (
        select(AuditDetail.detail["further_device"])
        .join_from(AuditEntry, AuditDetail, AuditDetail.entry_id == AuditEntry.id, isouter=True)
        .where(AuditEntry.action == "invitation_accepted", AuditEntry.actor_id == patient.user_id)
    )
    with transaction(early.id) as session:
        assert session.execute(letters).all() == []
    take(invite_device(early.admin.actor, patient.patient_id, START).code)
    with transaction(early.id) as session:
        assert session.execute(letters).all() == [("letter", START + timedelta(days=3))]
        assert sorted(map(str, session.scalars(audited))) == ["1", "None"]
        expire_letters(session, early.id, patient.user_id, START)
        assert session.execute(letters).all() == [("letter", START + timedelta(days=3))]
    letter = letter_of(patient.user_id, "a@b.test", DEVICE, START)
    assert "further device" in letter.text
    assert "quagga" not in f"{letter.subject} {letter.text}".casefold()


def presented(person: Person) -> Presented:
    actor = person.actor
    return Presented(actor.clinic_id, actor.user_id, actor.family_id, actor.pair_id)


def test_a_first_password_is_set_within_an_hour(early: ClinicWorld) -> None:
    """Later, a stolen device would become a password of its thief."""
    patient, other = early.patient(), early.patient()
    change_password(patient.actor, None, PASSWORD, START + HOUR, presented(patient))
    late = START + HOUR + timedelta(seconds=1)
    with pytest.raises(Invalid) as refused:
        change_password(other.actor, None, PASSWORD, late, presented(other))
    assert list(refused.value.errors) == ["old_password"]


def test_a_stolen_access_token_sets_no_first_password(early: ClinicWorld) -> None:
    """It takes the newest refresh token of the same device as well."""
    patient, other = early.patient(), early.patient()
    spent = presented(patient)
    newest = refresh(spent, START).actor
    for device in (None, presented(other), spent):
        with pytest.raises(Invalid) as refused:
            change_password(newest, None, PASSWORD, START, device)
        assert list(refused.value.errors) == ["refresh_token"]
    change_password(newest, None, PASSWORD, START, replace(spent, pair_id=newest.pair_id))


def test_the_list_of_devices_says_which_came_with_a_code(early: ClinicWorld) -> None:
    """So that a patient sees a device that somebody added in the clinic."""
    patient = early.patient()
    log_in(early.app, early.id, patient.user_id, START)
    take(invite_device(early.admin.actor, patient.patient_id, START).code)
    assert sorted(each.by_invitation for each in list_devices(patient.actor, START)) == [
        False,
        True,
        True,
    ]


def test_a_mistyped_address_is_corrected_while_nobody_has_used_the_account(
    early: ClinicWorld,
) -> None:
    form = InvitationForm(made_up_email("typo"), "Pat Quagga", ("patient",))
    wrong = invite(early.admin.actor, form, START)
    email = made_up_email()
    assert wrong.patient_id is not None
    right = invite_device(early.admin.actor, wrong.patient_id, START, email=email)
    with pytest.raises(InvitationInvalid):
        take(wrong.code)
    assert take(right.code).profile.email == email
    used = {"email": made_up_email()}
    with pytest.raises(Invalid) as refused:
        invite_device(early.admin.actor, wrong.patient_id, START, **used)
    assert list(refused.value.errors) == ["email"]
    invite_device(early.admin.actor, wrong.patient_id, START, email=email.upper())


def test_a_new_device_takes_the_mark_from_the_caseload(early: ClinicWorld) -> None:
    old = early.patient()
    with transaction(early.id) as session:
        user = session.scalars(select(User).where(User.id == old.user_id)).one()
        user.needs_invitation = True
    take(invite_device(early.admin.actor, old.patient_id, START).code)
    with transaction(early.id) as session:
        user = session.scalars(select(User).where(User.id == old.user_id)).one()
        assert not user.needs_invitation


def test_staff_who_never_came_are_invited_again_and_the_first_code_ends(
    early: ClinicWorld,
) -> None:
    form = InvitationForm(made_up_email(), "Sam Quagga", ("clinician",))
    first, second = (invite(early.admin.actor, form, START) for _ in range(2))
    assert first.user_id == second.user_id
    assert is_invalid(first.code, password=PASSWORD)
    take(second.code, password=PASSWORD)
    with pytest.raises(Invalid):
        invite(early.admin.actor, form, START)


PATIENT = {
    "phone": "+33 65 5550199",
    "address": "1 Quagga Street",
    "emergency_contact": {"name": "Kim Quagga", "phone": "+33 65 5550199", "relation": "sister"},
    "born_on": "1990-05-01",
    "mrn": "A-1",
    "indications": ["Suicidal ideation"],
}


def test_an_invited_patient_has_her_data(client: FlaskClient, clinic: ClinicWorld) -> None:
    body = {"email": made_up_email(), "name": "Pat Quagga", "roles": ["patient"]}
    body |= {"patient": PATIENT | {"care_team": [str(clinic.staff("clinician").user_id)]}}
    made = client.post("/v1/invitations", json=body, headers=clinic.admin.headers)
    assert made.status_code == 201, made.json
    with clinic.app.app_context(), transaction(clinic.id) as session:
        patient = session.scalars(select(Patient)).one()
        assert (patient.phone, patient.mrn) == (PATIENT["phone"], "A-1")
        assert patient.risk_at_intake


REFUSED = [
    ({"patient": {"born_on": "2015-01-01"}}, "adults_only", "patient.born_on"),
    (
        {"patient": {"care_team": ["0197b0a0-0000-7000-8000-000000000000"]}},
        None,
        "patient.care_team",
    ),
    ({"patient": {"risk_at_intake": "yes"}}, None, "patient.risk_at_intake"),
    ({"patient": {"colour": "red"}}, None, "patient.colour"),
    ({"roles": ["patient", "admin"]}, None, "roles"),
    ({"roles": []}, None, "roles"),
    ({"roles": ["king"]}, None, "roles.0"),
    ({"email": "not an address"}, None, "email"),
    ({"email": "a@b.example\r\nBcc: x@y.example"}, None, "email"),
    ({"roles": ["clinician"], "patient": {}}, None, "patient"),
]


def test_invitations_that_cannot_be_make_nothing(client: FlaskClient, clinic: ClinicWorld) -> None:
    for change, code, path in REFUSED:
        body = {"email": made_up_email(), "name": "Pat Quagga", "roles": ["patient"], **change}
        answer = client.post("/v1/invitations", json=body, headers=clinic.admin.headers)
        assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (
            422,
            code or "validation_failed",
            [path],
        ), change
    with clinic.app.app_context(), transaction(clinic.id) as session:
        assert session.scalars(select(User.id)).all() == [clinic.admin.user_id]


def test_a_patient_without_an_account_gets_one_with_an_address(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    with clinic.app.app_context(), transaction(clinic.id) as session:
        zone = "Europe/Paris"
        patient_id = enrol(session, clinic.id, {"name": "Pat Quagga", "timezone": zone}, START)
    invitations = f"/v1/patients/{patient_id}/invitations"
    answer = client.post(invitations, json={}, headers=clinic.admin.headers)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["email"])
    body = {"email": made_up_email()}
    made = client.post(invitations, json=body, headers=clinic.admin.headers)
    assert made.status_code == 201, made.json
    phone = client.post("/v1/invitations/accept", json={"code": made.json["code"]})
    assert phone.json["user"]["patient_id"] == str(patient_id)

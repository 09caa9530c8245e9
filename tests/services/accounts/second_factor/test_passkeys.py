"""Passkeys over the API: added in two steps, asked for at log-in, removed, and reset."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import undefer

from models import Notification
from services.accounts.letters import (
    FACTOR_REMOVED,
    FACTOR_RESET,
    PASSKEY_ADDED,
    PASSKEY_REMOVED,
)
from services.accounts.second_factor.challenges import Site, site_of
from services.unit_of_work import transaction
from tests.builders.accounts.authenticator import enrol
from tests.builders.accounts.software_key import (
    VERIFIED,
    SoftwareKey,
    known_by_name,
    text_of,
)
from tests.builders.browser import PASSWORD, give_password
from tests.builders.calls import made, post, refused
from tests.builders.stored import audited, rows
from tests.builders.world import ClinicWorld, Person
from tests.services.accounts.second_factor.passkey_calls import (
    CHALLENGE,
    CONFIRM,
    KEYS,
    WITH_PASSWORD,
    add,
    asked,
    begin,
    enter,
    listed,
    proof,
    staff,
)


@pytest.fixture
def ada(owner: Person) -> Person:
    return owner


def letters(worker_app: Flask) -> list[str]:
    query = select(Notification).where(Notification.kind == "letter").order_by(Notification.id)
    with worker_app.app_context(), transaction() as session:
        found = session.scalars(query.options(undefer(Notification.sealed_code)))
        return [row.sealed_code or "" for row in found]


def test_a_passkey_is_added_and_asked_for(
    client: FlaskClient, worker_app: Flask, ada: Person
) -> None:
    key = SoftwareKey()
    options = begin(client, ada)
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    assert enter(client, ada).status_code == 200  # not asked yet
    added = made(post(client, ada, {"name": "Blue key", "passkey": key.make(options)}, CONFIRM))
    assert len(added["recovery_codes"]) == 10
    (shown,) = listed(client, ada)
    assert shown == {name: added[name] for name in ("id", "name", "added_at", "last_used_at")}
    assert (shown["name"], shown["last_used_at"]) == ("Blue key", None)
    answer = enter(client, ada)
    assert answer.json["factors"] == ["passkey", "recovery_code"]
    request = answer.json["passkey"]
    assert request["rpId"] == "localhost"
    assert request["userVerification"] == "preferred"
    named = {"type": "public-key", "id": text_of(key.credential_id)}
    assert request["allowCredentials"] == [{**named, "transports": ["internal", "usb"]}]
    assert enter(client, ada, passkey=key.sign(request)).status_code == 200
    (shown,) = listed(client, ada)
    assert shown["last_used_at"]
    assert letters(worker_app) == [PASSKEY_ADDED]
    assert audited(ada, str(ada.user_id))[-1] == "passkey_begun"
    assert audited(ada, added["id"]) == ["passkey_added"]


def test_adding_and_removing_end_every_other_log_in(client: FlaskClient, ada: Person) -> None:
    def elsewhere() -> dict[str, str]:
        pair = made(enter(client, ada, **factor), 200)
        return {"Authorization": f"Bearer {pair['access_token']}"}

    factor: dict[str, Any] = {}
    there, key = elsewhere(), SoftwareKey()
    added = add(client, ada, key)
    assert client.get("/v1/me", headers=there).status_code == 401
    factor["recovery_code"] = added["recovery_codes"][0]
    there, both = elsewhere(), proof(client, ada, key)
    gone = client.delete(f"{KEYS}/{added['id']}", json=both, headers=ada.headers)
    assert gone.status_code == 204
    assert client.get("/v1/me", headers=there).status_code == 401
    assert client.get("/v1/me", headers=ada.headers).status_code == 200


def test_user_verification_and_counters_are_the_authenticators_own(
    client: FlaskClient, ada: Person
) -> None:
    """One that verifies and counts nothing, as synchronised passkeys do, is taken each time."""
    key = SoftwareKey(counts=False, flags=0x01 | VERIFIED)
    add(client, ada, key)
    for _ in range(2):
        assert enter(client, ada, passkey=key.sign(asked(client, ada))).status_code == 200


def test_the_password_and_what_is_in_use_are_asked_for(client: FlaskClient, ada: Person) -> None:
    assert refused(post(client, ada, {}, KEYS)).keys() == {"password"}
    assert refused(post(client, ada, {"password": "wrong"}, KEYS)).keys() == {"password"}
    device, key = enrol(ada), SoftwareKey()
    assert refused(post(client, ada, WITH_PASSWORD, KEYS)).keys() == {"totp"}
    added = add(client, ada, key, totp=device.code())
    assert added["recovery_codes"] == [], "those from before hold"
    assert enter(client, ada).json["factors"] == ["totp", "passkey", "recovery_code"]
    add(client, ada, SoftwareKey(), **proof(client, ada, key))
    body = WITH_PASSWORD | proof(client, ada, key)
    assert made(post(client, ada, body, "/v1/me/totp"))["secret"], "another app, by a passkey"
    code = {"recovery_code": device.recovery_codes[0]}
    assert enter(client, ada, **code).status_code == 200


def test_one_key_is_one_passkey(client: FlaskClient, clinic: ClinicWorld, ada: Person) -> None:
    key = SoftwareKey()
    added = add(client, ada, key)
    options = begin(client, ada, **proof(client, ada, key))
    assert [each["id"] for each in options["excludeCredentials"]] == [text_of(key.credential_id)]
    for person, wanted in ((ada, options), (other := staff(clinic), begin(client, other))):
        again = {"name": "again", "passkey": key.make(wanted)}
        assert refused(post(client, person, again, CONFIRM)).keys() == {"passkey"}
    assert [one["id"] for one in listed(client, ada)] == [added["id"]]
    assert listed(client, other) == []


def test_there_are_ten_at_most(client: FlaskClient, ada: Person, key: SoftwareKey) -> None:
    row = "SELECT clinic_id, gen_random_uuid(), user_id, n::text::bytea, '1', 0, '{}', rp_id, name,"
    nine = f"{row} added_at FROM passkeys, generate_series(1, 9) n RETURNING id"
    rows(ada, f"INSERT INTO passkeys {nine}")
    body = WITH_PASSWORD | proof(client, ada, key)
    assert refused(post(client, ada, body, KEYS)).keys() == {"passkey"}


def test_ten_at_most_also_of_those_that_were_begun_at_once(
    client: FlaskClient, ada: Person, key: SoftwareKey
) -> None:
    row = "SELECT clinic_id, gen_random_uuid(), user_id, n::text::bytea, '1', 0, '{}', rp_id, name,"
    eight = f"{row} added_at FROM passkeys, generate_series(1, 8) n RETURNING id"
    rows(ada, f"INSERT INTO passkeys {eight}")
    new = [SoftwareKey(), SoftwareKey()]
    begun = [begin(client, ada, **proof(client, ada, key)) for _ in new]
    sent = [
        post(client, ada, {"name": "x", "passkey": one.make(options)}, CONFIRM)
        for one, options in zip(new, begun, strict=True)
    ]
    made(sent[0])
    assert refused(sent[1]).keys() == {"passkey"}
    assert len(rows(ada, "SELECT 1 FROM passkeys WHERE user_id = :id", id=ada.user_id)) == 10


def test_each_is_removed_by_itself_and_the_last_takes_the_codes(
    client: FlaskClient, worker_app: Flask, clinic: ClinicWorld, ada: Person
) -> None:
    key, second, device = SoftwareKey(), SoftwareKey(), enrol(ada)
    first_id = add(client, ada, key, totp=device.code())["id"]
    second_id = add(client, ada, second, **proof(client, ada, key))["id"]

    def remove(which: str, **sent: Any) -> int:
        path = f"{KEYS}/{which}" if which != "totp" else "/v1/me/totp"
        return client.delete(path, json=sent, headers=ada.headers).status_code

    assert remove(first_id) == remove(first_id, password="wrong") == 422
    assert remove(str(uuid4()), password=PASSWORD) == 404
    stranger = staff(clinic)
    gone = client.delete(f"{KEYS}/{first_id}", json=WITH_PASSWORD, headers=stranger.headers)
    assert gone.status_code == 404
    policy = {"second_factor": "required"}
    made(client.patch("/v1/clinic", json=policy, headers=clinic.admin.headers), 200)
    assert remove(first_id, **proof(client, ada, second)) == 204
    assert enter(client, ada, passkey=key.sign(asked(client, ada))).status_code == 401
    assert remove("totp", password=PASSWORD) == 422
    assert remove("totp", **proof(client, ada, second)) == 204
    assert enter(client, ada).json["factors"] == ["passkey", "recovery_code"]
    assert remove(second_id, password=PASSWORD) == 403, "the clinic asks for one"
    policy = {"second_factor": "off"}
    made(client.patch("/v1/clinic", json=policy, headers=clinic.admin.headers), 200)
    assert remove(second_id, **proof(client, ada, second)) == 204
    assert remove(second_id, password=PASSWORD) == 404
    assert enter(client, ada).status_code == 200
    shown = made(client.get("/v1/me/totp", headers=ada.headers), 200)
    assert shown["recovery_codes_left"] == 0
    assert letters(worker_app)[-3:] == [PASSKEY_REMOVED, FACTOR_REMOVED, PASSKEY_REMOVED]
    assert audited(ada, first_id)[-1] == "passkey_removed"


def test_a_lost_one_is_reset_with_everything(
    client: FlaskClient, worker_app: Flask, clinic: ClinicWorld, ada: Person, key: SoftwareKey
) -> None:
    path = f"/v1/users/{ada.user_id}/reset-factor"
    assert post(client, clinic.admin, {}, path).status_code == 204
    assert enter(client, ada).status_code == 200
    assert not rows(ada, "SELECT id FROM passkeys")
    assert not rows(ada, "SELECT code_digest FROM recovery_codes")
    assert letters(worker_app)[-1] == FACTOR_RESET


def test_a_passkey_is_what_a_clinic_requires(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    policy = {"second_factor": "required"}
    made(client.patch("/v1/clinic", json=policy, headers=clinic.admin.headers), 200)
    pair = made(enter(client, ada), 200)
    assert pair["user"]["must_enrol"]
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    options = made(client.post(KEYS, json=WITH_PASSWORD, headers=headers))["public_key"]
    key = SoftwareKey()
    body = {"name": "x", "passkey": key.make(options)}
    made(client.post(CONFIRM, json=body, headers=headers))
    login = made(enter(client, ada, passkey=key.sign(asked(client, ada))), 200)
    assert not login["user"]["must_enrol"]
    open_now = {"Authorization": f"Bearer {login['access_token']}"}
    assert client.get("/v1/patients", headers=open_now).status_code == 200


def test_a_clinic_that_has_none_enrols_nobody(
    client: FlaskClient, clinic: ClinicWorld, ada: Person, key: SoftwareKey
) -> None:
    policy = {"second_factor": "off"}
    made(client.patch("/v1/clinic", json=policy, headers=clinic.admin.headers), 200)
    body = WITH_PASSWORD | proof(client, ada, key)
    assert post(client, ada, body, KEYS).status_code == 403
    assert enter(client, ada).status_code == 401, "what is enrolled is asked for"


def test_a_server_without_a_name_offers_none_and_says_so(
    app: Flask, client: FlaskClient, ada: Person
) -> None:
    key = SoftwareKey()
    codes = iter(add(client, ada, key)["recovery_codes"])
    options = asked(client, ada)
    for address in ("", "http://127.0.0.1:8000", "http://clinic.example", "https://192.0.2.1"):
        code = {"recovery_code": next(codes)}
        with known_by_name(app, address):
            for path, body, status in ((KEYS, WITH_PASSWORD | code, 403), (CHALLENGE, {}, 404)):
                answer = made(post(client, ada, body, path), status)
                assert "INTERLUDE_PUBLIC_URL" in answer["detail"]
            closed = made(enter(client, ada), 401)
        assert closed["factors"] == ["passkey", "recovery_code"]
        assert "passkey" not in closed
    # Nor is a passkey of the name that the server had before asked for.
    with known_by_name(app, "https://new.example"):
        assert "passkey" not in enter(client, ada).json
        assert post(client, ada, {}, CHALLENGE).status_code == 404
        assert enter(client, ada, passkey=key.sign(options)).status_code == 200, "asked before it"


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("", None),
        ("http://clinic.example", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]:8443", None),
        ("http://127.0.0.1:8000", None),
        ("https://clinic.example", Site("clinic.example", "https://clinic.example")),
        ("https://clinic.example:8443/i", Site("clinic.example", "https://clinic.example:8443")),
        ("http://localhost:8000", Site("localhost", "http://localhost:8000")),
        ("http://x.localhost", Site("x.localhost", "http://x.localhost")),
    ],
)
def test_where_browsers_offer_passkeys(address: str, site: Site | None) -> None:
    assert site_of(address) == site


def test_patients_have_none(client: FlaskClient, site: None, clinic: ClinicWorld) -> None:
    patient = clinic.patient()
    give_password(patient)
    assert client.get(KEYS, headers=patient.headers).status_code == 403
    assert post(client, patient, WITH_PASSWORD, KEYS).status_code == 403


def test_names_are_kept_encrypted(ada: Person, key: SoftwareKey) -> None:
    (kept,) = rows(ada, "SELECT name FROM passkeys")
    assert b"Blue" not in bytes(kept["name"])


def test_a_process_that_is_sent_no_answer_loads_no_library() -> None:
    code = (
        "import sys, api.routes.accounts.passkeys, api.routes.accounts.auth, api.console;"
        "print(*[m for m in ('webauthn', 'cbor2', 'OpenSSL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

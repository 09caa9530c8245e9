"""Requests that nobody's app sends are refused like others: never a 500, never a flood."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld, Person

NEVER = 10**30


def signed(app: Flask, person: Person, odd: dict[str, Any]) -> dict[str, str]:
    """A token with our signature and these claims in place of the right ones."""
    key = app.config["JWT_SECRET_KEY"]
    token = person.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, key, ["HS256"], options={"verify_signature": True})
    claims = {name: value for name, value in (claims | odd).items() if value != "left out"}
    # Not through PyJWT's encoder, which refuses some of these itself.
    head, body = ({"alg": "HS256", "typ": "JWT"}, claims)
    parts = [jwt.utils.base64url_encode(json.dumps(part).encode()) for part in (head, body)]
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        b".".join(parts), key.encode()
    )
    whole = b".".join([*parts, jwt.utils.base64url_encode(signature)])
    return {"Authorization": f"Bearer {whole.decode()}"}


ODD = [
    *({"exp": value} for value in ("soon", "1", NEVER, -NEVER, 1.5e300, float("nan"), None, [1])),
    *({"exp": value} for value in (float("inf"), {}, True, "left out")),
    *({name: NEVER} for name in ("iat", "nbf", "epoch")),
    *({name: float("inf")} for name in ("iat", "nbf", "epoch")),
    *({name: "x"} for name in ("clinic_id", "family_id", "pair_id", "patient_id", "epoch", "sub")),
    *({name: 7} for name in ("clinic_id", "family_id", "pair_id", "patient_id", "roles", "sub")),
    *({name: "left out"} for name in ("clinic_id", "family_id", "pair_id", "roles", "sub")),
    {"roles": None},
    {"roles": [["patient"]]},
    {"type": 1},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_odd_claims_are_no_token(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, odd: dict[str, Any]
) -> None:
    headers = signed(app, clinic.patient(), odd)
    seen = [
        client.get("/v1/me", headers=headers).status_code,
        client.post("/v1/check-ins", json=phq9(item9=2), headers=headers).status_code,
        client.post("/v1/auth/refresh", headers=headers).status_code,
    ]
    assert seen == [401, 401, 401]
    body = {"email": "nobody-quagga@clinic.example", "password": "x"}
    assert client.post("/v1/auth/login", json=body, headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/a/x%0d%0aSet-Cookie:%20a=b/log-in", "/a/%0a/note", "/a/%0d"])
@pytest.mark.parametrize("method", ["get", "post", "head"])
def test_line_ends_in_a_path_reach_no_header(client: FlaskClient, path: str, method: str) -> None:
    answer = getattr(client, method)(path)
    assert answer.status_code < 500
    assert "Set-Cookie: a" not in str(answer.headers)


@pytest.mark.parametrize(
    "path", ["/v1/me%0d%0a", "/v1/check-ins/%0d%0a", "/%0a", "/docs/%0d", "/v1/patients/%0a/trend"]
)
def test_line_ends_in_any_other_path_find_nothing(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in (401, 404)
    assert client.post(path).status_code in (401, 404, 405)


def test_60_000_unknown_fields_are_answered_shortly(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    flood = {f"field{number}": 1 for number in range(60_000)}
    long = {"n" * 100_000: 1}
    for body in (flood, long, {"roles": ["x"] * 20_000}):
        answer = client.post("/v1/auth/login", json=body)
        assert answer.status_code == 422
        assert len(answer.data) < 10_000
        patient = clinic.patient()
        answer = client.post("/v1/check-ins", json=body, headers=patient.headers)
        assert answer.status_code == 422
        assert len(answer.data) < 10_000


def test_what_the_rules_refuse_is_answered_shortly_too(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    screened = {"screened_on": "2026-11-21", "contraindications": ["x"] * 50_000}
    answers = {f"q{number}": 9 for number in range(50_000)}
    for path, body, who in (
        (f"/v1/patients/{pat.patient_id}/screenings", screened, staff),
        ("/v1/check-ins", phq9(answers=answers), pat),
    ):
        answer = client.post(path, json=body, headers=who.headers)
        assert answer.status_code == 422
        assert len(answer.data) < 20_000
        assert len(answer.json["errors"]) <= 51


READ = ("/v1/check-ins/{}", "/v1/side-effects/{}", "/v1/help-requests/{}")


def test_who_may_not_read_entries_learns_not_which_exist(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    patient, entry = clinic.patient(), phq9(item9=0)
    client.post("/v1/check-ins", json=entry, headers=patient.headers)
    for path in READ:
        for known in (entry["id"], str(uuid4())):
            answer = client.get(path.format(known), headers=clinic.admin.headers)
            assert answer.status_code == 403
    for path in ("/v1/check-ins/{}/amend", "/v1/side-effects/{}/amend"):
        for known in (entry["id"], str(uuid4())):
            body = {"id": str(uuid4()), "answers": {}, "reason": "x"}
            if "side" in path:
                body = {"id": str(uuid4()), "effects": [], "reason": "x"}
            for person in (clinic.admin, clinic.staff("on_call")):
                answer = client.post(path.format(known), json=body, headers=person.headers)
                assert answer.status_code == 403


def test_a_role_without_business_learns_of_no_patient(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    """Every address under a patient: 403 for the role comes before the look-up."""
    known, compared = clinic.patient(), 0
    people = [clinic.admin, clinic.staff("on_call"), clinic.patient()]
    for rule in app.url_map.iter_rules():
        if rule.arguments != {"patient_id"}:
            continue
        for method in sorted(rule.methods & {"GET", "POST", "PATCH", "PUT"}):
            for person in people:
                seen = [
                    client.open(
                        rule.rule.replace("<uuid:patient_id>", str(patient_id)),
                        method=method,
                        json=None if method == "GET" else {},
                        headers=person.headers,
                    ).status_code
                    for patient_id in (known.patient_id, uuid4())
                ]
                compared += 1
                assert (seen[0] == 403) == (seen[1] == 403), (rule.rule, method, person.actor.roles)
    assert compared > 30

"""Tokens name the key that signed them: two may hold at once, and nothing else does."""

from __future__ import annotations

import json
import secrets
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient

from api.http.auth import KEYS, claims_of, encode_pair, init_auth
from models.encryption import key_id_of
from services.accounts.tokens.families import PATIENT_LIFETIME
from services.clock import utcnow
from services.exceptions import Unauthenticated
from tests.builders.world import ClinicWorld, Person


def token_of(person: Person) -> str:
    return person.headers["Authorization"].removeprefix("Bearer ")


def status(client: FlaskClient, token: str) -> int:
    return client.get("/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code


def rotate(app: Flask, monkeypatch: pytest.MonkeyPatch, *, keep: bool) -> None:
    """Another key signs from now on."""
    key = secrets.token_hex(32)
    older: dict[str, str] = app.config[KEYS] if keep else {}
    monkeypatch.setitem(app.config, KEYS, {key_id_of(bytes.fromhex(key)): key, **older})
    monkeypatch.setitem(app.config, "JWT_SECRET_KEY", key)


def resigned(app: Flask, token: str, header: dict[str, Any], key: str | None = None) -> str:
    own = app.config["JWT_SECRET_KEY"]
    claims = jwt.decode(token, own, ["HS256"])
    return jwt.encode(claims, own if key is None else key, header.pop("alg", "HS256"), header)


def test_a_token_names_its_key(app: Flask, client: FlaskClient, clinic: ClinicWorld) -> None:
    token = token_of(clinic.patient())
    assert jwt.get_unverified_header(token)["kid"] == next(iter(app.config[KEYS]))
    assert status(client, token) == 200


@pytest.mark.parametrize(("keep", "expected"), [(True, 200), (False, 401)])
def test_a_token_holds_as_long_as_its_key_is_kept(
    app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    monkeypatch: pytest.MonkeyPatch,
    keep: bool,
    expected: int,
) -> None:
    before = token_of(clinic.patient())
    rotate(app, monkeypatch, keep=keep)
    after = token_of(clinic.patient())
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]
    assert (status(client, before), status(client, after)) == (expected, 200)


def test_a_token_from_before_keys_had_ids_holds(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = resigned(app, token_of(clinic.patient()), {})
    assert "kid" not in jwt.get_unverified_header(token)
    rotate(app, monkeypatch, keep=True)
    assert status(client, token) == 200


@pytest.mark.parametrize("kid", ["00000000", "", "../../dev/null", "' OR 1=1 --"])
def test_a_key_id_that_is_nobodys_opens_nothing(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, kid: str
) -> None:
    token = token_of(clinic.patient())
    assert status(client, resigned(app, token, {"kid": kid})) == 401
    assert status(client, resigned(app, token, {"kid": kid}, key="0" * 64)) == 401


def test_a_token_that_names_the_other_key_opens_nothing(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both keys hold; each signs with one and names the other."""
    token, older = token_of(clinic.patient()), app.config["JWT_SECRET_KEY"]
    rotate(app, monkeypatch, keep=True)
    claims = jwt.decode(token, older, ["HS256"])
    for named, signing in zip(app.config[KEYS], reversed(app.config[KEYS].values()), strict=True):
        other = jwt.encode(claims, signing, "HS256", {"kid": named})
        assert status(client, other) == 401


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_the_algorithm_is_ours_to_name(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, algorithm: str
) -> None:
    token = token_of(clinic.patient())
    kid = jwt.get_unverified_header(token)["kid"]
    key = "" if algorithm == "none" else None
    assert status(client, resigned(app, token, {"alg": algorithm, "kid": kid}, key)) == 401


def test_no_algorithm_of_two_keys_stands_in_for_ours(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    """A token signed with somebody's private key, its public half offered along; and one signed by
    HMAC with a public key as the secret, as a server that takes both kinds would check it.
    """
    token = token_of(clinic.patient())
    claims = jwt.decode(token, app.config["JWT_SECRET_KEY"], ["HS256"])
    kid = jwt.get_unverified_header(token)["kid"]
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    offered = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
    for header in ({"kid": kid}, {}, {"kid": kid, "jwk": offered}, {"jku": "https://x.example/k"}):
        assert status(client, jwt.encode(claims, private, "ES256", header)) == 401
    rsa_key = rsa.generate_private_key(65_537, 2048)
    assert status(client, jwt.encode(claims, rsa_key, "RS256", {"kid": kid})) == 401
    assert status(client, jwt.encode(claims, public.hex(), "HS256", {"kid": kid})) == 401


@pytest.mark.parametrize("secret", ["0" * 64, "changeme" * 8, "interlude access tokens" * 2])
def test_no_guessed_secret_signs(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, secret: str
) -> None:
    """Nor a kid that is left out, so that each key is tried."""
    token = token_of(clinic.patient())
    for header in ({}, {"kid": jwt.get_unverified_header(token)["kid"]}):
        assert status(client, resigned(app, token, dict(header), secret)) == 401


def test_two_secrets_of_the_settings_hold_at_once(app: Flask, clinic: ClinicWorld) -> None:
    """As an operator changes them: the new key first reads, then writes, then stands alone."""
    old, new = app.config["INTERLUDE"].secret_key, secrets.token_urlsafe(48)
    before = token_of(clinic.patient())

    def holding(*keys: str) -> Flask:
        made = Flask(__name__)
        init_auth(made, keys)
        return made

    def holds(app: Flask, token: str) -> bool:
        with app.app_context():
            try:
                return bool(claims_of(token, "access"))
            except Unauthenticated:
                return False

    both, turned, alone = holding(old, new), holding(new, old), holding(new)
    with turned.app_context():
        after = encode_pair(clinic.admin.actor, utcnow(), PATIENT_LIFETIME)["access_token"]
    assert [holds(one, before) for one in (both, turned, alone)] == [True, True, False]
    assert [holds(one, after) for one in (both, turned, alone)] == [True, True, True]
    assert not holds(holding(old), after)

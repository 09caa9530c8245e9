"""Tokens name the key that signed them: two may hold at once, and nothing else does."""

from __future__ import annotations

import secrets
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.http.auth import KEYS
from models.encryption import key_id_of
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


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_the_algorithm_is_ours_to_name(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, algorithm: str
) -> None:
    token = token_of(clinic.patient())
    kid = jwt.get_unverified_header(token)["kid"]
    key = "" if algorithm == "none" else None
    assert status(client, resigned(app, token, {"alg": algorithm, "kid": kid}, key)) == 401

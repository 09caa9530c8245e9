"""Servers whose clocks differ, and providers that say odd things, break nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from joserfc import jws

from services.clock import utcnow
from tests.builders.accounts.provider import (
    ScriptedProvider,
    begun_at,
    forget,
    lets_sign_in,
    sign_in,
    signing_key,
    vouched,
)
from tests.builders.pages.console import Console
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld


@pytest.mark.parametrize("apart", [timedelta(minutes=-3), timedelta(minutes=3)])
def test_servers_whose_clocks_differ_take_each_others_sign_ins(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, apart: timedelta
) -> None:
    staff, console = clinic.staff(), Console(app)
    with time_machine.travel(utcnow() + apart):
        went = console.open(begun_at(clinic.id), follow=False)
    back = provider.authorize(went.headers["Location"], **vouched(staff))
    assert console.open(back, follow=False).status_code == 303


@pytest.mark.parametrize(
    "claims", [{"sub": "a\ud800"}, {"sub": "s", "email": "a\ud800@b.example"}, {"sub": "s\0"}]
)
def test_what_cannot_be_written_down_is_refused(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, claims: dict[str, Any]
) -> None:
    key = signing_key()
    provider.sign = lambda given: jws.serialize_compact(
        {"alg": "RS256", "kid": "one"}, json.dumps(given | claims), key
    )
    assert sign_in(Console(app), clinic, provider, email_verified=True).status_code == 401


@pytest.mark.parametrize(
    "name",
    ["id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported"],
)
@pytest.mark.parametrize("value", [7, [7, None], {"RS256": 1}])
def test_a_list_that_is_none_is_a_bad_description(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, name: str, value: Any
) -> None:
    provider.metadata = {name: value}
    forget(app)
    assert Console(app).open(begun_at(clinic.id), follow=False).status_code == 503


def test_an_address_is_verified_where_it_stands(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    """Of two documents one says an address, and the other that another one is verified."""
    mapped = {"claim": "groups", "roles": {"doctor": ["clinician"]}}
    lets_sign_in(clinic, provider.issuer, **mapped)
    staff = clinic.staff()
    provider.userinfo = {
        "sub": "ada",
        "email": "ada@elsewhere.example",
        "email_verified": True,
        "groups": "doctor",
    }
    assert sign_in(Console(app), clinic, provider, email=staff.email).status_code == 401
    assert rows(clinic.admin, "SELECT 1 FROM oidc_identities") == []

"""Which identity opens an account, and what ends that."""

from __future__ import annotations

import pytest
from flask import Flask

from services.accounts.oidc.providers import remove_provider
from services.clock import utcnow
from tests.builders.accounts.authenticator import enrol
from tests.builders.accounts.provider import (
    ScriptedProvider,
    lets_sign_in,
    sign_in,
    vouched,
)
from tests.builders.browser import give_password
from tests.builders.pages.console import Console
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, made_up_email
from tests.services.membership.mailroom import Mailroom


def test_an_address_that_is_undone_takes_the_identity_along(
    app: Flask, worker_app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    """Whoever had the account for an hour gave it the address that they have at the provider."""
    room = Mailroom(app, worker_app, clinic, utcnow())
    ada, email = room.person("clinician"), made_up_email("mallory")
    code, link = room.ask(ada, email)
    room.confirm(ada, code)
    claims = {"sub": "mallory", "email": email, "email_verified": True}
    assert sign_in(Console(app), clinic, provider, **claims).status_code == 303
    room.undo(link)
    assert sign_in(Console(app), clinic, provider, **claims).status_code == 401
    assert sign_in(Console(app), clinic, provider, **vouched(ada)).status_code == 303


@pytest.mark.parametrize("what", ["removed", "changed"])
def test_a_code_opens_nothing_by_a_provider_that_is_gone(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, what: str
) -> None:
    staff, console = clinic.staff(), Console(app)
    give_password(staff)
    device = enrol(staff)
    assert sign_in(console, clinic, provider, **vouched(staff)).status_code == 401
    if what == "changed":
        lets_sign_in(clinic, provider.issuer, client_id="another")
    else:
        with app.app_context():
            remove_provider(clinic.id, utcnow())
    shown = console.send(f"/oidc/{clinic.id}/code", totp=device.code())
    assert shown.status_code == {"removed": 404, "changed": 401}[what]
    assert console.open("/alerts").status_code == 401
    assert rows(clinic.admin, "SELECT 1 FROM oidc_identities") == []

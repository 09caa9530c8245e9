"""Somebody enters by their clinic's provider while what lets them in is being taken away."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from api.embedded.urls import DatabaseUrls
from services.accounts.oidc import enter
from services.accounts.oidc.answer import Proved
from services.accounts.oidc.identities import digest_of
from services.accounts.oidc.providers import find_provider, remove_provider
from services.accounts.second_factor.factors import SentFactor
from services.accounts.tokens.families import PHONE
from services.clock import utcnow
from services.exceptions import SignInRefused
from services.membership.users import change_user
from tests.builders.accounts.provider import lets_sign_in, scripted_provider
from tests.builders.stored import rows, somebody_waits
from tests.builders.world import ClinicWorld, Person, made_up_email
from tests.services.membership.mailroom import Mailroom

LINKED = "SELECT 1 FROM oidc_identities"


@pytest.fixture
def offered(clinic: ClinicWorld) -> None:
    """The clinic has a provider."""
    with scripted_provider() as provider:
        lets_sign_in(clinic, provider.issuer)


def come_in(clinic: ClinicWorld, email: str) -> None:
    """As whoever the provider says has this address."""
    with clinic.app.app_context():
        now = utcnow()
        set_at = find_provider(clinic.id).set_at
        identity = digest_of("https://provider.example", "mallory")
        proved = Proved(clinic.id, identity, email, None, has_factor=False, set_at=set_at)
        enter.enter(proved, SentFactor(), PHONE, None, (), now)


def in_app(app: Flask, act: Callable[[], object]) -> Thread:
    """Somebody else does it at the same time."""

    def run() -> None:
        with app.app_context():
            act()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_an_address_that_is_undone_meanwhile_links_nothing(
    app: Flask,
    worker_app: Flask,
    clinic: ClinicWorld,
    offered: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Mailroom(app, worker_app, clinic, utcnow())
    ada, email = room.person("clinician"), made_up_email("mallory")
    code, link = room.ask(ada, email)
    room.confirm(ada, code)
    lock = enter._lock

    def undone_first(session: Session, user_id: UUID) -> None:
        in_app(app, lambda: room.undo(link)).join()
        lock(session, user_id)

    monkeypatch.setattr(enter, "_lock", undone_first)
    with pytest.raises(SignInRefused):
        come_in(clinic, email)
    assert rows(ada, LINKED) == []


@pytest.mark.parametrize("end", ["account", "provider"])
def test_what_ends_meanwhile_leaves_no_link(
    app: Flask,
    database_urls: DatabaseUrls,
    clinic: ClinicWorld,
    offered: None,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
) -> None:
    """An identity that stays with an account that ended could never open the next one."""
    staff: Person = clinic.staff()
    link, others = enter.link, []

    def ended_meanwhile(session: Session, clinic_id: UUID, user_id: UUID, *more: object) -> bool:
        acts = {
            "account": lambda: change_user(clinic.admin.actor, user_id, utcnow(), active=False),
            "provider": lambda: remove_provider(clinic_id, utcnow()),
        }
        others.append(in_app(app, acts[end]))
        somebody_waits(database_urls)
        return link(session, clinic_id, user_id, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(enter, "link", ended_meanwhile)
    come_in(clinic, staff.email)
    others[0].join()
    assert rows(clinic.admin, LINKED) == []

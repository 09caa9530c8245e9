"""Guesses and codes that come to several processes at the same moment count together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson
import pytest
from flask import Flask

from api import create_app
from models.database import db
from services.accounts.guesses.delays import account_key
from services.clock import utcnow
from tests.builders.browser import PASSWORD, give_password
from tests.builders.calls import at_once, made, post
from tests.builders.stored import entries, rows
from tests.builders.world import ClinicWorld, made_up_email
from tests.fixtures.running import RunningService

PROCESSES = 4
GUESSES = 16


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands: however slow the machine is, no allowance comes back meanwhile."""
    now = utcnow()
    monkeypatch.setattr("api.http.auth.utcnow", lambda: now)


@pytest.fixture
def processes(app: Flask) -> Iterator[list[Flask]]:
    """The same service several times over: nothing but the database is common to them."""
    made = [create_app(app.config["INTERLUDE"]) for _ in range(PROCESSES)]
    yield made
    for one in made:
        with one.app_context():
            db.engine.dispose()


@pytest.mark.usefixtures("stopped")
def test_guesses_are_counted_across_processes(processes: list[Flask], clinic: ClinicWorld) -> None:
    """Four wrong ones are answered, wherever they came; then the right one waits as well."""
    staff = clinic.staff()
    give_password(staff)

    def guess(process: Flask, password: str) -> int:
        body = {"email": staff.email, "password": password}
        return process.test_client().post("/v1/auth/login", json=body).status_code

    seen = [guess(processes[n % PROCESSES], f"guess {n}") for n in range(12)]
    assert seen == [401] * 4 + [429] * 8
    assert [guess(one, PASSWORD) for one in processes] == [429] * PROCESSES
    failed = entries(clinic.admin, "login_failed")
    assert len(failed) >= 1


@pytest.mark.usefixtures("stopped")
def test_guesses_at_the_same_moment_in_several_processes(
    processes: list[Flask], clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    give_password(staff)
    body = {"email": staff.email, "password": "wrong quagga"}
    work = [
        partial(process.test_client().post, "/v1/auth/login", json=body)
        for process in processes
        for _ in range(4)
    ]
    seen = [answer.status_code for answer in at_once(work)]
    assert (seen.count(401), seen.count(429)) == (4, 12)


@pytest.mark.xdist_group("running")
def test_what_one_process_is_asked_counts_in_all(running: RunningService) -> None:
    """Each on a connection of its own, so that the service's processes share them. The applications
    above have all but a database apart; memory of the interpreter is common to them.
    """
    staff = running.clinic().staff()
    give_password(staff)
    body = orjson.dumps({"email": staff.email, "password": "wrong quagga"})
    kind = {"Content-Type": "application/json"}
    guess = partial(running.send, "POST", "/v1/auth/login", kind, body)
    seen = [answer.status for answer in at_once([guess] * GUESSES)]
    assert set(seen) == {401, 429}
    with running.app.app_context():
        digest = account_key(staff.email).digest
    # How many are answered hangs on how long they took; that each counts for all does not.
    (counted,) = running.rows("SELECT failures FROM login_delays WHERE key_digest = %s", digest)
    assert counted.failures == GUESSES


def invitation(clinic: ClinicWorld, *roles: str) -> dict[str, Any]:
    form = {"email": made_up_email(), "name": "Ida Quagga", "roles": list(roles)}
    return made(post(clinic.app.test_client(), clinic.admin, form, "/v1/invitations"))


@pytest.mark.parametrize("role", ["patient", "clinician"])
def test_a_code_that_many_take_at_once_is_one_persons(
    processes: list[Flask], clinic: ClinicWorld, role: str
) -> None:
    """One family, one 201; whoever was second is refused as if the code had never been."""
    invited = invitation(clinic, role)
    work = [
        partial(
            process.test_client().post,
            "/v1/invitations/accept",
            json={"code": invited["code"], "device_id": f"phone {n}", "password": PASSWORD},
        )
        for n, process in enumerate(processes)
    ]
    answers = at_once(work)
    assert sorted(one.status_code for one in answers) == [201] + [409] * (PROCESSES - 1)
    assert {one.json["code"] for one in answers if one.status_code == 409} == {"invitation_invalid"}
    query = "SELECT id FROM token_families WHERE user_id = :id"
    assert len(rows(clinic.admin, query, id=invited["user_id"])) == 1


def test_a_code_that_was_used_opens_nothing_anywhere(
    processes: list[Flask], clinic: ClinicWorld
) -> None:
    code = invitation(clinic, "patient")["code"]
    first, *others = processes
    body = {"code": code, "device_id": "phone"}
    pair = made(first.test_client().post("/v1/invitations/accept", json=body))
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert others[0].test_client().get("/v1/me", headers=headers).status_code == 200
    unknown = body | {"code": "0000-0000-0000-0000"}
    refused = [
        process.test_client().post("/v1/invitations/accept", json=sent)
        for process in others
        for sent in (body, unknown)
    ]
    assert {one.status_code for one in refused} == {409}
    assert len({one.data for one in refused}) == 1

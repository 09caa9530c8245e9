"""What is there and may not be seen looks, and costs, like what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.http.hold import HEADER
from models.statements import Statement
from tests.builders.browser import PASSWORD, give_password
from tests.builders.doors.calls import call, names_something
from tests.builders.doors.sides import MATE, OTHER, ROLES, Ids, sides_of
from tests.builders.doors.table import ROWS
from tests.builders.world import ClinicWorld, Person, World, made_up_email
from tests.fixtures.statements import statements_sent

# The status, the document, and how much was asked for it.
Seen = tuple[int, Any, list[str]]


@contextmanager
def asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The words of all statements, in the order of each kind."""
    found: list[str] = []
    send = Statement.send

    def noting(self: Statement, *given: Any) -> None:
        found.append(self.text)
        send(self, *given)

    with monkeypatch.context() as patch, statements_sent(app) as sent:
        patch.setattr(Statement, "send", noting)
        yield found
        found += [one.text for one in sent]


def nobodys(theirs: Ids) -> Ids:
    """Ids of the same names that nothing has."""
    return {name: str(uuid4()) for name in theirs}


@pytest.mark.parametrize("role", ROLES)
def test_an_object_out_of_sight_and_one_that_is_not_there_are_one(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    """The same document for every id that a route takes; another clinic's also after the same
    statements.
    """
    sides, client, differing = sides_of(role, world), FlaskClient(app), {}
    rows = [row for row in ROWS if names_something(row) and "404" in ROWS[row][role]]
    # The first use of a log-in and of the clinic's audit key are steps of their own.
    call(client, rows[0], nobodys(sides.things[MATE]), sides.caller)
    for row in rows:
        for whose in (MATE, OTHER):
            cell = ROWS[row][role]
            if cell[-1 if whose == OTHER or len(cell) == 1 else 1] != "404":
                continue
            found = [
                _tried(app, client, row, theirs, sides.caller, monkeypatch)
                for theirs in (sides.things[whose], nobodys(sides.things[whose]))
            ]
            # Of a team-mate's the document alone: somebody may be asked whose team it is.
            seen = 3 if whose == OTHER else 2
            if found[0][:seen] != found[1][:seen]:
                differing[row] = (whose, *found)
    assert differing == {}
    assert len(rows) > 5


def _tried(
    app: Flask,
    client: FlaskClient,
    row: str,
    theirs: Ids,
    by: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> Seen:
    with asked(app, monkeypatch) as steps:
        answer = call(client, row, theirs, by)
    return answer.status_code, answer.get_json(silent=True), steps


def test_an_unknown_address_and_a_wrong_password_take_the_same_time_to_the_client(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    """A refused log-in leaves at the same instant after it came, whatever was looked up: the hold
    that the front keeps is the same for every cause, and so are the bytes.
    """
    known, off = clinic.staff(), clinic.staff()
    give_password(known)
    give_password(off)
    client.patch(f"/v1/users/{off.user_id}", json={"active": False}, headers=clinic.admin.headers)
    causes = {
        "unknown": (made_up_email(), PASSWORD),
        "wrong": (known.email, "wrong quagga"),
        "switched off": (off.email, PASSWORD),
        "no password": (clinic.patient().email, PASSWORD),
    }
    answers = {
        name: client.post("/v1/auth/login", json={"email": email, "password": password})
        for name, (email, password) in causes.items()
    }
    assert {one.status_code for one in answers.values()} == {401}
    assert len({one.data for one in answers.values()}) == 1
    holds = {one.headers[HEADER] for one in answers.values()}
    assert len(holds) == 1
    assert float(holds.pop()) == 1.0

"""Every route x every role x own, team-mate's, another clinic's object: one table of statuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from tests.builders.doors.calls import call, names_something, route_of
from tests.builders.doors.rows_alone import no_rows_guarded, rows_alone, shown_of, stored_rows
from tests.builders.doors.sides import (
    MARK,
    MATE,
    OTHER,
    OWN,
    ROLES,
    C,
    Ids,
    sides_of,
    stranger,
)
from tests.builders.doors.table import ROWS
from tests.builders.world import Person, World
from tests.fixtures.watched.one_clinic import crossings

# What asks for no token: `test_doors.PUBLIC` says what a stranger gets of all others.
WITHOUT_TOKEN: Final = re.compile(
    r"\S+ /v1/(auth/(login|refresh|password-reset|password-reset/confirm)|invitations/accept"
    r"|instruments(/<code>)?|on-call/calendars/<token>\.ics"
    r"|callbacks/sms/<clinic_id>/<notification_id>)"
)
# What an address says of the kind of a part.
PART: Final = re.compile(r"<\w+:")


def answered(client: FlaskClient, row: str, theirs: Ids, by: Person) -> str:
    """The status, or `[]` for a list in which nothing is."""
    answer = call(client, row, theirs, by)
    document = answer.get_json(silent=True)
    is_list = answer.status_code == 200 and isinstance(document, dict)
    return "[]" if is_list and document.get("items") == [] else str(answer.status_code)


def test_every_route_has_a_row(app: Flask) -> None:
    routes = {
        f"{method} {PART.sub('<', rule.rule)}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    with_token = {route for route in routes if not WITHOUT_TOKEN.fullmatch(route)}
    assert {route_of(row) for row in ROWS} == with_token


@pytest.mark.parametrize("role", ROLES)
def test_the_table_row_by_row(app: Flask, world: World, role: str) -> None:
    # Not the client that holds answers against the document: so many shapes take long to compile.
    client, sides, wrong = FlaskClient(app), sides_of(role, world), {}
    for row, cells in ROWS.items():
        whose = (OWN, MATE, OTHER) if names_something(row) else (OWN,)
        seen = [answered(client, row, sides.things[one], sides.caller) for one in whose]
        if (seen[:1] if len(set(seen)) == 1 else seen) != cells[role]:
            wrong[row] = f"{'/'.join(seen)}, the table says {'/'.join(cells[role])}"
    assert wrong == {}


@pytest.fixture
def everybody(world: World) -> tuple[Mapping[str, Person], Ids]:
    """One of each role in one clinic, and what another clinic has."""
    here = world.clinic()
    people = {role: here.staff(role) for role in ROLES[1:]}
    return {ROLES[0]: here.patient("Ada Quagga"), **people}, stranger(world)


def leaks(app: Flask, by: Person, theirs: Ids) -> dict[str, str]:
    """By row what somebody is shown of the other clinic."""
    found, client = {}, FlaskClient(app)  # what the document says of answers does not hold here
    for row in ROWS:
        answer = call(client, row, theirs, by)
        if shown := shown_of(answer.data.decode(errors="replace"), theirs, MARK):
            found[row] = f"{answer.status_code}: {', '.join(shown)}"
    return found


@pytest.mark.parametrize("role", ROLES)
def test_row_level_security_alone_lets_no_row_of_another_clinic_out(
    app: Flask,
    everybody: tuple[Mapping[str, Person], Ids],
    database_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
) -> None:
    """Nor is one changed, whatever is called with its id."""
    people, theirs = everybody
    before = stored_rows(database_urls.admin, theirs["clinic_id"])
    with rows_alone(app, monkeypatch):
        assert leaks(app, people[role], theirs) == {}
    after = stored_rows(database_urls.admin, theirs["clinic_id"])
    assert {name for name in before if before[name] != after[name]} == set()


def test_without_it_nothing_would_be_left(
    app: Flask,
    everybody: tuple[Mapping[str, Person], Ids],
    database_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the test above switches off is what else would have held: transactions then touch two
    clinics, and that is seen.
    """
    people, theirs = everybody
    with rows_alone(app, monkeypatch), no_rows_guarded(database_urls.admin):
        assert len(leaks(app, people[C], theirs)) > 30
    with psycopg.connect(libpq_url(database_urls.admin)) as connection:
        assert crossings(connection)

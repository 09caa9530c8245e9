"""Every route denies by default; the role table; no clinic set, no rows."""

from __future__ import annotations

import re
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models.clinic_door import enter_session
from services.access import TABLE, Action, Actor, Scope, scopes
from services.exceptions import Forbidden
from tests.builders.world import ClinicWorld, World

ID = "0197b0a0-0000-7000-8000-000000000000"

# What answers a stranger. A new route does not get in here by accident.
PUBLIC = re.compile(
    r"/v1/auth/(login|refresh|password-reset|password-reset/confirm)|/v1/invitations/accept"
    r"|/healthz|/readyz|/safetyz|/metrics|/openapi\.json|/docs.*|/(a(pp)?(/.*)?)?|/v1/instruments.*"
    r"|/console(/.*)?"  # its own matrix: tests/api/console/test_console_doors.py
    r"|/v1/on-call/calendars/x\.ics|/v1/callbacks/sms/.*"
)


def calls_of(app: Flask) -> list[tuple[str, str]]:
    """Every method and address of the application, with an id where it takes one."""
    found = []
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<(?:(\w+):)?\w+>", lambda m: ID if m[1] == "uuid" else "x", rule.rule)
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [(method, address) for method in sorted(methods)]
    return found


def test_every_route_denies_a_stranger(app: Flask, client: FlaskClient, clean_database) -> None:
    calls = calls_of(app)
    assert len(calls) > 15
    open_to_strangers = [
        (method, address)
        for method, address in calls
        if not PUBLIC.fullmatch(address)
        and client.open(address, method=method, json={}).status_code != 401
    ]
    assert open_to_strangers == []


def test_every_route_denies_a_made_up_token(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    token = clinic.patient().headers["Authorization"]
    head, claims, _ = token.split(".")
    forged = {"Authorization": f"{head}.{claims}.{'A' * 43}"}
    for method, address in calls_of(app):
        if PUBLIC.fullmatch(address):
            continue
        answer = client.open(address, method=method, json={}, headers=forged)
        assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated"), address


# The contract's "Who may what", written down a second time on purpose.
P, C, O, A = "patient", "clinician", "on_call", "admin"  # noqa: E741 - columns of the table
ROLE_TABLE: list[tuple[Action, dict[str, set[Scope]]]] = [
    (Action.WRITE_ENTRIES, {P: {Scope.OWN}, C: {Scope.IN_VIEW}}),
    (Action.ASK_FOR_HELP, {P: {Scope.OWN}}),
    (Action.READ_ENTRIES, {P: {Scope.OWN}, C: {Scope.IN_VIEW}, O: {Scope.ALERTED}}),
    (Action.READ_HELP_REQUESTS, {P: {Scope.OWN}, C: {Scope.IN_VIEW}, O: {Scope.CLINIC}}),
    (
        Action.READ_PATIENTS,
        {C: {Scope.IN_VIEW}, O: {Scope.ALERTED}, A: {Scope.CLINIC_WITHOUT_CLINICAL}},
    ),
    (Action.MANAGE_PATIENTS, {C: {Scope.IN_VIEW}, A: {Scope.CLINIC_WITHOUT_CLINICAL}}),
    (Action.READ_TREATMENT, {C: {Scope.IN_VIEW}, O: {Scope.ALERTED}}),
    (Action.MANAGE_TREATMENT, {C: {Scope.IN_VIEW}}),
    (Action.READ_COHORT, {C: {Scope.CLINIC}, A: {Scope.CLINIC}}),
    (
        Action.READ_ALERTS,
        {C: {Scope.IN_VIEW}, O: {Scope.CLINIC}, A: {Scope.CLINIC_WITHOUT_CLINICAL}},
    ),
    (Action.ACT_ON_ALERTS, {C: {Scope.IN_VIEW}, O: {Scope.CLINIC}, A: {Scope.PAGED_FOR}}),
    (Action.RESOLVE_ALERTS, {C: {Scope.IN_VIEW}, O: {Scope.CLINIC}, A: {Scope.WITHOUT_PATIENT}}),
    (Action.SET_PLANS, {C: {Scope.IN_VIEW}}),
    (Action.READ_CLINIC, {C: {Scope.CLINIC}, O: {Scope.CLINIC}, A: {Scope.CLINIC}}),
    (Action.CHANGE_CLINIC, {A: {Scope.CLINIC}}),
    (Action.WRITE_OVERRIDES, {C: {Scope.OWN}, O: {Scope.OWN}, A: {Scope.CLINIC}}),
    (Action.READ_AUDIT, {A: {Scope.CLINIC}}),
    (
        Action.READ_CONSENTS,
        {
            P: {Scope.OWN},
            C: {Scope.IN_VIEW},
            O: {Scope.ALERTED},
            A: {Scope.CLINIC_WITHOUT_CLINICAL},
        },
    ),
    (Action.CONSENT, {P: {Scope.OWN}, C: {Scope.IN_VIEW}, A: {Scope.CLINIC_WITHOUT_CLINICAL}}),
    (Action.BREAK_GLASS, {C: {Scope.CLINIC}, O: {Scope.CLINIC}}),
    (Action.EXPORT_PATIENTS, {P: {Scope.OWN}, C: {Scope.IN_VIEW}}),
    (Action.ERASE_PATIENTS, {A: {Scope.CLINIC}}),
    (Action.INVITE_PATIENTS, {C: {Scope.CLINIC}, A: {Scope.CLINIC}}),
    (Action.INVITE_STAFF, {A: {Scope.CLINIC}}),
    (Action.OWN_ACCOUNT, {P: {Scope.OWN}, C: {Scope.OWN}, O: {Scope.OWN}, A: {Scope.OWN}}),
    (Action.OWN_FACTOR, {C: {Scope.OWN}, O: {Scope.OWN}, A: {Scope.OWN}}),
    (Action.OWN_METHODS, {C: {Scope.OWN}, O: {Scope.OWN}, A: {Scope.OWN}}),
    (Action.OWN_DEVICES, {P: {Scope.OWN}}),
    (Action.READ_METHODS, {A: {Scope.CLINIC}}),
    (Action.CHANGE_METHODS, {A: {Scope.CLINIC}}),
]


def actor(*roles: str) -> Actor:
    nobody = UUID(int=0)
    return Actor(nobody, nobody, frozenset(roles), 0, nobody, nobody)


def test_the_role_table_names_every_action() -> None:
    assert {action for action, _ in ROLE_TABLE} == set(TABLE) == set(Action)


@pytest.mark.parametrize(("action", "row"), ROLE_TABLE)
def test_the_role_table_row_by_row(action: Action, row: dict[str, set[Scope]]) -> None:
    for role in (P, C, O, A):
        if role in row:
            assert scopes(actor(role), action) == row[role]
        else:
            with pytest.raises(Forbidden):
                scopes(actor(role), action)


def test_several_roles_reach_as_far_as_each_of_them() -> None:
    assert scopes(actor(C, O), Action.READ_ALERTS) == {Scope.IN_VIEW, Scope.CLINIC}


def test_a_staff_of_one_clinic_is_a_stranger_in_another(
    client: FlaskClient, clinic: ClinicWorld, world: World
) -> None:
    other = world.clinic()
    patient = other.patient()
    invite = f"/v1/patients/{patient.patient_id}/invitations"
    assert client.post(invite, json={}, headers=clinic.admin.headers).status_code == 404
    listed = client.get("/v1/users", headers=clinic.admin.headers)
    assert str(patient.user_id) not in listed.text


def test_without_a_clinic_the_application_role_sees_no_row(
    clinic: ClinicWorld, world: World, database_urls: DatabaseUrls
) -> None:
    clinic.patient(care_team=[clinic.staff(C).user_id])
    world.clinic().patient()
    with psycopg.connect(libpq_url(database_urls.app)) as connection:
        tables = connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
            " AND a.attname = 'clinic_id' AND has_any_column_privilege(c.oid, 'SELECT')"
            " UNION SELECT 'clinics'"
        ).fetchall()
        assert len(tables) > 25

        def count(name: str) -> int:
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
            row = connection.execute(query).fetchone()
            return int(row[0]) if row else 0

        assert {name: count(name) for (name,) in tables if count(name)} == {}
        enter_session(connection, clinic.id)
        seen = {name: count(name) for (name,) in tables}
    assert (seen["clinics"], seen["users"], seen["patients"]) == (1, 3, 1)
    assert (seen["patient_status"], seen["care_team_members"]) == (1, 1)

"""The route x role x owner matrix of the console: every page has a row, or the gate fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from flask import Flask

from tests.builders.alerts import open_alert
from tests.builders.pages.console import Console, console_of
from tests.builders.world import ClinicWorld, Person, World

P, C, O, A = "patient", "clinician", "on_call", "admin"  # noqa: E741 - columns of the contract's table
STAFF: Final = frozenset({C, O, A})

# About a patient: what their clinicians enter and correct, and what an administrator may as well.
TREATMENT_FORMS: Final = (
    *("enter/course", "enter/screening", "enter/treatment", "enter/session", "enter/check-in"),
    "enter/side-effects",
    "correct/check-in/<uuid:check_in_id>",
    "correct/course/<uuid:course_id>",
    "correct/treatment/<uuid:record_id>",
    "sessions/<uuid:session_id>/correct",
    "sessions/<uuid:session_id>/vitals",
    "sessions/<uuid:session_id>/vitals/<uuid:vitals_id>",
    "sessions/<uuid:session_id>/decide/<kind>",
)
PEOPLE_FORMS: Final = (
    *("enter/contact", "enter/team", "enter/status", "enter/invitation", "enter/consent"),
)


def forms_of(below: str, *paths: str) -> list[str]:
    """Each form is shown, and takes what it sends."""
    return [f"{method} {below}{path}" for path in paths for method in ("GET", "POST")]


# Route below /console: who is let in; everybody else is 403.
ROWS: Final[Mapping[str, frozenset[str]]] = {
    "GET /today": STAFF,
    "GET /today/print": STAFF,
    "GET /new-patient": frozenset({C, A}),
    "POST /new-patient": frozenset({C, A}),
    "GET /break-glass": frozenset({C, O}),
    "POST /break-glass": frozenset({C, O}),
    "GET /clinic": frozenset({A}),
    "GET /clinic/staff": frozenset({A}),
    "POST /clinic/staff/invitations": frozenset({A}),
    "GET /clinic/staff/<uuid:user_id>": frozenset({A}),
    "POST /clinic/staff/<uuid:user_id>/roles": frozenset({A}),
    "POST /clinic/staff/<uuid:user_id>/active": frozenset({A}),
    "GET /clinic/chain": frozenset({A}),
    "POST /clinic/chain/contacts": frozenset({A}),
    "POST /clinic/chain/contacts/<uuid:contact_id>/remove": frozenset({A}),
    "POST /clinic/chain/last-resort": frozenset({A}),
    "POST /clinic/chain/test-page": frozenset({A}),
    "POST /clinic/chain/policies/<severity>": frozenset({A}),
    "GET /clinic/settings": frozenset({A}),
    "POST /clinic/settings": frozenset({A}),
    "GET /clinic/card": STAFF,
    "GET /clinic/audit": frozenset({A}),
    "GET /clinic/break-glass": frozenset({A}),
    "GET /clinic/rights": frozenset({A}),
    "POST /clinic/rights/erasures/<uuid:erasure_id>/confirm": frozenset({A}),
    "POST /clinic/rights/erasures/<uuid:erasure_id>/withdraw": frozenset({A}),
    "GET /rules": STAFF,
    "GET /alerts": STAFF,
    "GET /alerts/board": STAFF,
    "GET /alerts/<uuid:alert_id>": STAFF,
    "POST /alerts/<uuid:alert_id>/acknowledge": STAFF,
    "POST /alerts/<uuid:alert_id>/contact": STAFF,
    "POST /alerts/<uuid:alert_id>/note": STAFF,
    "POST /alerts/<uuid:alert_id>/hand-over": STAFF,
    "POST /alerts/<uuid:alert_id>/resolve": STAFF,
    "GET /account": STAFF,
    "POST /account/second-factor": STAFF,
    "POST /account/second-factor/confirm": STAFF,
    "POST /account/second-factor/recovery-codes": STAFF,
    "POST /account/second-factor/remove": STAFF,
    "POST /account/passkeys": STAFF,
    "POST /account/passkeys/confirm": STAFF,
    "POST /account/passkeys/challenge": STAFF,
    "POST /account/passkeys/<uuid:passkey_id>/remove": STAFF,
    "POST /account/sessions/<uuid:session_id>/end": STAFF,
    "POST /account/sessions/end-others": STAFF,
    "POST /clinic/staff/<uuid:user_id>/reset-factor": frozenset({A}),
    "POST /alerts/<uuid:alert_id>/feedback": STAFF,
    "GET /on-call": STAFF,
    "POST /on-call/overrides": STAFF,
    "POST /on-call/overrides/<uuid:schedule_id>/<uuid:override_id>/end": STAFF,
    "POST /on-call/links": STAFF,
    "POST /on-call/links/<uuid:link_id>/revoke": STAFF,
    "POST /on-call/swaps": frozenset({A}),
    "GET /on-call/schedules": frozenset({A}),
    "GET /on-call/schedules/new": frozenset({A}),
    "POST /on-call/schedules/new": frozenset({A}),
    "GET /on-call/schedules/<uuid:schedule_id>": frozenset({A}),
    "POST /on-call/schedules/<uuid:schedule_id>": frozenset({A}),
    "POST /on-call/schedules/<uuid:schedule_id>/end": frozenset({A}),
    "GET /on-call/contact": STAFF,
    "POST /on-call/contact": STAFF,
    "POST /on-call/contact/<uuid:method_id>/verify": STAFF,
    "POST /on-call/contact/<uuid:method_id>/code": STAFF,
    "POST /on-call/contact/<uuid:method_id>/test": STAFF,
    "POST /on-call/contact/<uuid:method_id>/sooner": STAFF,
    "POST /on-call/contact/<uuid:method_id>/remove": STAFF,
    "GET /on-call/drills": STAFF,
    "POST /on-call/drills": frozenset({A}),
    "GET /patients/<uuid:patient_id>": STAFF,
    "GET /patients/<uuid:patient_id>/trend.<suffix>": frozenset({C, O}),
    "GET /patients/<uuid:patient_id>/check-ins": frozenset({C}),
    "GET /patients/<uuid:patient_id>/sessions/<uuid:session_id>": frozenset({C, O}),
    **dict.fromkeys(forms_of("/patients/<uuid:patient_id>/", *TREATMENT_FORMS), frozenset({C})),
    **dict.fromkeys(forms_of("/patients/<uuid:patient_id>/", *PEOPLE_FORMS), frozenset({C, A})),
    "GET /patients/<uuid:patient_id>/export": frozenset({C}),
    "POST /patients/<uuid:patient_id>/export": frozenset({C}),
    "GET /patients/<uuid:patient_id>/export/<uuid:export_id>": frozenset({C}),
    "GET /patients/<uuid:patient_id>/erasure": frozenset({A}),
    "POST /patients/<uuid:patient_id>/erasure": frozenset({A}),
    "POST /log-out": STAFF,
    "GET /<path:anything>": STAFF,
}
# What asks for no session, or leads on.
JOINING: Final = ("GET /join", "POST /join", "POST /demo")
SIGN_IN: Final = (
    *("GET /oidc/<uuid:clinic_id>", "GET /oidc/<uuid:clinic_id>/begin"),
    *("GET /oidc/<uuid:clinic_id>/back", "POST /oidc/<uuid:clinic_id>/code"),
)
ENTRANCE: Final = frozenset(
    {"GET ", "GET /", "POST /log-in", "GET /files/<name>", *JOINING, *SIGN_IN}
)
# Part of an address: how its object is made for a patient (of the reader's clinic, or of another).
OBJECTS: Final[Mapping[str, Callable[[Person], Any]]] = {
    "patient_id": lambda patient: patient.patient_id,
    "user_id": lambda patient: patient.user_id,
    "contact_id": lambda patient: patient.user_id,
    "severity": lambda _: "critical",
    "alert_id": lambda patient: open_alert(patient.app.test_client(), patient),
    # Of nobody: that those of others are not there is held by the tests of their services.
    **dict.fromkeys(
        ("schedule_id", "override_id", "link_id", "method_id", "passkey_id"), lambda _: UUID(int=7)
    ),
    "anything": lambda _: "nowhere",
    "suffix": lambda _: "csv",
    "kind": lambda _: "clearance",
    **dict.fromkeys(
        (
            *("course_id", "record_id", "session_id", "vitals_id", "check_in_id"),
            *("export_id", "erasure_id"),
        ),
        lambda _: uuid4(),
    ),
}


def routes(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule.removeprefix('/console')}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def address(route: str, patient: Person) -> str:
    """The route with the objects of this patient, as it is opened."""
    path = route.partition(" ")[2]
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(OBJECTS[found[1]](patient)), path)


def answers(console: Console, route: str, patient: Person) -> int:
    """The status for whoever is logged in there."""
    path = address(route, patient)
    if route.startswith("GET "):
        return console.open(path, follow=False).status_code
    console.open("/alerts")
    # Whoever has no page has no token either: refused all the same.
    token = next(iter(console.forms().values()), "")
    return console.post(path, {"csrf": token}).status_code


def test_every_page_has_a_row(app: Flask) -> None:
    assert {*ROWS, *ENTRANCE} == routes(app)


@pytest.mark.parametrize("route", ROWS)
def test_a_stranger_is_asked_to_log_in(app: Flask, clinic: ClinicWorld, route: str) -> None:
    console, path = Console(app), address(route, clinic.patient())
    if route.startswith("GET "):
        assert console.open(path).status_code == 401
        assert set(console.forms()) == {"/log-in"}
        return
    assert console.post(path, {}).status_code == 403
    console.open("")
    assert console.post(path, {"csrf": console.token()}).status_code == 401


@pytest.fixture
def consoles(app: Flask, clinic: ClinicWorld) -> dict[str, Callable[[], Console]]:
    people: dict[str, Person] = {
        P: clinic.patient(),
        C: clinic.staff(C),
        O: clinic.staff(O),
        A: clinic.admin,
    }
    return {role: lambda person=person: console_of(app, person) for role, person in people.items()}


@pytest.mark.parametrize("role", [P, C, O, A])
def test_each_role_is_let_in_where_the_table_lets_it_in(
    app: Flask, clinic: ClinicWorld, consoles: dict[str, Callable[[], Console]], role: str
) -> None:
    """Nobody is let in who has no business there, also where the object is their own clinic's."""
    console, patient = consoles[role](), clinic.patient()
    wrong = {}
    for route, allowed in ROWS.items():
        if route == "POST /log-out":
            continue
        status = answers(console, route, patient)
        if (status != 403) is not (role in allowed):
            wrong[route] = status
    assert wrong == {}


@pytest.mark.parametrize("role", [C, O, A])
def test_what_is_of_another_clinic_is_not_there(
    world: World, clinic: ClinicWorld, consoles: dict[str, Callable[[], Console]], role: str
) -> None:
    console, stranger = consoles[role](), world.clinic().patient()
    owned = [route for route in ROWS if "<uuid:" in route and role in ROWS[route]]
    wrong = {
        route: status
        for route in owned
        if (status := answers(console, route, stranger)) not in (404, 422)
    }
    assert wrong == {}

"""Whatever is sent, the service answers as its OpenAPI document says, and never with a 500.

Every operation is called by everybody: each role, nobody, and somebody with a broken token; with
made-up ids and with those of real rows; with bodies as the document describes them, and otherwise.
`INTERLUDE_PROVE=1` takes many more examples and the systematic edge cases too.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person, World

PROVE = os.environ.get("INTERLUDE_PROVE") == "1"
EXAMPLES = 150 if PROVE else 8
# Calls after which a person may have to log in again.
ENDS_SESSIONS = ("/v1/auth/", "/v1/me")


def not_500(_context: Any, response: Any, _case: Any) -> None:
    """A documented 503 may be the truth; a 500 never is."""
    assert response.status_code != 500


CHECKS = [
    not_500,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = ("patient", "clinician", "on_call", "admin")
FILES = "/docs/{asset}"
CALLERS = (*ROLES, "nobody", "broken")


@dataclass
class Crowd:
    """One person a role, replaced when a call (a log-out, say) has ended their session."""

    clinic: ClinicWorld
    client: FlaskClient
    people: dict[str, Person] = field(default_factory=dict)
    at_risk: Person | None = None
    treated: dict[str, str] = field(default_factory=dict)

    def person(self, role: str) -> Person:
        if role not in self.people:
            make = self.clinic.patient if role == "patient" else lambda: self.clinic.staff(role)
            self.people[role] = make()
        return self.people[role]

    def headers(self, caller: str) -> dict[str, str]:
        if caller in ROLES:
            return self.person(caller).headers
        return {"Authorization": "Bearer e30.e30.e30"} if caller == "broken" else {}

    def known_ids(self) -> dict[str, str]:
        """Ids of rows that are there, by the names that paths have for them."""
        patient = self.person("patient")
        if patient is not self.at_risk:
            self.at_risk, self.treated = patient, self.treat(patient)
        return {
            "patient_id": str(patient.patient_id),
            "user_id": str(self.person("clinician").user_id),
            **self.treated,
            "alert_id": str(alerts(patient)[0]["id"]),
            "contact_id": str(rows(patient, "SELECT id FROM contacts LIMIT 1")[0]["id"]),
            "code": "phq9",
        }

    def treat(self, patient: Person) -> dict[str, str]:
        """Ids of a patient's rows: what she answered, and what was done."""
        staff, path = self.person("clinician"), f"/v1/patients/{patient.patient_id}"
        day, form = {"started_on": "2026-01-05"}, phq9(item9=3)
        sent = {"id": str(uuid4()), "recorded_at": form["recorded_at"]}
        effects = sent | {"effects": [{"code": "nausea", "grade": 1}]}
        other = day | {"name": "sertraline", "kind": "antidepressant"}
        course = day | {"product": "tms", "phase": "induction"}
        given = {"started_at": form["recorded_at"], "product": "tms", "supervision": "clinic"}
        ids = {
            "check_in_id": self.made(patient, form, "/v1/check-ins"),
            "report_id": self.made(patient, effects, "/v1/side-effects"),
            "record_id": self.made(staff, other, f"{path}/concomitant-treatments"),
            "course_id": self.made(staff, course, f"{path}/courses"),
        }
        known = {"course_id": ids["course_id"]}
        return ids | {"session_id": self.made(staff, given | known, f"{path}/sessions")}

    def made(self, person: Person, body: dict[str, Any], path: str) -> str:
        answer = post(self.client, person, body, path)
        assert answer.status_code == 201, answer.json
        assert answer.json is not None
        return str(answer.json["id"])


@pytest.fixture
def crowd(world: World, client: FlaskClient) -> Crowd:
    return Crowd(world.clinic(), client)


@pytest.fixture
def api_schema(app: Flask) -> BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=SchemathesisConfig())


def test_every_operation_answers_as_documented(
    api_schema: BaseSchema, crowd: Crowd, subtests: pytest.Subtests
) -> None:
    tried = 0
    for found in api_schema.get_all_operations():
        operation = found.ok()
        if operation.path == FILES:
            continue  # it closes no file that it is sent
        with subtests.test(operation.label):
            try_examples(operation, crowd)
        tried += 1
    assert tried > 10


def try_examples(operation: Any, crowd: Crowd) -> None:
    """As the document describes it, and (where there is something to get wrong) otherwise."""
    modes = [GenerationMode.POSITIVE]
    if len(operation.body) or len(operation.query) or len(operation.path_parameters):
        modes.append(GenerationMode.NEGATIVE)
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, caller=st.sampled_from(CALLERS), real=st.booleans())
    def answers_as_documented(case: Any, caller: str, real: bool) -> None:
        send(case, crowd, caller, real)

    answers_as_documented()


@pytest.mark.skipif(not PROVE, reason="thousands of requests: make prove")
@pytest.mark.parametrize("caller", ROLES)
def test_every_systematic_edge_case_is_answered_as_documented(
    api_schema: BaseSchema, crowd: Crowd, subtests: pytest.Subtests, caller: str
) -> None:
    for found in api_schema.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            for case in api_schema.iter_coverage_cases(
                operation,
                generation_modes=list(GenerationMode),
                generation_config=api_schema.config.generation,
            ):
                if case.method.upper() == operation.method.upper():
                    send(case, crowd, caller, real=True)


def send(case: Any, crowd: Crowd, caller: str, real: bool) -> None:
    """One request, as that caller, with the ids of real rows in its path or with made-up ones."""
    if real and isinstance(case.path_parameters, dict):
        known = crowd.known_ids()
        case.path_parameters.update({k: known[k] for k in case.path_parameters if k in known})
    # It does not unpack what it asked for.
    headers = crowd.headers(caller) | {"Accept-Encoding": "identity"}
    response = case.call(headers=headers)
    written = case.method.upper() != "GET"
    if response.status_code == 401 or (written and case.path.startswith(ENDS_SESSIONS)):
        crowd.people.pop(caller, None)
    case.validate_response(response, checks=CHECKS)

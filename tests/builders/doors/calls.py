"""How each route is called: its address with the objects of a side, and a body that would do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.clock import utcnow
from services.rules.languages.consent import CONSENTS
from tests.builders.doors.sides import Ids, span_of
from tests.builders.entries import ago, phq9
from tests.builders.trends.chart import QUIET, a_course, a_session
from tests.builders.world import Person, made_up_email

Body = Callable[[Ids], Any]

PATIENT: Final = "/v1/patients/<patient_id>"
SESSION: Final = f"{PATIENT}/sessions/<session_id>"
ALERT: Final = "/v1/alerts/<alert_id>"
METHOD: Final = "/v1/me/contact-methods/<method_id>"
METHODS_OF: Final = "/v1/users/<user_id>/contact-methods"
SCHEDULE: Final = "/v1/on-call/schedules/<schedule_id>"
# Parts of an address that are nobody's.
NAMES: Final = {"device_id": "x", "language": "de", "severity": "high", "code": "phq9"}
QUERIES: Final[Mapping[str, Callable[[], str]]] = {
    f"GET {PATIENT}/trend/difference": lambda: "from_cut=1",
    f"GET {SCHEDULE}/shifts": lambda: urlencode({"from": ago(days=1), "to": ago(days=-1)}),
    "GET /v1/on-call/coverage": lambda: urlencode({"from": ago(days=1), "to": ago(days=-1)}),
}


def _nothing(_: Ids) -> Any:
    return {}


def _effects() -> dict[str, Any]:
    sent = {"id": str(uuid4()), "recorded_at": ago(minutes=2)}
    return sent | {"effects": [{"code": "nausea", "grade": 1}]}


def _amended(name: str, value: Any) -> Body:
    return lambda _: {"id": str(uuid4()), "reason": "wrong", name: value}


def _invited(role: str) -> Body:
    return lambda _: {"email": made_up_email(), "name": "Ida Quagga", "roles": [role]}


def _rota(ids: Ids) -> Any:
    turns = {"kind": "daily", "length": 1, "handover": "08:00", "members": [ids["user_id"]]}
    return {"name": "Days", "timezone": "Europe/Paris", "rotation": turns}


def _methods(ids: Ids) -> Any:
    return {"method_ids": [ids["pager_id"], ids["method_id"]]}


def _pills(_: Ids) -> Any:
    return {"name": "sertraline", "kind": "antidepressant", "started_on": ago()[:10]}


def _steps(_: Ids) -> Any:
    return {"steps": [{"delay_s": 300, "targets": [{"everyone": True}]}], "repeat": True}


AGREED: Final = {"version": CONSENTS.newest.version}
# A row without one sends an empty document.
BODIES: Final[Mapping[str, Body]] = {
    "PATCH /v1/me": lambda _: {"language": "fr"},
    "POST /v1/me/password": lambda _: {"old_password": "wrong", "new_password": "quagga" * 4},
    "POST /v1/me/totp": lambda _: {"password": "wrong quagga"},
    "POST /v1/me/totp/confirm": lambda _: {"code": "123456"},
    "POST /v1/me/totp/recovery-codes": lambda _: {"password": "wrong quagga"},
    "DELETE /v1/me/totp": lambda _: {"password": "wrong quagga"},
    "POST /v1/me/passkeys": lambda _: {"password": "wrong quagga"},
    "POST /v1/me/passkeys/confirm": lambda _: {"name": "x", "passkey": {"id": "x"}},
    "DELETE /v1/me/passkeys/<passkey_id>": lambda _: {"password": "wrong quagga"},
    "POST /v1/me/email": lambda _: {"email": made_up_email(), "password": "wrong quagga"},
    "POST /v1/me/email/confirm": lambda _: {"code": "0" * 8},
    "PUT /v1/me/devices/<device_id>": lambda _: {"kind": "fcm", "subscription": "t" * 40},
    "POST /v1/me/contact-methods": lambda _: {"kind": "email", "address": "q@home.example"},
    "PUT /v1/me/contact-methods/order of": _methods,
    f"POST {METHOD}/verify": lambda _: {"code": "00000000"},
    f"PUT {METHODS_OF}/order": _methods,
    f"POST {METHODS_OF}": lambda _: {"kind": "apprise", "address": "ntfys://ntfy.sh/quagga"},
    "POST /v1/clinic/contacts": lambda _: {"address": "mailto:x-quagga@c.example"},
    "PUT /v1/clinic/contacts/last-resort": lambda _: {"address": "mailto:x-quagga@c.example"},
    "POST /v1/clinic/drills": lambda _: {"severity": "high"},
    "PUT /v1/clinic/languages/<language>/review": lambda _: {"name": "x", "version": "old"},
    "POST /v1/invitations for patient": _invited("patient"),
    "POST /v1/invitations for on_call": _invited("on_call"),
    "POST /v1/check-ins": lambda _: phq9(),
    "POST /v1/check-ins of": lambda ids: phq9() | {"patient_id": ids["patient_id"]},
    "POST /v1/check-ins/<check_in_id>/amend": _amended("answers", phq9()["answers"]),
    "POST /v1/check-ins/<check_in_id>/time": lambda _: {"recorded_at": ago(days=1), "reason": "x"},
    "POST /v1/side-effects": lambda _: _effects(),
    "POST /v1/side-effects of": lambda ids: _effects() | {"patient_id": ids["patient_id"]},
    "POST /v1/side-effects/<report_id>/amend": _amended("effects", _effects()["effects"]),
    "POST /v1/help-requests": lambda _: {"id": str(uuid4()), "recorded_at": ago(minutes=1)},
    "POST /v1/sync": lambda _: {"items": [{"type": "check_in", **phq9()}]},
    "POST /v1/patients": lambda _: {"name": "Ida Quagga", "timezone": "Europe/Paris"},
    f"PATCH {PATIENT}": lambda _: {"phone": "+33 1 23 45 67 89"},
    f"PUT {PATIENT}/care-team": lambda ids: {"user_ids": [ids["doctor_id"]]},
    f"POST {PATIENT}/courses": lambda _: a_course(),
    f"PATCH {PATIENT}/courses/<course_id>": lambda _: {"indication": "F33.1"},
    f"POST {PATIENT}/concomitant-treatments": _pills,
    f"PATCH {PATIENT}/concomitant-treatments/<record_id>": lambda _: {"stopped_on": ago()[:10]},
    f"POST {PATIENT}/screenings": lambda _: {"screened_on": ago()[:10], "contraindications": []},
    f"POST {PATIENT}/sessions": lambda ids: a_session(ids["course_id"], utcnow()),
    f"PATCH {SESSION}": lambda _: {"supervision": "remote_supervised"},
    f"POST {SESSION}/vitals": lambda _: {**QUIET, "phase": "during", "taken_at": ago()},
    f"PATCH {SESSION}/vitals/<vitals_id>": lambda _: {"systolic": 121},
    f"POST {SESSION}/decisions": lambda _: {"kind": "clearance", "outcome": "cleared"},
    f"POST {ALERT}/hand-over": lambda ids: {"user_id": ids["colleague_id"]},
    f"POST {ALERT}/notes": lambda _: {"text": "called"},
    f"POST {ALERT}/feedback": lambda _: {"useful": True},
    f"POST {ALERT}/resolve": lambda _: {"disposition": "safe_plan_made"},
    "PUT /v1/on-call/policies/<severity>": _steps,
    f"POST {PATIENT}/erasure": lambda _: {"reason": "they asked for it"},
    "POST /v1/on-call/schedules of": _rota,
    "POST /v1/consents": lambda _: AGREED,
    "POST /v1/consents of": lambda ids: AGREED | {"patient_id": ids["patient_id"]},
    "POST /v1/break-glass of": lambda ids: {"patient_id": ids["patient_id"], "reason": "at night"},
    f"PATCH {SCHEDULE}": lambda _: {"name": "Late"},
    f"POST {SCHEDULE}/overrides": lambda ids: span_of(ids["caller_id"]),
    f"POST {SCHEDULE}/overrides of": lambda ids: span_of(ids["user_id"]),
}
NOTHING: Final[Mapping[str, Any]] = {}
# After the route: "of" is a row whose body names somebody's, "for" one of several of a route, and
# "?name" asks for what is somebody's.
ROUTE: Final = re.compile(r"(?P<route>\S+ [^ ?]+)(?P<more> of| for \w+|\?(?P<name>\w+))?")


def route_of(row: str) -> str:
    """Which route a row of the table is about."""
    found = ROUTE.fullmatch(row)
    assert found, row
    return found["route"]


def names_something(row: str) -> bool:
    """Whether it matters whose objects a row is called with."""
    path = re.sub("<(" + "|".join(NAMES) + ")>", "", route_of(row))
    return "<" in path or "?" in row or row.endswith(" of")


def call(
    client: FlaskClient, row: str, theirs: Ids, by: Person, more: Mapping[str, Any] = NOTHING
) -> TestResponse:
    """The route of this row, on what is that side's; `more`: what else its body says."""
    found = ROUTE.fullmatch(row)
    assert found, row
    method, path = found["route"].split(" ")
    query = f"{found['name']}=<{found['name']}>" if found["name"] else ""
    if row in QUERIES:
        query = QUERIES[row]()
    ids = _ids(path, theirs, by)
    body = {**BODIES.get(row, _nothing)(ids), **more}
    sends = row in BODIES or method not in ("GET", "DELETE")
    address = re.sub(r"<(\w+)>", lambda part: ids[part[1]], f"{path}?{query}")
    return client.open(address, method=method, json=body if sends else None, headers=by.headers)


def _ids(path: str, theirs: Ids, by: Person) -> dict[str, str]:
    """By the names that this path has for them."""
    ids = {**theirs, **NAMES, "caller_id": str(by.user_id)}
    whose = "patient" if by.actor.patient_id else "staff"
    ids["export_id"] = ids[f"export_of_{whose}"]
    if path.startswith("/v1/me/sessions"):
        ids["session_id"] = ids[f"device_of_{whose}"]
    if path == f"{METHODS_OF}/<method_id>":
        ids["method_id"] = ids["pager_id"]
    return ids

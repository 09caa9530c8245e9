"""Every form of the console and of /a: sent twice, and sent from a page that is too old.

A double press, Back and send, a tab that was left open: what such a form may do stands in one
table, which has a row for every form, or the gate fails.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.builders.alerts import open_alert
from tests.builders.calls import made
from tests.builders.pages.clerk import Clerk, fields_of
from tests.builders.pages.console import Console, console_of
from tests.builders.reach.methods import add_method
from tests.builders.stored import rows
from tests.builders.ward import Ward
from tests.builders.world import Person, made_up_email

# What a second press does.
ONCE: Final = "the form's id makes it once"
SAME: Final = "it says what shall be, and that is so already"
REFUSED: Final = "the second is refused, and nothing is made by it"
NEWEST: Final = "another code, and the newest counts"
SENT: Final = "another message to oneself, within a limit"
EACH: Final = "opened for another hour: recorded and written about each time, within a limit"
# What an older page does.
SHOWN: Final = "refused where somebody has changed it since, with what stands there now"
ADDS: Final = "it adds, and undoes nothing"
AIMED: Final = "it is about one thing by its id, and does what its button says"
OWN: Final = "about the sender alone"

PATIENT: Final = "/console/patients/<uuid:patient_id>"
ALERT: Final = "/console/alerts/<uuid:alert_id>"
METHOD: Final = "/console/on-call/contact/<uuid:method_id>"
ROWS: Final[Mapping[str, tuple[str, str]]] = {
    "/console/log-in": (REFUSED, OWN),
    "/console/log-out": (SAME, OWN),
    "/console/demo": (SAME, OWN),
    "/console/join": (REFUSED, OWN),
    "/console/new-patient": (REFUSED, ADDS),
    "/console/break-glass": (EACH, ADDS),
    "/console/clinic/staff/invitations": (NEWEST, ADDS),
    "/console/clinic/staff/<uuid:user_id>/roles": (SAME, SHOWN),
    "/console/clinic/staff/<uuid:user_id>/active": (SAME, AIMED),
    "/console/clinic/chain/contacts": (ONCE, ADDS),
    "/console/clinic/chain/contacts/<uuid:contact_id>/remove": (REFUSED, AIMED),
    "/console/clinic/chain/last-resort": (SAME, SHOWN),
    "/console/clinic/chain/test-page": (REFUSED, ADDS),
    "/console/clinic/chain/policies/<severity>": (SAME, SHOWN),
    "/console/clinic/settings": (SAME, SHOWN),
    f"{ALERT}/acknowledge": (SAME, SHOWN),
    f"{ALERT}/contact": (ONCE, ADDS),
    f"{ALERT}/note": (ONCE, ADDS),
    f"{ALERT}/hand-over": (ONCE, ADDS),
    f"{ALERT}/resolve": (SAME, SHOWN),
    "/console/on-call/overrides": (ONCE, ADDS),
    "/console/on-call/overrides/<uuid:schedule_id>/<uuid:override_id>/end": (REFUSED, AIMED),
    "/console/on-call/links": (ONCE, ADDS),
    "/console/on-call/links/<uuid:link_id>/revoke": (REFUSED, AIMED),
    "/console/on-call/contact": (ONCE, ADDS),
    f"{METHOD}/verify": (REFUSED, OWN),
    f"{METHOD}/code": (NEWEST, OWN),
    f"{METHOD}/test": (SENT, OWN),
    f"{METHOD}/sooner": (SAME, OWN),
    f"{METHOD}/remove": (REFUSED, OWN),
    "/console/on-call/drills": (REFUSED, ADDS),
    f"{PATIENT}/enter/course": (ONCE, ADDS),
    f"{PATIENT}/enter/screening": (ONCE, ADDS),
    f"{PATIENT}/enter/treatment": (ONCE, ADDS),
    f"{PATIENT}/enter/session": (ONCE, ADDS),
    f"{PATIENT}/enter/check-in": (ONCE, ADDS),
    f"{PATIENT}/sessions/<uuid:session_id>/vitals": (ONCE, ADDS),
    f"{PATIENT}/sessions/<uuid:session_id>/decide/<kind>": (ONCE, ADDS),
    f"{PATIENT}/correct/course/<uuid:course_id>": (SAME, SHOWN),
    f"{PATIENT}/correct/treatment/<uuid:record_id>": (SAME, SHOWN),
    f"{PATIENT}/sessions/<uuid:session_id>/correct": (SAME, SHOWN),
    f"{PATIENT}/sessions/<uuid:session_id>/vitals/<uuid:vitals_id>": (SAME, SHOWN),
    f"{PATIENT}/enter/contact": (SAME, SHOWN),
    f"{PATIENT}/enter/team": (SAME, SHOWN),
    f"{PATIENT}/enter/status": (SAME, SHOWN),
    f"{PATIENT}/enter/invitation": (NEWEST, ADDS),
    # The alert page: tests/api/page/test_twice.py sends these.
    "/a/<alert_id>/acknowledge": (SAME, SHOWN),
    "/a/<alert_id>/contact": (ONCE, ADDS),
    "/a/<alert_id>/note": (ONCE, ADDS),
    "/a/<alert_id>/hand-over": (ONCE, ADDS),
    "/a/<alert_id>/resolve": (SAME, SHOWN),
    "/a/log-in": (REFUSED, OWN),
    "/a/<alert_id>/log-in": (REFUSED, OWN),
    "/a/log-out": (SAME, OWN),
    "/a/<alert_id>/log-out": (SAME, OWN),
    "/a/device": (REFUSED, OWN),
    "/a/email": (REFUSED, OWN),
    "/a/forgot": (NEWEST, OWN),
    "/a/forgot/code": (REFUSED, OWN),
    "/a/push": (ONCE, ADDS),
    "/a/push/code": (REFUSED, OWN),
}
# What forms make or change; not what is written about that, nor messages.
TABLES: Final = (
    *("users", "patients", "care_team_members", "invitations", "contacts", "contact_methods"),
    *("courses", "treatment_sessions", "session_vitals", "screenings", "session_decisions"),
    *("concomitant_treatments", "check_ins", "alerts", "alert_notes", "patient_pauses"),
    *("on_call_overrides", "calendar_links", "on_call_policies", "drills"),
)
# What forms correct.
CORRECTED: Final = (
    *("clinics", "contacts", "on_call_policies", "patients", "care_team_members"),
    *("course_versions", "treatment_session_versions", "session_vitals"),
    "concomitant_treatments",
)


def test_every_form_has_a_row(app: Flask) -> None:
    found = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/a/", "/console")) and "POST" in (rule.methods or ())
    }
    assert set(ROWS) == found


class FormScene:
    """A clinic with something of everything, and who works there."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ward = Ward(app, monkeypatch, name="Ada Quagga")
        self.app, clinic = app, self.ward.clinic
        self.staff, self.admin = self.ward.staff, clinic.admin
        self.colleague = clinic.staff("on_call", name="Ben Quagga")
        self.base = f"/patients/{self.ward.pat.patient_id}"
        self.patient = f"/console{self.base}"
        clinic.contact("mailto:night@clinic.example")

    def call(self, method: str, path: str, person: Person, **body: Any) -> Any:
        """A call of a colleague's."""
        return self.answer(method, path, person, **body).json

    def answer(self, method: str, path: str, person: Person, **body: Any) -> TestResponse:
        headers = person.headers_at(self.ward.now)
        return self.ward.client.open(path, method=method, json=body, headers=headers)

    def schedule(self) -> str:
        members = [str(each.user_id) for each in (self.staff, self.colleague)]
        turns = {"kind": "daily", "length": 1, "handover": "08:00", "members": members}
        sent = {"name": "Nights", "timezone": "Europe/Paris", "rotation": turns}
        return str(self.call("POST", "/v1/on-call/schedules", self.admin, **sent)["id"])

    def session(self) -> str:
        return str(self.ward.session(self.ward.course(), self.ward.now)["id"])

    def vitals(self, session: str) -> str:
        clerk = Clerk(self.ward)
        clerk.send(f"/sessions/{session}/vitals", phase="pre", systolic="120", diastolic="80")
        path = f"{self.ward.path}/sessions/{session}/vitals"
        return str(self.ward.get(path)["items"][0]["id"])

    def override(self) -> tuple[str, str]:
        schedule = self.schedule()
        sent = {"user_id": str(self.staff.user_id), **self.span(":00Z")}
        path = f"/v1/on-call/schedules/{schedule}/overrides"
        return schedule, str(made(self.answer("POST", path, self.staff, **sent))["id"])

    def span(self, zone: str = "") -> dict[str, str]:
        start = self.ward.now + timedelta(days=1)
        ends = {"from_at": start, "to_at": start + timedelta(hours=8)}
        return {name: f"{at:%Y-%m-%dT%H:%M}{zone}" for name, at in ends.items()}

    def link(self) -> str:
        path = f"/v1/on-call/schedules/{self.schedule()}/calendar-links"
        return str(self.call("POST", path, self.staff)["id"])

    def method(self, **more: Any) -> str:
        return str(add_method(self.staff, "email", "a@home.example", shown="a", **more))

    def alert(self) -> str:
        return open_alert(self.ward.client, self.ward.pat)

    def everything(self) -> dict[str, Any]:
        """What stands in the records that forms correct."""
        found = {
            table: [dict(each) for each in rows(self.admin, f"SELECT * FROM {table}")]  # noqa: S608
            for table in CORRECTED
        }
        found["users"] = [dict(each) for each in rows(self.admin, "SELECT id, roles FROM users")]
        return {name: sorted(map(str, each)) for name, each in found.items()}

    def stored(self) -> dict[str, Any]:
        """How much there is of everything, and what the clinic is set to."""
        counts = {
            table: rows(self.admin, f"SELECT count(*) AS n FROM {table}")[0]["n"]  # noqa: S608
            for table in TABLES
        }
        settings = dict(rows(self.admin, "SELECT * FROM clinics")[0])
        roles = rows(self.admin, "SELECT id, roles, active FROM users ORDER BY id")
        return counts | {"clinic": settings, "roles": [dict(each) for each in roles]}


# The page that has the form, the form's address, what is typed, and who does it.
Story = tuple[str, str, dict[str, Any], Person]


def entered(scene: FormScene, what: str, **fields: Any) -> Story:
    return f"{scene.base}/{what}", f"{scene.base}/{what}", fields, scene.staff


def of_clinic(scene: FormScene, page: str, form: str, **fields: Any) -> Story:
    return f"/clinic/{page}", f"/clinic/{form}", fields, scene.admin


def of_alert(scene: FormScene, form: str, **fields: Any) -> Story:
    path = f"/alerts/{scene.alert()}"
    return path, f"{path}/{form}", fields, scene.staff


def of_rota(scene: FormScene, form: str, **fields: Any) -> Story:
    return "/on-call", f"/on-call/{form}", fields, scene.staff


def of_method(scene: FormScene, method: str, form: str, **fields: Any) -> Story:
    return "/on-call/contact", f"/on-call/contact/{method}/{form}", fields, scene.staff


COURSE: Final = {"product": "ketamine", "phase": "induction", "started_on": "2025-06-01"}
OTHER: Final = {"name": "Sertraline", "kind": "antidepressant", "started_on": "2025-01-01"}
ANSWERS: Final = {f"answers.q{n}": "0" for n in range(1, 10)}


def sessions_form(scene: FormScene, form: str, **fields: Any) -> Story:
    return entered(scene, f"sessions/{scene.session()}/{form}", **fields)


def new_session(scene: FormScene) -> Story:
    sent = {"course_id": scene.ward.course(), "product": "tms", "supervision": "clinic"}
    return entered(scene, "enter/session", **sent, started_at="2025-06-02T10:00")


def corrected_vitals(scene: FormScene) -> Story:
    session = scene.session()
    return entered(scene, f"sessions/{session}/vitals/{scene.vitals(session)}", systolic="130")


def stopped(scene: FormScene) -> Story:
    Clerk(scene.ward).send("/enter/treatment", **OTHER)
    (kept,) = scene.ward.get(f"{scene.ward.path}/concomitant-treatments")["items"]
    return entered(scene, f"correct/treatment/{kept['id']}", stopped_on="2025-06-01")


def covered(scene: FormScene) -> Story:
    scene.schedule()
    fields = {"user_id": str(scene.staff.user_id), "kind": "cover", **scene.span()}
    return of_rota(scene, "overrides", **fields)


def taken_back(scene: FormScene) -> Story:
    schedule, override = scene.override()
    return of_rota(scene, f"overrides/{schedule}/{override}/end")


def linked(scene: FormScene) -> Story:
    scene.schedule()
    return of_rota(scene, "links")


def removed(scene: FormScene) -> Story:
    contacts = scene.call("GET", "/v1/clinic/contacts", scene.admin)
    first = next(each["id"] for each in contacts["items"] if not each["last_resort"])
    return of_clinic(scene, "chain", f"chain/contacts/{first}/remove")


def enrolled(scene: FormScene) -> Story:
    fields = {"name": "Eve Quagga", "email": made_up_email("eve"), "patient.born_on": "1980-01-01"}
    return "/new-patient", "/new-patient", fields, scene.staff


def opened_for_an_hour(scene: FormScene) -> Story:
    scene.ward.patch(scene.ward.path, {"mrn": "Q-7"})
    fields = {"mrn": "Q-7", "reason": "collapsed in the waiting room"}
    return "/break-glass", "/break-glass", fields, scene.colleague


def sooner(scene: FormScene) -> Story:
    scene.method()
    second, third = scene.method(), scene.method()
    assert second
    return of_method(scene, third, "sooner")


def of_colleague(scene: FormScene, form: str, **fields: Any) -> Story:
    path = f"staff/{scene.colleague.user_id}"
    return of_clinic(scene, path, f"{path}/{form}", **fields)


STORIES: Final[Mapping[str, Callable[[FormScene], Story]]] = {
    "/console/new-patient": enrolled,
    "/console/break-glass": opened_for_an_hour,
    "/console/clinic/staff/invitations": lambda scene: of_clinic(
        scene, "staff", "staff/invitations", name="I", email=made_up_email("i"), roles=["on_call"]
    ),
    "/console/clinic/staff/<uuid:user_id>/roles": lambda scene: of_colleague(
        scene, "roles", roles=["clinician"]
    ),
    "/console/clinic/staff/<uuid:user_id>/active": lambda scene: of_colleague(scene, "active"),
    "/console/clinic/chain/contacts": lambda scene: of_clinic(
        scene, "chain", "chain/contacts", address="day@clinic.example"
    ),
    "/console/clinic/chain/contacts/<uuid:contact_id>/remove": removed,
    "/console/clinic/chain/last-resort": lambda scene: of_clinic(
        scene, "chain", "chain/last-resort", address="boss@clinic.example"
    ),
    "/console/clinic/chain/test-page": lambda scene: of_clinic(
        scene, "chain", "chain/test-page", severity="critical"
    ),
    "/console/clinic/chain/policies/<severity>": lambda scene: of_clinic(
        scene, "chain", "chain/policies/critical", **{"targets.0": "everyone:", "delay.0": "5"}
    ),
    "/console/clinic/settings": lambda scene: of_clinic(
        scene, "settings", "settings", name="Nord", timezone="Europe/Paris", country="FR"
    ),
    f"{ALERT}/acknowledge": lambda scene: of_alert(scene, "acknowledge"),
    f"{ALERT}/contact": lambda scene: of_alert(scene, "contact", outcome="no_answer"),
    f"{ALERT}/note": lambda scene: of_alert(scene, "note", text="quagga"),
    f"{ALERT}/hand-over": lambda scene: of_alert(
        scene, "hand-over", user_id=str(scene.colleague.user_id)
    ),
    f"{ALERT}/resolve": lambda scene: of_alert(scene, "resolve", disposition="safe_plan_made"),
    "/console/on-call/overrides": covered,
    "/console/on-call/overrides/<uuid:schedule_id>/<uuid:override_id>/end": taken_back,
    "/console/on-call/links": linked,
    "/console/on-call/links/<uuid:link_id>/revoke": lambda scene: of_rota(
        scene, f"links/{scene.link()}/revoke"
    ),
    "/console/on-call/contact": lambda scene: (
        "/on-call/contact",
        "/on-call/contact",
        {"kind": "webhook", "address": "https://pager.example/quagga"},
        scene.staff,
    ),
    f"{METHOD}/code": lambda scene: of_method(scene, scene.method(verified_at=None), "code"),
    f"{METHOD}/test": lambda scene: of_method(scene, scene.method(), "test"),
    f"{METHOD}/sooner": sooner,
    f"{METHOD}/remove": lambda scene: of_method(scene, scene.method(), "remove"),
    "/console/on-call/drills": lambda scene: (
        "/on-call/drills",
        "/on-call/drills",
        {"severity": "critical"},
        scene.admin,
    ),
    f"{PATIENT}/enter/course": lambda scene: entered(scene, "enter/course", **COURSE),
    f"{PATIENT}/enter/screening": lambda scene: entered(
        scene, "enter/screening", screened_on="2025-06-01"
    ),
    f"{PATIENT}/enter/treatment": lambda scene: entered(scene, "enter/treatment", **OTHER),
    f"{PATIENT}/enter/session": new_session,
    f"{PATIENT}/enter/check-in": lambda scene: entered(
        scene, "enter/check-in?instrument=phq9", recorded_at="2025-06-02T09:00", **ANSWERS
    ),
    f"{PATIENT}/sessions/<uuid:session_id>/vitals": lambda scene: sessions_form(
        scene, "vitals", phase="pre", systolic="120", diastolic="80", taken_at="2025-06-02T09:00"
    ),
    f"{PATIENT}/sessions/<uuid:session_id>/decide/<kind>": lambda scene: sessions_form(
        scene, "decide/clearance", outcome="not_cleared", reason="a cold"
    ),
    f"{PATIENT}/correct/course/<uuid:course_id>": lambda scene: entered(
        scene, f"correct/course/{scene.ward.course()}", protocol="v2"
    ),
    f"{PATIENT}/correct/treatment/<uuid:record_id>": stopped,
    f"{PATIENT}/sessions/<uuid:session_id>/correct": lambda scene: sessions_form(
        scene, "correct", weight_kg="71"
    ),
    f"{PATIENT}/sessions/<uuid:session_id>/vitals/<uuid:vitals_id>": corrected_vitals,
    f"{PATIENT}/enter/contact": lambda scene: entered(scene, "enter/contact", mrn="Q-9"),
    f"{PATIENT}/enter/team": lambda scene: entered(
        scene, "enter/team", user_ids=[str(scene.staff.user_id)]
    ),
    f"{PATIENT}/enter/status": lambda scene: entered(
        scene, "enter/status", status="paused", until_on="2025-06-09", reason="a journey"
    ),
    f"{PATIENT}/enter/invitation": lambda scene: entered(scene, "enter/invitation"),
}
# Rows without a story here: the log-ins, and what has tests of its own.
ELSEWHERE: Final = {"/console/log-in", "/console/log-out", "/console/demo", "/console/join"} | {
    f"{METHOD}/verify"
}


@pytest.fixture
def scene(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FormScene:
    return FormScene(app, monkeypatch)


def test_every_row_of_the_console_has_a_story() -> None:
    assert {*STORIES, *ELSEWHERE} == {path for path in ROWS if path.startswith("/console")}


def filled(console: Console, action: str) -> dict[str, Any]:
    """A form of the page that is open, as it would be sent untouched."""
    forms = re.findall(r'<form\b[^>]*action="([^"]+)"[^>]*>(.*?)</form>', console.page, re.DOTALL)
    return fields_of(
        next(
            body
            for at, body in forms
            if html.unescape(at) == f"/console{action}" and 'name="csrf"' in body
        )
    )


@pytest.mark.parametrize("route", STORIES)
def test_a_form_that_is_sent_twice_does_once_what_it_does(scene: FormScene, route: str) -> None:
    page, action, fields, person = STORIES[route](scene)
    console = console_of(scene.app, person)
    assert console.open(page).status_code == 200, console.text
    body = filled(console, action) | fields
    before = scene.stored()
    first = console.post(action, body, follow=True)
    assert first.status_code in (200, 201), console.text
    after = scene.stored()
    second = console.post(action, body, follow=True)
    double, _ = ROWS[route]
    if double == REFUSED:
        assert second.status_code in (404, 409, 422), console.text
    else:
        assert second.status_code == first.status_code, console.text
    if double == NEWEST:
        after = {**after, "invitations": scene.stored()["invitations"]}
    assert scene.stored() == after
    if double == ONCE and not route.endswith(("hand-over", "contact")):
        assert after != before


# What a colleague does between the page and its form, by the API; of every row that is SHOWN.
Change = Callable[[FormScene, str], Any]


def patched(path: str, **body: Any) -> Change:
    """`{0}` of the path: the form's address."""
    return lambda scene, action: scene.ward.patch(f"{scene.ward.path}{path.format(action)}", body)


def of_record(scene: FormScene, action: str, what: str, **body: Any) -> Any:
    record = action.rpartition("/")[2]
    return scene.ward.patch(f"{scene.ward.path}/{what}/{record}", body)


def set_by_admin(method: str, path: str, **body: Any) -> Change:
    return lambda scene, _: scene.call(method, path, scene.admin, **body)


def of_session(scene: FormScene, action: str) -> Any:
    session = action.split("/sessions/")[1].split("/")[0]
    path = f"{scene.ward.path}/sessions/{session}"
    if "/vitals/" in action:
        return scene.ward.patch(f"{path}/vitals/{action.rpartition('/')[2]}", {"systolic": 190})
    return scene.ward.patch(path, {"weight_kg": 99})


def by_colleague(what: str, **body: Any) -> Change:
    return lambda scene, action: scene.call(
        "POST", f"/v1{action.rpartition('/')[0]}/{what}", scene.colleague, **body
    )


MEANWHILE: Final[Mapping[str, Change]] = {
    "/console/clinic/staff/<uuid:user_id>/roles": lambda scene, _: scene.call(
        "PATCH", f"/v1/users/{scene.colleague.user_id}", scene.admin, roles=["admin", "on_call"]
    ),
    "/console/clinic/chain/last-resort": set_by_admin(
        "PUT", "/v1/clinic/contacts/last-resort", address="mailto:other@clinic.example"
    ),
    "/console/clinic/chain/policies/<severity>": set_by_admin(
        "PUT",
        "/v1/on-call/policies/critical",
        steps=[{"delay_s": 60, "targets": [{"everyone": True}]}],
    ),
    "/console/clinic/settings": set_by_admin("PATCH", "/v1/clinic", phone="+33 1 99"),
    f"{ALERT}/acknowledge": by_colleague("acknowledge"),
    f"{ALERT}/resolve": lambda scene, action: scene.call(
        "POST", f"/v1{action}", scene.colleague, disposition="emergency_services"
    ),
    f"{PATIENT}/correct/course/<uuid:course_id>": lambda scene, action: of_record(
        scene, action, "courses", protocol="v3"
    ),
    f"{PATIENT}/correct/treatment/<uuid:record_id>": lambda scene, action: of_record(
        scene, action, "concomitant-treatments", stopped_on="2025-05-05"
    ),
    f"{PATIENT}/sessions/<uuid:session_id>/correct": of_session,
    f"{PATIENT}/sessions/<uuid:session_id>/vitals/<uuid:vitals_id>": of_session,
    f"{PATIENT}/enter/contact": patched("", mrn="Q-1"),
    f"{PATIENT}/enter/team": lambda scene, _: scene.ward.send(
        "PUT",
        f"{scene.ward.path}/care-team",
        scene.staff,
        {"user_ids": [str(each.user_id) for each in (scene.staff, scene.colleague)]},
    ),
    f"{PATIENT}/enter/status": patched("", status="discharged", reason="moved away"),
}


def test_every_row_that_is_guarded_has_a_colleague() -> None:
    guarded = {path for path, (_, older) in ROWS.items() if older == SHOWN}
    assert set(MEANWHILE) == {path for path in guarded if path.startswith("/console")}


# What somebody types may hold words of the page; what stands there by now is named.
STANDS: Final = (
    *("There is now", "since you opened it", "Somebody was faster", "in the meantime"),
)


@pytest.mark.parametrize("route", MEANWHILE)
def test_an_older_form_undoes_nothing_and_shows_what_stands(scene: FormScene, route: str) -> None:
    page, action, fields, person = STORIES[route](scene)
    console = console_of(scene.app, person)
    console.open(page)
    body = filled(console, action) | fields
    opened = scene.everything()
    MEANWHILE[route](scene, action)
    changed = scene.everything()
    assert changed != opened or route.startswith(ALERT)
    late = console.post(action, body)
    assert late.status_code == 409, console.text
    assert any(words in console.text for words in STANDS), console.text
    assert scene.everything() == changed
    typed = [value for value in fields.values() if isinstance(value, str)]
    if not route.startswith(ALERT):
        assert [value for value in typed if html.escape(value) not in console.page] == []
    if route.endswith("/resolve"):
        return
    # Whoever has looked it over sends what is shown now.
    console.post(action, filled(console, action) | fields, follow=True)
    assert console.shown is not None
    assert console.shown.status_code == 200, console.text
    assert scene.everything() != changed or route.startswith(ALERT)

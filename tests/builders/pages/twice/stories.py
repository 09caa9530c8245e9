"""How each form of the console is filled in: where it stands, and what is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.builders.pages.clerk import Clerk
from tests.builders.pages.console import console_of
from tests.builders.pages.twice.scene import ALERT, METHOD, PATIENT, FormScene
from tests.builders.world import Person, made_up_email

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


def amended(scene: FormScene) -> Story:
    fields = {"answers.q1": "2", "reason": "misread"}
    return entered(scene, f"correct/check-in/{scene.ward.answer()['id']}", **fields)


def stopped(scene: FormScene) -> Story:
    Clerk(scene.ward).send("/enter/treatment", **OTHER)
    (kept,) = scene.ward.get(f"{scene.ward.path}/concomitant-treatments")["items"]
    return entered(scene, f"correct/treatment/{kept['id']}", stopped_on="2025-06-01")


def covered(scene: FormScene) -> Story:
    scene.schedule()
    fields = {"user_id": str(scene.staff.user_id), "kind": "cover", **scene.span()}
    return of_rota(scene, "overrides", **fields)


def swapped(scene: FormScene) -> Story:
    scene.schedule()
    console = console_of(scene.app, scene.admin, "/on-call")
    select = console.page.partition('name="first"')[2].partition("</select>")[0]
    mine, theirs = re.findall(r'<option value="([^"]+)"', select)[1:3]
    return "/on-call", "/on-call/swaps", {"first": mine, "second": theirs}, scene.admin


def made_schedule(scene: FormScene) -> Story:
    path = "/on-call/schedules/new"
    fields = {"name": "Days", f"place.{scene.staff.user_id}": "1"}
    return path, path, fields, scene.admin


def changed_schedule(scene: FormScene, end: str = "") -> Story:
    path = f"/on-call/schedules/{scene.schedule()}"
    return path, f"{path}{end}", {} if end else {"name": "Late"}, scene.admin


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


def of_erasure(scene: FormScene, form: str, **fields: Any) -> Story:
    asked = scene.call("POST", f"{scene.ward.path}/erasure", scene.admin, reason="they asked")
    path = f"/clinic/rights/erasures/{asked['id']}/{form}"
    return "/clinic/rights", path, fields, scene.second_admin


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
    "/console/clinic/rights/erasures/<uuid:erasure_id>/confirm": lambda scene: of_erasure(
        scene, "confirm", sure="1"
    ),
    "/console/clinic/rights/erasures/<uuid:erasure_id>/withdraw": lambda scene: of_erasure(
        scene, "withdraw"
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
    f"{ALERT}/feedback": lambda scene: of_alert(scene, "feedback", useful="no"),
    "/console/on-call/overrides": covered,
    "/console/on-call/overrides/<uuid:schedule_id>/<uuid:override_id>/end": taken_back,
    "/console/on-call/swaps": swapped,
    "/console/on-call/schedules/new": made_schedule,
    "/console/on-call/schedules/<uuid:schedule_id>": changed_schedule,
    "/console/on-call/schedules/<uuid:schedule_id>/end": lambda scene: changed_schedule(
        scene, "/end"
    ),
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
    f"{PATIENT}/enter/side-effects": lambda scene: entered(
        scene, "enter/side-effects", recorded_at="2025-06-02T09:00", **{"effects.headache": "2"}
    ),
    f"{PATIENT}/sessions/<uuid:session_id>/vitals": lambda scene: sessions_form(
        scene, "vitals", phase="pre", systolic="120", diastolic="80", taken_at="2025-06-02T09:00"
    ),
    f"{PATIENT}/sessions/<uuid:session_id>/decide/<kind>": lambda scene: sessions_form(
        scene, "decide/clearance", outcome="not_cleared", reason="a cold"
    ),
    f"{PATIENT}/correct/check-in/<uuid:check_in_id>": amended,
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
    f"{PATIENT}/enter/consent": lambda scene: entered(scene, "enter/consent", decision="accepted"),
    f"{PATIENT}/export": lambda scene: entered(scene, "export"),
    f"{PATIENT}/erasure": lambda scene: (
        f"{scene.base}/erasure",
        f"{scene.base}/erasure",
        {"reason": "they asked"},
        scene.admin,
    ),
    f"{PATIENT}/enter/invitation": lambda scene: entered(scene, "enter/invitation"),
}

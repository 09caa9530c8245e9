"""What a colleague changes between a page and its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.rules.languages.consent import CONSENTS
from tests.builders.pages.twice.scene import ALERT, PATIENT, FormScene

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


def given_and_taken_back(scene: FormScene, _action: str) -> Any:
    body = {"version": CONSENTS.newest.version, "patient_id": str(scene.ward.pat.patient_id)}
    given = scene.call("POST", "/v1/consents", scene.admin, **body)
    return scene.call("POST", f"/v1/consents/{given['id']}/withdraw", scene.admin)


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
    "/console/on-call/schedules/<uuid:schedule_id>": lambda scene, action: scene.call(
        "PATCH", f"/v1{action}", scene.admin, rotation={"length": 2}
    ),
    "/console/on-call/swaps": lambda scene, _: scene.covered_by_colleague(),
    f"{ALERT}/acknowledge": by_colleague("acknowledge"),
    f"{ALERT}/resolve": lambda scene, action: scene.call(
        "POST", f"/v1{action}", scene.colleague, disposition="emergency_services"
    ),
    f"{PATIENT}/correct/check-in/<uuid:check_in_id>": lambda scene, action: scene.ward.amend(
        action.rpartition("/")[2], scene.ward.form(total=3)["answers"]
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
    f"{PATIENT}/enter/consent": given_and_taken_back,
}

"""What a route's address and body name: the caller's own, a team-mate's, another clinic's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from services.clock import utcnow
from services.rules.languages.consent import CONSENTS
from tests.builders.accounts.software_key import kept_key
from tests.builders.alerts import open_alert, set_alert
from tests.builders.calls import made, post
from tests.builders.entries import ago
from tests.builders.reach.methods import add_method
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, Person, World, log_in

OWN, MATE, OTHER = "own", "team-mate's", "another clinic's"
P, C, O, A = "patient", "clinician", "on_call", "admin"  # noqa: E741 - columns of the table
ROLES: Final = (P, C, O, A)
# What stands in names and texts of the other clinic alone.
MARK: Final = "okapi"
# On-call staff see a patient for seven days after the alert has ended.
LONG_OVER: Final = timedelta(days=9)

# The id of each object, by its name in an address.
Ids = Mapping[str, str]


@dataclass(frozen=True)
class Sides:
    """A caller of one role, and the three whose things they try; `pat` and `admin` are the
    caller's own patient and administrator.
    """

    caller: Person
    pat: Person
    admin: Person
    things: Mapping[str, Ids]


def sides_of(role: str, world: World) -> Sides:
    """Everybody is made anew: what one role does to its objects changes no other role's."""
    here = world.clinic()
    doctor, caller = here.staff(C, name="Dee Quagga"), here.patient("Ada Quagga")
    if role != P:
        caller = here.admin if role == A else here.staff(role, name="Cal Quagga")
    pat = caller if role == P else here.patient("Zoe Quagga")
    own = things_of(here, pat, caller if role == C else doctor, caller if role != P else doctor)
    mates = here.patient("Zed Quagga"), here.staff(C, name="Mae Quagga"), here.staff(O)
    mate = things_of(here, *mates, followed=False)
    return Sides(caller, pat, here.admin, {OWN: own, MATE: mate, OTHER: stranger(world)})


def stranger(world: World) -> Ids:
    """All that another clinic has; its texts carry the mark."""
    there = world.clinic(f"South {MARK} Clinic")
    name = f"{MARK.title()} Quagga"
    people = there.patient(name), there.staff(C, name=name), there.staff(O, name=name)
    return things_of(there, *people)


def things_of(
    clinic: ClinicWorld, pat: Person, doctor: Person, staff: Person, *, followed: bool = True
) -> Ids:
    """A patient of this doctor's team with all that there is about them, and what is of `staff`.

    `followed`: the alert is open, so that on-call staff have the patient in view.
    """
    chart = Chart(clinic, pat, doctor)
    with clinic.app.app_context():
        device = {one: log_in(clinic.app, clinic.id, one.user_id, utcnow()) for one in (pat, staff)}
    return {
        **_clinical(chart, followed),
        **_of_staff(clinic, staff),
        "clinic_id": str(clinic.id),
        "doctor_id": str(doctor.user_id),
        "erasure_id": _erasure(clinic),
        "device_of_patient": str(device[pat].actor.family_id),
        "device_of_staff": str(device[staff].actor.family_id),
    }


def _clinical(chart: Chart, followed: bool) -> dict[str, str]:
    mark = chart.pat.name
    team = {"user_ids": [str(chart.staff.user_id)]}
    made(chart.send("PUT", f"{chart.path}/care-team", chart.clinic.admin, team), 200)
    alert_id = open_alert(chart.client, chart.pat, note=f"{mark} cannot sleep")
    asked = {"id": str(uuid4()), "recorded_at": ago(minutes=1), "note": mark}
    made(chart.post("/v1/help-requests", asked, chart.pat))
    course = chart.course()
    session = chart.session(course, chart.now)["id"]
    agreed = {"version": CONSENTS.newest.version}
    pills = {"name": f"pills of {mark}", "kind": "other", "started_on": ago()[:10]}
    if not followed:
        then = utcnow() - LONG_OVER
        set_alert(chart.clinic, alert_id, status="resolved", resolved_at=then)
    return {
        "patient_id": str(chart.pat.patient_id),
        "check_in_id": str(chart.answer(note=mark)["id"]),
        "report_id": str(made(chart.report("nausea", note=mark))["id"]),
        "request_id": asked["id"],
        "course_id": course,
        "session_id": session,
        "vitals_id": str(chart.vitals(session, "pre")["id"]),
        "record_id": str(made(chart.post(f"{chart.path}/concomitant-treatments", pills))["id"]),
        "alert_id": alert_id,
        "consent_id": made(chart.post("/v1/consents", agreed, chart.pat))["id"],
        "export_of_patient": made(chart.post("/v1/me/export", {}, chart.pat), 202)["id"],
        "export_of_staff": made(chart.post(f"{chart.path}/export", {}), 202)["id"],
    }


def _of_staff(clinic: ClinicWorld, staff: Person) -> dict[str, str]:
    """What is a person's, and the clinic's own."""
    client, admin, path = clinic.app.test_client(), clinic.admin, "/v1/on-call/schedules"
    turns = {"kind": "daily", "length": 1, "handover": "08:00", "members": [str(staff.user_id)]}
    nights = {"name": f"{staff.name}'s nights", "timezone": "Europe/Paris", "rotation": turns}
    schedule = made(post(client, admin, nights, path))["id"]
    covered = span_of(str(staff.user_id))
    address = {"address": f"mailto:night-{staff.email}"}
    return {
        "user_id": str(staff.user_id),
        "colleague_id": str(clinic.staff(O, name=staff.name).user_id),
        "schedule_id": schedule,
        "override_id": made(post(client, admin, covered, f"{path}/{schedule}/overrides"))["id"],
        "link_id": made(post(client, staff, {}, f"{path}/{schedule}/calendar-links"))["id"],
        "passkey_id": str(kept_key(staff)),
        "method_id": str(add_method(staff, "email", staff.email)),
        "pager_id": str(add_method(staff, "apprise", f"ntfys://ntfy.sh/{staff.email}")),
        "contact_id": made(post(client, admin, address, "/v1/clinic/contacts"))["id"],
    }


def _erasure(clinic: ClinicWorld) -> str:
    """That of a patient of its own waits for a second administrator."""
    path = f"/v1/patients/{clinic.patient().patient_id}/erasure"
    asked = post(clinic.app.test_client(), clinic.admin, {"reason": "they asked for it"}, path)
    return str(made(asked)["id"])


def span_of(user_id: str) -> dict[str, Any]:
    """A cover of two hours that has not begun."""
    return {"from_at": ago(hours=-2), "to_at": ago(hours=-4), "user_id": user_id}

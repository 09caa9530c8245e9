"""Every route that reads or changes a patient's data or an account leaves an entry."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient

from api.http.audited import DEVICE, METHOD, OWN_ENTRIES, RECORDED, UNRECORDED
from services import audit
from services.clock import utcnow
from services.membership.invitations import invite_device
from services.rules.languages.consent import CONSENTS
from tests.builders.accounts.authenticator import code_of, enrol
from tests.builders.accounts.software_key import SoftwareKey, known_by_name
from tests.builders.alerts import open_alert
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.calls import end_review, made, post, review
from tests.builders.entries import ago, phq9
from tests.builders.stored import entries, rows
from tests.builders.trends.chart import Chart, a_course, a_session
from tests.builders.world import ClinicWorld, made_up_email
from tests.fixtures.recorded import Seen


def routes(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_a_row_and_one_only(app: Flask) -> None:
    tables = [*RECORDED, *OWN_ENTRIES, *UNRECORDED]
    assert sorted(tables) == sorted(routes(app))


def accounts(client: FlaskClient, clinic: ClinicWorld) -> None:
    """All that can be done to accounts."""
    admin = clinic.admin
    form = {"email": made_up_email(), "name": "Pat Quagga", "roles": ["patient"]}
    invited = made(post(client, admin, form, "/v1/invitations"))
    code = {"code": invited["code"]}
    phone = made(client.post("/v1/invitations/accept", json=code | {"device_id": "a"}))
    headers = {"Authorization": f"Bearer {phone['access_token']}"}
    own = ("me", "me/sessions", "me/due", "me/trend", "changes", "bootstrap")
    for path in own:
        assert client.get(f"/v1/{path}", headers=headers).status_code == 200
    made(post(client, admin, {}, f"/v1/patients/{invited['patient_id']}/invitations"))
    staff = clinic.staff()
    give_password(staff)
    words = {"email": staff.email, "password": PASSWORD}
    made(client.post("/v1/auth/login", json=words), 200)
    (family,) = [
        one["id"]
        for one in made(client.get("/v1/me/sessions", headers=staff.headers), 200)["items"]
        if not one["current"]
    ]
    ended = client.delete(f"/v1/me/sessions/{family}", headers=staff.headers)
    assert ended.status_code == 204
    assert client.delete("/v1/me/sessions", headers=staff.headers).status_code == 204
    new = {"old_password": PASSWORD, "new_password": "another horse battery quagga"}
    assert post(client, staff, new, "/v1/me/password").status_code == 204
    device = enrol(staff, password=new["new_password"])
    made(client.get("/v1/me/totp", headers=staff.headers), 200)
    again = {"password": new["new_password"], "totp": device.code()}
    secret = made(post(client, staff, again, "/v1/me/totp"))["secret"]
    first = {"code": code_of(secret, utcnow())}
    code = made(post(client, staff, first, "/v1/me/totp/confirm"), 200)["recovery_codes"][0]
    proof = {"password": new["new_password"], "recovery_code": code}
    codes = made(post(client, staff, proof, "/v1/me/totp/recovery-codes"), 200)["recovery_codes"]
    proof["recovery_code"] = codes[0]
    assert client.delete("/v1/me/totp", json=proof, headers=staff.headers).status_code == 204
    passkeys(client, clinic)
    forgetful = clinic.staff()
    give_password(forgetful)
    enrol(forgetful)
    assert post(client, admin, {}, f"/v1/users/{forgetful.user_id}/reset-factor").status_code == 204
    made(client.get("/v1/users", headers=admin.headers), 200)
    made(client.get(f"/v1/audit?user_id={admin.user_id}", headers=admin.headers), 200)
    roles = {"roles": ["on_call"]}
    changed = client.patch(f"/v1/users/{staff.user_id}", json=roles, headers=admin.headers)
    made(changed, 200)
    leaving = clinic.staff()
    assert post(client, leaving, {}, "/v1/auth/logout").status_code == 204


def passkeys(client: FlaskClient, clinic: ClinicWorld) -> None:
    """As where the server has a name."""
    staff, words = clinic.staff(), {"password": PASSWORD}
    give_password(staff)
    with known_by_name(staff.app):
        options = made(post(client, staff, words, "/v1/me/passkeys"))["public_key"]
    body = {"name": "Blue", "passkey": SoftwareKey().make(options)}
    added = made(post(client, staff, body, "/v1/me/passkeys/confirm"))
    made(client.get("/v1/me/passkeys", headers=staff.headers), 200)
    both = words | {"recovery_code": added["recovery_codes"][0]}
    gone = client.delete(f"/v1/me/passkeys/{added['id']}", json=both, headers=staff.headers)
    assert gone.status_code == 204


def the_clinic(client: FlaskClient, clinic: ClinicWorld) -> None:
    """All that an administrator changes."""
    admin = clinic.admin
    made(client.patch("/v1/clinic", json={"phone": "+33 1 23"}, headers=admin.headers), 200)
    address = {"address": "mailto:night@clinic.example"}
    contact = made(post(client, admin, address, "/v1/clinic/contacts"))["id"]
    gone = client.delete(f"/v1/clinic/contacts/{contact}", headers=admin.headers)
    assert gone.status_code == 204
    made(client.put("/v1/clinic/contacts/last-resort", json=address, headers=admin.headers), 200)
    made(post(client, admin, {"severity": "high"}, "/v1/clinic/drills"))
    made(review(client, admin, "de"), 200)
    assert end_review(client, admin, "de").status_code == 204


def export(client: FlaskClient, clinic: ClinicWorld) -> None:
    """By the patient, and by who treats them."""
    pat, staff = clinic.patient(), clinic.staff()
    made(client.post("/v1/me/export", headers=pat.headers), 202)
    asked = client.post(f"/v1/patients/{pat.patient_id}/export", headers=staff.headers)
    path = f"/v1/exports/{made(asked, 202)['id']}"
    assert client.get(path, headers=staff.headers).status_code == 200


def erasure(client: FlaskClient, clinic: ClinicWorld) -> None:
    """Two administrators."""
    path = f"/v1/patients/{clinic.patient().patient_id}/erasure"
    first = made(post(client, clinic.admin, {"reason": "they asked"}, path))["id"]
    made(client.post(f"/v1/erasures/{first}/withdraw", headers=clinic.admin.headers), 200)
    asked = made(post(client, clinic.admin, {"reason": "they asked"}, path))["id"]
    confirm = f"/v1/erasures/{asked}/confirm"
    made(client.post(confirm, headers=clinic.staff("admin").headers), 200)
    made(client.get("/v1/erasures", headers=clinic.admin.headers), 200)


def on_call(client: FlaskClient, clinic: ClinicWorld) -> None:
    """Schedules, covers and calendars, and how somebody is reached."""
    admin, ann = clinic.admin, clinic.staff("on_call")
    turns = {"kind": "daily", "length": 1, "handover": "08:00", "members": [str(ann.user_id)]}
    nights = {"name": "Nights", "timezone": "Europe/Paris", "rotation": turns}
    one = made(post(client, admin, nights, "/v1/on-call/schedules"))["id"]
    path = f"/v1/on-call/schedules/{one}"
    made(client.patch(path, json={"name": "Late"}, headers=admin.headers), 200)
    span = {"from_at": ago(hours=-2), "to_at": ago(hours=-4), "user_id": str(ann.user_id)}
    cover = made(post(client, admin, span, f"{path}/overrides"))["id"]
    link = made(post(client, ann, {}, f"{path}/calendar-links"))["id"]
    steps = {"steps": [{"delay_s": 300, "targets": [{"everyone": True}]}], "repeat": True}
    policy = client.put("/v1/on-call/policies/high", json=steps, headers=admin.headers)
    made(policy, 200)
    for person, gone in (
        (admin, f"{path}/overrides/{cover}"),
        (ann, f"/v1/on-call/calendar-links/{link}"),
        (admin, path),
    ):
        assert client.delete(gone, headers=person.headers).status_code == 204
    methods = "/v1/me/contact-methods"
    added = made(post(client, ann, {"kind": "email", "address": "ann@home.example"}, methods))
    made(client.get(methods, headers=ann.headers), 200)
    hers, only = f"/v1/users/{ann.user_id}/contact-methods", {"method_ids": [added["id"]]}
    made(client.get(hers, headers=admin.headers), 200)
    for person, ordered in ((ann, methods), (admin, hers)):
        made(client.put(f"{ordered}/order", json=only, headers=person.headers), 200)
    assert client.delete(f"{methods}/{added['id']}", headers=ann.headers).status_code == 204
    pager = made(post(client, admin, {"kind": "apprise", "address": "jsons://p.example"}, hers))
    assert client.delete(f"{hers}/{pager['id']}", headers=admin.headers).status_code == 204


def a_phone(chart: Chart) -> None:
    """What a patient sends and reads, and a clinician beside them."""
    hers = {"patient_id": str(chart.pat.patient_id)}
    form = chart.answer()["id"]
    made(chart.post("/v1/check-ins", chart.form() | hers))
    amended = {"answers": chart.form()["answers"], "reason": "wrong"}
    made(chart.post(f"/v1/check-ins/{form}/amend", {"id": str(uuid4())} | amended))
    doubtful = chart.answer(recorded_at=ago(days=1000))["id"]
    time = {"recorded_at": ago(days=3), "reason": "on the phone"}
    made(chart.post(f"/v1/check-ins/{doubtful}/time", time), 200)
    report = made(chart.report("nausea"))["id"]
    made(chart.report("nausea", person=chart.staff, **hers))
    effects = {"effects": chart.effects("nausea")["effects"], "reason": "wrong"}
    made(chart.post(f"/v1/side-effects/{report}/amend", {"id": str(uuid4())} | effects))
    asked = {"id": str(uuid4()), "recorded_at": ago(minutes=1)}
    made(chart.post("/v1/help-requests", asked, chart.pat))
    made(chart.post("/v1/sync", {"items": [{"type": "check_in", **phq9()}]}, chart.pat), 200)
    kept = {"check-ins": form, "side-effects": report, "help-requests": asked["id"]}
    for kind, one in kept.items():
        for person, query in ((chart.pat, {}), (chart.staff, hers)):
            asks = "&".join(f"{name}={value}" for name, value in query.items())
            chart.get(f"/v1/{kind}?{asks}", person)
            chart.get(f"/v1/{kind}/{one}", person)


def a_patient(chart: Chart) -> None:
    """What a clinician reads and changes."""
    made(chart.post("/v1/patients", {"name": "Ada Quagga", "timezone": "Europe/Paris"}))
    chart.get("/v1/patients")
    printed = chart.client.get(
        "/v1/patients", headers={**chart.staff.headers, "Accept": "text/html"}
    )
    assert printed.status_code == 200
    chart.get(chart.path)
    made(chart.patch(chart.path, {"mrn": "M-7"}), 200)
    team = {"user_ids": [str(chart.staff.user_id)]}
    made(chart.send("PUT", f"{chart.path}/care-team", chart.staff, team), 200)
    for part in ("care-team", "due", "trend", "trend/difference?from_cut=1", "courses"):
        chart.get(f"{chart.path}/{part}")
    chart.get("/v1/cohort/outcomes")
    consent = {"version": CONSENTS.newest.version}
    given = made(chart.post("/v1/consents", consent, chart.pat))["id"]
    chart.get("/v1/consents", chart.pat)
    made(chart.post(f"/v1/consents/{given}/withdraw", {}, chart.pat), 200)
    made(chart.post("/v1/consents", consent, chart.pat))
    asked = {"patient_id": str(chart.pat.patient_id), "reason": "found unwell"}
    made(chart.post("/v1/break-glass", asked))


def a_treatment(chart: Chart) -> None:
    """Courses, sessions and what belongs to them."""
    course = made(chart.post(f"{chart.path}/courses", a_course()))["id"]
    made(chart.patch(f"{chart.path}/courses/{course}", {"indication": "F33.1"}), 200)
    other = {
        "name": "lithium",
        "kind": "mood_stabiliser",
        "started_on": chart.now.date().isoformat(),
    }
    added = made(chart.post(f"{chart.path}/concomitant-treatments", other))["id"]
    others, screened = f"{chart.path}/concomitant-treatments", f"{chart.path}/screenings"
    made(chart.patch(f"{others}/{added}", {"stopped_on": chart.now.date().isoformat()}), 200)
    chart.screen()
    session = made(chart.post(f"{chart.path}/sessions", a_session(course, chart.now)))["id"]
    one = f"{chart.path}/sessions/{session}"
    chart.change(session, supervision="remote_supervised")
    measured = chart.vitals(session, "pre")["id"]
    made(chart.patch(f"{one}/vitals/{measured}", {"systolic": 121}), 200)
    made(chart.decide(session, "clearance", "cleared"))
    asked = (f"{chart.path}/sessions", one, f"{one}/vitals", f"{one}/decisions")
    for path in (others, screened, *asked):
        chart.get(path)


def alerts(chart: Chart) -> None:
    """What is done with an alert, over HTTP and on the page."""
    client, staff = chart.client, chart.staff
    path = f"/v1/alerts/{open_alert(client, chart.pat)}"
    for read in ("/v1/alerts", "/v1/alerts/rules", path):
        chart.get(read)
    made(chart.send("POST", f"{path}/acknowledge", staff), 200)
    colleague = {"user_id": str(chart.clinic.staff("on_call").user_id)}
    made(chart.post(f"{path}/hand-over", colleague), 200)
    made(chart.post(f"{path}/notes", {"text": "called"}))
    made(chart.post(f"{path}/feedback", {"useful": True}), 200)
    made(chart.post(f"{path}/resolve", {"disposition": "safe_plan_made"}), 200)
    page = Browser(chart.clinic.app, open_alert(client, chart.clinic.patient()))
    page.log_in(staff)
    page.send("acknowledge")
    page.send("hand-over", **colleague)
    page.send("note", text="called")
    page.send("contact", outcome="no_answer")
    page.send("resolve", disposition="safe_plan_made", note="")
    page.send("log-out")
    page.path = "/a"
    page.log_in(staff)
    page.send("log-out")


def test_every_row_of_the_table_is_what_happens(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, seen: Seen
) -> None:
    accounts(client, clinic)
    the_clinic(client, clinic)
    export(client, clinic)
    erasure(client, clinic)
    on_call(client, clinic)
    chart = Chart(clinic, staff=clinic.staff())
    a_phone(chart)
    a_patient(chart)
    a_treatment(chart)
    alerts(chart)
    # What takes a code out of a mail: tests of password_reset, membership and contact_methods;
    # and of the phone's devices and profile: `tests/api/phone/start/test_devices.py`.
    elsewhere = {
        "POST /v1/auth/password-reset/confirm",
        "POST /v1/me/email",
        "POST /v1/me/email/confirm",
        *("POST /a/email", "POST /a/forgot/code", "POST /a/push", "POST /a/push/code"),
        *(f"POST {METHOD}/verify", "PATCH /v1/me", f"PUT {DEVICE}", f"DELETE {DEVICE}"),
    }
    # Of the console in each of its tests: `tests/api/console/conftest.py`.
    missing = {route for route in RECORDED.keys() - seen.keys() if " /console" not in route}
    assert missing == elsewhere
    assert OWN_ENTRIES.keys() <= seen.keys()
    table = RECORDED | OWN_ENTRIES
    wrong = {
        route: actions
        for route, actions in seen.items()
        if route not in UNRECORDED and not actions <= set(table[route])
    }
    assert wrong == {}
    assert [route for route in RECORDED if route in seen and not seen[route]] == []


def test_what_a_list_showed_is_recorded(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff, admin = clinic.staff(), clinic.admin
    people = sorted(clinic.patient().patient_id for _ in range(3))
    shown = client.get("/v1/patients?limit=2", headers=staff.headers).json["items"]
    (entry,) = entries(staff, "caseload_read")
    assert entry["about_ids"] == [UUID(row["id"]) for row in shown]
    assert len(set(entry["about_ids"]) & set(people)) == 2
    listed = client.get("/v1/users?limit=2", headers=admin.headers).json["items"]
    (entry,) = entries(admin, "users_read")
    assert entry["about_ids"] == [UUID(row["id"]) for row in listed]


def test_a_further_device_shows_in_what_it_reads(client: FlaskClient, clinic: ClinicWorld) -> None:
    """An administrator invites a device for a patient and reads with it."""
    ada = clinic.patient()
    with clinic.app.app_context():
        code = invite_device(clinic.admin.actor, ada.patient_id, utcnow()).code
    phone = made(client.post("/v1/invitations/accept", json={"code": code}))
    headers = {"Authorization": f"Bearer {phone['access_token']}"}
    assert client.get("/v1/check-ins", headers=headers).status_code == 200
    assert client.get("/v1/check-ins", headers=ada.headers).status_code == 200
    theirs, own = entries(ada, "check_ins.list")
    assert theirs["patient_id"] == own["patient_id"] == ada.patient_id
    assert own["object_id"] == ada.actor.family_id != theirs["object_id"]
    query = "SELECT family_id FROM invitations WHERE invited_by = :id ORDER BY created_at DESC"
    assert rows(ada, query, id=clinic.admin.user_id)[0]["family_id"] == theirs["object_id"]


def test_what_staff_send_again_is_recorded_as_a_read(clinic: ClinicWorld) -> None:
    chart = Chart(clinic, staff=clinic.staff())
    hers = {"patient_id": str(chart.pat.patient_id)}
    form = chart.form() | hers
    sent = ((f"{chart.path}/courses", a_course(id=str(uuid4()))), ("/v1/check-ins", form))
    for times, (path, body) in enumerate(sent, start=1):
        assert [chart.post(path, body).status_code for _ in range(2)] == [201, 200]
        again = entries(chart.staff, audit.AGAIN)
        assert {(row["actor_id"], row["patient_id"]) for row in again} == {
            (chart.staff.user_id, chart.pat.patient_id)
        }
        assert len(again) == times
    assert chart.post("/v1/check-ins", form | {"note": "another"}).status_code == 409
    (refused,) = entries(chart.staff, "refused")
    assert refused["detail"] == {"route": "POST /v1/check-ins", "status": 409}

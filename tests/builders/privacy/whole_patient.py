"""A patient of whom every table has something, with marks in every word, number and answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import psycopg

from migrations.roles import libpq_url
from services.rules.languages.consent import CONSENTS
from tests.builders.accounts.software_key import kept_key
from tests.builders.browser import PASSWORD, give_password
from tests.builders.calls import made
from tests.builders.entries import cssrs, phq9
from tests.builders.trends.chart import Chart, a_course, a_session
from tests.builders.ward import MORNING
from tests.builders.world import World, made_up_email

# Nobody else has them.
MARK: Final = "okapi4417"
DIGITS: Final = "5550199 04417"
WORDS: Final = f"{MARK} quagga words"
TOKEN: Final = f"fcm-{MARK}-" + "x" * 140
ANSWERS: Final = {f"q{n}": int(value) for n, value in enumerate("40312403124031240314", 1)}
# What only workers write, and what only a fault does: of each one row.
WORKERS: Final = (
    "INSERT INTO kept_outcomes (clinic_id, patient_id, figures_at, timezone, looked_at, numbers,"
    " courses) VALUES (%(clinic)s, %(patient)s, now(), 'UTC', now(), '1', '[]')",
    "INSERT INTO reminder_plans VALUES (%(clinic)s, %(user)s, 1, now())",
    "INSERT INTO reminders (clinic_id, id, user_id, device_id, keys, at, until_at, due_at)"
    " VALUES (%(clinic)s, gen_random_uuid(), %(user)s, gen_random_uuid(), '{}', now(), now(),"
    " now())",
    "INSERT INTO totp_factors (clinic_id, user_id) VALUES (%(clinic)s, %(user)s)",
    "INSERT INTO recovery_codes VALUES (%(clinic)s, %(user)s, '1')",
    "INSERT INTO passkey_challenges"
    " VALUES (%(clinic)s, %(user)s, '1', 'log_in', NULL, 'x', 'x', now())",
    "INSERT INTO view_grants SELECT %(clinic)s, gen_random_uuid(), u.id, %(patient)s, now(), now()"
    " FROM users u WHERE u.clinic_id = %(clinic)s AND 'admin' = ANY (u.roles) LIMIT 1",
    "INSERT INTO password_resets VALUES (%(clinic)s, %(user)s, now(), now(), NULL,"
    " sha256(%(user)s::text::bytea), '2')",
    "INSERT INTO rules_failures SELECT clinic_id, patient_id, gen_random_uuid(), id, 'v', now()"
    " FROM alerts WHERE patient_id = %(patient)s LIMIT 1",
    "INSERT INTO notification_attempts SELECT n.clinic_id, gen_random_uuid(), n.id, now(), 'sent'"
    " FROM notifications n JOIN alerts a ON a.id = n.alert_id WHERE a.patient_id = %(patient)s",
    "INSERT INTO notification_attempts SELECT clinic_id, gen_random_uuid(), id, now(), 'sent'"
    " FROM notifications WHERE user_id = %(user)s",
    "INSERT INTO digest_alerts SELECT n.clinic_id, n.id, a.id FROM notifications n, alerts a"
    " WHERE n.contact_id IS NOT NULL AND n.clinic_id = a.clinic_id"
    " AND a.patient_id = %(patient)s LIMIT 1",
)


class WholePatient(Chart):
    """`admins`: two of them."""

    def __init__(self, world: World, admin_url: str) -> None:
        clinic = world.clinic()
        contact = {"name": WORDS, "phone": f"+1 {DIGITS}", "relation": WORDS}
        patient = clinic.patient(
            f"{MARK} Quagga",
            phone=f"+1 {DIGITS}",
            address=WORDS,
            emergency_contact=contact,
            mrn=f"{MARK}-1",
            indications=[f"F32.2 {MARK}"],
        )
        super().__init__(clinic, patient, now=MORNING)
        self.admins = (clinic.admin, clinic.staff("admin"))
        self.danger()
        self.entries()
        self.treatment()
        self.record()
        self.account()
        whose = {"clinic": clinic.id, "user": patient.user_id, "patient": patient.patient_id}
        with psycopg.connect(libpq_url(admin_url)) as connection:
            for statement in WORKERS:
                connection.execute(statement, whose)

    def danger(self) -> None:
        """Alerts, each noted and resolved; a standing plan; a refused request; a cry for help."""
        self.answer(answers={**self.form(total=1)["answers"], "q9": 1})
        self.later(minutes=30)
        made(self.post("/v1/check-ins", cssrs("q1", recorded_at=self.now.isoformat()), self.pat))
        self.later(minutes=5)
        until = (self.now + timedelta(days=7)).isoformat()
        self.resolve(standing_plan={"until": until, "reason": WORDS})
        asked = {"id": str(uuid4()), "recorded_at": self.now.isoformat(), "note": WORDS}
        made(self.post("/v1/help-requests", asked, self.pat))
        bad = phq9(item9=3, recorded_at=self.now.isoformat(), note=WORDS, surprise=MARK)
        made(self.post("/v1/check-ins", bad, self.pat), 422)
        made(self.report(("chest_pain", 3), note=WORDS))
        self.resolve()

    def resolve(self, **ending: Any) -> None:
        """Resolve every open alert, with words."""
        for alert in self.get(f"/v1/alerts?patient_id={self.pat.patient_id}")["items"]:
            if alert["status"] == "resolved":
                continue
            path = f"/v1/alerts/{alert['id']}"
            made(self.post(f"{path}/notes", {"text": WORDS, "id": str(uuid4())}))
            made(self.post(f"{path}/feedback", {"useful": True, "note": WORDS}), 200)
            body = {"disposition": "safe_plan_made", "note": WORDS, **ending}
            made(self.post(f"{path}/resolve", body), 200)

    def entries(self) -> None:
        """Forms with notes, by the patient and by staff, and a corrected one."""
        form = self.form("pcl5", 0, answers=ANSWERS, note=WORDS)
        made(self.post("/v1/check-ins", form, self.pat))
        body = {"id": str(uuid4()), "answers": ANSWERS, "reason": WORDS}
        made(self.post(f"/v1/check-ins/{form['id']}/amend", body, self.pat))
        whose = {"patient_id": str(self.pat.patient_id)}
        made(self.post("/v1/check-ins", self.form(note=WORDS) | whose))

    def treatment(self) -> None:
        """A course with a session and all that belongs to it."""
        other = {"name": WORDS, "kind": "other", "started_on": self.now.date().isoformat()}
        made(self.post(f"{self.path}/concomitant-treatments", other))
        self.screen(note=WORDS)
        course = made(self.post(f"{self.path}/courses", a_course(indication=WORDS)))["id"]
        body = a_session(course, self.now) | {"id": str(uuid4())}
        session = made(self.post(f"{self.path}/sessions", body))["id"]
        self.vitals(session, "pre")
        made(self.decide(session, "clearance", "cleared", reason=WORDS))
        made(self.report("nausea", session_id=session, note=WORDS))

    def record(self) -> None:
        """A care team, a consent, and a pause with a reason."""
        agreed = {"id": str(uuid4()), "version": CONSENTS.newest.version}
        made(self.post("/v1/consents", agreed, self.pat))
        team = {"user_ids": [str(self.staff.user_id)]}
        made(self.send("PUT", f"{self.path}/care-team", self.staff, team), 200)
        until = (self.now + timedelta(days=3)).date().isoformat()
        pause = {"status": "paused", "reason": WORDS, "until_on": until}
        made(self.patch(self.path, pause), 200)

    def account(self) -> None:
        """A device, a new address that is on its way, a second code, a wrong password."""
        device = {"kind": "fcm", "subscription": TOKEN}
        put = self.send("PUT", "/v1/me/devices/phone", self.pat, device)
        assert put.status_code == 204
        made(self.post(f"{self.path}/invitations", {}))
        made(self.send("POST", "/v1/me/export", self.pat), 202)
        kept_key(self.pat)
        give_password(self.pat)
        moving = {"email": made_up_email(MARK), "password": PASSWORD}
        assert self.post("/v1/me/email", moving, self.pat).status_code == 202
        wrong = {"email": self.pat.email, "password": f"{MARK} is wrong"}
        assert self.client.post("/v1/auth/login", json=wrong).status_code == 401

    def ask(self, reason: str = WORDS) -> dict[str, Any]:
        """The first administrator asks that the patient be erased."""
        return made(self.post(f"{self.path}/erasure", {"reason": reason}, self.admins[0]))

    def erase(self) -> dict[str, Any]:
        """Asked for by the first, confirmed by the second."""
        path = f"/v1/erasures/{self.ask()['id']}/confirm"
        return made(self.send("POST", path, self.admins[1]), 200)

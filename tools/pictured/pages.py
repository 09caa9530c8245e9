"""Every page of the console: one table, from which pages are pictured, looked at and listed.

`docs/console.md` says of each what it answers and what holds it; `make browser` opens each one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

PREFIX: Final = "/console"
# Who opens it, as the demo's buttons name them; nobody is logged in yet where it is open to all.
EVERYBODY: Final = ""
CLINICIAN: Final = "Clinician"
ON_CALL: Final = "On call"
ADMIN: Final = "Administrator"
PART: Final = re.compile(r"<(?:\w+:)?(\w+)>")
PATIENT: Final = "/patients/<uuid:patient_id>"
SESSION: Final = f"{PATIENT}/sessions/<uuid:session_id>"


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """Where a page is, below `/console`, and who opens it. `status`: of its answer; `patient`: the
    place of a scene that its patient is.
    """

    rule: str
    who: str
    query: str = ""
    status: int = 200
    patient: str = "patient_id"

    def address(self, places: Mapping[str, Any]) -> str:
        """With the objects of a scene."""
        known = {**places, "patient_id": places[self.patient]}
        path = PART.sub(lambda found: str(known[found[1]]), self.rule)
        return f"{PREFIX}{path}{self.query}"


PAGES: Final[Mapping[str, ConsolePage]] = {
    "log-in": ConsolePage("", EVERYBODY),
    "join": ConsolePage("/join", EVERYBODY),
    "account": ConsolePage("/account", CLINICIAN),
    "today": ConsolePage("/today", CLINICIAN),
    "today-printed": ConsolePage("/today/print", CLINICIAN),
    "new-patient": ConsolePage("/new-patient", CLINICIAN),
    "break-glass": ConsolePage("/break-glass", CLINICIAN),
    "patient": ConsolePage(PATIENT, CLINICIAN),
    "patient-daily": ConsolePage(PATIENT, CLINICIAN, "?instrument=phq9-daily"),
    "patient-out-of-view": ConsolePage(PATIENT, ON_CALL, status=404, patient="nobody"),
    "answered-forms": ConsolePage(f"{PATIENT}/check-ins", CLINICIAN),
    "correct-form": ConsolePage(f"{PATIENT}/correct/check-in/<uuid:check_in_id>", CLINICIAN),
    "correct-course": ConsolePage(f"{PATIENT}/correct/course/<uuid:course_id>", CLINICIAN),
    "correct-treatment": ConsolePage(f"{PATIENT}/correct/treatment/<uuid:record_id>", CLINICIAN),
    "form-for-patient": ConsolePage(f"{PATIENT}/enter/check-in", CLINICIAN, "?instrument=phq9"),
    "side-effects": ConsolePage(f"{PATIENT}/enter/side-effects", CLINICIAN),
    "consent": ConsolePage(f"{PATIENT}/enter/consent", CLINICIAN),
    "contact-data": ConsolePage(f"{PATIENT}/enter/contact", CLINICIAN),
    "new-course": ConsolePage(f"{PATIENT}/enter/course", CLINICIAN),
    "invitation": ConsolePage(f"{PATIENT}/enter/invitation", CLINICIAN),
    "export": ConsolePage(f"{PATIENT}/export", CLINICIAN),
    "erasure": ConsolePage(f"{PATIENT}/erasure", ADMIN),
    "screening": ConsolePage(f"{PATIENT}/enter/screening", CLINICIAN),
    "new-session": ConsolePage(f"{PATIENT}/enter/session", CLINICIAN),
    "status": ConsolePage(f"{PATIENT}/enter/status", CLINICIAN),
    "care-team": ConsolePage(f"{PATIENT}/enter/team", CLINICIAN),
    "new-treatment": ConsolePage(f"{PATIENT}/enter/treatment", CLINICIAN),
    "session": ConsolePage(SESSION, CLINICIAN),
    "correct-session": ConsolePage(f"{SESSION}/correct", CLINICIAN),
    "decision": ConsolePage(f"{SESSION}/decide/<kind>", CLINICIAN),
    "new-vital-signs": ConsolePage(f"{SESSION}/vitals", CLINICIAN),
    "correct-vital-signs": ConsolePage(f"{SESSION}/vitals/<uuid:vitals_id>", CLINICIAN),
    "alerts": ConsolePage("/alerts", ON_CALL),
    "alert": ConsolePage("/alerts/<uuid:alert_id>", ON_CALL),
    "on-call": ConsolePage("/on-call", ADMIN),
    "on-call-week": ConsolePage("/on-call", ON_CALL, "?view=week"),
    "contact-methods": ConsolePage("/on-call/contact", ON_CALL),
    "drills": ConsolePage("/on-call/drills", ADMIN),
    "schedules": ConsolePage("/on-call/schedules", ADMIN),
    "new-schedule": ConsolePage("/on-call/schedules/new", ADMIN),
    "schedule": ConsolePage("/on-call/schedules/<uuid:schedule_id>", ADMIN),
    "clinic": ConsolePage("/clinic", ADMIN),
    "staff": ConsolePage("/clinic/staff", ADMIN),
    "member": ConsolePage("/clinic/staff/<uuid:user_id>", ADMIN),
    "chain": ConsolePage("/clinic/chain", ADMIN),
    "settings": ConsolePage("/clinic/settings", ADMIN),
    "card": ConsolePage("/clinic/card", ADMIN),
    "audit": ConsolePage("/clinic/audit", ADMIN),
    "openings": ConsolePage("/clinic/break-glass", ADMIN),
    "rights": ConsolePage("/clinic/rights", ADMIN),
    "rules": ConsolePage("/rules", CLINICIAN),
}
# Addresses that answer GET and are no page: their names in the URL map, and why.
NO_PAGES: Final[Mapping[str, str]] = {
    "/console/": "leads to the page of whoever opens it, as /console",
    "/console/<path:anything>": "says that nothing is there",
    "/console/files/<name>": "style sheet, script and icon",
    "/console/oidc/<uuid:clinic_id>": "one button, where a clinic has a provider of its own",
    "/console/oidc/<uuid:clinic_id>/begin": "leads to the clinic's provider",
    "/console/oidc/<uuid:clinic_id>/back": "where the provider sends a browser back",
    "/console/alerts/board": "the part of the board that is asked for again",
    f"{PREFIX}{PATIENT}/export/<uuid:export_id>": "the zip of an export",
    f"{PREFIX}{PATIENT}/trend.<suffix>": "the trend as PDF, PNG, SVG and CSV",
}

"""What is recorded of each page of the console: part of the one table (`api.http.audited`)."""

from __future__ import annotations

from typing import Final

from services.audit import AGAIN

PATIENT: Final = "/console/patients/<uuid:patient_id>"
ENTER: Final = f"{PATIENT}/enter"
COURSE: Final = f"{PATIENT}/correct/course/<uuid:course_id>"
AMEND: Final = f"{PATIENT}/correct/check-in/<uuid:check_in_id>"
OTHER: Final = f"{PATIENT}/correct/treatment/<uuid:record_id>"
SESSION: Final = f"{PATIENT}/sessions/<uuid:session_id>"
VITALS: Final = f"{SESSION}/vitals/<uuid:vitals_id>"
SESSION_FORM: Final = ("courses_read", "users_read", "patient_read")
ALERT: Final = "/console/alerts/<uuid:alert_id>"
OVERRIDE: Final = "/console/on-call/overrides/<uuid:schedule_id>/<uuid:override_id>"
SIGN_IN: Final = "/console/oidc/<uuid:clinic_id>"
METHOD: Final = "/console/on-call/contact/<uuid:method_id>"

FRAME: Final[dict[str, tuple[str, ...]]] = {
    "POST /console/log-in": ("logged_in",),
    "POST /console/log-out": ("logged_out",),
    "POST /console/demo": ("logged_in",),
    "POST /console/join": ("invitation_accepted",),
    f"GET {SIGN_IN}/back": ("sign_in_linked", "logged_in"),
    f"POST {SIGN_IN}/code": ("sign_in_linked", "logged_in"),
}
TODAY: Final[dict[str, tuple[str, ...]]] = {
    "GET /console/today": ("caseload_read",),
    "GET /console/today/print": ("caseload_printed",),
}
# A form says whom it is about: the patient is read with it, and with its refusal.
PATIENTS: Final[dict[str, tuple[str, ...]]] = {
    "POST /console/break-glass": ("glass_broken",),
    f"GET {PATIENT}": ("overview_read",),
    f"GET {PATIENT}/trend.<suffix>": ("trend_read",),
    f"GET {ENTER}/course": ("patient_read",),
    f"POST {ENTER}/course": ("course_written", AGAIN, "patient_read"),
    f"GET {COURSE}": ("courses_read", "patient_read"),
    f"POST {COURSE}": ("courses_read", "course_changed", "patient_read"),
    f"GET {ENTER}/screening": ("patient_read",),
    f"POST {ENTER}/screening": ("screening_written", AGAIN, "patient_read"),
    f"GET {ENTER}/treatment": ("patient_read",),
    f"POST {ENTER}/treatment": ("concomitant_treatment_written", AGAIN, "patient_read"),
    f"GET {OTHER}": ("treatments_read", "patient_read"),
    f"POST {OTHER}": ("treatments_read", "concomitant_treatment_stopped", "patient_read"),
    f"GET {ENTER}/session": (*SESSION_FORM, "sessions_read"),
    f"POST {ENTER}/session": (*SESSION_FORM, "session_written", AGAIN),
    f"GET {SESSION}": ("session_read", "vitals_read", "session_decisions_read", "patient_read"),
    f"GET {SESSION}/correct": (*SESSION_FORM, "session_read"),
    f"POST {SESSION}/correct": (*SESSION_FORM, "session_read", "session_changed"),
    f"GET {SESSION}/vitals": ("session_read", "patient_read"),
    f"POST {SESSION}/vitals": ("session_read", "vitals_written", AGAIN, "patient_read"),
    f"GET {VITALS}": ("session_read", "vitals_read", "patient_read"),
    f"POST {VITALS}": ("session_read", "vitals_read", "vitals_changed", "patient_read"),
    f"GET {SESSION}/decide/<kind>": ("session_read", "patient_read"),
    f"POST {SESSION}/decide/<kind>": (
        "session_read",
        "session_decision_written",
        AGAIN,
        "patient_read",
    ),
    f"GET {ENTER}/check-in": ("patient_read",),
    f"POST {ENTER}/check-in": ("check_in_written", AGAIN, "patient_read"),
    f"GET {PATIENT}/check-ins": ("patient_read", "check_ins.list"),
    f"GET {AMEND}": ("check_ins.read", "patient_read"),
    f"POST {AMEND}": ("check_ins.read", "amendment_written", AGAIN, "patient_read"),
    f"GET {ENTER}/side-effects": ("patient_read",),
    f"POST {ENTER}/side-effects": ("side_effects_written", AGAIN, "patient_read"),
    f"GET {ENTER}/contact": ("patient_read",),
    f"POST {ENTER}/contact": ("patient_changed", "patient_read"),
    f"GET {ENTER}/team": ("users_read", "patient_read"),
    f"POST {ENTER}/team": ("users_read", "care_team_changed", "patient_read"),
    f"GET {ENTER}/status": ("patient_read",),
    f"POST {ENTER}/status": ("patient_changed", "patient_read"),
    f"GET {ENTER}/consent": ("consents_read", "patient_read"),
    f"POST {ENTER}/consent": (
        "consents_read",
        "consent_accepted",
        "consent_withdrawn",
        "patient_read",
    ),
    f"GET {PATIENT}/export": ("patient_read", "exports_read"),
    f"POST {PATIENT}/export": ("export_requested",),
    f"GET {PATIENT}/export/<uuid:export_id>": ("export_read",),
    f"GET {PATIENT}/erasure": ("patient_read",),
    f"POST {PATIENT}/erasure": ("erasure_requested", "patient_read"),
    f"GET {ENTER}/invitation": ("patient_read",),
    f"POST {ENTER}/invitation": ("device_invited", "patient_read"),
}
ALERTS: Final[dict[str, tuple[str, ...]]] = {
    "GET /console/alerts": ("alerts_listed",),
    "GET /console/alerts/board": ("alerts_listed",),
    f"GET {ALERT}": ("alert_read", "break_glass"),
    f"POST {ALERT}/acknowledge": ("alert_acknowledged", "break_glass"),
    f"POST {ALERT}/contact": ("alert_noted", AGAIN, "break_glass"),
    f"POST {ALERT}/note": ("alert_noted", AGAIN, "break_glass"),
    f"POST {ALERT}/hand-over": ("alert_handed_over", "break_glass"),
    f"POST {ALERT}/feedback": ("alert_feedback",),
    f"POST {ALERT}/resolve": ("alert_resolved", "alert_read"),
}
SCHEDULES: Final = "/console/on-call/schedules"
ON_CALL: Final[dict[str, tuple[str, ...]]] = {
    "POST /console/on-call/overrides": ("override_made", AGAIN),
    f"POST {OVERRIDE}/end": ("override_ended",),
    "POST /console/on-call/swaps": ("override_made", AGAIN),
    f"POST {SCHEDULES}/new": ("schedule_made", AGAIN),
    f"POST {SCHEDULES}/<uuid:schedule_id>": ("schedule_changed", AGAIN),
    f"POST {SCHEDULES}/<uuid:schedule_id>/end": ("schedule_ended",),
    "POST /console/on-call/links": ("calendar_link_made", AGAIN),
    "POST /console/on-call/links/<uuid:link_id>/revoke": ("calendar_link_revoked",),
    "POST /console/on-call/drills": ("drill_started",),
    "POST /console/on-call/contact": ("contact_method_added", AGAIN),
    f"POST {METHOD}/verify": ("contact_method_verified",),
    f"POST {METHOD}/sooner": ("contact_methods_ordered",),
    f"POST {METHOD}/remove": ("contact_method_removed",),
}
NEW_PATIENT: Final = "/console/new-patient"
STAFF: Final = "/console/clinic/staff"
CHAIN: Final = "/console/clinic/chain"
RIGHTS: Final = "/console/clinic/rights"
RIGHTS_READ: Final = ("erasures_read", "exports_read")
CLINIC: Final[dict[str, tuple[str, ...]]] = {
    f"POST {NEW_PATIENT}": ("user_invited",),
    f"GET {STAFF}": ("users_read",),
    f"POST {STAFF}/invitations": ("user_invited",),
    f"GET {STAFF}/<uuid:user_id>": ("users_read", "contact_methods_read"),
    f"POST {STAFF}/<uuid:user_id>/roles": ("user_changed", "users_read"),
    f"POST {STAFF}/<uuid:user_id>/active": ("user_changed", "users_read"),
    f"POST {STAFF}/<uuid:user_id>/reset-factor": ("second_factor_reset", "users_read"),
    f"GET {CHAIN}": ("users_read",),
    f"POST {CHAIN}/contacts": ("contact_added", AGAIN),
    f"POST {CHAIN}/contacts/<uuid:contact_id>/remove": ("contact_removed",),
    f"POST {CHAIN}/last-resort": ("last_resort_replaced", AGAIN),
    f"POST {CHAIN}/test-page": ("drill_started",),
    f"POST {CHAIN}/policies/<severity>": ("policy_changed",),
    "POST /console/clinic/settings": ("clinic_changed",),
    "GET /console/clinic/audit": ("users_read", "caseload_read", "audit_read"),
    "GET /console/clinic/break-glass": ("break_glass_read",),
    f"GET {RIGHTS}": RIGHTS_READ,
    f"POST {RIGHTS}/erasures/<uuid:erasure_id>/confirm": ("patient_erased", *RIGHTS_READ),
    f"POST {RIGHTS}/erasures/<uuid:erasure_id>/withdraw": ("erasure_withdrawn", *RIGHTS_READ),
    "GET /console/rules": ("rule_burden_read",),
}

ACCOUNT: Final = "/console/account"
FACTOR: Final = f"{ACCOUNT}/second-factor"
PASSKEYS: Final = f"{ACCOUNT}/passkeys"
# The page is read with each refusal, and after what it shows once.
OWN_ACCOUNT: Final = ("second_factor_read", "passkeys_read", "devices_read")
ACCOUNTS: Final[dict[str, tuple[str, ...]]] = {
    f"GET {ACCOUNT}": OWN_ACCOUNT,
    f"POST {FACTOR}": ("second_factor_begun", *OWN_ACCOUNT),
    f"POST {FACTOR}/confirm": ("second_factor_added", *OWN_ACCOUNT),
    f"POST {FACTOR}/recovery-codes": ("recovery_codes_made", *OWN_ACCOUNT),
    f"POST {FACTOR}/remove": ("second_factor_removed", *OWN_ACCOUNT),
    f"POST {PASSKEYS}": ("passkey_begun", *OWN_ACCOUNT),
    f"POST {PASSKEYS}/confirm": ("passkey_added", *OWN_ACCOUNT),
    f"POST {PASSKEYS}/<uuid:passkey_id>/remove": ("passkey_removed", *OWN_ACCOUNT),
    f"POST {ACCOUNT}/sessions/<uuid:session_id>/end": ("device_ended",),
    f"POST {ACCOUNT}/sessions/end-others": ("other_devices_ended",),
}

CONSOLE_RECORDED: Final = {**ACCOUNTS, **FRAME, **TODAY, **PATIENTS, **ALERTS, **ON_CALL, **CLINIC}
# route: why nothing is
CONSOLE_UNRECORDED: Final[dict[str, str]] = {
    "GET /console": "leads to the first page of the role",
    "GET /console/join": "a form",
    f"GET {SIGN_IN}": "a button that leads to the provider",
    f"GET {SIGN_IN}/begin": "leads to the provider; nobody is known yet",
    "GET /console/": "leads to the first page of the role",
    "GET /console/files/<name>": "about nobody",
    f"GET {NEW_PATIENT}": "a form",
    f"POST {PASSKEYS}/challenge": "what its answer opens is recorded",
    "GET /console/break-glass": "a form",
    "GET /console/clinic": "counts and ages, about nobody",
    "GET /console/clinic/settings": "about nobody",
    "GET /console/clinic/card": "about nobody",
    "GET /console/on-call": "who is on call, which all staff may see",
    f"GET {SCHEDULES}": "who is on call, which all staff may see",
    f"GET {SCHEDULES}/new": "a form",
    f"GET {SCHEDULES}/<uuid:schedule_id>": "who is on call, which all staff may see",
    "GET /console/on-call/contact": "one's own addresses, cut short",
    f"POST {METHOD}/code": "a code to one's own address; the address and its proof are recorded",
    f"POST {METHOD}/test": "a page to one's own address, about nobody",
    "GET /console/on-call/drills": "about no patient; who was on duty, as the schedules say",
    "GET /console/<path:anything>": "nothing is there",
}

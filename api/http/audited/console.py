"""What is recorded of each page of the console: part of the one table (`api.http.audited`)."""

from __future__ import annotations

from typing import Final

PATIENT: Final = "/console/patients/<uuid:patient_id>"
ALERT: Final = "/console/alerts/<uuid:alert_id>"

FRAME: Final[dict[str, tuple[str, ...]]] = {
    "POST /console/log-in": ("logged_in",),
    "POST /console/log-out": ("logged_out",),
    "POST /console/demo": ("logged_in",),
    "POST /console/join": ("invitation_accepted",),
}
TODAY: Final[dict[str, tuple[str, ...]]] = {
    "GET /console/today": ("caseload_read",),
    "GET /console/today/print": ("caseload_printed",),
}
PATIENTS: Final[dict[str, tuple[str, ...]]] = {}
ALERTS: Final[dict[str, tuple[str, ...]]] = {}
ON_CALL: Final[dict[str, tuple[str, ...]]] = {}
NEW_PATIENT: Final = "/console/new-patient"
STAFF: Final = "/console/clinic/staff"
CHAIN: Final = "/console/clinic/chain"
CLINIC: Final[dict[str, tuple[str, ...]]] = {
    f"POST {NEW_PATIENT}": ("user_invited",),
    f"GET {STAFF}": ("users_read",),
    f"POST {STAFF}/invitations": ("user_invited",),
    f"GET {STAFF}/<uuid:user_id>": ("users_read", "contact_methods_read"),
    f"POST {STAFF}/<uuid:user_id>/roles": ("user_changed", "users_read"),
    f"POST {STAFF}/<uuid:user_id>/active": ("user_changed", "users_read"),
    f"GET {CHAIN}": ("users_read",),
    f"POST {CHAIN}/contacts": ("contact_added",),
    f"POST {CHAIN}/contacts/<uuid:contact_id>/remove": ("contact_removed",),
    f"POST {CHAIN}/last-resort": ("last_resort_replaced",),
    f"POST {CHAIN}/test-page": ("drill_started",),
    f"POST {CHAIN}/policies/<severity>": ("policy_changed",),
    "POST /console/clinic/settings": ("clinic_changed",),
    "GET /console/clinic/audit": ("users_read", "caseload_read", "audit_read"),
    "GET /console/rules": ("rule_burden_read",),
}

CONSOLE_RECORDED: Final = {**FRAME, **TODAY, **PATIENTS, **ALERTS, **ON_CALL, **CLINIC}
# route: why nothing is
CONSOLE_UNRECORDED: Final[dict[str, str]] = {
    "GET /console": "leads to the first page of the role",
    "GET /console/join": "a form",
    "GET /console/": "leads to the first page of the role",
    "GET /console/files/<name>": "about nobody",
    f"GET {NEW_PATIENT}": "a form",
    "GET /console/clinic": "counts and ages, about nobody",
    "GET /console/clinic/settings": "about nobody",
    "GET /console/clinic/card": "about nobody",
    "GET /console/<path:anything>": "nothing is there",
}

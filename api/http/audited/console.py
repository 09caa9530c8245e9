"""What is recorded of each page of the console: part of the one table (`api.http.audited`)."""

from __future__ import annotations

from typing import Final

PATIENT: Final = "/console/patients/<uuid:patient_id>"
ALERT: Final = "/console/alerts/<uuid:alert_id>"

FRAME: Final[dict[str, tuple[str, ...]]] = {
    "POST /console/log-in": ("logged_in",),
    "POST /console/log-out": ("logged_out",),
}
TODAY: Final[dict[str, tuple[str, ...]]] = {
    "GET /console/today": ("caseload_read",),
}
PATIENTS: Final[dict[str, tuple[str, ...]]] = {}
ALERTS: Final[dict[str, tuple[str, ...]]] = {}
ON_CALL: Final[dict[str, tuple[str, ...]]] = {}
CLINIC: Final[dict[str, tuple[str, ...]]] = {}

CONSOLE_RECORDED: Final = {**FRAME, **TODAY, **PATIENTS, **ALERTS, **ON_CALL, **CLINIC}
# route: why nothing is
CONSOLE_UNRECORDED: Final[dict[str, str]] = {
    "GET /console": "leads to the first page of the role",
    "GET /console/": "leads to the first page of the role",
    "GET /console/files/<name>": "about nobody",
    "GET /console/<path:anything>": "nothing is there",
}

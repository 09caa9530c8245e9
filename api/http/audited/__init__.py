"""What is recorded of each route: one table. A route that is not in it fails the gate.

A use case records in its own transaction, so that nothing is read or changed without its entry.
What is refused changes nothing; it is recorded here, after the refusal, for every route of the
table on which somebody is logged in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from flask import Flask, Response, after_this_request, g, request

from api.http.audited.console import CONSOLE_RECORDED, CONSOLE_UNRECORDED
from services.access import Actor
from services.auditing.refusals import record_refusal, record_refusals

PATIENT: Final = "/v1/patients/<uuid:patient_id>"
SESSION: Final = f"{PATIENT}/sessions/<uuid:session_id>"
ALERT: Final = "/v1/alerts/<uuid:alert_id>"
PAGE: Final = "/a/<alert_id>"
METHOD: Final = "/v1/me/contact-methods/<uuid:method_id>"
METHODS_OF: Final = "/v1/users/<uuid:user_id>/contact-methods"
REVIEW: Final = "/v1/clinic/languages/<string:language>/review"
DEVICE: Final = "/v1/me/devices/<string:device_id>"
ON_CALL: Final = "/v1/on-call/schedules"
SCHEDULE: Final = f"{ON_CALL}/<uuid:schedule_id>"
ON_DUTY: Final = "who is on call, which all staff may see"

# route: the actions of its entries; one of them at least. Where a client's own id comes again, it
# is `services.audit.AGAIN` instead.
RECORDED: Final[dict[str, tuple[str, ...]]] = {
    "POST /v1/auth/login": ("logged_in",),
    "POST /v1/auth/logout": ("logged_out",),
    "POST /v1/auth/password-reset/confirm": ("password_reset",),
    "POST /v1/invitations": ("user_invited",),
    "POST /v1/invitations/accept": ("invitation_accepted", "invitation_answered_again"),
    "GET /v1/me": ("own_account_read",),
    "PATCH /v1/me": ("own_account_changed", "own_account_read"),
    f"PUT {DEVICE}": ("device_put",),
    f"DELETE {DEVICE}": ("device_removed",),
    "POST /v1/me/password": ("password_changed",),
    "GET /v1/me/sessions": ("devices_read",),
    "DELETE /v1/me/sessions/<uuid:session_id>": ("device_ended",),
    "DELETE /v1/me/sessions": ("other_devices_ended",),
    "GET /v1/me/totp": ("second_factor_read",),
    "POST /v1/me/totp": ("second_factor_begun",),
    "POST /v1/me/totp/confirm": ("second_factor_added",),
    "POST /v1/me/totp/recovery-codes": ("recovery_codes_made",),
    "DELETE /v1/me/totp": ("second_factor_removed",),
    "GET /v1/me/passkeys": ("passkeys_read",),
    "POST /v1/me/passkeys": ("passkey_begun",),
    "POST /v1/me/passkeys/confirm": ("passkey_added",),
    "DELETE /v1/me/passkeys/<uuid:passkey_id>": ("passkey_removed",),
    "POST /v1/me/email": ("address_change_asked",),
    "POST /v1/me/email/confirm": ("address_changed",),
    "POST /v1/me/contact-methods": ("contact_method_added",),
    f"DELETE {METHOD}": ("contact_method_removed",),
    f"POST {METHOD}/verify": ("contact_method_verified",),
    "PUT /v1/me/contact-methods/order": ("contact_methods_ordered",),
    "GET /v1/users": ("users_read",),
    f"GET {METHODS_OF}": ("contact_methods_read",),
    f"POST {METHODS_OF}": ("contact_method_added",),
    f"PUT {METHODS_OF}/order": ("contact_methods_ordered",),
    f"DELETE {METHODS_OF}/<uuid:method_id>": ("contact_method_removed",),
    "GET /v1/audit": ("audit_read",),
    f"POST {PATIENT}/export": ("export_requested",),
    "POST /v1/me/export": ("export_requested",),
    "GET /v1/exports/<uuid:export_id>": ("export_read",),
    f"POST {PATIENT}/erasure": ("erasure_requested",),
    "POST /v1/erasures/<uuid:erasure_id>/confirm": ("patient_erased", "erasures_read"),
    "POST /v1/erasures/<uuid:erasure_id>/withdraw": ("erasure_withdrawn", "erasures_read"),
    "GET /v1/erasures": ("erasures_read",),
    "PATCH /v1/users/<uuid:user_id>": ("user_changed", "users_read"),
    "POST /v1/users/<uuid:user_id>/reset-factor": ("second_factor_reset",),
    "PATCH /v1/clinic": ("clinic_changed",),
    "POST /v1/clinic/contacts": ("contact_added",),
    "DELETE /v1/clinic/contacts/<uuid:contact_id>": ("contact_removed",),
    "POST /v1/clinic/drills": ("drill_started",),
    "PUT /v1/clinic/contacts/last-resort": ("last_resort_replaced",),
    f"PUT {REVIEW}": ("language_reviewed",),
    f"DELETE {REVIEW}": ("language_review_ended",),
    "PUT /v1/on-call/policies/<string:severity>": ("policy_changed",),
    f"POST {ON_CALL}": ("schedule_made",),
    f"PATCH {SCHEDULE}": ("schedule_changed",),
    f"DELETE {SCHEDULE}": ("schedule_ended",),
    f"POST {SCHEDULE}/overrides": ("override_made",),
    f"DELETE {SCHEDULE}/overrides/<uuid:override_id>": ("override_ended",),
    f"POST {SCHEDULE}/calendar-links": ("calendar_link_made",),
    "DELETE /v1/on-call/calendar-links/<uuid:link_id>": ("calendar_link_revoked",),
    "GET /v1/bootstrap": ("bootstrap_read",),
    "GET /v1/me/due": ("due_read",),
    "GET /v1/me/trend": ("trend_read",),
    "GET /v1/check-ins": ("check_ins.list",),
    "GET /v1/check-ins/<uuid:check_in_id>": ("check_ins.read",),
    "POST /v1/check-ins/<uuid:check_in_id>/time": ("check_in_time_stated", "check_ins.read"),
    "GET /v1/side-effects": ("side_effects.list",),
    "GET /v1/side-effects/<uuid:report_id>": ("side_effects.read",),
    "GET /v1/changes": ("changes_read",),
    "GET /v1/help-requests": ("help_requests.list",),
    "GET /v1/help-requests/<uuid:request_id>": ("help_requests.read",),
    "GET /v1/consents": ("consents_read",),
    "POST /v1/consents": ("consent_accepted", "consents_read"),
    "POST /v1/consents/<uuid:consent_id>/withdraw": ("consent_withdrawn", "consents_read"),
    "POST /v1/break-glass": ("glass_broken",),
    "GET /v1/patients": ("caseload_read", "caseload_printed"),
    "POST /v1/patients": ("patient_created",),
    f"GET {PATIENT}": ("patient_read",),
    f"PATCH {PATIENT}": ("patient_changed",),
    f"GET {PATIENT}/care-team": ("care_team_read",),
    f"PUT {PATIENT}/care-team": ("care_team_changed",),
    f"POST {PATIENT}/invitations": ("device_invited",),
    f"GET {PATIENT}/due": ("due_read",),
    f"GET {PATIENT}/trend": ("trend_read",),
    f"GET {PATIENT}/trend/difference": ("trend_read",),
    f"POST {PATIENT}/courses": ("course_written",),
    f"GET {PATIENT}/courses": ("courses_read",),
    f"PATCH {PATIENT}/courses/<uuid:course_id>": ("course_changed",),
    f"POST {PATIENT}/concomitant-treatments": ("concomitant_treatment_written",),
    f"GET {PATIENT}/concomitant-treatments": ("treatments_read",),
    f"PATCH {PATIENT}/concomitant-treatments/<uuid:record_id>": ("concomitant_treatment_stopped",),
    f"POST {PATIENT}/screenings": ("screening_written",),
    f"GET {PATIENT}/screenings": ("screenings_read",),
    f"POST {PATIENT}/sessions": ("session_written",),
    f"GET {PATIENT}/sessions": ("sessions_read",),
    f"GET {SESSION}": ("session_read",),
    f"PATCH {SESSION}": ("session_changed",),
    f"POST {SESSION}/vitals": ("vitals_written",),
    f"GET {SESSION}/vitals": ("vitals_read",),
    f"PATCH {SESSION}/vitals/<uuid:vitals_id>": ("vitals_changed",),
    f"POST {SESSION}/decisions": ("session_decision_written",),
    f"GET {SESSION}/decisions": ("session_decisions_read",),
    "GET /v1/cohort/outcomes": ("cohort_read",),
    "GET /v1/alerts": ("alerts_listed",),
    "GET /v1/alerts/rules": ("rule_burden_read",),
    f"GET {ALERT}": ("alert_read", "break_glass"),
    f"POST {ALERT}/acknowledge": ("alert_acknowledged", "break_glass"),
    f"POST {ALERT}/hand-over": ("alert_handed_over", "break_glass"),
    f"POST {ALERT}/resolve": ("alert_resolved", "alert_read"),
    f"POST {ALERT}/notes": ("alert_noted", "break_glass"),
    f"POST {ALERT}/feedback": ("alert_feedback",),
    "GET /a": ("alerts_listed",),
    "POST /a/email": ("address_change_undone",),
    "POST /a/forgot/code": ("password_reset",),
    "POST /a/push": ("contact_method_added",),
    "POST /a/push/code": ("contact_method_verified",),
    "POST /a/log-in": ("logged_in",),
    "POST /a/log-out": ("logged_out",),
    f"GET {PAGE}": ("alert_read", "break_glass"),
    f"POST {PAGE}/log-in": ("logged_in",),
    f"POST {PAGE}/log-out": ("logged_out",),
    f"POST {PAGE}/hand-over": ("alert_handed_over", "break_glass"),
    f"POST {PAGE}/acknowledge": ("alert_acknowledged", "break_glass"),
    f"POST {PAGE}/contact": ("alert_noted", "break_glass"),
    f"POST {PAGE}/note": ("alert_noted", "break_glass"),
    f"POST {PAGE}/resolve": ("alert_resolved", "alert_read"),
    **CONSOLE_RECORDED,
}
# What a patient enters themself is its own record: versions are only added, each with its time.
# What staff enter for them is recorded beside it.
OWN_ENTRIES: Final[dict[str, tuple[str, ...]]] = {
    "POST /v1/check-ins": ("check_in_written",),
    "POST /v1/check-ins/<uuid:check_in_id>/amend": ("amendment_written",),
    "POST /v1/side-effects": ("side_effects_written",),
    "POST /v1/side-effects/<uuid:report_id>/amend": ("side_effects_amendment_written",),
    "POST /v1/help-requests": (),
    "POST /v1/sync": (),
}
# route: why nothing is
UNRECORDED: Final[dict[str, str]] = {
    "POST /v1/auth/refresh": "goes on with a recorded log-in; a reused token is recorded",
    "POST /v1/auth/password-reset": "the same for every address: nobody is looked up",
    "GET /v1/clinic": "about nobody",
    "GET /v1/clinic/drills": "about no patient; who was on duty, as the schedules say",
    "GET /v1/clinic/languages": "about nobody",
    "GET /v1/clinic/languages/<string:language>": "about nobody",
    "GET /v1/clinic/contacts": "the clinic's own chain, about no patient and no account",
    "GET /v1/me/contact-methods": "one's own addresses, cut short",
    f"POST {METHOD}/code": "a code to one's own address; the address and its proof are recorded",
    f"POST {METHOD}/test": "a page to one's own address, about nobody",
    "GET /v1/me/push-key": "about nobody",
    "POST /v1/me/passkeys/challenge": "what its answer opens is recorded",
    "POST /v1/callbacks/sms/<uuid:clinic_id>/<uuid:notification_id>": "a provider's report: what"
    " becomes of it stands with the page",
    "GET /v1/on-call/policies/<string:severity>": ON_DUTY,
    f"GET {ON_CALL}": ON_DUTY,
    f"GET {SCHEDULE}": ON_DUTY,
    f"GET {SCHEDULE}/shifts": ON_DUTY,
    f"GET {SCHEDULE}/overrides": ON_DUTY,
    f"GET {SCHEDULE}/calendar-links": "one's own links, without their secrets",
    "GET /v1/on-call/now": ON_DUTY,
    "GET /v1/on-call/coverage": ON_DUTY,
    "GET /v1/on-call/calendars/<string:token>.ics": ON_DUTY,
    "GET /v1/instruments": "about nobody",
    "GET /v1/instruments/<code>": "about nobody",
    "GET /v1/side-effects/codes": "about nobody",
    f"GET {PAGE}/<what>": "leads back to the alert",
    "GET /": "leads to /console",
    "GET /a/log-in": "leads to /a",
    "GET /app": "leads to /app/",
    "GET /app/": "about nobody",
    "GET /app/<path:name>": "about nobody",
    "GET /a/log-out": "leads to /a",
    "GET /a/device": "a form",
    "GET /a/forgot": "a form",
    "GET /a/push.js": "about nobody",
    "GET /a/passkeys.js": "about nobody",
    "GET /a/worker.js": "about nobody",
    "POST /a/forgot": "the same for every address: nobody is looked up",
    "GET /a/email": "a form",
    "POST /a/device": "a log-in from the device is recorded",
    "GET /healthz": "about nobody",
    "GET /readyz": "about nobody",
    "GET /safetyz": "about nobody",
    "GET /metrics": "about nobody",
    "GET /openapi.json": "about nobody",
    "GET /docs": "about nobody",
    "GET /docs/<asset>": "about nobody",
    "GET /static/<path:filename>": "about nobody",
    **CONSOLE_UNRECORDED,
}
# 409: an id that somebody else used, or what is stored under it.
REFUSED: Final = frozenset({403, 404, 409})


def init_audited(app: Flask) -> None:
    """Record what is refused to whoever is logged in."""

    @app.after_request
    def refusal(response: Response) -> Response:
        actor, route, status = _actor(), route_of_request(), response.status_code
        if actor and status in REFUSED and (route in RECORDED or route in OWN_ENTRIES):
            record_refusal(actor, route, status, _named(), g.now)
        return response


def record_refused_items(actor: Actor, items: Iterable[tuple[int, Sequence[UUID]]]) -> None:
    """Record what was refused of a request that is answered, after its answer: each item's status,
    and what it named.
    """
    refusals = [(status, named) for status, named in items if status in REFUSED]
    if not refusals:
        return

    @after_this_request
    def refused_items(response: Response) -> Response:
        record_refusals(actor, route_of_request(), refusals, g.now)
        return response


def route_of_request() -> str:
    """How the table names the route of this request."""
    method = "GET" if request.method == "HEAD" else request.method
    return f"{method} {request.url_rule}"


def _actor() -> Actor | None:
    session = g.get("page_session")
    actor: Actor | None = g.get("actor") if session is None else session.actor
    return actor


def _named() -> list[UUID]:
    """The ids in the address; on the page they are text."""
    found = []
    for value in (request.view_args or {}).values():
        try:
            found.append(UUID(str(value)))
        except ValueError:
            continue
    return found

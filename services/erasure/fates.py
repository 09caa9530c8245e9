"""What becomes of every table when a patient is erased, and why. The one list; the statements that
do it stand in the database, written by migrations (`migrations.erasure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Fate = Literal["goes", "is emptied", "stays"]
DETAILS: Final = "what was recorded stays as ids and times, and the chain of the audit over it"
NOBODYS: Final = "about no patient"
STAFF: Final = "about staff"
INSTALLATION: Final = "of the installation, about nobody"


@dataclass(frozen=True, slots=True)
class TableFate:
    """`why`: in a sentence for whoever answers for it."""

    fate: Fate
    why: str


def _goes(why: str) -> TableFate:
    return TableFate("goes", why)


def _stays(why: str) -> TableFate:
    return TableFate("stays", why)


FATES: Final[dict[str, TableFate]] = {
    # the record
    "patients": _goes("name, numbers, address, date of birth, MRN, indications"),
    "patient_status": _goes("their figures, and the lock of every write about them"),
    "kept_outcomes": _goes("what became of their courses"),
    "patient_search_parts": _goes("their name and number in pieces"),
    "patient_pauses": _goes("when they were not followed"),
    "care_team_members": _goes("who treats them"),
    "consents": _goes("what they agreed to; that they did, and when, the audit has"),
    "exports": _goes("that somebody asked for their data"),
    "view_grants": _goes("who broke the glass; that they did, the audit has"),
    "record_ids": TableFate(
        "is emptied", "the id stays taken, with its kind and time; answer, digest, patient go"
    ),
    # entries and what followed from them
    "check_ins": _goes("forms"),
    "check_in_contents": _goes("answers and notes"),
    "help_requests": _goes("calls for help"),
    "side_effect_reports": _goes("reports"),
    "unreadable_bodies": _goes("refused requests in which danger was found"),
    "decisions": _goes("what the rules found"),
    "rules_failures": _goes("where the rules failed"),
    "standing_plans": _goes("plans of clinicians"),
    "alerts": _goes("an alert is about one patient; who did what with it, and when, the audit has"),
    "alert_occurrences": _goes("with their alert"),
    "alert_events": _goes("with their alert"),
    "alert_notes": _goes("with their alert: words about the patient"),
    "alert_resolutions": _goes("with their alert: words about the patient"),
    "alert_feedback": _goes("with their alert: words about the patient"),
    "notifications": _goes(
        "pages about them, sent and unsent; letters to them (one to an administrator about"
        " break-glass names the id alone, until it is sent)"
    ),
    "notification_attempts": _goes("with their page or letter"),
    "digest_alerts": _goes("their alert in a morning mail"),
    # treatment
    "courses": _goes("treatment"),
    "course_versions": _goes("treatment"),
    "treatment_sessions": _goes("treatment"),
    "treatment_session_versions": _goes("treatment"),
    "session_vitals": _goes("treatment"),
    "session_decisions": _goes("treatment"),
    "session_follow_ups": _goes("treatment"),
    "screenings": _goes("treatment"),
    "concomitant_treatments": _goes("treatment"),
    # the account
    "users": _goes("name, mail address, password: the address is free"),
    "token_families": _goes("devices are logged out for good"),
    "token_pairs": _goes("with their log-in"),
    "invitations": _goes("codes that are out"),
    "email_changes": _goes("addresses, old and new"),
    "password_resets": _goes("codes that are out"),
    "totp_factors": _goes("a second factor, if they have one"),
    "passkeys": _goes("a second factor, if they have one"),
    "passkey_challenges": _goes("what a passkey was asked"),
    "recovery_codes": _goes("codes for a lost second factor"),
    "devices": _goes("where reminders go"),
    "reminder_plans": _goes("when the next reminder is due"),
    "reminders": _goes("reminders, sent and unsent"),
    "login_delays": _goes("tries at the account, by digest; what is left goes within 15 minutes"),
    # the audit
    "audit_details": _goes(f"{DETAILS}; details are gone for good"),
    "audit_keys": _goes(f"{DETAILS}; without the key nobody can try out what the details were"),
    "audit_entries": _stays(DETAILS),
    "erasures": _stays("that there was an erasure: ids, times, who stood for it; the reason goes"),
    # what is about others
    "password_reset_requests": _stays("digests of addresses that were typed, gone within seconds"),
    "provider_reports": _stays("ids of pages, gone within seconds"),
    "clinics": _stays(NOBODYS),
    "contacts": _stays(STAFF),
    "contact_methods": _stays(STAFF),
    "on_call_schedules": _stays(STAFF),
    "on_call_rotations": _stays(STAFF),
    "on_call_overrides": _stays(STAFF),
    "on_call_policies": _stays(STAFF),
    "calendar_links": _stays(STAFF),
    "oidc_identities": _stays(STAFF),
    "oidc_sign_ins": _stays("digests of sign-ins that were begun, gone when the next one is"),
    "oidc_providers": _stays(NOBODYS),
    "chain_checks": _stays(STAFF),
    "drills": _stays(NOBODYS),
    "watch_runs": _stays("ids and counts of faults that were found"),
    "worker_heartbeats": _stays(INSTALLATION),
    "api_lives": _stays(INSTALLATION),
    "probes": _stays(INSTALLATION),
    "key_fingerprints": _stays(INSTALLATION),
}

"""What an export holds, table by table, and what it does not, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Column, ColumnElement, LargeBinary, Select, Table, select

from models import (
    Alert,
    AlertEvent,
    AlertNote,
    AlertOccurrence,
    AlertResolution,
    CareTeamMember,
    CheckIn,
    CheckInContent,
    ConcomitantTreatment,
    Consent,
    CourseVersion,
    EmailChange,
    HelpRequest,
    Invitation,
    Notification,
    Patient,
    PatientPause,
    PushedDevice,
    SentReminder,
    SessionDecision,
    SessionFollowUp,
    SideEffectReport,
    StoredDecision,
    StoredPlan,
    StoredScreening,
    StoredVitals,
    TokenFamily,
    TreatmentSessionVersion,
    UnreadableBody,
    User,
)
from models.base import Base

# Of no meaning outside the service. Digests and the like (bytes) are left out by their type.
INTERNAL: Final = frozenset(
    (
        *("clinic_id", "patient_id", "user_id", "family_id", "method_id", "contact_id"),
        *("search_key", "password_hash", "epoch", "lease_until", "lease_token", "provider_id"),
        *("revision", "superseded_revision", "counts_from_revision", "stopped_revision"),
        *("ended_revision", "seen_revision", "former_zones", "former_indications", "due_at"),
        *("page_round", "page_step", "round_started_at", "unreached_rounds", "next_at"),
        *("page_severity", "ladder_severity", "ack_expires_at", "contact_due_at", "lifetime_s"),
        *("sealed_code", "subscription", "answer", "counts_as_risk", "contact_ids", "attempts"),
    )
)


def table_of(model: type[Base]) -> Table:
    """Its table."""
    return cast(Table, model.__table__)


@dataclass(frozen=True, slots=True)
class Kind:
    """The rows of one table that are a patient's, as a list in the JSON and a CSV file of its own.

    `by`: the column that orders them; `beside`: what belongs to each row and stands in a table of
    its own; `also`: columns that are internal elsewhere; `staffs`: those with words of staff, which
    only staff are given.
    """

    name: str
    what: str
    table: type[Base]
    by: str
    beside: type[Base] | None = None
    also: frozenset[str] = field(default_factory=frozenset)
    staffs: frozenset[str] = field(default_factory=frozenset)

    def columns(self, *, for_staff: bool) -> list[Column[Any]]:
        """What is shown of a row, each name once."""
        own = list(table_of(self.table).columns)
        if self.beside is not None:
            own += [each for each in table_of(self.beside).columns if not each.primary_key]
        hidden = INTERNAL - self.also if for_staff else (INTERNAL - self.also) | self.staffs
        return [
            column
            for column in own
            if column.name not in hidden and not isinstance(column.type, LargeBinary)
        ]

    def rows(self, whose: WhoseData, *, for_staff: bool) -> Select[Any]:
        """Their rows, in an order that stays."""
        of = table_of(self.table)
        query = select(*self.columns(for_staff=for_staff)).where(self._is_theirs(whose))
        if self.beside is not None:
            next_to = table_of(self.beside).c
            query = query.join(
                self.beside,
                (next_to.clinic_id == of.c.clinic_id)
                & (next_to.patient_id == of.c.patient_id)
                & (next_to.check_in_id == of.c.id),
            )
        return query.order_by(of.c[self.by], *of.primary_key)

    def _is_theirs(self, whose: WhoseData) -> ColumnElement[bool]:
        columns = table_of(self.table).c
        if self.table is Patient:
            return columns.id == whose.patient_id
        if self.table is User:
            return columns.id == whose.user_id
        if "patient_id" in columns:
            return columns.patient_id == whose.patient_id
        if "alert_id" in columns:
            return columns.alert_id.in_(
                select(Alert.id).where(Alert.patient_id == whose.patient_id)
            )
        return columns.user_id == whose.user_id


@dataclass(frozen=True, slots=True)
class WhoseData:
    """The patient, and their account if they have one."""

    patient_id: UUID
    user_id: UUID | None


KINDS: Final = (
    Kind("record", "who you are to the clinic, and how it reaches you", Patient, "created_at"),
    Kind(
        "pauses",
        "when nothing was asked of you: pauses, discharge, withdrawal",
        PatientPause,
        "from_on",
    ),
    Kind("consents", "what you agreed to, and took back", Consent, "accepted_at"),
    Kind(
        "care_team", "who looks after you", CareTeamMember, "user_id", also=frozenset({"user_id"})
    ),
    Kind(
        "check_ins",
        "every form that was filled in, in all its versions, with answers, notes and score",
        CheckIn,
        "received_at",
        beside=CheckInContent,
    ),
    Kind("help_requests", "when you asked for help", HelpRequest, "received_at"),
    Kind("side_effects", "what was reported after a treatment", SideEffectReport, "received_at"),
    Kind(
        "refused_requests",
        "what your phone sent that could not be stored, and that somebody was called for",
        UnreadableBody,
        "received_at",
    ),
    Kind(
        "decisions",
        "what the rules found in each entry, yes and no alike",
        StoredDecision,
        "decided_at",
    ),
    Kind("standing_plans", "plans of a clinician that spare a page", StoredPlan, "set_at"),
    Kind(
        "alerts",
        "when somebody was called because of an answer, or of silence",
        Alert,
        "triggered_at",
    ),
    Kind("alert_occurrences", "what each alert rests on", AlertOccurrence, "received_at"),
    Kind(
        "alert_timeline",
        "what happened to each alert, in order",
        AlertEvent,
        "at",
        staffs=frozenset({"detail"}),
    ),
    Kind(
        "alert_notes",
        "that staff wrote about an alert or tried to reach you, and when",
        AlertNote,
        "at",
        staffs=frozenset({"text"}),
    ),
    Kind(
        "alert_resolutions",
        "how each alert ended",
        AlertResolution,
        "at",
        staffs=frozenset({"note"}),
    ),
    Kind("pages", "messages to staff about an alert", Notification, "created_at"),
    Kind("courses", "courses of treatment, in all versions", CourseVersion, "entered_at"),
    Kind("sessions", "treatments, in all versions", TreatmentSessionVersion, "entered_at"),
    Kind("vital_signs", "what was measured around a treatment", StoredVitals, "received_at"),
    Kind(
        "session_decisions",
        "what was decided before and after a treatment",
        SessionDecision,
        "decided_at",
    ),
    Kind(
        "follow_ups",
        "what contact was awaited after a treatment",
        SessionFollowUp,
        "opens_at",
        also=frozenset({"due_at"}),
    ),
    Kind("screenings", "checks for what speaks against a treatment", StoredScreening, "entered_at"),
    Kind("other_treatments", "what else you take or do", ConcomitantTreatment, "entered_at"),
    Kind("account", "your log-in", User, "created_at"),
    Kind("log_ins", "devices that were logged in", TokenFamily, "started_at"),
    Kind("codes", "invitations of a device", Invitation, "created_at"),
    Kind("address_changes", "mail addresses, old and new", EmailChange, "asked_at"),
    Kind("devices", "devices that reminders go to", PushedDevice, "put_at"),
    Kind("reminders", "reminders that were sent, and what became of them", SentReminder, "at"),
)

DERIVED: Final = "worked out from what is in the export"
KEYS: Final = "digests and keys, which say nothing"
# Tables that hold rows of a patient, and are in no export.
LEFT_OUT: Final[dict[str, str]] = {
    "patient_status": DERIVED,
    "kept_outcomes": DERIVED,
    "patient_search_parts": "the name once more, in pieces",
    "record_ids": "the first answer to each request: what it said stands in the entries",
    "courses": "that a course exists: its versions say so",
    "treatment_sessions": "that a session exists: its versions say so",
    "rules_failures": "a fault of the service; what was decided afterwards stands in decisions",
    "alert_feedback": "what staff thought of an alert of ours, not of the patient",
    "notification_attempts": "how a message was carried",
    "digest_alerts": "in which morning mail an alert stood",
    "reminder_plans": DERIVED,
    "password_resets": KEYS,
    "token_pairs": KEYS,
    "totp_factors": KEYS,
    "passkeys": KEYS,
    "passkey_challenges": KEYS,
    "recovery_codes": KEYS,
    "login_delays": KEYS,
    "audit_entries": "who looked at what: asked of an administrator (`GET /v1/audit`)",
    "audit_details": "who looked at what: asked of an administrator (`GET /v1/audit`)",
    "audit_keys": KEYS,
    "view_grants": "who looked at what: asked of an administrator (`GET /v1/audit`)",
    "erasures": "a matter of the administrators, which ends with the export as well",
    "exports": "that this was asked for",
}


def people_in(kind: Kind) -> Iterator[str]:
    """The columns that name members of staff."""
    for constraint in table_of(kind.table).foreign_key_constraints:
        if constraint.referred_table.name == "users":
            yield from (one.name for one in constraint.columns if one.name != "clinic_id")
    if "staff_ids" in table_of(kind.table).columns:
        yield "staff_ids"

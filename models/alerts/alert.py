"""Alerts: one not-resolved alert a patient and family, its occurrences, timeline, notes and
resolution.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    EMPTY_OBJECT,
    Base,
    Identified,
    Json,
    OfClinic,
    of_clinic,
    of_known_clinic,
    one_of,
)
from models.encryption import EncryptedText

SEVERITIES: Final = ("critical", "high", "medium", "low")
STATUSES: Final = ("triggered", "acknowledged", "resolved")
DISPOSITIONS: Final = (
    "safe_plan_made",
    "emergency_services",
    "handed_over_in_person",
    "treatment_changed",
    "appointment_made",
    "watchful_waiting",
    "false_alarm",
    "other",
)
CONTACT_OUTCOMES: Final = ("reached", "no_answer", "message_left")


class Alert(OfClinic, Identified, Base):
    """Something a human must answer. It ends only when a person resolves it with a disposition.

    `next_at` is the one instant at which time moves it (next step, end of an acknowledgement,
    morning mail); null: time does nothing. `page_severity` is the highest tier it was paged at,
    `ladder_severity` the ladder it runs on now. `page_round` only grows, so that a page is one
    (alert, round, step, recipient). `unreached_rounds`: how many rounds in a row reached nobody.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        of_known_clinic(),
        of_clinic("patient_id", "patients"),
        of_clinic("acknowledged_by", "users"),
        one_of("severity", SEVERITIES),
        one_of("status", STATUSES),
        one_of("page_severity", ("critical", "high")),
        one_of("ladder_severity", SEVERITIES),
        CheckConstraint(
            "(status = 'resolved') = (resolved_at IS NOT NULL)", name="resolved_has_time"
        ),
        CheckConstraint(
            "(status = 'acknowledged') = (ack_expires_at IS NOT NULL)",
            name="acknowledged_has_an_end",
        ),
        CheckConstraint(
            "(family IN ('rules_failed', 'drill')) = (patient_id IS NULL)",
            name="rules_failed_has_no_patient",
        ),
        Index(
            "uq_alerts_one_open_a_family",
            "clinic_id",
            "patient_id",
            "family",
            unique=True,
            postgresql_where="status <> 'resolved' AND patient_id IS NOT NULL",
        ),
        Index(
            "uq_alerts_one_open_without_patient",
            "clinic_id",
            "family",
            "rule_version",
            unique=True,
            postgresql_where="status <> 'resolved' AND patient_id IS NULL",
        ),
        Index("ix_alerts_due", "next_at", postgresql_where="next_at IS NOT NULL"),
        Index("ix_alerts_clinic_id_triggered_at", "clinic_id", "triggered_at", "id"),
        Index("ix_alerts_patient", "clinic_id", "patient_id", "triggered_at"),
        Index("ix_alerts_resolved_at", "resolved_at", postgresql_where="resolved_at IS NOT NULL"),
    )

    patient_id: Mapped[UUID | None]
    family: Mapped[str]
    rule: Mapped[str]
    rule_version: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="triggered")
    triggered_at: Mapped[datetime]
    newest_occurrence_at: Mapped[datetime]
    occurrence_count: Mapped[int] = mapped_column(server_default="1")
    page_severity: Mapped[str | None]
    ladder_severity: Mapped[str]
    page_round: Mapped[int] = mapped_column(server_default="0")
    page_step: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    round_started_at: Mapped[datetime | None]
    unreached_rounds: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None]
    acknowledged_at: Mapped[datetime | None]
    ack_expires_at: Mapped[datetime | None]
    contact_due_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    revision: Mapped[int | None]


class AlertOccurrence(OfClinic, Identified, Base):
    """One qualifying entry of an alert. `tier` may be lowered by a complete C-SSRS,
    `first_tier` never. `about_id`: the session or course that the rule speaks once of.
    `seen_revision`: when a person first took or ended the alert with it, as the patient's revision.
    """

    __tablename__ = "alert_occurrences"
    __table_args__ = (
        of_clinic("alert_id", "alerts"),
        of_clinic("patient_id", "patients"),
        one_of("tier", SEVERITIES),
        one_of("first_tier", SEVERITIES),
        CheckConstraint("item9 BETWEEN 0 AND 3", name="item9_range"),
        Index("ix_alert_occurrences_alert", "clinic_id", "alert_id", "received_at"),
        Index(
            "ix_alert_occurrences_received_at",
            "received_at",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
    )

    alert_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    entry_id: Mapped[UUID | None]
    rule: Mapped[str]
    source: Mapped[str]
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    item9: Mapped[int | None] = mapped_column(SmallInteger)
    cssrs: Mapped[str | None]
    about_id: Mapped[UUID | None]
    first_tier: Mapped[str]
    tier: Mapped[str]
    revision: Mapped[int]
    seen_revision: Mapped[int | None]


class AlertEvent(OfClinic, Identified, Base):
    """The timeline: append-only, the negative too (nobody on call, delivery failed). No patient
    data.
    """

    __tablename__ = "alert_events"
    __table_args__ = (
        of_clinic("alert_id", "alerts"),
        of_clinic("actor_id", "users"),
        Index("ix_alert_events_alert", "clinic_id", "alert_id", "at"),
        Index(
            "ix_alert_events_at",
            "at",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
    )

    alert_id: Mapped[UUID]
    at: Mapped[datetime]
    kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    detail: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)


class AlertNote(OfClinic, Identified, Base):
    """What staff wrote on an alert; a contact attempt has an outcome."""

    __tablename__ = "alert_notes"
    __table_args__ = (
        of_clinic("alert_id", "alerts"),
        of_clinic("author_id", "users"),
        one_of("kind", ("note", "contact_attempt")),
        one_of("outcome", CONTACT_OUTCOMES),
        CheckConstraint(
            "(kind = 'contact_attempt') = (outcome IS NOT NULL)", name="attempt_outcome"
        ),
        Index("ix_alert_notes_alert", "clinic_id", "alert_id", "at"),
    )

    alert_id: Mapped[UUID]
    at: Mapped[datetime]
    author_id: Mapped[UUID]
    kind: Mapped[str]
    outcome: Mapped[str | None]
    text: Mapped[str | None] = mapped_column(EncryptedText("alert_notes.text"))


class AlertResolution(OfClinic, Base):
    """How an alert ended, by whom; the digest tells the same request from a different one."""

    __tablename__ = "alert_resolutions"
    __table_args__ = (
        of_clinic("alert_id", "alerts"),
        of_clinic("by", "users"),
        one_of("disposition", DISPOSITIONS),
    )

    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID]
    disposition: Mapped[str]
    note: Mapped[str | None] = mapped_column(EncryptedText("alert_resolutions.note"))
    content_digest: Mapped[bytes] = mapped_column(LargeBinary)


class AlertFeedback(OfClinic, Base):
    """Was this alert useful? One answer a person."""

    __tablename__ = "alert_feedback"
    __table_args__ = (
        of_clinic("alert_id", "alerts"),
        of_clinic("user_id", "users"),
    )

    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    useful: Mapped[bool]
    note: Mapped[str | None] = mapped_column(EncryptedText("alert_feedback.note"))


class RulesFailure(OfClinic, Base):
    """An entry for which the rules raised and the fallback found nothing: to be decided again by
    `rules replay`.
    """

    __tablename__ = "rules_failures"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("alert_id", "alerts"),
        Index("ix_rules_failures_alert_id", "clinic_id", "alert_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID]
    rule_version: Mapped[str]
    failed_at: Mapped[datetime]
    replayed_at: Mapped[datetime | None]

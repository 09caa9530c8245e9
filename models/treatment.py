"""Courses, sessions and what surrounds them: screening, vital signs, decisions, other treatment.

A course or a session is a row that says only that it exists; what is known of it stands in its
versions, in the order entered. Nothing is overwritten, so the report of an earlier revision sees
what was known then.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    EMPTY_STRINGS,
    Base,
    Identified,
    Ids,
    JsonList,
    OfClinic,
    Strings,
    of_clinic,
    one_of,
)
from models.encryption import EncryptedText

PRODUCTS: Final = ("ketamine", "esketamine", "tms", "ect", "other")
ROUTES: Final = ("iv", "im", "intranasal", "oral", "sublingual", "sc")
PHASES: Final = ("induction", "maintenance")
SUPERVISION: Final = ("clinic", "remote_supervised", "unsupervised")
VITALS_PHASES: Final = ("pre", "during", "post", "discharge")
DECISION_KINDS: Final = ("clearance", "discharge", "driving_restriction")
DECISION_OUTCOMES: Final = ("cleared", "not_cleared", "discharged", "kept", "acknowledged")
FOLLOW_UP_KINDS: Final = ("follow_up", "driving_lock")
TREATMENT_KINDS: Final = (
    "antidepressant",
    "mood_stabiliser",
    "antipsychotic",
    "benzodiazepine",
    "stimulant",
    "psychotherapy",
    "other",
)


class TreatmentCourse(OfClinic, Identified, Base):
    """A planned series of sessions of one product."""

    __tablename__ = "courses"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        Index("ix_courses_patient", "clinic_id", "patient_id"),
    )

    patient_id: Mapped[UUID]
    created_at: Mapped[datetime]


class CourseVersion(OfClinic, Base):
    """What was known of a course from a revision on. `maintenance_interval_days`: how far apart
    its sessions are meant to be. `new_baseline`: a clinician asked for a baseline of its own.
    """

    __tablename__ = "course_versions"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("course_id", "courses"),
        of_clinic("entered_by", "users"),
        one_of("product", PRODUCTS),
        one_of("phase", PHASES),
        CheckConstraint("ended_on >= started_on", name="ends_after_start"),
        CheckConstraint("maintenance_interval_days BETWEEN 1 AND 365", name="interval"),
        Index("ix_course_versions_course_id", "clinic_id", "course_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    product: Mapped[str]
    phase: Mapped[str]
    indication: Mapped[str | None]
    protocol: Mapped[str | None]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    new_baseline: Mapped[bool] = mapped_column(server_default="false")
    maintenance_interval_days: Mapped[int | None] = mapped_column(SmallInteger)
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]
    revision: Mapped[int]


class TreatmentSession(OfClinic, Identified, Base):
    """One treatment of a patient (a log-in has families, not sessions)."""

    __tablename__ = "treatment_sessions"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        Index("ix_treatment_sessions_patient", "clinic_id", "patient_id"),
    )

    patient_id: Mapped[UUID]
    created_at: Mapped[datetime]


class TreatmentSessionVersion(OfClinic, Base):
    """What was known of a session from a revision on; doses in `dose_unit`, weight in kg.

    `timezone`: the zone that its day is counted in; null only where an earlier release wrote it.
    `staff_ids`: who is with the patient; null where nobody was named: whoever entered it.
    """

    __tablename__ = "treatment_session_versions"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("session_id", "treatment_sessions"),
        of_clinic("course_id", "courses"),
        of_clinic("entered_by", "users"),
        one_of("product", PRODUCTS),
        one_of("route", ROUTES),
        one_of("supervision", SUPERVISION),
        CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        CheckConstraint(
            "(dose_value IS NULL) = (dose_unit IS NULL) AND dose_value > 0", name="dose_has_a_unit"
        ),
        CheckConstraint("weight_kg BETWEEN 20 AND 400", name="weight"),
        Index("ix_treatment_session_versions_course_id", "clinic_id", "course_id"),
        Index("ix_treatment_session_versions_session_id", "clinic_id", "session_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    course_id: Mapped[UUID]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    product: Mapped[str]
    route: Mapped[str | None]
    dose_value: Mapped[float | None]
    dose_unit: Mapped[str | None]
    weight_kg: Mapped[float | None]
    supervision: Mapped[str]
    cancelled: Mapped[bool] = mapped_column(server_default="false")
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]
    revision: Mapped[int]
    timezone: Mapped[str | None]
    staff_ids: Mapped[Ids | None]


class StoredVitals(OfClinic, Identified, Base):
    """One version of one set of vital signs: pressures in mmHg, heart rate per minute, SpO2 in
    percent, sedation as MOAA/S (5 awake to 0), dissociation as the CADSS total (0-92).

    The version that nothing has superseded is current.
    """

    __tablename__ = "session_vitals"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("session_id", "treatment_sessions"),
        of_clinic("entered_by", "users"),
        one_of("phase", VITALS_PHASES),
        CheckConstraint("systolic BETWEEN 40 AND 300", name="systolic"),
        CheckConstraint("diastolic BETWEEN 20 AND 200", name="diastolic"),
        CheckConstraint("heart_rate BETWEEN 20 AND 300", name="heart_rate"),
        CheckConstraint("spo2 BETWEEN 30 AND 100", name="spo2"),
        CheckConstraint("sedation BETWEEN 0 AND 5", name="sedation"),
        CheckConstraint("dissociation BETWEEN 0 AND 92", name="dissociation"),
        Index("ix_session_vitals_session", "clinic_id", "session_id", "taken_at"),
        Index("ix_session_vitals_patient", "clinic_id", "patient_id", "taken_at"),
    )

    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    patient_id: Mapped[UUID]
    session_id: Mapped[UUID]
    phase: Mapped[str]
    taken_at: Mapped[datetime]
    systolic: Mapped[int] = mapped_column(SmallInteger)
    diastolic: Mapped[int] = mapped_column(SmallInteger)
    heart_rate: Mapped[int | None] = mapped_column(SmallInteger)
    spo2: Mapped[int | None] = mapped_column(SmallInteger)
    sedation: Mapped[int | None] = mapped_column(SmallInteger)
    dissociation: Mapped[int | None] = mapped_column(SmallInteger)
    entered_by: Mapped[UUID]
    received_at: Mapped[datetime]
    revision: Mapped[int]
    superseded_revision: Mapped[int | None]


class StoredScreening(OfClinic, Identified, Base):
    """A screening for contraindications; the newest one counts until it expires."""

    __tablename__ = "screenings"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("entered_by", "users"),
        CheckConstraint("expires_on >= screened_on", name="expires_after_screening"),
        Index("ix_screenings_patient", "clinic_id", "patient_id", "screened_on"),
    )

    patient_id: Mapped[UUID]
    screened_on: Mapped[date]
    expires_on: Mapped[date]
    contraindications: Mapped[Strings] = mapped_column(server_default=EMPTY_STRINGS)
    note: Mapped[str | None] = mapped_column(EncryptedText("screenings.note"))
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]
    revision: Mapped[int]


class SessionDecision(OfClinic, Identified, Base):
    """What a clinician decided about a session: dosing, going home, the driving restriction.

    `found` is what the rules found against it at that moment, in their words.
    """

    __tablename__ = "session_decisions"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("session_id", "treatment_sessions"),
        of_clinic("decided_by", "users"),
        one_of("kind", DECISION_KINDS),
        one_of("outcome", DECISION_OUTCOMES),
        Index("ix_session_decisions_session", "clinic_id", "session_id", "decided_at"),
    )

    patient_id: Mapped[UUID]
    session_id: Mapped[UUID]
    kind: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str | None] = mapped_column(EncryptedText("session_decisions.reason"))
    found: Mapped[JsonList]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]
    revision: Mapped[int]


class KeptOutcomes(OfClinic, Base):
    """What became of a patient's courses (`services.rules.cohort`), as JSON: a cache that equals a
    recompute while the status row says `two_week_figures_at` of `figures_at`, which each form and
    each session moves, in this `timezone`, by these `numbers`, from `looked_at` until time alone
    changes something (`holds_until`; null: it does not).
    """

    __tablename__ = "kept_outcomes"
    __table_args__ = (of_clinic("patient_id", "patients"),)

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    figures_at: Mapped[datetime]
    timezone: Mapped[str]
    looked_at: Mapped[datetime]
    holds_until: Mapped[datetime | None]
    numbers: Mapped[str]
    courses: Mapped[JsonList]


class SessionFollowUp(OfClinic, Base):
    """What contact is awaited after a session, and by when: a cache that the worker can read (it
    sees no answer). `met_at`: something came in time; `lapsed_at`: nothing did, and N2 reported it.
    """

    __tablename__ = "session_follow_ups"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("session_id", "treatment_sessions"),
        one_of("kind", FOLLOW_UP_KINDS),
        Index(
            "ix_session_follow_ups_due",
            "due_at",
            postgresql_where="met_at IS NULL AND lapsed_at IS NULL",
        ),
        Index("ix_session_follow_ups_session_id", "clinic_id", "session_id"),
    )

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    opens_at: Mapped[datetime]
    due_at: Mapped[datetime]
    met_at: Mapped[datetime | None]
    lapsed_at: Mapped[datetime | None]


class ConcomitantTreatment(OfClinic, Identified, Base):
    """Another treatment alongside, which the reader of a trend should know of. `stopped_on` holds
    from `stopped_revision` on.
    """

    __tablename__ = "concomitant_treatments"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("entered_by", "users"),
        one_of("kind", TREATMENT_KINDS),
        CheckConstraint("stopped_on >= started_on", name="stops_after_start"),
        Index("ix_concomitant_treatments_patient", "clinic_id", "patient_id"),
    )

    patient_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(EncryptedText("concomitant_treatments.name"))
    kind: Mapped[str]
    started_on: Mapped[date]
    stopped_on: Mapped[date | None]
    stopped_revision: Mapped[int | None]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]
    revision: Mapped[int]

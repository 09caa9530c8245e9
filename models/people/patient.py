"""Patients, their care teams, and the one status row that every clinical write locks first."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    EMPTY_LIST,
    EMPTY_STRINGS,
    Base,
    Identified,
    JsonList,
    OfClinic,
    Strings,
    of_clinic,
    of_known_clinic,
    one_of,
)
from models.encryption import EncryptedText

PATIENT_STATUS: Final = ("active", "paused", "discharged")


class Patient(OfClinic, Identified, Base):
    """A patient of one clinic, with what staff need to reach them.

    `former_zones` lists `{"timezone", "until_revision", "until_at"}`, oldest first, so that the
    report of an earlier revision keeps its days, and the acceptance its own;
    `former_indications` likewise, so that it keeps what was due. `consent_withdrawn_at`: of the
    newest consent, null where none was withdrawn, or one was given again.
    """

    __tablename__ = "patients"
    __table_args__ = (
        of_known_clinic(),
        of_clinic("user_id", "users"),
        one_of("status", PATIENT_STATUS),
        CheckConstraint(
            "(status = 'paused') = (paused_until IS NOT NULL)", name="pause_has_an_end"
        ),
        Index("ix_patients_clinic_id_created_at", "clinic_id", "created_at", "id"),
        Index("uq_patients_clinic_id_mrn", "clinic_id", "mrn", unique=True),
        Index("uq_patients_clinic_id_user_id", "clinic_id", "user_id", unique=True),
    )

    user_id: Mapped[UUID | None]
    name: Mapped[str]
    timezone: Mapped[str]
    former_zones: Mapped[JsonList] = mapped_column(server_default=EMPTY_LIST)
    phone: Mapped[str | None] = mapped_column(EncryptedText("patients.phone"))
    address: Mapped[str | None] = mapped_column(EncryptedText("patients.address"))
    emergency_contact: Mapped[str | None] = mapped_column(
        EncryptedText("patients.emergency_contact")
    )
    born_on: Mapped[date | None]
    mrn: Mapped[str | None]
    indications: Mapped[Strings] = mapped_column(server_default=EMPTY_STRINGS)
    former_indications: Mapped[JsonList] = mapped_column(server_default=EMPTY_LIST)
    risk_at_intake: Mapped[bool] = mapped_column(server_default="false")
    status: Mapped[str] = mapped_column(server_default="active")
    status_reason: Mapped[str | None] = mapped_column(EncryptedText("patients.status_reason"))
    paused_until: Mapped[date | None]
    consent_withdrawn_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    # The name without accents, case and kinds of apostrophes; what `SearchPart` is made of.
    search_key: Mapped[str | None] = mapped_column(Computed("search_key(name)"), deferred=True)


class SearchPart(OfClinic, Base):
    """An end of a patient's `search_key`, or of their MRN's: the key from some letter on, of which
    the first 64 letters are kept. PostgreSQL writes them.

    What is somewhere in the key is the beginning of one of these: a range of the primary key, and
    ranges are what row-level security lets an index answer.
    """

    __tablename__ = "patient_search_parts"
    __table_args__ = (of_clinic("patient_id", "patients"),)

    part: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)


# The longest of them.
SEARCHED_AT_MOST: Final = 64
# The last day of a discharge, which lasts until it is taken back.
NO_END: Final = date.max


class PatientPause(OfClinic, Identified, Base):
    """A span of days on which nothing is due: a pause, or (until `NO_END`) a discharge or, with
    `of_consent`, a withdrawal of consent. `to_on` is its last day.

    One that ends early keeps what was planned: from `ended_revision` on its last day is the one
    before `ended_on`. So a report of an earlier revision stays as it was.
    """

    __tablename__ = "patient_pauses"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        Index("ix_patient_pauses_clinic_id_patient_id", "clinic_id", "patient_id"),
    )

    patient_id: Mapped[UUID]
    from_on: Mapped[date]
    to_on: Mapped[date]
    revision: Mapped[int]
    ended_on: Mapped[date | None]
    ended_revision: Mapped[int | None]
    of_consent: Mapped[bool] = mapped_column(server_default="false")


class CareTeamMember(OfClinic, Base):
    """A member of staff in a patient's care team."""

    __tablename__ = "care_team_members"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("user_id", "users"),
    )

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)


class PatientStatus(OfClinic, Base):
    """One row a patient, made with the patient: the lock of every clinical write, and the
    caseload's cache.

    `revision` counts the writes about this patient. The rest is a cache that always equals a full
    recompute (`caseload verify`). Risk columns use the highest item 9 of all versions and count
    unreadable answers. `…_figures_at`: the instant as of which sessions counted as begun.
    `…_forecast`: what the figures become by time alone, `[{"from", "figures"}]` ascending: from an
    instant on these columns have these values, until somebody writes about the patient.

    `silence_due_at`: before then there is nothing to report of their silence (N1), and the monitor
    does not look; null: nor after. PostgreSQL itself sets it back (to 1970: look at once) when
    something is written that could bring it nearer.
    """

    __tablename__ = "patient_status"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        Index(
            "ix_patient_status_silence_due",
            "silence_due_at",
            "clinic_id",
            "patient_id",
            postgresql_where="silence_due_at IS NOT NULL",
        ),
    )

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(server_default="0")
    last_check_in_at: Mapped[datetime | None]
    last_item9_on: Mapped[date | None]
    last_cssrs_on: Mapped[date | None]
    item9_positive_at: Mapped[datetime | None]
    cssrs_moderate_at: Mapped[datetime | None]
    last_item9: Mapped[int | None]
    baseline: Mapped[float | None]
    current: Mapped[float | None]
    trend_status: Mapped[str | None]
    daily_m7: Mapped[float | None]
    daily_slope: Mapped[float | None]
    two_week_figures_at: Mapped[datetime | None]
    daily_figures_at: Mapped[datetime | None]
    non_response: Mapped[bool] = mapped_column(server_default="false")
    last_session_id: Mapped[UUID | None]
    last_session_at: Mapped[datetime | None]
    sessions_in_course: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_session_id: Mapped[UUID | None]
    next_session_at: Mapped[datetime | None]
    wearing_off_on: Mapped[date | None]
    maintenance_due_on: Mapped[date | None]
    two_week_forecast: Mapped[JsonList] = mapped_column(server_default=EMPTY_LIST)
    daily_forecast: Mapped[JsonList] = mapped_column(server_default=EMPTY_LIST)
    silence_due_at: Mapped[datetime | None] = mapped_column(server_default="epoch")


class StoredPlan(OfClinic, Identified, Base):
    """A clinician's plan that spares a stable item 9 of 1 its page, at most 14 days (clinical.md
    5.1).
    """

    __tablename__ = "standing_plans"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("alert_id", "alerts"),
        of_clinic("set_by", "users"),
        CheckConstraint("until_at > set_at", name="until_after_set"),
        Index(
            "uq_standing_plans_one_a_patient",
            "clinic_id",
            "patient_id",
            unique=True,
            postgresql_where="ended_at IS NULL",
        ),
        Index("ix_standing_plans_alert_id", "clinic_id", "alert_id"),
    )

    patient_id: Mapped[UUID]
    alert_id: Mapped[UUID]
    check_in_id: Mapped[UUID]
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]
    until_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(EncryptedText("standing_plans.reason"))
    recorded_ones: Mapped[int] = mapped_column(server_default="0")
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]

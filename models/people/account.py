"""Accounts, refresh families, invitations and log-in delays."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    Identified,
    Json,
    OfClinic,
    Strings,
    of_clinic,
    of_known_clinic,
    one_of,
)
from models.encryption import EncryptedText

LOG_IN_KINDS: Final = ("phone", "console", "alert_page")
ROLES: Final = ("patient", "clinician", "on_call", "admin")


class User(OfClinic, Identified, Base):
    """A person who can log in: staff, or a patient's account. Of a clinic's active accounts only
    one has an address.
    """

    __tablename__ = "users"
    __table_args__ = (
        of_known_clinic(),
        CheckConstraint(
            "roles <@ ARRAY['patient','clinician','on_call','admin']::text[]"
            " AND cardinality(roles) > 0",
            name="roles_known",
        ),
        CheckConstraint(
            "NOT ('patient' = ANY(roles) AND cardinality(roles) > 1)", name="patient_stands_alone"
        ),
        Index("ix_users_clinic_id_created_at", "clinic_id", "created_at", "id"),
        Index("ix_users_email_digest", "email_digest"),
        Index(
            "uq_users_clinic_id_email_digest",
            "clinic_id",
            "email_digest",
            unique=True,
            postgresql_where="active",
        ),
    )

    email: Mapped[str] = mapped_column(EncryptedText("users.email"))
    email_digest: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str]
    roles: Mapped[Strings]
    timezone: Mapped[str]
    language: Mapped[str | None]
    quiet_hours: Mapped[Json | None]
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default="true")
    epoch: Mapped[int] = mapped_column(server_default="0")
    needs_invitation: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]


class TokenFamily(OfClinic, Identified, Base):
    """One log-in of one device: every pair of tokens descends from it. `device`: kind of browser
    and system, in words, where it tells.
    """

    __tablename__ = "token_families"
    __table_args__ = (
        of_clinic("user_id", "users"),
        one_of("kind", LOG_IN_KINDS),
        Index("ix_token_families_clinic_id_user_id", "clinic_id", "user_id"),
    )

    user_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(server_default="phone")
    device: Mapped[str | None]
    lifetime_s: Mapped[int]
    started_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]


class TokenPair(OfClinic, Identified, Base):
    """One access and one refresh token; `used_at` is set when either is first accepted."""

    __tablename__ = "token_pairs"
    __table_args__ = (
        of_clinic("family_id", "token_families"),
        of_clinic("successor_id", "token_pairs"),
        Index("ix_token_pairs_clinic_id_family_id", "clinic_id", "family_id"),
        Index(
            "ix_token_pairs_successor",
            "clinic_id",
            "successor_id",
            postgresql_where="successor_id IS NOT NULL",
        ),
        CheckConstraint("NOT (used_at IS NOT NULL AND voided_at IS NOT NULL)", name="void_unused"),
    )

    family_id: Mapped[UUID]
    issued_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    spent_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    successor_id: Mapped[UUID | None]


class Invitation(OfClinic, Identified, Base):
    """A code, handed over by staff, that turns an account into a log-in once."""

    __tablename__ = "invitations"
    __table_args__ = (
        of_clinic("user_id", "users"),
        of_clinic("invited_by", "users"),
        of_clinic("family_id", "token_families"),
        Index("ix_invitations_clinic_id_user_id", "clinic_id", "user_id"),
        Index(
            "ix_invitations_family_id",
            "clinic_id",
            "family_id",
            postgresql_where="family_id IS NOT NULL",
        ),
    )

    user_id: Mapped[UUID]
    code_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    invited_by: Mapped[UUID | None]
    ends_old_devices: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    device_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    family_id: Mapped[UUID | None]


class LoginDelay(Base):
    """Tries at log-ins and codes by keyed digest of an account, an address or both, shared by all
    processes and forgotten after 15 minutes (`services.accounts.guesses.tries`, where a row is a
    `Count`: `failures` its tries, `not_before_at` until when its checks are spent).
    """

    __tablename__ = "login_delays"
    __table_args__ = (Index("ix_login_delays_last_failure_at", "last_failure_at"),)

    key_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int]
    last_failure_at: Mapped[datetime]
    not_before_at: Mapped[datetime]

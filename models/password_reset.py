"""A new password for somebody who forgot the old one: what was asked, the code, and its mail."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, OfClinic, of_clinic, one_of
from models.encryption import EncryptedText

MAIL_STATES: Final = ("pending", "sending", "sent", "failed_temporarily", "failed_permanently")
UNFINISHED: Final = ("pending", "sending", "failed_temporarily")


class PasswordResetRequest(Identified, Base):
    """Somebody asked for a new password under an address, which may be nobody's.

    Written for every address alike, by a request that never looks the address up; only the worker
    reads it, and takes it away.
    """

    __tablename__ = "password_reset_requests"

    email_digest: Mapped[bytes] = mapped_column(LargeBinary)
    asked_at: Mapped[datetime]


class PasswordReset(OfClinic, Base):
    """The newest code of an account, and the mail that carries it; one row an account, so that an
    earlier code is gone when a newer one is made.

    `credentials_digest`: the password and the epoch that the code may replace; it is worthless
    once either has changed. The code itself is kept, sealed, only until its mail is out.
    """

    __tablename__ = "password_resets"
    __table_args__ = (
        of_clinic("user_id", "users"),
        one_of("state", MAIL_STATES),
        CheckConstraint(
            "(state = 'sending') = (lease_until IS NOT NULL)", name="sending_has_a_lease"
        ),
        CheckConstraint(
            "(state IN ('pending', 'sending', 'failed_temporarily')) = (sealed_code IS NOT NULL)",
            name="code_kept_until_sent",
        ),
        Index(
            "ix_password_resets_due",
            "due_at",
            postgresql_where="state IN ('pending', 'sending', 'failed_temporarily')",
        ),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    code_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    credentials_digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_code: Mapped[str | None] = mapped_column(EncryptedText("password_resets.sealed_code"))
    mail_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[UUID | None]
    outcome: Mapped[str | None]

"""A new password for somebody who forgot the old one: what was asked, and the code."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, OfClinic, of_clinic


class PasswordResetRequest(Identified, Base):
    """Somebody asked for a new password under an address, which may be nobody's.

    Written for every address alike, by a request that never looks the address up; only the worker
    reads it, and takes it away.
    """

    __tablename__ = "password_reset_requests"

    email_digest: Mapped[bytes] = mapped_column(LargeBinary)
    asked_at: Mapped[datetime]


class PasswordReset(OfClinic, Base):
    """The newest code of an account; one row an account, so that an earlier code is gone when a
    newer one is made. The code itself is only in its letter (`notifications.sealed_code`).

    `credentials_digest`: the password and the epoch that the code may replace; it is worthless
    once either has changed.
    """

    __tablename__ = "password_resets"
    __table_args__ = (of_clinic("user_id", "users"),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    code_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    credentials_digest: Mapped[bytes] = mapped_column(LargeBinary)

"""What an account is asked besides its password: an authenticator app, and codes for its loss."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, OfClinic, of_clinic
from models.encryption import EncryptedText


class TotpFactor(OfClinic, Base):
    """An account's authenticator app (RFC 6238). Without `confirmed_at` nothing is asked yet.

    `secret` is the one that codes are checked with, `last_step` the newest time step of which a
    code was taken: none up to it opens anything again. `new_secret` waits for its first code.
    """

    __tablename__ = "totp_factors"
    __table_args__ = (
        of_clinic("user_id", "users"),
        CheckConstraint("(secret IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("(new_secret IS NULL) = (begun_at IS NULL)", name="begun"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    secret: Mapped[str | None] = mapped_column(EncryptedText("totp_factors.secret"))
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    new_secret: Mapped[str | None] = mapped_column(EncryptedText("totp_factors.new_secret"))
    begun_at: Mapped[datetime | None]


class RecoveryCode(OfClinic, Base):
    """One code in place of the authenticator app; the row goes when it is used."""

    __tablename__ = "recovery_codes"
    __table_args__ = (of_clinic("user_id", "users"),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    code_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)

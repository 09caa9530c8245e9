"""What an account is asked besides its password: an app, passkeys, and codes for their loss."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import EMPTY_STRINGS, Base, Identified, OfClinic, Strings, of_clinic, one_of
from models.encryption import EncryptedText

# What an answer to a challenge is good for.
PURPOSES = ("log_in", "enrol", "prove")


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
    """One code in place of an app or a passkey; the row goes when it is used."""

    __tablename__ = "recovery_codes"
    __table_args__ = (of_clinic("user_id", "users"),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    code_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class Passkey(OfClinic, Identified, Base):
    """A credential of WebAuthn: the key that an authenticator's answers are checked with.

    It answers for `rp_id` alone, the host that it was made for. `sign_count`: what its counter was
    at the last use, 0 of those that count nothing. `name`: the owner's own.
    """

    __tablename__ = "passkeys"
    __table_args__ = (
        of_clinic("user_id", "users"),
        Index("ix_passkeys_clinic_id_user_id", "clinic_id", "user_id"),
        Index("uq_passkeys_credential_id", "clinic_id", "credential_id", unique=True),
    )

    user_id: Mapped[UUID]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[Strings] = mapped_column(server_default=EMPTY_STRINGS)
    rp_id: Mapped[str]
    name: Mapped[str] = mapped_column(EncryptedText("passkeys.name"))
    added_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class PasskeyChallenge(OfClinic, Base):
    """Random bytes that an authenticator was asked to sign; the row goes with the answer.

    `family_id`: the log-in that asked, null while somebody logs in. `rp_id` and `origin`: where the
    answer has to come from.
    """

    __tablename__ = "passkey_challenges"
    __table_args__ = (
        of_clinic("user_id", "users"),
        one_of("purpose", PURPOSES),
        CheckConstraint("(family_id IS NULL) = (purpose = 'log_in')", name="family"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    challenge: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str]
    family_id: Mapped[UUID | None]
    rp_id: Mapped[str]
    origin: Mapped[str]
    asked_at: Mapped[datetime]

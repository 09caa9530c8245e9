"""An account's address is changed: what was asked, confirmed, and may still be undone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Index, LargeBinary, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, OfClinic, of_clinic
from models.encryption import EncryptedText


class EmailChange(OfClinic, Identified, Base):
    """One change that the account asked for. Until `confirmed_at` the account has the old address.

    The code in the new mailbox is worth something until `expires_at`, for the password and epoch of
    `credentials_digest`; whoever reads the old mailbox may undo it for 7 days. `ended_at`: undone,
    or the account ended. `contact_ids`: the links of the alert chain that followed.
    """

    __tablename__ = "email_changes"
    __table_args__ = (
        of_clinic("user_id", "users"),
        Index("ix_email_changes_clinic_id_user_id", "clinic_id", "user_id"),
        Index("ix_email_changes_clinic_id_old_digest", "clinic_id", "old_digest"),
    )

    user_id: Mapped[UUID]
    old_email: Mapped[str] = mapped_column(EncryptedText("email_changes.old_email"))
    old_digest: Mapped[bytes] = mapped_column(LargeBinary)
    new_email: Mapped[str] = mapped_column(EncryptedText("email_changes.new_email"))
    new_digest: Mapped[bytes] = mapped_column(LargeBinary)
    code_digest: Mapped[bytes] = mapped_column(LargeBinary)
    credentials_digest: Mapped[bytes] = mapped_column(LargeBinary)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    contact_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")

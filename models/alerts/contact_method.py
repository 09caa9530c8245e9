"""How one member of staff can be reached: addresses of their own, proved by a code."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, OfClinic, of_clinic, one_of
from models.encryption import EncryptedText

METHOD_KINDS: Final = ("email", "sms", "webhook", "webpush", "apprise")


class ContactMethod(OfClinic, Identified, Base):
    """One address of one person. They are tried by `position`; those without one follow, as they
    were added (ids are time-ordered).

    `shown`: what a list may show of the address, which is a secret. A code goes to the address
    itself; until it has come back (`verified_at`) nobody is paged there. `confirmed_at`: when we
    last knew that something had arrived. `failing_since`: from when the address has refused for
    good; a later success clears it. One that was removed is not `active`, and its address is gone.
    """

    __tablename__ = "contact_methods"
    __table_args__ = (
        of_clinic("user_id", "users"),
        one_of("kind", METHOD_KINDS),
        CheckConstraint("(code_digest IS NULL) = (code_expires_at IS NULL)", name="code_expires"),
        CheckConstraint(
            "(failing_since IS NULL) = (failing_reason IS NULL)", name="fails_for_a_reason"
        ),
        Index("ix_contact_methods_clinic_id_user_id", "clinic_id", "user_id"),
    )

    user_id: Mapped[UUID]
    kind: Mapped[str]
    address: Mapped[str] = mapped_column(EncryptedText("contact_methods.address"))
    shown: Mapped[str]
    signing_secret: Mapped[str | None] = mapped_column(
        EncryptedText("contact_methods.signing_secret")
    )
    active: Mapped[bool] = mapped_column(server_default="true")
    position: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime]
    code_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_expires_at: Mapped[datetime | None]
    code_tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    verified_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failing_reason: Mapped[str | None]

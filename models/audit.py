"""Who read or changed what: append-only and hash-chained per clinic."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import EMPTY_OBJECT, Base, Json


class AuditHead(Base):
    """The end of a clinic's chain: locked last, by whatever appends."""

    __tablename__ = "audit_heads"

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(server_default="0")
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditEntry(Base):
    """One access or change; `hash` covers it and the hash before. No clinical content."""

    __tablename__ = "audit_entries"

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    patient_id: Mapped[UUID | None]
    object_id: Mapped[UUID | None]
    detail: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

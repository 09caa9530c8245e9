"""Who read or changed what: put in by the application, given a place in the chain by the sealer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Ids, Json, OfClinic, of_clinic, of_known_clinic


class AuditEntry(OfClinic, Identified, Base):
    """One access or change: ids, and a keyed digest of its details. No clinical content.

    `seq`, `hash`, `sealed_at` are the sealer's, in one chain of all clinics; `signature` stands on
    the last entry of each seal. `about_ids`: further patients and accounts that were shown.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        of_known_clinic(),
        Index("ix_audit_entries_unsealed", "at", "id", postgresql_where=text("seq IS NULL")),
        Index("ix_audit_entries_clinic_id_patient_id", "clinic_id", "patient_id", "at", "id"),
        Index("ix_audit_entries_clinic_id_actor_id", "clinic_id", "actor_id", "at", "id"),
        Index("ix_audit_entries_about_ids", "about_ids", postgresql_using="gin"),
    )

    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    patient_id: Mapped[UUID | None]
    object_id: Mapped[UUID | None]
    about_ids: Mapped[Ids | None]
    detail_mac: Mapped[bytes | None] = mapped_column(LargeBinary)
    seq: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime | None]
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)


class AuditDetail(OfClinic, Base):
    """What an entry says beyond ids; can be emptied together with its key."""

    __tablename__ = "audit_details"
    __table_args__ = (of_clinic("entry_id", "audit_entries"),)

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    detail: Mapped[Json]


class AuditKey(OfClinic, Base):
    """The key of the digests of what is about one patient; of the rest, one for the clinic.

    `subject_id` is the patient's id, or the clinic's own.
    """

    __tablename__ = "audit_keys"
    __table_args__ = (of_known_clinic(),)

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary)

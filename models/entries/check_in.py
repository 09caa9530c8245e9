"""Check-ins, help requests, and what is kept beside them (contents apart: the worker may not read
them).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal, get_args
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Json, JsonList, OfClinic, Strings, of_clinic, one_of
from models.encryption import EncryptedText

RecordKind = Literal[
    "check_in",
    "amendment",
    "help_request",
    "patient",
    "alert_note",
    "side_effects",
    "side_effects_amendment",
    "course",
    "session",
    "vitals",
    "screening",
    "session_decision",
    "concomitant_treatment",
    "consent",
]
RECORD_KINDS: Final[tuple[str, ...]] = get_args(RecordKind)
CSSRS_LEVELS: Final = ("none", "low", "moderate", "high", "unknown")


class RecordId(OfClinic, Base):
    """Every client-made id of the whole database, with the digest of what came with it.

    The first answer is kept, encrypted, byte for byte; erasure empties it.
    """

    __tablename__ = "record_ids"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        one_of("kind", RECORD_KINDS),
        UniqueConstraint("id"),
        Index("ix_record_ids_clinic_id_patient_id", "clinic_id", "patient_id"),
        Index(
            "ix_record_ids_received_at",
            "received_at",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID | None]
    kind: Mapped[str]
    content_digest: Mapped[bytes] = mapped_column(LargeBinary)
    first_answer: Mapped[str | None] = mapped_column(EncryptedText("record_ids.first_answer"))
    received_at: Mapped[datetime]


class CheckIn(OfClinic, Base):
    """One version of one form: times, score and safety figures. Answers and note are in
    `check_in_contents`.

    `root_id` names the first version; versions form one list in the order received (`version`
    1, 2 …) and the last is current (`superseded` false). `q9_highest` carries the highest item
    9 of all versions so far. A version that did not count in the trend at first (an expired token)
    counts from `counts_from_revision` on.

    Four times: about `mood_day`, written down at `recorded_at` (with `utc_offset_s`, as the phone
    wrote it), sent at `sent_at` by the phone's clock, and received by ours; `answered_at` is what
    follows from them. A later version was written when it was sent; the rest is the first one's.
    """

    __tablename__ = "check_ins"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("entered_by", "users"),
        of_clinic("family_id", "token_families"),
        CheckConstraint("q9 BETWEEN 0 AND 3", name="q9_range"),
        CheckConstraint("q9_highest BETWEEN 0 AND 3", name="q9_highest_range"),
        CheckConstraint("total BETWEEN 0 AND 80", name="total_range"),
        CheckConstraint("(total IS NULL) OR complete", name="total_only_when_complete"),
        CheckConstraint("version >= 1 AND answered >= 0", name="counts"),
        one_of("cssrs_level", CSSRS_LEVELS),
        Index(
            "uq_check_ins_versions", "clinic_id", "patient_id", "root_id", "version", unique=True
        ),
        Index(
            "ix_check_ins_series",
            "clinic_id",
            "patient_id",
            "instrument",
            "mood_day",
            postgresql_include=["total", "q9_highest", "superseded", "counts_in_trend"],
        ),
        Index("ix_check_ins_newest", "clinic_id", "patient_id", "recorded_at", "id"),
        Index(
            "ix_check_ins_received_at",
            "received_at",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
        Index(
            "ix_check_ins_family_id",
            "clinic_id",
            "family_id",
            postgresql_where="family_id IS NOT NULL",
        ),
    )

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    root_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(SmallInteger)
    superseded: Mapped[bool] = mapped_column(server_default="false")
    superseded_revision: Mapped[int | None]
    instrument: Mapped[str]
    instrument_version: Mapped[str]
    mood_day: Mapped[date]
    recorded_at: Mapped[datetime]
    answered_at: Mapped[datetime]
    received_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    timezone: Mapped[str | None]
    zone: Mapped[str]
    utc_offset_s: Mapped[int | None]
    total: Mapped[int | None] = mapped_column(SmallInteger)
    band: Mapped[str | None]
    complete: Mapped[bool]
    answered: Mapped[int] = mapped_column(SmallInteger)
    prorated_total: Mapped[int | None] = mapped_column(SmallInteger)
    q9: Mapped[int | None] = mapped_column(SmallInteger)
    q9_highest: Mapped[int | None] = mapped_column(SmallInteger)
    q9_unknown: Mapped[bool] = mapped_column(server_default="false")
    cssrs_level: Mapped[str | None]
    flags: Mapped[Strings]
    counts_in_trend: Mapped[bool] = mapped_column(server_default="true")
    counts_from_revision: Mapped[int | None]
    entered_by: Mapped[UUID | None]
    family_id: Mapped[UUID | None]
    revision: Mapped[int]


class CheckInContent(OfClinic, Base):
    """What the patient answered and wrote: never readable by the alert worker."""

    __tablename__ = "check_in_contents"
    __table_args__ = (of_clinic("patient_id", "patients"),)

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    check_in_id: Mapped[UUID] = mapped_column(primary_key=True)
    answers: Mapped[Json]
    note: Mapped[str | None] = mapped_column(EncryptedText("check_in_contents.note"))
    reason: Mapped[str | None] = mapped_column(EncryptedText("check_in_contents.reason"))
    client_total: Mapped[int | None]


class HelpRequest(OfClinic, Base):
    """ "I need help now": always a critical occurrence. Times as of a check-in."""

    __tablename__ = "help_requests"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        Index("ix_help_requests_received_at", "received_at"),
    )

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime]
    received_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    utc_offset_s: Mapped[int | None]
    flags: Mapped[Strings]
    note: Mapped[str | None] = mapped_column(EncryptedText("help_requests.note"))
    revision: Mapped[int]


class UnreadableBody(OfClinic, Identified, Base):
    """A refused request in which danger was found: the newest five a patient, cut at 16 kB.

    The digest stays when the body goes, so that the same bytes again change nothing.
    `counts_as_risk`: as an item 9 of 1 or more; not when all it tells of is a bodily emergency.
    """

    __tablename__ = "unreadable_bodies"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("alert_id", "alerts"),
        Index("uq_unreadable_bodies_digest", "clinic_id", "patient_id", "body_digest", unique=True),
        Index("ix_unreadable_bodies_received_at", "received_at"),
        Index("ix_unreadable_bodies_alert_id", "clinic_id", "alert_id"),
    )

    patient_id: Mapped[UUID]
    alert_id: Mapped[UUID]
    body_digest: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[str | None] = mapped_column(EncryptedText("unreadable_bodies.body"))
    answer: Mapped[str | None] = mapped_column(EncryptedText("unreadable_bodies.answer"))
    answer_status: Mapped[int]
    counts_as_risk: Mapped[bool] = mapped_column(server_default="true")
    received_at: Mapped[datetime]
    revision: Mapped[int]


class StoredDecision(OfClinic, Identified, Base):
    """What the rules decided about one entry, yes and no alike.

    `decided` lists every rule: `{rule, rule_version, fired, tier, inputs, about}`. `by`: whether
    the rules decided, the fallback in their place, or the rules later in a replay.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        Index("ix_decisions_entry", "clinic_id", "patient_id", "entry_id"),
        Index(
            "ix_decisions_decided_at",
            "decided_at",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
        one_of("tier", ("critical", "high", "medium", "low")),
        one_of("by", ("rules", "fallback", "replay")),
    )

    patient_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    rule_version: Mapped[str]
    by: Mapped[str]
    tier: Mapped[str | None]
    decided: Mapped[JsonList]
    decided_at: Mapped[datetime]
    revision: Mapped[int]

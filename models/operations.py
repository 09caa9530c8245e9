"""What the service knows of itself: no clinic, no patient, no person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import EMPTY_STRINGS, Base, Identified, Json, JsonList, Strings


class WorkerHeartbeat(Identified, Base):
    """One worker process, when it was last seen at work, and what does not work for it."""

    __tablename__ = "worker_heartbeats"

    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    faults: Mapped[Strings] = mapped_column(server_default=EMPTY_STRINGS)


class ApiLife(Identified, Base):
    """One API process, from its first sign of life to its last one without a gap, by its clock."""

    __tablename__ = "api_lives"
    __table_args__ = (CheckConstraint("until_at >= from_at", name="ends_after_start"),)

    from_at: Mapped[datetime]
    until_at: Mapped[datetime]


class Probe(Base):
    """The one row that a readiness probe writes: a database that only reads is not ready."""

    __tablename__ = "probes"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    written_at: Mapped[datetime]


class WatchRun(Identified, Base):
    """One run of the watcher: what was under way in its snapshot, and what it found.

    Every transaction below `all_over_below` had ended, and none above `none_wrote_from` had
    written. Nothing that was received before `settled_at` can appear any more. `kinds`: which
    faults it found; `findings`: the ids of the first 200, which the API's role cannot read.
    `figures`: how long alerts took so far, by stage and severity. `past_until`: how far the round
    through the past has come, a month a run; `past`: what was found there, with the month's end.
    """

    __tablename__ = "watch_runs"
    __table_args__ = (Index("ix_watch_runs_at", "at"),)

    at: Mapped[datetime]
    whole: Mapped[bool]
    all_over_below: Mapped[int] = mapped_column(BigInteger)
    none_wrote_from: Mapped[int] = mapped_column(BigInteger)
    settled_at: Mapped[datetime]
    finding_count: Mapped[int]
    kinds: Mapped[Strings]
    findings: Mapped[JsonList]
    figures: Mapped[Json]
    past_until: Mapped[datetime | None]
    past: Mapped[JsonList] = mapped_column(server_default="[]")

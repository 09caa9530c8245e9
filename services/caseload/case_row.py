"""One patient of the caseload, as the database has her."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID


class CaseRow(NamedTuple):
    """One patient as the database has her. ``phone`` and ``emergency_contact`` are as kept, still
    encrypted: opening them for every row of a page would cost more than the page. ``rank``: the
    place of the most severe open alert in ``SEVERITIES``, ``family`` what it is about.
    """

    id: UUID
    name: str
    mrn: str | None
    timezone: str
    status: str
    paused_until: date | None
    created_at: datetime
    accepted_at: datetime | None
    phone: bytes | None
    emergency_contact: bytes | None
    risk_at_intake: bool
    needs_invitation: bool
    invited_at: datetime | None
    open_alerts: int
    rank: int | None
    family: str | None
    clinical: bool
    last_check_in_at: datetime | None
    heard_on: date | None
    last_item9: int | None
    item9_positive_at: datetime | None
    cssrs_moderate_at: datetime | None
    baseline: float | None
    current: float | None
    trend_status: str | None
    daily_m7: float | None
    daily_slope: float | None
    non_response: bool
    last_session_id: UUID | None
    last_session_at: datetime | None
    sessions_in_course: int
    next_session_id: UUID | None
    next_session_at: datetime | None
    wearing_off_on: date | None
    maintenance_due_on: date | None

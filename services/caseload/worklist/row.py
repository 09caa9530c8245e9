"""One row of the caseload as the database has it, and the days that it is read by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, tzinfo
from typing import NamedTuple
from uuid import UUID

from services.caseload.patient.profile import status_on
from services.rules.mood_days import find_zone, mood_day_at, wall_clock


class CaseRow(NamedTuple):
    """One patient as the database has them. `phone` and `emergency_contact` are as kept, still
    encrypted: opening them for every row of a page would cost more than the page. `rank`: the
    place of the most severe open alert in `SEVERITIES`, `family` what it is about.
    """

    clinic_id: UUID
    id: UUID
    name: str
    mrn: str | None
    timezone: str
    status: str
    paused_until: date | None
    consent_withdrawn_at: datetime | None
    created_at: datetime
    accepted_at: datetime | None
    phone: bytes | None
    emergency_contact: bytes | None
    needs_invitation: bool
    open_alerts: int
    rank: int | None
    family: str | None
    clinical: bool
    last_check_in_at: datetime | None
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


class Days:
    """Mood days as of one instant; an unknown zone counts as UTC."""

    def __init__(self, now: datetime, timezones: Iterable[str] = ()) -> None:
        self.now = now
        self._known: dict[str, tuple[tzinfo, date]] = {}
        for timezone in timezones:
            self._look_up(timezone)

    def today(self, timezone: str) -> date:
        """The mood day that is running in a zone."""
        return self._look_up(timezone)[1]

    def day_of(self, moment: datetime, timezone: str) -> date:
        """The mood day of an instant in a zone."""
        return mood_day_at(moment, self._look_up(timezone)[0])

    def clock(self, moment: datetime, timezone: str) -> str:
        """`14:30` on a clock in the zone."""
        return wall_clock(moment, self._look_up(timezone)[0]).strftime("%H:%M")

    def status(self, row: CaseRow) -> str:
        """Whether the patient is followed; a pause ends by itself after its last day."""
        return status_on(row.status, row.paused_until, self.today(row.timezone))

    def all_today(self) -> dict[str, date]:
        """The running day of every zone that was asked for."""
        return {name: today for name, (_, today) in self._known.items()}

    def _look_up(self, timezone: str) -> tuple[tzinfo, date]:
        found = self._known.get(timezone)
        if found is None:
            zone = find_zone(timezone) or UTC
            found = self._known[timezone] = (zone, mood_day_at(self.now, zone))
        return found

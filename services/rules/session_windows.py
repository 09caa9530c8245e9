"""On which days the effect of a session is looked for.

Sessions less than 48 hours apart cannot be told apart by days, so they share one window: what came
before is read before the first of them, what follows is counted from the last.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from services.rules.treatment import Session
from services.rules.trend_thresholds import TREND_THRESHOLDS, SessionThresholds


@dataclass(frozen=True, slots=True)
class SessionWindow:
    """Sessions that share a window, ascending, and its mood days in the patient's zone.

    `next_day`: the day of the session that ends the window; None for the last.
    """

    sessions: tuple[Session, ...]
    first_day: dt.date
    last_day: dt.date
    next_day: dt.date | None

    def days_after(self, day: dt.date) -> int:
        """Days from the window's last session to a mood day."""
        return (day - self.last_day).days


def session_windows(
    sessions: Sequence[Session],
    zone: dt.tzinfo = dt.UTC,
    limits: SessionThresholds = TREND_THRESHOLDS.session,
) -> tuple[SessionWindow, ...]:
    """Return the windows of the sessions that had started, which come ascending."""
    groups: list[list[Session]] = []
    apart = dt.timedelta(hours=limits.shared_hours)
    for session in sessions:
        if groups and session.started_at - groups[-1][-1].started_at < apart:
            groups[-1].append(session)
        else:
            groups.append([session])
    first_days = [group[0].day(zone) for group in groups]
    return tuple(
        SessionWindow(tuple(group), first, group[-1].day(zone), following)
        for group, first, following in zip_longest(groups, first_days, first_days[1:])
    )

"""The past, a month a run: twice a day everything is looked at again, and no run takes long for it.

A run that looked at years would hold up the look at what is new, or be ended before it is done and
begun again for ever. What was found in a month stays found until that month is looked at again:
each run looks at the last day as well, so that no fault is forgotten between the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from services.watch.alerts import ended_findings
from services.watch.answered import answer_findings
from services.watch.findings import WatchFinding
from services.watch.reading import EVER, Period, rows

MONTH: Final = timedelta(days=31)
AGAIN_AFTER: Final = timedelta(hours=12)
# Of a month: more of them say nothing that these do not.
MOST_KEPT: Final = 100
LAST_WHOLE: Final = "SELECT max(at) AS at FROM watch_runs WHERE whole"
# Nobody answered before there was a clinic; what says so is looked at with the first month.
OLDEST: Final = "SELECT coalesce(min(created_at), :now) AS at FROM clinics"


@dataclass(frozen=True, slots=True)
class Past:
    """How far this round through the past has come (None: none is under way), and what is known of
    it: each finding with the end of its month. `is_whole`: with this run all has been looked at.
    """

    until: datetime | None
    found: tuple[tuple[WatchFinding, datetime], ...]
    is_whole: bool = False

    @property
    def findings(self) -> Iterator[WatchFinding]:
        """Without their months."""
        return (finding for finding, _ in self.found)

    def stored(self) -> list[dict[str, Any]]:
        """As JSON."""
        return [one.stored() | {"until": until.isoformat()} for one, until in self.found]


def known_past(last: Any) -> Past:
    """As the last run left it; there may be none."""
    if last is None:
        return Past(None, ())
    return Past(last.past_until, tuple(_read(stored) for stored in last.past))


def look_at_past(session: Session, last: Any, now: datetime) -> Past:
    """Look at the next month, if one is due."""
    known = known_past(last)
    begins = known.until or (EVER if _is_due(session, now) else None)
    if begins is None:
        return known
    ((oldest,),) = rows(session, OLDEST, now=now)
    month = Period(begins, min(now, max(begins, oldest) + MONTH))
    found = sorted({*answer_findings(session, month), *ended_findings(session, month)}, key=str)
    others = (one for one in known.found if not month.since < one[1] <= month.until)
    is_whole = month.until == now
    return Past(
        None if is_whole else month.until,
        (*others, *((finding, month.until) for finding in found[:MOST_KEPT])),
        is_whole,
    )


def _is_due(session: Session, now: datetime) -> bool:
    """Whether it is long since everything had been looked at."""
    ((at,),) = rows(session, LAST_WHOLE)
    return at is None or at <= now - AGAIN_AFTER


def _read(stored: Mapping[str, str]) -> tuple[WatchFinding, datetime]:
    return WatchFinding.read(stored), datetime.fromisoformat(stored["until"])

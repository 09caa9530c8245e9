"""The past, a month a run: twice a day everything is looked at again, and no run takes long for it.

A run that looked at years would hold up the look at what is new, or be ended before it is done and
begun again for ever. What was found in a month stays found until that month is looked at again. A
round ends a day ago, and until the next one has ended each run looks back to there: what is younger
goes as soon as it is mended, and what nobody mends is in one of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, Final, cast

from sqlalchemy.orm import Session

from services.watch.alerts import ended_findings
from services.watch.answered import answer_findings
from services.watch.findings import WatchFinding
from services.watch.reading import EVER, Period, rows

LOOKS_BACK: Final = timedelta(days=1)
MONTH: Final = timedelta(days=31)
AGAIN_AFTER: Final = timedelta(hours=12)
# Of a kind, in a month: each run keeps them all again, and more say nothing that these do not.
MOST_KEPT: Final = 10
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


def last_whole(session: Session) -> datetime | None:
    """When everything had been looked at, last."""
    ((at,),) = rows(session, LAST_WHOLE)
    return cast("datetime | None", at)


def look_at_past(session: Session, last: Any, whole_at: datetime | None, now: datetime) -> Past:
    """Look at the next month, if one is due; `whole_at`: see `last_whole`."""
    known, ends = known_past(last), now - LOOKS_BACK
    begins = known.until or (EVER if whole_at is None or whole_at <= now - AGAIN_AFTER else None)
    if begins is None:
        return known
    if begins > ends:  # the clock was set back: what was looked at is not what it says
        begins = EVER
    ((oldest,),) = rows(session, OLDEST, now=now)
    month = Period(begins, min(ends, max(begins, oldest) + MONTH))
    is_whole = month.until == ends
    found = sorted({*answer_findings(session, month), *ended_findings(session, month)}, key=str)
    # After the last month none is left of a later one, which a clock that was ahead has written.
    others = (
        one
        for one in known.found
        if one[1] <= month.since or (one[1] > month.until and not is_whole)
    )
    return Past(
        None if is_whole else month.until,
        (*others, *((finding, month.until) for finding in _kept(found))),
        is_whole,
    )


def _kept(found: Iterable[WatchFinding]) -> Iterator[WatchFinding]:
    """Some of each kind."""
    for _, same in groupby(found, key=attrgetter("kind")):
        yield from islice(same, MOST_KEPT)


def _read(stored: Mapping[str, str]) -> tuple[WatchFinding, datetime]:
    return WatchFinding.read(stored), datetime.fromisoformat(stored["until"])

"""One run of the watcher: one snapshot, looked at as far as it is new or open, and a month of the
past (`past`).

What is new. An answer's `received_at` is read before it commits, so that a run may find none where
one appears later, with an older time. A run therefore keeps two numbers of transactions, which are
given out in order at the first write: `all_over_below` (all below it had ended in its snapshot),
and its own, `none_wrote_from` (whatever has a higher one had written nothing yet). Once all below
an earlier run's own number is over, what is still unseen had written nothing when that run began,
and was received no earlier than that, less the time that a request may take before its first
write: what came before is settled. Runs look back to what was settled at the run before, and a day
at least, since what stood there may be taken away: to a day before the past was last gone through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import WatchRun
from models.base import new_id
from services.unit_of_work import transaction
from services.watch.alerts import alert_findings
from services.watch.answered import answer_findings
from services.watch.figures import times_taken
from services.watch.findings import AHEAD, WatchFinding
from services.watch.pages import LATE_FOR, page_findings
from services.watch.past import LOOKS_BACK, Past, known_past, last_whole, look_at_past
from services.watch.reading import EVER, Period, rows
from services.watch.reminders import UNPLANNED, unplanned_s
from services.watch.seals import UNSEALED, unsealed_s

# From reading the clock to the first write: a body has 2 minutes, a connection and a lock seconds.
BEFORE_WRITING: Final = timedelta(minutes=10)
KEPT_FOR: Final = timedelta(days=7)
MOST_KEPT: Final = 200
MAY_TAKE_S: Final = 3600
SNAPSHOT: Final = """
SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint),
  CAST(CAST(pg_current_xact_id() AS text) AS bigint)
"""
LAST: Final = "SELECT * FROM watch_runs ORDER BY at DESC, id DESC LIMIT 1"
SETTLED: Final = "SELECT max(at) AS at FROM watch_runs WHERE none_wrote_from <= :all_over_below"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run saw. `since`: from when on it looked at all that was received. `whole`: with it,
    everything there is has been looked at: in this run, or in those before it as well.
    """

    at: datetime
    since: datetime
    whole: bool
    findings: tuple[WatchFinding, ...]
    row: dict[str, Any]


def look(
    now: datetime,
    *,
    whole: bool = False,
    goes_on: bool = False,
    late_since: datetime | None = None,
) -> Run:
    """Look at everything that is new and everything that is open; `whole`: at all there is;
    `goes_on`: at the next part of the past, if that is due.

    `late_since`: from when on pages that got out late are told; by default for an hour.
    """
    with transaction(snapshot=True) as session:
        session.execute(text(f"SET LOCAL statement_timeout = '{MAY_TAKE_S}s'"))
        ((all_over_below, none_wrote_from),) = rows(session, SNAPSHOT)
        last = next(iter(rows(session, LAST)), None)
        # A run of before the clock was set back has settled nothing that is still to come.
        settled_at = min(now, _settled(session, all_over_below, last))
        known = settled_at if last is None else min(now, last.settled_at)
        whole_at = last_whole(session)
        since = EVER if whole else min(known, min(now, whole_at or now) - LOOKS_BACK)
        past = Past(None, (), is_whole=True) if whole else known_past(last)
        if goes_on:
            past = look_at_past(session, last, whole_at, now)
        newest = _findings(session, Period(since), now, late_since)
        findings = tuple(sorted({*newest, *past.findings}, key=_order))
        figures = {} if last is None else last.figures
        figures = times_taken(session, figures, known, settled_at)
        waits = {UNSEALED: unsealed_s(session), UNPLANNED: unplanned_s(session, now)}
    kinds = sorted({finding.kind for finding in findings})
    row = {
        "at": now,
        "whole": past.is_whole,
        "past_until": past.until,
        "past": past.stored(),
        "all_over_below": all_over_below,
        "none_wrote_from": none_wrote_from,
        "settled_at": settled_at,
        "finding_count": len(findings),
        "kinds": kinds,
        "findings": [finding.stored() for finding in findings[:MOST_KEPT]],
        "figures": figures | waits,
    }
    return Run(now, since, past.is_whole, findings, row)


def record(run: Run) -> None:
    """Keep what it saw, for `/safetyz` and the next run; runs of over a week ago are dropped, and
    those ahead of it: the clock was set back since.
    """
    with transaction() as session:
        session.add(WatchRun(id=new_id(), **run.row))
        session.execute(
            text("DELETE FROM watch_runs WHERE at NOT BETWEEN :long_ago AND :ahead"),
            {"long_ago": run.at - KEPT_FOR, "ahead": run.at + AHEAD},
        )


def watch(now: datetime, all_is_well: Callable[[], None]) -> Run:
    """One run of those that go on for ever: kept; `all_is_well` is called only when it is."""
    run = look(now, goes_on=True)
    record(run)
    if not run.findings:
        all_is_well()
    return run


def _settled(session: Session, all_over_below: int, last: Any) -> datetime:
    """Before which nothing can appear any more; never earlier than it was known to be."""
    ((at,),) = rows(session, SETTLED, all_over_below=all_over_below)
    known: datetime = EVER if last is None else last.settled_at
    return known if at is None else max(known, at - BEFORE_WRITING)


def _findings(
    session: Session, period: Period, now: datetime, late_since: datetime | None
) -> Iterable[WatchFinding]:
    return chain(
        answer_findings(session, period),
        alert_findings(session, period, now),
        page_findings(session, period, now, late_since or now - LATE_FOR),
    )


def _order(finding: WatchFinding) -> tuple[str, str, str]:
    return finding.kind, str(finding.clinic_id), str(finding.id)

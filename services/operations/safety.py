"""Does every page get out, does the ladder run, what does not work for the workers? Told in counts,
ages and stable words, never about whom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Float, SQLColumnExpression, bindparam, func, select, text

from models import WatchRun, WorkerHeartbeat
from services.unit_of_work import transaction
from services.watch.findings import KINDS
from services.watch.reminders import UNPLANNED
from services.watch.seals import UNSEALED

# A critical alert whose next step is later than that stands still.
LATE_AFTER_S: Final = 60.0
WORKER_WITHIN_S: Final = 30.0
AUDITOR_WITHIN_S: Final = 180.0
CLOCKS_DIFFER_BY_S: Final = 2.0
AHEAD_AFTER: Final = timedelta(seconds=CLOCKS_DIFFER_BY_S)
# A letter's code lives for an hour; a fifth of it has gone.
LETTER_LATE_AFTER_S: Final = 720.0

URGENT: Final = ("critical", "high")


def _seen_s(at: SQLColumnExpression[datetime]) -> ColumnElement[float]:
    """How long ago by the database's clock, which also says when a worker was at work."""
    return func.extract("epoch", func.clock_timestamp() - at).cast(Float)


_WORKERS: Final = select(_seen_s(WorkerHeartbeat.beat_at).label("s"), WorkerHeartbeat.faults)
_NEWEST_RUN: Final = (
    select(
        _seen_s(WatchRun.at).label("s"), WatchRun.finding_count, WatchRun.kinds, WatchRun.figures
    )
    .where(WatchRun.at <= func.clock_timestamp() + AHEAD_AFTER)
    .order_by(WatchRun.at.desc())
    .limit(1)
)
_LATEST_RUN: Final = select(_seen_s(func.max(WatchRun.at)))
# Our own clock, read before: what is on the way makes it no more than late.
_ASKED: Final = select(_seen_s(bindparam("now", type_=WatchRun.at.type)))
REASONS: Final = {
    "no_worker": "No alert worker has been at work for 30 s: pages do not leave.",
    "critical_page_unsent": "A critical page has waited for longer than a tenth of its step.",
    "high_page_unsent": "A page of high severity has waited for longer than a tenth of its step.",
    "pages_undeliverable": "Pages failed for good and nobody was reached: every channel refused"
    " them, or an address cannot be read with this secret key.",
    "critical_step_overdue": "The next step of a critical alert is over a minute late.",
    "letters_unsent": "A letter with a code has waited for over 12 minutes.",
    "no_public_url": "INTERLUDE_PUBLIC_URL is not set: pages carry no link.",
    "no_mail_server": "A worker has no INTERLUDE_SMTP_URL: no page reaches anybody by mail.",
    "mail_unreachable": "The mail server does not answer a worker, or refuses its log-in.",
    "clocks_differ": "A worker's clock and the database's are over 2 s apart.",
    "heartbeat_ahead": "A worker's heartbeat bears a time that the database's clock has not"
    " reached: the clock was set back.",
    "api_ahead": "The clock of this web process is over 2 s ahead of the database's: what it writes"
    " is due too late.",
    "rules_unloadable": "A rule file would not load at the next start.",
    "no_auditor": "The auditor has not looked at the answers and alerts for 3 minutes.",
    "auditor_ahead": "A run of the auditor bears a time that the database's clock has not reached:"
    " a clock was set back.",
    **KINDS,
}


@dataclass(frozen=True, slots=True)
class Safety:
    """Ages in seconds, 0 or more; `None` where there is nothing to wait for.

    `unsent`: severity -> pages that have not left. `oldest_unsent_s`: severity -> age of the
    oldest of them. `late_pages`, `undeliverable_pages`: how many of them are older than a tenth of
    the time to the next step on the ladder of their clinic, and wait, or have failed for good and
    reached nobody. `critical_step_overdue_s`: how late the next step of a critical alert is,
    which only a worker that stands still makes large. `worker_seen_s`: since when no worker has
    been at work. `worker_faults`: what does not work for those that are at work, as words.
    `auditor_seen_s`: since when the auditor has not looked; `None`: it never has. `auditor_faults`:
    what it found then, as words, `auditor_findings` how many; `times_taken`: until alerts were
    paged, acknowledged and resolved (`services.watch.figures`). `unsealed_s`: how old the oldest
    entry of the audit without a seal was then, `unplanned_reminders_s`: how late the next look at
    a patient's reminders; `None`: that was not looked at. `api_ahead`: the clock of the process
    that asks is ahead of the database's.
    """

    unsent: dict[str, int]
    oldest_unsent_s: dict[str, float]
    late_pages: dict[str, int]
    undeliverable_pages: dict[str, int]
    oldest_unacknowledged_critical_s: float | None
    critical_step_overdue_s: float | None
    worker_seen_s: float | None
    oldest_letter_s: float | None
    worker_faults: tuple[str, ...]
    auditor_seen_s: float | None = None
    auditor_findings: int = 0
    auditor_faults: tuple[str, ...] = ()
    times_taken: Mapping[str, Any] = field(default_factory=dict)
    unsealed_s: float | None = None
    unplanned_reminders_s: float | None = None
    api_ahead: bool = False

    @property
    def late(self) -> tuple[str, ...]:
        """What needs an operator, as stable words; `REASONS` has the sentences."""
        undeliverable = sum(self.undeliverable_pages.get(each, 0) for each in URGENT)
        found = {
            "no_worker": self.worker_seen_s is None or self.worker_seen_s > WORKER_WITHIN_S,
            "critical_page_unsent": self.late_pages.get("critical", 0) > 0,
            "high_page_unsent": self.late_pages.get("high", 0) > 0,
            "pages_undeliverable": undeliverable > 0,
            "critical_step_overdue": (self.critical_step_overdue_s or 0.0) > LATE_AFTER_S,
            "letters_unsent": (self.oldest_letter_s or 0.0) > LETTER_LATE_AFTER_S,
            "no_auditor": (self.auditor_seen_s or 0.0) > AUDITOR_WITHIN_S,
            "api_ahead": self.api_ahead,
        }
        words = (word for word, is_late in found.items() if is_late)
        return (*words, *self.worker_faults, *self.auditor_faults)


def safety(now: datetime) -> Safety:
    """How the service as a whole stands, all clinics together (reads through the door)."""
    with transaction() as session:
        unsent = session.execute(text("SELECT * FROM door_unsent(:now)"), {"now": now}).all()
        alerts = session.execute(text("SELECT * FROM door_open_alerts()")).all()
        letters = session.execute(text("SELECT * FROM door_letters()")).one()
        workers = session.execute(_WORKERS).all()
        run = session.execute(_NEWEST_RUN).one_or_none()
        latest_run_s = session.scalar(_LATEST_RUN)
        asked_s = session.scalar(_ASKED, {"now": now})
    seen = [row for row in workers if not _is_ahead(row.s)]
    at_work = [row for row in seen if row.s <= WORKER_WITHIN_S]
    worker_faults = {word for row in at_work for word in row.faults}
    if len(seen) < len(workers):
        worker_faults.add("heartbeat_ahead")
    auditor_faults = ("auditor_ahead",) if _is_ahead(latest_run_s) else ()
    waiting = [row for row in alerts if row.status == "triggered" and row.severity == "critical"]
    return Safety(
        unsent={row.severity: row.pages for row in unsent},
        oldest_unsent_s={row.severity: _age(row.oldest_at, now) for row in unsent},
        late_pages={row.severity: row.late for row in unsent},
        undeliverable_pages={row.severity: row.undeliverable for row in unsent},
        oldest_unacknowledged_critical_s=_oldest([row.oldest_at for row in waiting], now),
        critical_step_overdue_s=_oldest([row.critical_step_due_at for row in alerts], now),
        worker_seen_s=min((max(0.0, row.s) for row in seen), default=None),
        oldest_letter_s=None if letters.oldest_at is None else _age(letters.oldest_at, now),
        worker_faults=tuple(sorted(worker_faults)),
        auditor_seen_s=None if run is None else max(0.0, run.s),
        auditor_findings=0 if run is None else run.finding_count,
        auditor_faults=auditor_faults if run is None else (*auditor_faults, *run.kinds),
        times_taken={} if run is None else run.figures,
        unsealed_s=None if run is None else run.figures.get(UNSEALED),
        unplanned_reminders_s=None if run is None else run.figures.get(UNPLANNED),
        api_ahead=_is_ahead(asked_s),
    )


def clocks_apart_s(clock: Callable[[], datetime]) -> float:
    """How far our clock and the database's are apart now, in seconds."""
    with transaction() as session:
        theirs: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        return abs((clock() - theirs).total_seconds())


@dataclass(frozen=True, slots=True)
class Totals:
    """Of the whole service, as rows: of alerts `(severity, family, status, count)`, of pages
    `(severity, state, count)`. `chain_findings`: what is wrong with the chains of coming nights.
    """

    alerts: tuple[tuple[str, str, str, int], ...]
    pages: tuple[tuple[str, str, int], ...]
    chain_findings: int


def totals() -> Totals:
    """Count alerts and pages, all clinics together. Reads both tables: not for every second."""
    with transaction() as session:
        alerts = session.execute(text("SELECT * FROM door_alerts()")).all()
        pages = session.execute(text("SELECT * FROM door_pages()")).all()
        findings = session.execute(text("SELECT * FROM door_chain_findings()")).scalar_one()
    return Totals(
        alerts=tuple((row.severity, row.family, row.status, row.alerts) for row in alerts),
        pages=tuple((row.severity, row.state, row.pages) for row in pages),
        chain_findings=findings,
    )


def _is_ahead(seen_s: float | None) -> bool:
    return seen_s is not None and seen_s < -CLOCKS_DIFFER_BY_S


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _oldest(instants: Sequence[Any], now: datetime) -> float | None:
    known = [instant for instant in instants if instant is not None and instant <= now]
    return _age(min(known), now) if known else None

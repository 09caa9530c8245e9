"""Does every page get out, and does the ladder run? Told in counts and ages, never about whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from services.unit_of_work import transaction

# The promise: a critical page that is older than a minute and still here is an outage.
LATE_AFTER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Safety:
    """Ages in seconds, 0 or more; `None` where there is nothing to wait for.

    `unsent`: severity -> pages that have not left. `oldest_unsent_s`: severity -> age of the
    oldest of them. `critical_step_overdue_s`: how late the next step of a critical alert is,
    which only a worker that stands still makes large.
    """

    unsent: dict[str, int]
    oldest_unsent_s: dict[str, float]
    oldest_unacknowledged_critical_s: float | None
    critical_step_overdue_s: float | None

    @property
    def late(self) -> tuple[str, ...]:
        """What is later than `LATE_AFTER_S`, as stable words."""
        ages = {
            "critical_page_unsent": self.oldest_unsent_s.get("critical"),
            "critical_step_overdue": self.critical_step_overdue_s,
        }
        return tuple(word for word, age in ages.items() if age is not None and age > LATE_AFTER_S)


def safety(now: datetime) -> Safety:
    """How the service as a whole stands, all clinics together (two reads through the door)."""
    with transaction() as session:
        unsent = session.execute(text("SELECT * FROM door_unsent(:now)"), {"now": now}).all()
        alerts = session.execute(text("SELECT * FROM door_open_alerts()")).all()
    waiting = [row for row in alerts if row.status == "triggered" and row.severity == "critical"]
    return Safety(
        unsent={row.severity: row.pages for row in unsent},
        oldest_unsent_s={row.severity: _age(row.oldest_at, now) for row in unsent},
        oldest_unacknowledged_critical_s=_oldest([row.oldest_at for row in waiting], now),
        critical_step_overdue_s=_oldest([row.critical_step_due_at for row in alerts], now),
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows of the whole service: of alerts `(severity, family, status, count)`, of pages
    `(severity, state, count)`.
    """

    alerts: tuple[tuple[str, str, str, int], ...]
    pages: tuple[tuple[str, str, int], ...]


def totals() -> Totals:
    """Count alerts and pages, all clinics together. Reads both tables: not for every second."""
    with transaction() as session:
        alerts = session.execute(text("SELECT * FROM door_alerts()")).all()
        pages = session.execute(text("SELECT * FROM door_pages()")).all()
    return Totals(
        alerts=tuple((row.severity, row.family, row.status, row.alerts) for row in alerts),
        pages=tuple((row.severity, row.state, row.pages) for row in pages),
    )


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _oldest(instants: Sequence[Any], now: datetime) -> float | None:
    known = [instant for instant in instants if instant is not None and instant <= now]
    return _age(min(known), now) if known else None

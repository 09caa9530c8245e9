"""What the patients in view need today: the same facts as in the words of a row, one need each.

One read of the caseload: what is counted and what is shown are of one instant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from services import audit
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.caseload.worklist.asked import AskedOfList
from services.caseload.worklist.listing import PRINTED_AT_MOST, is_unreachable, show_row
from services.caseload.worklist.reasons import (
    is_at_risk,
    is_due_for_maintenance,
    is_planned_today,
    is_wearing_off,
    reasons_of,
)
from services.caseload.worklist.row import CaseRow, Days
from services.caseload.worklist.statement import CaseloadFilter, load_rows
from services.rules.danger.silence import SilenceAfterRisk


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the caseload with what it is judged by."""

    row: CaseRow
    silence: SilenceAfterRisk | None
    days: Days
    country: str


# Need: whether a patient has it. Each stands in the words of the row as well.
NEEDS: Final[Mapping[str, Callable[[Case], bool]]] = {
    "alert": lambda one: one.row.open_alerts > 0,
    "risk": lambda one: (
        one.row.clinical and (one.silence is not None or is_at_risk(one.row, one.days.now))
    ),
    "silence": lambda one: one.row.clinical and one.silence is not None,
    "wearing_off": lambda one: one.row.clinical and is_wearing_off(one.row),
    "maintenance": lambda one: one.row.clinical and is_due_for_maintenance(one.row, one.days),
    "non_response": lambda one: one.row.clinical and one.row.non_response,
    "session_today": lambda one: one.row.clinical and is_planned_today(one.row, one.days),
    "contact_missing": lambda one: is_unreachable(one.row, one.country),
    "needs_invitation": lambda one: one.row.needs_invitation,
}


@dataclass(frozen=True, slots=True)
class Work:
    """The patients who have a need, some of them in full, and how many have each.

    `items`: rows as the caseload has them, with `reasons` one by one; `found`: how many there are
    of `need`; `total`: how many are in view (of those asked for). `more`: not all were read.
    """

    items: list[dict[str, Any]]
    found: int
    total: int
    counts: dict[str, int]
    more: bool


def find_work(
    actor: Actor, wanted: CaseloadFilter, need: str | None, start: int, now: datetime
) -> Work:
    """The patients in view in their order, from place `start` on, `wanted.limit` of them; the read
    of those shown is recorded. An unknown `need` is none. Raises `Forbidden`.
    """
    whole = replace(wanted, limit=PRINTED_AT_MOST, cursor=None)
    asked = AskedOfList.at(actor, now)
    with acting(actor, now, *asked.queries) as session:
        country, silent = asked.clinic.country, asked.silence.found(session)
        found_rows = load_rows(session, actor, whole, now, silent, now, asked.timezones)
        rows = [row for _, row in found_rows]
        days = Days(now)
        cases = [Case(row, silent.get(row.id), days, country) for row in rows[:PRINTED_AT_MOST]]
        counts, found = _sorted_out(cases, need)
        shown = found[start : start + wanted.limit]
        about = [one.row.id for one in shown]
        audit.record(session, actor.user_id, "caseload_read", now, about=about)
    items = [_shown(one) for one in shown]
    return Work(items, len(found), len(cases), counts, len(rows) > len(cases))


def _sorted_out(cases: Sequence[Case], need: str | None) -> tuple[dict[str, int], list[Case]]:
    """How many have each need, and who has this one."""
    having = {name: [one for one in cases if has(one)] for name, has in NEEDS.items()}
    counts = {name: len(found) for name, found in having.items()}
    return counts, having.get(need or "", list(cases))


def _shown(one: Case) -> dict[str, Any]:
    words = reasons_of(one.row, one.silence, one.days)
    return {**show_row(one.row, one.silence, one.days, one.country), "reasons": words}

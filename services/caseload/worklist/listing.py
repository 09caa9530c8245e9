"""The caseload: one page of the patients in view, and all of them for paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from models.alerts.alert import SEVERITIES
from models.encryption import context_of, keyring
from services import audit
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.caseload.worklist.asked import AskedOfList
from services.caseload.worklist.courses import courses_of
from services.caseload.worklist.reasons import reason_in_words
from services.caseload.worklist.row import CaseRow, Days
from services.caseload.worklist.sorting import KEY_KINDS
from services.caseload.worklist.statement import CaseloadFilter, load_rows
from services.paging import Page, decode_cursor, page_of_rows
from services.patients.phone import dial_address
from services.patients.record import is_contact_missing
from services.patients.status.figures import NOT_JUDGED
from services.patients.status.silence import silent_after_risk
from services.rules.danger.silence import SilenceAfterRisk

# A list is read within a day: an older cursor goes on by yesterday's order.
ORDER_HOLDS: Final = timedelta(days=1)
# What is printed at once; the page states that there is more, it is not left out silently.
PRINTED_AT_MOST: Final = 5000
# Finding a number in what somebody wrote takes half the time of a long list.
KNOWN_CONTACTS: Final = 10_000


def list_caseload(actor: Actor, wanted: CaseloadFilter, now: datetime) -> Page:
    """One page of the patients in view, `{items, next_cursor}`; the read is recorded.

    Raises `Forbidden`, and `Invalid` for a cursor of another list.
    """
    as_of: datetime = now
    after: list[Any] = []
    if wanted.cursor:
        as_of, *after = decode_cursor(wanted.cursor, datetime, *KEY_KINDS[wanted.sort])
        as_of = min(max(as_of, now - ORDER_HOLDS), now + ORDER_HOLDS)
    asked = AskedOfList.at(actor, now)
    with acting(actor, now, *asked.queries) as session:
        silent = asked.silence.found(session)
        ordered = silent if as_of == now else silent_after_risk(session, as_of)
        rows = load_rows(session, actor, wanted, now, ordered, as_of, asked.timezones, after)
        shown = [keyed[1].id for keyed in rows[: wanted.limit]]
        audit.record(session, actor.user_id, "caseload_read", now, about=shown)
    found, days = page_of_rows(rows, wanted.limit, lambda keyed: (as_of, *keyed[0])), Days(now)
    country = asked.clinic.country
    return found.rendered(lambda keyed: show_row(keyed[1], silent.get(keyed[1].id), days, country))


@dataclass(frozen=True, slots=True)
class Printed:
    """The caseload for paper, each patient with their `course` where the reader may see it. `more`:
    some patients in view are not in `items`; `undrawn`: of some the course was not read.
    """

    clinic: str
    timezone: str
    at: datetime
    items: list[dict[str, Any]]
    more: bool
    undrawn: bool


def print_caseload(actor: Actor, wanted: CaseloadFilter, now: datetime) -> Printed:
    """All patients in view who match, in the order asked for; recorded as printed.

    `limit` and `cursor` do not count. Raises `Forbidden`.
    """
    whole = CaseloadFilter(wanted.sort, wanted.q, wanted.mine, limit=PRINTED_AT_MOST)
    asked = AskedOfList.at(actor, now)
    with acting(actor, now, *asked.queries) as session:
        clinic, silent = asked.clinic, asked.silence.found(session)
        found = load_rows(session, actor, whole, now, silent, now, asked.timezones)
        rows = [row for _, row in found]
        kept = rows[:PRINTED_AT_MOST]
        shown, days = [row.id for row in kept], Days(now)
        courses = courses_of(session, kept, days)
        audit.record(session, actor.user_id, "caseload_printed", now, about=shown)
    items = [
        show_row(row, silent.get(row.id), days, clinic.country)
        | _number(row, clinic.country)
        | {"course": courses.get(row.id)}
        for row in kept
    ]
    return Printed(
        clinic.name,
        clinic.timezone,
        now,
        items,
        more=len(rows) > len(kept),
        undrawn=sum(row.clinical for row in kept) > len(courses),
    )


def _number(row: CaseRow, country: str) -> dict[str, Any]:
    """The patient's telephone as it is on file, and its address where it can be dialled."""
    phone = _opened(row.phone, "patients.phone", row.clinic_id, row.id)
    return {"phone": phone, "dial": dial_address(phone, country)}


def show_row(
    row: CaseRow, silence: SilenceAfterRisk | None, days: Days, country: str
) -> dict[str, Any]:
    """One row of the caseload; what is clinical is left out for those who may not see it."""
    status = days.status(row)
    shown = {
        "id": row.id,
        "name": row.name,
        "mrn": row.mrn,
        "status": status,
        "paused_until_on": row.paused_until if status == "paused" else None,
        "reason": reason_in_words(row, silence, days),
        "open_alerts": row.open_alerts,
        "highest_severity": None if row.rank is None else SEVERITIES[row.rank],
        "contact_missing": is_unreachable(row, country),
        "needs_invitation": row.needs_invitation,
        "last_session": None,
    }
    if row.clinical:
        shown |= {
            "last_session": _last_session(row, days),
            "last_check_in_at": row.last_check_in_at,
            "trend_status": _status(row),
            "baseline": row.baseline,
            "current": row.current,
            "daily_m7": row.daily_m7,
            "daily_slope_per_week": row.daily_slope,
            "next_session_at": row.next_session_at,
            "wearing_off_on": row.wearing_off_on,
            "non_response": row.non_response,
            "maintenance_due_on": row.maintenance_due_on,
        }
    return shown


def _status(row: CaseRow) -> str:
    """As the report has it: the cache says also why there is no response."""
    kept = row.trend_status or "baseline_missing"
    return "no_response" if kept == NOT_JUDGED else kept


def _last_session(row: CaseRow, days: Days) -> dict[str, Any] | None:
    if row.last_session_at is None:
        return None
    zone, at = row.timezone, row.last_session_at
    days_ago = (days.today(zone) - days.day_of(at, zone)).days
    return {"id": row.last_session_id, "started_at": at, "days_ago": days_ago}


def is_unreachable(row: CaseRow, country: str) -> bool:
    """As `is_contact_missing`; the emergency contact is opened only when it matters."""
    return _is_unreachable(row.clinic_id, row.id, row.phone, row.emergency_contact, country)


@lru_cache(KNOWN_CONTACTS)
def _is_unreachable(
    clinic_id: UUID, patient_id: UUID, phone: bytes | None, contact: bytes | None, country: str
) -> bool:
    """Known by what is kept, still encrypted: no number stays in memory, only the answer."""

    if dial_address(_opened(phone, "patients.phone", clinic_id, patient_id), country):
        return False
    kept = _opened(contact, "patients.emergency_contact", clinic_id, patient_id)
    return is_contact_missing(None, kept, country)


def _opened(kept: bytes | None, column: str, clinic_id: UUID, patient_id: UUID) -> str | None:
    if kept is None:
        return None
    return keyring.decrypt(kept, context_of(column, clinic_id, patient_id)).decode()

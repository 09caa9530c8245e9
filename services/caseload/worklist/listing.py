"""The caseload: one page of the patients in view, and all of them for paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Clinic
from models.alert import SEVERITIES
from models.encryption import keyring
from services import audit
from services.access import Actor
from services.accounts.token_check import acting
from services.caseload.patient.profile import status_now
from services.caseload.worklist.days import Days
from services.caseload.worklist.reasons import Facts, reason_in_words
from services.caseload.worklist.rows import CaseloadFilter, Place, load_rows
from services.caseload.worklist.sorting import KEY_KINDS
from services.caseload.worklist.statement import CaseRow
from services.caseload.worklist.treatment_words import TreatmentStatus, treatment_now
from services.paging import Page, decode_cursor, page_of_rows
from services.patients.contact_data import is_contact_missing
from services.patients.status.silence import silent_after_risk
from services.rules.danger.silence import SilenceAfterRisk

# A list is read within a day: an older cursor goes on by yesterday's order.
ORDER_HOLDS: Final = timedelta(days=1)
# What one sheaf of paper holds; more is said on it, not left out silently.
PRINTED_AT_MOST: Final = 5000


def list_caseload(actor: Actor, wanted: CaseloadFilter, now: datetime) -> Page:
    """One page of the patients in view, `{items, next_cursor}`; the read is recorded.

    Raises `Forbidden`, and `Invalid` for a cursor of another list.
    """
    place = _place(wanted, now)
    with acting(actor, now) as session:
        silent = silent_after_risk(session, now)
        ordered = silent if place.as_of == now else silent_after_risk(session, place.as_of)
        rows = load_rows(session, actor, wanted, place, ordered, now)
        audit.record(session, actor.user_id, "caseload_read", now)
    found = page_of_rows(rows, wanted.limit, lambda keyed: (place.as_of, *keyed.key))
    days = Days(now)
    return found.rendered(lambda keyed: show_row(keyed.row, silent.get(keyed.row.id), days))


@dataclass(frozen=True, slots=True)
class Printed:
    """The caseload for paper. `more`: some patients in view are not in `items`."""

    clinic: str
    timezone: str
    at: datetime
    items: list[dict[str, Any]]
    more: bool


def print_caseload(actor: Actor, wanted: CaseloadFilter, now: datetime) -> Printed:
    """All patients in view who match, in the order asked for; recorded as printed.

    `limit` and `cursor` do not count. Raises `Forbidden`.
    """
    whole = CaseloadFilter(wanted.sort, wanted.q, wanted.mine, limit=PRINTED_AT_MOST)
    with acting(actor, now) as session:
        clinic = _clinic(session, actor)
        silent = silent_after_risk(session, now)
        rows = load_rows(session, actor, whole, Place(now), silent, now)
        kept = rows[:PRINTED_AT_MOST]
        audit.record(session, actor.user_id, "caseload_printed", now, patients=len(kept))
    days = Days(now)
    items = [show_row(keyed.row, silent.get(keyed.row.id), days) for keyed in kept]
    return Printed(clinic.name, clinic.timezone, now, items, len(rows) > len(kept))


def _clinic(session: Session, actor: Actor) -> Any:
    query = select(Clinic.name, Clinic.timezone).where(Clinic.id == actor.clinic_id)
    return session.execute(query).one()


def _place(wanted: CaseloadFilter, now: datetime) -> Place:
    if not wanted.cursor:
        return Place(now)
    as_of, *after = decode_cursor(wanted.cursor, datetime, *KEY_KINDS[wanted.sort])
    nearest = min(max(as_of, now - ORDER_HOLDS), now + ORDER_HOLDS)
    return Place(nearest, tuple(after))


def show_row(row: CaseRow, silence: SilenceAfterRisk | None, days: Days) -> dict[str, Any]:
    """One row of the caseload; what is clinical is left out for those who may not see it."""
    status = _status_now(row, days)
    severity = None if row.rank is None else SEVERITIES[row.rank]
    treatment = treatment_now(row, days)
    facts = _facts(row, status, severity, treatment, silence, days)
    shown = {
        "id": row.id,
        "name": row.name,
        "mrn": row.mrn,
        "status": status,
        "paused_until_on": row.paused_until if status == "paused" else None,
        "reason": reason_in_words(facts, days.now),
        "open_alerts": row.open_alerts,
        "highest_severity": severity,
        "contact_missing": _contact_missing(row),
        "needs_invitation": row.needs_invitation,
        "last_session": None,
    }
    if row.clinical:
        shown |= {
            "last_session": _last_session(treatment, days.today(row.timezone)),
            "last_check_in_at": row.last_check_in_at,
            "trend_status": row.trend_status or "baseline_missing",
            "baseline": row.baseline,
            "current": row.current,
            "daily_m7": row.daily_m7,
            "daily_slope_per_week": row.daily_slope,
            "next_session_at": treatment.next_at,
            "wearing_off_on": treatment.wearing_off_on,
            "non_response": treatment.non_response,
            "maintenance_due_on": treatment.maintenance_due_on,
        }
    return shown


def _status_now(row: CaseRow, days: Days) -> str:
    if row.status != "paused":
        return row.status
    return status_now(row.status, row.paused_until, row.timezone, days.now)


def _last_session(treatment: TreatmentStatus, today: Any) -> dict[str, Any] | None:
    if treatment.last_on is None:
        return None
    return {
        "id": treatment.last_id,
        "started_at": treatment.last_at,
        "days_ago": (today - treatment.last_on).days,
    }


def _contact_missing(row: CaseRow) -> bool:
    """As `is_contact_missing`; the emergency contact is opened only when it matters."""
    if _opened(row.phone, "patients.phone"):
        return False
    return is_contact_missing(None, _opened(row.emergency_contact, "patients.emergency_contact"))


def _opened(kept: bytes | None, column: str) -> str | None:
    return None if kept is None else keyring.decrypt(kept, column).decode()


def _facts(
    row: CaseRow,
    status: str,
    severity: str | None,
    treatment: TreatmentStatus,
    silence: SilenceAfterRisk | None,
    days: Days,
) -> Facts:
    return Facts(
        status=status,
        paused_until=row.paused_until,
        clinical=row.clinical,
        open_alerts=row.open_alerts,
        highest_severity=severity,
        highest_family=row.family,
        needs_invitation=row.needs_invitation,
        since=row.created_at,
        accepted_at=row.accepted_at,
        today=days.today(row.timezone),
        last_check_in_at=row.last_check_in_at,
        last_item9=row.last_item9,
        item9_positive_at=row.item9_positive_at,
        cssrs_moderate_at=row.cssrs_moderate_at,
        baseline=row.baseline,
        current=row.current,
        trend_status=row.trend_status,
        treatment=treatment,
        silence=silence,
    )

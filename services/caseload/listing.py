"""The caseload: one page of patients from status rows, without reading any history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from models import Alert, Patient, PatientStatus, User
from models.alert import SEVERITIES
from services import audit
from services.access import Action, Actor, Scope, scopes
from services.accounts.sessions import acting
from services.caseload.profile import status_now
from services.caseload.reasons import Facts, reason_in_words
from services.caseload.sorting import KEY_KINDS, sort_keys
from services.paging import Page, decode_cursor, page_of_rows
from services.patients.contact_data import is_contact_missing
from services.patients.view import clinical_content_clause, in_team_of, in_view_clause

CLINICAL_COLUMNS: Final = (
    PatientStatus.last_check_in_at,
    PatientStatus.last_item9,
    PatientStatus.item9_positive_at,
    PatientStatus.cssrs_moderate_at,
    PatientStatus.baseline,
    PatientStatus.current,
    PatientStatus.trend_status,
    PatientStatus.daily_m7,
    PatientStatus.daily_slope,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the caseload; ``q`` is part of a name or of an MRN."""

    sort: str = "risk"
    q: str | None = None
    mine: bool = False
    limit: int = 50
    cursor: str | None = None


def list_caseload(actor: Actor, wanted: Wanted, now: datetime) -> Page:
    """One page of the patients in view, ``{items, next_cursor}``; the read is recorded.

    Raises ``Forbidden``, and ``Invalid`` for a cursor of another list.
    """
    kinds = KEY_KINDS[wanted.sort]
    after = decode_cursor(wanted.cursor, *kinds) if wanted.cursor else None
    with acting(actor, now) as session:
        rows = _rows(session, actor, wanted, after, now)
        audit.record(session, actor.user_id, "caseload_read", now)
    found = page_of_rows(rows, wanted.limit, lambda row: tuple(row[: len(kinds)]))
    return found.rendered(lambda row: show_row(row, now))


def _rows(
    session: Session, actor: Actor, wanted: Wanted, after: tuple[Any, ...] | None, now: datetime
) -> list[Any]:
    clinical = _clinical(actor, now)
    alerts = _open_alerts().lateral()
    keys = sort_keys(wanted.sort, alerts.c.rank, clinical, now)
    query = (
        select(
            *(key.label(f"key_{place}") for place, key in enumerate(keys)),
            Patient.id,
            Patient.name,
            Patient.mrn,
            Patient.timezone,
            Patient.status,
            Patient.paused_until,
            Patient.created_at,
            Patient.accepted_at,
            Patient.phone,
            Patient.emergency_contact,
            func.coalesce(User.needs_invitation, False).label("needs_invitation"),
            alerts.c.count.label("open_alerts"),
            alerts.c.rank,
            clinical.label("clinical"),
            *CLINICAL_COLUMNS,
        )
        .join(PatientStatus, _same(PatientStatus, PatientStatus.patient_id == Patient.id))
        .outerjoin(User, _same(User, User.id == Patient.user_id))
        .join(alerts, true())
        .where(in_view_clause(actor, Action.READ_PATIENTS, now), *_filters(actor, wanted))
        .order_by(*keys)
        .limit(wanted.limit + 1)
    )
    if after is not None:
        seen = [literal(part, key.type) for part, key in zip(after, keys, strict=True)]
        query = query.where(tuple_(*keys) > tuple_(*seen))
    return list(session.execute(query))


def _clinical(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Whose clinical content is shown; everybody's, where being in the list already says so."""
    if Scope.CLINIC_WITHOUT_CLINICAL in scopes(actor, Action.READ_PATIENTS):
        return clinical_content_clause(actor, now)
    return true()


def _same(table: Any, key: ColumnElement[bool]) -> ColumnElement[bool]:
    """Join inside the clinic: every key begins with it, so each row is one probe of an index."""
    return and_(table.clinic_id == Patient.clinic_id, key)


def _open_alerts() -> Select[Any]:
    """How many alerts of the patient are open, and the rank of the most severe (0: critical)."""
    listed = cast(list(SEVERITIES), ARRAY(Text))
    return select(
        func.count().label("count"),
        (func.min(func.array_position(listed, Alert.severity)) - 1).label("rank"),
    ).where(_same(Alert, Alert.patient_id == Patient.id), Alert.status != "resolved")


def _filters(actor: Actor, wanted: Wanted) -> list[ColumnElement[bool]]:
    filters = []
    if wanted.mine:
        filters.append(in_team_of(actor.user_id))
    if wanted.q:
        part = wanted.q.strip()
        filters.append(
            or_(
                Patient.name.icontains(part, autoescape=True),
                and_(Patient.mrn.is_not(None), Patient.mrn.icontains(part, autoescape=True)),
            )
        )
    return filters


def show_row(row: Any, now: datetime) -> dict[str, Any]:
    """One row of the caseload; what is clinical is left out for those who may not see it."""
    status = status_now(row.status, row.paused_until, row.timezone, now)
    severity = None if row.rank is None else SEVERITIES[row.rank]
    facts = _facts(row, status, severity)
    shown = {
        "id": row.id,
        "name": row.name,
        "mrn": row.mrn,
        "status": status,
        "paused_until_on": row.paused_until if status == "paused" else None,
        "reason": reason_in_words(facts, now),
        "open_alerts": row.open_alerts,
        "highest_severity": severity,
        "contact_missing": is_contact_missing(row.phone, row.emergency_contact),
        "needs_invitation": row.needs_invitation,
        "last_session": None,
    }
    if row.clinical:
        shown |= {
            "last_check_in_at": row.last_check_in_at,
            "trend_status": row.trend_status or "baseline_missing",
            "baseline": row.baseline,
            "current": row.current,
            "daily_m7": row.daily_m7,
            "daily_slope_per_week": row.daily_slope,
        }
    return shown


def _facts(row: Any, status: str, severity: str | None) -> Facts:
    return Facts(
        status=status,
        paused_until=row.paused_until,
        clinical=row.clinical,
        open_alerts=row.open_alerts,
        highest_severity=severity,
        needs_invitation=row.needs_invitation,
        since=row.created_at,
        accepted_at=row.accepted_at,
        last_check_in_at=row.last_check_in_at,
        last_item9=row.last_item9,
        item9_positive_at=row.item9_positive_at,
        cssrs_moderate_at=row.cssrs_moderate_at,
        baseline=row.baseline,
        current=row.current,
        trend_status=row.trend_status,
    )

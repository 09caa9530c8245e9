"""The board: what is open and what ended today, for a screen that asks every few seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import BindParameter, Row, Select, and_, bindparam, case, or_, select
from sqlalchemy.orm import aliased

from models import Alert, AlertResolution, Patient, User
from services import audit
from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.alerts.handling.show_alerts import SUMMARY, alert_order
from services.alerts.permissions import visible_clause
from services.patients.view import in_view_clause

ENDED_SHOWN_FOR: Final = timedelta(hours=24)
MINUTE_S: Final = 60
READ: Final = "alerts_listed"
# Written into the statement: as a parameter it would hide the partial indexes from a prepared plan.
_RESOLVED: Final[BindParameter[str]] = bindparam("resolved", "resolved", literal_execute=True)


@dataclass(frozen=True, slots=True)
class Board:
    """`version` names what this reader sees, to the minute, for ages change by themselves; `items`
    None: it is what they have on the screen already.
    """

    version: str
    items: Sequence[dict[str, Any]] | None


def read_board(actor: Actor, now: datetime, known: str | None = None) -> Board:
    """All that is not resolved, by tier, then the oldest; then what ended in the last 24 hours, the
    newest first. `patient` is the name, for those who may act on the alert (`may_act`). `known`:
    the version on the screen.

    The read is recorded; of a screen on which nothing but the time goes on, every 15 minutes.
    Raises `Forbidden`.
    """
    query, minute = _query(actor, now), int(now.timestamp()) // MINUTE_S
    with acting(actor, now) as session:
        rows = session.execute(query).all()
        content = _digest(actor, rows)
        version = f"{content}-{minute}"
        if version == known:
            return Board(version, None)
        about = sorted({row.patient_id for row in rows} - {None})
        if known is not None and known.startswith(f"{content}-"):
            audit.record_once(session, (content,), actor.user_id, READ, now, about)
        else:
            audit.record(session, actor.user_id, READ, now, about=about)
    return Board(version, [dict(row._mapping) for row in rows])


def _query(actor: Actor, now: datetime) -> Select[Any]:
    owner, ender = aliased(User), aliased(User)
    # One without a patient is everybody's.
    acts = or_(Alert.patient_id.is_(None), in_view_clause(actor, Action.ACT_ON_ALERTS, now))
    is_open = Alert.status != _RESOLVED
    # Apart, as the two partial indexes have them.
    shown = or_(
        and_(is_open, Alert.patient_id.is_not(None)),
        and_(is_open, Alert.patient_id.is_(None)),
        Alert.resolved_at > now - ENDED_SHOWN_FOR,
    )
    newest_first = Alert.resolved_at.desc().nulls_first()
    return (
        select(
            *(getattr(Alert, name) for name in SUMMARY),
            Alert.page_round,
            case((acts, Patient.name)).label("patient"),
            acts.label("may_act"),
            owner.name.label("acknowledged_by_name"),
            ender.name.label("resolved_by_name"),
            AlertResolution.disposition,
        )
        .outerjoin(
            Patient, and_(Patient.clinic_id == Alert.clinic_id, Patient.id == Alert.patient_id)
        )
        .outerjoin(owner, owner.id == Alert.acknowledged_by)
        .outerjoin(AlertResolution, AlertResolution.alert_id == Alert.id)
        .outerjoin(ender, ender.id == AlertResolution.by)
        .where(Alert.clinic_id == actor.clinic_id, shown, visible_clause(actor, now))
        .order_by(newest_first, *alert_order())
    )


def _digest(actor: Actor, rows: Sequence[Row[Any]]) -> str:
    """Of everything shown and to whom: another person at this browser sees another board."""
    content = orjson.dumps([actor.family_id, *(tuple(row) for row in rows)])
    return hashlib.blake2b(content, digest_size=16).hexdigest()

"""The board: what is open and what ended today, for a screen that asks every few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, case, or_, select, true
from sqlalchemy.orm import aliased

from models import Alert, AlertResolution, Patient, User
from models.statements import Query, Statement
from services import audit
from services.access import Action, Actor, Scope, scopes
from services.accounts.tokens.token_check import acting
from services.alerts.handling.listing import RESOLVED, alert_order, digest_of
from services.alerts.handling.show_alerts import SUMMARY
from services.alerts.permissions import visible
from services.patients.view import LOOKING, looks, within

ENDED_SHOWN_FOR: Final = timedelta(hours=24)
MINUTE_S: Final = 60
READ: Final = "alerts_listed"
# Sets of scopes: of one role, or of several.
KNOWN_BOARDS: Final = 32


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
    minute = int(now.timestamp()) // MINUTE_S
    made = _statement(scopes(actor, Action.READ_ALERTS), scopes(actor, Action.ACT_ON_ALERTS))
    ended_since = {"clinic_id": actor.clinic_id, "ended_since": now - ENDED_SHOWN_FOR}
    query = Query(made, {**looks(actor, now), **ended_since})
    with acting(actor, now, query) as session:
        content = digest_of(actor, [tuple(row) for row in query.rows])
        version = f"{content}-{minute}"
        if version == known:
            return Board(version, None)
        about = sorted({row.patient_id for row in query.rows} - {None})
        if known is not None and known.startswith(f"{content}-"):
            audit.record_once(session, (content,), actor.user_id, READ, now, about)
        else:
            audit.record(session, actor.user_id, READ, now, about=about)
    return Board(version, [row._asdict() for row in query.rows])


@lru_cache(KNOWN_BOARDS)
def _statement(seen: frozenset[Scope], acted: frozenset[Scope]) -> Statement:
    """For all who see and act alike; put together once."""
    owner, ender = aliased(User), aliased(User)
    # One without a patient is everybody's. Whoever acts on all that they see is asked about once.
    acts = or_(Alert.patient_id.is_(None), true() if acted == seen else within(acted, LOOKING))
    is_open = Alert.status != RESOLVED
    # Apart, as the two partial indexes have them.
    shown = or_(
        and_(is_open, Alert.patient_id.is_not(None)),
        and_(is_open, Alert.patient_id.is_(None)),
        Alert.resolved_at > bindparam("ended_since", type_=Alert.resolved_at.type, required=True),
    )
    newest_first = Alert.resolved_at.desc().nulls_first()
    query: Select[Any] = (
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
        .where(
            Alert.clinic_id == bindparam("clinic_id", type_=Alert.clinic_id.type, required=True),
            shown,
            visible(seen, LOOKING),
        )
        .order_by(newest_first, *alert_order())
    )
    return Statement(query)

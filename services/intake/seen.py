"""When a person saw that an entry came in: never a promise, only what has happened."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models import Alert, AlertEvent, AlertOccurrence
from services.alerts.handling.locked_alert import SEEN_BY


def load_seen(
    session: Session, key: InstrumentedAttribute[UUID], patient_id: UUID, keys: Collection[UUID]
) -> dict[UUID, datetime]:
    """Of these entries of a patient, those whose alert somebody took or ended after the newest of
    their versions stood on it, and when first. `key`: the column that names the whole entry.
    """
    table: Any = key.class_
    one = AlertOccurrence
    stands = (
        select(key.label("key"), one.alert_id, func.max(one.received_at).label("newest_at"))
        .join(Alert, (Alert.clinic_id == one.clinic_id) & (Alert.id == one.alert_id))
        .join(table, (table.clinic_id == one.clinic_id) & (table.id == one.entry_id))
        .where(Alert.patient_id == patient_id, table.patient_id == patient_id, key.in_(keys))
        .group_by(key, one.alert_id)
        .subquery()
    )
    rows = session.execute(
        select(stands.c.key, func.min(AlertEvent.at).label("at"))
        .join(AlertEvent, AlertEvent.alert_id == stands.c.alert_id)
        .where(AlertEvent.kind.in_(SEEN_BY), AlertEvent.at >= stands.c.newest_at)
        .group_by(stands.c.key)
    )
    return {row.key: row.at for row in rows}

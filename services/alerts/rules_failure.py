"""When the rules raise and the fallback finds nothing: one counted alert without a patient."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, literal, select, text
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from models import Alert, AlertEvent, Notification, RulesFailure
from models.base import new_id
from services.alerts.chain import Chain
from services.alerts.writing import AlertKey, notify_statement, page_row
from services.rules.catalogue import RULES_FAILED
from services.rules.escalation.lifecycle import opened
from services.rules.escalation.states import PageStep

ONE_OFF = PageStep(round=0, step=0)
# As text: as a parameter it would no longer match the index once the statement is prepared.
ONE_OPEN = text("status <> 'resolved' AND patient_id IS NULL")


def count_rules_failure(
    session: Session,
    *,
    clinic_id: UUID,
    patient_id: UUID,
    entry_id: UUID,
    rule_version: str,
    chain: Chain,
    now: datetime,
) -> UUID:
    """Count this entry on the clinic's open `rules_failed` alert of this rule version, or open it
    and page the last resort once. Returns the alert's id.

    The last statement of the entry's transaction: entries of all patients queue for this one row.
    """
    alert = _counted(clinic_id, rule_version, chain, now)
    key = AlertKey(clinic_id, new_id())
    parts = [
        _failure(alert, clinic_id, patient_id, entry_id, rule_version, now),
        *_first_time(alert, key, chain, now),
    ]
    row = session.execute(select(alert.c.id, alert.c.occurrence_count).add_cte(*parts)).one()
    if row.occurrence_count == 1:
        session.execute(notify_statement())
    found: UUID = row.id
    return found


def _counted(clinic_id: UUID, rule_version: str, chain: Chain, now: datetime) -> CTE:
    state = opened("medium", chain.circumstances(now)).state
    statement = upsert(Alert).values(
        clinic_id=clinic_id,
        id=new_id(),
        family=RULES_FAILED,
        rule=RULES_FAILED,
        rule_version=rule_version,
        triggered_at=now,
        newest_occurrence_at=now,
        occurrence_count=1,
        **state.columns(),
    )
    return (
        statement.on_conflict_do_update(
            index_elements=[Alert.clinic_id, Alert.family, Alert.rule_version],
            index_where=ONE_OPEN,
            set_={
                "occurrence_count": Alert.occurrence_count + 1,
                "newest_occurrence_at": statement.excluded.newest_occurrence_at,
            },
        )
        .returning(Alert.id, Alert.occurrence_count)
        .cte("alert")
    )


def _from_alert(table: type[Any], alert: CTE, values: dict[str, Any], only_new: bool) -> Insert:
    """Insert a row that names the alert, whose id only the upsert knows."""
    columns = {name: literal(value, table.__table__.c[name].type) for name, value in values.items()}
    chosen = select(*columns.values(), alert.c.id)
    if only_new:
        chosen = chosen.where(alert.c.occurrence_count == 1)
    return upsert(table).from_select([*columns, "alert_id"], chosen)


def _failure(
    alert: CTE,
    clinic_id: UUID,
    patient_id: UUID,
    entry_id: UUID,
    rule_version: str,
    now: datetime,
) -> CTE:
    values = {
        "clinic_id": clinic_id,
        "patient_id": patient_id,
        "entry_id": entry_id,
        "rule_version": rule_version,
        "failed_at": now,
    }
    failure = _from_alert(RulesFailure, alert, values, only_new=False)
    # What staff write under one id more than once, a session that is changed, may fail again.
    again = {name: failure.excluded[name] for name in ("alert_id", "rule_version", "failed_at")}
    return failure.on_conflict_do_update(
        index_elements=[RulesFailure.clinic_id, RulesFailure.patient_id, RulesFailure.entry_id],
        set_=again | {"replayed_at": None},
    ).cte("failure")


def _first_time(alert: CTE, key: AlertKey, chain: Chain, now: datetime) -> list[CTE]:
    """The first failure of this rule version: the timeline begins, and the last resort is paged."""
    kinds = ["triggered"]
    parts: list[CTE] = []
    if chain.last_resort is not None:
        page = page_row(key, ONE_OFF, chain.last_resort, "medium", now)
        del page["alert_id"]
        parts.append(_from_alert(Notification, alert, page, only_new=True).cte("page"))
        kinds.append("page_queued")
    for kind in kinds:
        event = {"clinic_id": key.clinic_id, "id": new_id(), "at": now, "kind": kind}
        parts.append(_from_alert(AlertEvent, alert, event, only_new=True).cte(kind))
    return parts

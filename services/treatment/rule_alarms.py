"""What rules found about a treatment becomes alerts, decisions and pages, inside the same write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from models import StoredDecision
from models.base import new_id
from services.alerts.rule_alerts import Cause, rule_alerts
from services.alerts.writing import notify_statement
from services.one_statement import write_together
from services.rules.danger.numbers import RULES_VERSION
from services.rules.decision import Decision, highest
from services.treatment.once import Writing

log = structlog.get_logger()


def decided(
    writing: Writing,
    entry_id: UUID,
    decide: Callable[[], list[Decision]],
    otherwise: Callable[[], list[Decision]] = list,
) -> list[Decision]:
    """What the rules decide. When they raise, the record is stored all the same, and counted for
    somebody to look at; `otherwise` says what must page then.
    """
    try:
        return decide()
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault in the rules must not cost the record
        log.error("treatment_rules_failed", kind=type(error).__name__)
        writing.undecided.append(entry_id)
        return otherwise()


def raise_rule_alarms(
    writing: Writing,
    decisions: Sequence[Decision],
    entry_id: UUID,
    source: str,
    at: datetime,
) -> None:
    """Keep the decisions, yes and no alike, and open or add to the alerts of those that fired."""
    if not decisions:
        return
    cause = Cause(entry_id, source, at, writing.now)
    alarms = rule_alerts(writing.session, writing.patient, decisions, cause, writing.now)
    tier = highest(each.tier for each in decisions)
    kept = insert(StoredDecision).values(
        id=new_id(),
        entry_id=entry_id,
        rule_version=RULES_VERSION,
        by="rules",
        tier=tier.word if tier else None,
        decided=[each.stored() for each in decisions],
        decided_at=writing.now,
        **writing.stamp,
    )
    write_together(writing.session, [*alarms.writes, kept])
    if alarms.pages:
        writing.session.execute(notify_statement())

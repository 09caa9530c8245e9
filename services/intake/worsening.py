"""M1 and M2 for one check-in, decided from the series that it joins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import AlertOccurrence, CheckIn
from services.rules.day_series import Entry, day_rows
from services.rules.rule_decision import RuleId
from services.rules.trend import find_baseline
from services.rules.worsening import RuleDecision, worsening_decisions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Worsening:
    """The decisions, also those that did not fire; ``failed`` when the rules raised."""

    decisions: tuple[RuleDecision, ...] = ()
    failed: bool = False

    def stored(self) -> list[dict[str, Any]]:
        """The decisions as they are kept."""
        return [
            {
                "rule": decision.rule,
                "rule_version": decision.rule_version,
                "fired": decision.fired,
                "tier": decision.severity,
                "inputs": dict(decision.inputs),
            }
            for decision in self.decisions
        ]


def decide_worsening(
    session: Session, patient_id: UUID, instrument: str, series: list[Entry], decided: Entry
) -> Worsening:
    """Decide M1 or M2 over the series that ``decided`` is part of; a fault in them never stops the
    answer, it is reported as failed rules.
    """
    try:
        baseline = find_baseline(instrument, series, day_rows(series)).value
        level = None if baseline is None else float(baseline)
        decisions = worsening_decisions(instrument, series, decided, level, {})
        if any(decision.fired for decision in decisions):
            # Only now does it matter what was opened before.
            opened = _last_opened(session, patient_id)
            decisions = worsening_decisions(instrument, series, decided, level, opened)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 - a fault in M1 or M2 must not cost the answer
        log.error("worsening_rules_failed", kind=type(error).__name__)
        return Worsening(failed=True)
    return Worsening(tuple(decisions))


def _last_opened(session: Session, patient_id: UUID) -> dict[RuleId, date]:
    rows = session.execute(
        select(AlertOccurrence.rule, func.max(CheckIn.mood_day))
        .join(CheckIn, CheckIn.id == AlertOccurrence.entry_id)
        .where(
            AlertOccurrence.patient_id == patient_id,
            CheckIn.patient_id == patient_id,
            AlertOccurrence.rule.in_(("M1", "M2")),
        )
        .group_by(AlertOccurrence.rule)
    )
    return {cast("RuleId", row[0]): row[1] for row in rows}

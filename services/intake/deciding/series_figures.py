"""What an entry does in the series that it joins: rules, and the status row's figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.intake.deciding.findings import Findings
from services.intake.deciding.series import load_series
from services.intake.deciding.series_rules import Joined, decide_series
from services.intake.deciding.verdict import Verdict
from services.patients.status.figures import AsOf, figures_of
from services.rules.day_series import Entry
from services.rules.decide.check_in import INSTRUMENTS
from services.rules.mood_days import find_zone

log = structlog.get_logger()


def series_entry(verdict: Verdict, root_id: UUID) -> Entry | None:
    """The entry as the series sees it; none for what is no form."""
    score, facts = verdict.read.score, verdict.facts
    if score is None:
        return None
    return Entry(
        mood_day=verdict.read.placement.mood_day,
        recorded_at=facts.recorded_at,
        received_at=facts.received_at,
        entry_id=str(root_id),
        total=score.total,
        item9_max=verdict.read.q9_highest,
        answered=score.answered,
        late="entered_late" in facts.flags,
    )


def series_effects(session: Session, joined: Joined | None) -> tuple[Findings, dict[str, Any]]:
    """The rules' findings and the status row's figures; a fault in them counts as failed rules."""
    if joined is None or joined.instrument not in INSTRUMENTS:
        return Findings(), {}
    findings = Findings()
    try:
        zone = find_zone(joined.timezone) or UTC
        series = load_series(
            session, joined.patient_id, joined.instrument, joined.entry, joined.begun, zone
        )
        findings = decide_series(session, joined, series)
        as_of = AsOf(joined.treatment, zone, joined.now)
        return findings, figures_of(joined.instrument, series, as_of)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a cached figure must not cost the answer
        log.error("figures_failed", kind=type(error).__name__)
        return replace(findings, failed=True), {}

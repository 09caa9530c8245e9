"""What an entry does in the series that it joins: worsening, and the status row's figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from services.intake.deciding import Verdict
from services.intake.series import IN_SERIES, load_series
from services.intake.worsening import Worsening, decide_worsening
from services.patients.status_figures import figures_of
from services.rules.day_series import Entry

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


def series_effects(
    session: Session, patient_id: UUID, instrument: str | None, joined: Entry | None
) -> tuple[Worsening, dict[str, Any]]:
    """Worsening and the status row's figures; a fault in them counts as failed rules."""
    if joined is None or instrument not in IN_SERIES:
        return Worsening(), {}
    series = load_series(session, patient_id, instrument, joined)
    worsening = decide_worsening(session, patient_id, instrument, series, joined)
    try:
        return worsening, figures_of(instrument, series)
    except Exception as error:  # noqa: BLE001 -- a cached figure must not cost the answer
        log.error("figures_failed", kind=type(error).__name__)
        return replace(worsening, failed=True), {}

"""N1, row by row: a silent patient at risk, and one who never started."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.rules.danger.silence import SilenceFacts, missed_in_a_row, silence_tier
from services.rules.decision import Tier
from services.rules.mood_days import DaySpan

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
QUIET = SilenceFacts(
    now=NOW,
    today=TODAY,
    invited_at=NOW - timedelta(days=60),
    accepted_on=TODAY - timedelta(days=59),
    heard_on=TODAY,
    item9_positive_at=None,
    cssrs_moderate_at=None,
    risk_at_intake=False,
)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("heard_days_ago", "changes", "tier"),
    [
        (3, {"item9_positive_at": days_ago(14)}, None),
        (4, {"item9_positive_at": days_ago(14)}, Tier.HIGH),
        (4, {"item9_positive_at": days_ago(14.01)}, None),
        (4, {"cssrs_moderate_at": days_ago(30)}, Tier.HIGH),
        (4, {"cssrs_moderate_at": days_ago(30.01)}, None),
        (4, {"risk_at_intake": True}, None),
        (4, {"risk_at_intake": True, "invited_at": days_ago(14)}, Tier.HIGH),
        (7, {}, None),
        (8, {}, Tier.MEDIUM),
        (8, {"item9_positive_at": days_ago(9)}, Tier.HIGH),
    ],
)
def test_silence_is_counted_in_due_days(
    heard_days_ago: int, changes: dict[str, object], tier: Tier | None
) -> None:
    facts = replace(QUIET, heard_on=TODAY - timedelta(days=heard_days_ago), **changes)
    assert silence_tier(facts) is tier


@pytest.mark.parametrize(
    ("hours", "risk", "tier"),
    [
        (71.9, False, None),
        (71.9, True, None),
        (72, False, Tier.MEDIUM),
        (72, True, Tier.HIGH),
    ],
)
def test_somebody_who_never_started(hours: float, risk: bool, tier: Tier | None) -> None:
    facts = replace(
        QUIET,
        heard_on=None,
        accepted_on=None,
        invited_at=NOW - timedelta(hours=hours),
        risk_at_intake=risk,
    )
    assert silence_tier(facts) is tier


def test_paused_days_are_not_missed() -> None:
    paused = (DaySpan(TODAY - timedelta(days=6), TODAY - timedelta(days=2)),)
    facts = replace(QUIET, heard_on=TODAY - timedelta(days=8), paused=paused)
    assert missed_in_a_row(facts) == 2
    assert silence_tier(facts) is None
    never = replace(facts, heard_on=None, paused=(DaySpan(TODAY, TODAY),))
    assert missed_in_a_row(never) == 0
    assert silence_tier(never) is None


def test_days_before_the_account_was_taken_over_are_not_due() -> None:
    heard, accepted = TODAY - timedelta(days=20), TODAY - timedelta(days=3)
    assert missed_in_a_row(replace(QUIET, heard_on=heard, accepted_on=accepted)) == 2
    assert missed_in_a_row(replace(QUIET, heard_on=heard, accepted_on=None)) == 19

"""Why a patient stands where she stands, in words, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from services.caseload.reasons import Facts, reason_in_words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUIET = Facts(
    status="active",
    paused_until=None,
    clinical=True,
    open_alerts=0,
    highest_severity=None,
    needs_invitation=False,
    since=NOW - timedelta(days=40),
    accepted_at=NOW - timedelta(days=39),
    last_check_in_at=NOW - timedelta(hours=3),
    last_item9=0,
    item9_positive_at=None,
    cssrs_moderate_at=None,
    baseline=18.0,
    current=8.0,
    trend_status="response",
)
DOING_WELL = "last check-in less than a day ago; PHQ-9 shows a response (18 to 8)"


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, DOING_WELL),
        (
            {"open_alerts": 1, "highest_severity": "critical"},
            f"critical alert open; {DOING_WELL}",
        ),
        (
            {"open_alerts": 2, "highest_severity": "high"},
            f"2 alerts open, the highest high; {DOING_WELL}",
        ),
        (
            {"item9_positive_at": days_ago(14), "last_item9": 2},
            f"item 9 positive in the last 14 days, last answer 2; {DOING_WELL}",
        ),
        ({"item9_positive_at": days_ago(14.01), "last_item9": 2}, DOING_WELL),
        (
            {"cssrs_moderate_at": days_ago(1)},
            f"C-SSRS moderate or high in the last 14 days; {DOING_WELL}",
        ),
        (
            {"status": "paused", "paused_until": date(2026, 12, 1)},
            f"paused until 2026-12-01; {DOING_WELL}",
        ),
        ({"status": "discharged"}, f"discharged; {DOING_WELL}"),
        ({"needs_invitation": True}, f"phone needs a new invitation; {DOING_WELL}"),
        (
            {"last_check_in_at": days_ago(1.2)},
            "last check-in 1 day ago; PHQ-9 shows a response (18 to 8)",
        ),
        (
            {"last_check_in_at": None},
            "no check-in yet, invitation accepted 39 days ago; PHQ-9 shows a response (18 to 8)",
        ),
        (
            {"last_check_in_at": None, "accepted_at": None, "trend_status": None},
            "no check-in yet, enrolled 40 days ago; PHQ-9 not known",
        ),
        (
            {"trend_status": "worse", "current": 24.0},
            "last check-in less than a day ago; PHQ-9 has worsened (18 to 24)",
        ),
    ],
)
def test_the_most_urgent_comes_first(changes: dict[str, Any], words: str) -> None:
    assert reason_in_words(replace(QUIET, **changes), NOW) == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "no open alert"),
        ({"accepted_at": None}, "invitation not accepted yet"),
        ({"open_alerts": 1, "highest_severity": "high"}, "high alert open"),
        ({"item9_positive_at": days_ago(1)}, "no open alert"),
        ({"needs_invitation": True}, "phone needs a new invitation"),
    ],
)
def test_without_a_right_to_clinical_content_no_clinical_word(
    changes: dict[str, Any], words: str
) -> None:
    assert reason_in_words(replace(QUIET, clinical=False, **changes), NOW) == words


def test_no_reason_is_empty_or_says_that_somebody_is_safe() -> None:
    told = set()
    for clinical, alerts, item9, seen, accepted, status, trend in product(
        (True, False),
        (0, 1),
        (None, days_ago(1)),
        (None, days_ago(9)),
        (None, days_ago(20)),
        ("active", "paused", "discharged"),
        ("worse", "remission", "minimal_symptoms", None),
    ):
        facts = replace(
            QUIET,
            clinical=clinical,
            open_alerts=alerts,
            highest_severity="high" if alerts else None,
            item9_positive_at=item9,
            last_check_in_at=seen,
            accepted_at=accepted,
            status=status,
            paused_until=date(2026, 12, 1),
            trend_status=trend,
        )
        told.add(reason_in_words(facts, NOW))
    assert "" not in told
    for word in ("safe", "fine", "well", "ok", "no risk", "stable"):
        assert not any(word in reason.casefold().replace("below", "") for reason in told), word

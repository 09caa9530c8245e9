"""Why a patient stands where they stand, in words, row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from models.alerts.alert import SEVERITIES
from services.caseload.worklist.reasons import FAMILIES, family_in_words, reason_in_words
from services.caseload.worklist.row import CaseRow, Days
from services.rules.catalogue import CATALOGUE, RULES_FAILED
from services.rules.danger.silence import SilenceAfterRisk

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOTHING_KNOWN: dict[str, Any] = dict.fromkeys(CaseRow._fields) | {"open_alerts": 0}
QUIET = CaseRow(
    **NOTHING_KNOWN
    | {
        "status": "active",
        "timezone": "UTC",
        "clinical": True,
        "needs_invitation": False,
        "created_at": NOW - timedelta(days=40),
        "accepted_at": NOW - timedelta(days=39),
        "last_check_in_at": NOW - timedelta(hours=3),
        "last_item9": 0,
        "baseline": 18.0,
        "current": 8.0,
        "trend_status": "response",
        "non_response": False,
    }
)
RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}
DOING_WELL = "last check-in less than a day ago; PHQ-9 shows a response (18 to 8)"


def words_of(row: CaseRow, silence: SilenceAfterRisk | None = None) -> str:
    return reason_in_words(row, silence, Days(NOW))


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, DOING_WELL),
        (
            {"open_alerts": 1, "rank": RANKS["critical"]},
            f"critical alert open; {DOING_WELL}",
        ),
        (
            {"open_alerts": 2, "rank": RANKS["high"]},
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
        ({"consent_withdrawn_at": days_ago(1)}, f"consent withdrawn; {DOING_WELL}"),
        ({"needs_invitation": True}, f"phone needs a new invitation; {DOING_WELL}"),
        (
            {"last_check_in_at": days_ago(1.2)},
            "last check-in 1 day ago; PHQ-9 shows a response (18 to 8)",
        ),
        (
            {"trend_status": "baseline_only", "last_session_id": UUID(int=1)},
            "last check-in less than a day ago; PHQ-9 8, nothing to compare it with yet",
        ),
        (
            {"trend_status": "baseline_only"},
            "last check-in less than a day ago; PHQ-9 8, no session yet",
        ),
        (
            {"trend_status": "not_judged"},
            "last check-in less than a day ago;"
            " response cannot be judged: no PHQ-9 from before the treatment (18 to 8)",
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
    assert words_of(QUIET._replace(**changes)) == words


def on(day: int) -> date:
    return date(2026, 11, day)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


# Treated on the 14th; today is the 22nd.
TREATED = QUIET._replace(last_session_at=days_ago(8), sessions_in_course=5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"wearing_off_on": on(20)}, "wearing off since 2026-11-20, 6 days after the last session"),
        ({"wearing_off_on": on(15)}, "wearing off since 2026-11-15, 1 day after the last session"),
        ({"non_response": True}, "no response after 5 sessions"),
        ({"maintenance_due_on": on(21)}, "maintenance due since 2026-11-21"),
        ({"maintenance_due_on": on(22)}, "maintenance due today"),
        ({"maintenance_due_on": on(23)}, "maintenance due in 1 day"),
        ({"maintenance_due_on": on(25)}, "maintenance due in 3 days"),
        ({"maintenance_due_on": on(26)}, None),
        ({"next_session_at": at(22, 14, 30)}, "session planned today at 14:30"),
        ({"next_session_at": at(23, 14, 30)}, None),
        (
            {
                "wearing_off_on": on(20),
                "non_response": True,
                "maintenance_due_on": on(21),
                "next_session_at": at(22, 9),
            },
            "wearing off since 2026-11-20, 6 days after the last session; no response after 5"
            " sessions; maintenance due since 2026-11-21; session planned today at 09:00",
        ),
    ],
)
def test_what_a_treatment_asks_for_today(changes: dict[str, Any], words: str | None) -> None:
    expected = f"{words}; {DOING_WELL}" if words else DOING_WELL
    assert words_of(TREATED._replace(**changes)) == expected


@pytest.mark.parametrize(
    ("silence", "changes", "words"),
    [
        (None, {"item9_positive_at": days_ago(14.01)}, None),
        (
            SilenceAfterRisk(3, 0, ("item9",)),
            {"item9_positive_at": days_ago(4), "last_item9": 2},
            "silent after risk: no item 9 or C-SSRS answered for 3 days, item 9 positive in the"
            " last 14 days, last answer 2",
        ),
        (
            SilenceAfterRisk(20, 0, ("cssrs",)),
            {"cssrs_moderate_at": days_ago(30)},
            "silent after risk: no item 9 or C-SSRS answered for 20 days, C-SSRS moderate or high"
            " in the last 30 days",
        ),
        (
            SilenceAfterRisk(3, 0, ("intake",)),
            {},
            "silent after risk: no item 9 or C-SSRS answered for 3 days, suicidal ideation at"
            " intake",
        ),
        (
            SilenceAfterRisk(3, 1, ("cssrs", "intake")),
            {},
            "silent after risk: no item 9 or C-SSRS answered for 3 days (1 paused day left out),"
            " C-SSRS moderate or high in the last 30 days, suicidal ideation at intake",
        ),
        (
            SilenceAfterRisk(4, 2, ("intake",), 1),
            {},
            "silent after risk: no item 9 or C-SSRS answered for 4 days (2 paused days, 1 day of"
            " outages left out), suicidal ideation at intake",
        ),
    ],
)
def test_silence_after_risk_is_stated_in_one_phrase(
    silence: SilenceAfterRisk | None, changes: dict[str, Any], words: str | None
) -> None:
    parts = words_of(QUIET._replace(**changes), silence).split("; ")
    assert [part for part in parts if part.startswith("silent")] == ([words] if words else [])
    if words:
        assert parts == [words, *DOING_WELL.split("; ")]


def test_an_alert_says_what_it_is_about_to_those_who_may_see_it() -> None:
    facts = QUIET._replace(open_alerts=1, rank=RANKS["high"], family="suicide_risk")
    assert words_of(facts).startswith("high alert open: suicide risk; ")
    several = facts._replace(open_alerts=3, family="m3")
    assert words_of(several).startswith("3 alerts open, the highest high: return of symptoms; ")
    assert words_of(several._replace(clinical=False)) == ("3 alerts open, the highest high")


def test_every_family_has_words_and_a_new_one_its_id() -> None:
    ours = {rule.family for rule in CATALOGUE.values() if rule.id != RULES_FAILED}
    assert set(FAMILIES) == ours >= {"suicide_risk", "unreadable_risk", "silence", "e1", "m1", "n2"}
    assert family_in_words("x7") == "rule X7"


IN_PARIS = TREATED._replace(
    timezone="Europe/Paris",
    last_session_at=NOW - timedelta(days=6),
    next_session_at=NOW + timedelta(hours=1),
    wearing_off_on=on(20),
    maintenance_due_on=on(21),
    non_response=True,
)


def test_instants_are_days_and_clocks_of_the_patients_zone() -> None:
    parts = words_of(IN_PARIS).split("; ")
    assert parts[:2] == [
        "wearing off since 2026-11-20, 4 days after the last session",
        "no response after 5 sessions",
    ]
    assert parts[2:4] == ["maintenance due since 2026-11-21", "session planned today at 14:00"]


def test_a_first_session_may_be_planned_only() -> None:
    planned = QUIET._replace(next_session_at=at(22, 14, 30))
    assert words_of(planned) == f"session planned today at 14:30; {DOING_WELL}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "no open alert"),
        ({"accepted_at": None}, "invitation not accepted yet"),
        ({"open_alerts": 1, "rank": RANKS["high"]}, "high alert open"),
        ({"item9_positive_at": days_ago(1)}, "no open alert"),
        ({"needs_invitation": True}, "phone needs a new invitation"),
        ({"consent_withdrawn_at": days_ago(1)}, "consent withdrawn"),
    ],
)
def test_without_a_right_to_clinical_content_no_clinical_word(
    changes: dict[str, Any], words: str
) -> None:
    assert words_of(QUIET._replace(clinical=False, **changes)) == words


def test_no_reason_is_empty_or_says_that_somebody_is_safe() -> None:
    reasons = set()
    for clinical, alerts, item9, seen, accepted, status, trend, treatment in product(
        (True, False),
        (0, 1),
        (None, days_ago(1)),
        (None, days_ago(9)),
        (None, days_ago(20)),
        ("active", "paused", "discharged"),
        ("worse", "remission", "minimal_symptoms", None),
        (QUIET, TREATED, TREATED._replace(wearing_off_on=on(20), maintenance_due_on=on(25))),
    ):
        facts = treatment._replace(
            clinical=clinical,
            open_alerts=alerts,
            rank=RANKS["high"] if alerts else None,
            item9_positive_at=item9,
            last_check_in_at=seen,
            accepted_at=accepted,
            status=status,
            paused_until=date(2026, 12, 1),
            trend_status=trend,
        )
        reasons.add(words_of(facts))
    assert "" not in reasons
    for word in ("safe", "fine", "well", "ok", "no risk", "stable"):
        assert not any(word in reason.casefold().replace("below", "") for reason in reasons), word

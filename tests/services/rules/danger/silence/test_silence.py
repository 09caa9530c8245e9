"""N1, row by row: a silent patient at risk, and one who never started."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules.danger.silence import (
    SilenceAfterRisk,
    SilenceFacts,
    missed_in_a_row,
    silence_after_risk,
    silence_tier,
    silent_from,
)
from services.rules.decision import Tier
from services.rules.mood_days import DaySpan, day_start, find_zone, mood_day_at

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
QUIET = SilenceFacts(
    now=NOW,
    today=TODAY,
    invited_at=NOW - timedelta(days=60),
    accepted_on=TODAY - timedelta(days=59),
    last_risk_answer_on=TODAY,
    item9_positive_at=None,
    cssrs_moderate_at=None,
    risk_at_intake=False,
)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("days_since_answer", "changes", "tier"),
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
    days_since_answer: int, changes: dict[str, object], tier: Tier | None
) -> None:
    facts = replace(QUIET, last_risk_answer_on=TODAY - timedelta(days=days_since_answer), **changes)
    assert silence_tier(facts) is tier


@pytest.mark.parametrize(
    ("days_since_answer", "changes", "silence"),
    [
        (3, {"item9_positive_at": days_ago(4)}, None),
        (4, {"item9_positive_at": days_ago(4)}, SilenceAfterRisk(3, 0, ("item9",))),
        (21, {"item9_positive_at": days_ago(14.01)}, None),
        (21, {"cssrs_moderate_at": days_ago(30)}, SilenceAfterRisk(20, 0, ("cssrs",))),
        (21, {"cssrs_moderate_at": days_ago(30.01)}, None),
        (
            4,
            {"risk_at_intake": True, "invited_at": days_ago(14), "item9_positive_at": days_ago(4)},
            SilenceAfterRisk(3, 0, ("item9", "intake")),
        ),
        (4, {"risk_at_intake": True, "invited_at": days_ago(14.01)}, None),
        (21, {}, None),
        (
            9,
            {
                "item9_positive_at": days_ago(9),
                "paused": (DaySpan(TODAY - timedelta(days=5), TODAY - timedelta(days=1)),),
            },
            SilenceAfterRisk(3, 5, ("item9",)),
        ),
        (
            8,
            {
                "item9_positive_at": days_ago(9),
                "paused": (DaySpan(TODAY - timedelta(days=5), TODAY - timedelta(days=1)),),
            },
            None,
        ),
    ],
)
def test_silence_after_risk_names_its_risks(
    days_since_answer: int, changes: dict[str, object], silence: SilenceAfterRisk | None
) -> None:
    answered_on = TODAY - timedelta(days=days_since_answer)
    facts = replace(QUIET, last_risk_answer_on=answered_on, **changes)
    assert silence_after_risk(facts) == silence
    assert (silence_tier(facts) is Tier.HIGH) == (silence is not None)
    never = replace(facts, last_risk_answer_on=None)
    assert silence_after_risk(never) is None


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
        last_risk_answer_on=None,
        accepted_on=None,
        invited_at=NOW - timedelta(hours=hours),
        risk_at_intake=risk,
    )
    assert silence_tier(facts) is tier


@pytest.mark.parametrize(
    ("risk", "tier"),
    [
        ({"item9_positive_at": days_ago(14)}, Tier.HIGH),
        ({"item9_positive_at": days_ago(14.01)}, Tier.MEDIUM),
        ({"cssrs_moderate_at": days_ago(30)}, Tier.HIGH),
        ({"cssrs_moderate_at": days_ago(30.01)}, Tier.MEDIUM),
    ],
)
def test_somebody_at_risk_whose_answers_never_counted(risk: dict[str, object], tier: Tier) -> None:
    """Refused bodies and answers without a believable time count as risk and end no silence."""
    assert silence_tier(replace(QUIET, last_risk_answer_on=None, **risk)) is tier


def test_paused_days_are_not_missed() -> None:
    paused = (DaySpan(TODAY - timedelta(days=6), TODAY - timedelta(days=2)),)
    facts = replace(QUIET, last_risk_answer_on=TODAY - timedelta(days=8), paused=paused)
    assert missed_in_a_row(facts) == 2
    assert silence_tier(facts) is None
    never = replace(facts, last_risk_answer_on=None, paused=(DaySpan(TODAY, TODAY),))
    assert missed_in_a_row(never) == 0
    assert silence_tier(never) is None


def test_days_before_the_account_was_taken_over_are_not_due() -> None:
    answered, accepted = TODAY - timedelta(days=20), TODAY - timedelta(days=3)
    assert missed_in_a_row(replace(QUIET, last_risk_answer_on=answered, accepted_on=accepted)) == 2
    assert missed_in_a_row(replace(QUIET, last_risk_answer_on=answered, accepted_on=None)) == 19


def test_lost_days_are_not_missed_up_to_three() -> None:
    lost = frozenset(TODAY - timedelta(days=days) for days in range(2, 9))
    facts = replace(QUIET, item9_positive_at=days_ago(9), lost=lost)
    six, seven = (replace(facts, last_risk_answer_on=TODAY - timedelta(days=n)) for n in (6, 7))
    assert (missed_in_a_row(six), silence_tier(six)) == (2, None)
    assert silence_after_risk(seven) == SilenceAfterRisk(3, 0, ("item9",), 3)
    # A day that was paused and lost is left out once.
    paused = replace(seven, paused=(DaySpan(TODAY - timedelta(days=4), TODAY - timedelta(days=4)),))
    none_lost = replace(paused, lost=frozenset())
    assert silence_after_risk(none_lost) == SilenceAfterRisk(5, 1, ("item9",), 0)
    assert missed_in_a_row(paused) == 2


@pytest.mark.parametrize(
    ("hours", "down_h", "tier"),
    [
        (74.9, 3, None),
        (75, 3, Tier.MEDIUM),
        (143.9, 72, None),
        (144, 72, Tier.MEDIUM),
        (144, 100, Tier.MEDIUM),
    ],
)
def test_outages_since_the_invitation_are_left_out_up_to_three_days(
    hours: float, down_h: int, tier: Tier | None
) -> None:
    facts = replace(
        QUIET,
        last_risk_answer_on=None,
        accepted_on=None,
        invited_at=NOW - timedelta(hours=hours),
        down=timedelta(hours=down_h),
    )
    assert silence_tier(facts) is tier


@st.composite
def facts_of_somebody(draw: st.DrawFn) -> SilenceFacts:
    zone = find_zone(draw(st.sampled_from(["UTC", "Europe/Paris", "Pacific/Auckland"]))) or UTC
    ago = st.integers(0, 40)
    spans = draw(st.lists(st.tuples(st.integers(-30, 30), st.integers(0, 9)), max_size=3))
    today = mood_day_at(NOW, zone)
    paused = [DaySpan(_day(today, first), _day(today, first + more)) for first, more in spans]
    if draw(st.integers(0, 5)) == 0:
        paused.append(DaySpan(_day(today, draw(st.integers(-9, 9))), date.max))
    risks = st.one_of(st.none(), ago.map(days_ago))
    return SilenceFacts(
        now=NOW,
        today=today,
        invited_at=days_ago(draw(ago)),
        accepted_on=draw(st.one_of(st.none(), ago.map(lambda days: _day(today, -days)))),
        last_risk_answer_on=draw(st.one_of(st.none(), ago.map(lambda days: _day(today, -days)))),
        item9_positive_at=draw(risks),
        cssrs_moderate_at=draw(risks),
        risk_at_intake=draw(st.booleans()),
        paused=tuple(paused),
        lost=frozenset(_day(today, -days) for days in draw(st.lists(ago, max_size=5))),
        down=timedelta(hours=draw(st.integers(0, 100))),
        zone=zone,
    )


def _day(today: date, days: int) -> date:
    return today + timedelta(days=days)


@settings(max_examples=60)
@given(facts=facts_of_somebody())
def test_from_when_a_silence_is_reported_is_when_the_rule_begins_to_say_so(
    facts: SilenceFacts,
) -> None:
    """The rule is asked each hour, and at the last moment before."""
    found = silent_from(facts)
    until = NOW + timedelta(days=60) if found is None else found - timedelta(microseconds=1)
    hours = int((until - NOW) / timedelta(hours=1)) + 1
    moments = [NOW + timedelta(hours=hour) for hour in range(hours)] + [until]
    assert not [at for at in moments if NOW <= at <= until and _tier_at(facts, at) is not None]
    if found is not None:
        assert found >= NOW
        assert _tier_at(facts, found) is not None


def _tier_at(facts: SilenceFacts, at: datetime) -> Tier | None:
    return silence_tier(replace(facts, now=at, today=mood_day_at(at, facts.zone)))


def test_a_silence_ends_with_its_last_missed_day_on_the_patients_clock() -> None:
    paris = find_zone("Europe/Paris") or UTC
    facts = replace(QUIET, zone=paris, risk_at_intake=True, invited_at=NOW)
    assert silent_from(facts) == day_start(TODAY + timedelta(days=4), paris)
    assert silent_from(replace(facts, paused=(DaySpan(TODAY, date.max),))) is None

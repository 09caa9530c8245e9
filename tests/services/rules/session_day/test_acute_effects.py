"""Rule E5, row by row. The session begins at 0 h and ends at 1 h; a day after it is 25 h."""

from __future__ import annotations

import pytest

from services.rules.decision import Tier
from services.rules.session_day.acute_effects import e5
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from tests.builders.rules.courses import treated
from tests.builders.rules.session_day import effect, report, session

ONE = treated(session())
TWO = treated(session(), session("s2", hours=72))


@pytest.mark.parametrize("code", sorted(SIDE_EFFECTS.acute_codes))
def test_an_acute_effect_still_there_a_day_later_is_high(code):
    decision = e5(report(25, effect(code, 2)), ONE)

    assert (decision.rule, decision.fired, decision.tier) == ("E5", True, Tier.HIGH)
    assert (decision.inputs["still_there"], decision.inputs["sessions"]) == (code, "s1")


@pytest.mark.parametrize("code", sorted(set(SIDE_EFFECTS.effects) - SIDE_EFFECTS.acute_codes))
def test_other_effects_may_last(code):
    assert not e5(report(25, effect(code, 2)), ONE).is_met


@pytest.mark.parametrize(
    ("name", "hours", "grade", "onset", "ended", "fires"),
    [
        ("a day after the end", 25, 2, None, None, True),
        ("a minute before that", 24.98, 2, None, None, False),
        ("a day after the start only", 24, 2, None, None, False),
        ("mild", 25, 1, None, None, False),
        ("life-threatening", 25, 4, None, None, True),
        ("ended before", 30, 2, None, 24.9, False),
        ("ended at a day", 30, 2, None, 25, True),
        ("ended later", 30, 2, None, 29, True),
        ("an end foretold is no report at 24 h", 3, 2, None, 40, False),
        ("began in the session", 30, 2, 0.5, None, True),
        ("began a day after the end", 30, 2, 25, None, True),
        ("began later: new, not still there", 30, 2, 25.1, None, False),
        ("began an hour before the recorded start", 30, 2, -1, None, True),
        ("began before any session", 30, 2, -1.1, None, False),
    ],
)
def test_still_there_row_by_row(name, hours, grade, onset, ended, fires):
    decision = e5(report(hours, effect("dizziness", grade, onset, ended)), ONE)

    assert decision.fired is fires, name


def test_a_missing_end_in_an_earlier_report_fires_nothing_later():
    early, later = report(3, effect("dizziness", 2)), report(40, effect("nausea", 1))

    assert not e5(early, ONE).is_met
    assert not e5(later, ONE).is_met


def test_a_late_report_fires_like_any_other():
    assert e5(report(25, effect("dizziness", 2), late=True), ONE).fired


def test_without_a_session_nothing_persists():
    assert not e5(report(25, effect("dizziness", 2)), treated()).is_met


def test_a_planned_session_is_none_yet():
    assert not e5(report(25, effect("dizziness", 2)), treated(session("s2", hours=48))).is_met


@pytest.mark.parametrize(
    ("name", "hours", "onset", "named", "sessions"),
    [
        ("the last session explains it", 74, None, None, None),
        ("begun after the session before", 74, 2, None, "s1"),
        ("begun after the last one", 74, 73, None, None),
        ("said of the session before", 74, None, "s1", "s1"),
        ("said of a session that is not known", 74, None, "s9", None),
        ("a day after the last one", 97, None, None, "s2"),
        ("a day after the last one, said of the one before", 97, None, "s1", "s1,s2"),
        ("begun just before the last one, clocks apart", 97, 71.5, None, "s2"),
    ],
)
def test_to_which_session_an_effect_belongs(name, hours, onset, named, sessions):
    decision = e5(report(hours, effect("dizziness", 2, onset), session_id=named), TWO)

    assert decision.inputs["sessions"] == sessions, name
    assert decision.fired is (sessions is not None)


@pytest.mark.parametrize("code", SIDE_EFFECTS.effects)
@pytest.mark.parametrize(("grade", "fires"), [(2, False), (3, True), (4, False)])
def test_grade_3_of_anything_is_high_at_any_time_and_grade_4_is_e1s(code, grade, fires):
    decision = e5(report(0.5, effect(code, grade, onset=0.2, ended=0.4)), ONE)

    assert (decision.fired, decision.inputs["severe"]) == (fires, code if fires else None)


def test_several_effects_make_one_decision_in_a_fixed_order():
    effects = [effect("nausea", 2), effect("headache", 2), effect("sleep_problem", 3)]
    decision = e5(report(30, *effects), ONE)

    assert decision.inputs["still_there"] == "headache,nausea"
    assert decision.inputs["severe"] == "sleep_problem"
    assert e5(report(30, *reversed(effects)), ONE) == decision

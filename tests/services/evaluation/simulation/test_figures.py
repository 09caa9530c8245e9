"""Figures of a few patients that can be counted on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

import pytest

from services.evaluation.simulation.figures import RULES, SimulationTally, document, targets
from services.evaluation.simulation.patients import USUAL_NOISE, Kind, SimulatedPatient
from services.evaluation.simulation.replay import Episode, History
from services.rules.decision import RuleId
from tests.services.evaluation.simulation.by_hand import SESSION_DAY, day, one_session

WEEKS = 10


def patient(kind: Kind, worsened_on: int | None = None, session: int = 50) -> SimulatedPatient:
    history = History("simulated", one_session(session), {})
    return SimulatedPatient(
        kind=kind,
        begins_as="steady",
        history=history,
        first_session_on=day(SESSION_DAY),
        worsened_on=None if worsened_on is None else day(worsened_on),
        ends_on=day(SESSION_DAY + WEEKS * 7),
    )


def episodes(*found: tuple[RuleId, int]) -> Sequence[Episode]:
    at = time(20, tzinfo=UTC)
    return [
        Episode(rule, day(on), datetime.combine(day(on), at), "medium", None) for rule, on in found
    ]


def test_episodes_are_false_in_who_never_worsened_and_before_who_did():
    tally = SimulationTally()
    tally.add(patient("steady"), episodes(("M2", 20), ("M5", 21)))
    tally.add(patient("deteriorating", worsened_on=42), episodes(("M2", 41), ("M2", 42)))
    m2 = tally.of("M2")
    assert m2.false_in_steady == pytest.approx(1 / WEEKS)
    # One in 10 weeks of a share of 0.16, one in the 5 weeks before it of a share of 0.08.
    assert m2.false_per_week == pytest.approx((0.16 * 0.1 + 0.08 * 0.2) / 0.24)
    assert m2.new_per_week == pytest.approx((0.16 * 0.1 + 0.08 * 0.2) / 0.24)
    assert tally.of().new_per_week == pytest.approx((0.16 * 0.2 + 0.08 * 0.2) / 0.24)
    assert tally.new_in("steady") == pytest.approx(0.2)
    assert tally.new_in("steady", "M5") == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("found_on", "in_time"), [(41, False), (42, True), (47, True), (48, False)]
)
def test_in_time_is_from_the_day_it_began_to_the_fifth_after(found_on: int, in_time: bool):
    tally = SimulationTally()
    tally.add(patient("deteriorating", worsened_on=42), episodes(("M2", found_on)))
    (detection,) = tally.of("M2").findings
    assert detection.in_time is in_time


def test_lead_is_counted_to_the_next_session():
    tally = SimulationTally()
    tally.add(patient("deteriorating", worsened_on=42), episodes(("M5", 44), ("M2", 45)))
    m2, every = tally.of("M2"), tally.of()
    assert (m2.days_to_find, m2.lead) == (3, 5)
    assert (every.days_to_find, every.lead) == (2, 6)
    assert tally.of("M1").found == 0
    assert tally.of("M1").lead is None


def test_after_the_last_session_there_is_no_lead():
    tally = SimulationTally()
    tally.add(patient("deteriorating", worsened_on=51), episodes(("M2", 53)))
    (detection,) = tally.of("M2").findings
    assert detection.across_session
    assert (detection.days, detection.lead) == (2, None)


def test_targets_say_met_not_met_and_nobody_to_see():
    tally = SimulationTally()
    tally.add(patient("steady"), episodes(("M2", 20)))
    assert [(one.seen, one.met) for one in targets(tally)] == [
        (pytest.approx(0.1), False),
        (pytest.approx(0.1), False),
        (None, None),
        (None, None),
    ]
    assert targets(SimulationTally())[0].met is True
    tally.add(patient("deteriorating", worsened_on=42), episodes(("M5", 43)))
    assert [one.met for one in targets(tally)][2:] == [False, True]


def test_the_document_is_labelled_and_has_a_row_for_each_rule_and_one_for_all():
    tally = SimulationTally()
    tally.add(patient("deteriorating", worsened_on=42), episodes(("M2", 44)))
    found = document(tally, USUAL_NOISE)
    assert found["simulated"] is True
    assert isinstance(found["rules"], list)
    assert [row["rule"] for row in found["rules"]] == [*RULES, "M1-M5"]
    assert found["worsenings"] == [
        {
            "before": "steady",
            "across_session": False,
            "worsenings": 1,
            "found_by_M2": 1.0,
            "found_by_any": 1.0,
        }
    ]

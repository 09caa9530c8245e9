"""One report, one set of vital signs: all their decisions, yes and no alike."""

from __future__ import annotations

import itertools
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules.decide.side_effects import EffectsCase, effects_decisions, wants_repeat
from services.rules.decide.vital_signs import VitalsCase, vitals_decisions
from services.rules.decision import Tier
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.worsening.repetition import AlertHistory
from tests.builders.rules.courses import treated
from tests.builders.rules.session_day import after, effect, pressure, report, session, vitals

NAUSEA = effect("nausea")


def fired(case: EffectsCase) -> dict[str, str | None]:
    return {one.rule: one.tier for one in effects_decisions(case) if one.fired}


def test_every_rule_answers_also_when_nothing_is_wrong():
    decisions = effects_decisions(EffectsCase(report(3, NAUSEA), UTC))

    assert [one.rule for one in decisions] == ["E1", "E2", "E5", "E6", "U1", "B1"]
    assert not any(one.fired or one.is_met or one.tier for one in decisions)
    assert all(one.rule_version for one in decisions)


@pytest.mark.parametrize(
    ("name", "reported", "rules"),
    [
        ("an emergency", report(3, effect("chest_pain")), {"E1": Tier.CRITICAL}),
        ("a severe effect", report(3, effect("anxiety_panic", 3)), {"E5": Tier.HIGH}),
        ("still there", report(25, effect("dizziness", 2)), {"E5": Tier.HIGH}),
        ("drove", report(3, effect("drove_within_restriction")), {"E6": Tier.MEDIUM}),
        ("urinary", report(3, effect("urinary_pain", 2)), {"U1": Tier.MEDIUM}),
        ("blood", report(3, effect("blood_in_urine", 1)), {"U1": Tier.HIGH}),
        (
            "a crisis with a symptom",
            report(3, effect("vision_loss"), vitals=pressure(180, 180, 90)),
            {"E1": Tier.CRITICAL, "E2": Tier.CRITICAL},
        ),
    ],
)
def test_each_rule_fires_alone(name, reported, rules):
    assert fired(EffectsCase(reported, UTC, treatment=treated(session()))) == rules, name


def test_a_single_high_pressure_asks_for_another_measurement():
    first = report(3, NAUSEA, vitals=pressure(180, 190, 100))
    second = report(3.1, NAUSEA, vitals=pressure(186, 190, 100))

    assert wants_repeat(effects_decisions(EffectsCase(first, UTC)))
    assert fired(EffectsCase(second, UTC, earlier=[first])) == {"E2": Tier.HIGH}
    assert not wants_repeat(effects_decisions(EffectsCase(second, UTC, earlier=[first])))
    measured = EffectsCase(second, UTC, pressures=[pressure(180, 190, 100)])
    assert fired(measured) == {"E2": Tier.HIGH}


def test_a_symptom_reported_before_makes_a_high_pressure_critical():
    reported = report(2, effect("breathless"))
    case = EffectsCase(report(5, NAUSEA, vitals=pressure(300, 180, 90)), UTC, earlier=[reported])

    assert fired(case) == {"E2": Tier.CRITICAL}


def test_no_e_rule_is_suppressed_by_time_or_by_alert_history():
    everything = [effect(code, 3) for code in SIDE_EFFECTS.effects]
    reported = report(3, *everything, vitals=pressure(180, 200, 130), late=True)
    history = AlertHistory(
        last_opened_on=dict.fromkeys(("E1", "E2", "E5", "E6"), reported.mood_day)
    )
    case = EffectsCase(reported, UTC, treatment=treated(session()), alert_history=history)

    assert {"E1", "E2", "E5", "E6"} <= set(fired(case))


ELEVATED = effect("elevated_mood_or_agitation", 2)


def test_b1_counts_days_in_a_row_of_bipolar_patients_from_this_and_other_reports():
    yesterday, today = report(0, ELEVATED), report(24, effect(ELEVATED.code, 1), ELEVATED)
    case = EffectsCase(today, UTC, earlier=[yesterday, report(1, NAUSEA)])

    assert fired(case) == {}
    bipolar = EffectsCase(today, UTC, earlier=case.earlier, indications=["bipolar depression"])
    assert fired(bipolar) == {"B1": Tier.HIGH}
    assert fired(EffectsCase(today, UTC, indications=["bipolar depression"])) == {}


def test_u1_and_b1_are_reported_once_an_episode():
    reported = report(24, effect("urinary_pain", 2))
    history = AlertHistory(last_opened_on={"U1": reported.mood_day}, highest={"U1": Tier.MEDIUM})
    decisions = effects_decisions(EffectsCase(reported, UTC, alert_history=history))
    [u1] = [one for one in decisions if one.rule == "U1"]

    assert (u1.is_met, u1.fired, u1.inputs["held"]) == (True, False, "same_episode")


@pytest.mark.parametrize(
    ("begun", "seen", "fires"),
    [(4, (), True), (3, (), False), (4, ("urinary_frequency",), False)],
)
def test_the_first_new_urinary_symptom_counts_after_four_sessions_begun(begun, seen, fires):
    sessions = [session(f"s{n}", hours=n) for n in range(begun)]
    planned = session("planned", hours=900)
    case = EffectsCase(
        report(30, effect("urinary_frequency", 1)),
        UTC,
        treatment=treated(*sessions, planned),
        seen_before=seen,
    )

    assert ("U1" in fired(case)) is fires


def test_a_symptom_of_another_recent_report_is_not_new():
    sessions = [session(f"s{n}", hours=n) for n in range(4)]
    before = report(20, effect("urinary_frequency", 1))
    case = EffectsCase(
        report(30, effect("urinary_frequency", 1)), UTC, [before], treatment=treated(*sessions)
    )

    assert "U1" not in fired(case)


effects = st.lists(
    st.builds(
        effect,
        st.sampled_from(sorted(SIDE_EFFECTS.effects)),
        st.integers(1, 4),
        st.sampled_from([None, 0.5]),
    ),
    max_size=3,
)


@settings(max_examples=40)
@given(effects, effects, effects)
def test_neither_the_order_of_effects_nor_of_reports_matters(first, second, third):
    others = [report(1, *second), report(26, *third, vitals=pressure(1560, 190, 90))]
    found = {
        str(
            effects_decisions(
                EffectsCase(
                    report(27, *mine, vitals=pressure(1620, 185, 100)),
                    UTC,
                    order,
                    treatment=treated(session()),
                    indications=["bipolar"],
                )
            )
        )
        for mine in itertools.permutations(first)
        for order in itertools.permutations(others)
    }

    assert len(found) == 1


def vitals_of(taken, **more) -> dict[str, tuple[str | None, str | None]]:
    decisions = vitals_decisions(VitalsCase(session(), taken, **more))
    assert [one.rule for one in decisions] == ["E2", "E3", "E4", "E7"]
    assert {one.about for one in decisions} == {"s1"}
    return {one.rule: one.tier for one in decisions if one.fired}


def test_vital_signs_answer_their_rules_about_their_session():
    assert vitals_of(vitals("pre", -10)) == {}
    assert vitals_of(vitals("pre", -10, 141)) == {"E3": Tier.HIGH}
    assert vitals_of(vitals("post", 40, 160), series=[vitals("pre", -10)]) == {"E4": Tier.HIGH}
    both = vitals_of(vitals("during", 20, 185), series=[vitals("during", 10, 185)])
    assert both == {"E2": Tier.HIGH}


def test_e2_of_vital_signs_sees_the_patients_own_readings_and_symptoms():
    taken = vitals("post", 45, 185)
    own = report(1, NAUSEA, vitals=pressure(60, 181, 100))

    assert vitals_of(taken, reports=[own]) == {"E2": Tier.HIGH}
    assert vitals_of(taken, pressures=[own.vitals]) == {"E2": Tier.HIGH}
    assert vitals_of(taken, reports=[report(9, effect("fainting"))]) == {"E2": Tier.CRITICAL}
    assert vitals_of(taken, reports=[report(26, effect("fainting"))]) == {}


def test_a_single_crisis_reading_of_a_session_asks_for_a_repeat():
    decisions = vitals_decisions(VitalsCase(session(), vitals("during", 10, 180)))

    assert wants_repeat(decisions)
    assert not wants_repeat(vitals_decisions(VitalsCase(session(), vitals("post", 90))))
    assert after(0) == session().started_at

"""A replay decides as the service would have, entry by entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date

from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.simulation.patients import cohort
from services.evaluation.simulation.replay import DAILY, History, RunningBaseline, replay
from services.rules.day_series import day_rows
from services.rules.figures.baseline import find_baseline
from tests.services.evaluation.simulation.by_hand import (
    LAST,
    WORSE_FROM,
    day,
    entry,
    level,
    one_session,
    responder_who_worsens,
)


def reported(history: History) -> list[tuple[str, date]]:
    return [(episode.rule, episode.on) for episode in replay(history)]


def test_a_lasting_rise_of_6_opens_one_m2_episode_on_its_third_day():
    # Reference 5, limit 8: the average is 7.4, 8.84, 9.7; the run is complete on the third day.
    # A fortnight later the median has risen with her, so nothing repeats.
    assert reported(responder_who_worsens()) == [("M2", day(WORSE_FROM + 2))]


def test_answers_that_come_late_open_nothing_on_their_own():
    daily = [entry(number, level(number), late_by=3) for number in range(LAST)]
    assert reported(replace(responder_who_worsens(), entries={DAILY: daily})) == []


def test_a_later_answer_may_open_what_late_ones_have_prepared():
    # The first two raised days arrive on the evening of the third, just before its own answer.
    late = {WORSE_FROM, WORSE_FROM + 1}
    daily = [entry(n, level(n), late_by=3 if n in late else 0) for n in range(LAST)]
    history = replace(responder_who_worsens(), entries={DAILY: daily})
    assert reported(history)[0][1] > day(WORSE_FROM + 2)


def test_an_empty_history_has_no_episode():
    assert reported(History("nobody", one_session(), {})) == []


def test_a_simulated_patient_has_the_same_episodes_every_time():
    once, again = ([list(replay(p.history)) for p in cohort(12, 12, seed=8)] for _ in range(2))
    assert once == again
    assert any(once)


totals = st.lists(st.tuples(st.integers(0, 27), st.sampled_from([0, 0, 0, 1, 3])), max_size=60)


@given(totals, st.integers(0, 20))
def test_the_running_baseline_is_the_recomputed_one(found, session_day):
    series = [entry(n, total, late) for n, (total, late) in enumerate(found)]
    series.sort(key=lambda one: one.received_at)
    history = History("any", one_session(session_day), {DAILY: series})
    running, so_far = RunningBaseline(), []
    for one in series:
        so_far.append(one)
        begun = history.treatment.until(one.received_at)
        rows = day_rows(so_far)
        whole = find_baseline(DAILY, so_far, rows, treatment=begun, zone=UTC)
        assert running.after(DAILY, so_far, begun, UTC) == whole

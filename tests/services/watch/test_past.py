"""Twice a day the past is looked at, a month a run; what is found stays until it is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest

from services.watch.past import MONTH, MOST_KEPT
from services.watch.run import Run, look, watch
from tests.builders.calls import made
from tests.builders.paging.watched import Watched
from tests.builders.scene import START, Scene
from tests.builders.world import World, log_in

TOO_LOW = "answer_tier_too_low"
LOWER = "UPDATE alert_occurrences SET first_tier = 'high', tier = 'high' WHERE alert_id = %s"
MEND: Final = LOWER.replace("high", "critical")


def begin(scene: Scene, days: int) -> None:
    """So long ago, with a clinic of then."""
    scene.now = START - timedelta(days=days)
    scene.clinic = World(scene.app, scene.now).clinic()


def much_later(scene: Scene, days: float) -> None:
    """Who was logged in then, is not any more."""
    scene.later(days=days)
    with scene.app.app_context():
        admin = log_in(scene.app, scene.clinic.id, scene.clinic.admin.user_id, scene.now)
    scene.clinic = replace(scene.clinic, admin=admin, now=scene.now)


def resolve(scene: Scene, alert_id: UUID) -> None:
    """A clinician ends it."""
    chart = scene.chart(scene.clinic.patient())
    ended = {"disposition": "safe_plan_made"}
    made(chart.post(f"/v1/alerts/{alert_id}/resolve", ended, scene.clinic.staff()), 200)


def settled(scene: Scene, watched: Watched) -> None:
    """All that came so far is past."""
    watched.keep(scene)
    watched.spoil("UPDATE watch_runs SET settled_at = %s, whole = false", scene.now)


def runs(scene: Scene, watched: Watched) -> Iterator[Run]:
    """A run a minute, until everything has been looked at."""
    for _ in range(50):
        scene.later(minutes=1)
        yield (run := watched.keep(scene, goes_on=True))
        if run.whole:
            return
    raise AssertionError("the past has no end")


def kinds(run: Run) -> set[str]:
    return {finding.kind for finding in run.findings}


def answered_too_low(scene: Scene, watched: Watched) -> UUID:
    """An answer of today that stands on its alert at a lower tier than it calls for."""
    alert_id = scene.answer()
    watched.spoil(LOWER, alert_id)
    return alert_id


def test_a_fault_is_found_in_its_month_and_stays_found_until_that_is_looked_at_again(
    scene: Scene, watched: Watched
) -> None:
    begin(scene, days=400)
    much_later(scene, 100)
    answered_too_low(scene, watched)
    much_later(scene, 300)
    settled(scene, watched)
    assert TOO_LOW not in kinds(watched.keep(scene))
    round_of_runs = list(runs(scene, watched))
    assert [TOO_LOW in kinds(run) for run in round_of_runs] == [False] * 3 + [True] * 10
    assert round_of_runs[4].row["past_until"] == START - timedelta(days=400) + 5 * MONTH
    scene.later(minutes=1)
    assert TOO_LOW in kinds(watched.keep(scene, goes_on=True))
    watched.spoil("UPDATE alert_occurrences SET first_tier = 'critical', tier = 'critical'")
    scene.later(days=1)
    again = [TOO_LOW in kinds(run) for run in runs(scene, watched)]
    assert again == [True] * 3 + [False] * 10


def test_what_is_new_is_looked_at_by_each_run_of_a_round(scene: Scene, watched: Watched) -> None:
    begin(scene, days=200)
    much_later(scene, 199)
    settled(scene, watched)
    for number, run in enumerate(runs(scene, watched)):
        assert (TOO_LOW in kinds(run)) == (number > 1)
        if number == 1:
            answered_too_low(scene, watched)


def test_two_rounds_a_day(scene: Scene, watched: Watched) -> None:
    begin(scene, days=70)
    much_later(scene, 69)
    settled(scene, watched)
    assert [run.whole for run in runs(scene, watched)] == [False, False, True]
    scene.later(hours=11)
    run = watched.keep(scene, goes_on=True)
    assert (run.whole, run.row["past_until"]) == (False, None)
    scene.later(hours=1)
    assert watched.keep(scene, goes_on=True).row["past_until"] == START - timedelta(days=70) + MONTH


def test_it_is_not_well_while_the_past_is_not(scene: Scene, watched: Watched) -> None:
    touched: list[bool] = []
    begin(scene, days=90)
    much_later(scene, 40)
    alert_id = answered_too_low(scene, watched)
    resolve(scene, alert_id)
    much_later(scene, 40)
    settled(scene, watched)
    with watched.auditor.app_context():
        for _ in range(4):
            scene.later(minutes=1)
            watch(scene.now, lambda: touched.append(True))
    assert touched == [True]


def occurrence_gone(watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM alert_occurrences WHERE alert_id = %s", alert_id)


def ended_by_nobody(watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM alert_resolutions WHERE alert_id = %s", alert_id)


def alert_gone(watched: Watched, alert_id: UUID) -> None:
    watched.spoil("DELETE FROM alerts WHERE id = %s", alert_id)


def answer_gone(watched: Watched, alert_id: UUID) -> None:
    watched.spoil(
        "DELETE FROM check_ins c USING alert_occurrences o"
        " WHERE c.id = o.entry_id AND o.alert_id = %s",
        alert_id,
    )


@pytest.mark.parametrize("long_ago", [45, 400])
def test_a_round_finds_what_a_look_at_everything_finds(
    scene: Scene, watched: Watched, long_ago: int
) -> None:
    begin(scene, days=long_ago + 4 * 9)
    for plant in (occurrence_gone, ended_by_nobody, alert_gone, answer_gone):
        much_later(scene, 9)
        alert_id = scene.answer()
        resolve(scene, alert_id)
        plant(watched, alert_id)
    much_later(scene, long_ago)
    settled(scene, watched)
    *_, last = runs(scene, watched)
    with watched.auditor.app_context():
        whole = look(scene.now, whole=True)
    assert set(last.findings) == set(whole.findings)
    assert len(kinds(last)) >= 4


def test_a_fault_that_nobody_mends_is_never_forgotten(scene: Scene, watched: Watched) -> None:
    """Whenever it came: from what is looked at by each run it goes over into the past."""
    begin(scene, days=40)
    settled(scene, watched)
    assert len(list(runs(scene, watched))) == 1
    for planted, hours in enumerate((1, 11, 13), start=1):
        much_later(scene, hours / 24)
        answered_too_low(scene, watched)
        for _ in range(9):
            scene.later(hours=5)
            for _ in range(3):
                scene.later(minutes=1)
                found = watched.keep(scene, goes_on=True).findings
                assert [finding.kind for finding in found].count(TOO_LOW) == planted
            watched.spoil("UPDATE watch_runs SET settled_at = at")


def test_what_is_new_is_found_no_longer_than_it_lasts(scene: Scene, watched: Watched) -> None:
    """Also where a round ended meanwhile."""
    begin(scene, days=40)
    much_later(scene, 40)
    settled(scene, watched)
    alert_id = answered_too_low(scene, watched)
    assert [TOO_LOW in kinds(run) for run in runs(scene, watched)] == [True, True]
    watched.spoil(MEND, alert_id)
    scene.later(minutes=1)
    assert TOO_LOW not in kinds(watched.keep(scene, goes_on=True))


def test_what_is_taken_away_after_a_day_is_not_forgotten_before_the_next_round(
    scene: Scene, watched: Watched
) -> None:
    begin(scene, days=40)
    much_later(scene, 38)
    alert_id = scene.answer()
    settled(scene, watched)
    for _ in range(2):
        assert len(list(runs(scene, watched))) == 2
        watched.spoil("UPDATE watch_runs SET settled_at = at")
        scene.later(hours=12)
    scene.later(hours=-1)
    watched.spoil(LOWER, alert_id)
    for _ in range(30):
        assert TOO_LOW in kinds(watched.keep(scene, goes_on=True))
        watched.spoil("UPDATE watch_runs SET settled_at = at")
        scene.later(hours=1)


def test_a_clock_that_was_ahead_keeps_nothing_found(scene: Scene, watched: Watched) -> None:
    begin(scene, days=80)
    much_later(scene, 75)
    alert_id = answered_too_low(scene, watched)
    much_later(scene, 5)
    settled(scene, watched)
    scene.later(days=5)
    assert TOO_LOW in kinds(list(runs(scene, watched))[-1])
    scene.later(days=-5)
    assert TOO_LOW in kinds(watched.keep(scene, goes_on=True))
    watched.spoil(MEND, alert_id)
    assert TOO_LOW not in kinds(list(runs(scene, watched))[-1])


def test_a_round_of_a_clock_that_was_ahead_begins_anew(scene: Scene, watched: Watched) -> None:
    begin(scene, days=80)
    much_later(scene, 70)
    answered_too_low(scene, watched)
    much_later(scene, 10)
    settled(scene, watched)
    scene.later(days=300)
    for _ in range(4):
        scene.later(minutes=1)
        run = watched.keep(scene, goes_on=True)
    assert run.row["past_until"] > START
    scene.later(days=-300)
    round_of_runs = list(runs(scene, watched))
    assert len(round_of_runs) == 3
    assert all(TOO_LOW in kinds(run) for run in round_of_runs)


def test_many_faults_of_a_kind_hide_no_other_and_do_not_fill_the_disk(
    scene: Scene, watched: Watched
) -> None:
    begin(scene, days=40)
    pat = scene.clinic.patient()
    ids = [scene.answer(pat) for _ in range(MOST_KEPT + 2)]
    resolve(scene, ids[0])
    watched.spoil(LOWER, ids[0])
    ended_by_nobody(watched, ids[0])
    much_later(scene, 40)
    settled(scene, watched)
    *_, last = runs(scene, watched)
    counts = Counter(finding.kind for finding in last.findings)
    assert counts == {TOO_LOW: MOST_KEPT, "ended_by_nobody": 1}


def test_a_form_that_came_late_is_compared_with_what_was_known_around_its_time(
    scene: Scene, watched: Watched
) -> None:
    """Item 9 left open calls for more, where it was above 0 in the fortnight before."""
    begin(scene, days=200)
    pat = scene.clinic.patient()
    much_later(scene, 9)
    resolve(scene, scene.answer(pat))
    much_later(scene, 100)
    chart = scene.chart(pat)
    answers = chart.form(total=1)["answers"] | {"q9": "declined"}
    chart.answer(answers=answers, recorded_at=(scene.now - timedelta(days=97)).isoformat())
    watched.spoil(
        "UPDATE alert_occurrences SET first_tier = 'medium', tier = 'medium'"
        " WHERE received_at = %s",
        scene.now,
    )
    much_later(scene, 50)
    settled(scene, watched)
    with watched.auditor.app_context():
        assert TOO_LOW in kinds(look(scene.now, whole=True))
    *_, last = runs(scene, watched)
    assert TOO_LOW in kinds(last)

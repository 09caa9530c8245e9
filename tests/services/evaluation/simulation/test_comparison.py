"""A shadow run differs where the numbers differ, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.evaluation.simulation.comparison import ShadowTally, changed_numbers, compare
from services.evaluation.simulation.patients import cohort
from services.rules.numbers import DATA, NumbersError
from services.rules.worsening.numbers import RULE_NUMBERS, RuleNumbers
from tests.services.evaluation.simulation.by_hand import WORSE_FROM, day, responder_who_worsens


def with_m2(**changed: float) -> RuleNumbers:
    worsening = RULE_NUMBERS.worsening
    return replace(RULE_NUMBERS, worsening=replace(worsening, m2=replace(worsening.m2, **changed)))


def test_the_same_numbers_differ_in_nothing():
    for patient in cohort(15, 12, seed=6):
        found = compare(patient.history, changed_numbers([DATA / "worsening.toml"]))
        assert {one.side for one in found} <= {"both"}


def test_a_stricter_rule_opens_the_same_episode_two_days_later():
    stricter = with_m2(ewma_run=4, run_length=5)
    found = compare(responder_who_worsens(), stricter)
    assert [(one.side, one.episode.rule, one.episode.on) for one in found] == [
        ("only_now", "M2", day(WORSE_FROM + 2)),
        ("only_then", "M2", day(WORSE_FROM + 4)),
    ]


def test_a_rule_that_asks_too_much_opens_nothing():
    found = compare(responder_who_worsens(), with_m2(ewma_min_rise=9, run_min_rise=9))
    assert [one.side for one in found] == ["only_now"]


def test_days_before_the_first_that_counts_are_memory_only():
    since = day(WORSE_FROM + 3)
    history = responder_who_worsens()
    tally = ShadowTally()
    tally.add(history, compare(history, RULE_NUMBERS, since=since), since)
    assert not tally.episodes
    assert tally.days == (day(69) - since).days + 1


def test_figures_are_counted_by_rule_side_and_week():
    history = responder_who_worsens()
    tally = ShadowTally()
    tally.add(history, compare(history, with_m2(ewma_run=4, run_length=5)))
    assert tally.rules == ["M2"]
    assert (tally.now("M2"), tally.then("M2"), tally.days) == (1, 1, 70)
    assert tally.per_week(1) == pytest.approx(0.1)
    assert ShadowTally().per_week(0) == 0


def changed(tmp_path: Path, name: str, old: str, new: str) -> Path:
    content = (DATA / f"{name}.toml").read_text("utf-8")
    assert old in content
    path = tmp_path / f"{Path(name).name}-{len(list(tmp_path.iterdir()))}.toml"
    path.write_text(content.replace(old, new), "utf-8")
    return path


def test_each_file_replaces_its_own_numbers(tmp_path: Path):
    files = [
        changed(tmp_path, "worsening", "ewma_run = { value = 2", "ewma_run = { value = 3"),
        changed(
            tmp_path,
            "course_rules/1",
            "before_min_days = { value = 1",
            "before_min_days = { value = 2",
        ),
    ]
    found = changed_numbers(files)
    assert found.worsening.m2.ewma_run == 3
    assert found.course.m5.before_min_days == 2
    assert found.course.m3 == RULE_NUMBERS.course.m3


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("ewma_run = { value = 2", "ewma_run = { value = -2", "m2.ewma_run: must be above zero"),
        ("[m1]", "[m9]", "m9: is not a known key"),
        ("ewma_run", "ewma_walk", "m2.ewma_walk: is not a known key"),
    ],
)
def test_a_file_that_must_not_be_used_is_refused_by_name(
    tmp_path: Path, old: str, new: str, problem: str
):
    with pytest.raises(NumbersError, match=problem):
        changed_numbers([changed(tmp_path, "worsening", old, new)])


def test_two_files_of_one_kind_are_refused():
    with pytest.raises(NumbersError, match="a second file of worsening rules"):
        changed_numbers([DATA / "worsening.toml"] * 2)

"""Simulated patients are what they are said to be, and the same every time."""

from __future__ import annotations

import ast
import random
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from services.evaluation.simulation import patients as module
from services.evaluation.simulation.patients import (
    KINDS,
    SHAPES,
    Noise,
    Response,
    SimulatedPatient,
    cohort,
    deviations,
    levels,
    score,
)
from services.evaluation.simulation.replay import DAILY, TWO_WEEKS

NOISELESS = Noise(sd=0, autocorrelation=0, missing=0)


def test_the_same_seed_gives_the_same_patients_however_many_are_asked_for():
    few, many = list(cohort(5, 12, seed=3)), list(cohort(9, 12, seed=3))
    assert few == many[:5]
    assert few != list(cohort(5, 12, seed=4))


def test_everybody_and_every_answer_is_named_as_simulated():
    for patient in cohort(8, 12, seed=1):
        history = patient.history
        ids = [entry.entry_id for found in history.entries.values() for entry in found]
        ids += [session.id for session in history.treatment.sessions]
        assert all(name.startswith("simulated-") for name in [history.patient, *ids])


def test_shares_are_of_one_population_and_every_kind_is_drawn():
    assert sum(shape.share for shape in SHAPES.values()) == pytest.approx(1)
    assert sum(shape.drawn for shape in SHAPES.values()) == pytest.approx(1)
    assert {patient.kind for patient in cohort(120, 8, seed=1)} == set(KINDS)


def test_too_short_a_simulation_is_refused():
    with pytest.raises(ValueError, match="at least 8 weeks"):
        next(cohort(1, 7, seed=1))


def test_noise_has_its_spread_its_memory_and_its_gaps():
    dice, noise = random.Random(5), Noise(sd=2, autocorrelation=0.3, missing=0.2)
    found = [one for one, _ in zip(deviations(noise, dice), range(20_000), strict=False)]
    spread = (sum(one**2 for one in found) / len(found)) ** 0.5
    memory = sum(now * then for now, then in pairwise(found)) / len(found) / spread**2
    assert 1.95 < spread < 2.05
    assert 0.28 < memory < 0.32
    answered = [len(patient.history.entries[DAILY]) for patient in cohort(60, 26, seed=2)]
    assert abs(sum(answered) / (60 * 182) - 0.8) < 0.01


@pytest.mark.parametrize(("level", "total"), [(-1.2, 0), (4.4, 4), (4.6, 5), (30, 27)])
def test_a_total_stays_on_the_scale(level: float, total: int):
    assert score(level) == total


def test_symptoms_fall_in_two_days_and_wear_off_until_the_next_session():
    response = Response(before=18, after=4, stays=0.5, wear_off=6, wear_off_days=12)
    true = levels(response, [7, 21], 36)
    assert true[:7] == [18] * 7
    # Half of the 14 points in two days: 30 %, then 70 %, then all of it.
    assert true[7:10] == pytest.approx([18 - 2.1, 18 - 4.9, 11])
    # Half a point a day comes back until the next session (12 days after the effect was whole).
    assert true[10] == pytest.approx(11.5)
    assert true[20] == pytest.approx(11 + 5.5)
    # The second takes half of the 7 that were left, and all that had worn off.
    assert true[23] == pytest.approx(4 + 3.5)
    assert true[35] == pytest.approx(4 + 3.5 + 6)


def test_a_rise_lasts():
    calm = Response(before=18, after=4, stays=0.5, wear_off=0, wear_off_days=14)
    worse = Response(18, 4, 0.5, 0, 14, worsened_on=30, rise=6)
    rises = [b - a for a, b in zip(levels(calm, [7], 60), levels(worse, [7], 60), strict=True)]
    assert rises == pytest.approx([0] * 30 + [6] * 30)


def of_kind(kind: str) -> SimulatedPatient:
    return next(one for one in cohort(200, 26, seed=1, noise=NOISELESS) if one.kind == kind)


def test_a_steady_responder_goes_from_about_18_to_about_5_and_stays():
    totals = [entry.total for entry in of_kind("steady").history.entries[DAILY]]
    assert all(16 <= total <= 20 for total in totals[:7] if total is not None)
    assert all(4 <= total <= 11 for total in totals[40:] if total is not None)


def test_only_the_kind_that_worsens_has_a_day_on_which_it_did():
    for patient in cohort(80, 12, seed=1):
        assert (patient.worsened_on is not None) == (patient.kind == "deteriorating")
        if patient.worsened_on is not None:
            assert patient.ends_on - patient.worsened_on >= timedelta(days=13)
            assert patient.begins_as != "deteriorating"


def test_late_answers_come_three_days_later_and_carry_the_flag():
    late = [entry for entry in of_kind("late").history.entries[DAILY] if entry.late]
    assert late
    assert {entry.received_at - entry.recorded_at for entry in late} == {timedelta(days=3)}


def test_a_form_tells_of_the_fortnight_before_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "FORM_SD", 0)
    history = of_kind("steady").history
    days = {entry.mood_day: entry.total or 0 for entry in history.entries[DAILY]}
    form = history.entries[TWO_WEEKS][8]
    before = [days[form.mood_day - timedelta(days=back)] for back in range(1, 15)]
    assert form.total is not None
    assert abs(form.total - sum(before) / 14) <= 1  # each daily total was rounded


def test_the_generator_and_the_replay_import_rules_only():
    allowed = ("services.rules", "services.evaluation.simulation")
    for path in Path(module.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("services"):
                assert (node.module or "").startswith(allowed), path.name

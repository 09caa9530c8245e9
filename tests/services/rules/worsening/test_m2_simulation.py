"""Rule M2 on simulated responders, in small; `make prove` prints the full table."""

from __future__ import annotations

import random

from tests.builders.rules.m2_simulation import FIRST_DAY, Noise, answers, level, main, simulate

RULE_AIM = Noise(sd=2.0, autocorrelation=0.0, missing=0.1)


def test_four_of_five_lasting_rises_are_found_within_five_days_and_few_false_alarms():
    figures = simulate(RULE_AIM, patients=250, seed=7)

    assert figures.found >= 0.8
    assert figures.false_per_week < 0.05


def test_autocorrelated_noise_costs_little():
    figures = simulate(Noise(sd=2.0, autocorrelation=0.3, missing=0.2), patients=250, seed=7)

    assert figures.found >= 0.7
    assert figures.false_per_week < 0.05


def test_the_simulated_patients_are_what_the_table_says():
    noise = Noise(sd=2.0, autocorrelation=0.3, missing=0.2)
    dice = random.Random(11)
    residuals, answered = [], 0
    for _ in range(800):
        values = answers(noise, dice)
        answered += len(values)
        days = {(v.day - FIRST_DAY).days: float(v.value) for v in values}
        steady = {day: score - 18 for day, score in days.items() if day < 7}
        residuals += [(steady[day], steady.get(day + 1)) for day in steady]

    spread = (sum(now**2 for now, _ in residuals) / len(residuals)) ** 0.5
    pairs = [(now, then) for now, then in residuals if then is not None]
    correlation = sum(now * then for now, then in pairs) / len(pairs) / spread**2
    assert abs(answered / (800 * 75) - 0.8) < 0.01
    assert 1.9 < spread < 2.1
    assert 0.25 < correlation < 0.35
    assert [level(day) for day in (0, 13, 69, 70)] == [18, 5, 5, 11]


def test_the_table_has_a_row_for_every_noise(capsys):
    main(patients=1)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 2 * 4 * 3
    assert lines[2].split()[:3] == ["1.5", "0.0", "0%"]

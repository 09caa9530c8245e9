"""`flask rules simulate` and `flask rules shadow --simulated`, in small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from services.evaluation.simulation.figures import SimulationTally, measure, targets
from services.rules.numbers import DATA


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["rules", *words])


SMALL = ("--patients", "8", "--weeks", "10")


def test_figures_are_the_same_for_the_same_seed_and_labelled_as_simulated(app: Flask) -> None:
    first, second = (run(app, "simulate", *SMALL, "--seed", "4", "--json") for _ in range(2))
    assert first.exit_code == 0, first.output
    found = json.loads(first.stdout)
    assert found["simulated"] is True
    assert (found["patients"], found["weeks"], found["seed"]) == (8, 10, 4)
    assert found["noise"] == {"sd": 2.0, "autocorrelation": 0.3, "missing": 0.2}
    assert [row["rule"] for row in found["rules"]] == ["M1", "M2", "M3", "M4", "M5", "M1-M5"]
    assert first.stdout == second.stdout
    other = run(app, "simulate", *SMALL, "--seed", "5", "--json")
    assert other.stdout != first.stdout


def test_each_noise_has_its_figures_and_only_the_usual_one_is_judged(app: Flask) -> None:
    lines = run(app, "simulate", *SMALL, "--sd", "1.5", "--sd", "3", "--json").stdout.splitlines()
    assert [json.loads(line)["noise"]["sd"] for line in lines] == [1.5, 3.0]
    shown = run(app, "simulate", *SMALL, "--sd", "3").stdout
    assert "SIMULATED" in shown
    assert "Targets" not in shown
    judged = run(app, "simulate", *SMALL).stdout
    assert "Targets on SIMULATED patients" in judged
    assert "at most 0.09" in judged


def test_too_few_weeks_are_refused(app: Flask) -> None:
    refused = run(app, "simulate", "--weeks", "7")
    assert refused.exit_code == 2
    assert "8<=x<=520" in refused.output


def test_the_rules_in_force_differ_from_themselves_in_nothing(app: Flask) -> None:
    same = DATA / "worsening.toml"
    words = ("--simulated", "12", "--thresholds", str(same), "--list")
    found = run(app, "shadow", *words)
    assert found.exit_code == 0, found.output
    listed = [line for line in found.stdout.splitlines() if line.startswith("simulated-")]
    assert listed
    assert all(" both" in line for line in listed)
    assert "SIMULATED" in found.stdout


def test_a_file_that_must_not_be_used_ends_the_command_with_its_fault(
    app: Flask, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("version = '2'\n", "utf-8")
    found = run(app, "shadow", "--thresholds", str(broken))
    assert found.exit_code == 1
    assert "broken.toml: measures: is missing" in found.output


def test_an_unknown_clinic_is_refused(app: Flask) -> None:
    clinic = "00000000-0000-4000-8000-000000000000"
    same = DATA / "worsening.toml"
    found = run(app, "shadow", "--thresholds", str(same), "--clinic", clinic)
    assert found.exit_code == 1
    assert "Traceback" not in found.output


@pytest.fixture(scope="module")
def small_cohort() -> SimulationTally:
    tally = SimulationTally()
    for _ in measure(tally, patients=120, weeks=20, seed=1):
        pass
    return tally


def test_a_small_cohort_is_near_the_targets(small_cohort: SimulationTally) -> None:
    """With wide margins: 120 patients tell little. `make prove` judges the full size."""
    false_m2, new, found_by_m2, found = (one.seen for one in targets(small_cohort))
    assert false_m2 is not None
    assert false_m2 < 0.05
    assert new is not None
    assert 0.02 < new < 0.14
    assert found_by_m2 is not None
    assert found_by_m2 > 0.6
    assert found is not None
    assert found > 0.7

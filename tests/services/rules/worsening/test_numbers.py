"""The numbers of M3-M5, A1, B1 and U1 are those of the clinical reference, read whole or not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import services.rules.threshold_files as loaded
from services.rules.figures.numbers import TREND_THRESHOLDS
from services.rules.threshold_files import ThresholdError
from services.rules.worsening.numbers import (
    COURSE_RULE_THRESHOLDS,
    FORM_RULE_THRESHOLDS,
    RULE_NUMBERS,
    read_course_rule_thresholds,
    read_form_rule_thresholds,
)

DATA = Path(loaded.__file__).parent / "data"
READERS = [
    ("course_rules.toml", read_course_rule_thresholds),
    ("form_rules.toml", read_form_rule_thresholds),
]


def test_response_and_remission_mean_the_same_as_in_the_report():
    m3, m4, status = COURSE_RULE_THRESHOLDS.m3, COURSE_RULE_THRESHOLDS.m4, TREND_THRESHOLDS.status
    assert m3.response_percent == status.response_percent
    assert m3.remission_below == status.remission_below
    assert m4.improvement_percent == status.partial_percent
    assert m3.percent_from_baseline == status.percent_from_baseline
    assert m4.percent_from_baseline == status.percent_from_baseline


def test_the_cuts_are_those_of_the_bands():
    assert FORM_RULE_THRESHOLDS.b1.asrm_total == 6
    assert FORM_RULE_THRESHOLDS.a1.gad7_total == 15


def test_rules_speak_again_after_the_days_of_the_table():
    assert RULE_NUMBERS.repeat_days == {"M1": 14, "A1": 14, "B1": 7, "U1": 14}


@pytest.mark.parametrize("name", [name for name, _ in READERS])
def test_every_number_has_a_unit_and_a_source(name):
    text = (DATA / name).read_text("utf-8")
    tables = [table for table in tomllib.loads(text).values() if isinstance(table, dict)]
    assert len(tables) == 3
    for values in tables:
        assert all(value["unit"] and value["source"] for value in values.values())


@pytest.mark.parametrize(("name", "read"), READERS)
def test_a_file_that_lacks_a_number_is_refused(name, read, tmp_path):
    lines = (DATA / name).read_text("utf-8").splitlines()
    cut = next(n for n, line in enumerate(lines) if " = { value" in line)
    path = tmp_path / name
    path.write_text("\n".join(lines[:cut] + lines[cut + 1 :]), "utf-8")

    with pytest.raises(ThresholdError, match=name):
        read(path)

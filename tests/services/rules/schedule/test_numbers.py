"""The schedule's numbers are data; a file that is wrong does not load."""

from __future__ import annotations

import pytest

from services.rules.figures.numbers import TREND_THRESHOLDS
from services.rules.schedule.numbers import SCHEDULE, read_schedule_numbers
from services.rules.threshold_files import DATA, ThresholdError

GOOD = (DATA / "schedule.toml").read_text("utf-8")


def test_the_numbers_are_those_of_the_clinical_decision():
    assert SCHEDULE.after_session == (1, 3, 7, 14)
    assert (SCHEDULE.before_days, SCHEDULE.baseline_days, SCHEDULE.two_weeks_days) == (3, 14, 14)
    assert (SCHEDULE.periodic.due_from_day, SCHEDULE.periodic.overdue_from_day) == (7, 14)
    assert {code: each.every_days for code, each in SCHEDULE.by_indication.items()} == {
        "gad7": 14,
        "pcl5": 30,
        "asrm": 7,
    }


def test_numbers_that_the_report_uses_too_are_written_once():
    assert SCHEDULE.baseline_days == TREND_THRESHOLDS.baseline.form_days
    assert SCHEDULE.two_weeks_days == TREND_THRESHOLDS.due_days["phq9"]


@pytest.mark.parametrize(
    ("indications", "codes"),
    [
        (["Generalised ANXIETY"], {"gad7"}),
        (["GAD", "F43.1"], {"gad7", "pcl5"}),
        (["posttraumatic stress", "bipolar II"], {"pcl5", "asrm"}),
        (["hypomania in the family"], {"asrm"}),
        (["F32.2", "treatment-resistant depression", ""], set()),
        ([], set()),
    ],
)
def test_an_indication_names_its_forms_in_words_or_by_code(indications, codes):
    assert SCHEDULE.asked_for(indications) == codes


@pytest.mark.parametrize(
    ("right", "wrong", "field"),
    [
        ("[shown]", "[show]", "shown"),
        ("opens_hours = { value = 24", "opens_hours = { value = 0", "opens_hours"),
        ("[indications.gad7]", "[indications.gad]", "indications.gad7"),
        ('terms = ["ptsd"', 'words = ["ptsd"', "indications.pcl5"),
        ('["bipolar"', '["Bipolar"', "indications.asrm"),
        ('["bipolar"', '[" "', "indications.asrm"),
        ('["bipolar"', "[1", "indications.asrm"),
        ('terms = ["ptsd", ', "terms = 3 # ", "indications.pcl5"),
    ],
)
def test_a_file_that_is_wrong_names_the_field(tmp_path, right, wrong, field):
    path = tmp_path / "schedule.toml"
    assert GOOD.count(right) >= 1
    path.write_text(GOOD.replace(right, wrong, 1), "utf-8")

    with pytest.raises(ThresholdError, match=field):
        read_schedule_numbers(path)


def test_a_file_whose_indications_are_no_table_does_not_load(tmp_path):
    path = tmp_path / "schedule.toml"
    head = GOOD[: GOOD.index("[indications.gad7]")].replace(
        "\n[shown]", "\nindications = 1\n[shown]"
    )
    path.write_text(head, "utf-8")

    with pytest.raises(ThresholdError, match=r"indications\.gad7"):
        read_schedule_numbers(path)

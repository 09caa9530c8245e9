"""The schedule's numbers are data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.rules.numbers import NumbersError
from services.rules.schedule.numbers import SCHEDULE, SCHEDULES


def test_the_numbers_are_those_of_the_clinical_decision():
    assert SCHEDULE.after_session.days == (1, 3, 7, 14)
    measures = SCHEDULE.measures
    assert (measures.session.before_days, measures.baseline.form_days) == (3, 14)
    assert (measures.session.acute_hours, measures.session.follow_up_hours) == (24, 72)
    assert SCHEDULE.periodic.every_days == 14
    assert (SCHEDULE.periodic.due_from_day, SCHEDULE.periodic.overdue_from_day) == (7, 14)
    assert {code: each.every_days for code, each in SCHEDULE.by_indication.items()} == {
        "gad7": 14,
        "pcl5": 30,
        "asrm": 7,
    }


@pytest.mark.parametrize(
    ("indications", "codes"),
    [
        (["Generalised ANXIETY"], {"gad7"}),
        (["GAD", "F43.1"], {"gad7", "pcl5"}),
        (["posttraumatic stress", "bipolar II"], {"pcl5", "asrm"}),
        (["hypomania in the family"], {"asrm"}),
        (["BD-II"], {"asrm"}),
        (["F31.3"], {"asrm"}),
        (["trouble bipolaire, ESPT"], {"asrm", "pcl5"}),
        (["F32.2", "treatment-resistant depression", ""], set()),
        ([], set()),
    ],
)
def test_an_indication_names_its_forms_in_words_or_by_code(indications, codes):
    assert SCHEDULE.asked_for(indications) == codes


def test_a_term_in_capitals_would_be_found_in_no_indication():
    first = SCHEDULES.known[0]
    with pytest.raises(NumbersError, match="terms: must be in lower case"):
        replace(first.by_indication["asrm"], terms=("Bipolar",))


def test_a_form_for_no_kind_would_be_asked_of_nobody():
    with pytest.raises(NumbersError, match="for_kinds: needs kinds of indication"):
        replace(SCHEDULE.by_indication["asrm"], for_kinds=frozenset())


def test_an_earlier_report_counts_by_the_terms_of_its_time():
    first = SCHEDULES.known[0]
    assert first.asked_for(["bipolar II", "BD-II"]) == {"asrm"}
    assert first.asked_for(["BD-II"]) == frozenset()
    assert first.at_start == frozenset()


def test_every_form_for_an_indication_has_its_numbers():
    forms = {code: form for code, form in SCHEDULE.by_indication.items() if code != "gad7"}
    with pytest.raises(NumbersError, match="by_indication: must be gad7, pcl5, asrm"):
        replace(SCHEDULE, by_indication=forms)

"""The shipped instruments: codes, options, bands, rights and branching, item by item."""

from __future__ import annotations

import pytest

from services.rules.instruments.answers import asked
from services.rules.instruments.definition import (
    CSSRS_FORMS,
    UnknownInstrument,
    instrument,
    load_instruments,
    with_texts,
)

CODES = [
    "asrm",
    "cssrs-screener",
    "cssrs-since-last-contact",
    "gad7",
    "mood",
    "pcl5",
    "phq9",
    "phq9-daily",
    "urinary",
]

PHQ9_LOINC = {
    "q1": "44250-9",
    "q2": "44255-8",
    "q3": "44259-0",
    "q4": "44254-1",
    "q5": "44251-7",
    "q6": "44258-2",
    "q7": "44252-5",
    "q8": "44253-3",
    "q9": "44260-8",
    "q10": "69722-7",
}
GAD7_LOINC = {
    "q1": "69725-0",
    "q2": "68509-9",
    "q3": "69733-4",
    "q4": "69734-2",
    "q5": "69735-9",
    "q6": "69689-8",
    "q7": "69736-7",
}
FREQUENCY = {0: "LA6568-5", 1: "LA6569-3", 2: "LA6570-1", 3: "LA6571-9"}


def loinc_codes(code):
    """Every LOINC part of an instrument, wherever it stands."""
    found = instrument(code)
    codes = [found.loinc_panel, found.loinc_total]
    for item in found.items:
        codes += [item.loinc, item.options_loinc, *(option.loinc for option in item.options)]
    return [code for code in codes if code is not None]


def option_codes(code, link_id):
    item = next(item for item in instrument(code).items if item.link_id == link_id)
    return {option.value: option.loinc for option in item.options}


def test_the_instruments_of_the_contract_and_its_treatments_load():
    assert sorted(load_instruments()) == CODES


def test_instruments_are_read_once_and_cannot_be_changed():
    assert load_instruments() is load_instruments()
    with pytest.raises(TypeError):
        load_instruments()["phq9"] = None


def test_an_unknown_code_is_refused_without_repeating_it():
    with pytest.raises(UnknownInstrument) as refused:
        instrument("jane doe")
    assert "jane" not in str(refused.value)


@pytest.mark.parametrize(
    ("code", "link_ids", "values"),
    [
        ("phq9", [f"q{n}" for n in range(1, 11)], [0, 1, 2, 3]),
        ("phq9-daily", [f"q{n}" for n in range(1, 11)], [0, 1, 2, 3]),
        ("gad7", [f"q{n}" for n in range(1, 8)], [0, 1, 2, 3]),
        ("pcl5", [f"q{n}" for n in range(1, 21)], [0, 1, 2, 3, 4]),
        ("asrm", [f"q{n}" for n in range(1, 6)], [0, 1, 2, 3, 4]),
        ("urinary", [f"q{n}" for n in range(1, 6)], [0, 1, 2, 3]),
        ("cssrs-screener", ["q1", "q2", "q3", "q4", "q5", "q6", "q6b"], [0, 1]),
        ("mood", ["q1"], list(range(11))),
    ],
)
def test_items_and_options_are_those_of_the_contract(code, link_ids, values):
    assert list(instrument(code).link_ids) == link_ids
    for item in instrument(code).items:
        assert [option.value for option in item.options] == values


def test_phq9_items_carry_the_loinc_code_of_their_meaning():
    assert {item.link_id: item.loinc for item in instrument("phq9").items} == PHQ9_LOINC
    assert (instrument("phq9").loinc_panel, instrument("phq9").loinc_total) == (
        "44249-1",
        "44261-6",
    )


def test_gad7_items_carry_the_loinc_code_of_their_meaning():
    assert {item.link_id: item.loinc for item in instrument("gad7").items} == GAD7_LOINC
    assert (instrument("gad7").loinc_panel, instrument("gad7").loinc_total) == (
        "69737-5",
        "70274-6",
    )


@pytest.mark.parametrize(
    ("code", "link_id"),
    [("phq9", f"q{n}") for n in range(1, 10)] + [("gad7", f"q{n}") for n in range(1, 8)],
)
def test_frequency_answers_are_ll358_3(code, link_id):
    assert option_codes(code, link_id) == FREQUENCY


def test_the_functional_answers_are_not_in_code_order():
    assert option_codes("phq9", "q10") == {
        0: "LA6572-7",
        1: "LA6573-5",
        2: "LA6575-0",
        3: "LA6574-3",
    }
    assert instrument("phq9").items[-1].options[2].label == "Very difficult"


@pytest.mark.parametrize("code", ["phq9", "gad7"])
def test_every_loinc_number_has_a_right_check_digit(code):
    found = instrument(code)
    for loinc in [found.loinc_panel, found.loinc_total, *(item.loinc for item in found.items)]:
        digits = [int(digit) for digit in reversed(loinc.replace("-", ""))]
        doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
        assert (sum(digits[::2]) + doubled) % 10 == 0, loinc


@pytest.mark.parametrize("code", ["phq9", "phq9-daily"])
def test_the_functional_item_is_outside_the_total(code):
    assert [item.link_id for item in instrument(code).items if not item.scored] == ["q10"]
    assert instrument(code).item9_link_id == "q9"


def test_the_daily_check_in_says_that_it_is_not_the_phq9():
    daily = instrument("phq9-daily")
    assert daily.title == "daily mood check-in (24-hour adaptation, not the validated PHQ-9)"
    assert (daily.validated, daily.bands, daily.proration) == (False, (), None)
    assert daily.recall == "last 24 hours"


def test_the_daily_check_in_shares_no_text_answer_or_code_with_the_phq9():
    daily, two_weeks = instrument("phq9-daily"), instrument("phq9")
    assert not {item.text for item in daily.items} & {item.text for item in two_weeks.items}
    assert [option.label.lower() for option in daily.items[0].options] == [
        "not at all",
        "a little",
        "a good part of the day",
        "most of the day",
    ]
    assert loinc_codes("phq9-daily") == []
    assert daily.code_system != two_weeks.code_system


@pytest.mark.parametrize("code", CODES)
def test_every_instrument_names_its_version_rights_and_source(code):
    found = instrument(code)
    assert found.version == "1.0.0"
    assert found.licence
    assert found.source
    assert found.recall
    assert all(band.source for band in found.bands)
    assert all(rule.source for rule in found.triage)


@pytest.mark.parametrize("code", ["phq9", "gad7"])
def test_the_free_notice_stands_beside_the_text_it_frees(code):
    notice = "No permission required to reproduce, translate, display or distribute."
    assert notice in instrument(code).licence


@pytest.mark.parametrize(
    ("answers", "not_asked"),
    [
        ({}, {"q6b"}),
        ({"q2": 0}, {"q3", "q4", "q5", "q6b"}),
        ({"q2": 1}, {"q6b"}),
        ({"q2": "declined"}, {"q6b"}),
        ({"q2": 0, "q6": 1}, {"q3", "q4", "q5"}),
        ({"q2": 1, "q6": 1}, set()),
        ({"q2": 0, "q6": 0}, {"q3", "q4", "q5", "q6b"}),
        ({"q2": 0, "q6": "declined"}, {"q3", "q4", "q5", "q6b"}),
        ({"q1": 1, "q2": 0}, {"q3", "q4", "q5", "q6b"}),
    ],
)
def test_the_cssrs_skips_only_after_a_no(answers, not_asked):
    for code in CSSRS_FORMS:
        cssrs = instrument(code)
        expected = [link_id for link_id in cssrs.link_ids if link_id not in not_asked]
        assert list(asked(cssrs, answers)) == expected


@pytest.mark.parametrize(
    ("answers", "is_asked"),
    [({}, False), ({"q1": 0, "q9": 0}, False), ({"q4": "declined"}, False), ({"q9": 1}, True)],
)
def test_the_functional_item_is_asked_when_there_is_a_problem(answers, is_asked):
    assert ("q10" in asked(instrument("phq9"), answers)) is is_asked


def test_an_instrument_without_branches_asks_everything():
    assert asked(instrument("gad7"), {}) == instrument("gad7").link_ids


def test_a_clinic_sets_its_own_cssrs_texts():
    cssrs = instrument("cssrs-screener")
    own = with_texts(cssrs, {"q1": "Our first question"})
    assert own.items[0].text == "Our first question"
    assert own.items[1:] == cssrs.items[1:]
    assert instrument("cssrs-screener").items[0].text != "Our first question"


def test_the_mark_of_validation_follows_the_text_that_is_shown():
    cssrs = instrument("cssrs-screener")
    whole = {link_id: f"Permitted wording of {link_id}" for link_id in cssrs.link_ids}
    assert not cssrs.validated
    assert not with_texts(cssrs, {"q1": whole["q1"]}).validated
    assert with_texts(cssrs, whole).validated
    ours = {one.code for one in load_instruments().values() if not one.validated}
    assert ours == {code for code in CODES if code not in ("gad7", "pcl5", "phq9")}


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("phq9", {"q9": "Anything else?"}),
        ("cssrs-screener", {"q7": "No such question"}),
        ("cssrs-screener", {"q1": "  "}),
    ],
)
def test_texts_that_would_falsify_an_instrument_are_refused(code, texts):
    with pytest.raises(ValueError, match=r"wording|link id|blank"):
        with_texts(instrument(code), texts)


@pytest.mark.parametrize("code", ["asrm", "urinary", "cssrs-since-last-contact"])
def test_forms_in_our_own_words_claim_no_validation_and_no_codes_of_others(code):
    found = instrument(code)
    assert (found.validated, found.proration, found.item9_link_id) == (False, None, None)
    assert found.clinic_texts is False
    assert loinc_codes(code) == []
    assert found.code_system == f"urn:interlude:instrument:{code}"


def test_the_fifth_item_of_the_bladder_form_is_blood():
    texts = {item.link_id: item.text for item in instrument("urinary").items}
    assert [link_id for link_id, text in texts.items() if "blood" in text.lower()] == ["q5"]


def test_no_texts_leave_any_instrument_as_it_is():
    assert with_texts(instrument("phq9"), {}) == instrument("phq9")

"""A file that breaks a rule is refused by file and field; nothing is guessed."""

from __future__ import annotations

import pytest

from services.rules.instruments.definition import Instrument, load_instruments, read_instruments
from services.rules.numbers import NumbersError, read

SUMMED = """
code = "tiny"
version = "1"
title = "Tiny"
recall = "today"
prompt = "How much?"
validated = false
direction = "lower_is_better"
licence = "ours"
source = "this test"
basis = "proposed"
code_system = "urn:tiny"
item9_link_id = "q2"

[[option_lists]]
name = "some"
options = [{ value = 0, label = "No" }, { value = 1, label = "Some" }, { value = 2, label = "All" }]

[[items]]
link_id = "q1"
text = "First"
option_list = "some"

[[items]]
link_id = "q2"
text = "Second"
option_list = "some"

[[items]]
link_id = "q3"
text = "Third"
option_list = "some"
scored = false
asked_when = { link_ids = ["q1"], at_least = 1, if_unanswered = false }

[[bands]]
name = "less"
low = 0
high = 1
source = "this test"
basis = "proposed"

[[bands]]
name = "more"
low = 2
high = 4
source = "this test"
basis = "proposed"

[proration]
min_answered = 2
source = "this test"
basis = "proposed"
"""

TRIAGED = """
code = "tiny"
version = "1"
title = "Tiny"
recall = "today"
prompt = "Yes or no?"
validated = false
direction = "lower_is_better"
licence = "ours"
source = "this test"
basis = "proposed"
code_system = "urn:tiny"

[[option_lists]]
name = "yes_no"
options = [{ value = 0, label = "No" }, { value = 1, label = "Yes" }]

[[items]]
link_id = "q1"
text = "First"
option_list = "yes_no"

[[items]]
link_id = "q2"
text = "Second"
option_list = "yes_no"

[[items]]
link_id = "q2b"
text = "Second, lately"
option_list = "yes_no"
asked_when = { link_ids = ["q2"], at_least = 1, if_unanswered = true }

[[triage]]
level = "high"
any_yes = ["q2b"]
source = "this test"
basis = "proposed"

[[triage]]
level = "moderate"
any_yes = ["q2"]
source = "this test"
basis = "proposed"

[[triage]]
level = "low"
any_yes = ["q1"]
source = "this test"
basis = "proposed"
"""

BROKEN_SUMMED = [
    ('link_id = "q3"', 'link_id = "third"', "items[2].link_id"),
    ('link_id = "q3"', 'link_id = "q2"', "items"),
    ('link_id = "q3"', 'link_id = "q4"', "items"),
    ('link_id = "q1"', 'link_id = "q2a"', "items"),
    ("scored = false\n", "", "items[2].asked_when"),
    ('link_ids = ["q1"]', 'link_ids = ["q3"]', "items[2].asked_when.link_ids"),
    (
        'text = "First"\noption_list = "some"',
        'text = "First"\noption_list = "none"',
        "items[0].option_list",
    ),
    ("{ value = 1, label", "{ value = 3, label", "items[0].options"),
    ('label = "Some"', 'label = "No"', "items[0].options"),
    (', { value = 1, label = "Some" }, { value = 2, label = "All" }', "", "items[0].options"),
    (
        '[[items]]\nlink_id = "q1"',
        '[[option_lists]]\nname = "some"\noptions = [{ value = 0, label = "0" }]\n'
        '[[items]]\nlink_id = "q1"',
        "option_lists",
    ),
    ("low = 2", "low = 3", "bands[1].low"),
    ("low = 2", "low = 1", "bands[1].low"),
    ("low = 0", "low = 1", "bands[0].low"),
    ("high = 1", "high = -1", "bands[0].high"),
    ("high = 4", "high = 1", "bands[1].high"),
    ("high = 4", "high = 3", "bands"),
    ("high = 4", "high = 6", "bands"),
    ('name = "more"', 'name = "less"', "bands"),
    ("min_answered = 2", "min_answered = 0", "proration.min_answered"),
    ("min_answered = 2", "min_answered = 3", "proration.min_answered"),
    ('item9_link_id = "q2"', 'item9_link_id = "q3"', "item9_link_id"),
    ('item9_link_id = "q2"', 'loinc_panel = "44249-1"', "code_system"),
    ('code_system = "urn:tiny"', 'code_system = "http://loinc.org"', "code_system"),
]

BROKEN_TRIAGED = [
    ('level = "moderate"', 'level = "medium"', "triage"),
    ('any_yes = ["q1"]', 'any_yes = ["q1", "q2"]', "triage"),
    ('any_yes = ["q1"]', 'any_yes = ["q7"]', "triage"),
    ('{ value = 1, label = "Yes" }',
     '{ value = 1, label = "Yes" }, { value = 2, label = "Often" }', "items"),
    ("[[triage]]\nlevel = \"high\"",
     '[proration]\nmin_answered = 2\nsource = "x"\nbasis = "proposed"\n'
     '[[triage]]\nlevel = "high"', "proration"),
    ("[[triage]]\nlevel = \"high\"",
     '[[bands]]\nname = "any"\nlow = 0\nhigh = 3\nsource = "x"\nbasis = "proposed"\n'
     '[[triage]]\nlevel = "high"',
     "bands"),
]  # fmt: skip


def written(folder, text):
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_summed_file_is_read(tmp_path):
    tiny = read(written(tmp_path, SUMMED), Instrument)
    assert tiny.link_ids == ("q1", "q2", "q3")
    assert [band.name for band in tiny.bands] == ["less", "more"]


def test_a_sound_triaged_file_is_read(tmp_path):
    tiny = read(written(tmp_path, TRIAGED), Instrument)
    assert [rule.level for rule in tiny.triage] == ["high", "moderate", "low"]


@pytest.mark.parametrize(
    ("sound", "old", "new", "field"),
    [(SUMMED, *row) for row in BROKEN_SUMMED] + [(TRIAGED, *row) for row in BROKEN_TRIAGED],
)
def test_a_broken_file_is_refused_by_file_and_field(tmp_path, sound, old, new, field):
    assert old in sound
    with pytest.raises(NumbersError) as refused:
        read(written(tmp_path, sound.replace(old, new, 1)), Instrument)
    assert (refused.value.file, refused.value.path) == ("tiny.toml", field)
    assert str(refused.value).startswith(f"tiny.toml: {field}: ")


def test_an_instrument_that_scores_nothing_is_refused(tmp_path):
    text = SUMMED.replace('option_list = "some"', 'option_list = "some"\nscored = false')
    text = text.replace("scored = false\nscored = false", "scored = false")
    with pytest.raises(NumbersError, match="none is scored"):
        read(written(tmp_path, text), Instrument)


def test_one_loinc_code_names_one_item(tmp_path):
    text = SUMMED.replace("urn:tiny", "http://loinc.org")
    text = text.replace('option_list = "some"', 'option_list = "some"\nloinc = "44250-9"')
    with pytest.raises(NumbersError, match="a LOINC code is used twice"):
        read(written(tmp_path, text), Instrument)


def test_a_file_is_named_after_its_code(tmp_path):
    written(tmp_path, SUMMED.replace('code = "tiny"', 'code = "other"'))
    with pytest.raises(NumbersError, match=r"^tiny\.toml: code: must be the name of the file"):
        read_instruments(tmp_path)


def test_an_empty_folder_is_not_a_set_of_instruments(tmp_path):
    with pytest.raises(NumbersError, match="no instrument file found"):
        read_instruments(tmp_path)


def test_no_shipped_instrument_depends_on_the_order_of_files(tmp_path):
    assert all(found.code == code for code, found in load_instruments().items())

"""The dozen lines for side effects: an emergency is found without any file, beside anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.danger import fallback
from services.rules.danger.fallback import fallback_tier
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.side_effects.report import ReportedEffect
from tests.builders.rules.hostile import Hostile, HostileText


def test_its_list_is_the_emergency_list_of_the_rules():
    assert SIDE_EFFECTS.emergency_codes == fallback._EMERGENCIES


@pytest.mark.parametrize("code", SIDE_EFFECTS.effects)
@pytest.mark.parametrize("grade", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["side_effects", "side_effects_amendment"])
def test_it_says_of_every_effect_what_e1_says(kind, code, grade):
    tier = fallback_tier(kind, None, [{"code": code, "grade": grade, "onset_at": None}])

    assert tier == ("critical" if ReportedEffect(code, grade).is_emergency() else None)


@pytest.mark.parametrize(
    ("effects", "tier"),
    [
        ([], None),
        ([{"code": "nausea"}, {"grade": 4}], "critical"),
        ([{"code": "seizure"}], "critical"),
        ([{"code": "nausea", "grade": 5}], "critical"),
        ([{"code": "nausea", "grade": "4"}], None),
        ([{"code": "nausea", "grade": True}], None),
        ([{"code": "nausea", "grade": 4.0}], None),
        (["seizure"], None),
        ([{"note": "seizure"}], None),
        ([{"code": ["seizure"]}], None),
    ],
)
def test_partial_and_strange_effects(effects, tier):
    assert fallback_tier("side_effects", None, effects) == tier


HOSTILE = [
    Hostile(),
    {"code": Hostile(), "grade": Hostile()},
    {"code": HostileText("seizure")},
    {HostileText("code"): "nausea"},
]


def test_hostile_objects_neither_raise_nor_hide_an_emergency():
    assert fallback_tier(Hostile(), Hostile(), HOSTILE) is None
    assert fallback_tier(Hostile(), None, [*HOSTILE, {"code": "seizure"}]) == "critical"


codes = st.sampled_from(sorted(SIDE_EFFECTS.effects))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | codes,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["code", "grade"]), inner),
    max_leaves=8,
)


@given(anything, st.lists(anything), st.sampled_from(sorted(SIDE_EFFECTS.emergency_codes)))
def test_nothing_beside_an_emergency_hides_it(kind, effects, code):
    assert fallback_tier(kind, None, effects) in (None, "critical")
    assert fallback_tier(kind, None, [*effects, {"code": code, "grade": 1}]) == "critical"

"""What a session cost: acute, persistent and long-term effects, and how soon they were gone."""

from __future__ import annotations

from fractions import Fraction

import pytest

from services.rules.side_effects.burden import Tally, side_effect_burden
from services.rules.side_effects.report import EffectsReport, ReportedEffect
from tests.builders.rules.courses import session
from tests.builders.rules.days import at, on

# An infusion from 14:00 to 14:40.
SESSIONS = (session(10), session(13))


def report(day, hour, *effects, about=None):
    """Effects as (code, grade, hours after 14:00 of day 10 at which it ended)."""
    moment = at(day, hour)
    found = tuple(
        ReportedEffect(code, grade, None, None if ended is None else at(10, 14 + ended))
        for code, grade, ended in effects
    )
    return EffectsReport(f"{day}-{hour}", moment, moment, on(day), found, session_id=about)


def burden(*reports):
    return side_effect_burden(reports, SESSIONS)


def test_a_session_with_effects_that_passed():
    (found,) = burden(report(10, 20, ("nausea", 2, 3), ("dizziness", 1, 5)))

    assert found.session_id == "a10"
    assert found.total == found.acute == Tally(2, 2)
    assert found.persistent == found.long_term == Tally(0, None)
    assert (found.resolved, found.known, found.percent_resolved) == (2, 2, 100)


@pytest.mark.parametrize(
    ("effects", "kind", "resolved", "known"),
    [
        ([report(10, 20, ("headache", 2, 24.6))], "acute", 1, 1),
        ([report(11, 20, ("headache", 2, 24.7))], "persistent", 0, 1),
        ([report(11, 14.7, ("headache", 2, None))], "persistent", 0, 1),
        # Before the day is over nobody can know.
        ([report(11, 14.6, ("headache", 2, None))], "acute", 0, 0),
        # The newest report tells the end; the first told too early.
        (
            [report(10, 20, ("headache", 2, None)), report(11, 20, ("headache", 1, 8))],
            "acute",
            1,
            1,
        ),
        (
            [report(10, 20, ("headache", 2, 1)), report(11, 20, ("headache", 2, None))],
            "persistent",
            0,
            1,
        ),
        ([report(10, 20, ("urinary_pain", 2, None))], "long_term", 0, 0),
        ([report(10, 20, ("craving_or_extra_use", 2, 3))], "long_term", 0, 0),
        ([report(10, 20, ("no_longer_listed", 2, 3))], "acute", 1, 1),
    ],
)
@pytest.mark.parametrize("turn", [1, -1])
def test_what_lasts_and_what_long_use_brings_are_kept_apart(effects, kind, resolved, known, turn):
    (found,) = burden(*effects[::turn])

    assert getattr(found, kind) == found.total == Tally(1, 2)
    assert (found.resolved, found.known) == (resolved, known)
    assert found.percent_resolved == (Fraction(100 * resolved, known) if known else None)


def test_a_pleasant_effect_is_no_burden():
    assert burden(report(10, 20, ("euphoria", 1, 3))) == ()


def test_each_effect_goes_to_the_session_that_was_named_or_came_before():
    found = burden(
        report(9, 9, ("nausea", 1, None)),
        report(12, 9, ("nausea", 2, None)),
        report(13, 20, ("nausea", 3, None)),
        report(14, 20, ("vomiting", 1, 2), about="a10"),
        report(14, 21, ("dizziness", 1, None), about="cancelled"),
    )

    assert [(one.session_id, one.total) for one in found] == [
        (None, Tally(1, 1)),
        ("a10", Tally(2, 2)),
        ("a13", Tally(2, 3)),
    ]
    assert (found[0].resolved, found[0].known) == (0, 0)


def test_the_onset_says_which_session_an_effect_belongs_to():
    early = ReportedEffect("nausea", 2, at(12, 9))
    recorded_late = EffectsReport("late", at(14), at(14), on(14), (early,))

    assert burden(recorded_late)[0].session_id == "a10"

"""What the watcher derives from raw answers, beside the rules that it shares nothing with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from services.rules.danger.triage import CSSRS_RANK
from services.rules.instruments.answers import cssrs_level
from services.rules.instruments.definition import instrument
from services.watch.answered import _called_for, _may_be_lowered
from services.watch.answers import CRITICAL, CSSRS, HIGH, MEDIUM, RawAnswer, demand
from services.watch.plans import plan_faults, spares
from services.watch.reading import RawHistory

AT = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENT = uuid4()


def raw(
    instrument: str, answers: Mapping[str, Any], at: datetime = AT, *flags: str, **more: Any
) -> RawAnswer:
    """An answer as first sent; each has a later revision than the one before."""
    whole = {
        "clinic_id": PATIENT,
        "patient_id": PATIENT,
        "id": uuid4(),
        "root_id": uuid4(),
        "version": 1,
        "mood_day": at.date(),
        "received_at": at,
        "counts_in_trend": True,
        "revision": round((at - AT).total_seconds()),
    }
    return RawAnswer(
        instrument=instrument, answers=answers, at=at, flags=frozenset(flags), **(whole | more)
    )


def item9(value: object, at: datetime = AT, *flags: str, **more: Any) -> RawAnswer:
    return raw("phq9-daily", {"q1": 1, "q9": value}, at, *flags, **more)


def screener(at: datetime, *yes: str, **given: Any) -> RawAnswer:
    asked = ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")
    return raw("cssrs-screener", {one: int(one in yes) for one in asked} | given, at)


def occurrence(of: RawAnswer, rule: str, tier: str) -> Any:
    return SimpleNamespace(
        entry_id=of.id, alert_id=PATIENT, rule=rule, tier=tier, at=of.at, received_at=of.received_at
    )


@pytest.mark.parametrize("code", CSSRS)
def test_it_agrees_with_the_rules_on_every_kind_of_screener(code: str) -> None:
    draw, form = Random(1), instrument(code)
    for _ in range(3000):
        questions = ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")
        answers = {one: draw.choice((0, 0, 0, 1, None, "declined")) for one in questions}
        given = {one: value for one, value in answers.items() if draw.random() < 0.95}
        assert raw(code, given).level() == CSSRS_RANK[cssrs_level(form, given).value], given


@pytest.mark.parametrize(
    ("value", "rank"),
    [(3, CRITICAL), (2, CRITICAL), (1, HIGH), (0, 0), (None, HIGH), ("declined", HIGH)],
)
def test_what_an_item_9_calls_for_at_most(value: object, rank: int) -> None:
    assert demand(item9(value), []) == rank
    # A later version that takes a number back, or is no higher, calls for nothing.
    assert demand(item9(value, version=2), [item9(3)]) == 0


@pytest.mark.parametrize(
    ("earlier", "rank"),
    [
        ([], MEDIUM),
        ([item9(1, AT - timedelta(days=13))], HIGH),
        ([item9(1, AT - timedelta(days=15))], MEDIUM),
        ([item9(2, AT - 400 * timedelta(days=1), "implausible_time", received_at=AT - HOUR)], HIGH),
        ([screener(AT - HOUR, "q3")], HIGH),
        ([screener(AT - HOUR, "q1")], MEDIUM),
        ([raw("phq9", dict.fromkeys(("q3", "q4", "q5", "q6"), 1), AT - HOUR)], MEDIUM),
    ],
)
def test_what_an_item_9_that_was_left_out_calls_for(earlier: list, rank: int) -> None:
    history = RawHistory(answers=[*earlier, item9(None)])
    assert _called_for(history.answers[-1], history) == rank


def test_a_refused_body_is_recent_risk_and_undecided_entries_call_for_nothing_more() -> None:
    answer = item9("declined")
    body = SimpleNamespace(counts=True, received_at=AT - HOUR, revision=-1)
    assert _called_for(answer, RawHistory([answer], bodies=[body])) == HIGH
    assert _called_for(answer, RawHistory([answer], undecided={answer.id})) == 0
    open_form = screener(AT, "q2", q3=None)
    assert _called_for(open_form, RawHistory([open_form])) == HIGH
    assert _called_for(open_form, RawHistory([open_form], undecided={open_form.id})) == 0
    # What is known to be grave is never undecided.
    grave = screener(AT, "q3")
    assert _called_for(grave, RawHistory([grave], undecided={grave.id})) == HIGH


@pytest.mark.parametrize(
    ("of", "rule", "tier", "allowed"),
    [
        (item9(2), "S1", "high", True),
        (item9(2), "S1", "medium", False),
        (item9(1), "S2", "medium", True),
        (item9(1), "S2", "low", False),
        (item9(None), "S6a", "medium", True),
        (screener(AT, "q2", q3=None), "S9", "medium", True),
        (screener(AT, "q3"), "S9", "medium", False),
        (item9(0), "S7a", "medium", False),
    ],
)
def test_what_a_screener_lowers_and_how_far(
    of: RawAnswer, rule: str, tier: str, allowed: bool
) -> None:
    row = occurrence(of, rule, tier)
    all_no = screener(AT + HOUR)
    assert _may_be_lowered(row, RawHistory([of, all_no])) is allowed
    for useless in (
        screener(AT + 25 * HOUR),
        screener(AT),
        screener(AT + HOUR, "q4"),
        raw("cssrs-screener", all_no.answers, AT + HOUR, "entered_late"),
        raw("cssrs-screener", all_no.answers, AT + HOUR, version=2),
        raw("cssrs-screener", {"q1": 0}, AT + HOUR),
    ):
        tells = RawHistory([of, useless])
        assert not _may_be_lowered(row, tells)
    assert not _may_be_lowered(row, RawHistory([all_no]))


def plan(own: RawAnswer, **changes: Any) -> Any:
    """Set an hour after its screener, for a week."""
    whole = {
        "alert_id": PATIENT,
        "patient_id": PATIENT,
        "alert_patient_id": PATIENT,
        "family": "suicide_risk",
        "set_by": PATIENT,
        "by": PATIENT,
        "check_in_id": own.id,
        "set_at": own.at + HOUR,
        "until_at": own.at + timedelta(days=7),
        "ended_at": None,
        "timezone": "Europe/Paris",
        "former_zones": [{"timezone": "Pacific/Auckland"}, {"timezone": "../nowhere"}],
    }
    return SimpleNamespace(**(whole | changes))


def test_a_plan_may_stand_on_a_screener_that_is_an_occurrence_itself() -> None:
    own = screener(AT, "q1")
    history = RawHistory([own], occurrences=[occurrence(own, "S5", "medium")])
    assert list(plan_faults(plan(own), history)) == []
    history.occurrences = [occurrence(own, "S9", "medium")]
    assert list(plan_faults(plan(own), history)) == ["plan_invalid"]


@pytest.mark.parametrize("kind", ["help", "bodies", "answers"])
def test_what_ends_a_plan(kind: str) -> None:
    own = screener(AT)
    later = AT + 5 * HOUR
    comes = SimpleNamespace(counts=True, received_at=later, revision=99)
    one = item9(2, later) if kind == "answers" else comes
    before = SimpleNamespace(counts=True, received_at=AT, revision=-9)
    history = RawHistory([own], help=[before])
    getattr(history, kind).append(one)
    assert list(plan_faults(plan(own), history)) == ["plan_not_ended"]
    assert list(plan_faults(plan(own, ended_at=later), history)) == []


@pytest.mark.parametrize(
    ("answer", "spared"),
    [
        (item9(1, AT + 5 * HOUR), True),
        (item9(1, AT + 5 * HOUR, "entered_late"), False),
        (item9(1, AT + timedelta(days=8)), False),
        (item9(1, AT + timedelta(days=4), mood_day=date(2026, 11, 24)), False),
        (item9(1, AT + timedelta(days=2), mood_day=date(2026, 11, 23)), True),
    ],
)
def test_which_answers_a_plan_spares(answer: RawAnswer, spared: bool) -> None:
    own = screener(AT)
    assert spares(plan(own), answer, RawHistory([own, answer])) is spared

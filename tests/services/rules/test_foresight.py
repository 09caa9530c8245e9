"""What is wrong with whom the coming nights would page, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from models.on_call.foresight import FINDINGS
from services.rules.escalation.policy import PageTarget, PolicyStep
from services.rules.foresight import (
    SENTENCES,
    ChainLink,
    Duty,
    NightFinding,
    PersonReach,
    foresee,
    news,
    window,
)
from services.rules.rota.rotation import new_rotation
from services.rules.rota.schedule import AWAY, LEFT, Override, Schedule

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)  # 17:00 on a Monday in Paris
BEGIN, END = datetime(2026, 6, 1, 14, tzinfo=UTC), datetime(2026, 6, 3, 14, tzinfo=UTC)
ANN, BEN = UUID(int=1), UUID(int=2)
NIGHTS = UUID(int=9)
LAST = ChainLink("last resort (email)", last_resort=True)
FIRST = ChainLink("contact 1 (email)")
WELL = {ANN: PersonReach("Ann"), BEN: PersonReach("Ben")}


def nights(*members: UUID, overrides: tuple[Override, ...] = ()) -> dict[UUID, Schedule]:
    at = BEGIN - timedelta(days=10)
    rotation = new_rotation(at, PARIS, "daily", 1, time(8), members, 0)
    return {NIGHTS: Schedule((rotation,), overrides)}


def step(*targets: PageTarget) -> PolicyStep:
    return PolicyStep(timedelta(minutes=5), targets)


def both(*steps: PolicyStep) -> dict[str, list[PolicyStep]]:
    return {"critical": list(steps), "high": list(steps)}


SCHEDULE, EVERYBODY = PageTarget(NIGHTS), PageTarget()


def kinds(duty: Duty, now: datetime = NOW) -> list[tuple[Any, ...]]:
    return [(each.kind, each.severity, each.step, each.name) for each in foresee(duty, now)]


def duty(**fields: Any) -> Duty:
    known = {"links": [FIRST, LAST], "names": {NIGHTS: "Nights"}, "reach": WELL}
    return Duty(PARIS, **known | fields)


def test_every_kind_has_its_sentence() -> None:
    assert tuple(SENTENCES) == FINDINGS


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        ("2026-06-01T14:00", "2026-06-01T14:00", "2026-06-03T14:00"),
        ("2026-06-01T13:59", "2026-05-31T14:00", "2026-06-02T14:00"),
        # Both nights on which the clocks change: 16:00 stays 16:00.
        ("2026-10-24T20:00", "2026-10-24T14:00", "2026-10-26T15:00"),
        ("2026-03-28T20:00", "2026-03-28T15:00", "2026-03-30T14:00"),
    ],
)
def test_the_window_grows_at_four_and_holds_the_coming_night(
    now: str, begin: str, end: str
) -> None:
    at, *edges = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (now, begin, end))
    assert list(window(PARIS, at)) == edges


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"policies": both(step(EVERYBODY)), "everybody": [ANN]}, []),
        ({"policies": both(step(PageTarget(user_id=ANN)))}, []),
        ({"policies": both(step(SCHEDULE)), "schedules": nights(ANN, BEN)}, []),
        (
            {"links": [LAST]},
            [("last_resort_only", "critical", 0, ""), ("last_resort_only", "high", 0, "")],
        ),
        (
            {"links": [ChainLink("contact 1 (email)", fails=True), FIRST, LAST]},
            [("contact_fails", "", 0, "contact 1 (email)")],
        ),
        ({"links": [FIRST]}, [("no_last_resort", "", 0, "")]),
        (
            {"links": [FIRST, ChainLink("last resort (email)", fails=True, last_resort=True)]},
            [("last_resort_fails", "", 0, "")],
        ),
        (
            {
                "links": [ChainLink("contact 1 (email)", fails=True), LAST],
                "policies": both(step(PageTarget(user_id=ANN))),
            },
            [],
        ),
        (
            {"policies": {"critical": [step(PageTarget(user_id=BEN))]}, "reach": {}},
            [("step_empty", "critical", 1, ""), ("last_resort_only", "critical", 0, "")],
        ),
        (
            {
                "policies": {"high": [step(EVERYBODY), step(PageTarget(user_id=BEN))]},
                "everybody": [ANN],
                "reach": {
                    ANN: PersonReach("Ann", fails=1),
                    BEN: PersonReach("Ben", 0, 1, mail_fails=True),
                },
            },
            [("methods_fail", "", 0, "Ann"), ("person_unreachable", "", 0, "Ben")],
        ),
        (
            {
                "policies": {"high": [step(PageTarget(user_id=ANN))]},
                "reach": {ANN: PersonReach("Ann", mail_fails=True)},
            },
            [("last_resort_only", "high", 0, ""), ("person_unreachable", "", 0, "Ann")],
        ),
        (
            {
                "policies": {"high": [step(PageTarget(user_id=ANN))]},
                "reach": {ANN: PersonReach("Ann", works=1, fails=1, mail_fails=True)},
            },
            [],
        ),
        (
            {"policies": {"high": [step(PageTarget(UUID(int=8)), PageTarget(user_id=ANN))]}},
            [("schedule_gap", "", 0, "A schedule")],
        ),
    ],
)
def test_what_is_found(fields: dict[str, Any], expected: list[Any]) -> None:
    assert kinds(duty(**fields)) == expected


def test_a_gap_of_a_schedule_names_its_span_and_the_steps_that_it_empties() -> None:
    gone = Override(BEN, NOW, None, LEFT)
    found = foresee(
        duty(
            policies={"critical": [step(SCHEDULE), step(PageTarget(user_id=ANN))]},
            schedules=nights(ANN, BEN, overrides=(gone,)),
        ),
        NOW,
    )
    words = [each.words(PARIS, NOW) for each in found]
    assert len(words) == 2
    assert words[0].startswith("Step 1 of the critical policy pages nobody from ")
    assert words[1].startswith("Nights: nobody is on call from ")
    spans = {(each.from_at, each.to_at) for each in found}
    assert len(spans) == 1
    [(start, end)] = spans
    assert NOW <= start < end <= END
    later = foresee(
        duty(
            policies={"critical": [step(SCHEDULE), step(PageTarget(user_id=ANN))]},
            schedules=nights(ANN, BEN, overrides=(gone,)),
        ),
        end if end < END else END - timedelta(hours=1),
    )
    assert all(each.to_at > end or each.to_at == END for each in later)


def test_spans_that_adjoin_are_one_and_spans_apart_are_two() -> None:
    away = (
        Override(ANN, BEGIN + timedelta(hours=1), BEGIN + timedelta(hours=2), AWAY),
        Override(ANN, BEGIN + timedelta(hours=20), BEGIN + timedelta(hours=21), AWAY),
    )
    known = duty(policies={"critical": [step(SCHEDULE)]}, schedules=nights(ANN, overrides=away))
    empty = [each for each in foresee(known, NOW) if each.kind == "step_empty"]
    assert [each.from_at - BEGIN for each in empty] == [timedelta(hours=1), timedelta(hours=20)]
    never = duty(policies={"critical": [step(SCHEDULE)]}, schedules=nights())
    both_empty = duty(
        policies={"critical": [step(SCHEDULE, PageTarget(UUID(int=8)))]},
        schedules={NIGHTS: nights(ANN)[NIGHTS]},
        reach={},
    )
    for each in (never, both_empty):
        [one] = [found for found in foresee(each, NOW) if found.kind == "step_empty"]
        assert (one.from_at, one.to_at) == (BEGIN, END)


def test_somebody_whose_duty_is_over_is_no_finding() -> None:
    cover = Override(BEN, BEGIN, BEGIN + timedelta(minutes=30))
    known = duty(
        policies={"critical": [step(SCHEDULE)]},
        schedules=nights(ANN, overrides=(cover,)),
        reach={ANN: PersonReach("Ann", fails=1), BEN: PersonReach("Ben", fails=1)},
    )
    assert [each.name for each in foresee(known, BEGIN)] == ["Ann", "Ben"]
    assert [each.name for each in foresee(known, NOW)] == ["Ann"]


def test_administrators_hear_of_each_finding_once_and_of_the_repair() -> None:
    gap = NightFinding("schedule_gap", NOW, NOW + timedelta(hours=2), "Nights")
    fails = NightFinding("methods_fail", NOW, END, "Ann", standing=True)
    first = news([gap], {}, NOW)
    assert (first.tell, list(first.known)) == ("gaps", [gap.key])
    assert news([gap], first.known, NOW).tell is None
    more = news([gap, fails], first.known, NOW)
    assert more.tell == "gaps"
    assert news([fails], more.known, NOW).tell is None
    assert news([], more.known, NOW).tell == "repaired"
    # A gap that is over has not been mended, and is no news.
    assert news([], first.known, NOW + timedelta(hours=2)).tell is None
    assert news([], {}, NOW).tell is None
    # The same thing on the next day is the same thing, if it stands.
    tomorrow = NightFinding("methods_fail", END, END + timedelta(days=1), "Ann", standing=True)
    assert news([tomorrow], more.known, END).tell is None

"""Trend reports of simulated patients, made by the real rules. Nobody in them is real."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from services.evaluation.simulation.patients import (
    INDUCTION,
    USUAL_NOISE,
    Response,
    day_of,
    deviations,
    levels,
    score,
    session_days,
)
from services.rules.courses import Course, Session, Treatment
from services.rules.day_series import SeriesEntry
from services.rules.mood_days import find_zone, mood_day_at
from services.rules.side_effects.report import EffectsReport, ReportedEffect
from services.rules.trend.document import OpenedAlert, TrendReport
from services.rules.trend.numbers import REPORTS
from services.rules.trend.report import Beside, trend

ZONE: Final = "America/New_York"
EVENING: Final = time(20, tzinfo=UTC)
SEED: Final = 20
# A saw-tooth that treatment holds near remission, and that comes back once it ends.
TREATED: Final = Response(before=19, after=4, stays=0.72, wear_off=6, wear_off_days=14)
AFTER_TREATMENT: Final = 0.12  # points a day
SESSIONS: Final = 24
SILENT: Final = range(150, 162)
FORM_EVERY: Final = 14
DOSES: Final = ((0, 35.0), (4, 42.5), (14, 50.0))


def report(instrument: str, entries: int, *, treated: bool = True) -> TrendReport:
    """The report after the first so many answers of one simulated patient."""
    days = 500 if instrument == "phq9-daily" else FORM_EVERY * entries + 1
    sessions = session_days(days, random.Random(SEED))[: SESSIONS if treated else 0]  # noqa: S311 -- simulated
    answered = list(_answers(instrument, days, sessions))[:entries]
    cut_at = answered[-1].received_at if answered else datetime.combine(day_of(0), EVENING)
    given = treatment(sessions)
    numbers = REPORTS.at(cut_at)
    found = trend(
        instrument,
        answered,
        timezone=ZONE,
        data_cut_at=cut_at,
        accepted_on=day_of(0) - timedelta(days=1),
        beside=Beside(given, (), list(_effects(given))),
        numbers=numbers,
    )
    return TrendReport(
        patient_id="00000000-0000-7000-8000-000000000000",
        instrument=instrument,
        generated_at=cut_at + timedelta(hours=13),
        revision=len(answered) + 1,
        cut_at=cut_at,
        timezone=ZONE,
        numbers=numbers,
        figures=found,
        alerts=tuple(_alerts(answered)),
    )


def treatment(days: Sequence[int]) -> Treatment:
    """An induction and a maintenance course of intravenous ketamine on these days."""
    courses = [Course("induction", "ketamine", "induction", day_of(0))] if days else []
    if len(days) > len(INDUCTION):
        begun = day_of(days[len(INDUCTION)])
        courses.append(Course("maintenance", "ketamine", "maintenance", begun))
    return Treatment(
        tuple(courses),
        tuple(
            Session(
                id=f"session-{place + 1}",
                course_id="maintenance" if place >= len(INDUCTION) else "induction",
                started_at=datetime.combine(day_of(day), time(15, tzinfo=UTC)),
                product="ketamine",
                route="iv",
                dose_value=next(dose for since, dose in reversed(DOSES) if place >= since),
                dose_unit="mg",
            )
            for place, day in enumerate(days)
        ),
    )


def _answers(instrument: str, days: int, sessions: Sequence[int]) -> Iterator[SeriesEntry]:
    dice = random.Random(SEED)  # noqa: S311 -- simulated
    true = levels(TREATED, sessions, days)
    last = sessions[-1] if sessions else days
    daily = instrument == "phq9-daily"
    for day, noise in zip(range(days), deviations(USUAL_NOISE, dice), strict=False):
        worse = AFTER_TREATMENT * max(0, day - last - FORM_EVERY)
        total = score(min(TREATED.before, true[day] + worse) + noise)
        is_missing = dice.random() < USUAL_NOISE.missing / 2
        if daily and (is_missing or (sessions and day in SILENT)):
            continue
        if daily or day % FORM_EVERY == 0:
            at = datetime.combine(day_of(day), EVENING)
            yield SeriesEntry(_day(at), at, at, f"answer-{day:04}", total, _item9(total, dice))


def _item9(total: int, dice: random.Random) -> int:
    """More of it the higher the total is, now and then where nobody would expect it."""
    if total < 9:
        return int(dice.random() < 0.04)
    return dice.choices((0, 1, 2, 3), (6, 4, 1, 0) if total < 17 else (3, 4, 3, 1))[0]


def _effects(given: Treatment) -> Iterator[EffectsReport]:
    dice = random.Random(SEED)  # noqa: S311 -- simulated
    for session in given.sessions:
        found = [code for code in ("dissociation", "nausea", "headache") if dice.random() < 0.5]
        at = session.started_at + timedelta(hours=22)
        yield EffectsReport(
            id=f"{session.id}-effects",
            recorded_at=at,
            received_at=at,
            mood_day=_day(at),
            effects=tuple(
                ReportedEffect(
                    code,
                    dice.choice((1, 1, 2)),
                    session.started_at,
                    session.started_at + timedelta(hours=dice.choice((2, 3, 20))),
                )
                for code in found
            ),
            session_id=session.id,
        )


def _alerts(answered: Sequence[SeriesEntry]) -> Iterator[OpenedAlert]:
    """What the first answer of each rise of item 9 would have opened."""
    before = 0
    for entry in answered:
        now = entry.item9_max or 0
        if now >= 2 > before:
            at = entry.received_at
            yield OpenedAlert(entry.entry_id, "suicide_risk", "S1", "critical", at)
        before = now


def _day(at: datetime) -> date:
    return mood_day_at(at, find_zone(ZONE) or UTC)

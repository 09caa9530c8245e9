"""The numbers of the schedule, read once from `data/schedule.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.rules.figures.numbers import TREND_THRESHOLDS
from services.rules.threshold_files import DATA, ThresholdError, ThresholdFile, read_thresholds

BY_INDICATION = ("gad7", "pcl5", "asrm")


@dataclass(frozen=True, slots=True)
class Shown:
    """How far around now a phone is shown its schedule, in days."""

    back_days: int
    ahead_days: int


@dataclass(frozen=True, slots=True)
class _AfterSession:
    first_day: int
    second_day: int
    third_day: int
    fourth_day: int


@dataclass(frozen=True, slots=True)
class SideEffectHours:
    """The window of the side-effect report, in hours after the session's end."""

    opens_hours: int
    overdue_hours: int
    expires_hours: int


@dataclass(frozen=True, slots=True)
class _BeforeSession:
    opens_days: int


@dataclass(frozen=True, slots=True)
class Periodic:
    """Days of a period, counted from 1; a period that a session cuts shorter is not due."""

    due_from_day: int
    overdue_from_day: int
    shortest_days: int


@dataclass(frozen=True, slots=True)
class Repeated:
    """A form every so many mood days; due and overdue from a day of the period, counted from 1."""

    every_days: int
    due_from_day: int
    overdue_from_day: int


@dataclass(frozen=True, slots=True)
class Monthly(Repeated):
    """The same, as long as the last session is not further back than so many mood days."""

    last_session_days: int


@dataclass(frozen=True, slots=True)
class ScheduleNumbers:
    """One version of the numbers. `baseline_days` before a first session, `before_days` before any
    other; `terms` are found in an indication that asks for the form.
    """

    version: str
    shown: Shown
    after_session: tuple[int, ...]
    side_effects: SideEffectHours
    before_days: int
    baseline_days: int
    two_weeks_days: int
    periodic: Periodic
    monthly: Monthly
    by_indication: Mapping[str, Repeated]
    terms: Mapping[str, tuple[str, ...]]

    def asked_for(self, indications: Iterable[str]) -> frozenset[str]:
        """Which forms the indications of a patient ask for."""
        said = [indication.casefold() for indication in indications]
        return frozenset(
            code
            for code, terms in self.terms.items()
            if any(term in words for words in said for term in terms)
        )


def read_schedule_numbers(path: Path = DATA / "schedule.toml") -> ScheduleNumbers:
    """Read one version of the numbers. Raises ThresholdError naming the file and the field."""
    file = read_thresholds(path)
    after = file.table("after_session", _AfterSession)
    return ScheduleNumbers(
        version=file.version,
        shown=file.table("shown", Shown),
        after_session=(after.first_day, after.second_day, after.third_day, after.fourth_day),
        side_effects=file.table("side_effects", SideEffectHours),
        before_days=file.table("before_session", _BeforeSession).opens_days,
        baseline_days=TREND_THRESHOLDS.baseline.form_days,
        two_weeks_days=TREND_THRESHOLDS.due_days["phq9"],
        periodic=file.table("periodic", Periodic),
        monthly=file.table("monthly", Monthly),
        by_indication={code: file.table(code, Repeated) for code in BY_INDICATION},
        terms={code: _terms(file, code) for code in BY_INDICATION},
    )


def _terms(file: ThresholdFile, code: str) -> tuple[str, ...]:
    indications = file.tables.get("indications")
    entry = indications.get(code) if isinstance(indications, dict) else None
    if not isinstance(entry, dict) or entry.keys() != {"source", "terms"}:
        raise ThresholdError(f"{file.name}: indications.{code} needs terms and a source")
    terms = entry["terms"]
    if not isinstance(terms, list) or not all(_is_term(term) for term in terms):
        raise ThresholdError(f"{file.name}: indications.{code}.terms must be lower-case texts")
    return tuple(terms)


def _is_term(term: object) -> bool:
    """An empty term would be found in every indication, and one in capitals in none."""
    return isinstance(term, str) and term.strip() != "" and term == term.casefold()


SCHEDULE = read_schedule_numbers()

"""The numbers of the schedule in all their versions, from `data/schedule/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from services.rules.indications import INDICATIONS, Indicated, Indications
from services.rules.measures import MEASURES, Measures
from services.rules.numbers import DATA, NumbersError, read_versions

BY_INDICATION = ("gad7", "pcl5", "asrm")


@dataclass(frozen=True, slots=True)
class PhoneSpan:
    """How far around now a phone is shown its schedule, in days."""

    back_days: int
    ahead_days: int


@dataclass(frozen=True, slots=True)
class AfterSession:
    """The mood days after a session on which the daily check-in carries the session's name."""

    first_day: int
    second_day: int
    third_day: int
    fourth_day: int

    @property
    def days(self) -> tuple[int, ...]:
        """All of them, ascending."""
        return self.first_day, self.second_day, self.third_day, self.fourth_day


@dataclass(frozen=True, slots=True)
class Repeated:
    """A form every so many mood days; due and overdue from a day of the period, counted from 1."""

    every_days: int
    due_from_day: int
    overdue_from_day: int


@dataclass(frozen=True, slots=True)
class Periodic(Repeated):
    """The same; a period that a session cuts shorter than `shortest_days` is not due."""

    shortest_days: int


@dataclass(frozen=True, slots=True)
class ByIndication(Repeated):
    """The same for indications of some kinds; before there was a catalogue of them, for one in
    which one of the `terms` is found, in lower case.
    """

    for_kinds: frozenset[Indicated] = frozenset()
    terms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.for_kinds) == bool(self.terms):
            raise NumbersError("needs kinds of indication", "for_kinds")
        # A term in capitals would be found in no indication.
        if any(term != term.casefold() for term in self.terms):
            raise NumbersError("must be in lower case", "terms")


@dataclass(frozen=True, slots=True)
class ScheduleNumbers:
    """One version of the numbers; those that reports and rules use too are in the measures.

    `side_effects_overdue_hours`: after the session's end, for the report of side effects.
    `at_start`: forms of which everybody answers the first.
    """

    version: str
    in_force_from: datetime
    measures: Annotated[Measures, MEASURES]
    shown: PhoneSpan
    after_session: AfterSession
    side_effects_overdue_hours: int
    periodic: Periodic
    monthly: Repeated
    by_indication: Mapping[str, ByIndication]
    indications: Annotated[Indications | None, INDICATIONS] = None
    at_start: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if tuple(self.by_indication) != BY_INDICATION:
            raise NumbersError(f"must be {', '.join(BY_INDICATION)}", "by_indication")

    def asked_for(self, indications: Iterable[str]) -> frozenset[str]:
        """Which forms the indications of a patient ask for."""
        texts = list(indications)
        kinds = self.indications.kinds_in(texts) if self.indications else frozenset()
        lowered = [indication.casefold() for indication in texts]
        return frozenset(
            code
            for code, form in self.by_indication.items()
            if form.for_kinds & kinds
            or any(term in indication for indication in lowered for term in form.terms)
        )


SCHEDULES: Final = read_versions(DATA / "schedule", ScheduleNumbers)
SCHEDULE: Final = SCHEDULES.newest

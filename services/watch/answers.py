"""What one raw answer calls for, in a few lines that nothing else uses.

Written again from clinical.md 5.1 on purpose: a fault in the rules must not be a fault here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.watch.findings import RANK

WITH_ITEM9: Final = ("phq9", "phq9-daily")
LIFETIME, SINCE_LAST = "cssrs-screener", "cssrs-since-last-contact"
CSSRS: Final = (LIFETIME, SINCE_LAST)
LOW, MEDIUM, HIGH, CRITICAL = (RANK[word] for word in ("low", "medium", "high", "critical"))
# Whoever or whenever it was: such an answer may raise, and reassures nobody.
DOUBTS: Final = frozenset(("clock_skew", "entered_late", "token_expired", "entered_by_staff"))
UNKNOWN: Final = 2  # between "low" and "moderate": it may hide anything
LEVELS: Final = {0: 0, 1: MEDIUM, UNKNOWN: HIGH, 3: HIGH, 4: CRITICAL}


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One version of a form that asks about suicide, as it was stored."""

    clinic_id: UUID
    patient_id: UUID
    id: UUID
    root_id: UUID
    version: int
    instrument: str
    answers: Mapping[str, Any]
    at: datetime
    received_at: datetime
    mood_day: date
    counts_in_trend: bool
    revision: int
    flags: frozenset[str]

    @property
    def item9(self) -> int | None:
        """The number, where there is one."""
        return _number(self.answers, "q9") if self.instrument in WITH_ITEM9 else None

    @property
    def leaves_item9_open(self) -> bool:
        """Asked and not answered; an amendment that takes a number back does not count."""
        return self.instrument in WITH_ITEM9 and self.item9 is None and self.version == 1

    @property
    def time_is_believed(self) -> bool:
        """Its stamp is plausible, or a clinician has stated the time."""
        return self.counts_in_trend or "implausible_time" not in self.flags

    @property
    def reports_behaviour(self) -> bool:
        """An act or a preparation, at any time."""
        return self.instrument in CSSRS and self.answers.get("q6") == 1

    @property
    def is_complete(self) -> bool:
        """Every question that its branches ask has a number."""
        return not _open_questions(self.answers)

    @property
    def reassures(self) -> bool:
        """A complete C-SSRS as first sent, its clock and author not in doubt."""
        is_first = self.instrument in CSSRS and self.version == 1
        return is_first and self.is_complete and not self.flags & DOUBTS

    def level(self, behaviour_on_file: bool = False, answers: Any = None) -> int:
        """Of a C-SSRS: 0 none (so is any other form), 1 low, 2 unknown, 3 moderate, 4 high.
        Behaviour of long ago that is on file is no news.
        """
        if self.instrument not in CSSRS:
            return 0
        given = dict(self.answers if answers is None else answers)
        if self.instrument == LIFETIME and given.get("q6b") == 0 and behaviour_on_file:
            given["q6"] = 0
        yes = {name for name, value in given.items() if type(value) is int and value == 1}
        gravest = {"q4", "q5", "q6b"} | ({"q6"} if self.instrument == SINCE_LAST else set())
        if yes & gravest:
            return 4
        if _open_questions(given):
            return UNKNOWN
        return 3 if yes & {"q3", "q6"} else 1 if yes & {"q1", "q2"} else 0


def counted_item9(answer: RawAnswer, earlier: list[RawAnswer]) -> int:
    """Its item 9, where it is above all earlier versions; else 0."""
    before = max((one.item9 or 0 for one in earlier), default=0)
    return answer.item9 if answer.item9 and answer.item9 > before else 0


def counted_level(
    answer: RawAnswer, earlier: list[RawAnswer], behaviour_on_file: bool = False
) -> int:
    """Its C-SSRS level, where it is above all earlier versions; what a version leaves out stands as
    it was.
    """
    merged: dict[str, Any] = {}
    levels = []
    for version in (*earlier, answer):
        merged |= {key: value for key, value in version.answers.items() if type(value) is int}
        levels.append(version.level(behaviour_on_file, {**version.answers, **merged}))
    return levels[-1] if levels[-1] > max(levels[:-1], default=0) else 0


def demand(answer: RawAnswer, earlier: list[RawAnswer], behaviour_on_file: bool = False) -> int:
    """The tier (a rank) that it calls for at least, were nothing else known of the patient."""
    if answer.leaves_item9_open:
        return HIGH
    item9 = counted_item9(answer, earlier)
    by_item9 = CRITICAL if item9 >= 2 else HIGH if item9 == 1 else 0
    return max(by_item9, LEVELS[counted_level(answer, earlier, behaviour_on_file)])


def _number(answers: Mapping[str, Any], question: str) -> int | None:
    value = answers.get(question)
    return value if type(value) is int else None


def _open_questions(answers: Mapping[str, Any]) -> list[str]:
    asked = ["q1", "q2", "q6"]
    if _number(answers, "q2") != 0:
        asked += ["q3", "q4", "q5"]
    if _number(answers, "q6") == 1:
        asked.append("q6b")
    return [question for question in asked if _number(answers, question) is None]

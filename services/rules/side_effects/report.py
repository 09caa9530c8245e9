"""What was reported of side effects, as the rules see it; an emergency among it is rule E1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from services.rules.decision import Decision, Tier
from services.rules.side_effects.coded_list import SIDE_EFFECTS, SideEffectList


@dataclass(frozen=True, slots=True)
class ReportedEffect:
    """One effect: a code of the list, a CTCAE grade (1-4), aware instants where known.

    No `ended_at` says "still there" as of the report that it stands in, and of no later moment.
    """

    code: str
    grade: int
    onset_at: datetime | None = None
    ended_at: datetime | None = None

    def is_emergency(self, known: SideEffectList = SIDE_EFFECTS) -> bool:
        """On the emergency list at any grade, or life-threatening whatever it is (E1)."""
        return self.code in known.emergency_codes or self.grade >= LIFE_THREATENING


LIFE_THREATENING = 4  # CTCAE v5: a definition, not a limit of ours


@dataclass(frozen=True, slots=True)
class Pressure:
    """A blood pressure in mmHg and, if it was measured, the heart rate per minute."""

    taken_at: datetime
    systolic: int
    diastolic: int
    heart_rate: int | None = None


@dataclass(frozen=True, slots=True)
class EffectsReport:
    """The current version of one report of side effects.

    `recorded_at` is our best estimate of when it was answered (`Placement.answered_at`); a pressure
    in it counts as taken then. `session_id` is the session that the reporter named, None for none.
    `late` is the flag `entered_late`.
    """

    id: str
    recorded_at: datetime
    received_at: datetime
    mood_day: date
    effects: tuple[ReportedEffect, ...] = ()
    vitals: Pressure | None = None
    session_id: str | None = None
    late: bool = False

    def emergencies(self, known: SideEffectList = SIDE_EFFECTS) -> tuple[ReportedEffect, ...]:
        """The effects on which E1 fires."""
        return tuple(effect for effect in self.effects if effect.is_emergency(known))


def joined(words: Iterable[str]) -> str | None:
    """Words as one input of a decision, in a fixed order; None for none."""
    return ",".join(sorted(set(words))) or None


def e1(report: EffectsReport, known: SideEffectList = SIDE_EFFECTS) -> Decision:
    """Decide E1: critical on any code of the emergency list, and on grade 4 of any code.

    An end does not calm it, nor does a late report: somebody has to look (clinical reference 5.1).
    """
    found = report.emergencies(known)
    return Decision.with_tier(
        rule="E1",
        rule_version=known.version,
        tier=Tier.CRITICAL if found else None,
        inputs={
            "codes": joined(effect.code for effect in found),
            "grade": max((effect.grade for effect in report.effects), default=None),
        },
    )

"""What a phone or a member of staff sent, validated: what makes two requests the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.exceptions import Invalid
from services.rules.mood_days import to_utc
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.side_effects.report import ReportedEffect


@dataclass(frozen=True, slots=True)
class CheckInForm:
    """A check-in as sent. `recorded_at` keeps the phone's own offset."""

    id: UUID
    instrument: str
    answers: Mapping[str, Any]
    recorded_at: datetime
    timezone: str | None = None
    mood_day: date | None = None
    note: str | None = None
    client_total: int | None = None
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AmendForm:
    """Answers that replace all those of an earlier version, and why."""

    id: UUID
    answers: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class HelpForm:
    """A press on "I need help now"."""

    id: UUID
    recorded_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class EffectsForm:
    """A report as sent. `vitals`: systolic and diastolic in mmHg, heart rate per minute."""

    id: UUID
    recorded_at: datetime
    effects: Sequence[Mapping[str, Any]] = ()
    timezone: str | None = None
    session_id: UUID | None = None
    vitals: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class EffectsAmendment:
    """Effects and pressure that replace all those of an earlier version, and why."""

    id: UUID
    effects: Sequence[Mapping[str, Any]]
    reason: str
    vitals: Mapping[str, Any] = field(default_factory=dict)


def checked_effects(
    sent: Sequence[Mapping[str, Any]], vitals: Mapping[str, Any]
) -> tuple[ReportedEffect, ...]:
    """The effects as the rules see them; raises `Invalid` with every fault by JSON path."""
    errors: dict[str, list[str]] = {}
    for place, one in enumerate(sent):
        if one["code"] not in SIDE_EFFECTS.effects:
            errors[f"effects.{place}.code"] = ["Unknown side effect."]
        onset, end = one.get("onset_at"), one.get("ended_at")
        if onset is not None and end is not None and end < onset:
            errors[f"effects.{place}.ended_at"] = ["Must not be before `onset_at`."]
    if not sent and not vitals:
        errors["effects"] = ["Name at least one side effect, or send a blood pressure."]
    if errors:
        raise Invalid(errors)
    return tuple(
        ReportedEffect(
            one["code"], one["grade"], _utc(one.get("onset_at")), _utc(one.get("ended_at"))
        )
        for one in sent
    )


def plain_effects(effects: Sequence[ReportedEffect]) -> list[dict[str, Any]]:
    """The effects as they are stored and shown."""
    return [
        {
            "code": one.code,
            "grade": one.grade,
            "onset_at": _iso(one.onset_at),
            "ended_at": _iso(one.ended_at),
        }
        for one in effects
    ]


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else to_utc(moment)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")

"""The numbers of what follows a session (E5, E6, N2, discharge), from `data/sessions.toml`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from services.rules.courses import PRODUCTS, Session
from services.rules.threshold_files import DATA, ThresholdError, ThresholdFile, read_thresholds

LAST_HOUR = 23


@dataclass(frozen=True, slots=True)
class AcuteEffects:
    """E5: hours after the session's end, CTCAE grades, minutes that two clocks may differ."""

    persistent_after_h: int
    persistent_grade: int
    severe_grade: int
    onset_slack_min: int


@dataclass(frozen=True, slots=True)
class Driving:
    """Hours after the session's end, and the hour of the next morning (0-23)."""

    restricted_h: int
    next_morning_hour: int


@dataclass(frozen=True, slots=True)
class FollowUp:
    """N2: hours after the session's end; days after which a session is history."""

    opens_h: int
    due_h: int
    history_days: int


@dataclass(frozen=True, slots=True)
class Observation:
    """Minutes from the start of a session, by product (and route)."""

    esketamine: int
    ketamine: int
    ketamine_iv: int
    other: int


@dataclass(frozen=True, slots=True)
class SessionNumbers:
    """One version. `vitals`, `driving_products`: products with vital signs, with a restriction."""

    version: str
    vitals: frozenset[str]
    driving_products: frozenset[str]
    e5: AcuteEffects
    driving: Driving
    follow_up: FollowUp
    observation: Observation

    def needs_vitals(self, session: Session) -> bool:
        """Whether vital signs stand before, after and at the discharge of such a session."""
        return session.product in self.vitals

    def observation_min(self, session: Session) -> int:
        """Minutes from its start for which such a session is watched; 0 for TMS and ECT."""
        by_name = {
            field.name: getattr(self.observation, field.name) for field in fields(Observation)
        }
        name = f"{session.product}_{session.route}"
        return int(by_name.get(name, by_name.get(session.product, 0)))


def read_session_numbers(path: Path = DATA / "sessions.toml") -> SessionNumbers:
    """Read one version of the numbers. Raises ThresholdError naming the file and the field."""
    file = read_thresholds(path)
    driving = file.table("driving", Driving)
    if driving.next_morning_hour > LAST_HOUR:
        raise ThresholdError(f"{file.name}: driving.next_morning_hour is no hour of a day")
    return SessionNumbers(
        version=file.version,
        vitals=_products(file, "vitals"),
        driving_products=_products(file, "driving"),
        e5=file.table("e5", AcuteEffects),
        driving=driving,
        follow_up=file.table("follow_up", FollowUp),
        observation=file.table("observation", Observation),
    )


def _products(file: ThresholdFile, key: str) -> frozenset[str]:
    table: object = file.tables.get("products")
    found = table.get(key) if isinstance(table, dict) else None
    if not isinstance(found, list) or not found or any(one not in PRODUCTS for one in found):
        raise ThresholdError(f"{file.name}: products.{key} must list products")
    return frozenset(found)


SESSION_NUMBERS = read_session_numbers()

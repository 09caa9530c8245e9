"""The numbers of what follows a session (E5, E6, N2, discharge), from `data/sessions.toml`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Final

from services.rules.courses import Product, Session
from services.rules.measures import MEASURES, Measures
from services.rules.numbers import DATA, Between, read


@dataclass(frozen=True, slots=True)
class Products:
    """Products with vital signs around a session, and with a driving restriction after it."""

    vitals: frozenset[Product]
    driving: frozenset[Product]


@dataclass(frozen=True, slots=True)
class AcuteEffects:
    """E5: CTCAE grades, minutes that two clocks may differ."""

    persistent_grade: int
    severe_grade: int
    onset_slack_min: int


@dataclass(frozen=True, slots=True)
class Driving:
    """Hours after the session's end, and the hour of the next morning (0-23)."""

    restricted_h: int
    next_morning_hour: Annotated[int, Between(0, 23)]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """N2: hours after the session's end; days after which a session is history."""

    opens_h: int
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
    """One version of all of them; when an acute effect should be gone and the follow-up be over
    is in the measures.
    """

    version: str
    measures: Annotated[Measures, MEASURES]
    products: Products
    e5: AcuteEffects
    driving: Driving
    follow_up: FollowUp
    observation: Observation

    def needs_vitals(self, session: Session) -> bool:
        """Whether vital signs stand before, after and at the discharge of such a session."""
        return session.product in self.products.vitals

    def observation_min(self, session: Session) -> int:
        """Minutes from its start for which such a session is watched; 0 for TMS and ECT."""
        by_name = {
            field.name: getattr(self.observation, field.name) for field in fields(Observation)
        }
        name = f"{session.product}_{session.route}"
        return int(by_name.get(name, by_name.get(session.product, 0)))


SESSION_NUMBERS: Final = read(DATA / "sessions.toml", SessionNumbers)

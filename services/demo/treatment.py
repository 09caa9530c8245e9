"""What the demo clinic's physician enters: courses, screenings, sessions and vital signs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from services.access import Actor
from services.accounts.tokens.families import start_family
from services.demo.series import Story
from services.treatment.courses import change_course, create_course
from services.treatment.decisions import decide_about_session
from services.treatment.screenings import add_screening
from services.treatment.sessions import create_session
from services.treatment.vitals import record_vitals
from services.unit_of_work import transaction


@dataclass(frozen=True, slots=True)
class Measured:
    """Vital signs, so many minutes after the start: mmHg, beats per minute, MOAA/S, CADSS."""

    minutes: int
    phase: str
    systolic: int
    diastolic: int
    heart_rate: int
    sedation: int
    dissociation: int

    def fields(self, at: datetime) -> dict[str, Any]:
        """As they are entered."""
        return {
            "phase": self.phase,
            "taken_at": at,
            "systolic": self.systolic,
            "diastolic": self.diastolic,
            "heart_rate": self.heart_rate,
            "spo2": 98,
            "sedation": self.sedation,
            "dissociation": self.dissociation,
        }


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, so many minutes after the start."""

    minutes: int
    kind: str
    outcome: str


# A treatment day without surprises, in the order in which it happens: every session is cleared,
# the last one is entered to its end.
BEFORE: Final[tuple[Measured | Decided, ...]] = (
    Measured(-20, "pre", 124, 78, 72, 5, 0),
    Decided(-10, "clearance", "cleared"),
)
AFTER: Final[tuple[Measured | Decided, ...]] = (
    Measured(40, "post", 142, 88, 84, 4, 12),
    Decided(120, "driving_restriction", "acknowledged"),
    Measured(130, "discharge", 128, 80, 74, 5, 0),
    Decided(135, "discharge", "discharged"),
)


@dataclass(frozen=True, slots=True)
class Physician:
    """Who enters it, for which patient of the demo, and how their records are named."""

    clinic_id: UUID
    user_id: UUID
    patient_id: UUID
    story: Story
    namespace: UUID

    def actor(self, at: datetime) -> Actor:
        """Logged in at a moment: staff log in again after a night."""
        with transaction(self.clinic_id) as session:
            return start_family(session, self.user_id, at).actor

    def name(self, *parts: object) -> UUID:
        """The same id for the same record at every start."""
        return uuid5(self.namespace, " ".join(map(str, (self.patient_id, *parts))))

    def begin(self, at: datetime) -> None:
        """Screen, and begin the induction."""
        actor, given = self.actor(at), self.story.given
        screened = {"screened_on": at.date(), "contraindications": []}
        add_screening(actor, self.patient_id, self.name("screening"), screened, at)
        course = {"product": given.product, "phase": "induction", "started_on": at.date()}
        create_course(actor, self.patient_id, self.name("induction"), course, at)

    def maintain(self, at: datetime) -> None:
        """End the induction, and begin the maintenance."""
        actor = self.actor(at)
        ended = {"ended_on": at.date()}
        change_course(actor, self.patient_id, self.name("induction"), ended, at)
        course = {
            "product": self.story.given.product,
            "phase": "maintenance",
            "started_on": at.date(),
            "maintenance_interval_days": self.story.maintained.every_days,
        }
        create_course(actor, self.patient_id, self.name("maintenance"), course, at)

    def treat(self, day: int, at: datetime) -> None:
        """One session with vital signs and decisions, each entered when it happened."""
        given = self.story.given
        actor = self.actor(at - timedelta(minutes=30))
        induced = day in given.days
        fields = {
            "course_id": self.name("induction" if induced else "maintenance"),
            "started_at": at,
            "ended_at": at + timedelta(minutes=40),
            "product": given.product,
            "route": given.route,
            "dose": given.dose,
            "weight_kg": 72.0,
            "supervision": "clinic",
        }
        before = at - timedelta(minutes=30)
        answered = create_session(actor, self.patient_id, self.name("session", day), fields, before)
        session_id = UUID(orjson.loads(answered.body)["id"])
        is_last = day == self.story.sessions[-1]
        for step in (*BEFORE, *(AFTER if is_last else ())):
            self._enter(actor, session_id, day, step, at + timedelta(minutes=step.minutes))

    def _enter(
        self, actor: Actor, session_id: UUID, day: int, step: Measured | Decided, at: datetime
    ) -> None:
        if isinstance(step, Measured):
            record_id = self.name("vitals", day, step.phase)
            record_vitals(actor, self.patient_id, session_id, record_id, step.fields(at), at)
            return
        record_id = self.name("decision", day, step.kind)
        decided = {"kind": step.kind, "outcome": step.outcome}
        decide_about_session(actor, self.patient_id, session_id, record_id, decided, at)

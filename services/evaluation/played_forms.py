"""The clinic of played forms: one phone for each form of a file, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from models import (
    Alert,
    CheckIn,
    Notification,
    Patient,
    PatientStatus,
    TokenFamily,
    TokenPair,
    User,
)
from models.sealing import sealed
from services import audit
from services.access import Actor
from services.accounts.account import email_digest
from services.accounts.tokens.families import PATIENT_LIFETIME
from services.clinic.contacts import add_contact
from services.clinic.create import create_clinic
from services.unit_of_work import transaction

OUT = ("sent", "delivered")


@dataclass(slots=True)
class PlayedOutcome:
    """One person: `(total, item 9)` of each stored form, `(family, severity)` of each alert,
    and how many pages got out.
    """

    forms: list[tuple[int | None, int | None]] = field(default_factory=list)
    alerts: list[tuple[str, str]] = field(default_factory=list)
    pages_out: int = 0


def findings(clinic_id: UUID) -> dict[UUID, PlayedOutcome]:
    """By patient, everybody of the clinic of whom there is anything."""
    found: dict[UUID, PlayedOutcome] = {}
    with transaction(clinic_id) as session:
        _read(session, found)
    return found


def pages_waiting(clinic_id: UUID) -> int:
    """How many pages of the clinic have not got out yet."""
    with transaction(clinic_id) as session:
        states = session.scalars(select(Notification.state).where(Notification.kind == "page"))
        return sum(state not in OUT for state in states)


def _read(session: Session, found: dict[UUID, PlayedOutcome]) -> None:
    forms = select(CheckIn.patient_id, CheckIn.total, CheckIn.q9).where(
        CheckIn.instrument == "phq9", ~CheckIn.superseded
    )
    for form in session.execute(forms):
        found.setdefault(form.patient_id, PlayedOutcome()).forms.append((form.total, form.q9))
    alerts = select(Patient.id, Alert.family, Alert.severity).join(
        Alert, Alert.patient_id == Patient.id
    )
    for patient_id, family, severity in session.execute(alerts):
        found.setdefault(patient_id, PlayedOutcome()).alerts.append((family, severity))
    pages = (
        select(Patient.id)
        .join(Alert, Alert.patient_id == Patient.id)
        .join(Notification, Notification.alert_id == Alert.id)
        .where(Notification.state.in_(OUT))
    )
    for patient_id in session.scalars(pages):
        found.setdefault(patient_id, PlayedOutcome()).pages_out += 1


ZONE: Final = "America/New_York"
ADMIN: Final = "admin@play.example"
NAMESPACE: Final = UUID("5f2b7a5c-3d0a-4f0e-8b1c-7a1f0c9d2e64")
BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Player:
    """One person with one phone. `since`: when they were made, which their form is dated with."""

    name: str
    actor: Actor
    since: datetime

    @property
    def form_id(self) -> UUID:
        """The id of the one form that this person sends, the same every time."""
        return player_id(self.name, "form")


def player_id(name: str, part: str) -> UUID:
    """The same name always gives the same ids, so that playing again repeats."""
    return uuid5(NAMESPACE, f"{name} {part}")


def find_play_clinic() -> UUID | None:
    """The clinic of played forms, if this database has one."""
    with transaction() as session:
        found: UUID | None = session.scalar(
            text("SELECT clinic_id FROM door_account(:digest)"), {"digest": email_digest(ADMIN)}
        )
        return found


def make_play_clinic(contact: str, now: datetime) -> UUID:
    """Make the clinic once; `contact` (`mailto:…` or a webhook) is paged first.

    Raises `Invalid` for another kind of address.
    """
    known = find_play_clinic()
    if known is not None:
        return known
    made = create_clinic("Played Forms", ZONE, "US", ADMIN, now, tried=False)
    add_contact(made.clinic_id, contact, now, tried=False)
    return made.clinic_id


def make_players(clinic_id: UUID, names: Sequence[str], now: datetime) -> Iterator[Player]:
    """The people of these names, each with a logged-in phone; whoever is not there yet is made.

    In transactions of 500 people: a crash half-way leaves whole people, and the next call the rest.
    """
    for start in range(0, len(names), BATCH):
        some = names[start : start + BATCH]
        with transaction(clinic_id) as session:
            known = _known(session, some)
            fresh = [name for name in some if name not in known]
            if fresh:
                _insert(session, clinic_id, fresh, now)
                audit.record(session, None, "players_made", now, count=len(fresh))
        for name in some:
            since, epoch = known.get(name, (now, 0))
            yield Player(name, _actor(clinic_id, name, epoch), since)


def _known(session: Session, names: Sequence[str]) -> Mapping[str, tuple[datetime, int]]:
    by_id = {player_id(name, "user"): name for name in names}
    rows = session.execute(
        select(User.id, User.created_at, User.epoch).where(User.id.in_(list(by_id)))
    )
    return {by_id[row.id]: (row.created_at, row.epoch) for row in rows}


def _insert(session: Session, clinic_id: UUID, names: Sequence[str], now: datetime) -> None:
    people = [_rows(clinic_id, name, now) for name in names]
    for table in (User, Patient, PatientStatus, TokenFamily, TokenPair):
        session.execute(insert(table), [sealed(table, person[table]) for person in people])


def _rows(clinic_id: UUID, name: str, now: datetime) -> dict[type[Any], dict[str, Any]]:
    email = f"{name}@play.example"
    user, patient, family, pair = (
        player_id(name, part) for part in ("user", "patient", "family", "pair")
    )
    return {
        User: {
            "clinic_id": clinic_id,
            "id": user,
            "email": email,
            "email_digest": email_digest(email),
            "name": f"Form {name}",
            "roles": ["patient"],
            "timezone": ZONE,
            "created_at": now,
        },
        Patient: {
            "clinic_id": clinic_id,
            "id": patient,
            "user_id": user,
            "name": f"Form {name}",
            "timezone": ZONE,
            "created_at": now,
            "accepted_at": now,
        },
        PatientStatus: {"clinic_id": clinic_id, "patient_id": patient},
        TokenFamily: {
            "clinic_id": clinic_id,
            "id": family,
            "user_id": user,
            "lifetime_s": int(PATIENT_LIFETIME.total_seconds()),
            "started_at": now,
            "last_used_at": now,
        },
        TokenPair: {"clinic_id": clinic_id, "id": pair, "family_id": family, "issued_at": now},
    }


def _actor(clinic_id: UUID, name: str, epoch: int) -> Actor:
    return Actor(
        user_id=player_id(name, "user"),
        clinic_id=clinic_id,
        roles=frozenset({"patient"}),
        epoch=epoch,
        family_id=player_id(name, "family"),
        pair_id=player_id(name, "pair"),
        patient_id=player_id(name, "patient"),
    )

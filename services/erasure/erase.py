"""Confirming an erasure is doing it: one transaction, under the lock of the patient's status row.

An entry that came before goes with the rest; one that comes after finds no account. The statements
are the database's own (schema `erasure`): this role may take away no row of a patient, and asks a
function that may, once somebody else than who asked has confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, column, delete, func, or_, select, table
from sqlalchemy.orm import Session

from models import (
    Alert,
    EmailChange,
    Erasure,
    Invitation,
    LoginDelay,
    Notification,
    PasswordReset,
    Patient,
    TokenFamily,
    User,
)
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.guesses.delays import Key, account_key
from services.accounts.tokens.token_check import acting
from services.auditing.verify import ERASED
from services.erasure.requests import WAITS, refuse_open_alert, shown
from services.exceptions import AlreadyErased, ErasureWithdrawn, NotFound, SecondAdminNeeded
from services.patients.status.lock import lock_status_row
from services.unit_of_work import clinic_ids, transaction

PARTS: Final = table("parts", column("name"), column("place"), schema="erasure")
# Nobody waits for these rows but who writes about this patient; a large clinic's tables are looked
# through for what still points at them.
LONGEST: Final = "300s"
Done = Callable[[str, int], object]


def confirm_erasure(actor: Actor, erasure_id: UUID, now: datetime) -> dict[str, Any]:
    """Erase the patient, as a second administrator; again it answers the same.

    Raises `Forbidden`, `NotFound`, `SecondAdminNeeded`, `ErasureWithdrawn`, and `OpenAlertExists`
    while an alert of danger is open.
    """
    scopes(actor, Action.ERASE_PATIENTS)
    with acting(actor, now) as session:
        erasure = _locked(session, erasure_id)
        if erasure is None:
            raise NotFound
        if erasure.requested_by == actor.user_id:
            raise SecondAdminNeeded
        if erasure.withdrawn_at is not None:
            raise ErasureWithdrawn
        if erasure.erased_at is None:
            refuse_open_alert(session, erasure.patient_id)
            erase_for_good(session, erasure, actor.user_id, now, nobody_looks)
        else:
            audit.record(session, actor.user_id, "erasures_read", now, about=[erasure.patient_id])
        return shown(erasure)


def withdraw_erasure(actor: Actor, erasure_id: UUID, now: datetime) -> dict[str, Any]:
    """Take the request back, as any administrator; again it answers the same.

    Raises `Forbidden`, `NotFound`, and `AlreadyErased`.
    """
    scopes(actor, Action.ERASE_PATIENTS)
    with acting(actor, now) as session:
        erasure = _locked(session, erasure_id)
        if erasure is None:
            raise NotFound
        if erasure.erased_at is not None:
            raise AlreadyErased
        patient_id = erasure.patient_id
        if erasure.withdrawn_at is None:
            erasure.reason, erasure.withdrawn_by, erasure.withdrawn_at = None, actor.user_id, now
            session.flush()
            audit.record(session, actor.user_id, "erasure_withdrawn", now, patient_id, erasure.id)
        else:
            audit.record(session, actor.user_id, "erasures_read", now, about=[patient_id])
        return shown(erasure)


def confirm_by_operator(erasure_id: UUID, now: datetime, done: Done) -> dict[str, int]:
    """The same by the operator, where there is no second administrator: how many rows of each table
    went; `done` learns it of one after the other.

    Raises `NotFound`, `OpenAlertExists`, and `SecondAdminNeeded` where there is one.
    """
    with _of_operator(erasure_id) as (session, erasure):
        if len(_able(session, erasure)) > 1:
            raise SecondAdminNeeded
        if erasure.erased_at is not None:
            return {}
        refuse_open_alert(session, erasure.patient_id)
        return erase_for_good(session, erasure, None, now, done)


class _TakenBackError(Exception):
    """Nothing of a dry run stays."""


def try_erasure(erasure_id: UUID, now: datetime, done: Done) -> dict[str, int]:
    """How many rows of each table an erasure would take away or empty: it is done, and taken back.

    Raises `NotFound`, and `OpenAlertExists`.
    """
    rows: dict[str, int] = {}
    try:
        with _of_operator(erasure_id) as (session, erasure):
            if erasure.erased_at is None:
                refuse_open_alert(session, erasure.patient_id)
                rows = erase_for_good(session, erasure, None, now, done)
            raise _TakenBackError
    except _TakenBackError:
        return rows


@contextmanager
def _of_operator(erasure_id: UUID) -> Iterator[tuple[Session, Erasure]]:
    for clinic_id in clinic_ids():
        with transaction(clinic_id) as session:
            erasure = _locked(session, erasure_id)
            if erasure is not None and erasure.withdrawn_at is None:
                yield session, erasure
                return
    raise NotFound


def all_erasures(*, done: bool) -> Iterator[tuple[str, str, str, str]]:
    """Of all clinics what waits to be confirmed, or what was done: id, clinic, patient, since when.
    What was done is to be known again after an older backup was restored.
    """
    which = Erasure.erased_at.is_not(None) if done else WAITS
    since = Erasure.erased_at if done else Erasure.requested_at
    query = select(Erasure.id, Erasure.patient_id, since).where(which).order_by(since, Erasure.id)
    for clinic_id in clinic_ids():
        with transaction(clinic_id) as session:
            found = session.execute(query).all()
        yield from ((str(one), str(clinic_id), str(who), f"{at:%FT%TZ}") for one, who, at in found)


def _able(session: Session, erasure: Erasure) -> list[UUID]:
    """Who of the clinic's administrators could confirm, and who asked."""
    others = select(User.id).where(
        User.active, User.roles.contains(["admin"]), User.password_hash.is_not(None)
    )
    return [erasure.requested_by, *session.scalars(others.where(User.id != erasure.requested_by))]


def _locked(session: Session, erasure_id: UUID) -> Erasure | None:
    """The erasure as it is once the patient's status row is locked, the first of all locks."""
    patient_id = session.scalar(select(Erasure.patient_id).where(Erasure.id == erasure_id))
    if patient_id is None:
        return None
    with suppress(NotFound):  # somebody else has confirmed
        lock_status_row(session, patient_id)
    return session.scalars(select(Erasure).where(Erasure.id == erasure_id).with_for_update()).one()


def erase_for_good(
    session: Session, erasure: Erasure, by: UUID | None, now: datetime, done: Done
) -> dict[str, int]:
    """Take the patient's rows away: how many went of each table. The status row is locked, and
    that no alert of danger is open has been looked at by whoever asks.
    """
    session.execute(select(func.set_config("statement_timeout", LONGEST, True)))
    patient = select(Patient.user_id).where(Patient.id == erasure.patient_id)
    erasure.user_id = session.scalars(patient).one()
    if erasure.user_id is None:
        _lock_alerts(session, erasure)
    else:
        _lock_account(session, erasure, erasure.user_id)
    session.execute(select(Patient.id).where(Patient.id == erasure.patient_id).with_for_update())
    erasure.confirmed_by, erasure.confirmed_at = by, now
    session.flush()
    rows = {}
    for part in session.scalars(select(PARTS.c.name).order_by(PARTS.c.place)).all():
        rows[part] = session.scalars(select(func.erasure.erase(erasure.id, part))).one()
        done(part, rows[part])
    erasure.reason, erasure.erased_at = None, now
    session.flush()
    # Without details: there is no key any more that they could be digested by.
    audit.record(session, by, ERASED, now, erasure.patient_id, erasure.id)
    return rows


def _lock_alerts(session: Session, erasure: Erasure) -> None:
    """Pages and letters, then alerts: whoever is sending one writes down what came of it without
    the status row, and would leave an attempt or an event that points at nothing.
    """
    theirs = select(Alert.id).where(Alert.patient_id == erasure.patient_id)
    about: list[ColumnElement[bool]] = [Notification.alert_id.in_(theirs)]
    if erasure.user_id is not None:
        about.append(Notification.user_id == erasure.user_id)
    sent = select(Notification.id).where(or_(*about)).order_by(Notification.id)
    session.execute(sent.with_for_update())
    session.execute(theirs.order_by(Alert.id).with_for_update())


def _lock_account(session: Session, erasure: Erasure, user_id: UUID) -> None:
    """Codes, then letters, then families, then the account, as everybody locks them: nothing joins
    them from here on. The tries at it are forgotten.
    """
    for kept in (EmailChange, PasswordReset, Invitation):
        session.execute(select(kept.user_id).where(kept.user_id == user_id).with_for_update())
    _lock_alerts(session, erasure)
    family = select(TokenFamily.user_id).where(TokenFamily.user_id == user_id)
    session.execute(family.with_for_update())
    families = session.scalars(select(TokenFamily.id).where(TokenFamily.user_id == user_id)).all()
    email = session.scalars(select(User.email).where(User.id == user_id).with_for_update()).one()
    kinds = ("password", "new_address", "factor", "device")
    keys = [account_key(email), Key("device_link", account_key(email).name)]
    keys += [Key(kind, str(one)) for kind in kinds for one in (user_id, *families)]
    digests = [key.digest for key in keys]
    session.execute(delete(LoginDelay).where(LoginDelay.key_digest.in_(digests)))


def nobody_looks(part: str, rows: int) -> None:
    """Show nobody how far an erasure is."""
    del part, rows

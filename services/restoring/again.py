"""What was ended after the instant that was restored to is ended again; log-ins of staff end all.

A database of before knows every token, password and patient of then. What the sealer put down
(`services.auditing.endings`) tells what it must not know any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from models import AuditEntry, Erasure, Patient, TokenFamily, User
from models.base import new_id
from services.accounts.endings import end_codes_and_letters
from services.accounts.tokens.families import end_family
from services.auditing.endings import EndingEntry
from services.erasure.erase import erase_for_good, nobody_looks
from services.erasure.requests import WAITS
from services.exceptions import NotFound
from services.patients.status.lock import lock_status_row
from services.unit_of_work import clinic_ids, transaction

BATCH: Final = 1_000
# Why a log-in ended, and why somebody is erased: in the words that are stored.
RESTORED: Final = "restored"
ERASED_BEFORE: Final = "erased before, and again after a restored backup"


def unknown_endings(endings: Iterable[EndingEntry]) -> list[EndingEntry]:
    """Those that this database knows nothing of, in their order."""
    by_clinic: dict[UUID, list[EndingEntry]] = defaultdict(list)
    for ending in endings:
        by_clinic[ending.clinic_id].append(ending)
    unknown = []
    for clinic_id, those in by_clinic.items():
        for begin in range(0, len(those), BATCH):
            some = those[begin : begin + BATCH]
            with transaction(clinic_id) as session:
                ids = [one.entry_id for one in some]
                query = select(AuditEntry.id).where(AuditEntry.id.in_(ids))
                known = set(session.scalars(query))
            unknown += [one for one in some if one.entry_id not in known]
    return unknown


def still_alive(endings: Iterable[EndingEntry]) -> list[EndingEntry]:
    """Of those that this database does not know: whose patient is there, whose log-in is alive."""
    alive = []
    for ending in endings:
        with transaction(ending.clinic_id) as session:
            if _is_alive(session, ending):
                alive.append(ending)
    return alive


def end_again(ending: EndingEntry, now: datetime) -> bool:
    """Do it again; False where there is nothing left to end, or where only a person can.

    Of an account those log-ins end that were there then: whoever has logged in since, stays.
    """
    with transaction(ending.clinic_id) as session:
        if ending.again == "erase" and ending.patient_id is not None:
            return _erase(session, ending, ending.patient_id, now)
        if ending.again == "end log-in" and ending.object_id is not None:
            return end_family(session, ending.object_id, RESTORED, now)
        if ending.again == "end log-ins" and ending.account_id is not None:
            return _end_log_ins(session, ending.clinic_id, ending.account_id, now, ending.at)
    return False


def end_staff_log_ins(now: datetime) -> int:
    """Whoever is on the staff logs in anew: how many had. A log-in of theirs lasts for hours, and
    which of them were ended since, the database cannot know.
    """
    ended = 0
    staff = select(User.id).where(~User.roles.contains(["patient"])).order_by(User.id)
    for clinic_id in clinic_ids():
        with transaction(clinic_id) as session:
            accounts: Sequence[UUID] = session.scalars(staff).all()
        for user_id in accounts:
            with transaction(clinic_id) as session:
                ended += _end_log_ins(session, clinic_id, user_id, now, now)
    return ended


def _end_log_ins(
    session: Session, clinic_id: UUID, user_id: UUID, now: datetime, begun_by: datetime
) -> bool:
    """Codes and letters, then families, then the account, as everybody locks them; False where no
    log-in of before `begun_by` is alive. A patient's phone needs a new invitation, and the caseload
    says so.
    """
    alive = _alive(TokenFamily.user_id == user_id, TokenFamily.started_at <= begun_by)
    families = session.scalars(alive.order_by(TokenFamily.id)).all()
    if not families:
        return False
    end_codes_and_letters(session, clinic_id, user_id, now)
    for family_id in families:
        end_family(session, family_id, RESTORED, now)
    patient = update(User).where(User.id == user_id, User.roles.contains(["patient"]))
    session.execute(patient.values(needs_invitation=True))
    return True


def _alive(*which: ColumnElement[bool]) -> Select[UUID]:
    return select(TokenFamily.id).where(*which, TokenFamily.revoked_at.is_(None))


def _erase(session: Session, ending: EndingEntry, patient_id: UUID, now: datetime) -> bool:
    """An alert of danger that is open here again stops nothing: before the erasure, somebody ended
    it.
    """
    try:
        lock_status_row(session, patient_id)
    except NotFound:  # who came after the instant is not here
        return False
    erase_for_good(session, _erasure(session, ending, patient_id, now), None, now, nobody_looks)
    return True


def _is_alive(session: Session, ending: EndingEntry) -> bool:
    """Is there still what has to end?"""
    query = select(Patient.id).where(Patient.id == ending.patient_id)
    if ending.again == "end log-in":
        query = _alive(TokenFamily.id == ending.object_id)
    if ending.again == "end log-ins":
        begun = TokenFamily.started_at <= ending.at
        query = _alive(TokenFamily.user_id == ending.account_id, begun)
    return ending.again != "look" and session.scalar(query.limit(1)) is not None


def _erasure(session: Session, ending: EndingEntry, patient_id: UUID, now: datetime) -> Erasure:
    """What was asked for then, where it was before the instant; else asked for in its place."""
    waits = select(Erasure).where(Erasure.patient_id == patient_id, WAITS).with_for_update()
    found = session.scalars(waits).one_or_none()
    if found is not None:
        return found
    asked_by = (
        select(User.id)
        .where((User.id == ending.actor_id) | User.roles.contains(["admin"]))
        .order_by(User.id.is_distinct_from(ending.actor_id), User.created_at)
        .limit(1)
    )
    erasure = Erasure(
        clinic_id=ending.clinic_id,
        id=ending.object_id or new_id(),
        patient_id=patient_id,
        reason=ERASED_BEFORE,
        requested_by=session.scalars(asked_by).one(),
        requested_at=now,
    )
    session.add(erasure)
    session.flush()
    return erasure

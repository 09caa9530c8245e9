"""Which reminder is due now, worked out anew from what is due: a session, an answer, a move and new
quiet hours change it by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Patient, PatientStatus, PushedDevice, ReminderPlan, SentReminder, User
from models.base import new_id
from services.due import items_due
from services.rules.languages.wording import BESIDE, Wording
from services.rules.mood_days import day_start, find_zone, mood_day_at
from services.rules.schedule.case import DueItem
from services.rules.schedule.reminders import QuietHours, Reminder, key_of, not_yet_reminded, plan
from services.rules.schedule.windows import ONE_DAY
from services.unit_of_work import transaction

BATCH: Final = 100
# As long as one may be asked whether somebody was reminded.
KEPT_FOR: Final = timedelta(days=90)
# An item is due for some days; who was reminded of it before then is not again.
REMEMBERED_FOR: Final = timedelta(days=45)
# A plan that could not be worked out is tried again, and keeps nobody else waiting meanwhile.
TRIED_AGAIN_AFTER: Final = timedelta(hours=1)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Planned:
    """A patient's reminders as of now, of today's mood day and later ones; `zone`: their own."""

    reminders: tuple[Reminder, ...]
    items: tuple[DueItem, ...]
    zone: tzinfo


def planned(session: Session, patient: Patient, quiet: Any, now: datetime) -> Planned:
    """Work it out; `quiet`: the account's `quiet_hours`."""
    zone = find_zone(patient.timezone) or UTC
    begun = day_start(mood_day_at(now, zone), zone)
    case, items = items_due(session, patient, now, around=begun)
    found = plan(items, zone, hours_of(quiet), case.away)
    return Planned(tuple(one for one in found if one.at >= begun), tuple(items), zone)


def hours_of(quiet: Any) -> QuietHours | None:
    """As the account has them; None: as usual."""
    return None if quiet is None else QuietHours.between(quiet["from"], quiet["to"])


def reminder_words(words: Wording) -> tuple[str, str]:
    """Title and body of a reminder for one reader."""
    return words.app("reminder_title", BESIDE), words.app("reminder_body")


def plan_due(clinic_id: UUID, now: datetime) -> int:
    """Queue what is due now for every patient of a clinic who has a device; how many were looked
    at.
    """
    looked = 0
    while users := _stale(clinic_id, now):
        done = [user_id for user_id in users if _planned_one(clinic_id, user_id, now)]
        looked += len(done)
        if len(done) < len(users):
            break  # another process is at it, or it cannot be done
    return looked


def _planned_one(clinic_id: UUID, user_id: UUID, now: datetime) -> bool:
    """One patient whose plan cannot be worked out must not keep the others waiting."""
    try:
        return _plan_one(clinic_id, user_id, now)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is theirs alone
        _log.error("reminder_plan_fault", kind=type(error).__name__)
        _put_off(clinic_id, user_id, now + TRIED_AGAIN_AFTER)
        return True


def _stale(clinic_id: UUID, now: datetime) -> list[UUID]:
    """Accounts whose plan is missing, of an earlier revision, or due."""
    has_device = select(PushedDevice.id).where(PushedDevice.user_id == Patient.user_id).exists()
    query = (
        select(Patient.user_id)
        .join(PatientStatus, PatientStatus.patient_id == Patient.id)
        .outerjoin(ReminderPlan, ReminderPlan.user_id == Patient.user_id)
        .where(
            has_device,
            or_(
                ReminderPlan.user_id.is_(None),
                ReminderPlan.next_at <= now,
                ReminderPlan.revision != PatientStatus.revision,
            ),
        )
        .limit(BATCH)
    )
    with transaction(clinic_id) as session:
        return [user_id for user_id in session.scalars(query) if user_id is not None]


def _plan_one(clinic_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Queue what is due for one account, and say when to look again; False while another process
    does.
    """
    with transaction(clinic_id) as session:
        if not _claim(session, clinic_id, user_id, now):
            return False
        # Read first: what is written meanwhile is of a later revision, and planned again.
        patient, revision, quiet = session.execute(
            select(Patient, PatientStatus.revision, User.quiet_hours)
            .join(PatientStatus, PatientStatus.patient_id == Patient.id)
            .join(User, User.id == Patient.user_id)
            .where(Patient.clinic_id == clinic_id, Patient.user_id == user_id)
        ).one()
        found = planned(session, patient, quiet, now)
        running = [one for one in found.reminders if one.at <= now < one.until]
        if running:
            _queue(session, clinic_id, user_id, running[-1], now)
        tomorrow = day_start(mood_day_at(now, found.zone) + ONE_DAY, found.zone)
        next_at = min([tomorrow, *(one.at for one in found.reminders if one.at > now)])
        session.execute(
            update(ReminderPlan)
            .where(ReminderPlan.user_id == user_id)
            .values(revision=revision, next_at=next_at)
        )
        return True


def _put_off(clinic_id: UUID, user_id: UUID, next_at: datetime) -> None:
    """Look at one account again then, or when there is more to be worked out with."""
    revision = (
        select(PatientStatus.revision)
        .join(Patient, Patient.id == PatientStatus.patient_id)
        .where(Patient.user_id == user_id)
        .scalar_subquery()
    )
    plan = {"revision": revision, "next_at": next_at}
    with transaction(clinic_id) as session:
        session.execute(
            upsert(ReminderPlan)
            .values(clinic_id=clinic_id, user_id=user_id, **plan)
            .on_conflict_do_update(constraint="pk_reminder_plans", set_=plan)
        )


def _claim(session: Session, clinic_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Lock the account's plan, made when there is none."""
    fresh = {"clinic_id": clinic_id, "user_id": user_id, "revision": -1, "next_at": now}
    session.execute(upsert(ReminderPlan).values(fresh).on_conflict_do_nothing())
    mine = select(ReminderPlan.user_id).where(ReminderPlan.user_id == user_id)
    return session.scalar(mine.with_for_update(skip_locked=True)) is not None


def _queue(
    session: Session, clinic_id: UUID, user_id: UUID, reminder: Reminder, now: datetime
) -> None:
    """One to each device, of what nobody was reminded of before."""
    earlier = session.execute(
        select(SentReminder.at, SentReminder.keys).where(
            SentReminder.user_id == user_id, SentReminder.at > now - REMEMBERED_FOR
        )
    ).all()
    keys = not_yet_reminded(reminder, list({(row.at, tuple(row.keys)) for row in earlier}), now)
    devices = session.scalars(select(PushedDevice.id).where(PushedDevice.user_id == user_id)).all()
    if keys and devices:
        session.execute(
            insert(SentReminder),
            [
                {
                    "clinic_id": clinic_id,
                    "id": new_id(),
                    "user_id": user_id,
                    "device_id": device_id,
                    "keys": sorted(keys),
                    "at": now,
                    "until_at": reminder.until,
                    "due_at": now,
                }
                for device_id in devices
            ],
        )


def is_still_due(session: Session, patient: Patient, keys: list[str], now: datetime) -> bool:
    """Is anything of it still to be answered?"""
    found = planned(session, patient, None, now)
    open_keys = {
        key_of(one, found.zone) for one in found.items if one.status in ("due", "upcoming")
    }
    return bool(open_keys & set(keys))


def forget_old(clinic_id: UUID, now: datetime) -> None:
    """Take away what went out long ago."""
    with transaction(clinic_id) as session:
        session.execute(delete(SentReminder).where(SentReminder.at < now - KEPT_FOR))


def look_again(session: Session, user_id: UUID, now: datetime) -> None:
    """Somebody has said otherwise how they like to be reminded."""
    session.execute(update(ReminderPlan).where(ReminderPlan.user_id == user_id).values(next_at=now))

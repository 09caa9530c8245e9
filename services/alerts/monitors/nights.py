"""Coverage foresight: the chains of the coming nights, as they are stored, looked at by the rules;
the administrators hear of what is wrong before the night, each thing once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from models import (
    ChainCheck,
    Clinic,
    Contact,
    ContactMethod,
    Notification,
    NotificationAttempt,
    OnCallPolicy,
    User,
)
from models.sealing import sealed
from services.access import Action, Actor, scopes
from services.accounts.letters import letter_row
from services.accounts.tokens.token_check import acting
from services.alerts.chain import contact_name, is_reachable
from services.alerts.permissions import who_may_act
from services.alerts.policy import everybody, stored_step
from services.channels.base import Receipt
from services.contact_methods.codes import content_text
from services.contact_methods.outcomes import NOT_TRIED
from services.on_call.stored import live_schedules, load_schedules
from services.rules.escalation.policy import PageTarget
from services.rules.foresight import (
    ChainLink,
    Duty,
    NightFinding,
    PersonReach,
    foresee,
    news,
    window,
)
from services.rules.mood_days import find_zone
from services.unit_of_work import transaction

# What did not get through so long ago says nothing of today.
REMEMBERED: Final = timedelta(days=30)
NEWS_FOR: Final = timedelta(days=1)
GOT_OUT: Final = tuple(receipt.value for receipt in Receipt)


def all_of_them() -> list[UUID]:
    """Every clinic, for the worker."""
    with transaction() as session:
        return list(session.scalars(select(Clinic.id).order_by(Clinic.id)))


def look_ahead(clinic_id: UUID, now: datetime) -> bool:
    """Look at the chains of one clinic, and mail its administrators what they have not heard of;
    True when they are mailed. Of several workers one does it.
    """
    with transaction() as session:
        row = _load_known(session, clinic_id)
        duty = load_duty(session, clinic_id, now)
        found = foresee(duty, now)
        before = {key: datetime.fromisoformat(until) for key, until in (row or {}).items()}
        fresh = news(found, before, now)
        if fresh.known == before or not _write(session, clinic_id, row, fresh.known, now):
            return False
        if fresh.tell is not None:
            lines = [each.words(duty.zone, now) for each in found]
            _mail(session, clinic_id, fresh.tell, lines, now)
        return fresh.tell is not None


def findings_of(clinic_id: UUID, now: datetime) -> list[str]:
    """What is wrong with the coming nights of one clinic, in words: for the operator."""
    with transaction(clinic_id) as session:
        return [each["words"] for each in shown_findings(session, clinic_id, now)]


def coming_nights(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The same, for its staff. Raises `Forbidden`."""
    scopes(actor, Action.READ_CLINIC)
    with acting(actor, now) as session:
        return shown_findings(session, actor.clinic_id, now)


def shown_findings(session: Session, clinic_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Each finding with its words."""
    duty = load_duty(session, clinic_id, now)
    return [_shown(each, duty.zone, now) for each in foresee(duty, now)]


def _shown(finding: NightFinding, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "severity": finding.severity or None,
        "from_at": max(finding.from_at, now),
        "to_at": finding.to_at,
        "words": finding.words(zone, now),
    }


def load_duty(session: Session, clinic_id: UUID, now: datetime) -> Duty:
    """Whom the clinic's alerts would page in the window around `now`, and how they are reached."""
    zone = find_zone(session.scalars(select(Clinic.timezone).where(Clinic.id == clinic_id)).one())
    clock = zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")
    policies = {
        row.severity: [stored_step(each) for each in row.steps]
        for row in session.scalars(select(OnCallPolicy).where(OnCallPolicy.clinic_id == clinic_id))
    }
    targets = {one for steps in policies.values() for step in steps for one in step.targets}
    names = live_schedules(session, clinic_id)
    ids = [each.schedule_id for each in targets if each.schedule_id in names]
    schedules = load_schedules(
        session, clinic_id, [each for each in ids if each], *window(clock, now)
    )
    people = {each.user_id for each in targets if each.user_id}
    for known in schedules.values():
        people.update(one for rotation in known.rotations for one in rotation.members)
        people.update(override.user_id for override in known.overrides)
    all_staff = everybody(session, clinic_id) if PageTarget() in targets else []
    active = who_may_act(session, clinic_id, None, people.union(all_staff), admins=True)
    return Duty(
        zone=clock,
        links=_links(session, clinic_id, now),
        policies=policies,
        names=names,
        schedules=schedules,
        everybody=all_staff,
        reach=_reach(session, clinic_id, active, now),
    )


def _links(session: Session, clinic_id: UUID, now: datetime) -> list[ChainLink]:
    rows = session.execute(
        select(Contact.id, Contact.position, Contact.channel, Contact.last_resort)
        .outerjoin(User, (User.clinic_id == Contact.clinic_id) & (User.id == Contact.user_id))
        .where(Contact.clinic_id == clinic_id, is_reachable())
        .order_by(Contact.last_resort, Contact.position)
    ).all()
    fails = _not_through(session, clinic_id, Notification.contact_id, [row.id for row in rows], now)
    return [
        ChainLink(
            contact_name(row.position, row.channel, last_resort=row.last_resort),
            row.id in fails,
            row.last_resort,
        )
        for row in rows
    ]


def _reach(
    session: Session, clinic_id: UUID, people: Collection[UUID], now: datetime
) -> dict[UUID, PersonReach]:
    if not people:
        return {}
    working = ContactMethod.failing_since.is_(None)
    rows = session.execute(
        select(
            User.id,
            User.name,
            func.count(ContactMethod.id).filter(working).label("works"),
            func.count(ContactMethod.id).filter(~working).label("fails"),
        )
        .outerjoin(
            ContactMethod,
            (ContactMethod.clinic_id == User.clinic_id)
            & (ContactMethod.user_id == User.id)
            & ContactMethod.active
            & ContactMethod.verified_at.is_not(None),
        )
        .where(User.clinic_id == clinic_id, User.id.in_(people))
        .group_by(User.clinic_id, User.id)
    ).all()
    fails = _not_through(session, clinic_id, Notification.user_id, people, now)
    return {row.id: PersonReach(row.name, row.works, row.fails, row.id in fails) for row in rows}


def _not_through(
    session: Session, clinic_id: UUID, whom: Any, ids: Collection[UUID], now: datetime
) -> set[UUID]:
    """Of these contacts, or accounts by their mail: those to whom the last that was tried did not
    get through, and nothing has since. Ids of notifications are time-ordered.
    """
    failed = (
        select(whom.label("whom"), Notification.id)
        .where(
            Notification.clinic_id == clinic_id,
            whom.in_(ids),
            Notification.method_id.is_(None),
            Notification.state == "failed_permanently",
            Notification.created_at > now - REMEMBERED,
            select(NotificationAttempt.id)
            .where(
                NotificationAttempt.clinic_id == clinic_id,
                NotificationAttempt.notification_id == Notification.id,
                NotificationAttempt.outcome.not_in(NOT_TRIED),
            )
            .exists(),
        )
        .order_by(Notification.id)
    )
    found: set[UUID] = set()
    newest = {row.whom: row.id for row in session.execute(failed)}
    for one, last in newest.items():
        later = select(Notification.id).where(
            Notification.clinic_id == clinic_id,
            Notification.id > last,
            whom == one,
            Notification.method_id.is_(None),
            Notification.state.in_(GOT_OUT),
        )
        if session.scalar(later.limit(1)) is None:
            found.add(one)
    return found


def _load_known(session: Session, clinic_id: UUID) -> dict[str, str] | None:
    """What they know of, its row locked; None: nobody was told anything yet."""
    return session.scalar(
        select(ChainCheck.known).where(ChainCheck.clinic_id == clinic_id).with_for_update()
    )


def _write(
    session: Session,
    clinic_id: UUID,
    row: Mapping[str, str] | None,
    known: Mapping[str, datetime],
    now: datetime,
) -> bool:
    """False when another worker has told it meanwhile."""
    stored = {key: until.astimezone(UTC).isoformat() for key, until in known.items()}
    values = {"known": stored, "findings": len(stored), "changed_at": now}
    if row is not None:
        session.execute(update(ChainCheck).where(ChainCheck.clinic_id == clinic_id).values(values))
        return True
    first = upsert(ChainCheck).values(clinic_id=clinic_id, **values).on_conflict_do_nothing()
    return session.scalar(first.returning(ChainCheck.clinic_id)) is not None


def _mail(
    session: Session, clinic_id: UUID, topic: str, lines: Sequence[str], now: datetime
) -> None:
    """A letter to every administrator; nothing in it about any patient."""
    clinic = session.scalars(select(Clinic.name).where(Clinic.id == clinic_id)).one()
    content = {"topic": topic, "clinic": clinic, "lines": "\n".join(f"- {each}" for each in lines)}
    text = content_text(content)
    admins = select(User.id).where(
        User.clinic_id == clinic_id, User.active, User.roles.contains(["admin"])
    )
    rows: Iterator[dict[str, Any]] = (
        letter_row(clinic_id, one, text, now, now + NEWS_FOR) for one in session.scalars(admins)
    )
    session.execute(insert(Notification), [sealed(Notification, row) for row in rows])

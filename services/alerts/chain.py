"""The clinic's contact chain and pace, as the life of an alert needs them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from models import Clinic, Contact, OnCallPolicy, User
from models.statements import Query, Statement
from services.alerts.policy import load_steps
from services.contact_methods.addresses import Address, addresses_of_each
from services.exceptions import NotFound
from services.rules.cards.crisis import ClinicFacts
from services.rules.catalogue import CATALOGUE
from services.rules.escalation.policy import StepPeople
from services.rules.escalation.staffing import (
    Staffing,
    StaffingError,
    next_working_morning,
    parse_staffing,
)
from services.rules.escalation.states import (
    DEFAULT_LADDERS,
    OWN_PEOPLE,
    PAGING,
    AlertState,
    Beside,
    Circumstances,
    Ladder,
)
from services.unit_of_work import ask

CARE_TEAM: Final = "care team (email)"
MORNING_MAIL: Final = "morning mail"


@dataclass(frozen=True, slots=True)
class Link:
    """One contact that can be paged."""

    contact_id: UUID
    channel: str
    last_resort: bool

    @property
    def id(self) -> UUID:
        """Who it is."""
        return self.contact_id

    @property
    def columns(self) -> dict[str, Any]:
        """The recipient of a notification."""
        return {"contact_id": self.contact_id, "channel": self.channel}


@dataclass(frozen=True, slots=True)
class Member:
    """One person who is paged by a method of theirs, or at the address of their account."""

    user_id: UUID
    channel: str = "email"
    method_id: UUID | None = None

    @property
    def id(self) -> UUID:
        """Who it is."""
        return self.user_id

    @property
    def columns(self) -> dict[str, Any]:
        """The recipient of a notification."""
        return {"user_id": self.user_id, "channel": self.channel, "method_id": self.method_id}


@dataclass(frozen=True, slots=True)
class Chain:
    """Whom to page in which order (the last resort is the final step), the clinic's pace, and what
    a card says of the clinic. `members`: people to page besides the chain about what happens now.
    `policies`: by severity, the steps that stand for the links, as those of `people` to page now.
    """

    links: tuple[Link, ...]
    facts: ClinicFacts
    ladders: Mapping[str, Ladder] = field(default_factory=lambda: DEFAULT_LADDERS)
    members: tuple[Member, ...] = ()
    policies: Mapping[str, tuple[StepPeople, ...]] = field(default_factory=dict)
    people: Mapping[UUID, Member] = field(default_factory=dict)
    beside: Beside = "nobody"

    @property
    def staffing(self) -> Staffing:
        """When somebody is there."""
        return self.facts.staffing

    def nobody_but_the_last_resort(self, severity: str) -> bool:
        """Nobody on call: the next step is taken at once, down to the last resort."""
        if severity in self.policies:
            return not any(step.people for step in self.policies[severity])
        return all(link.last_resort for link in self.links)

    @property
    def last_resort(self) -> Link | None:
        """The administrator's e-mail; None only in a clinic whose data are broken."""
        return next((link for link in self.links if link.last_resort), None)

    def recipients(self, step: int, severity: str) -> tuple[Link | Member, ...]:
        """Whom a step pages: one contact, the people of a policy's step, or all people besides."""
        if step == OWN_PEOPLE:
            return self.members
        steps = self.policies.get(severity)
        if steps is None:
            return (self.links[step - 1],)
        if step <= len(steps):
            return tuple(self.people[one] for one in steps[step - 1].people)
        return tuple(link for link in self.links if link.last_resort)

    def circumstances(self, now: datetime) -> Circumstances:
        """What a transition at `now` needs to know of this clinic."""
        return Circumstances(
            now=now,
            chain_length=len(self.links),
            next_morning=partial(next_working_morning, self.staffing, now),
            ladders=self.ladders,
            beside=self.beside,
            policies=self.policies,
        )


_POLICIES: Final = (
    select(func.jsonb_object_agg(OnCallPolicy.severity, OnCallPolicy.steps, type_=JSONB()))
    .where(OnCallPolicy.clinic_id == Clinic.id)
    .correlate(Clinic)
    .scalar_subquery()
)


def is_reachable() -> ColumnElement[bool]:
    """A contact (outer-joined with its user) that is switched on, its account active; the last
    resort always.
    """
    return or_(
        Contact.last_resort,
        and_(Contact.active, or_(Contact.user_id.is_(None), User.active)),
    )


_CHAIN: Final = Statement(
    select(
        Clinic.timezone,
        Clinic.staffed,
        Clinic.holidays,
        Clinic.ladder,
        Clinic.country,
        Clinic.phone,
        Clinic.monitoring_text,
        Clinic.language,
        Clinic.reviewed_texts,
        Contact.id,
        Contact.channel,
        Contact.last_resort,
        is_reachable().label("reachable"),
        _POLICIES.label("policies"),
    )
    .outerjoin(Contact, Contact.clinic_id == Clinic.id)
    .outerjoin(User, and_(User.clinic_id == Clinic.id, User.id == Contact.user_id))
    .where(Clinic.id == bindparam("clinic_id", type_=Clinic.id.type))
    .order_by(Contact.last_resort, Contact.position)
)


class ChainOf:
    """The clinic and whom it pages about a patient, read once and only when somebody asks."""

    def __init__(
        self,
        session: Session,
        clinic_id: UUID,
        now: datetime | None,
        patient_id: UUID | None,
        *also: Query,
    ) -> None:
        """`also`: what is asked together with it."""
        self._session, self._clinic_id = session, clinic_id
        self._now, self._patient_id = now, patient_id
        self._clinic = Query(_CHAIN, {"clinic_id": clinic_id})
        self._unasked = (self._clinic, *also)
        self._chain: Chain | None = None

    def ask(self, *others: Query) -> None:
        """Ask it, if that has not been done, and `others` in the same round trip."""
        questions, self._unasked = (*self._unasked, *others), ()
        if questions:
            ask(self._session, *questions)

    def __call__(self) -> Chain:
        """The chain; raises `NotFound` for an unknown clinic."""
        if self._chain is None:
            self.ask()
            self._chain = self._read(self._clinic.rows)
        return self._chain

    def _read(self, rows: Sequence[Any]) -> Chain:
        if not rows:
            raise NotFound
        clinic = rows[0]
        policies: dict[str, tuple[StepPeople, ...]] = {}
        if clinic.policies and self._now is not None:
            policies = load_steps(
                self._session, self._clinic_id, self._patient_id, clinic.policies, self._now
            )
        paged = {one for steps in policies.values() for step in steps for one in step.people}
        links = (Link(row.id, row.channel, row.last_resort) for row in rows if row.reachable)
        return Chain(
            links=tuple(links),
            facts=_facts(clinic),
            ladders=ladders_of(clinic.ladder),
            policies=policies,
            people=members(self._session, self._clinic_id, paged) if paged else {},
        )


def load_chain(
    session: Session,
    clinic_id: UUID,
    now: datetime | None = None,
    patient_id: UUID | None = None,
) -> Chain:
    """Read the chain: who was switched off or deactivated is left out, the last resort never is;
    and the policies as they are `now` (None: without them), for an alert about this patient or
    nobody. Raises `NotFound` for an unknown clinic.
    """
    return ChainOf(session, clinic_id, now, patient_id)()


def _facts(clinic: Any) -> ClinicFacts:
    """What a card says of the clinic."""
    return ClinicFacts(
        country=clinic.country,
        staffing=readable_staffing(clinic.timezone, clinic.staffed, clinic.holidays),
        phone=clinic.phone,
        monitoring_text=clinic.monitoring_text or "",
        language=clinic.language,
        reviews=clinic.reviewed_texts,
    )


def contact_name(position: int, channel: str, *, last_resort: bool = False) -> str:
    """A neutral name: `contact 2 (webhook)`. Never an address."""
    return f"{'last resort' if last_resort else f'contact {position}'} ({channel})"


def people_name(rule: str, channel: str) -> str:
    """Those whom an alert of a rule pages besides the chain: `session staff (email)`."""
    known = CATALOGUE.get(rule)
    who = known.besides if known else "nobody"
    return f"{'care team' if who == 'care team too' else 'session staff'} ({channel})"


def members(session: Session, clinic_id: UUID, user_ids: Collection[UUID]) -> dict[UUID, Member]:
    """People by the best way to reach each, without those whose account is switched off. What does
    not get through goes on by their next way (`delivery.next_channel`).
    """
    found = addresses_of_each(session, clinic_id, user_ids)
    return {user_id: member_by(user_id, ways[0]) for user_id, ways in found.items()}


def member_by(user_id: UUID, address: Address) -> Member:
    """One person by one way."""
    return Member(user_id, address.channel, address.method_id)


def recipient_name(row: Any, rule: str, names: Mapping[UUID, str]) -> str:
    """Who a notification went to: a contact by its neutral name, a member of staff by their own,
    but for those whom every alert of its rule pages so.
    """
    if row.contact_id is not None:
        return names[row.contact_id]
    if row.kind == "digest":
        return CARE_TEAM
    return people_name(rule, row.channel) if row.page_step == OWN_PEOPLE else names[row.user_id]


def target_names(session: Session, clinic_id: UUID) -> dict[UUID, str]:
    """Every contact the clinic ever had by a neutral name, every member of staff by their own."""
    people = session.execute(
        select(User.id, User.name).where(
            User.clinic_id == clinic_id, ~User.roles.contains(["patient"])
        )
    )
    return {row.id: row.name for row in people} | contact_names(session, clinic_id)


def contact_names(session: Session, clinic_id: UUID) -> dict[UUID, str]:
    """Every contact the clinic ever had, by a neutral name."""
    rows = session.execute(
        select(Contact.id, Contact.position, Contact.channel, Contact.last_resort).where(
            Contact.clinic_id == clinic_id
        )
    )
    return {
        row.id: contact_name(row.position, row.channel, last_resort=row.last_resort) for row in rows
    }


def next_target(state: AlertState, chain: Chain, names: Mapping[UUID, str]) -> str | None:
    """Who hears of it at `next_at`, if nothing happens before; None when time does nothing."""
    if state.next_at is None:
        return None
    overdue = state.status == "acknowledged" and state.contact_due_at == state.next_at
    severity = state.page_severity or state.ladder_severity if overdue else state.ladder_severity
    if severity not in PAGING:
        return MORNING_MAIL
    here = chain.circumstances(state.next_at)
    starts_over = state.status == "acknowledged" and not overdue
    length = here.length(severity)
    step = 0 if starts_over or state.page_step >= length else state.page_step
    if not length:
        return None
    paged = chain.recipients(here.filled(severity, step + 1), severity)
    return ", ".join(names[each.id] for each in paged) or None


def readable_staffing(zone: str, staffed: list[Any], holidays: list[Any]) -> Staffing:
    """Settings that cannot be read any more must not keep a page from being queued, or a card from
    being shown: then nobody is promised to be there.
    """
    try:
        return parse_staffing(zone, staffed, holidays)
    except StaffingError:
        return Staffing(ZoneInfo("UTC"))


def ladders_of(setting: object) -> Mapping[str, Ladder]:
    """The clinic's `ladder` setting over the defaults. What it leaves out is the default, and so is
    what cannot be read any more: it must not keep a page from being queued.
    """
    words = setting if isinstance(setting, dict) else {}
    return {word: _ladder(words.get(word), default) for word, default in DEFAULT_LADDERS.items()}


def _ladder(given: object, default: Ladder) -> Ladder:
    seconds = given if isinstance(given, dict) else {}
    return replace(
        default,
        **{
            name: seconds[name]
            for name in ("next_after_s", "ack_expires_s")
            if type(seconds.get(name)) is int
        },
    )

"""The pages about an alert that are not out, or went out a moment ago: what a new page joins.

One unsent page is enough for one contact and alert: whoever opens it sees all that has come in. So
a patient who asks for help four hundred times is a page now and one a minute, and delays nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models import AlertEvent, Notification
from models.alerts.notification import UNFINISHED
from services.alerts.chain import Chain, Link, Member
from services.rules.escalation.numbers import ESCALATION_NUMBERS
from services.rules.escalation.states import PageStep, Transition

PAGE_GAP: Final = timedelta(seconds=ESCALATION_NUMBERS.general.page_gap_s)
# What somebody does with an alert: an occurrence after it is news, and waits for nothing.
BY_A_PERSON: Final = ("acknowledged", "acknowledgement_taken_over", "note", "contact_attempt")


@dataclass(frozen=True, slots=True)
class Outbox:
    """Of one alert, by recipient (the id of a contact or an account): the newest page that waits to
    be sent, the one that somebody is sending at this moment, when the last one left if that is less
    than a minute ago. `acted_at`: when a person last did something with the alert, as recently.
    """

    waiting: dict[UUID, UUID] = field(default_factory=dict)
    sending: dict[UUID, UUID] = field(default_factory=dict)
    left_at: dict[UUID, datetime] = field(default_factory=dict)
    acted_at: datetime | None = None

    def follows_at(self, recipient_id: UUID, now: datetime) -> datetime:
        """When a page that adds to the last one is due: at most a minute after it, and at once
        where there was none, or somebody has done something since.
        """
        last = now if recipient_id in self.sending else self.left_at.get(recipient_id)
        if last is None or (self.acted_at is not None and self.acted_at >= last):
            return now
        return max(now, last + PAGE_GAP)


EMPTY: Final = Outbox()


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """One page of a step: to whom, when, and the unsent page that stands for it, if there is one.

    `adds`: it adds to a page, and hurries no retry of it.
    """

    step: PageStep
    to: Link | Member
    due_at: datetime
    joins: UUID | None
    adds: bool


def plan_pages(
    change: Transition, chain: Chain, outbox: Outbox, now: datetime
) -> Iterator[PlannedPage]:
    """The pages of a change. Time, a rise of the tier and whatever ends an acknowledgement page at
    once, or hurry the page that is still unsent; a further occurrence joins it. Whoever stands on
    several steps is paged once, for the last of them.
    """
    severity = change.state.ladder_severity
    pages = {
        to.id: (step, to) for step in change.pages for to in chain.recipients(step.step, severity)
    }
    for step, to in pages.values():
        joins = outbox.waiting.get(to.id)
        if change.adds:
            due_at = outbox.follows_at(to.id, now)
        else:
            due_at, joins = now, joins or outbox.sending.get(to.id)
        yield PlannedPage(step, to, due_at, joins, change.adds)


def load_outbox(session: Session, clinic_id: UUID, alert_id: UUID, now: datetime) -> Outbox:
    """The outbox of one alert; its pages are locked after the alert, which the caller holds."""
    return load_outboxes(session, clinic_id, [alert_id], now).get(alert_id, EMPTY)


def load_outboxes(
    session: Session, clinic_id: UUID, alert_ids: Collection[UUID], now: datetime
) -> dict[UUID, Outbox]:
    """The outboxes of locked alerts, those that are empty left out.

    The pages are locked: none is claimed between being found unsent and being joined.
    """
    recently = now - PAGE_GAP
    acted_at = (
        select(func.max(AlertEvent.at))
        .where(
            AlertEvent.clinic_id == Notification.clinic_id,
            AlertEvent.alert_id == Notification.alert_id,
            AlertEvent.at > recently,
            AlertEvent.kind.in_(BY_A_PERSON),
        )
        .scalar_subquery()
    )
    page = Notification
    recipient_id = func.coalesce(page.contact_id, page.user_id)
    rows = session.execute(
        select(page.alert_id, recipient_id, page.id, page.state, page.sent_at, acted_at)
        .where(
            page.clinic_id == clinic_id,
            page.alert_id.in_(alert_ids),
            page.kind == "page",
            or_(page.state.in_(UNFINISHED), page.sent_at > recently),
        )
        .order_by(page.id)
        .with_for_update()
    )
    found: dict[UUID, Outbox] = {}
    alert_id: Any
    for alert_id, recipient, page_id, state, sent_at, acted in rows:
        outbox = found.setdefault(alert_id, Outbox({}, {}, {}, acted))
        if state == "sending":
            outbox.sending[recipient] = page_id
        elif sent_at is None:
            outbox.waiting[recipient] = page_id
        else:
            outbox.left_at[recipient] = sent_at
    return found

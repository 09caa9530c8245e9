"""A genuine refresh token that the database does not know, after a restore or a failover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from models import TokenFamily, TokenPair
from services.access import Actor
from services.accounts.tokens.refresh import Presented, refresh
from services.exceptions import Unauthenticated
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, World

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def early(world: World) -> Iterator[ClinicWorld]:
    """A clinic made at the start of the story, inside an application context."""
    with world.app.app_context():
        yield World(world.app, START).clinic()


def shown(actor: Actor, issued_at: datetime) -> Presented:
    """The token as it is sent: it tells whole seconds."""
    whole = issued_at.replace(microsecond=0)
    return Presented(actor.clinic_id, actor.user_id, actor.family_id, actor.pair_id, whole)


def forget(actor: Actor) -> None:
    """The pair, and that it follows another one, were in what was lost."""
    with transaction(actor.clinic_id) as session:
        session.execute(
            update(TokenPair)
            .where(TokenPair.successor_id == actor.pair_id)
            .values(successor_id=None, spent_at=None, used_at=None)
        )
        session.execute(delete(TokenPair).where(TokenPair.id == actor.pair_id))


def ended_as(actor: Actor) -> str | None:
    with transaction(actor.clinic_id) as session:
        query = select(TokenFamily.revoked_reason).where(TokenFamily.id == actor.family_id)
        return session.scalars(query).one()


def test_what_is_newer_than_all_that_is_known_holds(early: ClinicWorld) -> None:
    phone = early.patient().actor
    lost = refresh(shown(phone, START), START + MINUTE)
    forget(lost.actor)
    later = START + 2 * MINUTE
    with pytest.raises(Unauthenticated):
        refresh(replace(shown(lost.actor, START), issued_at=None), later)
    got = refresh(shown(lost.actor, lost.issued_at), later)
    again = refresh(shown(lost.actor, lost.issued_at), later)
    assert got == again, "a lost answer is answered again"
    assert ended_as(phone) is None


def test_a_pair_of_the_same_second_is_newer(early: ClinicWorld) -> None:
    moment = START + timedelta(milliseconds=300)
    phone = early.patient().actor
    with transaction(early.id) as session:
        own = update(TokenPair).where(TokenPair.id == phone.pair_id)
        session.execute(own.values(issued_at=moment))
    lost = refresh(shown(phone, moment), moment + timedelta(milliseconds=400))
    forget(lost.actor)
    assert refresh(shown(lost.actor, lost.issued_at), START + MINUTE)


def test_what_came_before_it_ends_the_family_when_it_turns_up(early: ClinicWorld) -> None:
    phone = early.patient().actor
    lost = refresh(shown(phone, START), START + MINUTE)
    forget(lost.actor)
    got = refresh(shown(lost.actor, lost.issued_at), START + 2 * MINUTE)
    refresh(shown(got.actor, got.issued_at), START + 3 * MINUTE)
    with pytest.raises(Unauthenticated):
        refresh(shown(phone, START), START + 4 * MINUTE)
    assert ended_as(phone) == "token_reuse"


def test_a_lost_one_that_somebody_was_quicker_than_ends_the_family(early: ClinicWorld) -> None:
    phone = early.patient().actor
    lost = refresh(shown(phone, START), START + MINUTE)
    forget(lost.actor)
    refresh(shown(phone, START), START + 2 * MINUTE)  # whoever had copied the older one
    with pytest.raises(Unauthenticated):
        refresh(shown(lost.actor, lost.issued_at), START + 3 * MINUTE)
    assert ended_as(phone) == "token_reuse"


def test_of_a_family_that_ended_nothing_holds(early: ClinicWorld) -> None:
    phone = early.patient().actor
    lost = refresh(shown(phone, START), START + MINUTE)
    forget(lost.actor)
    with transaction(early.id) as session:
        ends = update(TokenFamily).where(TokenFamily.id == phone.family_id)
        session.execute(ends.values(revoked_at=START, revoked_reason="logged_out"))
    with pytest.raises(Unauthenticated):
        refresh(shown(lost.actor, lost.issued_at), START + 2 * MINUTE)
    assert ended_as(phone) == "logged_out"

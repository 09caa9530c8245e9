"""What a phone has gathered, taken in at once: danger first, each item as if it came alone.

Items are entries like any other: what they say is read, decided and stored by the same use cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exactly_once import FirstAnswer
from services.exceptions import ServiceError, Unauthenticated, Unavailable
from services.intake.entry import Entry, NewEntry
from services.intake.forms import AmendForm, CheckInForm, EffectsAmendment, EffectsForm, HelpForm
from services.intake.many import write_entries
from services.intake.writing import write_entry
from services.rules.danger.fallback import fallback_tier
from services.rules.danger.notes import find_terms

log = structlog.get_logger()

SyncForm = CheckInForm | AmendForm | EffectsForm | EffectsAmendment | HelpForm
Answered = FirstAnswer | Exception
# Stands for every form that is stored already: which of its versions an id names, nobody knows yet.
_STORED: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class SyncItem:
    """One entry of a sync. `of`: the id of the entry that it amends. `is_urgent`: it is written,
    and pages, before those that are not.
    """

    id: UUID
    of: UUID | None
    is_urgent: bool
    new: NewEntry


def may_sync(actor: Actor, now: datetime) -> None:
    """Raises `Forbidden` for staff, and `Unauthenticated` for a token that does not hold."""
    scopes(actor, Action.ASK_FOR_HELP)
    with acting(actor, now):
        pass


def is_urgent(form: SyncForm) -> bool:
    """Does it look dangerous, or cannot that be told? Only for the order: the rules decide."""
    try:
        return _looks_dangerous(form)
    except Exception as error:  # noqa: BLE001 - the order must not cost the answer
        log.error("order_unknown", kind=type(error).__name__)
        return True


def _looks_dangerous(form: SyncForm) -> bool:
    match form:
        case HelpForm():
            return True
        case CheckInForm(instrument=code, answers=answers, note=words):
            tier = fallback_tier("check_in", code, dict(answers))
        case AmendForm(answers=answers, reason=words):
            tier = fallback_tier("amendment", None, dict(answers))
        case (
            EffectsForm(effects=effects, note=words)
            | EffectsAmendment(effects=effects, reason=words)
        ):
            tier = fallback_tier("side_effects", None, [dict(one) for one in effects])
    return tier is not None or bool(words and find_terms(words))


def write_items(actor: Actor, items: Sequence[SyncItem], now: datetime) -> list[Answered]:
    """The answer to each item, in their order: what was stored, or why not.

    One transaction for the forms with danger in them, then one for the rest; where something breaks
    one, its items are taken in one by one. Raises `Unauthenticated`, and what an outage raises:
    what was stored until then stands, and sending again is safe.
    """
    answers: dict[int, Answered] = {}
    for batch in batches(items):
        while waiting := [place for place in batch if place not in answers]:
            found = _write(actor, [items[place].new for place in waiting], now)
            answers.update(zip(waiting, found, strict=False))
    return [answers[place] for place in range(len(items))]


def _write(actor: Actor, entries: Sequence[NewEntry], now: datetime) -> Sequence[Answered]:
    try:
        return write_entries(actor, entries, now)
    except ServiceError:
        raise
    except Exception as error:  # noqa: BLE001 - what breaks one item must not cost the others
        log.error("sync_apart", kind=type(error).__name__)
    return [_write_alone(actor, new, now) for new in entries]


def _write_alone(actor: Actor, new: NewEntry, now: datetime) -> Answered:
    try:
        return write_entry(actor, new, now)
    except (Unauthenticated, Unavailable, OperationalError, InterfaceError, PoolTimeout):
        raise
    except Exception as error:  # noqa: BLE001 - the item's own answer says so
        return error


def batches(items: Sequence[SyncItem]) -> Iterator[list[int]]:
    """The places of the items in the order in which they are written, in two parts: every version
    of the forms with danger in one of them, then the others. An amendment comes after what it
    amends, else all stay as they were sent.
    """
    first_at: dict[UUID, int] = {}
    for place, item in enumerate(items):
        first_at.setdefault(item.id, place)
    forms: dict[int, UUID] = {}
    for place in range(len(items)):
        ahead: list[int] = []
        at: int | None = place
        while at is not None and at not in forms and at not in ahead:
            ahead.append(at)
            at = _comes_after(items, at, first_at)
        oldest = items[ahead[-1]] if ahead else items[place]
        form = forms.get(-1 if at is None else at, oldest.id if oldest.of is None else _STORED)
        forms.update(dict.fromkeys(reversed(ahead), form))
    urgent = {form for place, form in forms.items() if items[place].is_urgent}
    for is_first in (True, False):
        if part := [place for place, form in forms.items() if (form in urgent) is is_first]:
            turns = {at: _turn_of(items[first_at[items[at].id]].new) for at in part}
            # Nothing overtakes what has its id.
            yield sorted(part, key=lambda at: max(turns[at], _turn_of(items[at].new)))


def _turn_of(new: NewEntry) -> int:
    """Who asks for help is first. Plain forms wait for each other, and then are few statements."""
    if not isinstance(new.entry, Entry):
        return 2
    return 0 if new.entry.kind == "help_request" else 1 if new.entry.is_plain else 2


def _comes_after(items: Sequence[SyncItem], place: int, first_at: dict[UUID, int]) -> int | None:
    """The item that is written before this one: the same id sent earlier, or what it amends."""
    item, first = items[place], first_at[items[place].id]
    if first != place:
        return first
    return None if item.of is None else first_at.get(item.of)

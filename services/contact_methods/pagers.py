"""Methods by Apprise: an administrator enters the URL, a secret of the clinic's, and the person
proves it by the code that comes out of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.contact_methods.changing import lock_method, put_in, take_away
from services.contact_methods.kinds import read_pager
from services.exceptions import NotFound

KIND: Final = "apprise"


def add_pager(
    actor: Actor, user_id: UUID, address: str, now: datetime, *, private: bool
) -> dict[str, Any]:
    """One more method of a member of staff, last in order, and a code to it; they are not paged
    there before they have typed it in. The URL is never shown again.

    Raises `NotFound`, `Invalid` and `RateLimited`.
    """
    scopes(actor, Action.CHANGE_METHODS)
    typed = read_pager(address, private=private)
    with acting(actor, now) as session:
        return put_in(session, actor, user_id, KIND, typed, now)


def remove_pager(actor: Actor, user_id: UUID, method_id: UUID, now: datetime) -> None:
    """Take back what an administrator entered; a person's other methods are theirs alone.

    Raises `NotFound`.
    """
    scopes(actor, Action.CHANGE_METHODS)
    with acting(actor, now) as session:
        method = lock_method(session, user_id, method_id)
        if method.kind != KIND:
            raise NotFound
        take_away(session, actor, method, now)

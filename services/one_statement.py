"""Several writes as one statement, so that a check-in costs one round trip whatever it sets off."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Delete, Insert, Update, literal, select
from sqlalchemy.orm import Session

Write = Insert | Update | Delete


def execute_writes(session: Session, writes: Sequence[Write]) -> None:
    """Run inserts, updates and deletes as one data-modifying statement (CTEs).

    All of them see the rows as they were before the statement, and none sees another's effect: a
    row may be written by one of them only. Foreign keys are checked at its end, so the order does
    not matter.
    """
    if not writes:
        return
    parts = [write.cte(f"write_{number}") for number, write in enumerate(writes)]
    session.execute(select(literal(1)).add_cte(*parts))

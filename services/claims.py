"""Take one row out of a queue: never more than one, and none that somebody else is taking."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Select

from models.base import Base


def first_free(query: Select[*tuple[Any, ...]], of: type[Base], count: int = 1) -> CTE:
    """The first row of `query` whose row of the table `of` no other transaction has locked, locked,
    for the UPDATE or DELETE that joins it; or the first so many.

    Materialised, so that it runs once. As a sub-query (`WHERE id IN (SELECT ... LIMIT 1 FOR UPDATE
    SKIP LOCKED)`) a nested loop runs it again for each row, each time it skips the row that was
    just taken, and one statement empties the queue.
    """
    free = query.limit(count).with_for_update(skip_locked=True, of=of)
    return free.cte("first_free").prefix_with("MATERIALIZED")

"""Which way the database takes to the rows of each statement, in a few words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg

from models.clinic_door import enter_session

EXPLAINED: Final = ("SELECT", "WITH", "INSERT", "UPDATE")
# A read of a whole table is a fault only where it grows.
SMALL: Final = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One statement as it was sent, with its values, by a cursor of this kind."""

    kind: type[psycopg.Cursor[Any]]
    text: str | bytes
    values: Any

    @property
    def words(self) -> str:
        """As text."""
        return self.text if isinstance(self.text, str) else self.text.decode()


@contextmanager
def asked_meanwhile() -> Iterator[list[Asked]]:
    """Everything that any connection of this process asks."""
    found: list[Asked] = []
    execute = psycopg.Cursor.execute

    def listens(cursor: Any, query: Any, params: Any = None, **more: Any) -> Any:
        if isinstance(query, (str, bytes)):
            found.append(Asked(type(cursor), query, params))
        return execute(cursor, query, params, **more)

    psycopg.Cursor.execute = listens  # type: ignore[method-assign] # for the block
    try:
        yield found
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign] # as it was


@dataclass(frozen=True, slots=True)
class Ways:
    """The indexes that a call goes by, and the tables that it reads whole, with how many rows the
    database expects there; `blocks` of 8 kB that its reads look at: load changes nothing of them.
    """

    names: str
    blocks: int


def ways_of(call: Callable[[], object], url: str, clinic_id: UUID | None) -> Ways:
    """Of one call. `url`: of the role that calls, `clinic_id`: in whose name."""
    with asked_meanwhile() as asked:
        call()
    ways, blocks = dict[str, None](), 0
    with psycopg.connect(url, autocommit=True) as connection:
        if clinic_id is not None:
            enter_session(connection, clinic_id)
        for one in asked:
            if one.words.lstrip().startswith(EXPLAINED):
                plan = _explained(connection, one)
                ways |= dict.fromkeys(_nodes(plan))
                blocks += plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
    return Ways(", ".join(ways), blocks)


def _explained(connection: psycopg.Connection, asked: Asked) -> Any:
    """Its plan, of a read with what it looked at; none of a statement that needs what came before
    it in its transaction.
    """
    is_read = asked.words.lstrip().startswith("SELECT")
    how = "ANALYZE, BUFFERS, FORMAT JSON" if is_read else "FORMAT JSON"
    query = f"EXPLAIN ({how}) {asked.words}"
    try:
        cursor = asked.kind(connection)
        row = cursor.execute(query.encode(), asked.values).fetchone()
    except psycopg.Error:
        return {}
    return {} if row is None else row[0][0]["Plan"]


def _nodes(plan: Any) -> Iterator[str]:
    """Of the whole tree."""
    if "Index Name" in plan:
        yield str(plan["Index Name"])
    elif plan.get("Node Type") == "Seq Scan" and plan["Plan Rows"] > SMALL:
        yield f"ALL OF {plan['Relation Name']} ({plan['Plan Rows']:,})"
    for part in plan.get("Plans", ()):
        yield from _nodes(part)

"""Which way the database takes to the rows of each statement, in a few words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg

from models.clinic_door import enter_session

EXPLAINED: Final = ("SELECT", "WITH", "INSERT", "UPDATE")
# A read of a whole table is a fault only where it grows.
SMALL: Final = 2_000
PARTITIONS: Final = """
SELECT part.relname, whole.relname, whole.relkind = 'p' FROM pg_inherits
JOIN pg_class part ON part.oid = inhrelid JOIN pg_class whole ON whole.oid = inhparent
"""


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

    psycopg.Cursor.execute = listens  # type: ignore[assignment,method-assign] # for the block
    try:
        yield found
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign] # as it was


@dataclass(frozen=True, slots=True)
class Ways:
    """The indexes that a call goes by, and the tables that it reads whole, with how many rows the
    database expects there; `blocks` of 8 kB that its reads look at: load changes nothing of them.
    `partitions`: into how many of each table it looks. `plans`: each statement with its plan in
    PostgreSQL's own words.
    """

    names: str
    blocks: int
    partitions: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """All of them but the plans."""
        return ", ".join(filter(None, (self.names, *self.partitions)))


@dataclass(frozen=True, slots=True)
class Partitions:
    """`whole`: the table or index that a partition belongs to; `counts`: how many a table has."""

    whole: Mapping[str, str]
    counts: Counter[str]

    @classmethod
    def of(cls, connection: psycopg.Connection) -> Partitions:
        """Those of a database."""
        rows = connection.execute(PARTITIONS).fetchall()
        counts = Counter(whole for _, whole, is_table in rows if is_table)
        return cls({part: whole for part, whole, _ in rows}, counts)


def ways_of(call: Callable[[], object], url: str, clinic_id: UUID | None) -> Ways:
    """Of one call. `url`: of the role that calls, `clinic_id`: in whose name."""
    with asked_meanwhile() as asked:
        call()
    ways, blocks, plans = dict[str, None](), 0, list[str]()
    read = defaultdict[str, set[str]](set)
    with psycopg.connect(url, autocommit=True) as connection:
        partitions = Partitions.of(connection)
        if clinic_id is not None:
            enter_session(connection, clinic_id)
        for one in asked:
            if one.words.lstrip().startswith(EXPLAINED):
                plan = _explained(connection, one)
                ways |= dict.fromkeys(_nodes(plan, partitions))
                for part in _partitions_read(plan):
                    if part in partitions.whole:
                        read[partitions.whole[part]].add(part)
                blocks += plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
                plans += _in_words(connection, one)
    looked_into = tuple(
        f"{len(parts)} of {partitions.counts[whole]} partitions of {whole}"
        for whole, parts in read.items()
    )
    return Ways(", ".join(ways), blocks, looked_into, tuple(plans))


def _explained(connection: psycopg.Connection, asked: Asked) -> Any:
    """Its plan, of a read with what it looked at; none of a statement that needs what came before
    it in its transaction.
    """
    rows = _explain(connection, asked, "JSON")
    return rows[0][0][0]["Plan"] if rows else {}


def _in_words(connection: psycopg.Connection, asked: Asked) -> Iterator[str]:
    rows = _explain(connection, asked, "TEXT")
    if rows:
        yield "\n".join([asked.words.strip(), "", *(line for (line,) in rows)])


def _explain(connection: psycopg.Connection, asked: Asked, form: str) -> list[Any]:
    is_read = asked.words.lstrip().startswith("SELECT")
    how = f"ANALYZE, BUFFERS, FORMAT {form}" if is_read else f"FORMAT {form}"
    query = f"EXPLAIN ({how}) {asked.words}"
    try:
        return asked.kind(connection).execute(query.encode(), asked.values).fetchall()
    except psycopg.Error:
        return []


def _nodes(plan: Any, partitions: Partitions) -> Iterator[str]:
    """Of the whole tree."""
    if "Index Name" in plan:
        name = str(plan["Index Name"])
        yield partitions.whole.get(name, name)
    elif plan.get("Node Type") == "Seq Scan" and plan["Plan Rows"] > SMALL:
        yield f"ALL OF {plan['Relation Name']} ({plan['Plan Rows']:,})"
    for part in plan.get("Plans", ()):
        yield from _nodes(part, partitions)


def _partitions_read(plan: Any) -> Iterator[str]:
    """The tables that are looked into; not those that it turned out to have no need of."""
    if "Relation Name" in plan and "Scan" in plan["Node Type"] and plan.get("Actual Loops", 1):
        yield str(plan["Relation Name"])
    for part in plan.get("Plans", ()):
        yield from _partitions_read(part)

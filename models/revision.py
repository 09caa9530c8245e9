"""The refusal to start on tables of another version."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

WAY: Final = "`flask --app wsgi db upgrade` (or `make run`) brings it there"


class WrongMigrationError(RuntimeError):
    """The database is not at the migration of this version; the message says what to do."""


def migration_problem(
    found: str | None, needed: str | None, known: Collection[str], serves: str | None = None
) -> str | None:
    """What is wrong with a database at migration `found` (None: it has no tables); `known` are the
    migrations of this version. None when nothing is.

    `serves`: the oldest version, by its newest migration, that the tables still have all for, as
    whoever upgraded them left word. So a version goes on, and starts, while the next one comes.
    """
    if found == needed:
        return None
    if found is None:
        return f"the database has no tables yet: {WAY}"
    if found not in known and serves is not None and needed is not None and serves <= needed:
        return None
    if found in known:
        return f"the database is at migration {found}, and this version needs {needed}: {WAY}"
    return (
        f"the database is at migration {found}, which this version does not know (it needs"
        f" {needed}): a newer version has upgraded it"
    )

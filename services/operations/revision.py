"""May requests be sent here: is the database at the right migration, and does it take writes?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from models import Probe
from models.revision import WrongMigrationError, migration_problem
from services.unit_of_work import transaction

# What `migrations.env` leaves as a comment on the table of the revision.
SERVES: Final = "serves "
WRITTEN_EVERY: Final = timedelta(seconds=5)


def write_probe() -> None:
    """Write the probe's own row, at most every 5 s whoever asks, at the database's time; it locks
    nobody's patient.

    Raises SQLAlchemy's errors for a database that is gone, or that only reads (a standby).
    """
    now = func.now()
    with transaction() as session:
        session.execute(
            insert(Probe)
            .values(id=1, written_at=now)
            .on_conflict_do_update(
                index_elements=["id"],
                set_={"written_at": now},
                where=~Probe.written_at.between(now - WRITTEN_EVERY, now),
            )
        )


def database_revision() -> str | None:
    """The revision that the database says it is at; `None` when it was never migrated.

    Raises SQLAlchemy's `OperationalError` when the database does not answer.
    """
    with transaction() as session:
        known = session.scalar(text("SELECT to_regclass('public.alembic_version')"))
        if known is None:
            return None
        found: str | None = session.scalar(text("SELECT version_num FROM public.alembic_version"))
        return found


def oldest_served() -> str | None:
    """The oldest version, by its newest migration, that these tables still have all for; `None`
    when nobody left word.

    Raises SQLAlchemy's `OperationalError` when the database does not answer.
    """
    with transaction() as session:
        words: str | None = session.scalar(
            text("SELECT obj_description(to_regclass('public.alembic_version'), 'pg_class')")
        )
    return words.removeprefix(SERVES) if words and words.startswith(SERVES) else None


def refuse_wrong_migration(needed: str | None, known: Collection[str]) -> None:
    """Raise `WrongMigrationError` unless the database is at the migration that is needed, or at a
    later one that leaves this version all it needs.

    Asked once, at the start: a process that runs goes on while a newer version migrates, and
    `/readyz` says so. A database that does not answer is no reason not to start.
    """
    try:
        found, serves = database_revision(), oldest_served()
    except OperationalError:
        return
    problem = migration_problem(found, needed, known, serves)
    if problem:
        raise WrongMigrationError(problem)

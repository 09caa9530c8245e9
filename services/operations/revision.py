"""At which migration is the database?"""

from __future__ import annotations

from sqlalchemy import text

from services.unit_of_work import transaction


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

"""The one place that commits. One use case = one transaction = one atomic fact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.database import db
from services.exceptions import OutcomeUnknown

# SQLSTATE: a connection exception, or the server was told to shut down or to end the session.
CONNECTION_LOST: Final = ("08", "57P")
# Built once: it begins every transaction.
_SET_CLINIC: Final = select(
    func.set_config("interlude.clinic_id", bindparam("clinic_id", type_=Text()), True)
)


@contextmanager
def transaction(clinic_id: UUID | None = None) -> Iterator[Session]:
    """Open a transaction, seen by row-level security as `clinic_id`; commit at the end.

    Raising rolls back. Without a clinic the application role sees no row of any clinic (the worker
    and the auditor have policies of their own). Raises `RuntimeError` when one is open already: a
    use case never runs inside another. Raises `OutcomeUnknown` when the connection is lost during
    the commit.
    """
    session: Session = db.session()
    if session.in_transaction():
        raise RuntimeError("a use case was called inside another one's transaction")
    try:
        if clinic_id is not None:
            # A statement of its own: inside the query that it should guard, it would come too late.
            session.execute(_SET_CLINIC, {"clinic_id": str(clinic_id)})
        yield session
        _commit(session)
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()


def _commit(session: Session) -> None:
    """Commit; what the server refuses is rolled back, what it does not answer may be committed."""
    session.flush()
    try:
        session.commit()
    except DBAPIError as error:
        verdict = getattr(error.orig, "sqlstate", None)
        if verdict is None or verdict.startswith(CONNECTION_LOST):
            raise OutcomeUnknown from error
        raise


def clinic_ids() -> list[UUID]:
    """The id of every clinic: the door tells no more, and nothing else is seen without a clinic."""
    door = func.door_clinics().table_valued("clinic_id")
    with transaction() as session:
        return list(session.scalars(select(door.c.clinic_id)))

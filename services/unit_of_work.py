"""The one place that commits. One use case = one transaction = one atomic fact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.database import db


@contextmanager
def transaction(clinic_id: UUID | None = None) -> Iterator[Session]:
    """Open a transaction, seen by row-level security as ``clinic_id``; commit at the end.

    Raising rolls back. Without a clinic the application role sees no row of any clinic (the worker
    and the auditor have policies of their own). Raises ``RuntimeError`` when one is open already: a
    use case never runs inside another.
    """
    session: Session = db.session()
    if session.in_transaction():
        raise RuntimeError("a use case was called inside another one's transaction")
    try:
        if clinic_id is not None:
            # A statement of its own: inside the query that it should guard, it would come too late.
            session.execute(select(func.set_config("interlude.clinic_id", str(clinic_id), True)))
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()

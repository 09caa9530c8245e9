"""Two phones, one id: the database decides, and its refusal becomes ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from services.exceptions import IdTaken


@contextmanager
def id_taken_elsewhere() -> Iterator[None]:
    """Turn the violation of the id's uniqueness (another patient was faster) into ``IdTaken``."""
    try:
        yield
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", "")
        if constraint in ("uq_record_ids_id", "pk_record_ids"):
            raise IdTaken from error
        raise

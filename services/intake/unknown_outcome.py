"""A commit whose answer was lost: ask again, which changes nothing that stands already."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.exceptions import OutcomeUnknown

P = ParamSpec("P")
R = TypeVar("R")


def retry_unknown_outcome(use_case: Callable[P, R]) -> Callable[P, R]:
    """Repeat an exactly-once use case whose outcome is unknown: the kept first answer, or the write
    that was lost. Raises `OutcomeUnknown` when the database cannot be asked either.
    """

    @wraps(use_case)
    def ask_again(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return use_case(*args, **kwargs)
        except OutcomeUnknown as unknown:
            try:
                return use_case(*args, **kwargs)
            except (OperationalError, InterfaceError, PoolTimeout) as error:
                raise unknown from error

    return ask_again

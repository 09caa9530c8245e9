"""Functions of ours that fail, for tests of what is safe all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn
from unittest.mock import patch

TRIAGE = "services.rules.danger.triage.triage"


def broken(*_given: object, **_named: object) -> NoReturn:
    """Stand in for any function and raise."""
    raise ZeroDivisionError


@contextmanager
def broken_rules(where: str = TRIAGE) -> Iterator[None]:
    """Make the rules of this process raise for the length of a block."""
    with patch(where, broken):
        yield

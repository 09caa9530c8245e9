"""Which migrations this version has, by the names of their files.

What only compares itself with a database loads neither these nor Alembic.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path


def newest_migration() -> str | None:
    """What the database must be at for this version."""
    return next(iter(migrations()), None)


@cache
def migrations() -> tuple[str, ...]:
    """All of this version, the newest first: a file is named `<number>_<what>.py`."""
    folder = Path(__file__).with_name("versions")
    return tuple(sorted(one.name.partition("_")[0] for one in folder.glob("[0-9]*_*.py"))[::-1])

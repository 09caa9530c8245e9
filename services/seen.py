"""What somebody had on the screen when they changed it: an older form undoes no colleague's change.

A form carries a name of what stood in it. The API's calls send none, and are taken as they come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

from services.exceptions import ChangedMeanwhile

NAME_LENGTH: Final = 16


def name_of(content: Any) -> str:
    """A short name of what stands somewhere: the same for the same, another for anything else."""
    written = orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(written).hexdigest()[:NAME_LENGTH]


def check_seen(seen: str | None, content: Any) -> None:
    """Raise `ChangedMeanwhile` when this is not what was seen; None: nobody says what was."""
    if seen is not None and seen != name_of(content):
        raise ChangedMeanwhile


def check_fields_seen(seen: Mapping[str, Any] | None, stands: Mapping[str, Any]) -> None:
    """The same of some fields of a record, each with what was seen in it."""
    if any(stands.get(name) != value for name, value in (seen or {}).items()):
        raise ChangedMeanwhile

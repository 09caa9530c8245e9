"""One line of the table of `make prove`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """A claim, the size at which it was tried, what was seen, and whether that is enough.

    ``ok`` is None when it could not be tried here; ``seen`` then says why.
    """

    claim: str
    size: str
    seen: str
    ok: bool | None

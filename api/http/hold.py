"""A refused log-in is answered 1 s after it came, whatever was looked up.

The application only says so, in a header that never leaves the server: the front takes it away and
waits, which costs no thread.
"""

from __future__ import annotations

from typing import Final

HEADER: Final = "Interlude-Hold-Until-S"
REFUSED_AFTER_S: Final = 1.0


def take_hold(headers: list[tuple[str, str]]) -> float:
    """Remove the header; how many seconds after the request came its answer may leave, or 0."""
    for place, (name, value) in enumerate(headers):
        if name.lower() == HEADER.lower():
            del headers[place]
            return float(value)
    return 0.0

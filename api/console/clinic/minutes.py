"""Lengths of time in minutes, as forms have them: what was set in seconds stays to the second."""

from __future__ import annotations

import re
from typing import Final

MINUTE_S: Final = 60
TYPED: Final = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,4})?")


def minutes_text(seconds: int) -> str:
    """`5`; `1.5` for 90 seconds; to the fourth place, which a second needs."""
    return f"{seconds / MINUTE_S:.4f}".rstrip("0").rstrip(".")


def seconds_of(text: str) -> int | None:
    """The whole seconds; None for what is no such number of minutes."""
    return round(float(text) * MINUTE_S) if TYPED.fullmatch(text) else None

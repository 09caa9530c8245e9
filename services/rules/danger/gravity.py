"""Which of an alert's facts is the gravest: what whoever is paged must read first."""

from __future__ import annotations

from typing import Final

from services.rules.decision import Tier

# Within one tier, the gravest first: what was answered says more than that somebody asked for help.
ORDER: Final = (
    ("cssrs", "high"),
    ("item9", 3),
    ("item9", 2),
    ("cssrs", "moderate"),
    ("item9", 1),
)


def gravity(tier: Tier, item9: int | None, cssrs: str | None) -> tuple[int, int]:
    """A key of one occurrence, higher when graver: its tier as it is now, then what was answered
    (`item9` 0 to 3, `cssrs` a level; None: not asked).
    """
    places = [
        len(ORDER) - place
        for place, fact in enumerate(ORDER)
        if fact in (("item9", item9), ("cssrs", cssrs))
    ]
    return tier, max(places, default=0)

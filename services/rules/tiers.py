"""The four words of urgency, in order. Their meaning is in `alerts` (clinical.md 5.1)."""

from enum import IntEnum


class Tier(IntEnum):
    """low (worklist) < medium (one mail next morning) < high (page) < critical (page at once)."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """The wire's word for it: `low`, `medium`, `high` or `critical`."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> "Tier":
        """The tier of a wire word; raises `KeyError` for any other text."""
        return cls[word.upper()]


def highest(tiers: list[Tier]) -> Tier | None:
    """The most urgent of them, None when there is none."""
    return max(tiers, default=None)

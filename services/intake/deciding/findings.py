"""What the rules beside the S rules decided about one entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from services.rules.decision import Decision, Tier

PAGING: Final = (Tier.CRITICAL, Tier.HIGH)


@dataclass(frozen=True, slots=True)
class Findings:
    """The decisions, also those that did not fire; `failed` when the rules raised.

    `repeated`: what fires, but was said by an earlier version already: it opens nothing, and is
    answered as it was then.
    """

    decisions: tuple[Decision, ...] = ()
    failed: bool = False
    repeated: tuple[Decision, ...] = ()

    @property
    def pages(self) -> bool:
        """Something fired that pages at once."""
        return any(each.fired and each.tier in PAGING for each in self.decisions)

    @property
    def emergency(self) -> bool:
        """Rule E1 fired: taken and paged also from those whom the clinic no longer follows."""
        return any(each.fired and each.rule == "E1" for each in self.answered)

    @property
    def answered(self) -> tuple[Decision, ...]:
        """What the card speaks of: also what was said before."""
        return (*self.decisions, *self.repeated)

    def and_also(self, other: Findings) -> Findings:
        """Both together."""
        return Findings(
            (*self.decisions, *other.decisions),
            self.failed or other.failed,
            (*self.repeated, *other.repeated),
        )

    def stored(self) -> list[dict[str, Any]]:
        """The decisions as they are kept."""
        return [decision.stored() for decision in self.decisions]


NOTHING_FOUND: Final = Findings()

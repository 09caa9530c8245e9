"""The numbers of escalation, read once from `data/escalation.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.rules.numbers import DATA, NumbersError, read


@dataclass(frozen=True, slots=True)
class GeneralNumbers:
    """Seconds: between the starts of two rounds; the same after the first, second, ... round in a
    row that reached nobody; between two pages to one contact about occurrences that follow each
    other; of an acknowledgement that was never paged; from the page to a session's staff to the
    first step of the chain.
    """

    round_gap_s: int
    unreached_gaps_s: tuple[int, ...]
    page_gap_s: int
    quiet_ack_s: int
    staff_first_s: int

    def __post_init__(self) -> None:
        """Check that the waits grow, and never past those of rounds that reach somebody."""
        gaps = [*self.unreached_gaps_s, self.round_gap_s]
        if gaps != sorted(gaps):
            raise NumbersError("must not shrink, nor pass round_gap_s", "unreached_gaps_s")


@dataclass(frozen=True, slots=True)
class TierNumbers:
    """One paging tier, in seconds. The first two are defaults that a clinic may replace."""

    next_after_s: int
    ack_expires_s: int
    ack_longest_s: int
    contact_wait_s: int


@dataclass(frozen=True, slots=True)
class EscalationNumbers:
    """One version of all of them; `tiers` has both tiers that page, by their word."""

    version: str
    general: GeneralNumbers
    tiers: Mapping[str, TierNumbers]

    def __post_init__(self) -> None:
        if self.tiers.keys() != {"critical", "high"}:
            raise NumbersError("needs critical and high", "tiers")


ESCALATION_NUMBERS: Final = read(DATA / "escalation.toml", EscalationNumbers)

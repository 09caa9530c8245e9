"""The numbers of escalation, read once from `data/escalation.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.rules.threshold_files import DATA, read_thresholds


@dataclass(frozen=True, slots=True)
class GeneralNumbers:
    """Seconds: between the starts of two rounds; of an acknowledgement that was never paged."""

    round_gap_s: int
    quiet_ack_s: int


@dataclass(frozen=True, slots=True)
class TierNumbers:
    """One paging tier, in seconds. The first two are defaults that a clinic may replace."""

    next_after_s: int
    ack_expires_s: int
    ack_longest_s: int
    contact_wait_s: int


@dataclass(frozen=True, slots=True)
class EscalationNumbers:
    """One version of all of them; `tiers` has the tiers that page, by their word."""

    version: str
    general: GeneralNumbers
    tiers: dict[str, TierNumbers]


def read_escalation_numbers(path: Path = DATA / "escalation.toml") -> EscalationNumbers:
    """Read one version. Raises ThresholdError naming the file and the field."""
    file = read_thresholds(path)
    return EscalationNumbers(
        version=file.version,
        general=file.table("general", GeneralNumbers),
        tiers={word: file.table(word, TierNumbers) for word in ("critical", "high")},
    )


ESCALATION_NUMBERS = read_escalation_numbers()

"""The labelled sentences of `data/*.tsv`, and what S7 makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.rules.danger.notes import find_terms, note_tier
from services.rules.decision import Tier

DATA: Final = Path(__file__).parent / "data"
PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. `is_unseen`: no term was chosen by looking at it."""

    kind: str
    text: str
    is_negated: bool
    is_unseen: bool

    @property
    def is_dangerous(self) -> bool:
        return self.kind != "none"

    @property
    def tier(self) -> Tier | None:
        """What S7 gives to a note that says only this."""
        return note_tier(find_terms(self.text))


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of dangerous sentences, found and paged at once, and of harmless ones and alarms."""

    dangerous: int
    found: int
    paged: int
    harmless: int
    alarms: int

    @property
    def sensitivity(self) -> float:
        return self.found / self.dangerous

    @property
    def at_once(self) -> float:
        return self.paged / self.dangerous

    @property
    def specificity(self) -> float:
        return 1 - self.alarms / self.harmless


def figures(sentences: Iterable[Sentence]) -> Figures:
    """Count them."""
    tiers = [(one.is_dangerous, one.tier) for one in sentences]
    dangerous = [tier for is_dangerous, tier in tiers if is_dangerous]
    harmless = [tier for is_dangerous, tier in tiers if not is_dangerous]
    return Figures(
        len(dangerous),
        sum(tier is not None for tier in dangerous),
        sum(tier is not None and tier >= Tier.HIGH for tier in dangerous),
        len(harmless),
        sum(tier is not None for tier in harmless),
    )


def _read(name: str, *, has_unseen: bool) -> list[Sentence]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    seen: Counter[str] = Counter()
    found = []
    for line in lines:
        if line.startswith("#"):
            continue
        kind, mark, text = line.split("\t")
        seen[kind] += 1
        found.append(Sentence(kind, text, mark == "neg", has_unseen and seen[kind] % PARTS == 0))
    return found


SENTENCES: Final = (
    *_read("note_sentences.tsv", has_unseen=True),
    *_read("note_sentences_blind.tsv", has_unseen=False),
)

"""What all runs of a proof have come to: a file of each below `var/production`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

FOLDER: Final = Path("var/production")
KILLS: Final = FOLDER / "kills.json"
FAILOVERS: Final = FOLDER / "failovers.json"


@dataclass(frozen=True, slots=True)
class Tally:
    """`counts` are summed over the runs, `times` (seconds) kept one by one, both by name."""

    counts: Counter[str]
    times: Mapping[str, list[float]]

    def kinds(self, prefix: str) -> Counter[str]:
        """The counts whose name begins so, by the rest of their name."""
        found = {name: count for name, count in self.counts.items() if name.startswith(prefix)}
        return Counter({name.removeprefix(prefix): count for name, count in found.items()})


def in_words(kinds: Counter[str]) -> str:
    """The most frequent first."""
    return ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common())


def add(
    file: Path, counts: Mapping[str, int], times: Mapping[str, Sequence[float]] | None = None
) -> Tally:
    """Add a run, and return the sum of all so far."""
    known: dict[str, Any] = orjson.loads(file.read_bytes()) if file.exists() else {}
    kept = {name: list(each) for name, each in known.pop("times", {}).items()}
    summed = Counter[str](known)
    summed.update(counts)
    for name, fresh in (times or {}).items():
        kept.setdefault(name, []).extend(round(each, 3) for each in fresh)
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(".new")
    document = {**summed, "times": kept} if kept else summed
    written.write_bytes(orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2))
    written.rename(file)
    return Tally(summed, kept)

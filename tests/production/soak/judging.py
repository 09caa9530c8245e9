"""Does anything grow? What a run's looks say of memory, connections, files, threads and queues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final

from tests.production.soak.looks import (
    CONNECTIONS,
    DRAWING,
    FILES,
    MEMORY,
    POSTGRESQL,
    PSS,
    QUEUE,
    THREADS,
    Look,
    Quantity,
)
from tests.production.soak.slopes import WARM_UP, Slope, after_warm_up, slopes
from tests.proofs.seen import Seen, verdict

# 1 GB in a week. A machine of 4 GB, of which the service takes less than 1, has so much for three
# weeks, and is restarted for its security updates before.
GROWS_AT_MOST_MB: Final = 6.0
# Of connections, which have a limit of 100; of files (16,384) and threads, and of what waits, none
# that is whole in an hour.
OTHERS_GROW_AT_MOST: Final = {CONNECTIONS: 0.0, FILES: 1.0, THREADS: 1.0, QUEUE: 1.0}
# Told and not judged. Processes that draw come for a page to print, and end when nobody prints; a
# connection's process gathers statements and open files for the half hour that it lives; the
# auditor reads all that came in a day, more and more until a day is full, and ships as a process
# that ends after each look.
COME_AND_GO: Final = frozenset({DRAWING, POSTGRESQL, "auditor"})
# A shorter run has an interval too wide to say anything.
JUDGED_FROM_MINUTES: Final = 30.0
# Twice what may be, taken on purpose: whoever does not see it would see no other.
LEAK: Final = "leak on purpose"
LEAKS_MB: Final = 2 * GROWS_AT_MOST_MB


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """All looks of a run of so many minutes."""

    looks: Sequence[Look]
    minutes: float

    def shown(self) -> Iterator[Seen]:
        """A line for each kind of quantity."""
        yield self._of_memory()
        for what, at_most in OTHERS_GROW_AT_MOST.items():
            yield self._of(what, at_most)
        yield self._of_the_leak()

    def _of_memory(self) -> Seen:
        found = self._slopes(MEMORY)
        looks = after_warm_up(self.looks)
        whole = [sum(mb for name, mb in look.figures.items() if _is_pss(name)) for look in looks]
        drawing = [look.figures.get(Quantity(PSS, DRAWING), 0.0) for look in looks]
        return self._judged(
            "half load: the memory of each kind of our processes (PSS, of no file) grows less than"
            f" {GROWS_AT_MOST_MB:g} MB an hour (1 GB a week), at the upper bound of the interval of"
            " 95 %",
            f"mean MB, and an hour: {_in_words(found)}; all PSS at most {max(whole):.0f} MB, of it"
            f" those that draw at most {max(drawing):.0f}",
            {name for name, slope in found.items() if slope.high > GROWS_AT_MOST_MB},
        )

    def _of(self, what: str, at_most: float) -> Seen:
        found = self._slopes(what)
        return self._judged(
            f"half load: what is counted as {what} does not grow: no interval of 95 % of a slope"
            f" lies above {at_most:g} an hour",
            f"mean, and an hour: {_in_words(found)}",
            {name for name, slope in found.items() if slope.low > at_most},
        )

    def _of_the_leak(self) -> Seen:
        slope = slopes(self.looks, MEMORY)[LEAK]
        is_seen = slope.low > GROWS_AT_MOST_MB
        return verdict(
            "the measure would see it: a process that leaks on purpose is found to grow",
            f"{LEAKS_MB:g} MB an hour",
            f"mean MB, and an hour: {slope.words()}",
            [] if is_seen else [f"it is not seen: {slope.words()}"],
        )

    def _slopes(self, what: str) -> dict[str, Slope]:
        return {name: one for name, one in slopes(self.looks, what).items() if name != LEAK}

    def _judged(self, claim: str, seen: str, grows: Set[str]) -> Seen:
        """What grows is told beside all figures; a short run tells them, and is no proof."""
        looks = len(after_warm_up(self.looks))
        size = f"{looks} looks after a warm-up of {WARM_UP:.0%} of {self.minutes:g} minutes"
        if self.minutes < JUDGED_FROM_MINUTES:
            why = f"too short to judge (from {JUDGED_FROM_MINUTES:g} minutes on); {seen}"
            return Seen(claim, size, why, ok=None)
        grown = sorted(grows - COME_AND_GO)
        return Seen(claim, size, "; ".join([seen, *(f"{name} GROWS" for name in grown)]), not grown)


def _is_pss(name: Quantity) -> bool:
    return name.what == PSS and name.whose != LEAK


def _in_words(found: dict[str, Slope]) -> str:
    return ", ".join(f"{name} {slope.words()}" for name, slope in found.items())

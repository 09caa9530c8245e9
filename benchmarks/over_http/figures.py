"""The arithmetic: what one round saw, what its rounds make together, and ratios between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.over_http.client import Load, percentile
from benchmarks.over_http.contenders import Cpu

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One round of one contender: items a second, microseconds of CPU an item, and the milliseconds
    of each answer, ordered. `wrong`: answers with another status than is wanted.
    """

    rate: float
    taken: tuple[float, ...]
    application: float
    front: float
    database: float
    beside: float
    client: float
    wrong: int

    @property
    def served(self) -> float:
        """CPU of application, front and database together."""
        return self.application + self.front + self.database

    @classmethod
    def of(cls, load: Load, cpu: Cpu, wanted: frozenset[int], items: int = 1) -> Seen:
        """What a load and the CPU that was used meanwhile come to."""
        count = items * len(load.taken)
        each = MICRO / count
        good = sum(times for status, times in load.statuses.items() if status in wanted)
        return cls(
            rate=items * load.rate,
            taken=tuple(sorted(1000 * one for one in load.taken)),
            application=each * cpu.application,
            front=each * cpu.front,
            database=each * cpu.database,
            beside=each * cpu.beside,
            client=each * load.client_cpu_s,
            wrong=len(load.taken) - good,
        )


@dataclass(frozen=True, slots=True)
class Range:
    """The median of the rounds, with the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, found: Sequence[float]) -> Range:
        """Of one figure of each round."""
        return cls(median(found), min(found), max(found))

    def words(self, digits: int = 2) -> str:
        """As `2.10 (1.90-2.40)`."""
        return (
            f"{self.median:,.{digits}f} ({self.low:,.{digits}f}-{self.high:,.{digits}f})"
            if self.low < self.high
            else f"{self.median:,.{digits}f}"
        )


@dataclass(frozen=True, slots=True)
class Rounds:
    """All rounds of one line of a group."""

    group: str
    name: str
    rounds: tuple[Seen, ...]

    def range(self, figure: str) -> Range:
        """Of a field of `Seen`."""
        return Range.of([getattr(one, figure) for one in self.rounds])

    def median(self, figure: str) -> float:
        """Of a field of `Seen`."""
        return self.range(figure).median

    def percentile(self, share: float) -> float:
        """Milliseconds that so many of a hundred answers of all rounds took at most."""
        return percentile(sorted(one for seen in self.rounds for one in seen.taken), share)

    def over(self, other: Rounds) -> Range:
        """How many times the other's rate, round by round: what was beside it falls on both."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return Range.of([mine.rate / theirs.rate for mine, theirs in pairs])

    def document(self) -> dict[str, object]:
        """For the JSON that is kept."""
        rounds = [
            asdict(one)
            | {"taken": len(one.taken), "p50": percentile(one.taken, 50)}
            | {"p99": percentile(one.taken, 99)}
            for one in self.rounds
        ]
        return {"group": self.group, "name": self.name, "rounds": rounds}

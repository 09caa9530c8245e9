"""Rounds in turns: what else the machine does falls on all contenders alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.over_http.client import Load, drive
from benchmarks.over_http.contenders import Contender
from benchmarks.over_http.figures import Rounds, Seen
from benchmarks.over_http.workloads import Workload

# More requests are made than are expected to be answered.
SPARE = 1.6
FIRST_GUESS = 30
CALM_S = 0.15
WARM_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rounds, and the seconds of each."""

    rounds: int
    seconds: float


@dataclass(slots=True)
class Entrant:
    """One contender with what it is asked, under the name of its line; `rate`: requests a second
    that are to be expected of it.
    """

    name: str
    contender: Contender
    workload: Workload
    rate: float = 0.0
    seen: list[Seen] = field(default_factory=list)

    def warm_up(self) -> bool:
        """What comes before the rounds: does it know the route? An older revision may not."""
        work = self.workload
        count = work.once or FIRST_GUESS + 2 * work.clients
        made = work.make(self.contender, count)
        load = drive(self.contender.port, iter(made), work.clients, WARM_UP_S)
        self.rate = load.rate
        return not load.statuses[404]

    def round(self, seconds: float) -> None:
        """One more; raises `AssertionError` when an answer has another status than is wanted."""
        work = self.workload
        seconds *= work.longer
        count = work.once or int(SPARE * self.rate * seconds) + 2 * work.clients
        made = work.make(self.contender, count)
        beside = work.beside(self.contender, 1) if work.beside else ()
        time.sleep(CALM_S)
        before = self.contender.cpu()
        load: Load = drive(self.contender.port, iter(made), work.clients, seconds, beside)
        cpu = self.contender.cpu().since(before)
        seen = Seen.of(load, cpu, work.wanted, work.items)
        assert not seen.wrong, f"{self.name}: {dict(load.statuses)}"
        self.rate = load.rate
        self.seen.append(seen)


def in_turns(
    group: str, entrants: Sequence[Entrant], pace: Pace, done: Callable[[], object] = bool
) -> list[Rounds]:
    """Each entrant once a round; who begins changes."""
    entrants = [one for one in entrants if one.warm_up()]
    for number in range(pace.rounds):
        first = number % len(entrants)
        for one in [*entrants[first:], *entrants[:first]]:
            one.round(pace.seconds)
            done()
    return [Rounds(group, one.name, tuple(one.seen)) for one in entrants]

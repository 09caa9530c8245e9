"""Rounds in turns: what else the machine does falls on all contenders alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.over_http.client import Load, drive
from benchmarks.over_http.contenders import Contender
from benchmarks.over_http.figures import Rounds, Seen
from benchmarks.over_http.workloads import Workload

# More requests are made than are expected to be answered.
SPARE = 1.6
FIRST_GUESS = 40
CALM_S = 0.2


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rounds, and the seconds of each."""

    rounds: int
    seconds: float


def in_turns(
    workload: Workload,
    contenders: Sequence[Contender],
    pace: Pace,
    done: Callable[[], object] = bool,
) -> list[Rounds]:
    """Every contender once a round, who begins changes; what came before the rounds was a warm-up.

    Raises:
        AssertionError: somebody answered otherwise than is wanted.
    """
    rates = {one.name: _warm_up(workload, one) for one in contenders}
    found: dict[str, list[Seen]] = {one.name: [] for one in contenders}
    for number in range(pace.rounds):
        first = number % len(contenders)
        for one in [*contenders[first:], *contenders[:first]]:
            count = int(SPARE * rates[one.name] * pace.seconds) + 2 * workload.clients
            seen = _round(workload, one, count, pace.seconds)
            rates[one.name] = seen.rate / workload.items
            found[one.name].append(seen)
            done()
    return [Rounds(workload.name, name, tuple(rounds)) for name, rounds in found.items()]


def _warm_up(workload: Workload, contender: Contender) -> float:
    """Requests a second, about."""
    made = workload.make(contender, FIRST_GUESS + 4 * workload.clients)
    load = drive(contender.port, iter(made), workload.clients, CALM_S + 1)
    return load.rate


def _round(workload: Workload, contender: Contender, count: int, seconds: float) -> Seen:
    made = workload.make(contender, count)
    time.sleep(CALM_S)
    before = contender.cpu()
    load: Load = drive(contender.port, iter(made), workload.clients, seconds)
    cpu = contender.cpu().since(before)
    seen = Seen.of(load, cpu, workload.wanted, workload.items)
    assert not seen.wrong, f"{contender.name}, {workload.name}: {dict(load.statuses)}"
    return seen

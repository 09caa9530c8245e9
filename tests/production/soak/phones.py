"""Phones that post when they are due, whoever has been answered: lateness is seen, not avoided.

A phone that waits for its answer before the next is due would post less the slower the service is,
and measure only the times at which it was quick.
"""

from __future__ import annotations

import http.client
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Final
from uuid import UUID

import orjson

from api.play.phones import Wire
from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.production.failover.phones import PATH, Acknowledged

AT_ONCE: Final = 32
DAILY: Final = "phq9-daily"
RISKY: Final = 0.01
# The line broke before the phone had read its answer: the same bytes once more.
SENT_AGAIN: Final = 0.05


@dataclass
class PunctualPhones:
    """`waits` holds when each form was due (monotonic seconds) and how many seconds later it was
    answered; `amiss` every other answer than those that are right.
    """

    url: str
    people: Sequence[Person]
    dice: random.Random
    waits: list[tuple[float, float]] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    amiss: Counter[str] = field(default_factory=Counter)
    _risky: float = RISKY
    _turn: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._next_person = cycle(self.people)

    def post_at_once(self, seconds: float) -> float:
        """As many as are answered; how many that is a second."""
        began, before = monotonic(), len(self.acknowledged)
        self._post_when(_now_until(began + seconds))
        return (len(self.acknowledged) - before) / (monotonic() - began)

    def page_at_once(self, seconds: float) -> None:
        """The same, and everybody is in danger: each thread that carries pages has its work."""
        self._risky = 1.0
        self.post_at_once(seconds)
        self._risky = RISKY

    def post_at(self, rate: float, seconds: float) -> None:
        """So many a second, by chance as people come; ends when all are answered."""
        began = monotonic()
        self._post_when(_by_chance(rate, began, began + seconds, self.dice))

    def forget(self) -> None:
        """The times so far were of a warm-up."""
        self.waits.clear()

    def _post_when(self, due: Iterator[float]) -> None:
        threads = [Thread(target=self._post_those, args=(due,)) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _post_those(self, due: Iterator[float]) -> None:
        while True:
            with self._turn:
                at, person = next(due, None), next(self._next_person)
                is_risky, again = self.dice.random() < self._risky, self.dice.random() < SENT_AGAIN
            if at is None:
                return
            sleep(max(0.0, at - monotonic()))
            # A line of its own: one that is kept may be ended at the moment at which it is used.
            wire = Wire(self.url, tries=1)
            self._post(wire, at, person, is_risky=is_risky, again=again)
            wire.close()

    def _post(self, wire: Wire, due: float, person: Person, *, is_risky: bool, again: bool) -> None:
        document = phq9(item9=3 if is_risky else 0, instrument=DAILY)
        form = orjson.dumps(document)
        body = self._send(wire, person, form, 201)
        answered = monotonic()
        if body is None:
            return
        self.waits.append((due, answered - due))
        self.acknowledged.append(
            Acknowledged(UUID(document["id"]), body, answered, is_risky, form=b"")
        )
        if again and self._send(wire, person, form, 200) not in (body, None):
            self.amiss["answered twice with different bytes"] += 1

    def _send(self, wire: Wire, person: Person, form: bytes, wanted: int) -> bytes | None:
        """The answer; None when it is not the one that is wanted."""
        headers = {"Content-Type": "application/json", **person.headers}
        try:
            answer = wire.send("POST", PATH, headers, form)
        except (OSError, http.client.HTTPException) as error:
            self.amiss[f"post: {type(error).__name__}"] += 1
            return None
        if answer.status == wanted:
            return answer.body
        self.amiss[f"post: {answer.status}"] += 1
        return None


def _now_until(until: float) -> Iterator[float]:
    while (now := monotonic()) < until:
        yield now


def _by_chance(rate: float, began: float, until: float, dice: random.Random) -> Iterator[float]:
    due = began + dice.expovariate(rate)
    while due < until:
        yield due
        due += dice.expovariate(rate)

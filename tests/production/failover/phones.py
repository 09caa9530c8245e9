"""Phones that answer all the time, each for one patient, and send again until they are told 2xx.

What a phone was told is kept, with its bytes: nothing of it may ever be lost or change.
"""

from __future__ import annotations

import http.client
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Final
from uuid import UUID

import orjson

from api.play.phones import Reply, Wire
from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.production.beside import beside

PATH: Final = "/v1/check-ins"
# What a phone takes for "not now"; anything else is an answer.
NOT_NOW: Final = frozenset({408, 429, 500, 502, 503, 504})
RISKY: Final = 0.04
SENT_AGAIN: Final = 0.1
PAUSE_S: Final = (0.4, 1.6)
RETRY_S: Final = (0.2, 0.8)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An answer that a phone was told to be stored: its id, the bytes, when (monotonic seconds)."""

    id: UUID
    body: bytes
    at: float
    is_risky: bool
    form: bytes


@dataclass
class PostingPhone:
    """`problems`: what no phone should ever be answered. It waits so many seconds between two
    answers, and before it sends again what was not taken.
    """

    url: str
    person: Person
    dice: random.Random
    acknowledged: list[Acknowledged] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    pause_s: tuple[float, float] = PAUSE_S
    retry_s: tuple[float, float] = RETRY_S

    def post_until(self, stopping: Event) -> None:
        """Answer, pause, answer; sometimes send again what was acknowledged before."""
        wire = Wire(self.url, tries=1)
        while not stopping.wait(self.dice.uniform(*self.pause_s)):
            if self.acknowledged and self.dice.random() < SENT_AGAIN:
                self._send_again(wire, self.dice.choice(self.acknowledged), stopping)
            is_risky = self.dice.random() < RISKY
            document = phq9(item9=3 if is_risky else 0)
            form = orjson.dumps(document)
            answer = self._send(wire, form, stopping)
            if answer is not None:
                record = UUID(document["id"])
                answered = Acknowledged(record, answer.body, monotonic(), is_risky, form)
                self.acknowledged.append(answered)
        wire.close()

    def _send_again(self, wire: Wire, known: Acknowledged, stopping: Event) -> None:
        answer = self._send(wire, known.form, stopping)
        if answer is not None and answer.body != known.body:
            self.problems.append(f"{known.id}: answered twice with different bytes")

    def _send(self, wire: Wire, form: bytes, stopping: Event) -> Reply | None:
        """What is answered in the end: 200 or 201; None when it is not to be had."""
        while not stopping.is_set():
            try:
                answer = wire.send("POST", PATH, self._headers(), form)
            except (OSError, http.client.HTTPException):
                stopping.wait(self.dice.uniform(*self.retry_s))
                continue
            if answer.status in (200, 201):
                return answer
            if answer.status not in NOT_NOW:
                self.problems.append(f"answered {answer.status}")
                return None
            stopping.wait(self.dice.uniform(*self.retry_s))
        return None

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", **self.person.headers}


@dataclass(frozen=True, slots=True)
class Phones:
    """All of them."""

    phones: Sequence[PostingPhone]

    def acknowledged(self) -> list[Acknowledged]:
        """What they were told so far, oldest first."""
        every = [answered for phone in self.phones for answered in list(phone.acknowledged)]
        return sorted(every, key=lambda answered: answered.at)

    def count(self) -> int:
        """How many answers they were told to be stored."""
        return sum(len(phone.acknowledged) for phone in self.phones)

    def problems(self) -> list[str]:
        """What was answered amiss."""
        return [problem for phone in self.phones for problem in phone.problems]


@contextmanager
def posting(url: str, people: Sequence[Person], seed: int) -> Iterator[Phones]:
    """A phone for each of them, for the length of a block."""
    phones = [PostingPhone(url, one, random.Random(f"{seed} {n}")) for n, one in enumerate(people)]
    with all_posting(phones) as posted:
        yield posted


@contextmanager
def all_posting(phones: Sequence[PostingPhone]) -> Iterator[Phones]:
    """These phones, for the length of a block."""
    with beside(*(each.post_until for each in phones)):
        yield Phones(phones)

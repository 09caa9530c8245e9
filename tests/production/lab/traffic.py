"""Phones that send one check-in after the other, and what was acknowledged to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import Random
from threading import Event, Lock
from typing import Any, Final, NamedTuple

from services.clock import utcnow
from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.fixtures.running import RunningService
from tests.production.beside import beside

# How many of the answers are risky ones, and how long a phone waits between two, in seconds.
RISKY: Final = 0.1
PAUSE_S: Final = (0.02, 0.1)


class AcknowledgedForm(NamedTuple):
    """Who sent it, when its answer had arrived, and both of them."""

    at: datetime
    patient: Person
    form: dict[str, Any]
    answer: bytes


@dataclass
class PhoneTraffic:
    """One phone a patient; `acknowledged` by the form's id. Equal seeds send the same answers."""

    service: RunningService
    patients: list[Person]
    seed: int
    acknowledged: dict[str, AcknowledgedForm] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """For the length of a block."""
        each = (
            partial(self._send, patient, Random(f"{self.seed} {place}"))
            for place, patient in enumerate(self.patients)
        )
        with beside(*each):
            yield

    def until(self, instant: datetime) -> dict[str, AcknowledgedForm]:
        """Those whose answer had arrived by then."""
        return {name: one for name, one in self.acknowledged.items() if one.at <= instant}

    def _send(self, patient: Person, chance: Random, stopping: Event) -> None:
        while not stopping.wait(chance.uniform(*PAUSE_S)):
            form = phq9(item9=2 if chance.random() < RISKY else 0)
            reply = self.service.post(patient, form)
            if reply.status == 201:
                with self._lock:
                    known = AcknowledgedForm(utcnow(), patient, form, reply.body)
                    self.acknowledged[form["id"]] = known

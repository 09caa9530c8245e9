"""Who reads meanwhile: staff look at their caseload and at trends, print one now and then."""

from __future__ import annotations

import http.client
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from time import monotonic
from typing import Final

from tests.builders.world import Person
from tests.fixtures.running import RunningService
from tests.production.beside import beside

CROWD: Final = 32
JSON, PDF = "application/json", "application/pdf"


@dataclass(frozen=True, slots=True)
class RegularRead:
    """What is asked for, every so many seconds; `of_patient`: by the patient, else by staff."""

    path: str
    every_s: float
    accept: str = JSON
    of_patient: bool = False


READINGS: Final = {
    "caseload": RegularRead("/v1/patients?limit=50", 3),
    "open alerts": RegularRead("/v1/alerts", 3),
    "trend": RegularRead("/v1/patients/{patient}/trend?instrument=phq9-daily", 2),
    "trend as PDF": RegularRead("/v1/patients/{patient}/trend?instrument=phq9-daily", 30, PDF),
    "start of an app": RegularRead("/v1/bootstrap", 1, of_patient=True),
}


@dataclass
class Readers:
    """`read` counts answers with what was asked for, `amiss` all others."""

    service: RunningService
    staff: Person
    patients: Sequence[Person]
    seed: int
    read: Counter[str] = field(default_factory=Counter)
    amiss: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """For the length of a block."""
        each = (partial(self._read_until, *reading) for reading in READINGS.items())
        with beside(*each):
            yield

    def crowd(self, seconds: float) -> None:
        """As many at once as a process has threads for, and more: threads and connections are made
        when they are first needed, and stay.
        """
        reading = READINGS["caseload"]
        until = monotonic() + seconds

        def read() -> None:
            while monotonic() < until:
                self._ask(reading, self.patients[0])

        with ThreadPoolExecutor(CROWD) as staff:
            for one in [staff.submit(read) for _ in range(CROWD)]:
                one.result()

    def _read_until(self, name: str, reading: RegularRead, stopping: Event) -> None:
        dice = random.Random(f"{self.seed} {name}")
        while not stopping.wait(dice.uniform(0.5, 1.5) * reading.every_s):
            found = self._ask(reading, dice.choice(self.patients))
            if found == reading.accept:
                self.read[name] += 1
            else:
                self.amiss[f"{name}: {found}"] += 1

    def _ask(self, reading: RegularRead, patient: Person) -> str:
        """The kind of document that was answered, or what came instead."""
        person = patient if reading.of_patient else self.staff
        path = reading.path.format(patient=patient.patient_id)
        headers = {**person.headers, "Accept": reading.accept}
        try:
            answer = self.service.send("GET", path, headers)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        kind = answer.headers.get("content-type", "").partition(";")[0]
        return kind if answer.status == 200 else str(answer.status)

"""How far one answer travels: the files, functions and statements of a few trips through the app.

    python -m tools.trip [--list] [--sql]

Real requests in this process, on a new embedded PostgreSQL, after a warm-up: a harmless daily
check-in, one with item 9 = 2, and the worker's pass over an alert whose next step is due. Counted
are our files and functions that were entered; a comprehension, a generator expression or a lambda
belongs to the function it stands in, and generated code (of dataclasses) to nobody.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final
from uuid import UUID

import time_machine
from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

import api
from models.statements import Statement
from tools.own_service import Person, body_of, command, new_clinic, own_service

ROOT: Final = Path(api.__file__).parents[1]
PACKAGES: Final = ("api", "schemas", "services", "models")
START: Final = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
NAMES: Final = ("warm", "harmless", "treated", "positive")
# The ladder of a high alert goes on after four hours.
NEXT_STEP: Final = timedelta(hours=4, minutes=1)
BEGIN, COMMIT, PING, SET_CONFIG, OTHER = "BEGIN", "COMMIT", "(pool ping)", "set_config", "other"
MARKS: Final = (BEGIN, COMMIT, PING)
MOVES_ALERT: Final = "UPDATE alerts"
SENDS_PAGES: Final = "services/channels/"


@dataclass(frozen=True)
class Call:
    """One entry into a function of ours; ``number`` counts them, ``caller`` is that of whoever of
    ours called it.
    """

    number: int
    file: str
    function: str
    caller: int | None


@dataclass
class Trip:
    """What one request did, in order: calls, and statements with the number of their call."""

    calls: list[Call] = field(default_factory=list)
    statements: list[tuple[int | None, str]] = field(default_factory=list)

    @property
    def files(self) -> dict[str, dict[str, int]]:
        """File -> function -> how often it was entered."""
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for call in self.calls:
            found[call.file][call.function] += 1
        return found

    @property
    def functions(self) -> int:
        """Distinct functions."""
        return sum(len(names) for names in self.files.values())

    @property
    def hops(self) -> int:
        """How often the next function entered stands in another file."""
        files = [call.file for call in self.calls]
        return sum(one != other for one, other in pairwise(files))

    def count(self, kind: str) -> int:
        """Statements of one kind: ``PING``, ``BEGIN``, ``COMMIT``, ``SET_CONFIG`` or ``OTHER``."""
        return sum(kind_of(text) == kind for _, text in self.statements)

    def part(self, top: int) -> Trip:
        """The trip of one of its calls alone."""
        inside = {top}
        for call in self.calls[top + 1 :]:
            if call.caller in inside:
                inside.add(call.number)
        return Trip(
            [call for call in self.calls if call.number in inside],
            [each for each in self.statements if each[0] in inside],
        )


def kind_of(statement: str) -> str:
    """What a statement is for."""
    if statement in MARKS:
        return statement
    return SET_CONFIG if "set_config(" in statement else OTHER


class Tracer:
    """Follows this thread through our files while it is on."""

    def __init__(self) -> None:
        self.trip = Trip()
        self._stack: list[int | None] = []
        self._names: dict[CodeType, tuple[str, str] | None] = {}

    def profile(self, frame: FrameType, what: str, _argument: Any) -> None:
        """For ``sys.setprofile``."""
        if what == "call":
            self._enter(frame.f_code)
        elif what == "return" and self._stack:
            self._stack.pop()

    def executed(self, statement: str) -> None:
        """One statement goes to the database."""
        self.trip.statements.append((self._stack[-1] if self._stack else None, statement))

    def _enter(self, code: CodeType) -> None:
        """The number on the stack is that of the innermost call of ours."""
        if code not in self._names:
            self._names[code] = name_of(code)
        name = self._names[code]
        caller = self._stack[-1] if self._stack else None
        if name is None:
            self._stack.append(caller)
            return
        self._stack.append(len(self.trip.calls))
        self.trip.calls.append(Call(len(self.trip.calls), *name, caller))


def name_of(code: CodeType) -> tuple[str, str] | None:
    """The file and the function that a code object belongs to; None when it is not ours."""
    path = Path(code.co_filename)
    if not path.is_relative_to(ROOT):
        return None
    file = path.relative_to(ROOT)
    if file.parts[0] not in PACKAGES or file.suffix != ".py":
        return None
    words = code.co_qualname.split(".")
    while len(words) > 1 and words[-1].startswith("<"):
        words.pop()
    return file.as_posix(), ".".join(words)


@contextmanager
def traced() -> Iterator[Trip]:
    """Trace what this thread does in the block."""
    tracer = Tracer()

    def executes(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        tracer.executed(statement)

    def marks(mark: str) -> Callable[..., None]:
        return lambda *_of_event: tracer.executed(mark)

    watched: list[tuple[Any, str, Callable[..., None]]] = [
        (Engine, "before_cursor_execute", executes),
        (Engine, "begin", marks(BEGIN)),
        (Engine, "commit", marks(COMMIT)),
        (Pool, "checkout", marks(PING)),
    ]
    send = Statement.send

    def sends(statement: Statement, cursor: Any, values: Mapping[str, Any]) -> None:
        tracer.executed(statement.text)
        send(statement, cursor, values)

    for target, name, listener in watched:
        event.listen(target, name, listener)
    Statement.send = sends  # type: ignore[method-assign,assignment] # for the block
    sys.setprofile(tracer.profile)
    try:
        yield tracer.trip
    finally:
        sys.setprofile(None)
        Statement.send = send  # type: ignore[method-assign] # as it was
        for target, name, listener in watched:
            event.remove(target, name, listener)


def moving_alert(trip: Trip) -> Trip:
    """Of a worker's pass, the outermost call that moves the alert and sends no page yet."""
    number = next(number for number, text in trip.statements if MOVES_ALERT in text)
    found = None
    while number is not None:
        part = trip.part(number)
        if any(call.file.startswith(SENDS_PAGES) for call in part.calls):
            break
        found, number = part, trip.calls[number].caller
    if found is None:
        raise RuntimeError("no call of the worker moved the alert")
    return found


class Journeys:
    """The trips, each of a patient of its own with the same history."""

    def __init__(self, app: Flask, clock: time_machine.Traveller, days: int) -> None:
        self.app, self.clock = app, clock
        self.clinic = new_clinic(app)
        self._sent = 0
        command(app, "clinic", "contact", self.clinic.id, "mailto:night@north.test")
        self.clinician = self.clinic.clinician("Sam")
        self.patients = {name: self.clinic.patient(name) for name in NAMES}
        for day in range(days):
            if day == days // 2:
                self._treat(self.patients["treated"])
            for patient in self.patients.values():
                self.check_in(patient)
            self.clock.shift(timedelta(days=1))

    def _treat(self, patient: Person) -> None:
        """A course that begins with a session this morning."""
        path, now = f"/v1/patients/{patient.patient_id}", datetime.now(UTC)
        course = {"product": "ketamine", "phase": "induction", "started_on": f"{now:%Y-%m-%d}"}
        made = body_of(self.clinician.send("POST", f"{path}/courses", json=course), 201)
        session = {
            "course_id": made["id"],
            "started_at": (now - timedelta(hours=3)).isoformat(),
            "product": "ketamine",
            "route": "iv",
            "supervision": "clinic",
        }
        body_of(self.clinician.send("POST", f"{path}/sessions", json=session), 201)

    def check_in(self, patient: Person, item9: int = 0) -> None:
        """One daily check-in, as a phone sends it."""
        self._sent += 1
        answers = {f"q{item}": 1 + item % 2 for item in range(1, 9)} | {"q9": item9}
        body = {
            "id": str(UUID(int=(7 << 76) | (2 << 62) | self._sent)),
            "instrument": "phq9-daily",
            "answers": answers,
            "recorded_at": datetime.now(UTC).isoformat(),
            "timezone": "America/New_York",
        }
        # A pair of tokens is marked as used by its first request: that is no part of a check-in.
        body_of(patient.send("GET", "/v1/me"), 200)
        headers = patient.headers
        with traced() as self.seen:
            answer = self.app.test_client().post("/v1/check-ins", json=body, headers=headers)
        if answer.status_code != 201:
            raise RuntimeError(f"a check-in was answered {answer.status}")

    def worker(self) -> None:
        """One pass of the alert worker."""
        with traced() as self.seen:
            command(self.app, "alerts", "work", "--once")

    def _resolve_all(self) -> None:
        listed = body_of(self.clinician.send("GET", "/v1/alerts?status=triggered"), 200)
        for alert in listed["items"]:
            path = f"/v1/alerts/{alert['id']}/resolve"
            body_of(self.clinician.send("POST", path, json={"disposition": "safe_plan_made"}), 200)

    def walk(self) -> dict[str, Trip]:
        """What is traced, after a warm-up: what the first request of a process imports and keeps
        does not count.
        """
        self.check_in(self.patients["warm"])
        self.check_in(self.patients["warm"], 2)
        self.worker()
        self.clock.shift(NEXT_STEP)
        self.worker()
        self._resolve_all()
        found = {}
        self.check_in(self.patients["harmless"])
        found["harmless check-in"] = self.seen
        self.check_in(self.patients["treated"])
        found["harmless check-in, in a course"] = self.seen
        self.check_in(self.patients["positive"], 2)
        found["item 9 = 2"] = self.seen
        self.worker()
        self.clock.shift(NEXT_STEP)
        self.worker()
        found["alert due time through the worker"] = moving_alert(self.seen)
        return found


def table(trips: dict[str, Trip]) -> str:
    """One line a trip, in Markdown. Statements are those beside ``BEGIN``, ``COMMIT`` and the
    pool's ping.
    """
    head = "| trip | files | functions | calls | file hops | statements | of them `set_config` |"
    lines = [f"{head} transactions | pool pings |", "|---|" + "---:|" * 8]
    for name, trip in trips.items():
        configs = trip.count(SET_CONFIG)
        numbers = (len(trip.files), trip.functions, len(trip.calls), trip.hops)
        statements = (trip.count(OTHER) + configs, configs, trip.count(COMMIT), trip.count(PING))
        cells = (name, *(f"{number:,}" for number in (*numbers, *statements)))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def listing(trip: Trip) -> Iterator[str]:
    """Every file entered, in the order of its first call, with its functions."""
    for file, functions in trip.files.items():
        yield file
        for function, times in functions.items():
            yield f"    {function}" + (f"  x {times}" if times > 1 else "")


def statements(trip: Trip) -> Iterator[str]:
    """Every statement in order, with the function of ours that executed it."""
    calls = {call.number: call for call in trip.calls}
    for number, text in trip.statements:
        where = calls[number] if number is not None else None
        yield f"-- {where.file}: {where.function}" if where else "-- outside our code"
        yield text


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and on demand what it was counted from."""
    parser = argparse.ArgumentParser(prog="trip", description=__doc__)
    parser.add_argument("--list", action="store_true", help="also the files and functions")
    parser.add_argument("--sql", action="store_true", help="also the statements")
    parser.add_argument("--days", type=int, default=14, help="of the patients' history")
    given = parser.parse_args(arguments)
    with time_machine.travel(START, tick=False) as clock, own_service() as app:
        trips = Journeys(app, clock, given.days).walk()
    parts = [table(trips)]
    for name, trip in trips.items():
        if given.list:
            parts += ["", f"{name}: files and functions", "", *listing(trip)]
        if given.sql:
            parts += ["", f"{name}: statements", "", *statements(trip)]
    sys.stdout.write("\n".join(parts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

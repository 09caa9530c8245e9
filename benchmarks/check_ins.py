"""Storing a check-in, whole requests in process, by people with a year behind them.

The floor is the service's own writing statement, prepared, with new ids: the same rows as one
durable commit, without a token, a lock, a read, a rule or an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, Final

import psycopg

from benchmarks.bench import Bench, Line, ms
from benchmarks.people import ZONE, Past, people_with_a_past
from benchmarks.world import Figures, a_clinic
from models.base import new_id
from models.clinic_door import enter_session
from models.statements import Statement
from services.demo.series import answers
from tests.builders.world import ClinicWorld, Person

Sent = tuple[Statement, Mapping[str, Any]]
WRITES: Final = "WITH write_0"
INSERT: Final = re.compile(r"INSERT INTO (\w+) \(([^)]*)\) VALUES \((.*?)\)(?=\)[,\s])")
PLACE: Final = re.compile(r"\$(\d+)")
NEW_IDS: Final = (
    ("check_ins", "id"),
    ("check_ins", "root_id"),
    ("check_in_contents", "check_in_id"),
    ("decisions", "id"),
    ("decisions", "entry_id"),
    ("record_ids", "id"),
)


def run(bench: Bench) -> list[Line]:
    """Untreated and treated people; who is next takes turns, as nobody sends all day."""
    clinic = a_clinic(bench.app)
    staff = clinic.staff()
    lines: list[Line] = []
    for treated in (False, True):
        people = _people(bench, clinic, staff, treated)
        name = "treated" if treated else "untreated"
        for instrument in ("phq9-daily", "phq9"):
            lines += _measured(bench, clinic, people, instrument, name)
    return lines


def _people(bench: Bench, clinic: ClinicWorld, staff: Person, treated: bool) -> list[Person]:
    past = Past(treated=treated)
    people = people_with_a_past(bench, clinic, staff, bench.sizes.writers, past)
    bench.settle()
    return people


def _measured(
    bench: Bench, clinic: ClinicWorld, people: Sequence[Person], instrument: str, name: str
) -> list[Line]:
    call = check_in_call(people, instrument)
    for _ in people:
        call()  # the first use of a token costs more
    with statements_sent() as sent:
        call()
    count = len(sent) + 2  # BEGIN and COMMIT are the driver's own
    written = next(one for one in sent if one[0].text.startswith(WRITES))
    ours = bench.best(f"check-in {instrument}, {name}", call)
    floor = _floor(bench, clinic, people, written)
    share = f"{floor.p50 / ours.p50:.2f} of the floor"
    return [
        Line(f"check-in {instrument}, {name}", f"{ms(ours)}; {count} statements", beside=share),
        Line("  floor: the same rows, one statement", ms(floor)),
    ]


def check_in_call(people: Sequence[Person], instrument: str) -> Callable[[], object]:
    """A harmless answer of now, by the next of these people."""
    client = people[0].app.test_client()
    phones = cycle([(person, person.headers) for person in people])
    form = answers(6, 0)

    def call() -> None:
        _, headers = next(phones)
        body = {
            "id": str(new_id()),
            "instrument": instrument,
            "answers": form,
            "recorded_at": datetime.now(UTC).isoformat(),
            "timezone": ZONE,
        }
        answer = client.post("/v1/check-ins", json=body, headers=headers)
        assert answer.status_code == 201

    return call


@contextmanager
def statements_sent() -> Iterator[list[Sent]]:
    """The statements of the write path, with their values, that are sent meanwhile."""
    sent: list[Sent] = []
    send = Statement.send

    def sends(statement: Statement, cursor: Any, values: Mapping[str, Any]) -> None:
        sent.append((statement, values))
        send(statement, cursor, values)

    Statement.send = sends  # type: ignore[assignment,method-assign] # for the block
    try:
        yield sent
    finally:
        Statement.send = send  # type: ignore[method-assign] # as it was


def _floor(bench: Bench, clinic: ClinicWorld, people: Sequence[Person], written: Sent) -> Figures:
    statement, first = written
    names = statement.names
    places = {
        (table, column): names[int(place) - 1]
        for table, columns, values in INSERT.findall(statement.text)
        for column, place in zip(columns.split(", "), PLACE.findall(values), strict=True)
    }
    fresh = [places[one] for one in NEW_IDS]
    theirs = [
        name for name, value in first.items() if value == first[places["check_ins", "patient_id"]]
    ]
    turns = cycle([person.patient_id for person in people])

    with psycopg.connect(bench.app_url, autocommit=True) as connection:
        enter_session(connection, clinic.id)

        def call() -> None:
            changed = dict.fromkeys(fresh, new_id()) | dict.fromkeys(theirs, next(turns))
            statement.send(psycopg.RawCursor(connection), {**first, **changed})

        return bench.best("floor", call)

"""The tracer counts our files, functions and statements, and nothing else."""

from __future__ import annotations

from types import CodeType

import time_machine
from flask import Flask

import api
from tools.trip import (
    COMMIT,
    OTHER,
    PACKAGES,
    PING,
    SET_CONFIG,
    START,
    Call,
    Journeys,
    Trip,
    kind_of,
    moving_alert,
    name_of,
    table,
)


def test_the_trips_are_whole_and_about_our_files_alone(app: Flask, clean_database: None) -> None:
    with time_machine.travel(START, tick=False) as clock:
        trips = Journeys(app, clock, days=2).walk()
    assert list(trips) == [
        "harmless check-in",
        "harmless check-in, in a course",
        "item 9 = 2",
        "alert due time through the worker",
    ]
    for trip in trips.values():
        assert all(file.partition("/")[0] in PACKAGES for file in trip.files)
        assert len(trip.files) < trip.functions < len(trip.calls)
    harmless, treated, positive, due = trips.values()
    for one in (harmless, treated, positive):
        assert (one.count(COMMIT), one.count(SET_CONFIG), one.count(PING)) == (1, 1, 1)
    assert 0 < harmless.count(OTHER) < positive.count(OTHER)
    assert harmless.functions < treated.functions
    assert any("INSERT INTO alerts" in text for _, text in positive.statements)
    assert not any("INSERT INTO alerts" in text for _, text in harmless.statements)
    # The worker's own work alone, and the line of its log about what became of the page.
    assert {one for one in due.files if one.startswith("api/")} <= {"api/observability/logs.py"}
    assert len(table(trips).splitlines()) == 2 + len(trips)


def call(number: int, file: str, caller: int | None) -> Call:
    return Call(number, file, f"function_{number}", caller)


def test_the_part_that_moves_an_alert_is_the_largest_that_sends_nothing() -> None:
    trip = Trip(
        [
            call(0, "api/cli/alerts.py", None),
            call(1, "services/alerts/watch.py", 0),
            call(2, "services/alerts/clock.py", 0),
            call(3, "services/alerts/moving.py", 2),
            call(4, "services/channels/smtp.py", 0),
        ],
        [(1, "SELECT 1"), (3, "UPDATE alerts SET step = 1"), (4, "UPDATE notifications")],
    )
    moved = moving_alert(trip)
    assert [one.number for one in moved.calls] == [2, 3]
    assert moved.statements == [(3, "UPDATE alerts SET step = 1")]


def test_what_stands_in_a_function_belongs_to_it() -> None:
    def outer() -> object:
        return (lambda: 1), (number for number in "12")

    code = outer.__code__
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    assert [one.co_name for one in inner] == ["<lambda>", "<genexpr>"]
    assert name_of(code) is None, "a test is none of the application"
    ours = [one.replace(co_filename=str(api.__file__)) for one in (code, *inner)]
    assert len({name_of(one) for one in ours}) == 1
    assert name_of(code.replace(co_filename="<string>")) is None


def test_statements_are_of_a_kind() -> None:
    assert kind_of(COMMIT) == COMMIT
    assert kind_of("SELECT set_config('x', 'y', true)") == SET_CONFIG
    assert kind_of("SELECT 1") == OTHER

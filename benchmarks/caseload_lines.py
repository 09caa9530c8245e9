"""The caseload as lines of the table, and the console's day, frame and all;
`python -m benchmarks.caseload` shows the caseload alone.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.bench import Bench, Line, ms, under
from benchmarks.caseload import fill, measure_floor, measure_list
from benchmarks.world import Figures, a_clinic, measure
from tests.builders.pages.console import Console, console_of
from tests.builders.world import Person

AIM_MS, PAGE_MS = 8.0, 3.0
TODAY_MS, BOARD_MS, UNCHANGED_MS = 30.0, 10.0, 2.0
POLLED: Final = ("/v1/alerts", "/console/alerts/board")


def run(bench: Bench) -> list[Line]:
    """The whole caseload of a clinic in the order of risk, and its first page."""
    clinic = a_clinic(bench.app)
    staff = clinic.staff()
    patients, calls = bench.sizes.caseload, bench.sizes.calls
    fill(clinic, staff, patients)
    bench.settle()
    whole = bench.best_of("caseload", lambda: measure_list(staff, "limit=500", calls))
    page = bench.best_of("caseload, 50", lambda: measure_list(staff, "limit=50", calls))
    url = bench.app.config["SQLALCHEMY_DATABASE_URI"]
    floor = bench.best_of("floor", lambda: measure_floor(url, clinic, calls))
    console = console_of(bench.app, staff)
    today = bench.best_of("today", lambda: opened(bench, console, "/today"))
    board = bench.best_of("board", lambda: opened(bench, console, "/alerts/board"))
    unchanged = [
        bench.best_of(path, partial(polled, bench, console, staff, path)) for path in POLLED
    ]
    beside = f"ours is {whole.p50 / floor.p50:.1f} x this"
    return [
        under(f"caseload of {patients}", whole, AIM_MS),
        under("  its first 50", page, PAGE_MS),
        Line("  floor: its rows, one statement", ms(floor), beside=beside),
        under(f"console: today with {patients} patients", today, TODAY_MS),
        under("console: the board of alerts", board, BOARD_MS),
        *(
            under(f"unchanged: GET {path}", found, UNCHANGED_MS)
            for path, found in zip(POLLED, unchanged, strict=True)
        ),
    ]


def opened(bench: Bench, console: Console, path: str) -> Figures:
    """A page as a browser asks for it, with the session's cookie."""

    def call() -> None:
        assert console.open(path).status_code == 200

    return measure(call, bench.sizes.calls)


def polled(bench: Bench, console: Console, staff: Person, path: str) -> Figures:
    """What a screen asks again and again; the board's tag names the minute, and changes with it."""
    known = dict(staff.headers) if path.startswith("/v1/") else {}

    def call() -> None:
        answer = console.client.get(path, headers=known)
        known["If-None-Match"] = answer.headers["ETag"]

    return measure(call, bench.sizes.calls)

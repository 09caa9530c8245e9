"""The caseload as lines of the table; `python -m benchmarks.caseload` shows it alone."""

from __future__ import annotations

from typing import Final

from benchmarks.bench import Bench, Line, ms, under
from benchmarks.caseload import fill, measure_floor, measure_list
from benchmarks.world import a_clinic

AIM_MS: Final = 20.0


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
    beside = f"ours is {whole.p50 / floor.p50:.1f} x this"
    return [
        under(f"caseload of {patients}", whole, AIM_MS),
        Line("  its first 50", ms(page)),
        Line("  floor: its rows, one statement", ms(floor), beside=beside),
    ]

"""`python -m benchmarks [--only WORD] [--smallest] [--write]`: the figures in process.

One database for all, made and dropped here. Ends with status 1 when an aim was missed. Over HTTP,
beside peers: `benchmarks.over_http`.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
from collections.abc import Sequence
from typing import Final

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import caseload_lines, chart, check_ins, cohort, starts, syncs, trend
from benchmarks.bench import (
    SMALLEST,
    Bench,
    Line,
    Run,
    Sizes,
    admin_url_of,
    load,
    run_all,
    shown_progress,
)
from benchmarks.page import PAGE, put
from benchmarks.world import own_database

RUNS: Final[dict[str, Run]] = {
    "trend": trend.run,
    "chart": chart.run,
    "caseload": caseload_lines.run,
    "cohort": cohort.run,
    "check_ins": check_ins.run,
    "syncs": syncs.run,
    "starts": starts.run,
}
WORDS: Final = {True: "met", False: "MISSED", None: ""}
WIDTH: Final = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0 when every aim was met."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", default="", help="benchmarks whose name holds this word")
    parser.add_argument("--smallest", action="store_true", help="does everything still run?")
    parser.add_argument("--write", action="store_true", help="also into docs/benchmarks.md")
    given = parser.parse_args(arguments)
    chosen = [run for name, run in RUNS.items() if given.only in name]
    before = load()
    with own_database() as app, shown_progress() as progress:
        gc.freeze()  # as the server does when it starts
        sizes = SMALLEST if given.smallest else Sizes()
        bench = Bench(app, admin_url_of(app), sizes, progress)
        lines = run_all(chosen, bench)
        facts = machine(bench, before)
    show(lines, facts)
    if given.write:
        put(PAGE, "in process", markdown(lines, facts))
    return 1 if any(line.good is False for line in lines) else 0


def machine(bench: Bench, load_before: str) -> list[str]:
    """What the figures depend on."""
    with psycopg.connect(bench.app_url) as connection:
        version = connection.info.parameter_status("server_version")
    sizes = bench.sizes
    return [
        f"{os.cpu_count()} cores, shared by client, application and database; "
        f"PostgreSQL {version} over a Unix socket, durable commits; "
        f"Python {platform.python_version()}",
        f"Each figure is the best of {sizes.rounds} rounds of up to {sizes.calls} calls by its "
        "median, after a warm-up; its best call is nearest to an idle machine",
        f"Load averages before and after: {load_before}; {load()}",
    ]


def show(lines: Sequence[Line], facts: Sequence[str]) -> None:
    """The table on the terminal."""
    console = Console()
    table = Table("what", "seen", "aim", "", "beside")
    for line in lines:
        table.add_row(line.what, line.seen, line.aim, WORDS[line.good], line.beside)
    wide = console if console.is_terminal else Console(width=WIDTH)
    wide.print(table)
    for fact in facts:
        wide.print(f"{fact}.")


def markdown(lines: Sequence[Line], facts: Sequence[str]) -> str:
    """The table for `docs/benchmarks.md`."""
    head = [*(f"- {fact}." for fact in facts), "", "| what | seen | aim | | beside |"]
    rows = [
        f"| {line.what.strip()} | {line.seen} | {line.aim} | {WORDS[line.good]} | {line.beside} |"
        for line in lines
    ]
    return "\n".join([*head, "|---|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.exit(main())

"""`python -m benchmarks.growth.replaying [--calls N]`: how soon a standby has caught up.

A copy of the server is made, then check-ins and reads come in, then the copy starts and replays
what it missed: with one core, whatever it has. Its files stay in memory, so a disk that is slow to
read is not in the figure. `tools/scale` computes with it.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from rich.console import Console

from api.embedded.server import EmbeddedServer, join_or_start, programs
from benchmarks.bench import Bench, Sizes, admin_url_of, load, shown_progress
from benchmarks.check_ins import check_in_call
from benchmarks.growth.workloads import get_call
from benchmarks.over_http.processes import cpu, tree, words_of
from benchmarks.people import Past, people_with_a_past
from benchmarks.world import a_clinic, own_database
from migrations.roles import libpq_url

PATIENTS: Final = 40
# Three reads for each check-in, some by staff: as `docs/scale.md` assumes.
PATIENT_READS, STAFF_READS = 2, 1
LOOK_S: Final = 0.02
CAUGHT_UP_S: Final = 600.0
WRITTEN: Final[LiteralString] = "SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint"
REPLAYED: Final[LiteralString] = "SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser("replaying", description=__doc__)
    parser.add_argument("--calls", type=int, default=5_000, help="check-ins, each with its reads")
    given = parser.parse_args(arguments)
    with own_database() as app, shown_progress() as progress:
        bench = Bench(app, admin_url_of(app), Sizes(), progress)
        fact = replayed(bench, given.calls)
    Console().print(f"{fact}; load {load()}")
    return 0


def replayed(bench: Bench, count: int) -> str:
    """What it takes to replay so many check-ins with their reads."""
    primary = join_or_start(bench.app.config["INTERLUDE"].data_dir / "postgres")
    try:
        turn = _calls(bench)
        copy = _copy_of(primary)
        before = _asked(primary, WRITTEN)
        with bench.steps("check-ins with their reads", count) as done:
            for _ in range(count):
                for call in turn:
                    call()
                done(1)
        log = _asked(primary, WRITTEN) - before
        with _started(copy) as standby:
            _catch_up(standby, before + log)
            used = _cpu_of_replay(standby)
    finally:
        primary.leave()
    return (
        f"{count:,} check-ins, each with {PATIENT_READS + STAFF_READS} reads, left {log / 1e6:,.1f}"
        f" MB of log: replayed with {used:.2f} s of CPU, {used / log * 1e9:.1f} s a GB"
    )


def _calls(bench: Bench) -> list[Callable[[], object]]:
    """A check-in and what is read beside it, by patients with a year of answers and their staff."""
    clinic = a_clinic(bench.app)
    staff = clinic.staff()
    people = people_with_a_past(bench, clinic, staff, PATIENTS, Past())
    return [
        check_in_call(people, "phq9-daily"),
        *[get_call(people, "/v1/bootstrap")] * PATIENT_READS,
        *[get_call([staff], "/v1/patients?limit=50")] * STAFF_READS,
    ]


def _copy_of(primary: EmbeddedServer) -> Path:
    """Its files, which wait: the primary keeps its log for them until they are started."""
    data = primary.data.with_name("standby")
    data.mkdir()
    primary.account.own(data)
    words = ["-h", str(primary.socket_dir), "-U", "postgres", "-D", str(data), "--no-sync"]
    words += ["--checkpoint=fast", "--write-recovery-conf", "--create-slot", "--slot=standby"]
    program = str(programs() / "pg_basebackup")
    subprocess.run([program, *words], check=True, cwd="/", **primary.account.run_as())
    return data


@contextmanager
def _started(copy: Path) -> Iterator[EmbeddedServer]:
    standby = join_or_start(copy)
    try:
        yield standby
    finally:
        standby.stop()


def _catch_up(standby: EmbeddedServer, place: int) -> None:
    """Wait until it has replayed the log up to this place; raises `RuntimeError` when it never."""
    deadline = time.monotonic() + CAUGHT_UP_S
    while _asked(standby, REPLAYED) < place:
        if time.monotonic() > deadline:
            raise RuntimeError("the standby does not catch up")
        time.sleep(LOOK_S)


def _cpu_of_replay(standby: EmbeddedServer) -> float:
    """Seconds of the one process that replays."""
    postmaster = int((standby.data / "postmaster.pid").read_text().split()[0])
    (replaying,) = (one for one in tree(postmaster) if "startup" in words_of(one))
    return cpu([replaying])


def _asked(server: EmbeddedServer, query: LiteralString) -> int:
    with psycopg.connect(libpq_url(server.url("postgres", "postgres"))) as connection:
        (value,) = connection.execute(query).fetchone() or (0,)
    return int(value)


if __name__ == "__main__":
    raise SystemExit(main())

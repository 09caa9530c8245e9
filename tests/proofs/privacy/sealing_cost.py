"""What sealing the audit costs the writing of check-ins: with and without, in turn, in one run.

A clinician enters check-ins for patients, each of which leaves an entry, by several clients at
once, in short windows; in every other one the sealer is stopped. How fast they are is compared
window by window, and disturbed by whatever else the machine does. What part of the work was the
sealer's (its process and its session in the database) the system counts, and nobody disturbs that.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from statistics import median
from typing import Final

import orjson
import psutil

from api.play.phones import Wire
from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.fixtures.running import BIN, RunningService, wait_until
from tests.proofs.seen import Seen
from tools.child import Child

CLIENTS: Final = 8
PATIENTS: Final = 32
# With and without are as often first: whatever grows or tires meanwhile bears on both alike.
TURNS: Final = (False, True, True, False)
UNSEALED: Final = "SELECT count(*) FROM audit_entries WHERE seq IS NULL"
SEALED: Final = "SELECT count(*) FROM audit_entries WHERE seq IS NOT NULL"
OF_SEALER: Final = "SELECT pid FROM pg_stat_activity WHERE usename = 'interlude_sealer'"
OWN_SESSION: Final = "SELECT pg_backend_pid() AS pid"
AIM: Final = 0.05


@dataclass
class Windows:
    """Seconds of each window; CPU seconds of those in which entries were sealed."""

    took: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    whole: float = 0.0
    of_sealer: float = 0.0


def sealing_cost(running: RunningService, posts: int, rounds: int) -> Iterator[Seen]:
    """The part of the work that is sealing, and how much slower check-ins are beside it."""
    clinic = running.clinic()
    write = partial(
        _write, running.url, clinic.staff(), [clinic.patient() for _ in range(PATIENTS)]
    )
    write(posts)  # a warm-up
    seen, before = Windows(), running.rows(SEALED)[0].count
    with _sealer(running) as sealer:
        for is_sealed in TURNS * rounds:
            if is_sealed:
                _measure(running, sealer, seen, partial(write, posts))
            else:
                os.killpg(_pid(sealer), signal.SIGSTOP)
                seen.took[False].append(write(posts))
                os.killpg(_pid(sealer), signal.SIGCONT)
    sealed = running.rows(SEALED)[0].count - before
    part = seen.of_sealer / seen.whole
    pairs = [one / other for one, other in zip(seen.took[False], seen.took[True], strict=True)]
    spread = f"median of {len(pairs)} pairs, {min(pairs):.0%} to {max(pairs):.0%}"
    yield Seen(
        f"sealing under write load is less than {AIM:.0%} of the work of check-ins",
        f"{posts * len(TURNS) * rounds} check-ins of {CLIENTS} clients, {sealed} entries sealed",
        f"{part:.1%} of {seen.whole:.0f} CPU seconds; check-ins beside it {median(pairs):.1%} as"
        f" fast ({spread}; load {os.getloadavg()[1]:.1f})",
        ok=part < AIM and sealed > posts,
    )


def _measure(running: RunningService, sealer: Child, seen: Windows, write: partial[float]) -> None:
    """One window beside the sealer, which has caught up before and seals what the window leaves."""
    _caught_up(running)
    own, everybody = _of_sealer(running, sealer), _everybody(running)
    before = _cpu(own), _cpu(everybody)
    seen.took[True].append(write())
    _caught_up(running)
    seen.of_sealer += _cpu(own) - before[0]
    seen.whole += _cpu(everybody) - before[1]


def _caught_up(running: RunningService) -> None:
    wait_until(lambda: running.rows(UNSEALED)[0].count == 0, "all is sealed", 120)


@contextmanager
def _sealer(running: RunningService) -> Iterator[Child]:
    """A sealer works, from when it has caught up until the end of the block."""
    command = [str(BIN / "flask"), "--app", "wsgi", "audit", "seal"]
    sealer = Child("sealer", command, running.environ(), print)
    sealer.start()
    try:
        _caught_up(running)
        yield sealer
    finally:
        sealer.kill()


def _pid(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def _of_sealer(running: RunningService, sealer: Child) -> list[psutil.Process]:
    own = psutil.Process(_pid(sealer))
    sessions = [psutil.Process(row.pid) for row in running.rows(OF_SEALER)]
    return [own, *own.children(recursive=True), *sessions]


def _everybody(running: RunningService) -> list[psutil.Process]:
    """The service and the database; not this process, which is the clients."""
    database = psutil.Process(running.rows(OWN_SESSION)[0].pid).parent()
    assert database is not None
    ours = psutil.Process().children(recursive=True)
    return list({one.pid: one for one in [*ours, database, *database.children()]}.values())


def _cpu(processes: Sequence[psutil.Process]) -> float:
    total = 0.0
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total


def _write(url: str, staff: Person, patients: Sequence[Person], posts: int) -> float:
    """Seconds for so many check-ins, each entered by the clinician for one of the patients."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        began = time.monotonic()
        work = partial(_client, url, staff, posts // CLIENTS)
        for one in [pool.submit(work, patients[n::CLIENTS]) for n in range(CLIENTS)]:
            one.result()
        return time.monotonic() - began


def _client(url: str, staff: Person, posts: int, patients: Sequence[Person]) -> None:
    wire, headers = Wire(url, tries=1), {"Content-Type": "application/json", **staff.headers}
    whose = (one for _ in range(posts) for one in patients)
    for patient in islice(whose, posts):
        body = orjson.dumps(phq9() | {"patient_id": str(patient.patient_id)})
        assert wire.send("POST", "/v1/check-ins", headers, body).status == 201
    wire.close()

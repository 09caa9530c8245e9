"""An upgrade without a gap: services are restarted and tables are changed under load, and the code
of the release before goes on.
"""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from threading import Event, Thread
from typing import Final

import orjson
import psycopg

from api.play.phones import Wire
from migrations.numbered import migrations
from migrations.roles import libpq_url
from migrations.upgrade import PROJECT, upgrade
from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.fixtures.databases.planted import CHANGES_OF_CHECK_INS, plant
from tests.fixtures.postgres import EXTERNAL, TestServer
from tests.fixtures.running import RunningService, service_on
from tests.production.lab.cluster import PostgresCluster, private_cluster
from tests.production.lab.web_services import two_web_services
from tests.production.part import Trial
from tests.proofs.seen import Seen

PHONES: Final = 6
LONGEST_S: Final = 1.0
LOCKED_S: Final = 10.0
# Without a bound everybody waits as long as the report takes.
UNBOUNDED_S: Final = 3.0
# PostgreSQL writes down every wait for a lock that was longer than this, with its length.
SAYS_WHO_WAITED: Final = {"log_lock_waits": "on", "deadlock_timeout": "10ms"}
WAITED: Final = re.compile(r"acquired (\w+) on (relation|transaction|tuple).* after ([0-9.]+) ms")
# What a migration itself asks for.
ITS_OWN: Final = {"AccessExclusiveLock", "ShareRowExclusiveLock", "ShareUpdateExclusiveLock"}
STORED: Final = "SELECT id::text FROM check_ins WHERE id = ANY(%s)"
# Intake, alerts and the auditor: each has rows that the other release has written or will read.
OWN_TESTS: Final = (
    *("tests/api/phone", "tests/api/danger", "tests/api/alerts", "tests/services/alerts"),
    *("tests/services/watch",),
)
RUN: Final = "upgraded"


@dataclass
class Answered:
    """What the phones saw. `waits_s` of every answer; `refused` is everything but a 2xx."""

    waits_s: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def longest_s(self) -> float:
        """The longest that anybody waited."""
        return max(self.waits_s, default=0.0)


@contextmanager
def phones(running: RunningService, port: int) -> Iterator[Answered]:
    """Each sends one check-in after the other, never again, for the length of a block."""
    answered, stopping, clinic = Answered(), Event(), running.clinic()
    threads = [
        Thread(target=_send, args=(running, port, clinic.patient(), answered, stopping))
        for _ in range(PHONES)
    ]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _send(
    running: RunningService, port: int, patient: Person, answered: Answered, stopping: Event
) -> None:
    host = {"Host": f"127.0.0.1:{running.port}", "Content-Type": "application/json"}
    while not stopping.wait(0.02):
        form = phq9()
        wire, began = Wire(f"http://127.0.0.1:{port}", tries=1), time.monotonic()
        try:
            headers = {**host, **patient.headers}
            status = wire.send("POST", "/v1/check-ins", headers, orjson.dumps(form)).status
        except (OSError, http.client.HTTPException) as error:
            answered.refused.append(type(error).__name__)
        else:
            answered.waits_s.append(time.monotonic() - began)
            # 200: the one that was restarted had stored it, and HAProxy asked the other.
            taken = status in (200, 201)
            (answered.acknowledged if taken else answered.refused).append(
                form["id"] if taken else str(status)
            )
        finally:
            wire.close()


def upgrading(trial: Trial) -> Iterator[Seen]:
    """Restart, change tables, and go on with the code of before."""
    with (
        private_cluster(trial.folder / "cluster", **SAYS_WHO_WAITED) as cluster,
        service_on(cluster.urls, trial.folder / "data") as running,
    ):
        yield _a_rolling_restart(running, trial)
        yield from _tables_change_under_load(running, cluster, trial)
    yield _the_release_before_goes_on(trial)


def _a_rolling_restart(running: RunningService, trial: Trial) -> Seen:
    rounds = max(2, round(trial.minutes))
    with (
        two_web_services(running, trial.folder / "balancer") as balancer,
        phones(running, balancer.port) as answered,
    ):
        for number in range(rounds):
            trial.tell(f"rolling restart {number + 1} of {rounds}")
            for service in balancer.services:
                balancer.restart(service)
    lost = len(answered.acknowledged) - len(running.rows(STORED, answered.acknowledged))
    seen = f"refused {_counted(answered.refused)}, lost {lost}, longest {answered.longest_s:.2f} s"
    size = f"{2 * rounds} restarts, {len(answered.acknowledged)} check-ins, {PHONES} phones"
    good = not answered.refused and not lost and bool(answered.acknowledged)
    return Seen("a rolling restart of two web services answers no 5xx", size, seen, good)


def _tables_change_under_load(
    running: RunningService, cluster: PostgresCluster, trial: Trial
) -> Iterator[Seen]:
    folder, owner_url = trial.folder / "planted", cluster.urls.owner
    folder.mkdir()
    plant(folder, *CHANGES_OF_CHECK_INS)
    shown: list[str] = []

    def bounded() -> None:
        upgrade(owner_url, "head", folder, report=shown.append)

    trial.tell("db upgrade behind a long report")
    answered, waited_s = _while_a_report_holds_check_ins(running, cluster, LOCKED_S, bounded)
    size = f"{len(CHANGES_OF_CHECK_INS)} migrations of check_ins, {len(answered.waits_s)} check-ins"
    seen = (
        f"longest wait for a lock {waited_s:.2f} s (for an answer {answered.longest_s:.2f} s), gave"
        f" way {len(shown)} times, refused {_counted(answered.refused)}"
    )
    good = waited_s < LONGEST_S and not answered.refused and bool(shown)
    yield Seen(f"db upgrade beside a report of {LOCKED_S:g} s: nobody waits 1 s", size, seen, good)

    def unbounded() -> None:
        with psycopg.connect(libpq_url(owner_url), autocommit=True) as owner:
            owner.execute("ALTER TABLE check_ins ADD COLUMN unbounded text")

    trial.tell("the same without a bound")
    _, waited_s = _while_a_report_holds_check_ins(running, cluster, UNBOUNDED_S, unbounded)
    size, seen = f"a report of {UNBOUNDED_S:g} s", f"longest wait for a lock {waited_s:.2f} s"
    # The measure would see a wait.
    yield Seen("the same by a bare ALTER TABLE", size, seen, waited_s > LONGEST_S)


def _while_a_report_holds_check_ins(
    running: RunningService, cluster: PostgresCluster, locked_s: float, change: Callable[[], None]
) -> tuple[Answered, float]:
    """What the phones saw, and the longest that PostgreSQL let anybody but the change wait."""
    before = len(cluster.log.read_text())
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(libpq_url(cluster.urls.admin)) as report,
        phones(running, running.port) as answered,
    ):
        report.execute("SELECT count(*) FROM check_ins")
        changed = pool.submit(change)
        time.sleep(locked_s)
        report.rollback()
        changed.result()
    waits = WAITED.findall(cluster.log.read_text()[before:])
    waited_ms = [float(ms) for mode, _, ms in waits if mode not in ITS_OWN]
    return answered, max(waited_ms, default=0.0) / 1000


def _the_release_before_goes_on(trial: Trial) -> Seen:
    """Its own tests, with its code, on the newest tables. They are called by its own number,
    as it starts on no other.
    """
    newest, before = migrations()[:2]
    tree = _code_before(newest, trial.folder / "before")
    with private_cluster(trial.folder / "older", fsync="off") as cluster:
        admin = cluster.urls.admin
        server = TestServer(trial.folder, RUN, admin)
        server.make_template()
        with psycopg.connect(libpq_url(server.urls(server.template).owner)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = %s", (before,))
        trial.tell(f"the code of before {newest} runs its tests on it")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "1", "--testrunuid", RUN, *OWN_TESTS],
            cwd=tree,
            env={**os.environ, EXTERNAL: admin},
            capture_output=True,
            text=True,
            check=False,
        )
    seen = (re.findall(r"^.*(?:passed|failed|error).*$", done.stdout, re.MULTILINE) or [""])[-1]
    good = done.returncode == 0
    claim = "the code of the release before passes its own tests on the newest tables: intake,"
    claim += " alerts, auditor"
    return Seen(claim, f"code of {before}, tables of {newest}", seen[:200], good)


def _code_before(migration: str, tree: Path) -> Path:
    """The tree of the commit before the one that brought a migration."""
    (file,) = (PROJECT / "migrations" / "versions").glob(f"{migration}_*.py")
    path = file.relative_to(PROJECT).as_posix()
    added = ("log", "--diff-filter=A", "--format=%H", "-1", "--", path)
    commit = _git(*added).decode().strip()
    with tarfile.open(fileobj=BytesIO(_git("archive", f"{commit}^"))) as packed:
        packed.extractall(tree, filter="data")
    return tree


def _git(*words: str) -> bytes:
    done = subprocess.run(["/usr/bin/git", *words], cwd=PROJECT, capture_output=True, check=True)
    return done.stdout


def _counted(refused: list[str]) -> str:
    kinds = sorted({*refused})
    return ", ".join(f"{refused.count(kind)} x {kind}" for kind in kinds) or "0"

"""Real worker processes, killed with SIGKILL at random points under load: every page arrives.

`INTERLUDE_TEST_KILLS` sets how many (5 in the gate, 200 in `make prove`).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
from flask import Flask

from api.embedded.urls import DatabaseUrls
from services.clock import utcnow
from tests.builders.scene import Scene
from tests.builders.world import World
from tests.fixtures.app import SECRET
from tests.fixtures.mail import MailServer
from tests.fixtures.webhook import WebhookReceiver

PROJECT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("INTERLUDE_TEST_KILLS", "5"))
ANSWERS_A_KILL = 6
LIMIT_S = 60.0


class Workers:
    """Two worker processes; whichever is killed is started again."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self._environ, self._path = environ, log
        self._log = log.open("ab")
        self.processes = [self._start(), self._start()]

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "alerts", "work"],
            cwd=PROJECT,
            env=self._environ,
            stdout=self._log,
            stderr=self._log,
        )

    def kill(self, number: int) -> None:
        """SIGKILL, and a new one in its place."""
        victim = self.processes[number]
        assert victim.poll() is None, "a worker ended by itself"
        victim.kill()
        victim.wait()
        self.processes[number] = self._start()

    def stop(self) -> list[int]:
        """SIGTERM; the exit codes."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(LIMIT_S) for process in self.processes]

    def end(self) -> None:
        """Whatever is left; what they said is for whoever reads a failure."""
        for process in self.processes:
            process.kill()
            process.wait()
        self._log.close()
        sys.stdout.write(self._path.read_text()[-4000:])


@pytest.fixture
def scenes(
    app: Flask, clean_database: None, smtp_server: MailServer, webhook_receiver: WebhookReceiver
) -> list[Scene]:
    """One clinic that is paged by mail, and one by webhook."""
    by_mail, by_webhook = World(app).clinic(), World(app).clinic()
    by_webhook.contact(webhook_receiver.url)
    return [Scene(app, app, clinic, {}) for clinic in (by_mail, by_webhook)]


@pytest.fixture
def workers(
    scenes: list[Scene], database_urls: DatabaseUrls, smtp_server: MailServer, tmp_path: Path
) -> Iterator[Workers]:
    """Two real workers on the test's database and mail server."""
    kept = {name: value for name, value in os.environ.items() if "INTERLUDE_" not in name}
    started = Workers(
        {
            **kept,
            **database_urls.environ(),
            "INTERLUDE_SECRET_KEY": SECRET,
            "INTERLUDE_DATA_DIR": str(tmp_path / "data"),
            "INTERLUDE_SMTP_URL": smtp_server.url,
            "INTERLUDE_LEASE_S": "1",
            "INTERLUDE_POLL_S": "0.1",
        },
        tmp_path / "workers.log",
    )
    yield started
    started.end()


def wait_until(happened: Callable[[], bool], workers: Workers) -> None:
    until = time.monotonic() + LIMIT_S
    pause = Event()
    while not happened():
        ended = [process.poll() for process in workers.processes]
        assert ended == [None, None], f"a worker ended by itself: {ended}"
        assert time.monotonic() < until, f"not within {LIMIT_S} s"
        pause.wait(0.02)


def test_every_page_arrives_whenever_workers_are_killed(
    scenes: list[Scene],
    workers: Workers,
    smtp_server: MailServer,
    webhook_receiver: WebhookReceiver,
):
    chance = random.Random(20261121)
    patients = [[scene.clinic.patient() for _ in range(8)] for scene in scenes]

    def received() -> int:
        return len(smtp_server.inbox) + len(webhook_receiver.requests)

    for _ in range(KILLS):
        before = received()
        for _ in range(ANSWERS_A_KILL):
            number = chance.randrange(2)
            scenes[number].now = utcnow()
            scenes[number].answer(chance.choice(patients[number]))
        wait_until(lambda before=before: received() > before, workers)
        Event().wait(chance.random() * 0.05)
        workers.kill(chance.randrange(2))

    wait_until(lambda: all(left(scene) == 0 for scene in scenes), workers)
    keys = Counter(
        [UUID(str(mail["Message-ID"])[1:37]) for mail in smtp_server.inbox]
        + [UUID(request.headers["Idempotency-Key"]) for request in webhook_receiver.requests]
    )
    queued = {page.id for scene in scenes for page in scene.notifications()}
    assert set(keys) == queued
    assert len(queued) >= KILLS * ANSWERS_A_KILL
    # One that was still starting up ends by the signal itself.
    assert set(workers.stop()) <= {0, -signal.SIGTERM}


def left(scene: Scene) -> int:
    return sum(state not in ("sent", "delivered") for _, _, state in scene.pages())

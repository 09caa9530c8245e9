"""A cluster whose backups pgBackRest keeps, the service on it, and how both come back."""

from __future__ import annotations

import pwd
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fixtures.mail import MailServer
from tests.fixtures.running import RunningService, free_port
from tests.fixtures.webhook import WebhookReceiver
from tests.production.lab.backrest import BackrestRepository
from tests.production.lab.cluster import PostgresCluster
from tests.production.lab.database import PROGRAMS
from tests.production.lab.process import lab_account
from tests.production.part import Trial
from tests.proofs.seen import Seen, verdict


@dataclass
class Hospital:
    """The cluster with its archive, and the service on it; both may come back elsewhere."""

    trial: Trial
    mail: MailServer
    webhook: WebhookReceiver
    port: int = field(default_factory=free_port)
    steps: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folder = self.trial.folder
        self.data = folder / "data"
        self.repository = BackrestRepository(
            folder / "backup", folder / "cluster" / "main", folder / "sockets", self.port
        )
        settings = self.repository.settings
        self.cluster = PostgresCluster(folder / "cluster", settings, port=self.port, files="main")
        self.settings_file = folder / "postgresql.conf"

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Take the time of a step."""
        self.trial.tell(name)
        began = time.monotonic()
        yield
        self.steps[name] = time.monotonic() - began

    def make(self) -> None:
        """The cluster with its archive, and Interlude's database in it."""
        self.repository.make()
        written = {**self.cluster.settings, "listen_addresses": "127.0.0.1"}
        lines = [f"{name} = '{value}'\n" for name, value in written.items()]
        self.settings_file.write_text("".join(lines))
        self.cluster.make()
        self.cluster.start()
        self.cluster.make_database()
        self.repository.run("stanza-create")
        self.repository.run("check")

    @contextmanager
    def service(self) -> Iterator[RunningService]:
        """Web and worker on the present cluster."""
        with self.waiting_service() as running:
            running.start()
            yield running

    @contextmanager
    def waiting_service(self) -> Iterator[RunningService]:
        """The service on the present cluster, which the block may start."""
        running = RunningService(self.cluster.urls, self.data, self.mail, self.webhook)
        try:
            yield running
        finally:
            running.stop()

    def rows(self, query: str) -> list[Any]:
        """What the present database holds, asked by the superuser."""
        with self.cluster.connect("interlude") as admin:
            return admin.execute(query.encode()).fetchall()

    def drill(self, running: RunningService) -> Seen:
        """The operator's rehearsal, beside the service."""
        account = pwd.getpwuid(lab_account().uid).pw_name
        options = ("--config", str(self.repository.config), "--account", account)
        with self.timed("drill"):
            done = running.command(
                *("restore", "drill", *options, "--programs", str(PROGRAMS)),
                *("--endings", str(self.data / "audit_endings")),
            )
        lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
        shown = [line for line in lines if line.startswith(("lost ", "in all ", "archive its "))]
        problems = [line for line in lines if line.startswith("NO ")]
        problems += (
            [] if len(shown) == len(("lost", "in all", "archive")) else ["it does not tell all"]
        )
        if done.returncode:
            problems.append(
                f"it ends with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"
            )
        return verdict(
            "restore drill: nothing acknowledged is lost",
            "newest backup",
            "; ".join(shown),
            problems,
        )

    def command(self, running: RunningService, *words: str, code: int = 0) -> str:
        """A command of ours, which ends with this status."""
        done = running.command(*words)
        if done.returncode != code:
            raise AssertionError(f"{' '.join(words)}: {done.stdout}{done.stderr}"[-1500:])
        return done.stdout

    def is_promoted(self) -> bool:
        """Has the log been replayed?"""
        return self.rows("SELECT pg_is_in_recovery()") == [(False,)]

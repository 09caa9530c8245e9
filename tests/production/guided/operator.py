"""Who follows the runbook in a hospital: its blocks as they stand, on the lab's paths and ports."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from api.embedded.account import ServerAccount
from migrations.roles import AUDITOR
from migrations.upgrade import PROJECT
from tests.fixtures.running import BIN, RunningService, free_port
from tests.production.guided.pages import OperatorShell, full_name
from tests.production.lab.database import PASSWORD, PROGRAMS
from tests.production.lab.hospital import Hospital
from tests.production.lab.process import as_account, lab_account

BACKUP: Final = "interlude-backup@full.service"
DATABASE: Final = "postgresql@15-main"
# On the guide's machine it reads the settings of that machine; here they are those of the lab.
COMMAND: Final = f'cd {PROJECT} && exec {BIN}/flask --app wsgi "$@"'


@dataclass
class HospitalOperator:
    """Runs commands as whoever runs this, PostgreSQL's own as the lab's account.

    `started`: units of ours that were asked for; whoever proves something starts them.
    """

    hospital: Hospital
    service: RunningService
    started: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        folder, port = self.hospital.trial.folder, str(free_port())
        account = shlex.join(as_account(lab_account()))
        runuser = f'export PGUSER=postgres; shift 3; exec {account} "$@"'
        backrest = f'exec /usr/bin/pgbackrest --config={self.hospital.repository.config} "$@"'
        standins = {"interlude": COMMAND, "runuser": runuser, "pgbackrest": backrest}
        self.shell = OperatorShell(folder, standins)
        secrets = folder / "auditor.env"
        secrets.write_text(
            f"INTERLUDE_AUDITOR_DATABASE_URL=postgresql://{AUDITOR}:{PASSWORD}@127.0.0.1/interlude\n"
        )
        self.places = {
            "/var/lib/postgresql/15": str(self.hospital.cluster.folder),
            "/etc/postgresql/15/main/postgresql.conf": str(self.hospital.settings_file),
            "/etc/interlude/secrets/auditor.env": str(secrets),
            "/var/lib/interlude-sealer": str(self.hospital.data),
            "/opt/interlude": str(PROJECT),
            "port=5433": f"port={port}",
        }

    def follow(self, block: str) -> str:
        """Run one block, then do what it asked of systemd; what it wrote."""
        for page, here in self.places.items():
            block = block.replace(page, here)
        ours = ServerAccount(os.geteuid(), os.getegid(), changed=False)
        written, asked = self.shell.run(block, self._environ, ours)
        for action, *units in asked:
            for unit in units:
                self._do(action, unit)
        return written

    def stop_spoilt(self) -> None:
        """When a block was broken off that had started it."""
        spoilt = self.hospital.cluster.folder / "spoilt"
        if (spoilt / "postmaster.pid").exists():
            command = [str(PROGRAMS / "pg_ctl"), "stop", "--mode=immediate", "-D", str(spoilt)]
            subprocess.run(as_account(lab_account(), *command), check=False, cwd="/")

    @property
    def _environ(self) -> Mapping[str, str]:
        repository, cluster = self.hospital.repository, self.hospital.cluster
        own = {
            "PGHOST": str(repository.sockets),
            "PGPORT": str(cluster.port),
            "PGPASSWORD": PASSWORD,
        }
        return {**self.service.environ(), **own}

    def _do(self, action: str, unit: str) -> None:
        if (action, unit) == ("stop", DATABASE):
            self.hospital.cluster.stop()
        elif (action, unit) == ("start", DATABASE):
            self.hospital.cluster.start()
        elif (action, unit) == ("stop", "interlude-*"):
            self.service.stop()
        elif (action, unit) == ("start", BACKUP):
            self.hospital.repository.run("--type=full", "backup")
        elif action == "start" and unit.startswith("interlude-"):
            self.started.add(full_name(unit))
        else:
            raise AssertionError(f"the runbook asks systemd for what is not tried: {action} {unit}")

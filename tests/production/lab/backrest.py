"""pgBackRest of the lab, by the files that an operator copies from `deploy/backup`."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from migrations.upgrade import PROJECT
from tests.production.lab.database import PASSWORD
from tests.production.lab.process import as_account, lab_account
from tests.production.packages import need

DEPLOYED: Final = PROJECT / "deploy" / "backup"
STANZA: Final = "interlude"
# Of a lab that is thrown away.
CIPHER_PASS: Final = "interlude-lab-backup"


@dataclass
class BackrestRepository:
    """A repository in `folder`, for the cluster whose files lie in `data` and whose socket in
    `sockets`.
    """

    folder: Path
    data: Path
    sockets: Path
    port: int

    def __post_init__(self) -> None:
        self.config = self.folder / "pgbackrest.conf"

    def make(self) -> None:
        """The folders, and the operator's configuration with the lab's places in it."""
        need("pgbackrest")
        account = lab_account()
        places = {name: self.folder / name for name in ("repository", "spool", "log")}
        for folder in (self.folder, self.sockets, *places.values()):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            account.own(folder, passable=True)
        text = (DEPLOYED / "pgbackrest.conf").read_text()
        for before, after in (
            ("/var/lib/pgbackrest", places["repository"]),
            ("/var/spool/pgbackrest", places["spool"]),
            ("/var/log/pgbackrest", places["log"]),
            ("/var/lib/postgresql/15/main", self.data),
            ("/var/run/postgresql", self.sockets),
            ("pg1-port=5432", f"pg1-port={self.port}"),
            ("PUT-YOUR-OWN-HERE", CIPHER_PASS),
        ):
            if before not in text:
                raise AssertionError(f"{before} is not in the operator's configuration any more")
            text = text.replace(before, str(after))
        self.config.write_text(text)
        os.chown(self.config, account.uid, account.gid)

    @property
    def settings(self) -> dict[str, str]:
        """What PostgreSQL is set to: the operator's lines, with this configuration."""
        lines = (DEPLOYED / "postgresql-archive.conf").read_text().splitlines()
        written = dict(line.split(" = ", 1) for line in lines if line and not line.startswith("#"))
        here = {name: value.strip("'") for name, value in written.items()}
        here["archive_command"] = here["archive_command"].replace(
            "pgbackrest ", f"pgbackrest --config={self.config} "
        )
        return {**here, "unix_socket_directories": str(self.sockets)}

    def run(self, *words: str) -> str:
        """A command of pgBackRest, to its end; raises `RuntimeError` with what it wrote."""
        command = ["pgbackrest", f"--config={self.config}", f"--stanza={STANZA}", *words]
        done = subprocess.run(
            as_account(lab_account(), *command),
            env={**os.environ, "PGUSER": "postgres", "PGPASSWORD": PASSWORD},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"pgbackrest {' '.join(words)}: {done.stdout}{done.stderr}"[-1500:])
        return done.stdout

"""The machine under the service: a disk of its own, an archive that can be broken, and Debian's
node_exporter, which tells of disks and of how units ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.deploy.ended import end
from tests.fixtures.running import free_port
from tests.production.lab.disk import SmallDisk
from tests.production.lab.process import LabProcess, lab_account
from tests.production.packages import need

PROGRAM: Final = "/usr/bin/prometheus-node-exporter"
COLLECTORS: Final = ("textfile", "filesystem")
BACKUP: Final = "interlude-backup@full.service"
COPY: Final = "interlude-sealer-copy.service"
DRILL: Final = "interlude-restore-drill.service"
ENDED_WELL: Final = (BACKUP, DRILL, "interlude-retention.service", COPY)


@dataclass(frozen=True, slots=True)
class BreakableArchive:
    """Takes every file, and keeps none; while `broken` is there it takes none."""

    broken: Path

    @property
    def settings(self) -> dict[str, str]:
        """PostgreSQL's."""
        command = f"test ! -e '{self.broken}'"
        return {"archive_mode": "on", "archive_timeout": "5s", "archive_command": command}


@dataclass
class WatchedMachine:
    """`folder` holds its disk, and what units leave when they end."""

    folder: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.words = self.folder / "words"
        self.disk = SmallDisk(self.folder / "image", self.folder / "disk", 64, lab_account())
        self.exporter = LabProcess(
            "node_exporter", self._command(), self.folder / "node_exporter.log"
        )

    def make(self) -> None:
        """Its folders and its disk; whatever runs by a timer has ended well."""
        need("prometheus-node-exporter")
        for folder in (self.folder, self.words):
            folder.mkdir()
            lab_account().own(folder, passable=True)
        self.disk.mount()
        for unit in ENDED_WELL:
            self.ended(unit, "success")

    def ended(self, unit: str, result: str) -> None:
        """A unit ends, with this result of systemd's."""
        end(self.words, unit, result)

    def copied(self) -> None:
        """As its timer starts it each minute; here, before each fault."""
        self.ended(COPY, "success")

    def _command(self) -> list[str]:
        """The disks of whoever runs the proof are none of its business."""
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
        others = "|".join(re.escape(line.split()[1]) for line in mounts)
        return [
            *(PROGRAM, f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"),
            *("--collector.disable-defaults", *(f"--collector.{name}" for name in COLLECTORS)),
            f"--collector.textfile.directory={self.words}",
            f"--collector.filesystem.mount-points-exclude=^({others})$|/failover/",
        ]


@contextmanager
def watched_machine(folder: Path) -> Iterator[WatchedMachine]:
    """For the length of a block."""
    machine = WatchedMachine(folder)
    try:
        machine.make()
        machine.exporter.start()
        yield machine
    finally:
        machine.exporter.stop()
        machine.disk.unmount()

"""The units of `deploy/backup` and `deploy/patroni`: systemd takes them without a word, and finds
them closed enough; what it does when a backup has ended, and when a web process hangs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.fixtures.running import BIN
from tests.production.lab.backrest import DEPLOYED
from tests.production.packages import need
from tests.production.part import Part, Trial
from tests.production.units.ended import ended_units
from tests.production.units.hanging import hanging
from tests.proofs.seen import Seen, verdict

# Where an operator's programs lie. Whether Patroni's start at all, the proof of failover shows.
INSTALLED: Final = "/opt/interlude/.venv/bin"
OF_NODES: Final = re.compile(r"/opt/patroni/\S+")
NODES: Final = DEPLOYED.parent / "patroni"
DROP_IN: Final = "only-on-the-primary.conf"
EXPOSURE: Final = re.compile(r"Overall exposure level for .*: ([\d.]+) (\w+)")
GOOD: Final = ("OK", "SAFE")


def before_systemd(trial: Trial) -> Iterator[Seen]:
    """What `systemd-analyze` has to say of each, and what a systemd does."""
    need("systemd", "pgbackrest", "rsync")
    paths = [*sorted(DEPLOYED.glob("interlude-*")), *sorted(NODES.glob("*.service"))]
    units = [_here(path, trial.folder) for path in paths]
    on_nodes = trial.folder / "interlude-backup@.service.d"
    on_nodes.mkdir()
    shutil.copy(NODES / DROP_IN, on_nodes)
    problems = [line for unit in units for line in _analyze("verify", str(unit))]
    yield verdict(
        "units of backups and nodes: systemd-analyze verify",
        f"{len(units)} units",
        "clean",
        problems,
    )
    services = [unit for unit in units if unit.suffix == ".service"]
    levels = {unit.name: _exposure(unit) for unit in services}
    yield verdict(
        "units of backups, nodes: systemd-analyze security, at most OK",
        f"{len(services)} services",
        ", ".join(f"{name} {' '.join(level)}" for name, level in levels.items()),
        [f"{name} {' '.join(level)}" for name, level in levels.items() if level[-1] not in GOOD],
    )
    called = trial.folder / "called"
    called.mkdir()
    yield ended_units(called)
    hung = trial.folder / "hung"
    hung.mkdir()
    yield hanging(hung)


def _here(path: Path, folder: Path) -> Path:
    """The same unit, with programs that are here."""
    copy = folder / path.name
    text = path.read_text().replace(INSTALLED, str(BIN))
    copy.write_text(OF_NODES.sub("/bin/true", text))
    return copy


def _exposure(unit: Path) -> tuple[str, ...]:
    for line in _analyze("security", "--offline=true", "--no-pager", str(unit)):
        if found := EXPOSURE.search(line):
            return found.groups()
    return ("unknown",)


def _analyze(*words: str) -> list[str]:
    command = ["systemd-analyze", *words]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() if line.strip()]


def part() -> Part:
    """For the table."""
    return Part("units", before_systemd)

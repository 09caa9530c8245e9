"""The units of `deploy/backup`: systemd takes them without a word, and finds them closed enough."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.fixtures.running import BIN
from tests.production.lab.backrest import DEPLOYED
from tests.production.packages import need
from tests.production.part import Part, Trial
from tests.proofs.seen import Seen, verdict

# Where an operator's copy of the program lies.
INSTALLED: Final = "/opt/interlude/.venv/bin"
EXPOSURE: Final = re.compile(r"Overall exposure level for .*: ([\d.]+) (\w+)")
GOOD: Final = ("OK", "SAFE")


def backup_units(trial: Trial) -> Iterator[Seen]:
    """What `systemd-analyze` has to say of each."""
    need("systemd", "pgbackrest", "rsync")
    units = [_here(path, trial.folder) for path in sorted(DEPLOYED.glob("interlude-*"))]
    problems = [line for unit in units for line in _analyze("verify", str(unit))]
    yield verdict(
        "units of backups: systemd-analyze verify", f"{len(units)} units", "clean", problems
    )
    services = [unit for unit in units if unit.suffix == ".service"]
    levels = {unit.name: _exposure(unit) for unit in services}
    yield verdict(
        "units of backups: systemd-analyze security, at most OK",
        f"{len(services)} services",
        ", ".join(f"{name} {' '.join(level)}" for name, level in levels.items()),
        [f"{name} {' '.join(level)}" for name, level in levels.items() if level[-1] not in GOOD],
    )


def _here(path: Path, folder: Path) -> Path:
    """The same unit, with the program where it lies here."""
    copy = folder / path.name
    copy.write_text(path.read_text().replace(INSTALLED, str(BIN)))
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
    return Part("backup units", backup_units)

"""How a unit ended, as a real systemd tells it to `interlude-ended@.service`.

The lines that call it and its command are those that ship; what runs between them ends as the
proof wants it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tests.deploy.reading import DEPLOY, values
from tests.fixtures.running import wait_until
from tests.production.units.manager import systemd
from tests.proofs.seen import Seen, verdict

BACKUP: Final = DEPLOY / "backup" / "interlude-backup@.service"
ENDED: Final = DEPLOY / "systemd" / "interlude-ended@.service"
LEFT_WITHIN_S: Final = 60.0
# How a backup goes, and what must be left: did it fail, and is there a time of success?
WAYS: Final = {
    "good": ("ExecStart=/bin/true", ("0", True)),
    "bad": ("ExecStart=/bin/false", ("1", False)),
    # As on a database node that is not the primary.
    "skipped": ("ExecCondition=/bin/false\nExecStart=/bin/true", ("0", False)),
}
LEFT: Final = re.compile(r'^(\w+)\{unit="interlude-backup@(\w+)\.service"\} (\d+)$', re.M)


def ended_units(folder: Path) -> Seen:
    """A backup that ends well, one that fails, one that is not this node's."""
    words = folder / "words"
    words.mkdir()
    with systemd(folder, _units(words), tuple(map(_backup, WAYS))):
        wait_until(lambda: len(_failed(words)) == len(WAYS), "word is left of each", LEFT_WITHIN_S)
    stamped = {way for name, way, _ in _left(words) if name.endswith("_seconds")}
    found = {way: (failed, way in stamped) for way, failed in _failed(words).items()}
    return verdict(
        "a real systemd says how a backup ended: well, with a failure, or as another node's",
        f"{len(WAYS)} backups",
        ", ".join(f"{way}: failed {failed}" for way, (failed, _) in sorted(found.items())),
        [f"{way}: {found[way]}" for way, (_, due) in WAYS.items() if found[way] != due],
    )


def _units(words: Path) -> dict[str, str]:
    """Each backup, and what they call when they end, which leaves its word here."""
    (command,) = values(ENDED, "ExecStart")
    command = command.replace("/opt/interlude/deploy", str(DEPLOY))
    here = command.replace("/var/lib/prometheus/node-exporter", str(words))
    backups = {_backup(way): _calling(BACKUP, service) for way, (service, _) in WAYS.items()}
    return {**backups, ENDED.name: f"[Service]\nType=oneshot\nExecStart={here}\n"}


def _backup(way: str) -> str:
    return f"interlude-backup@{way}.service"


def _calling(unit: Path, service: str) -> str:
    calls = [
        f"{line}={value}" for line in ("OnSuccess", "OnFailure") for value in values(unit, line)
    ]
    return "\n".join(["[Unit]", *calls, "[Service]", "Type=oneshot", service, ""])


def _left(words: Path) -> list[tuple[str, str, str]]:
    """Metric, way and value of every word that was left."""
    return [found for path in words.glob("*.prom") for found in LEFT.findall(path.read_text())]


def _failed(words: Path) -> dict[str, str]:
    return {way: value for name, way, value in _left(words) if name == "interlude_unit_failed"}

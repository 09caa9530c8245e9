"""How a unit ended, as a real systemd tells it to `interlude-ended@.service`.

The lines that call it and its command are those that ship; what runs between them ends as the
proof wants it. The manager is a user's, alone in namespaces of its own.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.deploy.reading import DEPLOY, values
from tests.fixtures.running import wait_until
from tests.proofs.seen import Seen, verdict

BACKUP: Final = DEPLOY / "backup" / "interlude-backup@.service"
ENDED: Final = DEPLOY / "systemd" / "interlude-ended@.service"
# A user's manager may not be the first process of its namespace.
MANAGER: Final = """
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
/lib/systemd/systemd --user --unit=tried.target &
wait
"""
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
    with _systemd(folder, words):
        wait_until(lambda: len(_failed(words)) == len(WAYS), "word is left of each", LEFT_WITHIN_S)
    stamped = {way for name, way, _ in _left(words) if name.endswith("_seconds")}
    found = {way: (failed, way in stamped) for way, failed in _failed(words).items()}
    return verdict(
        "a real systemd says how a backup ended: well, with a failure, or as another node's",
        f"{len(WAYS)} backups",
        ", ".join(f"{way}: failed {failed}" for way, (failed, _) in sorted(found.items())),
        [f"{way}: {found[way]}" for way, (_, due) in WAYS.items() if found[way] != due],
    )


@contextmanager
def _systemd(folder: Path, words: Path) -> Iterator[None]:
    """A manager that starts the backups, for the length of a block."""
    units = folder / "systemd" / "user"
    units.mkdir(parents=True)
    for way, (service, _) in WAYS.items():
        (units / f"interlude-backup@{way}.service").write_text(_calling(BACKUP, service))
    (command,) = values(ENDED, "ExecStart")
    command = command.replace("/opt/interlude/deploy", str(DEPLOY))
    here = command.replace("/var/lib/prometheus/node-exporter", str(words))
    (units / ENDED.name).write_text(f"[Service]\nType=oneshot\nExecStart={here}\n")
    wanted = " ".join(f"interlude-backup@{way}.service" for way in WAYS)
    (units / "tried.target").write_text(f"[Unit]\nWants={wanted}\n")
    alone = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"]
    environ = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(folder)}
    manager = subprocess.Popen(
        [*alone, "sh", "-euc", MANAGER], env={**environ, "XDG_CONFIG_HOME": str(folder)}
    )
    try:
        yield
    finally:
        manager.send_signal(signal.SIGKILL)
        manager.wait()


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

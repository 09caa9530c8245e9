"""A real systemd: a user's manager, alone in namespaces of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# A user's manager may not be the first process of its namespace.
MANAGER: Final = """
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
/lib/systemd/systemd --user --unit=tried.target &
wait
"""
ALONE: Final = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL")


@contextmanager
def systemd(folder: Path, units: Mapping[str, str], wanted: tuple[str, ...]) -> Iterator[None]:
    """A manager with these units, by their names, that starts some of them, for the length of a
    block; `folder` becomes its own.
    """
    known = folder / "systemd" / "user"
    known.mkdir(parents=True)
    target = {"tried.target": f"[Unit]\nWants={' '.join(wanted)}\n"}
    for name, text in {**units, **target}.items():
        (known / name).write_text(text)
    environ = {
        "PATH": "/usr/bin:/bin",
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    manager = subprocess.Popen([*ALONE, "sh", "-euc", MANAGER], env=environ)
    try:
        yield
    finally:
        manager.send_signal(signal.SIGKILL)
        manager.wait()

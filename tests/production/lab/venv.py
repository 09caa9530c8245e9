"""Programs from PyPI that an operator installs beside the service: an environment of their own."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

from migrations.upgrade import PROJECT
from tests.production.packages import need

# Of the system, as on an operator's machine: one in a home is closed to other accounts.
PYTHON: Final = "/usr/bin/python3"
FOLDER: Final = PROJECT / "var"


def environment(name: str, requirements: Path, *sources: str) -> Path:
    """The folder of the programs of a lock with hashes, installed once as `var/<name>`.

    `sources`: packages that are published as source alone. Raises ``CalledProcessError`` when they
    cannot be had.
    """
    need("python3-venv")
    folder = FOLDER / name
    lock = hashlib.sha256(requirements.read_bytes()).hexdigest()
    done = folder / ".installed"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f".{name}.turn").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not done.exists() or done.read_text() != lock:
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([PYTHON, "-m", "venv", str(folder)], check=True)
            words = ["--require-hashes", "--only-binary", ":all:", "--no-binary", ",".join(sources)]
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install"]
            quiet = ["--disable-pip-version-check", "--quiet"]
            subprocess.run([*pip, *quiet, *words, "--requirement", str(requirements)], check=True)
            done.write_text(lock)
    return folder / "bin"

"""Debian's packages that a part of the proof needs: installed when we are root, else named."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

INSTALLED: Final = "install ok installed"
# Debian asks this program whether a package that was just installed may start its service.
POLICY: Final = Path("/usr/sbin/policy-rc.d")
NOBODY_STARTS: Final = "#!/bin/sh\nexit 101\n"


class MissingPackagesError(RuntimeError):
    """A part cannot be tried here; the message names the packages that it needs."""


def need(*packages: str) -> None:
    """Have these packages of Debian installed; their own services are not started.

    Raises:
        MissingPackagesError: this is no Debian, we are not root, or they cannot be had.
    """
    missing = [package for package in packages if not _is_installed(package)]
    if not missing:
        return
    named = f"needs Debian's {', '.join(missing)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MissingPackagesError(f"{named}: apt-get install {' '.join(missing)}")
    with _nothing_starts():
        _apt("-qq", "update")
        done = _apt("-qq", "install", "-y", "--no-install-recommends", *missing)
    if done.returncode:
        raise MissingPackagesError(f"{named}, which cannot be installed: {done.stderr[-200:]}")


def _is_installed(package: str) -> bool:
    if not shutil.which("dpkg-query"):
        return False
    words = ["dpkg-query", "--show", "--showformat=${Status}", package]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() == INSTALLED


def _apt(*words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@contextmanager
def _nothing_starts() -> Iterator[None]:
    """Unless the machine has a policy of its own, which holds."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(NOBODY_STARTS)
    try:
        POLICY.chmod(0o755)
        yield
    finally:
        POLICY.unlink()

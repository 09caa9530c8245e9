"""The system account that PostgreSQL runs as: ours, or, because it refuses root, one of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

SYSTEM_USER = "pgserver"
# Whom the API and the alert worker of `make run` work as when it is started by root.
SERVICE_USER = "interlude"


class RunAs(TypedDict, total=False):
    """Arguments of `subprocess.run` that change the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class ServerAccount:
    """Who owns the server's files and process. `changed`: another than this process's own."""

    uid: int
    gid: int
    changed: bool

    def run_as(self) -> RunAs:
        """What a child process needs to become this account."""
        return RunAs(user=self.uid, group=self.gid, extra_groups=[]) if self.changed else RunAs()

    def own(self, folder: Path, *, passable: bool = False) -> None:
        """Hand a folder to this account, closed to all others (`passable`: for reading)."""
        if self.changed:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o711 if passable else 0o700)


def prepare_account(
    data: Path, programs: Path, report_line: Callable[[str], None]
) -> ServerAccount:
    """Settle the account. As root this makes a system user that may pass to the two folders.

    PostgreSQL refuses to run as root. Each folder above the data and above the programs that other
    accounts may not pass through is opened for passing (`o+x`, not for listing), and reported by
    `report_line`: it may be somebody's home.
    """
    if os.geteuid() != 0:
        return ServerAccount(os.geteuid(), os.getegid(), changed=False)
    account = system_account(SYSTEM_USER, report_line)
    for folder in _closed_parents(data, programs):
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
        report_line(f"running as root: let {SYSTEM_USER!r} pass through {folder} (chmod o+x)")
    _make_readable(programs.parent)
    return account


def system_account(name: str, report_line: Callable[[str], None]) -> ServerAccount:
    """A user of the system with no rights of its own, made when it is missing (needs root)."""
    if not _exists(name):
        _make_system_user(name)
        report_line(f"running as root: made the system user {name!r}")
    entry = pwd.getpwnam(name)
    return ServerAccount(entry.pw_uid, entry.pw_gid, changed=True)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _make_system_user(name: str) -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    busybox = ["adduser", "-S", "-D", "-H", name]
    usual = ["useradd", "--system", "--user-group", "--no-create-home", name]
    subprocess.run(usual if useradd else busybox, check=True, capture_output=True)  # noqa: S603 -- fixed words


def _closed_parents(*paths: Path) -> Iterator[Path]:
    folders = {parent for path in paths for parent in path.absolute().parents}
    folders |= {parent for path in paths for parent in path.resolve().parents}
    for folder in sorted(folders):
        if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
            yield folder


def _make_readable(installation: Path) -> None:
    """A strict umask may have kept the wheel's files from everybody but root."""
    if (installation / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    for path in (installation, *installation.rglob("*")):
        mode = path.stat().st_mode
        wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        path.chmod(mode | wanted)

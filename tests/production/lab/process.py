"""A program of the lab: tied to this process, its output in a file, killed and frozen whole.

It runs as an account of its own when this process is root's.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from api.embedded.account import SYSTEM_USER, ServerAccount, system_account

PATIENCE_S = 15.0


def lab_account() -> ServerAccount:
    """Who the programs of the lab run as: ourselves, or the databases' account when we are root."""
    if os.geteuid() != 0:
        return ServerAccount(os.geteuid(), os.getegid(), changed=False)
    return system_account(SYSTEM_USER, print)


def as_account(account: ServerAccount, *command: str) -> list[str]:
    """The command as this account, told to end (SIGTERM) when the thread that starts it ends.

    The kernel forgets that wish when an account changes: `setpriv` changes it first.
    """
    who = [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    return ["setpriv", *(who if account.changed else []), "--pdeathsig=TERM", "--", *command]


def output_of(
    name: str,
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: Path = Path("/"),
    account: ServerAccount | None = None,
) -> str:
    """A command as the lab's account, or another one, in a folder, to its end; what it wrote.

    Raises:
        RuntimeError: it fails; with its name and the end of what it wrote.
    """
    return what_it_wrote(name, as_account(account or lab_account(), *command), environ, folder)


def what_it_wrote(
    name: str, command: Sequence[str], environ: Mapping[str, str], folder: Path = Path("/")
) -> str:
    """The same, as whoever runs the lab."""
    done = subprocess.run(
        command,
        env=dict(environ),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stdout[-1500:]}")
    return done.stdout


@dataclass
class LabProcess:
    """One program with all that it started, also what left its process group.

    `log` is appended to. `before` are words that stand before the command and the change of
    account: where it is run. Start it from a thread that lives on.
    """

    name: str
    command: Sequence[str]
    log: Path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    account: ServerAccount = field(default_factory=lab_account)
    before: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        command = [*self.before, *as_account(self.account, *self.command)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                process_group=0,
            )

    @property
    def pid(self) -> int:
        """Its process; raises ``RuntimeError`` when it was not started."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Has it been started and not ended?"""
        return self._process is not None and self._process.poll() is None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, then make it, with all that it started."""
        if self._process is None:
            return
        started = family(self.pid)
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE_S)
        send(started, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def kill(self) -> None:
        """SIGKILL for all of it, as when the machine loses power."""
        if self._process is None:
            return
        send(family(self.pid), signal.SIGKILL)
        self._process.wait()
        self._process = None

    def kill_first(self) -> None:
        """SIGKILL for its first process alone: what that had started is left to itself."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """SIGSTOP for all of it: connections stay, nobody answers."""
        send(family(self.pid), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all of it go on."""
        send(family(self.pid), signal.SIGCONT)

    def last_lines(self, count: int = 8) -> str:
        """The end of what it wrote."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        return ""


def family(pid: int) -> list[psutil.Process]:
    """A process, then all that came from it; nobody when it has ended."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def send(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    """A signal for each of them that is still there."""
    for process in processes:
        # `psutil` knows when a process id has become somebody else's.
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)

"""systemd's units, read as they stand, and run without a systemd: what they name is what runs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Final

from tests.production.lab.process import LabProcess, as_account, lab_account

DROP_IN: Final = "interlude-.service.d"
FOLDERS: Final = (
    ("StateDirectory", "var/lib"),
    ("RuntimeDirectory", "run"),
    ("CacheDirectory", "var/cache"),
)
MACHINE_ID: Final = "0123456789abcdef0123456789abcdef"
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What the unit's MemoryDenyWriteExecute asks of the kernel (prctl(2), from Linux 6.3 on).
NO_NEW_CODE: Final = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


@dataclass(frozen=True)
class UnitFile:
    """One unit with its drop-ins: `settings` by section and name, every value that was given.

    `instance`: what stands behind the @ of its name.
    """

    name: str
    settings: Mapping[tuple[str, str], list[str]]
    instance: str = ""

    @classmethod
    def read(cls, folder: Path, name: str) -> UnitFile:
        """The unit of this name (`interlude-web@8001.service`) in a folder of unit files."""
        stem, _, kind = name.rpartition(".")
        template, at, instance = stem.partition("@")
        found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        drop_ins = sorted((folder / DROP_IN).glob("*.conf")) if kind == "service" else []
        for path in (folder / f"{template}{at}.{kind}", *drop_ins):
            _read_into(found, path)
        return cls(name, dict(found), instance)

    def all(self, setting: str, section: str = "Service") -> list[str]:
        """Every value of a setting, in order."""
        return self.settings.get((section, setting), [])

    def one(self, setting: str, section: str = "Service", default: str = "") -> str:
        """The last value of a setting."""
        return (self.all(setting, section) or [default])[-1]


def _read_into(found: Mapping[tuple[str, str], list[str]], path: Path) -> None:
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[section, name].append(value)


@dataclass
class UnitRunner:
    """Starts units below a root folder: their ExecStart, with their environment and nothing else.

    Accounts, namespaces and filters of system calls are systemd's, and not tried here. `given` is
    what programs of others are told of the root.
    """

    root: Path
    given: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, LabProcess] = field(default_factory=dict)
    enabled: set[str] = field(default_factory=set)
    timers: set[str] = field(default_factory=set)

    @property
    def active(self) -> set[str]:
        """What `systemctl list-units --state=active` would name: what runs, and what waits."""
        return self.timers | {name for name, one in self.processes.items() if one.is_running}

    def start(self, name: str) -> None:
        """As `systemctl start`. A timer is started, and never comes due: its service is the
        proof's to run.
        """
        unit = self._unit(name)
        if name.endswith(".timer"):
            self.timers.add(name)
            return
        if unit.one("Type") == "oneshot":
            if code := self.run(name):
                raise AssertionError(f"{name} ended with {code}")
            return
        known = self.processes.get(name)
        if known is not None and known.is_running:
            return
        self.processes[name] = LabProcess(
            name, self._command(unit), self.root / "var/log" / f"{name}.log", self.environ(unit)
        )
        self.processes[name].start()

    def run(self, name: str) -> int:
        """A oneshot to its end; its exit code."""
        unit = self._unit(name)
        command = as_account(lab_account(), *self._command(unit))
        with (self.root / "var/log" / f"{name}.log").open("ab") as log:
            done = subprocess.run(
                command, env=self.environ(unit), stdout=log, stderr=log, cwd="/", check=False
            )
        return done.returncode

    def stop_all(self) -> None:
        """End everything that was started here, timers too: as `systemctl stop 'interlude-*'`."""
        self.timers.clear()
        for process in self.processes.values():
            process.stop()

    def _unit(self, name: str) -> UnitFile:
        unit = UnitFile.read(self.root / "etc/systemd/system", name)
        for setting, top in FOLDERS:
            for words in unit.all(setting):
                self._own_folder(top, self._resolved(unit, words))
        for words in unit.all("LoadCredential"):
            credential, _, source = words.partition(":")
            folder = self._own_folder("run", f"credentials/{name}")
            shutil.copy(source, folder / credential)
            lab_account().own(folder / credential)
        return unit

    def _own_folder(self, top: str, below: str) -> Path:
        folder = self.root / top
        for part in Path(below).parts:
            folder = folder / part
            folder.mkdir(mode=0o755, exist_ok=True)
            lab_account().own(folder, passable=True)
        return folder

    def environ(self, unit: UnitFile) -> dict[str, str]:
        """As systemd makes it: its own few, `Environment`, then the files, the last one wins."""
        found = {"PATH": PATH, "LANG": "C.UTF-8", **self.given}
        if unit.one("User") == "postgres":
            found["PGUSER"] = "postgres"
        for line in unit.all("Environment"):
            for word in shlex.split(self._resolved(unit, line)):
                name, _, value = word.partition("=")
                found[name] = value
        # A drop-in is read after the unit: so are its files.
        for path in unit.all("EnvironmentFile"):
            found |= environment_file(Path(path))
        return found

    def _command(self, unit: UnitFile) -> list[str]:
        line = self._resolved(unit, unit.one("ExecStart"))
        command = shlex.split(Template(line).safe_substitute(self.environ(unit)))
        if unit.one("MemoryDenyWriteExecute") == "yes":
            command = ["/usr/bin/python3", "-I", "-c", NO_NEW_CODE, *command]
        privileges = ["setpriv", "--no-new-privs"] if unit.one("NoNewPrivileges") == "yes" else []
        return ["env", "-C", unit.one("WorkingDirectory", default="/"), *privileges, *command]

    def _resolved(self, unit: UnitFile, text: str) -> str:
        known = {"%i": unit.instance, "%S": f"{self.root}/var/lib", "%t": f"{self.root}/run"}
        known |= {"%m": MACHINE_ID, "%d": f"{self.root}/run/credentials/{unit.name}"}
        for specifier, value in known.items():
            text = text.replace(specifier, value)
        return text


def environment_file(path: Path) -> dict[str, str]:
    """The settings of a file that systemd reads and the shell can, too."""
    lines = path.read_text(encoding="utf-8").splitlines()
    words = [shlex.split(line, comments=False) for line in lines if line and line[0] != "#"]
    return dict(word.split("=", 1) for (word,) in words)


def verified(folder: Path, names: list[str]) -> str:
    """What `systemd-analyze verify` has against units; empty when nothing."""
    paths = [str(folder / name) for name in names]
    return _analyzed("verify", "--man=no", *paths)


def exposure(folder: Path, template: str) -> tuple[float, str]:
    """The level of `systemd-analyze security` for a unit file, and its word."""
    *_, last = _analyzed("security", "--offline=true", str(folder / template)).splitlines()
    figure, word, *_ = last.rpartition(":")[2].split()
    return float(figure), word


def _analyzed(*words: str) -> str:
    done = subprocess.run(
        ["/usr/bin/systemd-analyze", *words],
        env={**os.environ, "SYSTEMD_COLORS": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip()

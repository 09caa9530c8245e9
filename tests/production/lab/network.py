"""Machines of the lab: each a network of its own with one address, all on one wire.

What is started in one is reached by its address alone, and a machine can be cut off from chosen
others without a word, as when a switch dies: packets go nowhere, nobody is refused. Needs root.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.production.packages import MissingPackagesError, need

# Addresses for documentation (RFC 5737): no network has them, and `deploy/` names the same.
NET: Final = "198.51.100"
OURS: Final = f"{NET}.1"
IP: Final = ["/usr/sbin/ip"]
WIRE: Final = "interlude-lab"
# The hardware address of nobody.
NOWHERE: Final = "02:00:00:00:00:ff"


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine: its name, which is the name of its network too, and its address."""

    name: str
    number: int

    @property
    def address(self) -> str:
        """Where the others reach it."""
        return f"{NET}.{self.number}"

    @property
    def network(self) -> str:
        """What the system calls its network."""
        return f"{WIRE}-{self.name}"

    @property
    def cable(self) -> str:
        """The end of its cable that is on the wire."""
        return f"il-{self.name}"

    def inside(self, *command: str) -> list[str]:
        """The command, run on this machine."""
        return [*IP, "netns", "exec", self.network, *command]

    def cut_off_from(self, *others: Machine | str) -> None:
        """From now on nothing that it sends reaches them (machines, or addresses)."""
        for other in others:
            address = other if isinstance(other, str) else other.address
            words = ("neigh", "replace", address, "lladdr", NOWHERE, "nud", "permanent")
            self._ip(*words, "dev", "eth0")

    def heal(self) -> None:
        """It reaches everybody again."""
        self._ip("neigh", "flush", "dev", "eth0", "nud", "permanent")

    def plug_in(self) -> None:
        """Make its network, and a cable to the wire."""
        cable = self.cable
        _ip("netns", "add", self.network)
        peer = ("peer", "name", "eth0", "netns", self.network)
        _ip("link", "add", cable, "type", "veth", *peer)
        _ip("link", "set", cable, "master", WIRE, "up")
        self._ip("addr", "add", f"{self.address}/24", "dev", "eth0")
        self._ip("link", "set", "eth0", "up")
        self._ip("link", "set", "lo", "up")

    def _ip(self, *words: str) -> None:
        _ip("-n", self.network, *words)


def part(one: Machine, others: Sequence[Machine | str]) -> None:
    """Between this machine and those nothing passes, either way."""
    one.cut_off_from(*others)
    for other in others:
        if isinstance(other, Machine):
            other.cut_off_from(one)


@contextmanager
def wired(*names: str) -> Iterator[list[Machine]]:
    """So many machines and their wire, on which this process has `OURS`, for the length of a block.

    Raises:
        MissingPackagesError: we are not root, or the system has no networks of its own to give.
    """
    if os.geteuid() != 0:
        raise MissingPackagesError("needs root: each machine has a network of its own")
    need("iproute2")
    machines = [Machine(name, 11 + number) for number, name in enumerate(names)]
    _take_away(machines)
    try:
        _ip("link", "add", WIRE, "type", "bridge")
        _ip("addr", "add", f"{OURS}/24", "dev", WIRE)
        _ip("link", "set", WIRE, "up")
        for machine in machines:
            machine.plug_in()
        yield machines
    finally:
        _take_away(machines)


def _take_away(machines: Sequence[Machine]) -> None:
    """Also what a run that was killed has left."""
    for machine in machines:
        _ip("link", "del", machine.cable, check=False)
        _ip("netns", "del", machine.network, check=False)
    _ip("link", "del", WIRE, check=False)


def _ip(*words: str, check: bool = True) -> None:
    done = subprocess.run(IP + list(words), capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise MissingPackagesError(f"no network of its own: ip {' '.join(words)}: {done.stderr}")

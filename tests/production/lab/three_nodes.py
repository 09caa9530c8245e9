"""Three database nodes and the door to whichever is the primary, as `deploy/` makes them."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.production.lab.haproxy import DatabaseDoor
from tests.production.lab.network import wired
from tests.production.lab.patroni import DatabaseNode
from tests.production.packages import need

PACKAGES: Final = ("postgresql-15", "pgbackrest", "etcd-server", "haproxy", "curl")
NAMES: Final = ("db1", "db2", "db3")
# pg_rewind on a machine that is busy with other things takes minutes.
UP_LIMIT_S: Final = 300.0
LOOK_S: Final = 0.3
NO_ANSWER: Final = (OSError, http.client.HTTPException, ValueError, KeyError)


@dataclass
class ThreeNodes:
    """`door.port` on loopback leads to the primary."""

    nodes: list[DatabaseNode]
    door: DatabaseDoor
    is_asynchronous: bool = False

    def primary(self) -> DatabaseNode:
        """The one node that takes itself for the primary; raises ``LookupError``.

        The others may know only what was true before they were cut off, or frozen.
        """
        found = [node for node in self.nodes if node.is_primary()]
        if len(found) != 1:
            raise LookupError(f"{len(found)} primaries")
        return found[0]

    def named(self, name: str) -> DatabaseNode:
        """The node of this name."""
        return next(node for node in self.nodes if node.machine.name == name)

    def others(self, node: DatabaseNode) -> list[DatabaseNode]:
        """The two beside it."""
        return [one for one in self.nodes if one is not node]

    def is_whole(self) -> bool:
        """One primary, from which two standbys stream, and which waits for them as it should.

        That it waits for a standby is not enough: until etcd names the standby too, some seconds
        later, nobody is sure to have every answer, and nobody would take over.
        """
        try:
            reports = [node.ask("/patroni") for node in self.nodes]
            has_successor = self.synchronous_standby() is not None
            (leading,) = (one for one in reports if one["role"] == "primary")
            followers = leading.get("replication", [])
            (timeline,) = {one["timeline"] for one in (leading, *_standbys(reports))}
        except NO_ANSWER:
            return False
        streams = [one for one in followers if one["state"] == "streaming"]
        waits_for = {one["sync_state"] for one in streams}
        waits_as_wanted = ("sync" in waits_for) == has_successor == (not self.is_asynchronous)
        return len(streams) == 2 and waits_as_wanted and timeline > 0

    def synchronous_standby(self) -> DatabaseNode | None:
        """The node that etcd names as the one sure to have every answer; raises ``OSError``."""
        members = self.nodes[0].ask("/cluster")["members"]
        named = [one["name"] for one in members if one["role"] == "sync_standby"]
        return self.named(named[0]) if named else None

    def wait_until_whole(self, limit_s: float = UP_LIMIT_S) -> None:
        """Start what has ended, until all is as it should be."""

        deadline = time.monotonic() + limit_s
        while not self.is_whole():
            if time.monotonic() > deadline:
                raise AssertionError(f"not whole within {limit_s:g} s")
            for node in self.nodes:
                node.start()
            time.sleep(LOOK_S)

    def wait_for_nobody(self) -> None:
        """From now on a commit waits for no standby, as by `patronictl edit-config`."""
        self.primary().ask("/config", "PATCH", {"synchronous_mode": "off"})
        self.is_asynchronous = True
        self.wait_until_whole()


def _standbys(reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in reports if one["role"] == "replica"]


@contextmanager
def three_nodes(folder: Path) -> Iterator[ThreeNodes]:
    """The nodes with an empty cluster and its archive, for the length of a block."""
    need(*PACKAGES)
    with wired(*NAMES) as machines:
        nodes: list[DatabaseNode] = []
        for machine in machines:
            own = folder / machine.name
            own.mkdir()
            nodes.append(DatabaseNode(machine, own))
        lab = ThreeNodes(nodes, DatabaseDoor(folder))
        try:
            for node in nodes:
                node.make()
            lab.wait_until_whole()
            lab.primary().backrest("stanza-create")
            lab.door.start()
            yield lab
        finally:
            lab.door.stop()
            for node in nodes:
                node.stop()

"""Three database nodes and the door to whichever is the primary, as `deploy/` makes them."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.production.lab.haproxy import DatabaseDoor
from tests.production.lab.network import wired
from tests.production.lab.patroni import DatabaseNode
from tests.production.packages import need

PACKAGES: Final = ("postgresql-15", "etcd-server", "haproxy")
NAMES: Final = ("db1", "db2", "db3")
UP_LIMIT_S: Final = 120.0
LOOK_S: Final = 0.3
NO_ANSWER: Final = (OSError, http.client.HTTPException, ValueError)


@dataclass
class ThreeNodes:
    """`door.port` on loopback leads to the primary."""

    nodes: list[DatabaseNode]
    door: DatabaseDoor

    def members(self) -> list[dict[str, Any]]:
        """Who is what, as the first node that answers sees it; nobody when none does."""
        for node in self.nodes:
            try:
                found: list[dict[str, Any]] = node.ask("/cluster")["members"]
            except NO_ANSWER:
                continue
            return found
        return []

    def primary(self) -> DatabaseNode:
        """The node that Patroni's members take for the primary; raises ``LookupError``."""
        for member in self.members():
            if member["role"] == "leader":
                return self.named(member["name"])
        raise LookupError("no primary")

    def named(self, name: str) -> DatabaseNode:
        """The node of this name."""
        return next(node for node in self.nodes if node.machine.name == name)

    def others(self, node: DatabaseNode) -> list[DatabaseNode]:
        """The two beside it."""
        return [one for one in self.nodes if one is not node]

    def is_whole(self) -> bool:
        """One primary, two standbys that stream from it on its timeline."""
        members = self.members()
        leaders = [one for one in members if one["role"] == "leader" and one["state"] == "running"]
        streams = [one for one in members if one["state"] == "streaming"]
        timelines = {one.get("timeline") for one in (*leaders, *streams)}
        return (len(leaders), len(streams), len(timelines)) == (1, 2, 1) and self._is_agreed()

    def _is_agreed(self) -> bool:
        """Every node says the same of itself."""
        try:
            roles = [node.ask("/patroni")["role"] for node in self.nodes]
        except NO_ANSWER:
            return False
        return sorted(roles) == ["primary", "replica", "replica"]

    def wait_until_whole(self, limit_s: float = UP_LIMIT_S) -> None:
        """Start what has ended, until all is as it should be."""

        deadline = time.monotonic() + limit_s
        while not self.is_whole():
            if time.monotonic() > deadline:
                raise AssertionError(f"not whole within {limit_s:g} s: {self.members()}")
            for node in self.nodes:
                node.start()
            time.sleep(LOOK_S)

    def configure(self, **settings: Any) -> None:
        """Patroni's settings of the whole cluster, as `patronictl edit-config` would."""
        self.primary().ask("/config", "PATCH", settings)


@contextmanager
def three_nodes(folder: Path) -> Iterator[ThreeNodes]:
    """The nodes with an empty cluster, for the length of a block."""
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
            lab.door.start()
            yield lab
        finally:
            lab.door.stop()
            for node in nodes:
                node.stop()

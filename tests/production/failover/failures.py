"""What happens to a primary, and how it ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.production.lab.network import OURS, Machine, part
from tests.production.lab.patroni import DatabaseNode
from tests.production.lab.three_nodes import ThreeNodes


@dataclass(frozen=True, slots=True)
class Struck:
    """What is struck: the nodes, the one that was the primary; `dice` chooses among the others."""

    lab: ThreeNodes
    primary: DatabaseNode
    dice: random.Random

    def another(self) -> DatabaseNode:
        """One of the standbys."""
        return self.dice.choice(self.lab.others(self.primary))

    def successor(self) -> DatabaseNode:
        """The standby to which a switch-over is not refused: any, where a commit waits for none."""
        return self.lab.synchronous_standby() or self.another()

    def other_machines(self) -> list[Machine | str]:
        """Where the standbys are."""
        return [node.machine for node in self.lab.others(self.primary)]

    def reconnect(self) -> None:
        """Everybody reaches everybody."""
        for node in self.lab.nodes:
            node.machine.heal()


def _by_itself(_at: Struck) -> None:
    """What has ended is started again by the lab, as systemd would."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`strike` breaks something, `heal` ends it. `moves`: another node is to become the primary."""

    name: str
    strike: Callable[[Struck], None]
    heal: Callable[[Struck], None] = _by_itself
    moves: bool = True


FAILURES: Final = (
    Failure("PostgreSQL killed", lambda at: at.primary.kill_postgres()),
    Failure("machine lost", lambda at: at.primary.kill()),
    Failure("PostgreSQL frozen", lambda at: at.primary.freeze(), lambda at: at.primary.thaw()),
    Failure(
        "node frozen",
        lambda at: at.primary.freeze(also_patroni=True),
        lambda at: at.primary.thaw(),
    ),
    # The services still reach it: what it would acknowledge now, nobody else would have.
    Failure(
        "cut off from the nodes",
        lambda at: part(at.primary.machine, at.other_machines()),
        Struck.reconnect,
    ),
    Failure(
        "cut off from all",
        lambda at: part(at.primary.machine, [*at.other_machines(), OURS]),
        Struck.reconnect,
    ),
    Failure("switch-over", lambda at: at.primary.switch_over_to(at.successor().machine.name)),
    Failure(
        "full disk",
        lambda at: at.primary.disk.fill(),
        lambda at: at.primary.disk.relieve(),
        moves=False,
    ),
    Failure("standby lost", lambda at: at.another().kill(), moves=False),
)

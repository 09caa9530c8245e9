"""The blocks of `deploy/patroni/RUNBOOK.md`, run on the lab's nodes as they stand there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tests.production.lab.patroni import DEPLOYED, UNITS, DatabaseNode

PAGE: Final = DEPLOYED / "RUNBOOK.md"
# What is asked of systemd is done by the lab, in its place among the other commands.
SYSTEMD: Final = re.compile(r"^systemctl (start|stop|enable --now|disable --now) (\S+)\n", re.M)


def follow(block: str, node: DatabaseNode, given: Mapping[str, str] | None = None) -> None:
    """Run one block on a node. `given`: what the operator puts in the place of the page's examples.

    Raises:
        RuntimeError: a command fails; with the end of what it wrote.
    """
    for example, own in (given or {}).items():
        if example not in block:
            raise AssertionError(f"the page does not say {example} any more")
        block = block.replace(example, own)
    # Commands, then an action and its unit, then commands.
    first, *others = SYSTEMD.split(block)
    _run(first, node)
    for action, unit, commands in zip(others[::3], others[1::3], others[2::3], strict=True):
        _do(action, unit, node)
        _run(commands, node)


def _run(commands: str, node: DatabaseNode) -> None:
    if commands.strip():
        node.run("bash", "-euo", "pipefail", "-c", node.here(commands))


def _do(action: str, unit: str, node: DatabaseNode) -> None:
    if (action, unit) == ("disable --now", "patroni"):
        node.stop_patroni()
    elif (action, unit) == ("stop", "etcd"):
        node.etcd.stop()
    elif action in ("start", "enable --now") and unit in UNITS:
        node.start_unit(unit)
    else:
        raise AssertionError(f"the page asks systemd for what is not tried: {action} {unit}")

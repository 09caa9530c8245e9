"""A primary burns with files that the archive has not; another, then a new machine, replaces it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Final

from tests.fixtures.running import wait_until
from tests.production.guided.pages import blocks
from tests.production.lab.patroni import DEPLOYED, DatabaseNode
from tests.production.lab.three_nodes import ThreeNodes
from tests.production.nodes.following import PAGE, follow
from tests.proofs.seen import Seen, verdict

UNIT: Final = DEPLOYED.parent / "backup" / "interlude-backup@.service"
CONDITION: Final = DEPLOYED / "only-on-the-primary.conf"
SOCKET: Final = "/var/lib/postgresql/15"
# Files of the log that the burning primary has filled and not handed over.
FILES: Final = 3
BETWEEN_FILES_S: Final = 2.0
# Of the name of a whole file; in the archive more stands behind it.
NAME_LENGTH: Final = 24
TAKEN_OVER_WITHIN_S: Final = 120.0
HANDED_IN_WITHIN_S: Final = 120.0
COPIED_WITHIN_S: Final = 300.0


def back_up(lab: ThreeNodes) -> Seen:
    """What the timers start on each node, as the units say it."""
    condition, start = (
        re.findall(rf"(?m)^{name}=(.*)$", path.read_text(encoding="utf-8"))[0]
        for name, path in (("ExecCondition", CONDITION), ("ExecStart", UNIT))
    )
    command = f"{condition} || exit 0; exec runuser -u postgres -- {start.replace('%i', 'full')}"
    for node in lab.nodes:
        node.run("sh", "-c", command)
    (stanza,) = json.loads(lab.primary().backrest("info", "--output=json"))
    made = len(stanza["backup"])
    return verdict(
        "backup units on three nodes: one backup is made, by the primary",
        "3 nodes",
        f"{made} backup",
        [f"{made} backups"] * (made != 1),
    )


def burn(lab: ThreeNodes) -> tuple[DatabaseNode, Seen]:
    """The primary fills files of the log while it does not reach the store, then is gone for good.

    Returns it, and whether its successor handed in what the archive lacked.
    """
    lost = lab.primary()
    # It does not reach the store any more.
    (lost.folder / "pgbackrest.conf").unlink()
    for _ in range(FILES):
        _sql(lost, "SELECT pg_switch_wal()")
        time.sleep(BETWEEN_FILES_S)
    marks = (lost.data / "pg_wal" / "archive_status").glob("*.ready")
    missing = sorted(mark.stem for mark in marks if len(mark.stem) == NAME_LENGTH)
    lost.kill()
    lost.disk.unmount()
    lost.disk.image.unlink()
    began = time.monotonic()
    wait_until(lambda: _is_led_by_another(lab, lost), "another takes over", TAKEN_OVER_WITHIN_S)
    store = lost.folder.parent / "store"
    wait_until(lambda: _lacking(store, missing) == [], "the hole is closed", HANDED_IN_WITHIN_S)
    took_s = time.monotonic() - began
    few = [f"only {len(missing)} files were missing"] if len(missing) < FILES else []
    return lost, verdict(
        "a primary burns with files that the archive has not: its successor hands them in",
        f"{len(missing)} files of the log",
        f"all are in the archive {took_s:.1f} s after the fire",
        few,
    )


def replace(lab: ThreeNodes, lost: DatabaseNode) -> Seen:
    """A new machine in its place, by the page."""
    left, new = blocks(PAGE, "A node is lost for good")
    helper = lab.others(lost)[0]
    own = {"LOST=db1": f"LOST={lost.machine.name}", "198.51.100.12": helper.machine.address}
    began = time.monotonic()
    follow(left, helper, own)
    lost.make()
    follow(new, lost)
    lab.wait_until_whole(COPIED_WITHIN_S)
    return verdict(
        "a node is lost for good, its member of etcd too: by the page's blocks a new one is there",
        "one of three",
        f"whole after {time.monotonic() - began:.0f} s",
        [] if len(_members(helper)) == len(lab.nodes) else ["etcd has not three members"],
    )


def copy_anew(lab: ThreeNodes) -> Seen:
    """A standby throws its copy away and takes another, by the page."""
    (block,) = blocks(PAGE, "One node's copy is spoilt")
    primary = lab.primary()
    spoilt = lab.others(primary)[0]
    old = spoilt.data / "PG_VERSION"
    was = old.stat().st_ino, old.stat().st_ctime_ns
    follow(block, primary, {"SPOILT=db3": f"SPOILT={spoilt.machine.name}"})
    wait_until(
        lambda: old.exists() and (old.stat().st_ino, old.stat().st_ctime_ns) != was,
        "it has a new copy",
        COPIED_WITHIN_S,
    )
    lab.wait_until_whole(COPIED_WITHIN_S)
    return verdict(
        "a standby's copy is spoilt: by the page's block it has a new one, and follows",
        "one of two",
        "whole again, with the same primary",
        [] if primary.is_primary() else ["another is the primary"],
    )


def _sql(node: DatabaseNode, statement: str) -> None:
    node.run("runuser", "-u", "postgres", "--", "psql", "-q", "-h", SOCKET, "-c", statement)


def _is_led_by_another(lab: ThreeNodes, lost: DatabaseNode) -> bool:
    return any(node.is_primary() for node in lab.others(lost))


def _lacking(store: Path, files: list[str]) -> list[str]:
    """Of these files of the log, those that the archive has not; its names have a sum behind."""
    kept = {path.name[:NAME_LENGTH] for path in store.glob("archive/interlude/*/*/*")}
    return [name for name in files if name not in kept]


def _members(node: DatabaseNode) -> list[str]:
    endpoint = f"--endpoints=http://{node.machine.address}:2379"
    lines = node.run("env", "ETCDCTL_API=3", "etcdctl", endpoint, "member", "list").splitlines()
    return [line for line in lines if ", started, " in line]

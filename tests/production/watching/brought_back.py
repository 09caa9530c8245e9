"""What a restore will need, and the disks, are watched: the archive, the seals, how units ended.

That backups and drills grow old is tried by `promtool` alone: it takes days.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import psycopg

from migrations.roles import libpq_url
from tests.production.watching.machine import BACKUP
from tests.production.watching.watched import Watched, freeze, thaw
from tests.proofs.seen import Seen

# Nobody waits a quarter of an hour for it.
AN_HOUR_AGO: Final = "UPDATE audit_entries SET at = at - interval '1 hour' WHERE seq IS NULL"


def it_can_be_brought_back(watched: Watched) -> Iterator[Seen]:
    """Each in turn, broken and mended."""
    archive, machine = watched.archive, watched.machine
    yield watched.begins(
        "the archive fails", "InterludeArchiveFails", archive.broken.touch, archive.broken.unlink
    )
    yield watched.begins(
        "the sealer stands still",
        "InterludeUnsealed",
        lambda: _nothing_is_sealed(watched),
        lambda: thaw(watched.sealer),
    )
    yield watched.begins(
        "a backup fails",
        "InterludeUnitFailed",
        lambda: machine.ended(BACKUP, "exit-code"),
        lambda: machine.ended(BACKUP, "success"),
    )
    for alert in ("InterludeDiskFills", "InterludeDiskFull"):
        yield watched.begins("a disk is full", alert, machine.disk.fill, machine.disk.relieve)
    yield watched.begins(
        "a machine tells nothing",
        "InterludeMachineUnseen",
        machine.exporter.stop,
        machine.exporter.start,
    )


def _nothing_is_sealed(watched: Watched) -> None:
    freeze(watched.sealer)
    running = watched.running
    staff = running.clinic().staff()
    assert running.send("GET", "/v1/patients", staff.headers).status == 200
    with psycopg.connect(libpq_url(running.urls.admin)) as administrator:
        administrator.execute("SET session_replication_role = replica")
        administrator.execute(AN_HOUR_AGO)

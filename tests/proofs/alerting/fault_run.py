"""The fault run at full size, with a PostgreSQL of its own to kill."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import psycopg

from api.embedded.server import EmbeddedServerError, join_or_start
from tests.fixtures.postgres import WITNESS
from tests.fixtures.running import RunningService
from tests.proofs.seen import Seen, tell
from tests.stories.outages.test_fault_run import (
    test_whatever_fails_every_answer_is_stored_once_and_paged as fault_run,
)

UP_LIMIT_S: Final = 60.0


def everything_fails(running: RunningService, answers: int, seed: int) -> Iterator[Seen]:
    """The line of the table."""
    claim = "whatever dies and fails, every answer is stored once, paged, and nobody paged amiss"
    killing = partial(kill_database, running)
    story = partial(
        fault_run,
        running,
        answers=answers,
        seed=seed,
        longest_pause_s=3.0,
        kill_database=killing,
    )
    yield from tell(claim, f"{answers} alerts, seed {seed}", story)


def data_directory(running: RunningService) -> Path:
    """Where its files are."""
    while True:
        # The looker's own connection died with the server that was killed before.
        with suppress(psycopg.OperationalError):
            (row,) = running.rows("SHOW data_directory")
            return Path(row.data_directory)
        time.sleep(0.1)


def kill_database(running: RunningService) -> None:
    """SIGKILL for the server, and its start again: it recovers from its log."""
    data = data_directory(running)
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    deadline = time.monotonic() + UP_LIMIT_S
    while True:
        try:
            join_or_start(data, WITNESS).leave()
        except EmbeddedServerError:
            # What its processes still hold is let go of a moment later.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return

"""Alerts in whatever order things happen: more and longer lives than the gate has time for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import admin_url_of
from tests.fixtures.app import worker_of
from tests.fixtures.postgres import broom_for
from tests.proofs.apart import own_app
from tests.proofs.seen import Seen, tell
from tests.stories.test_life_of_alerts import live, scenes_on


def lives_of_alerts(lives: int, steps: int) -> Iterator[Seen]:
    """A line of the table, on a database of its own."""
    claim = "in whatever order things happen, whoever is in danger is paged"
    with (
        tempfile.TemporaryDirectory(prefix="interlude-lives-") as folder,
        own_app(Path(folder)) as app,
        worker_of(app) as worker_app,
        broom_for(admin_url_of(app)) as broom,
    ):
        story = partial(live, scenes_on(app, worker_app, broom), lives, steps)
        yield from tell(claim, f"{lives} lives of {steps} steps", story)

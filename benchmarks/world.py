"""A database of a benchmark's own, and a clinic in it. Everybody in it is made up."""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import psycopg
from flask import Flask

from api import create_app
from api.embedded.urls import embedded_urls, open_embedded
from api.settings import Settings
from migrations.roles import libpq_url
from services.clock import utcnow
from tests.builders.world import ClinicWorld, World

SECRET = "4f1Zk9-qWm2Xc7Lr0Tn5Vb8Ys3Hd6JpGaEuRiOo"  # noqa: S105 -- of a database that is thrown away


@contextmanager
def own_database() -> Iterator[Flask]:
    """The application on a new embedded server with the service's own settings; it is gone at the
    end. The request log goes nowhere: standard error may be a slow terminal.
    """
    with (
        redirect_stderr(io.StringIO()),
        tempfile.TemporaryDirectory(prefix="interlude-benchmark-") as folder,
    ):
        settings = Settings(secret_key=SECRET, data_dir=Path(folder))
        server = open_embedded(settings)
        try:
            urls = embedded_urls(server)
            given = replace(settings, database_url=urls.app, owner_database_url=urls.owner)
            yield create_app(given)
        finally:
            server.stop()


def settle(app: Flask) -> None:
    """What the server does by itself a minute after many rows came in: count them."""
    owner = app.config["INTERLUDE"].owner_database_url
    with psycopg.connect(libpq_url(owner), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def a_clinic(app: Flask) -> ClinicWorld:
    """A clinic with an administrator."""
    return World(app, now=utcnow()).clinic("Simulated Clinic")


@dataclass(frozen=True, slots=True)
class Figures:
    """Times of one kind of call in milliseconds; `best` is nearest to an idle machine."""

    best: float
    p50: float
    p95: float

    def line(self, what: str) -> str:
        """One line of a report."""
        return (
            f"{what:<40} best {self.best:7.2f} ms   p50 {self.p50:7.2f} ms   p95 {self.p95:7.2f} ms"
        )


def measure(call: Callable[[], object], times: int, warm_up: int = 10) -> Figures:
    """Call it so often, after a warm-up that does not count."""
    for _ in range(warm_up):
        call()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - began))
    taken.sort()
    return Figures(taken[0], statistics.median(taken), taken[int(0.95 * (len(taken) - 1))])


def made_up(number: int) -> UUID:
    """The same ids in every run."""
    return UUID(int=(0x5EED << 112) | (7 << 76) | (2 << 62) | number)

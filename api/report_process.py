"""Reports that fill a core for a while are made in a process of their own, one in a web process.

Python runs one thread at a time: a printed page of 100 ms or a cohort of a second would stand in
the way of each check-in meanwhile. The process is made when a report is asked for, gives way to
everything else, and ends when nobody asks for a minute. What it loads, no web process holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import structlog
from flask import Flask, current_app

from api.http.auth import now
from api.settings import Settings
from services.access import Actor
from services.exceptions import Unavailable
from services.reports.trend.renditions import COSTLY, get_rendition
from services.reports.trend.report import Question
from services.turns import DRAWING

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

T = TypeVar("T")

IDLE_S: Final = 60
# Ten times what the largest takes; then the process is ended, and the next one begins anew.
WITHIN_S: Final = 60.0
# A report can wait; an answer to somebody in danger cannot.
NICE: Final = 10

log = structlog.get_logger()

_app: Flask | None = None


class ReportProcess:
    """Runs a use case in an application of its own, with the same settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: ProcessPoolExecutor | None = None
        self._changing = Lock()

    def made(self, work: Callable[..., T], *given: Any) -> T:
        """What `work` returns, or its refusal. Raises `Unavailable` when the process died of it or
        did not end within 60 s.
        """
        pool, job = self._submitted(work, given)
        try:
            made: T = job.result(WITHIN_S)
        except (TimeoutError, BrokenExecutor):
            self._end(pool)
            raise Unavailable from None
        return made

    def _submitted(
        self, work: Callable[..., T], given: tuple[Any, ...]
    ) -> tuple[ProcessPoolExecutor, Future[T]]:
        """The job, and the pool that has it: another one when the process has died meanwhile."""
        for _ in range(2):
            pool = self._present_pool()
            try:
                return pool, pool.submit(_run, work, given)
            except Exception as error:  # noqa: BLE001 - whatever it was, nothing has begun
                log.warning("report_process_lost", kind=type(error).__name__)
                self._end(pool)
        raise Unavailable

    def _present_pool(self) -> ProcessPoolExecutor:
        """The one of all threads: `get_reusable_executor` would give each thread its own."""
        from loky import ProcessPoolExecutor  # a process that never prints needs none of it

        with self._changing:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    max_workers=1, timeout=IDLE_S, initializer=_begin, initargs=(self._settings,)
                )
            return self._pool

    def _end(self, pool: ProcessPoolExecutor) -> None:
        """The next report begins with another one."""
        with self._changing:
            is_present = self._pool is pool
            if is_present:
                self._pool = None
        if is_present:
            pool.shutdown(wait=False, kill_workers=True)


def made_apart(actor: Actor, work: Callable[..., T], *given: Any) -> T:
    """What `work` makes of the actor and what is given: in a process of its own where the service
    is served, here in a command or a test. Raises `Unavailable` when too many are being made.
    """
    with DRAWING.turn(actor.user_id):
        apart: ReportProcess | None = current_app.extensions.get("report_process")
        return work(actor, *given) if apart is None else apart.made(work, actor, *given)


def rendition(actor: Actor, patient_id: UUID, asked: Question, form: str) -> tuple[bytes, str]:
    """A trend report in a form beside JSON, and its file name: see `get_rendition`. A table or a
    small picture costs no more than the report, and does not wait for others' pages.
    """
    if form in COSTLY:
        return made_apart(actor, get_rendition, patient_id, asked, form, now())
    return get_rendition(actor, patient_id, asked, form, now())


def _begin(settings: Settings) -> None:
    """Once in the new process, before its first report."""
    global _app
    from api import create_app

    os.nice(NICE)
    _leave_no_counts()
    _app = create_app(settings)


def _leave_no_counts() -> None:
    """The files of this process among those that web processes count in: a report counts nothing,
    and a scrape would read a file more after each process that has ended.
    """
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    for file in Path(folder).glob(f"*_{os.getpid()}.db") if folder else ():
        file.unlink()


def _run(work: Callable[..., T], given: tuple[Any, ...]) -> T:
    if _app is None:
        raise AssertionError
    with _app.app_context():
        return work(*given)

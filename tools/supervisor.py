"""`make run`: database, migrations, demo, mailbox, API and alert worker, until Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from psycopg import OperationalError

from api import CANNOT_START, create_app
from api.embedded.account import RunAs
from api.embedded.urls import DatabaseUrls, database_urls, embedded_urls, open_embedded
from api.front.command import serve_command
from api.front.watchdog import deaf_processes
from api.setting_names import PREFIX
from api.settings import Settings
from api.stopping import stop_on_signals
from migrations import roles
from migrations.upgrade import PROJECT, upgrade
from models.database import db
from services.clock import utcnow
from services.operations.keys import register_key
from tools.child import Child
from tools.mailbox import open_mailbox
from tools.privileges import (
    API,
    DEMO,
    REMINDERS,
    SEALER,
    WATCHER,
    WORKER,
    environ_of_child,
    give_folders,
    lowered,
)
from tools.terminal import Terminal

LOOK_S = 0.2
UP_LIMIT_S = 60.0
HEALTH_S = 2.0
# What is a minute late is named within two.
WATCH_EVERY_S = "50"
BIN = Path(sys.executable).parent

console = Terminal(highlight=False, markup=False, soft_wrap=True)
stopping = threading.Event()


class CannotRunError(RuntimeError):
    """Something outside has to change first; the message says what."""


CANNOT_RUN = (*CANNOT_START, CannotRunError, OperationalError)


def print_line(line: str) -> None:
    """One line of the start log."""
    console.print(f"interlude: {line}")


def main() -> int:
    """Run until a signal; the exit code is 0 after a clean stop, 2 when it could not start."""
    stop_on_signals(stopping, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    try:
        settings = Settings.from_environ(os.environ, make_key=True)
        with ExitStack() as stack:
            _run(settings, stack)
    except CANNOT_RUN as error:
        print_line(f"cannot start: {error}")
        return 2
    print_line("stopped; the data stays")
    return 0


def _run(settings: Settings, stack: ExitStack) -> None:
    if settings.demo and settings.database_url:
        raise CannotRunError(
            f"{PREFIX}DEMO=1 does not go with {PREFIX}DATABASE_URL: made-up patients are for the"
            " embedded database only"
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    stack.enter_context(_only_one(settings.data_dir))
    _refuse_taken_port(settings)
    urls = stack.enter_context(_database(settings))
    print_line("bringing the database to the newest revision")
    upgrade(urls.need("owner"))
    _register_key(settings, urls)
    environ = {**os.environ, **urls.environ(), **_mail(settings, stack)}
    if not settings.public_url and settings.is_for_this_machine:
        environ[PREFIX + "PUBLIC_URL"] = settings.local_url
    start = _children(settings, environ)
    if settings.demo and not stopping.is_set():
        _seed_demo(start)
    if not stopping.is_set():
        _supervise(settings, start, stack)


StartChild = Callable[[str, list[str]], Child]


def _children(settings: Settings, environ: Mapping[str, str]) -> StartChild:
    """Return what makes a child by name and command, with what is its own (`tools.privileges`)."""
    metrics = _metrics_folder(settings)
    all_settings = {
        **environ,
        PREFIX + "DATA_DIR": str(settings.data_dir),
    }
    account = lowered(settings, print_line)
    if account is not None:
        give_folders(settings, metrics, account)
        # The file with the keys stays root's.
        all_settings |= {
            PREFIX + "SECRET_KEY": settings.secret_key,
            PREFIX + "OTHER_SECRET_KEYS": " ".join(settings.other_secret_keys),
            "HOME": "/",
        }
    run_as = account.run_as() if account else RunAs()

    def start(name: str, command: list[str]) -> Child:
        own = environ_of_child(name, all_settings)
        if name == API:
            own["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
            # It knows the database by a URL like any other, and cannot tell that it is the demo's.
            own[PREFIX + "DEMO"] = "1" if settings.demo else "0"
        return Child(name, command, own, print_line, RunAs() if name == SEALER else run_as)

    return start


def _register_key(settings: Settings, urls: DatabaseUrls) -> None:
    """Refuses to run on a database that another key has written."""
    app = create_app(replace(settings, database_url=urls.app), any_key=True)
    with app.app_context():
        register_key(roles.libpq_url(urls.owner), utcnow())
        db.engine.dispose()


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    with (data_dir / ".supervisor").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRunError(f"`make run` already runs with the data in {data_dir}") from None
        yield


def _refuse_taken_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            address = f"{settings.host} port {settings.port}"
            raise CannotRunError(
                f"{address}: {error.strerror}; choose others by {PREFIX}HOST and {PREFIX}PORT"
            ) from None


@contextmanager
def _database(settings: Settings) -> Iterator[DatabaseUrls]:
    if settings.database_url:
        urls = database_urls(settings)
        urls.need("worker")
        if urls.admin:
            print_line("making the database roles")
            roles.make_roles(urls.admin, roles.passwords_in(urls.of_our_roles()))
        yield urls
        return
    print_line("no INTERLUDE_DATABASE_URL: starting the embedded PostgreSQL")
    print_line("the embedded server is for development, the demo and tests, not for patients' data")
    server = open_embedded(settings, print_line)
    try:
        yield embedded_urls(server)
    finally:
        server.stop()
        print_line("embedded PostgreSQL stopped")


def _mail(settings: Settings, stack: ExitStack) -> Mapping[str, str]:
    if settings.smtp is not None:
        return {}
    receiver = open_mailbox(console)
    stack.callback(receiver.stop)
    print_line("no INTERLUDE_SMTP_URL: pages are printed here instead of being mailed")
    return {PREFIX + "SMTP_URL": f"smtp://{receiver.host}:{receiver.port}"}


def _seed_demo(start: StartChild) -> None:
    print_line("the demo clinic (INTERLUDE_DEMO=0 leaves it out)")
    demo = start(DEMO, _flask("demo"))
    demo.start()
    while demo.process is not None and demo.process.poll() is None:
        if stopping.wait(LOOK_S):
            demo.stop()
            return
    if demo.process is not None and demo.process.returncode:
        raise CannotRunError("the demo clinic could not be made")


def _flask(*words: str) -> list[str]:
    return [str(BIN / "flask"), "--app", "wsgi", *words]


def _metrics_folder(settings: Settings) -> Path:
    """Where the API's processes add up their counts; those of an earlier run are gone."""
    folder = settings.data_dir / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _supervise(settings: Settings, start: StartChild, stack: ExitStack) -> None:
    children = [
        start(WORKER, _flask("alerts", "work")),
        start(REMINDERS, _flask("reminders", "work")),
        start(API, serve_command(settings)),
    ]
    sealer = start(SEALER, _flask("audit", "seal"))
    if PREFIX + "SEALER_DATABASE_URL" in sealer.environ:
        children.insert(0, sealer)
    watcher = start(WATCHER, _flask("alerts", "audit", "--every", WATCH_EVERY_S))
    if PREFIX + "AUDITOR_DATABASE_URL" in watcher.environ:
        children.insert(1, watcher)
    for child in children:
        stack.callback(child.stop)
        child.start()
    health = _Health(settings)
    threading.Thread(target=health.watch, args=(children[-1],), name="health", daemon=True).start()
    while not stopping.wait(LOOK_S):
        for child in children:
            child.watch()
    print_line("stopping")


class _Health:
    """Asks the API as a client would: says once that it answers, and ends it when it is deaf.

    A single deaf process ends by itself (`api.front.watchdog`); this is for what no process of it
    would notice, such as a server that accepts no connection.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.local_url
        self._deaf_s, self._data_dir = settings.deaf_s, settings.data_dir

    def watch(self, api: Child) -> None:
        """Ask until the end, in a thread of its own."""
        answered_at, wanted_since = None, time.monotonic()
        while not stopping.wait(LOOK_S if answered_at is None else HEALTH_S):
            for pid in deaf_processes(self._data_dir, self._deaf_s, time.monotonic()):
                self._end_process(pid, api)
            if self._answers():
                if answered_at is None:
                    self._announce()
                answered_at = time.monotonic()
            elif answered_at is None and time.monotonic() - wanted_since > UP_LIMIT_S:
                print_line(f"the API does not answer at {self._url} yet; see the lines above")
                wanted_since = time.monotonic()
            elif answered_at is not None and time.monotonic() - answered_at > self._deaf_s:
                print_line(f"the API has not answered for {self._deaf_s:g} s: ending it")
                api.end_group()
                answered_at, wanted_since = None, time.monotonic()

    def _end_process(self, pid: int, api: Child) -> None:
        """The server starts another; what is no process of the API's is left alone."""
        with suppress(ProcessLookupError):
            if api.process is not None and os.getpgid(pid) == api.process.pid:
                print_line(f"API process {pid} is deaf: ending it")
                os.kill(pid, signal.SIGKILL)

    def _announce(self) -> None:
        print_line(
            f"up: {self._url}/console is the clinic's console, {self._url}/docs the documentation;"
            " Ctrl-C stops everything"
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/healthz", timeout=2):  # noqa: S310 -- our own address
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            return False


if __name__ == "__main__":
    os.chdir(PROJECT)
    sys.exit(main())

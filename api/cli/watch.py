"""The watcher, from the command line: once, or again and again beside the workers."""

from __future__ import annotations

import signal
from threading import Event
from time import monotonic
from typing import Final

import click
import orjson
import structlog
from flask import Flask, current_app
from flask.cli import with_appcontext

from api.cli.audit import working_as
from api.settings import Settings
from api.stopping import stop_on_signals
from services.clock import utcnow
from services.watch.findings import KINDS, WatchFinding
from services.watch.outside import touch
from services.watch.reading import EVER
from services.watch.run import Run, look, watch

SHOWN: Final = 200
START_AFTER_S: Final = 10.0
_log = structlog.get_logger()


@click.command("audit")
@click.option("--all", "whole", is_flag=True, help="everything there is, not what is new and open")
@click.option("--json", "as_json", is_flag=True, help="one JSON document a finding")
@click.option("--record", is_flag=True, help="keep the run and touch the heartbeat, as for cron")
@click.option(
    "--every",
    type=click.FloatRange(1, 3600),
    help="run again after so many seconds, recorded, until SIGTERM or Ctrl-C",
)
@with_appcontext
def audit(whole: bool, as_json: bool, record: bool, every: float | None) -> None:
    """Prove that each answer that calls for a person has an alert, and each alert reached somebody.

    Works as the role interlude_auditor, with code of its own. Ends with status 1 and a list of
    kinds and ids when something is missing; only when all is well is INTERLUDE_WATCH_URL touched.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    with working_as("auditor", settings) as app:
        if every is not None:
            _go_on(app, settings, every)
            return
        with app.app_context():
            late_since = EVER if whole else None
            run = (
                _recorded(settings)
                if record
                else look(utcnow(), whole=whole, late_since=late_since)
            )
    _show(run, as_json)
    if run.findings:
        raise SystemExit(1)


def _recorded(settings: Settings) -> Run:
    def all_is_well() -> None:
        if settings.watch_url:
            touch(settings.watch_url, private=settings.webhook_private)

    return watch(utcnow(), all_is_well)


def _go_on(app: Flask, settings: Settings, every: float) -> None:
    """Whatever a run raises, the next one comes; `/safetyz` and the outside see that it is late."""
    stopping = Event()
    stop_on_signals(stopping, signal.SIGTERM, signal.SIGINT)
    known: tuple[WatchFinding, ...] = ()
    # A worker that is started beside it has been seen by then.
    stopping.wait(min(every, START_AFTER_S))
    while not stopping.is_set():
        began = monotonic()
        try:
            with app.app_context():
                run = _recorded(settings)
        except Exception as error:  # noqa: BLE001 -- a watcher that dies watches nobody any more
            _log.error("watch_failed", kind=type(error).__name__)
        else:
            for finding in run.findings[:SHOWN]:
                if finding not in known:
                    _log.error("watch_found", **finding.stored(), meaning=KINDS[finding.kind])
            known = run.findings
        stopping.wait(max(0.0, every - (monotonic() - began)))


def _show(run: Run, as_json: bool) -> None:
    for finding in run.findings:
        if as_json:
            click.echo(orjson.dumps(finding.stored()))
        else:
            words = " ".join(finding.stored().values())
            click.echo(f"{words}: {KINDS[finding.kind]}")
    if not as_json:
        since = f"what is open, and what came since {run.since:%F %T} UTC"
        reach = "everything" if run.whole or run.since == EVER else since
        click.echo(f"{len(run.findings)} findings; looked at {reach}")

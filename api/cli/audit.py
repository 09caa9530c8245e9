"""The audit chain: sealing it, and proving it with a memory outside the database."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from api import Role, create_app
from api.http.problems import is_outage
from api.settings import Settings, SettingsError
from api.stopping import stop_on_signals
from models.database import db
from services.auditing.checkpoints import (
    Checkpoint,
    SealError,
    public_file,
    public_keys,
    read_checkpoints,
    signing_key,
)
from services.auditing.endings import endings_file, keep_endings
from services.auditing.places import publisher
from services.auditing.seal import EVERY_S, Sealer
from services.auditing.verify import ChainProof, verify_chain
from services.clock import utcnow

# A chain that somebody wrote anew differs at each seal.
SHOWN_FAULTS: Final = 50
NOT_THE_END: Final = "not provably the end: no checkpoint from outside the database was given"
SECONDS: Final = "%Y-%m-%dT%H:%M:%SZ"


@click.group("audit")
def audit() -> None:
    """The record of who read or changed what."""


@audit.command("seal")
@click.option("--once", is_flag=True, help="seal what is there now, then stop")
@with_appcontext
def seal(once: bool) -> None:
    """Seal new entries every 2 s until SIGTERM or Ctrl-C; of any number one seals, the rest wait.

    Works as the role interlude_sealer with a key that no other process needs to read.
    """
    settings: Settings = current_app.config["INTERLUDE"]
    stopping = Event()
    if not once:
        stop_on_signals(stopping, signal.SIGTERM, signal.SIGINT)
    try:
        sealer = make_sealer(settings)
        with working_as("sealer", settings) as app:
            _seal(app, sealer, stopping, once=once)
    except SealError as error:
        raise click.ClickException(str(error)) from error


def make_sealer(settings: Settings) -> Sealer:
    """A sealer that goes on from the last checkpoint that was kept."""
    key_file = key_file_of(settings)
    key, kept = signing_key(key_file), key_file.with_name("audit_checkpoint")
    marks = read_checkpoints(kept) if kept.exists() else []
    last = max(marks, key=lambda mark: mark.seq, default=None)
    publish = publisher(kept, settings.audit_checkpoints_to, click.echo)
    return Sealer(key, last, publish, keep_endings(endings_file(key_file)))


def key_file_of(settings: Settings) -> Path:
    """Where the sealer's key is; the last checkpoint and the public half stand beside it."""
    return settings.audit_key_file or settings.data_dir / "audit_key"


def _seal(app: Flask, sealer: Sealer, stopping: Event, *, once: bool) -> None:
    while True:
        try:
            with app.app_context():
                count = sealer.seal_all(utcnow)
        except SQLAlchemyError as error:
            if once or not is_outage(error):
                raise
            click.echo(f"the database does not answer: {type(error).__name__}", err=True)
        if once:
            click.echo(f"sealed {count} entries")
            return
        if stopping.wait(EVERY_S):
            return


@audit.command("verify")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    help="remembers where the chain stood, so that one cut short is found; kept elsewhere",
)
@with_appcontext
def verify(checkpoint: Path | None) -> None:
    """Prove the chain of all clinics; ends with status 1 when it was tampered with."""
    settings: Settings = current_app.config["INTERLUDE"]
    key_file = key_file_of(settings)
    try:
        kept = read_checkpoints(checkpoint) if checkpoint and checkpoint.exists() else []
        with working_as("auditor", settings) as app, app.app_context():
            keys = public_keys(key_file) if public_file(key_file).exists() else []
            proof = verify_chain(keys, kept)
        if not keys and (proof.end or kept):
            raise SealError(f"{public_file(key_file)} is needed: no seal can be checked without it")
    except SealError as error:
        raise click.ClickException(str(error)) from error
    for line in _shown(proof, kept):
        click.echo(line)
    if proof.faults:
        raise SystemExit(1)
    if checkpoint and proof.end and all(mark.seq < proof.end.seq for mark in kept):
        with checkpoint.open("ab") as file:
            file.write(proof.end.line())


def _shown(proof: ChainProof, kept: list[Checkpoint]) -> Iterator[str]:
    yield from proof.faults[:SHOWN_FAULTS]
    if len(proof.faults) > SHOWN_FAULTS:
        yield f"and {len(proof.faults) - SHOWN_FAULTS} more faults"
    if proof.end is None:
        yield "nothing is sealed yet"
    else:
        known = max((mark.seq for mark in kept), default=0)
        outside = f"the checkpoint reaches to {known}" if kept else NOT_THE_END
        word = "sealed" if proof.faults else "complete"
        yield f"{word} up to {proof.end.seq} ({proof.end.sealed_at:{SECONDS}}); {outside}"
    if proof.erased:
        yield f"details erased: of {proof.erased} entries, with their patients; they still hold"
    if proof.unsealed_since is not None:
        since = f"{proof.unsealed_since:{SECONDS}}"
        yield f"{proof.unsealed} entries are younger than the last seal, the oldest of {since}"


@contextmanager
def working_as(role: Role, settings: Settings) -> Iterator[Flask]:
    """The application as another database role; raises `click.ClickException` without its URL."""
    try:
        app = create_app(settings, role, any_key=True)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    try:
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()


command: Final = audit

"""Checking the audit chains, with a memory outside the database."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Final
from uuid import UUID

import click
import orjson
from flask.cli import with_appcontext

from services.audit import AuditCheckpoint, verify_all


@click.group("audit")
def audit() -> None:
    """The record of who read or changed what."""


@audit.command("verify")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    help="remembers where each chain ended, so that a chain cut short is found; kept elsewhere",
)
@with_appcontext
def verify(checkpoint: Path | None) -> None:
    """Recompute every clinic's chain; ends with status 1 when one was tampered with."""
    before = read_checkpoint(checkpoint) if checkpoint and checkpoint.exists() else {}
    marks, faults = verify_all(before)
    for fault in faults:
        click.echo(fault)
    click.echo(f"{len(marks)} chains, {sum(mark.seq for mark in marks.values())} entries")
    if faults:
        raise SystemExit(1)
    if checkpoint:
        write_checkpoint(checkpoint, marks)


def read_checkpoint(path: Path) -> dict[UUID, AuditCheckpoint]:
    """The marks of an earlier run, by clinic."""
    try:
        kept = orjson.loads(path.read_bytes())
        return {UUID(clinic): AuditCheckpoint(**mark) for clinic, mark in kept.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise click.ClickException("the checkpoint cannot be read") from error


def write_checkpoint(path: Path, marks: dict[UUID, AuditCheckpoint]) -> None:
    """Replace the checkpoint as a whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(orjson.dumps({str(clinic): asdict(mark) for clinic, mark in marks.items()}))
    os.replace(fresh, path)


commands: Final = (audit,)

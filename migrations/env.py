"""Alembic's environment: numbered revisions, run as the role that owns the tables."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, pool, text

from migrations.short_waits import LAST_OF_BEFORE, LOCK_WAIT_S, ShortWaits
from models import Base
from models.base import UtcDateTime
from models.encryption import EncryptedText

MIGRATION_LOCK = 20_260_001
ANOTHER_TAKES_S = 60.0
LOOK_S = 0.2


def number_revision(
    _context: MigrationContext,
    _revision: str | Iterable[str | None] | Iterable[str],
    directives: list[MigrationScript],
) -> None:
    """Number new revisions 0001, 0002 … so that the folder reads as a history."""
    if not getattr(context.config.cmd_opts, "autogenerate", False) or not directives:
        return
    head = ScriptDirectory.from_config(context.config).get_current_head()
    directives[0].rev_id = f"{int(head or 0) + 1:04d}"


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types into a migration as what they are in the database."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, EncryptedText):
        return "sa.LargeBinary()"
    return False


def owner_url() -> str:
    """The owner's database URL: `-x url=…`, else `INTERLUDE_OWNER_DATABASE_URL`."""
    url = context.get_x_argument(as_dictionary=True).get("url")
    url = url or os.environ.get("INTERLUDE_OWNER_DATABASE_URL", "")
    if not url:
        raise SystemExit("set INTERLUDE_OWNER_DATABASE_URL, or run through `make run`")
    return url


def wait_for_turn(connection: Connection) -> None:
    """One migration at a time. Who waits asks again and again: a statement that waits would hold a
    snapshot, and an index that is made beside writes waits for all of these.
    """
    until = time.monotonic() + ANOTHER_TAKES_S
    turn = text("SELECT pg_try_advisory_lock(:key)")
    while not connection.scalar(turn, {"key": MIGRATION_LOCK}):
        connection.rollback()
        if time.monotonic() > until:
            raise SystemExit("another migration has been running for a minute: try again")
        time.sleep(LOOK_S)
    connection.commit()


def is_at_work(connection: Connection) -> bool:
    """May clinics be using this database meanwhile, and are its next migrations made for that?"""
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    return revision is not None and revision >= LAST_OF_BEFORE


def leave_word(
    ctx: MigrationContext, step: MigrationInfo, heads: Collection[object], run_args: object
) -> None:
    """Say, with each migration, to versions that do not know it which of them may go on: the oldest
    one whose code needs nothing of what was given up since (`contracts`).
    """
    del heads, run_args  # Alembic gives them by these names
    at, script = step.destination_revision_ids, ScriptDirectory.from_config(context.config)
    since = [LAST_OF_BEFORE]
    for one in script.iterate_revisions(at, LAST_OF_BEFORE) if at > (LAST_OF_BEFORE,) else ():
        since += getattr(one.module, "contracts", {}).values()
    words = f"'serves {max(since)}'" if at > (LAST_OF_BEFORE,) else "NULL"
    if ctx.connection is not None and at:
        ctx.connection.execute(text(f"COMMENT ON TABLE alembic_version IS {words}"))


def run() -> None:
    """Migrate under an advisory lock, one transaction a migration, in nobody's way for long."""
    engine = create_engine(owner_url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.commit()
        wait_for_turn(connection)
        if is_at_work(connection):
            wait_s = context.config.attributes.get("lock_wait_s", LOCK_WAIT_S)
            ShortWaits(connection, wait_s).watch()
        context.configure(
            connection=connection,
            transaction_per_migration=True,
            target_metadata=Base.metadata,
            compare_type=True,
            compare_server_default=True,
            render_item=render_item,
            process_revision_directives=number_revision,
            on_version_apply=leave_word,
        )
        with context.begin_transaction():
            context.run_migrations()


run()

"""Each migration, run on a database by itself, with a look at what every statement does.

PostgreSQL itself says which tables a statement locks, reads whole and writes anew; nothing is
guessed from its words. Tables are empty: it does the same to them as to full ones, in no time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import psycopg
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from migrations.roles import libpq_url
from migrations.short_waits import LAST_OF_BEFORE
from migrations.upgrade import alembic_config, upgrade
from tools.migrations.database import in_use
from tools.migrations.findings import (
    AGAIN,
    REHEARSED_WITHIN_S,
    contract_findings,
    effect_findings,
    outcome_findings,
)
from tools.migrations.watched import watched

SHOWN: Final = 100


def rehearse(owner_url: str, admin_url: str, *more_versions: Path) -> list[str]:
    """What is wrong with the migrations after `LAST_OF_BEFORE`, as lines; the database must be
    there, and is at the newest one afterwards.

    `more_versions`: folders of migrations beside those of this version.
    """
    scripts = ScriptDirectory.from_config(alembic_config(owner_url, *more_versions))
    history = [one.revision for one in scripts.walk_revisions()][::-1]
    found: list[str] = []
    for revision in history[history.index(LAST_OF_BEFORE) + 1 :]:
        module = scripts.get_revision(revision).module
        contracts: Mapping[str, str] = getattr(module, "contracts", {})
        earlier = history[: history.index(revision)]
        lines = [
            *contract_findings(contracts, earlier),
            *_rehearsed(owner_url, admin_url, revision, contracts, more_versions),
        ]
        found += [f"{revision} {line}" for line in dict.fromkeys(lines)]
    return found


def _rehearsed(
    owner_url: str,
    admin_url: str,
    revision: str,
    contracts: Mapping[str, str],
    more_versions: Sequence[Path],
) -> list[str]:
    with psycopg.connect(libpq_url(admin_url), autocommit=True) as admin:
        before = in_use(admin)
        with watched(before) as effects:
            upgrade(owner_url, revision, *more_versions, lock_wait_s=REHEARSED_WITHIN_S)
        found = [
            f"{line}\n    {' '.join(one.statement.split())[:SHOWN]}"
            for one in effects
            for line in effect_findings(one)
        ]
        if any(one.apart for one in effects):
            found += _begun_again(owner_url, revision, more_versions)
        return [*found, *outcome_findings(before, in_use(admin), contracts)]


def _begun_again(owner_url: str, revision: str, more_versions: Sequence[Path]) -> Iterator[str]:
    """As after it was broken off behind its last step."""
    config = alembic_config(owner_url, *more_versions)
    (before,) = ScriptDirectory.from_config(config).get_revision(revision)._versioned_down_revisions
    command.stamp(config, before)
    try:
        upgrade(owner_url, revision, *more_versions)
    except DBAPIError as error:
        yield AGAIN.format(type(error.orig).__name__)
        command.stamp(config, revision)

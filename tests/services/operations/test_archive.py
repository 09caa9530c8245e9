"""How the archive stands, asked of a PostgreSQL of its own whose archive is broken and mended."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from api.embedded.server import EmbeddedServer, join_or_start
from migrations.roles import libpq_url
from services.operations.archive import WalArchive, archive_seen_by
from tests.fixtures.postgres import FAST_AND_FRAGILE
from tests.fixtures.running import wait_until

NOBODY = "nobody_in_particular"


@dataclass
class ArchivingServer:
    """Archives into a folder, until `broken` is there."""

    server: EmbeddedServer
    broken: Path

    def ask(self, *statements: str) -> None:
        with psycopg.connect(
            libpq_url(self.server.url("postgres", "postgres")), autocommit=True
        ) as administrator:
            for statement in statements:
                administrator.execute(statement.encode())

    def waits_for(self, holds: Callable[[WalArchive], bool]) -> None:
        """Until it holds; files are filled meanwhile, and each wakes the archiver."""

        def looked() -> bool:
            message = "SELECT pg_logical_emit_message(false, 'test', '')"
            self.ask(message, "SELECT pg_switch_wal()")
            return holds(self.seen())

        wait_until(looked, "the archive stands so")

    def seen(self) -> WalArchive:
        """As a role without any right sees it."""
        engine = create_engine(self.server.url(NOBODY, "postgres"))
        try:
            with Session(engine) as session:
                return archive_seen_by(session)
        finally:
            engine.dispose()


@pytest.fixture
def archiving() -> Iterator[ArchivingServer]:
    with tempfile.TemporaryDirectory(prefix="interlude-test-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        broken, command = folder / "broken", f"test ! -e {folder}/broken && cp %p {folder}/kept/%f"
        (folder / "kept").mkdir(mode=0o777)
        (folder / "kept").chmod(0o777)
        options = {"archive_mode": "on", "archive_command": command, "autovacuum": "off"}
        server = join_or_start(folder / "data", FAST_AND_FRAGILE | options)
        try:
            found = ArchivingServer(server, broken)
            found.ask(f"CREATE ROLE {NOBODY} LOGIN")
            yield found
        finally:
            server.leave()


def test_an_archive_that_fails_is_seen_until_it_is_mended(archiving: ArchivingServer) -> None:
    first = archiving.seen()
    assert (first.is_on, first.is_failing) == (True, False), "nothing was there to archive yet"
    archiving.waits_for(lambda seen: not seen.is_failing and seen.age_s < first.age_s)
    archiving.broken.touch()
    archiving.waits_for(lambda seen: seen.is_failing)
    assert archiving.seen().is_late
    archiving.broken.unlink()
    archiving.waits_for(lambda seen: not seen.is_failing)
    assert not archiving.seen().is_late


@pytest.mark.parametrize(
    ("found", "is_late"),
    [
        (WalArchive(is_on=True, is_failing=False, age_s=1800.0), False),
        (WalArchive(is_on=True, is_failing=False, age_s=1800.1), True),
        (WalArchive(is_on=True, is_failing=True, age_s=0.0), True),
        (WalArchive(is_on=False, is_failing=False, age_s=9e9), False),
    ],
)
def test_when_it_is_late(found: WalArchive, is_late: bool) -> None:
    assert found.is_late is is_late

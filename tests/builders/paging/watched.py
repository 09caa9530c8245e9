"""The watcher on a scene's clock, and the superuser who spoils what it looks at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from flask import Flask

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from services.watch.run import Run, look, record
from tests.builders.scene import Scene


@dataclass
class Watched:
    """`auditor`: the application as the auditor's role."""

    auditor: Flask
    urls: DatabaseUrls

    def look(self, scene: Scene, **how: Any) -> Run:
        """One run at the scene's instant, which is not kept."""
        with self.auditor.app_context():
            return look(scene.now, **how)

    def kinds(self, scene: Scene, **how: Any) -> list[str]:
        """What one run finds."""
        return sorted({finding.kind for finding in self.look(scene, **how).findings})

    def keep(self, scene: Scene, **how: Any) -> Run:
        """One run at the scene's instant, kept."""
        with self.auditor.app_context():
            run = look(scene.now, **how)
            record(run)
            return run

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """No policy, no trigger and no reference holds this one."""
        with psycopg.connect(libpq_url(self.urls.admin), autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            yield connection

    def spoil(self, statement: str, *values: Any) -> None:
        """Run this as the superuser; it must meet something."""
        with self.superuser() as connection:
            assert connection.execute(statement.encode(), values).rowcount

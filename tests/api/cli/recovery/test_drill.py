"""`flask restore drill`: it is green only when it could compare with the real database, and when
what that has written is in the archive.

The restored server is a copy here; pgBackRest and a second server are tried in `make
prove-production`. The server of the tests archives nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from api.cli.recovery import drill
from api.settings import Settings
from migrations.roles import libpq_url
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld
from tests.fixtures.databases.restored import Backup, Service

Drill = Callable[..., tuple[int, str]]
# What the archive of a real server answers.
GOT_IT = "SELECT %s::text IS NOT NULL AS is_out, 1.0::float AS age_s"
LET_IN_NOBODY = "interlude_nobody"


class CopiedServer:
    """In the place of `ScratchServer`: the copy that a test has made."""

    def __init__(self, copy: Service) -> None:
        self.copy = copy

    def __call__(self, *_: Any, **__: Any) -> CopiedServer:
        return self

    def restore(self, *_: Any) -> None:
        """It is there."""

    def start(self, *_: Any) -> None:
        """It runs."""

    def settings(self, _real: Settings) -> Settings:
        """The copy's."""
        return self.copy.settings

    def close(self) -> None:
        """Whoever made it takes it away."""


@pytest.fixture
def drills(
    backup: Backup, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[], Any]:
    """The command, on a copy of what is there now."""

    @contextmanager
    def ready() -> Iterator[Drill]:
        backup.take()
        with backup.restored() as copy:
            monkeypatch.setattr(drill, "ScratchServer", CopiedServer(copy))
            into = ("--into", str(tmp_path / "into"), "--programs", str(tmp_path))
            yield lambda *options: service.run("restore", "drill", *into, "--wait", "0", *options)

    return ready


def test_it_is_green_when_all_is_there_and_red_when_a_record_is_lost(
    drills: Callable[[], Any], service: Service, hospital: ClinicWorld, monkeypatch
) -> None:
    monkeypatch.setattr(drill, "ARCHIVED", GOT_IT)
    patient = hospital.patient()
    made(post(service.client, patient, phq9()))
    service.spoil("UPDATE record_ids SET received_at = received_at - interval '1 hour'")
    with drills() as run:
        code, shown = run()
        assert code == 0, shown
        assert "lost       0 of 1 records acknowledged" in shown
        made(post(service.client, patient, phq9()))
        service.spoil("UPDATE record_ids SET received_at = received_at - interval '1 hour'")
        code, shown = run()
    assert (code, "lost       1 of 2 records acknowledged" in shown) == (1, True), shown


def test_a_real_database_that_lets_it_count_nothing_is_a_fault(
    drills: Callable[[], Any], service: Service, hospital: ClinicWorld
) -> None:
    """But where the machine is known to be gone; either way the backup is restored and verified."""
    url = make_url(service.settings.auditor_database_url).set(username=LET_IN_NOBODY)
    refused = url.render_as_string(hide_password=False)
    settings = replace(service.settings, auditor_database_url=refused)
    with drills() as run:
        service.app.config["INTERLUDE"] = settings
        code, shown = run()
        assert (code, "ok   finish" in shown) == (1, True), shown
        assert "lost       cannot be counted, the real database does not let us: " in shown
        assert LET_IN_NOBODY in shown, "why it does not"
        code, shown = run("--real-is-gone")
    assert (code, "lost       cannot be counted" in shown) == (0, True), shown


def test_a_real_database_that_is_gone_while_records_are_compared_is_a_fault(
    drills: Callable[[], Any], service: Service, hospital: ClinicWorld, monkeypatch
) -> None:
    monkeypatch.setattr(drill, "ARCHIVED", GOT_IT)
    urls = iter([libpq_url(service.settings.auditor_database_url), "host=/nowhere"])
    monkeypatch.setattr(drill, "libpq_url", lambda _: next(urls))
    with drills() as run:
        code, shown = run()
    assert (code, "lost       cannot be counted" in shown) == (1, True), shown
    assert "ok   finish" in shown


def test_an_archive_that_does_not_get_what_was_written_is_a_fault(
    drills: Callable[[], Any], service: Service, hospital: ClinicWorld
) -> None:
    with drills() as run:
        code, shown = run("--real-is-gone")
    assert code == 1
    assert "archive    did not get 0000000" in shown
    assert "lost       0 of 0 records" in shown, "the rest is tried all the same"

"""Several processes share one embedded server; the last one out stops it, the killed count not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from api.embedded.account import SERVICE_USER, ServerAccount, system_account
from api.embedded.server import EmbeddedServer, EmbeddedServerError, join_or_start, programs
from migrations.roles import libpq_url

FRAGILE = {"fsync": "off"}

JOINER = """
import sys
from pathlib import Path
from api.embedded.server import join_or_start
server = join_or_start(Path(sys.argv[1]))
print("started" if server.started_here else "joined", flush=True)
sys.stdin.read()
print("stopped" if server.leave() else "left", flush=True)
"""


@pytest.fixture
def data(data_folder: Path) -> Iterator[Path]:
    folder = data_folder / "postgres"
    yield folder
    if (folder / "PG_VERSION").exists():
        join_or_start(folder, FRAGILE).stop()


def runs(server: EmbeddedServer) -> bool:
    try:
        psycopg.connect(libpq_url(server.url("postgres", "postgres"))).close()
    except psycopg.OperationalError:
        return False
    return True


def joiner(data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", JOINER, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_command_joins_and_the_last_one_out_stops_the_server(data: Path):
    server = join_or_start(data, FRAGILE)
    with joiner(data) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "joined\n"
        assert not server.leave()
        assert runs(server)
        out, _ = other.communicate("")
        assert out == "stopped\n"
    assert not runs(server)


def test_a_command_that_was_killed_keeps_no_server_alive(data: Path):
    server = join_or_start(data, FRAGILE)
    with joiner(data) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "joined\n"
        other.send_signal(signal.SIGKILL)
        other.communicate()
    assert server.leave()
    assert not runs(server)


def test_the_supervisor_stops_its_server_whoever_joined(data: Path):
    server = join_or_start(data, FRAGILE)
    with joiner(data) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "joined\n"
        server.stop()
        assert not runs(server)
        other.communicate("")


def test_data_survive_a_stop_and_a_crash(data: Path):
    server = join_or_start(data, FRAGILE)
    with psycopg.connect(libpq_url(server.url("postgres", "postgres"))) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    assert server.leave()
    server = join_or_start(data, FRAGILE)
    postmaster = int((data / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGQUIT)
    server.leave()
    again = join_or_start(data, FRAGILE)
    with psycopg.connect(libpq_url(again.url("postgres", "postgres"))) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)
    again.leave()


def test_data_of_another_version_are_refused_not_spoilt(data_folder: Path):
    data = data_folder / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedServerError, match="PostgreSQL 15, not 18"):
        join_or_start(data)


def test_the_server_log_keeps_neither_statements_nor_rows(data: Path):
    server = join_or_start(data, FRAGILE)
    with psycopg.connect(libpq_url(server.url("postgres", "postgres")), autocommit=True) as one:
        one.execute("CREATE TABLE people (name text UNIQUE)")
        one.execute("INSERT INTO people VALUES ('Alice Secret')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            one.execute("INSERT INTO people VALUES ('Alice Secret')")
    server.leave()
    log = (data / "log").read_text()
    assert "duplicate key" in log
    assert "Alice" not in log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
def test_the_services_account_is_never_the_superuser(data: Path):
    server = join_or_start(data, FRAGILE)
    service = system_account(SERVICE_USER, lambda _line: None)
    stranger = ServerAccount(65_533, 65_533, changed=True)
    with psycopg.connect(libpq_url(server.url("postgres", "postgres")), autocommit=True) as one:
        for role in ("interlude_app", "interlude_worker", "interlude_owner"):
            one.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))

    def let_in(account: ServerAccount, role: str) -> bool:
        # Not our interpreter: it may lie where this account cannot go.
        knock = f"host={server.socket_dir} user={role} dbname=postgres"
        command = [str(programs() / "psql"), "-X", "-w", "-c", "SELECT 1", knock]
        done = subprocess.run(command, cwd="/", capture_output=True, **account.run_as())
        return done.returncode == 0

    roles = ("interlude_app", "interlude_worker", "interlude_owner", "postgres")
    assert [let_in(service, role) for role in roles] == [True, True, False, False]
    assert not any(let_in(stranger, role) for role in roles)
    assert server.leave()


def test_a_path_too_long_for_a_socket_or_with_a_space_works(data_folder: Path):
    data = data_folder / ("a long folder " * 8) / "postgres"
    server = join_or_start(data, FRAGILE)
    assert runs(server)
    assert server.socket_dir != data
    assert server.leave()

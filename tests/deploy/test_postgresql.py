"""PostgreSQL's files: the roles of this version, durable, and no value in a log line."""

from __future__ import annotations

import re

from api.embedded.server import QUIET_LOG
from migrations.roles import LOGIN_ROLES
from tests.deploy.reading import read

SETTINGS = dict(re.findall(r"(?m)^(\w+) = (\S+)$", read("postgresql", "interlude.conf")))


def test_the_log_holds_no_statement_and_no_value() -> None:
    assert {name: SETTINGS.get(name) for name in QUIET_LOG} == QUIET_LOG
    assert (SETTINGS["log_statement"], SETTINGS["log_min_duration_statement"]) == ("none", "-1")


def test_what_was_acknowledged_is_on_the_disk() -> None:
    durable = ("fsync", "synchronous_commit", "full_page_writes")
    assert {SETTINGS[name] for name in durable} == {"on"}


def test_our_roles_come_in_by_password_and_nobody_else_does() -> None:
    lines = [
        line.split()
        for line in read("postgresql", "pg_hba.conf").splitlines()
        if line and not line.startswith("#")
    ]
    superuser, *others = lines
    assert superuser == ["local", "all", "postgres", "peer"]
    for kind, database, roles, _address, method in others:
        assert (kind, database, method) == ("host", "interlude", "scram-sha-256")
        assert set(roles.split(",")) == set(LOGIN_ROLES)


def test_the_database_lets_in_our_roles() -> None:
    words = read("postgresql", "database.sql")
    granted = re.search(r"GRANT CONNECT ON DATABASE interlude TO\s+([^;]+);", words)
    assert granted
    assert set(re.split(r",\s*", granted[1])) == set(LOGIN_ROLES)
    assert "REVOKE CONNECT, TEMPORARY ON DATABASE interlude FROM PUBLIC;" in words

"""The files of the three database nodes: of one mind, and nothing in them may lose an answer."""

from __future__ import annotations

import re
from typing import Any

import yaml

from api.embedded.server import QUIET_LOG
from migrations.roles import LOGIN_ROLES
from tests.deploy.reading import read

PATRONI: dict[str, Any] = yaml.safe_load(read("patroni", "patroni.yml"))
CLUSTER: dict[str, Any] = PATRONI["bootstrap"]["dcs"]
PARAMETERS: dict[str, Any] = CLUSTER["postgresql"]["parameters"]
NODE = re.compile(r"198\.51\.100\.\d+")


def test_a_commit_waits_for_a_second_disk_and_never_for_none() -> None:
    # In the mode `quorum` a primary that restarts alone would wait for none.
    assert CLUSTER["synchronous_mode"] is True
    assert CLUSTER["synchronous_mode_strict"] is True
    assert CLUSTER["synchronous_node_count"] >= 1
    assert PARAMETERS["synchronous_commit"] == "on"
    assert not {"fsync", "full_page_writes", "synchronous_standby_names"} & set(PARAMETERS)


def test_a_primary_gives_up_before_another_takes_its_place() -> None:
    """Patroni's own condition; it would mend the values in silence."""
    assert CLUSTER["loop_wait"] + 2 * CLUSTER["retry_timeout"] <= CLUSTER["ttl"]


def test_the_log_holds_no_statement_and_no_value() -> None:
    assert {name: str(PARAMETERS.get(name)) for name in QUIET_LOG} == QUIET_LOG


def test_our_roles_come_in_by_password() -> None:
    lines = [line.split() for line in PATRONI["postgresql"]["pg_hba"]]
    assert {(kind, method) for kind, *_, method in lines} == {("host", "scram-sha-256")}
    ours = [roles for _, database, roles, *_ in lines if database == "interlude"]
    assert set(",".join(ours).split(",")) == set(LOGIN_ROLES)


def test_every_file_names_the_same_three_nodes() -> None:
    files = [("patroni", "patroni.yml"), ("patroni", "etcd.env"), ("haproxy", "database.cfg")]
    named = [set(NODE.findall(_settings(read(*file)))) for file in files]
    assert named == [named[0]] * 3
    assert len(named[0]) == 3


def test_no_secret_is_shipped() -> None:
    secrets = re.findall(r"(?m)^(\w+_PASSWORD)=(.*)$", read("patroni", "patroni.env"))
    assert len(secrets) == 4
    assert {value for _, value in secrets} == {""}


def _settings(text: str) -> str:
    """Without its comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))

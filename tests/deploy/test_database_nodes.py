"""The files of the three database nodes: of one mind, and nothing in them may lose an answer."""

from __future__ import annotations

import re
from configparser import ConfigParser
from typing import Any

import yaml

from api.embedded.server import QUIET_LOG
from migrations.roles import LOGIN_ROLES
from tests.deploy.reading import DEPLOY, read, values

PATRONI: dict[str, Any] = yaml.safe_load(read("patroni", "patroni.yml"))
CLUSTER: dict[str, Any] = PATRONI["bootstrap"]["dcs"]
PARAMETERS: dict[str, Any] = CLUSTER["postgresql"]["parameters"]
NODE = re.compile(r"198\.51\.100\.\d+")
SERVER = re.compile(r"(?m)^    server (\S+) (\S+) check port (\d+)$")
# What a single machine has and three nodes have otherwise (patroni.yml says why), or by Patroni.
OTHERWISE = {"checkpoint_timeout", "max_wal_size", "tcp_keepalives_idle"}
AS_POSTGRESQL_HAS_IT = {
    "fsync": "on",
    "full_page_writes": "on",
    "password_encryption": "scram-sha-256",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
}


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
    first, *lines = [line.split() for line in PATRONI["postgresql"]["pg_hba"]]
    # As on one machine: who is `postgres` on the node itself, which pgBackRest is.
    assert first == ["local", "all", "postgres", "peer"]
    assert {(kind, method) for kind, *_, method in lines} == {("host", "scram-sha-256")}
    ours = [roles for _, database, roles, *_ in lines if database == "interlude"]
    assert set(",".join(ours).split(",")) == set(LOGIN_ROLES)


def test_every_file_names_the_same_three_nodes() -> None:
    files = [("patroni", "patroni.yml"), ("patroni", "etcd.env"), ("haproxy", "database.cfg")]
    files.append(("patroni", "prometheus-nodes.yml"))
    named = [set(NODE.findall(_settings(read(*file)))) for file in files]
    assert named == [named[0]] * len(files)
    assert len(named[0]) == 3


def test_prometheus_asks_patroni_and_etcd_of_each_at_its_port() -> None:
    ports = {"patroni": PATRONI["restapi"]["listen"], "etcd": PATRONI["etcd3"]["hosts"]}
    config = yaml.safe_load(read("prometheus", "prometheus.yml"))
    for scrape in config["scrape_configs"]:
        if (listens := ports.pop(scrape["job_name"], None)) is None:
            continue
        (where,), (port,) = scrape["file_sd_configs"], scrape["relabel_configs"]
        assert where["files"] == ["prometheus-nodes.yml"]
        assert port["replacement"] == f"$1:{listens.rpartition(':')[2]}"
    assert ports == {}


def test_three_nodes_have_what_one_machine_has() -> None:
    single = dict(re.findall(r"(?m)^(\w+) = (\S+)$", read("postgresql", "interlude.conf")))
    here = {name: str(value) for name, value in PARAMETERS.items()}
    differs = {name for name, value in single.items() if here.get(name) != value}
    unset = {name: single[name] for name in differs - OTHERWISE}
    assert unset == AS_POSTGRESQL_HAS_IT


def test_every_file_of_the_log_is_archived_as_on_one_machine() -> None:
    single = dict(re.findall(r"(?m)^(\w+) = (.+)$", read("backup", "postgresql-archive.conf")))
    # pgBackRest takes one writer: a standby must not archive (`always`).
    assert PARAMETERS["archive_mode"] == single["archive_mode"] == "on"
    assert PARAMETERS["archive_command"] == single["archive_command"].strip("'")
    assert 0 < int(PARAMETERS["archive_timeout"].removesuffix("s")) <= 60


def test_a_new_primary_hands_in_what_the_old_one_had_not() -> None:
    script, data = PATRONI["postgresql"]["callbacks"]["on_role_change"].split()
    assert data == PATRONI["postgresql"]["data_dir"]
    shipped = DEPLOY / "patroni" / script.removeprefix("/opt/patroni/")
    assert shipped.stat().st_mode & 0o111
    # Else a file that PostgreSQL itself takes for done would stay out of the archive for ever.
    assert PARAMETERS["archive_command"].removesuffix(" %p").split()[-1] in shipped.read_text()


def test_no_standby_waits_for_the_archive_before_it_takes_over() -> None:
    assert "restore_command" not in {*PARAMETERS, *PATRONI["postgresql"].get("recovery_conf", {})}
    assert "restore_command" not in PATRONI["postgresql"]["parameters"]


def test_backups_are_of_the_nodes_own_database_in_a_store_that_all_reach() -> None:
    backrest = ConfigParser(interpolation=None, comment_prefixes=("#",))
    backrest.read_string(read("patroni", "pgbackrest.conf"))
    single = ConfigParser(interpolation=None, comment_prefixes=("#",))
    single.read_string(read("backup", "pgbackrest.conf"))
    own, store = backrest["interlude"], backrest["global"]
    data = PATRONI["postgresql"]["data_dir"]
    assert own["pg1-path"] == data
    # `..` of the data, where PostgreSQL puts its socket.
    assert PATRONI["postgresql"]["parameters"]["unix_socket_directories"] == ".."
    assert own["pg1-socket-path"] == data.rpartition("/")[0]
    assert store["repo1-type"] == "s3"
    assert store["repo1-s3-bucket"]
    for name in ("repo1-cipher-type", "repo1-cipher-pass", "repo1-retention-full", "repo1-bundle"):
        assert store[name] == single["global"][name], name


def test_a_standby_makes_no_backup() -> None:
    port = PATRONI["restapi"]["listen"].rpartition(":")[2]
    (condition,) = values(DEPLOY / "patroni" / "only-on-the-primary.conf", "ExecCondition")
    assert condition.endswith(f" http://127.0.0.1:{port}/primary")
    assert "--fail" in condition.split()


def test_one_door_leads_to_the_primary_and_one_to_the_standbys() -> None:
    primary, replica = read("haproxy", "database.cfg").split("\nlisten ")[1:]
    assert "option httpchk OPTIONS /primary\n" in primary
    assert "option httpchk OPTIONS /replica\n" in replica
    assert SERVER.findall(primary) == SERVER.findall(replica)
    assert len(SERVER.findall(primary)) == 3


def test_whatever_runs_as_postgres_leaves_postgresqls_memory_alone() -> None:
    """RemoveIPC takes it away when a unit ends whose account has the server, too."""
    paths = [*(DEPLOY / "patroni").glob("*.service"), *(DEPLOY / "backup").glob("*.service")]
    ours = [path for path in paths if values(path, "User") == ["postgres"]]
    assert len(ours) == 3
    above = DEPLOY / "systemd" / "interlude-.service.d" / "hardening.conf"
    assert {tuple(values(path, "RemoveIPC")) for path in (above, *ours)} <= {(), ("no",)}


def test_patronis_unit_leaves_postgresql_what_it_needs() -> None:
    unit = DEPLOY / "patroni" / "patroni.service"
    (folders,) = values(unit, "ReadWritePaths")
    assert PATRONI["postgresql"]["data_dir"].startswith(folders.split()[0] + "/")
    # `samenet` in pg_hba asks the system for its networks.
    assert any("samenet" in line for line in PATRONI["postgresql"]["pg_hba"])
    assert "AF_NETLINK" in values(unit, "RestrictAddressFamilies")[0].split()
    assert values(unit, "DeviceAllow") == ["/dev/watchdog rw"]
    assert not values(unit, "PrivateDevices")
    assert not values(unit, "ProcSubset")
    assert not values(unit, "MemoryDenyWriteExecute")


def test_no_secret_is_shipped() -> None:
    secrets = re.findall(r"(?m)^(\w+_PASSWORD)=(.*)$", read("patroni", "patroni.env"))
    assert len(secrets) == 4
    assert {value for _, value in secrets} == {""}


def _settings(text: str) -> str:
    """Without its comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))

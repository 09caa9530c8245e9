"""A machine for the guide: its folders below one root, its ports free ones, without root's rights.

What the guide copies is the project's own, with paths and ports moved (`moved`). A few programs
that would change the machine itself stand in `standins`: they note what was asked, and the proof
does it here.
"""

from __future__ import annotations

import getpass
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from migrations.upgrade import PROJECT
from tests.fixtures.running import free_port
from tests.production.guided.pages import OperatorShell
from tests.production.guided.units import PATH
from tests.production.lab.cluster import PostgresCluster
from tests.production.lab.haproxy import with_ports
from tests.production.lab.process import lab_account

# What belongs to this project, or to a program that it stands on.
OURS: Final = re.compile(
    r"(?<![\w$.}/])(?=/(?:opt/interlude|usr/local/sbin|mnt/elsewhere"
    r"|var/(?:lib/(?:interlude|pgbackrest|postgresql)|log/(?:nginx|pgbackrest)|spool/pgbackrest"
    r"|cache/interlude|run/postgresql|www/html)"
    r"|etc/(?:interlude|default/haproxy|haproxy|pgbackrest|postgresql|systemd|sysusers\.d)"
    r"|etc/nginx/(?:conf\.d|interlude|modules-enabled|nginx\.conf|sites-enabled)"
    r"|run/(?:postgresql|haproxy|nginx\.pid)))"
)
GIT: Final = shutil.which("git") or "git"
PORTS: Final = ("443", "80", "5432", "8001", "8002", "8100", "8101")
NAME: Final = "localhost"
FOLDERS: Final = (
    *("etc/nginx/conf.d", "etc/nginx/sites-enabled", "etc/nginx/modules-enabled"),
    *("etc/haproxy", "etc/default", "etc/systemd/system"),
    *("etc/postgresql/15/main/conf.d", "usr/local/sbin", "opt", "home", "source"),
    *("var/lib/nginx", "var/log/nginx", "var/www/html", "run/postgresql", "run/haproxy"),
    *("var/lib/pgbackrest", "var/log/pgbackrest", "var/spool/pgbackrest"),
    *("var/cache", "mnt/elsewhere"),
)
STANDINS: Final = {
    # They are there: `need` saw to it.
    "apt-get": "exit 0",
    # Every account is ours; PostgreSQL's superuser is known by the socket.
    "chown": "exit 0",
    "runuser": 'if [ "$2" = postgres ]; then export PGUSER=postgres; fi; shift 3; exec "$@"',
    "systemd-sysusers": 'exec /usr/bin/systemd-sysusers --root="$MACHINE" "$@"',
    "nginx": 'exec /usr/sbin/nginx -e stderr -c "$MACHINE/etc/nginx/nginx.conf" "$@"',
}


class DebianCluster(PostgresCluster):
    """A server that lets in as Debian's does: its superuser by the socket, others by password."""

    def __init__(self, machine: Path) -> None:
        main, self.socket = machine / "etc/postgresql/15/main", machine / "run/postgresql"
        settings = {
            "hba_file": str(main / "pg_hba.conf"),
            "ident_file": str(main / "pg_ident.conf"),
            "unix_socket_directories": str(self.socket),
        }
        super().__init__(machine / "var/lib/postgresql/15", settings, files="main")
        self._process.environ = {**os.environ, **backrest_environ(machine)}
        users = {getpass.getuser(), pwd.getpwuid(lab_account().uid).pw_name}
        (main / "pg_hba.conf").write_text("local all postgres peer map=machine\n")
        (main / "pg_ident.conf").write_text("".join(f"machine {one} postgres\n" for one in users))

    def make(self) -> None:
        """`initdb`, and the folder of settings that Debian's configuration reads, too."""
        super().make()
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(f"include_dir '{Path(self.settings['hba_file']).parent / 'conf.d'}'\n")

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """The superuser's connection by the socket, without transactions."""
        return psycopg.connect(
            host=str(self.socket), port=self.port, user="postgres", dbname=database,
            autocommit=True, connect_timeout=5,
        )  # fmt: skip


def backrest_environ(root: Path) -> dict[str, str]:
    """What tells pgBackRest that the machine's /etc is elsewhere."""
    return {"PGBACKREST_CONFIG": str(root / "etc/pgbackrest.conf")}


@dataclass
class GuideMachine:
    """`root` is the machine's; `ports` says where one of the guide's ports really is."""

    root: Path
    mail_port: int
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in FOLDERS:
            (self.root / folder).mkdir(parents=True)
        (self.root / "var/run").symlink_to("../run")
        self.cluster = DebianCluster(self.root)
        self.ports = {port: free_port() for port in PORTS} | {"5432": self.cluster.port}
        self._install_packages()
        self._make_source()
        account = lab_account()
        for path in (self.root, *self.root.rglob("*")):
            if account.changed and not path.is_symlink():
                os.chown(path, account.uid, account.gid)

    def moved(self, text: str) -> str:
        """A text of the guide's, with this machine's paths and ports."""
        text = text.replace("check-in.clinic.example", NAME)
        text = text.replace(f"PUBLIC_URL=https://{NAME}", f"PUBLIC_URL={self.url}")
        text = re.sub(r"(?m)^(local .*) peer$", r"\1 peer map=machine", text)
        return OURS.sub(str(self.root), with_ports(text, self.ports))

    @property
    def url(self) -> str:
        """Where phones find the service."""
        return f"https://{NAME}:{self.ports['443']}"

    @property
    def environ(self) -> Mapping[str, str]:
        """What the guide's commands find."""
        own = {
            "PATH": f"{self.root}/usr/local/sbin:{PATH}",
            "HOME": str(self.root / "home"),
            "LANG": "C.UTF-8",
            "MACHINE": str(self.root),
            "PGHOST": str(self.root / "run/postgresql"),
            "PGPORT": str(self.cluster.port),
        }
        proxies = {name: value for name, value in os.environ.items() if "PROXY" in name.upper()}
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        return {**own, **proxies, **pip, **backrest_environ(self.root)}

    def run(self, block: str) -> tuple[str, list[list[str]]]:
        """Run a block of commands; what they wrote, and what they asked of systemd."""
        return self.shell.run(self.moved(block), self.environ)

    def _install_packages(self) -> None:
        """As Debian's packages leave a machine, and the programs of `STANDINS`."""
        self.shell = OperatorShell(self.root, STANDINS)
        etc = self.root / "etc"
        shutil.copytree("/etc/haproxy/errors", etc / "haproxy/errors")
        (etc / "default/haproxy").write_text('#CONFIG="/etc/haproxy/haproxy.cfg"\n')
        balancer = Path("/etc/haproxy/haproxy.cfg").read_text()
        # Of these four only root can make use.
        without = re.sub(r"(?m)^\s*(chroot|user|group|log) .*\n", "", balancer)
        (etc / "haproxy/haproxy.cfg").write_text(self.moved(without))
        front = Path("/etc/nginx/nginx.conf").read_text().replace("user www-data;", "daemon off;")
        temporary = "".join(
            f"    {kind}_temp_path {self.root}/var/lib/nginx/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
        )
        front = front.replace("http {\n", f"http {{\n{temporary}")
        (etc / "nginx/nginx.conf").write_text(self.moved(front))
        (etc / "nginx/sites-enabled/default").write_text("# Debian's own page\n")

    def _make_source(self) -> None:
        """The project as it stands here, in a repository of its own, `deploy` moved."""
        source, words = self.root / "source", ["ls-files", "-z", "-co", "--exclude-standard"]
        listed = subprocess.run([GIT, *words], cwd=PROJECT, capture_output=True, check=True)
        for name in filter(None, listed.stdout.decode().split("\0")):
            path = PROJECT / name
            if path.is_symlink() or not path.exists():
                continue
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, source / name)
            if name.startswith("deploy/"):
                (source / name).write_text(self.moved(path.read_text(encoding="utf-8")))
        who = ["-c", "user.name=lab", "-c", "user.email=lab@clinic.example"]
        for step in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "As it stands"]):
            subprocess.run([GIT, *step], cwd=source, check=True)

"""What a child of `make run` may: the secrets of its own work, and no rights of root's.

The sealer of the audit stays root where root started it: its key must be out of the API's reach.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from api.embedded.account import SERVICE_USER, RunAs, ServerAccount, system_account
from api.front.watchdog import signs_of_life
from api.setting_names import PREFIX
from api.settings import Settings
from migrations.upgrade import PROJECT

DEMO, WORKER, API, SEALER, WATCHER = "demo", "alert worker", "API", "audit sealer", "watcher"
REMINDERS = "reminders"
# Settings that let one do something, and whose they are; a database URL that is not here is
# nobody's. All other settings are everybody's.
WHOSE: Final[Mapping[str, frozenset[str]]] = {
    "DATABASE_URL": frozenset({API, DEMO, REMINDERS}),
    # The same role on a server that only reads.
    "REPLICA_DATABASE_URL": frozenset({API, DEMO, REMINDERS}),
    "WORKER_DATABASE_URL": frozenset({WORKER}),
    "OWNER_DATABASE_URL": frozenset(),
    "AUDITOR_DATABASE_URL": frozenset({WATCHER}),
    "WATCH_URL": frozenset({WATCHER}),
    "SEALER_DATABASE_URL": frozenset({SEALER}),
    "AUDIT_KEY_FILE": frozenset({SEALER}),
    "AUDIT_CHECKPOINTS_TO": frozenset({SEALER}),
    "ADMIN_DATABASE_URL": frozenset(),
    "SMTP_URL": frozenset({WORKER}),
    "FCM_KEY_FILE": frozenset({REMINDERS}),
    "METRICS_TOKEN": frozenset({API}),
}
TRY_IT: Final = "import api, flask, granian, psycopg, tools.tied"
PORTS: Final = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


def environ_of_child(child: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of one child: all that is not another's."""
    return {name: value for name, value in environ.items() if _may_have(child, name)}


def _may_have(child: str, name: str) -> bool:
    setting = name.removeprefix(PREFIX)
    if setting == name:
        return True
    whose = WHOSE.get(setting)
    return not setting.endswith("DATABASE_URL") if whose is None else child in whose


def lowered(settings: Settings, report_line: Callable[[str], None]) -> ServerAccount | None:
    """The system user that the children work as when this process is root; else None.

    Makes it when it is missing. Changes no folder for it: where it cannot reach our Python, or may
    not open the port, the children stay root, and a line says why.
    """
    if os.geteuid() != 0:
        return None
    try:
        account = system_account(SERVICE_USER, report_line)
        obstacle = _obstacle(settings, account)
    except (OSError, subprocess.SubprocessError) as error:
        obstacle = f"it could not be made ({type(error).__name__})"
    if obstacle:
        report_line(f"running as root, and so do API and worker: {SERVICE_USER!r} {obstacle}")
        return None
    report_line(f"running as root: API and worker work as {SERVICE_USER!r}")
    return account


def give_folders(settings: Settings, metrics: Path, account: ServerAccount) -> None:
    """Hand over the two folders that children write to; all else stays out of their reach."""
    for folder in (metrics, signs_of_life(settings.data_dir)):
        folder.mkdir(exist_ok=True)
        for path in (*folder.iterdir(), folder):
            os.chown(path, account.uid, account.gid)


def _obstacle(settings: Settings, account: ServerAccount) -> str:
    """Why this account cannot do the work, in words; empty when it can."""
    lowest = int(PORTS.read_text()) if PORTS.exists() else 1024
    if settings.port < lowest:
        return f"may not open a port under {lowest}"
    run_as: RunAs = account.run_as()
    try:
        tried = subprocess.run(  # noqa: S603 -- our own interpreter and words
            [sys.executable, "-B", "-c", TRY_IT], cwd=PROJECT, capture_output=True, **run_as
        )
    except PermissionError:
        return f"may not run {sys.executable}; a Python outside of root's home lets it"
    return "" if tried.returncode == 0 else f"cannot read what is in {PROJECT}"

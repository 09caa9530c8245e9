"""Each child of `make run` gets the secrets of its own work, and none of root's rights."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from api.embedded.account import ServerAccount
from api.settings import Settings
from tools import privileges
from tools.privileges import (
    API,
    DEMO,
    REMINDERS,
    SEALER,
    WATCHER,
    WORKER,
    environ_of_child,
    give_folders,
    lowered,
)

URLS = [
    f"{role}DATABASE_URL" for role in ("", "OWNER_", "WORKER_", "AUDITOR_", "SEALER_", "ADMIN_")
]
SECRETS = [
    *URLS,
    "NEW_DATABASE_URL",
    "SMTP_URL",
    "METRICS_TOKEN",
    "AUDIT_KEY_FILE",
    "WATCH_URL",
    "FCM_KEY_FILE",
]
COMMON = ["SECRET_KEY", "DATA_DIR", "PUBLIC_URL", "A_NEW_SETTING"]
ENVIRON = {f"INTERLUDE_{name}": "x" for name in (*SECRETS, *COMMON)} | {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("child", "own"),
    [
        (API, {"DATABASE_URL", "METRICS_TOKEN"}),
        (DEMO, {"DATABASE_URL"}),
        (WORKER, {"WORKER_DATABASE_URL", "SMTP_URL"}),
        (REMINDERS, {"DATABASE_URL", "FCM_KEY_FILE"}),
        (SEALER, {"SEALER_DATABASE_URL", "AUDIT_KEY_FILE"}),
        (WATCHER, {"AUDITOR_DATABASE_URL", "WATCH_URL"}),
        ("a new one", set()),
    ],
)
def test_a_child_gets_its_own_database_and_no_other(child: str, own: set[str]):
    given = environ_of_child(child, ENVIRON)
    assert {name for name in SECRETS if f"INTERLUDE_{name}" in given} == own
    assert all(f"INTERLUDE_{name}" in given for name in COMMON)
    assert given["PATH"] == "/bin"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(secret_key="unused", data_dir=tmp_path)


def test_nothing_changes_for_an_ordinary_user(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    lines: list[str] = []
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert (lowered(settings, lines.append), lines) == (None, [])


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to drop")


@needs_root
def test_root_stays_where_the_work_could_not_be_done_and_says_so(settings: Settings):
    lines: list[str] = []
    assert lowered(replace(settings, port=80), lines.append) is None
    assert lines[-1].startswith("running as root, and so do API and worker: 'interlude' may not")


@needs_root
def test_only_what_is_written_to_is_handed_over(settings: Settings, tmp_path: Path):
    (tmp_path / "secret_key").touch(0o600)
    (tmp_path / "alive").mkdir()
    (tmp_path / "alive" / "1").touch()
    give_folders(settings, tmp_path / "metrics", ServerAccount(12345, 12345, changed=True))
    owned = {path.name for path in tmp_path.rglob("*") if path.stat().st_uid == 12345}
    assert owned == {"metrics", "alive", "1"}


@needs_root
def test_nobody_s_folder_is_opened_for_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A Python in a home that is closed to others: the home stays closed, root stays root."""
    home = tmp_path / "home"
    home.mkdir(0o700)
    (home / "python").symlink_to("/bin/true")
    monkeypatch.setattr(privileges.sys, "executable", str(home / "python"))
    lines: list[str] = []
    assert lowered(settings, lines.append) is None
    assert "may not run" in lines[-1]
    assert home.stat().st_mode & 0o777 == 0o700

"""`interlude.env` and the files of secrets: every setting, explained, with its true default."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from api.setting_names import IGNORE
from api.settings import NAMES, Settings
from tests.builders.settings import GOOD_KEY
from tests.deploy.reading import DEPLOY, environment_files, settings_in, units, values
from tools.privileges import API as WEB
from tools.privileges import REMINDERS, SEALER, WATCHER, WHOSE, WORKER

UNITS = {
    "interlude-web@.service": WEB,
    "interlude-worker@.service": WORKER,
    "interlude-reminders.service": REMINDERS,
    "interlude-auditor.service": WATCHER,
    "interlude-sealer.service": SEALER,
    # It has the rights of the API, as reminders do.
    "interlude-retention.service": REMINDERS,
}
SECRETS = {one.metadata.get("name", one.name).upper() for one in fields(Settings) if not one.repr}
# They may hold a password.
SECRETS |= {"SMTP_URL", "SMS_URL"}


def file_names(setting: str) -> list[str]:
    return [path.name for path in environment_files() if setting in settings_in(path)]


def test_every_setting_stands_there_once() -> None:
    """The sealer's key alone stands twice: it is another one."""
    wanted = {name: 2 if name == "SECRET_KEY" else 1 for name in {*NAMES, IGNORE}}
    found = {name for path in environment_files() for name in settings_in(path)}
    assert {name: len(file_names(name)) for name in {*found, *wanted}} == wanted


@pytest.mark.parametrize("setting", sorted(SECRETS))
def test_secrets_stand_apart(setting: str) -> None:
    assert "interlude.env" not in file_names(setting)


@pytest.mark.parametrize("path", environment_files(), ids=lambda path: path.name)
def test_every_setting_has_its_words(path: Path) -> None:
    """A comment above it, or above the settings that it stands with."""
    bare, explained = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            explained = True
        elif not line:
            explained = False
        elif not explained:
            bare.append(line)
    assert bare == []


def test_what_is_not_set_shows_its_default(tmp_path: Path) -> None:
    defaults = Settings.from_environ(
        {"INTERLUDE_SECRET_KEY": GOOD_KEY, "INTERLUDE_DATABASE_URL": "postgresql://h/d"}
    )
    attributes = {one.metadata.get("name", one.name).upper(): one.name for one in fields(Settings)}
    wrong = {}
    for path in environment_files():
        for name, (is_set, shown) in settings_in(path).items():
            if is_set or name == IGNORE:
                continue
            default = getattr(defaults, attributes[name])
            written = {True: "1", False: "0", None: "", (): ""}.get(default, default)
            if name == "DATA_DIR":
                written = default.name
            if isinstance(written, float):
                written = f"{written:g}"
            if shown != str(written):
                wrong[name] = (shown, written)
    assert wrong == {}


def test_the_files_as_they_are_filled_can_start_a_process() -> None:
    environ = {}
    for path in environment_files():
        for name, (is_set, value) in settings_in(path).items():
            if is_set:
                environ[f"INTERLUDE_{name}"] = value.replace("RANDOM", GOOD_KEY)
    read = Settings.from_environ(environ)
    assert (read.demo, read.webhook_private, read.method_private) == (False, False, False)
    assert read.faults == ()


@pytest.mark.parametrize("path", [one for one in units() if one.suffix == ".service"], ids=str)
def test_a_process_is_given_its_own_secrets_and_no_others(path: Path) -> None:
    """As `make run` gives them: the table is the same."""
    given = [
        name
        for words in values(path, "EnvironmentFile")
        for name in settings_in(DEPLOY / Path(words).relative_to("/etc/interlude"))
    ]
    if path.name == "interlude-ended@.service":
        assert given == [], "it is no process of ours"
        return
    process = UNITS[path.name]
    foreign = [
        name
        for name in given
        if (name in WHOSE or name.endswith("DATABASE_URL"))
        and process not in WHOSE.get(name, frozenset())
        and not (name == "METRICS_TOKEN" and process == REMINDERS)
    ]
    assert foreign == []
    needed = {WEB: "DATABASE_URL", WORKER: "WORKER_DATABASE_URL", SEALER: "SEALER_DATABASE_URL"}
    needed |= {WATCHER: "AUDITOR_DATABASE_URL", REMINDERS: "DATABASE_URL"}
    assert needed[process] in given

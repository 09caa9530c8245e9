"""The units start commands that exist, as accounts of their own; `make prove-production` runs them
and has systemd look at them.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from api.cli import GROUPS
from tests.deploy.reading import DEPLOY, read, units, values

SERVICES = [path for path in units() if path.suffix == ".service"]
ENDED = DEPLOY / "systemd" / "interlude-ended@.service"
CALLS_IT = [
    path
    for path in sorted(DEPLOY.rglob("*.service"))
    if "interlude-ended@" in path.read_text(encoding="utf-8")
]
FLASK = re.compile(r"/opt/interlude/\.venv/bin/flask --app wsgi (.*)")
# What goes on by itself, and each command by hand that has a clock of its own.
RUNNING = {"alerts work", "alerts audit", "audit seal", "reminders work", "retention run"}


def commands() -> dict[str, click.Group]:
    found = {}
    for group in GROUPS:
        command = import_module(f"api.cli.{group}").command
        found[command.name] = command
    return found


def started(path: Path) -> str:
    (line,) = values(path, "ExecStart")
    match = FLASK.fullmatch(line)
    return match[1] if match else line


def test_everything_that_goes_on_by_itself_has_a_unit() -> None:
    words = {" ".join(started(path).split()[:2]) for path in SERVICES}
    assert words - {"/opt/interlude/.venv/bin/python -m", "/opt/interlude/deploy/bin/ended %i"} == (
        RUNNING
    )


@pytest.mark.parametrize("words", sorted(RUNNING))
def test_their_commands_exist(words: str) -> None:
    group, command = words.split()
    assert command in commands()[group].commands


def test_the_auditors_options_exist() -> None:
    (words,) = [started(path) for path in SERVICES if "auditor" in path.name]
    audit = commands()["alerts"].commands["audit"]
    known = {option for parameter in audit.params for option in parameter.opts}
    assert set(words.split()[2:]) <= known


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_each_service_has_an_account_of_its_own(path: Path) -> None:
    (account,) = values(path, "User")
    assert path.name.removeprefix("interlude-").partition(".")[0].strip("@") in account
    assert re.search(rf"(?m)^u {account} +- ", read("systemd", "sysusers.conf"))


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_whoever_runs_on_comes_back_whatever_ends_it(path: Path) -> None:
    if path == ENDED:
        assert CALLS_IT, "by other units, when they end"
    elif values(path, "Type") == ["oneshot"]:
        assert (DEPLOY / "systemd" / f"{path.stem}.timer").exists()
    else:
        assert values(path, "Restart") == ["always"]
        assert values(path, "StartLimitIntervalSec") == ["0"]

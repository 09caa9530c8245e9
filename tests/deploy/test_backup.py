"""What an operator copies for backups, and reads to restore one, fits what there is."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import click
import pytest
from flask import Flask

from migrations.upgrade import PROJECT

BACKUP = PROJECT / "deploy" / "backup"
RUNBOOK = PROJECT / "deploy" / "RUNBOOK.md"
OURS = re.compile(r"flask --app wsgi ((?:[a-z-]+ )+[^`\n]*)")


def read(path: Path) -> ConfigParser:
    """A unit, or a configuration of the same form; of names that come twice the last one."""
    parser = ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have capitals
    parser.read(path)
    return parser


def test_one_stanza_is_meant_everywhere() -> None:
    named = {
        stanza
        for path in (*BACKUP.iterdir(), RUNBOOK)
        for stanza in re.findall(r"--stanza=(\w+)", path.read_text())
    }
    assert named == {"interlude"}
    assert "interlude" in read(BACKUP / "pgbackrest.conf")


def test_each_timer_starts_a_unit_that_is_there() -> None:
    timers = sorted(BACKUP.glob("*.timer"))
    assert len(timers) == 3
    for timer in timers:
        unit = read(timer).get("Timer", "Unit", fallback=timer.stem + ".service")
        assert (BACKUP / re.sub(r"@\w+", "@", unit)).exists(), unit


def test_what_the_runbook_copies_is_there() -> None:
    for name in re.findall(r"deploy/backup/([\w.@*-]+)", RUNBOOK.read_text()):
        assert list(BACKUP.glob(name)), name


def test_backups_are_encrypted_and_expire() -> None:
    settings = dict(read(BACKUP / "pgbackrest.conf")["global"])
    assert settings["repo1-cipher-type"] == "aes-256-cbc"
    assert int(settings["repo1-retention-full"]) == 4


@pytest.mark.parametrize(
    "path", [RUNBOOK, *sorted(BACKUP.glob("*.service"))], ids=lambda path: path.name
)
def test_each_command_of_ours_is_one(path: Path, app: Flask) -> None:
    for found in OURS.findall(path.read_text()):
        group, *words = found.split("#")[0].split()
        command = app.cli.get_command(click.Context(app.cli), group)
        assert command is not None, found
        if isinstance(command, click.Group):
            assert words, found
            name, *words = words
            command = command.commands.get(name)
            assert command is not None, found
        options = {one for parameter in command.params for one in parameter.opts}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options, found

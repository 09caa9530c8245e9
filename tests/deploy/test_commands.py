"""Guide, runbook and units call commands that exist, in words that work on the guide's machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest
from flask import Flask

from tests.deploy.reading import DEPLOY

PAGES: Final = sorted(DEPLOY.rglob("*.md"))
UNITS: Final = sorted(DEPLOY.rglob("*.service"))
FENCED: Final = re.compile(r"(?ms)^ *```\w*\n(.*?)^ *```$")
QUOTED: Final = re.compile(r"`([^`\n]+)`")
# At the start of a line, of `…` or of $(…), perhaps behind assignments.
OURS: Final = re.compile(r"(?m)(?:^|[(`;|)])(?: *|[ \w$={}/.-]+ )interlude ([a-z][^`|;)\n]*)")
STARTED: Final = re.compile(r"/flask --app wsgi ([a-z][^\n]*)")
OPTION: Final = re.compile(r"--[a-z-]+")
# What a machine of the guide's has no program for, or has a shorter word for.
FOREIGN: Final = re.compile(r"flask --app wsgi|\bsudo\b|python -m flask")


def code(page: Path) -> Iterator[str]:
    """The blocks of a page, then the words that stand in `…`."""
    text = page.read_text(encoding="utf-8")
    yield from FENCED.findall(text)
    yield from QUOTED.findall(FENCED.sub("", text))


def named(page: Path) -> list[str]:
    """Every command of ours that a page names, without the word `interlude`."""
    return [found for each in code(page) for found in OURS.findall(each)]


def complaint(app: Flask, line: str) -> str:
    """What is wrong with a command; empty when it exists, with the options that it is given."""
    group, *words = line.partition("#")[0].split()
    command = app.cli.get_command(click.Context(app.cli), group)
    if isinstance(command, click.Group):
        command = command.commands.get(words.pop(0)) if words else None
    if command is None:
        return f"there is no `{line}`"
    options = {option for parameter in command.params for option in parameter.opts}
    unknown = set(filter(OPTION.fullmatch, (word.partition("=")[0] for word in words))) - options
    return f"`{line}` knows no {', '.join(sorted(unknown))}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name + "/" + page.name)
def test_each_page_speaks_of_commands_that_exist(page: Path, app: Flask) -> None:
    assert [words for line in named(page) if (words := complaint(app, line))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name + "/" + page.name)
def test_each_page_speaks_of_programs_that_the_guide_installs(page: Path) -> None:
    assert FOREIGN.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_unit_starts_a_command_that_exists(unit: Path, app: Flask) -> None:
    lines = STARTED.findall(unit.read_text(encoding="utf-8"))
    assert [words for line in lines if (words := complaint(app, line))] == []


def test_commands_are_found_where_they_stand() -> None:
    assert {"check", "db upgrade"} <= {line.strip() for line in named(DEPLOY / "README.md")}
    found = named(DEPLOY / "RUNBOOK.md")
    for start in ("check", "keys adopt", "clinic contact", "restore finish", "restore lost"):
        assert any(line.startswith(start) for line in found), start


def test_what_does_not_exist_is_noticed(app: Flask) -> None:
    assert complaint(app, "restore everything")
    assert complaint(app, "restore verify --twice")
    assert not complaint(app, "restore verify --endings FILE")

